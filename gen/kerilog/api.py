# SPDX-License-Identifier: Apache-2.0
"""The Python interface: load, quantize, run, generate."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from kerilog import build, frames, frontend, storage
from kerilog.floating import Samples
from kerilog.formats import Format, IntArray
from kerilog.graph import Graph
from kerilog.integer import model as integer_model
from kerilog.integer.model import Inputs
from kerilog.manifest import Manifest, Model
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph
from kerilog.quantize import Settings, calibrate, strip_softmax
from kerilog.quantize import quantize as quantize_graph
from kerilog.scales import Rounding


@dataclasses.dataclass(frozen=True)
class Quantized:
    """A network in integers: what the hardware will compute, bit for bit."""

    graph: QGraph

    @property
    def input_format(self) -> Format:
        return self.graph.inputs[0].format

    @property
    def output_format(self) -> Format:
        return self.graph[self.graph.outputs[0]].format

    def run(self, x: Inputs) -> IntArray:
        """Output codes (frames, *output shape) int64 for floats or input codes (frames, *input shape).

        Several inputs come by the names of their layers. Raises KerilogError when ``x`` does not fit the
        inputs, and where there are several outputs.
        """
        return self._model.run(self._codes(x))

    def run_outputs(self, x: Inputs) -> dict[str, IntArray]:
        """As ``run``, for any number of outputs, by the names of their layers."""
        tensors = self._model.tensors(self._codes(x), self.graph.outputs)
        names = frames.output_names(self.graph)
        return {name: tensors[node] for name, node in zip(names, self.graph.outputs, strict=True)}

    def _codes(self, x: Inputs) -> Inputs:
        if isinstance(x, Mapping):
            return frames.codes_of(self.graph, x)
        ready = self._model.ready(x) if x.size else None
        return build.codes_of(self.graph, x) if ready is None else ready

    @functools.cached_property
    def _model(self) -> integer_model.Model:
        return integer_model.Model(self.graph)


def load(path: str | Path, rounding: Rounding = "reference") -> Graph | Quantized:
    """Read a model file: a float graph from ``.keras`` or ``.h5``, a quantized network from ``.tflite``.

    ``rounding`` chooses the flavour of TFLite arithmetic. Raises KerilogError, Unsupported for a layer that
    is not taken; nothing in the file is run.
    """
    loaded = frontend.load(Path(path), rounding)
    return loaded if isinstance(loaded, Graph) else Quantized(loaded)


def quantize(
    model: Graph,
    samples: Samples,
    scheme: str = "fixed",
    rounding: Rounding = "reference",
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> Quantized:
    """Choose number formats from ``samples`` (count, *input shape) and convert ``model`` to integers.

    Several inputs have their samples by the names of their layers.

    ``settings`` choose ranges and widths. Raises KerilogError for samples or settings that do not fit and
    Unsupported for a layer without an integer form.
    """
    return Quantized(quantize_graph(calibrate(model, samples), scheme, rounding, settings))


def generate(
    quantized: Quantized,
    directory: str | Path,
    interval: int | None = None,
    name: str | None = None,
    *,
    fps: float | None = None,
    clock_mhz: float | None = None,
    multipliers: int | None = None,
    device: str | None = None,
    unroll: Sequence[str] = (),
) -> Manifest:
    """Write the RTL, the memories, the integer model and the manifest of ``quantized`` to ``directory``.

    The goal is one of ``interval``, clock cycles per frame; ``fps`` at ``clock_mhz``; ``multipliers``, at
    most as many; ``device``, a Xilinx 7-series FPGA that holds the design; by default the shortest interval
    that 76 multipliers allow, or one per layer if there are more layers. The layers of ``unroll`` get
    constant multipliers, one for every weight. Raises KerilogError when no folding meets the goal or when
    ``directory`` cannot be written, Unsupported, with all reasons, where hardware does not support the
    network; ``directory`` is then as it was before. There is no model file here, so the manifest's SHA-256 is
    that of the integer model.
    """
    graph = quantized.graph
    goal = Goal(interval, fps, clock_mhz, multipliers, device, tuple(unroll))
    design = design_for(strip_softmax(graph), goal, name or graph.name)
    model = Model(file=graph.name, sha256=storage.digest(graph))
    return build.generate(graph, design, Path(directory), build.about(graph, model))
