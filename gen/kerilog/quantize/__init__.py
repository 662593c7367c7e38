# SPDX-License-Identifier: Apache-2.0
"""From the float graph and real samples to the integer graph."""

from __future__ import annotations

from typing import Literal

from kerilog.calibrate import Progress, no_progress, observe
from kerilog.errors import KerilogError
from kerilog.frontend.tflite_scales import Rounding
from kerilog.graph import Array, Graph
from kerilog.qgraph import QGraph
from kerilog.quantize.affine import AffineScheme
from kerilog.quantize.fixed import FixedScheme, Widths
from kerilog.quantize.rewrite import convert, strip_softmax
from kerilog.transforms import simplify

__all__ = ["SCHEMES", "naive", "quantize", "strip_softmax"]

SCHEMES = ("fixed", "affine")


def quantize(
    graph: Graph,
    samples: Array,
    scheme: str = "fixed",
    rounding: Rounding = "reference",
    widths: Widths = Widths(),  # noqa: B008 - frozen
    progress: Progress = no_progress,
) -> QGraph:
    """The integer graph of ``graph``, its number formats chosen from ``samples`` (count, *input shape).

    ``rounding`` concerns ``affine`` and ``widths`` concern ``fixed``. Raises KerilogError for an unknown scheme and
    for samples that do not fit, Unsupported for a layer that has no integer form.
    """
    if scheme not in SCHEMES:
        raise KerilogError(f"unknown scheme '{scheme}'; choose one of {', '.join(SCHEMES)}")
    simple = simplify(graph)
    observations = observe(simple, samples, progress)
    if scheme == "affine":
        return convert(simple, AffineScheme(observations, rounding))
    return convert(simple, FixedScheme(observations, widths))


def naive(graph: Graph, bits: int = 8, frac: int = 7) -> QGraph:
    """What "just convert the weights" gives: one format (Q1.7 by default) for every tensor of the network.

    Kept as the yardstick for what choosing formats from data is worth.
    """
    return convert(simplify(graph), FixedScheme({}, Widths(bits, bits, bits), frac))
