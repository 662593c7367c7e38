# SPDX-License-Identifier: Apache-2.0
"""The Python interface: load, quantize, run, generate."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from kerilog import build, frames, frontend, storage
from kerilog.data import prepare
from kerilog.errors import KerilogError
from kerilog.formats import Format, IntArray
from kerilog.graph import Graph
from kerilog.integer import model as integer_model
from kerilog.integer.model import Inputs
from kerilog.manifest import Manifest, Model, Scaling
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph
from kerilog.quantize import Settings, calibrate, strip_softmax
from kerilog.quantize import quantize as quantize_graph
from kerilog.scales import Rounding
from kerilog.unused import SAMPLES


@dataclasses.dataclass(frozen=True)
class Quantized:
    """A network in integers: what the hardware will compute, bit for bit."""

    graph: QGraph
    scaling: Mapping[str, Scaling] = dataclasses.field(default_factory=dict)
    """What was done to the raw samples of each input, by its name."""
    warnings: tuple[str, ...] = ()
    """What is doubtful about the samples."""

    @property
    def input_format(self) -> Format:
        return self.graph.inputs[0].format

    @property
    def output_format(self) -> Format:
        return self.graph[self.graph.outputs[0]].format

    def run(self, x: Inputs, kind: frames.Kind | None = None) -> IntArray:
        """Output codes (frames, *output shape) int64 for ``x`` (frames, *input shape): floats or input codes.

        Several inputs come by the names of their layers. uint8 may be either codes or raw samples, so
        ``kind`` must say which: "codes", or "raw", which are scaled as the samples of ``quantize`` were.
        Raises KerilogError when ``x`` does not fit the
        inputs, and where there are several outputs.
        """
        return self._model.run(self._codes(x, kind))

    def run_outputs(self, x: Inputs, kind: frames.Kind | None = None) -> dict[str, IntArray]:
        """As ``run``, for any number of outputs, by the names of their layers."""
        tensors = self._model.tensors(self._codes(x, kind), self.graph.outputs)
        names = frames.output_names(self.graph)
        return {name: tensors[node] for name, node in zip(names, self.graph.outputs, strict=True)}

    def _codes(self, x: Inputs, kind: frames.Kind | None) -> Inputs:
        if not isinstance(x, Mapping):
            ready = self._model.ready(x) if x.size and kind is None else None
            if ready is not None:
                return ready
            if len(self.graph.inputs) != 1:
                raise KerilogError(f"{self.graph.name}: expected one input, found {len(self.graph.inputs)}")
            x = {self.graph.inputs[0].name: x}
        return frames.codes_of(self.graph, x, kind, self.scaling)

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
    samples: Inputs,
    scheme: str = "fixed",
    rounding: Rounding = "reference",
    settings: Settings = Settings(),  # noqa: B008 - frozen
    *,
    input_scale: float | None = None,
    count: int | None = SAMPLES,
) -> Quantized:
    """Choose number formats from ``samples`` (count, *input shape) and convert ``model`` to integers.

    Several inputs have their samples by the names of their layers. As in ``kerilog build`` the first
    ``count`` samples are used (None: all), and raw ones are scaled: by ``input_scale`` where it is given;
    else uint8 is divided by 255, unless ``model`` scales its input itself.

    ``settings`` choose ranges and widths. Raises KerilogError for samples or settings that do not fit and
    Unsupported for a layer without an integer form.
    """
    if count is not None and count < 1:
        raise KerilogError(f"count must be at least 1, found {count}")
    ready = prepare(model, samples, input_scale, count)
    graph = quantize_graph(calibrate(model, ready.samples), scheme, rounding, settings)
    return Quantized(graph, ready.scaling, ready.warnings)


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
    told = build.about(graph, model, warnings=quantized.warnings, scaling=quantized.scaling)
    return build.generate(graph, design, Path(directory), told)
