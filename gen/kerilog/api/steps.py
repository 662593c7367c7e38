# SPDX-License-Identifier: Apache-2.0
"""The steps of a conversion, one function each."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from pathlib import Path

from kerilog import build, frontend, storage
from kerilog.api.arguments import layers_of, name_of, path_of
from kerilog.api.network import IntegerModel
from kerilog.api.samples import Calibrated
from kerilog.data import prepare
from kerilog.errors import KerilogError
from kerilog.graph import Graph
from kerilog.integer.model import Inputs
from kerilog.manifest import ControlBus, Manifest, Model, Reset
from kerilog.plan.goals import Goal, design_for
from kerilog.quantize import Settings, calibrate, strip_softmax
from kerilog.refine import refine
from kerilog.scales import Rounding
from kerilog.unused import SAMPLES

Quantized = IntegerModel
"""What ``IntegerModel`` was called before; the name goes on working."""


def load(path: str | Path, rounding: Rounding = "reference") -> Graph | IntegerModel:
    """Read a model file: a float graph from ``.keras`` or ``.h5``, an integer network from ``.tflite``.

    ``rounding`` chooses the flavour of TFLite arithmetic. Raises KerilogError, Unsupported for a layer that
    is not supported; nothing in the file is run.
    """
    loaded = frontend.load(path_of(path, "path"), rounding)
    return loaded if isinstance(loaded, Graph) else IntegerModel(loaded)


def quantize(
    model: Graph,
    samples: Inputs,
    scheme: str = "fixed",
    rounding: Rounding = "reference",
    settings: Settings = Settings(),  # noqa: B008 - frozen
    *,
    input_scale: float | None = None,
    count: int | None = SAMPLES,
) -> IntegerModel:
    """Choose number formats from ``samples`` (count, *input shape) and convert ``model`` to integers.

    Several inputs have their samples by the names of their layers. As in ``kerilog build`` the first
    ``count`` samples are used (None: all), and raw ones are scaled: by ``input_scale`` where it is given;
    else uint8 is divided by 255, unless ``model`` scales its input itself.

    ``settings`` choose ranges, widths and what is done to weights before. Raises KerilogError for samples or
    settings that do not fit and Unsupported for a layer without an integer form.
    """
    if not isinstance(model, Graph):
        raise KerilogError(
            f"model: expected what kerilog.load gives of a Keras file, found {type(model).__name__}"
        )
    if count is not None and not (isinstance(count, Integral) and count >= 1):
        raise KerilogError(f"count must be a whole number of at least 1, found {count!r}")
    ready = prepare(model, samples, input_scale, count)
    calibration = calibrate(model, ready.samples)
    made = refine(calibration, ready.samples, scheme, rounding, settings)
    kept = Calibrated.keeping(ready.samples, made.calibration)
    warnings = (*ready.warnings, *made.warnings)
    return IntegerModel(
        made.graph, model, None, kept, scaling=ready.scaling, warnings=warnings, refined=made.refined
    )


def generate(
    quantized: IntegerModel,
    directory: str | Path,
    interval: int | None = None,
    name: str | None = None,
    *,
    fps: float | None = None,
    clock_mhz: float | None = None,
    multipliers: int | None = None,
    device: str | None = None,
    latency: int | None = None,
    fill: float | None = None,
    unroll: Sequence[str] = (),
    register_borders: bool = False,
    reset: Reset = "active-high",
    control: ControlBus = "none",
    loadable: str | Sequence[str] = (),
    double_buffer: bool = False,
    argmax: bool = False,
) -> Manifest:
    """Write the RTL, the memories, the integer model and the manifest of ``quantized`` to ``directory``.

    The bounds ``interval`` or ``fps`` at ``clock_mhz``, ``latency``, ``multipliers`` and ``device`` with
    ``fill`` may be given together, as for ``IntegerModel.plan``; by default it is the shortest interval that
    76 multipliers allow, or one per layer if there are more layers. The layers of ``unroll`` get constant
    multipliers, one for every weight; ``register_borders`` puts a register slice at every stream of the
    border; ``reset`` is "active-high" or "active-low"; ``control="axi-lite"`` puts a block with registers
    beside the core, which loads other weights for the layers ``loadable`` at run time, with ``double_buffer``
    while frames go through; with ``argmax`` scores of classes end in the number of the class. Raises
    KerilogError when no folding meets the bounds, when there are no scores or when ``directory`` cannot be
    written, Unsupported, with all reasons, where hardware does not support the network; ``directory`` is then
    as it was before. Nothing is measured; ``IntegerModel.build`` does that, too. There is no model file here,
    so the manifest's SHA-256 is that of the integer model.
    """
    graph = build.ending(quantized.graph, quantized.original, argmax)
    goal = Goal(
        interval=interval,
        fps=fps,
        clock_mhz=clock_mhz,
        multipliers=multipliers,
        device=device,
        unroll=layers_of(unroll),
        latency=latency,
        fill=fill,
        register_borders=register_borders,
        reset=reset,
        control=control,
        loadable=layers_of(loadable, "loadable"),
        double_buffer=double_buffer,
    )
    design = design_for(strip_softmax(graph), goal, name_of(name) or graph.name)
    model = Model(file=graph.name, sha256=storage.digest(graph))
    told = build.about(
        graph, model, warnings=quantized.warnings, scaling=quantized.scaling, refined=quantized.refined
    )
    return build.generate(graph, design, path_of(directory), told)
