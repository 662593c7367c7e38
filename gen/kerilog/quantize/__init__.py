# SPDX-License-Identifier: Apache-2.0
"""From the float graph and real samples to the integer graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from kerilog.calibrate import Observation, observe
from kerilog.errors import KerilogError
from kerilog.frontend.tflite_scales import Rounding
from kerilog.graph import Array, Graph
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph
from kerilog.quantize.affine import AffineScheme
from kerilog.quantize.fixed import FixedScheme, Widths
from kerilog.quantize.rewrite import convert, strip_softmax
from kerilog.transforms import simplify

__all__ = ["SCHEMES", "Calibration", "calibrate", "naive", "quantize", "strip_softmax"]

SCHEMES = ("fixed", "affine")


@dataclasses.dataclass(frozen=True, eq=False)
class Calibration:
    """A simplified float graph and what each of its tensors was seen to hold, by node name."""

    graph: Graph
    observations: Mapping[str, Observation]


def calibrate(graph: Graph, samples: Array, progress: Progress = silent) -> Calibration:
    """Simplify ``graph`` and observe it over ``samples`` (count, *input shape).

    Raises KerilogError for samples that do not fit.
    """
    simple = simplify(graph)
    return Calibration(simple, observe(simple, samples, progress))


def quantize(
    calibration: Calibration,
    scheme: str = "fixed",
    rounding: Rounding = "reference",
    widths: Widths = Widths(),  # noqa: B008 - frozen
) -> QGraph:
    """The integer graph, its number formats chosen from what was observed.

    ``rounding`` concerns ``affine`` and ``widths`` concern ``fixed``. Raises KerilogError for an unknown
    scheme, Unsupported for a layer that has no integer form.
    """
    if scheme not in SCHEMES:
        raise KerilogError(f"unknown scheme '{scheme}'; choose one of {', '.join(SCHEMES)}")
    if scheme == "affine":
        return convert(calibration.graph, AffineScheme(calibration.observations, rounding))
    return convert(calibration.graph, FixedScheme(calibration.observations, widths))


def naive(graph: Graph, bits: int = 8, frac: int = 7) -> QGraph:
    """What "just convert the weights" gives: one format (Q1.7 by default) for every tensor of the network.

    Kept as the yardstick for what choosing formats from data is worth.
    """
    return convert(simplify(graph), FixedScheme({}, Widths(bits, bits, bits), frac))
