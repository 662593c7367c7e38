# SPDX-License-Identifier: Apache-2.0
"""From the float graph and real samples to the integer graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from kerilog.calibrate import Observation, observe
from kerilog.errors import KerilogError
from kerilog.floating import Samples
from kerilog.graph import Graph
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph
from kerilog.quantize.affine import AffineScheme
from kerilog.quantize.argmax import end_in_classes
from kerilog.quantize.fixed import FixedScheme
from kerilog.quantize.given import without_formats
from kerilog.quantize.one_bit import one_bit_tensors
from kerilog.quantize.rewrite import Scheme, class_scores, convert, results, softmax_tail, strip_softmax
from kerilog.quantize.settings import (
    OF_HARDWARE,
    LayerSettings,
    Settings,
    passes_of,
    read_settings,
    toml_of,
)
from kerilog.scales import Rounding
from kerilog.transforms import simplify

__all__ = [
    "OF_HARDWARE",
    "SCHEMES",
    "Calibration",
    "LayerSettings",
    "Scheme",
    "Settings",
    "calibrate",
    "convert",
    "end_in_classes",
    "naive",
    "passes_of",
    "quantize",
    "read_settings",
    "scheme_of",
    "softmax_tail",
    "strip_softmax",
    "toml_of",
]

SCHEMES = ("fixed", "affine")


@dataclasses.dataclass(frozen=True, eq=False)
class Calibration:
    """A simplified float graph and what each of its tensors was seen to hold, by node name.

    ``absorbed`` names the layers of the original graph that became parts of others.
    """

    graph: Graph
    observations: Mapping[str, Observation]
    absorbed: frozenset[str] = frozenset()


def calibrate(graph: Graph, samples: Samples, progress: Progress = silent) -> Calibration:
    """Simplify ``graph`` and observe it over ``samples`` (count, *input shape), by name for several inputs.

    Raises KerilogError for samples that do not fit.
    """
    simple = simplify(graph)
    absorbed = {node.name for node in graph} - {node.name for node in simple}
    return Calibration(simple, observe(simple, samples, progress), frozenset(absorbed))


def quantize(
    calibration: Calibration,
    scheme: str = "fixed",
    rounding: Rounding = "reference",
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> QGraph:
    """The integer graph, its number formats chosen from what was observed.

    ``rounding`` concerns ``affine``; ``settings`` are what the user wants otherwise, but for ``refine``,
    which is for ``kerilog.refine``. Raises KerilogError for an unknown scheme and for settings that do not
    fit the network, Unsupported for a layer without an integer form.
    """
    return convert(calibration.graph, scheme_of(calibration, scheme, rounding, settings), settings.own)


def scheme_of(calibration: Calibration, scheme: str, rounding: Rounding, settings: Settings) -> Scheme:
    """How ``quantize`` turns floats into integers; raises as it does for a scheme and for settings."""
    if scheme not in SCHEMES:
        raise KerilogError(f"unknown scheme '{scheme}'; choose one of {', '.join(SCHEMES)}")
    graph, observations = calibration.graph, calibration.observations
    settings.check(graph, scheme, calibration.absorbed)
    scores = class_scores(graph)
    if scheme == "affine":
        return AffineScheme(observations, settings, rounding, scores)
    return FixedScheme(observations, settings, scores, one_bit_tensors(graph), results(graph))


def naive(graph: Graph, bits: int = 8, frac: int = 7) -> QGraph:
    """What "just convert the weights" gives: one format (Q1.7 by default) for every tensor of the network.

    Kept as the yardstick for what choosing formats from data is worth.
    """
    one = LayerSettings(bits, bits, bits, frac, frac, frac)
    return convert(simplify(without_formats(graph)), FixedScheme({}, Settings(one)))
