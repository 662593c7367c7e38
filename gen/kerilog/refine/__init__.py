# SPDX-License-Identifier: Apache-2.0
"""Better weights and biases for a network that is not trained again, from samples without labels.

What ``Settings.refine`` names is done to the float network before it is rounded, one pass after the other:

equalize: the weights of neighbouring channels get one magnitude, ``kerilog.transforms.equalize``.
learn-rounding: weights are rounded as their layer's results ask, ``kerilog.refine.learn_rounding``.
correct-bias: the mean of each channel is brought back by its bias, ``kerilog.refine.correct_bias``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from kerilog.calibrate import observe
from kerilog.errors import KerilogError
from kerilog.floating import Samples
from kerilog.formats import FewLevels, Sign
from kerilog.graph import Conv2D, Converter, Dense, DepthwiseConv2D, Graph
from kerilog.manifest import Refined
from kerilog.progress import Progress, silent
from kerilog.qgraph import QConv2D, QDense, QGraph
from kerilog.quantize import Calibration, Settings, quantize, scheme_of
from kerilog.quantize.settings import RefinePass, passes_of
from kerilog.refine.correct_bias import correct_bias
from kerilog.refine.figures import figures
from kerilog.refine.layers import Change, change_layers
from kerilog.refine.learn_rounding import learn_rounding
from kerilog.scales import Rounding
from kerilog.transforms.equalize import equalize, pairs

_LAYER_BY_LAYER: dict[RefinePass, tuple[Change, str]] = {
    "learn-rounding": (learn_rounding, "learning how to round"),
    "correct-bias": (correct_bias, "correcting biases"),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Quantized:
    """An integer network, and what it was made from.

    ``calibration``: of the float network, equalized if that was asked for: tensors between its layers are
    comparable with those of ``graph``. ``refined``: the figures before and after each pass, none without.
    ``warnings``: passes without effect.
    """

    graph: QGraph
    calibration: Calibration
    refined: tuple[Refined, ...] = ()
    warnings: tuple[str, ...] = ()


def refine(
    calibration: Calibration,
    samples: Samples,
    scheme: str = "fixed",
    rounding: Rounding = "reference",
    settings: Settings = Settings(),  # noqa: B008 - frozen
    progress: Progress = silent,
) -> Quantized:
    """As ``kerilog.quantize.quantize``, after the passes of ``settings.refine``.

    ``samples`` (count, *input shape), by name for several inputs, are those of the calibration. Raises as
    ``quantize``, and KerilogError for a network whose weights leave nothing to choose: those of 1 bit,
    ternary ones, and those that have converters already.
    """
    passes = passes_of(settings.refine)
    if passes:
        _check_plain(calibration.graph)
    graph = quantize(calibration, scheme, rounding, settings)
    if not passes:
        return Quantized(graph, calibration)
    _check_levels(graph)
    found = list(figures("nearest", calibration.graph, graph, samples))
    current = calibration
    for one in passes:
        if one == "equalize":
            progress("equalizing layers", None)
            equal = equalize(calibration.graph)
            current = calibration = dataclasses.replace(
                calibration, graph=equal, observations=observe(equal, samples, progress)
            )
        else:
            change, title = _LAYER_BY_LAYER[one]
            chosen = scheme_of(current, scheme, rounding, settings)
            better = change_layers(
                calibration.graph, current.graph, chosen, settings.own, samples, change, progress, title
            )
            current = dataclasses.replace(current, graph=better)
        graph = quantize(current, scheme, rounding, settings)
        found += figures(one, calibration.graph, graph, samples)
    return Quantized(graph, calibration, tuple(found), tuple(_without_effect(passes, calibration.graph)))


def _check_plain(graph: Graph) -> None:
    """Raises KerilogError for a network that was trained with converters."""
    for node in graph:
        given = (node.format, getattr(node.op, "kernel_format", None), getattr(node.op, "bias_format", None))
        if isinstance(node.op, Converter) or any(format is not None for format in given):
            raise KerilogError(
                f"layer '{node.name}': refine: expected a network without converters, whose numbers are "
                "still to be chosen, found one that was trained with them"
            )


def _check_levels(graph: QGraph) -> None:
    """Raises KerilogError for weights and results of one bit, and for ternary weights."""
    for node in graph:
        if isinstance(node.op, QConv2D | QDense) and isinstance(node.op.kernel_format, FewLevels):
            raise KerilogError(
                f"layer '{node.name}': refine: expected weight_bits of 2 to 16, found {node.op.kernel_format}"
            )
        if isinstance(node.format, Sign):
            raise KerilogError(
                f"layer '{node.name}': refine: expected activation_bits of 2 to 16, found {node.format}"
            )


def _without_effect(passes: tuple[RefinePass, ...], graph: Graph) -> Iterator[str]:
    if "equalize" in passes and not pairs(graph):
        yield (
            "refine: equalize has no effect: no two layers with weights have only what scales, as relu and "
            "pools, between them"
        )
    if not any(isinstance(node.op, Conv2D | DepthwiseConv2D | Dense) for node in graph):
        yield f"refine: {', '.join(passes)} without effect: the network has no weights"
