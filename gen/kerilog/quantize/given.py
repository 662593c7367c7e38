# SPDX-License-Identifier: Apache-2.0
"""Formats that the model brings with it, from its converters."""

from __future__ import annotations

import dataclasses

from kerilog.errors import KerilogError
from kerilog.formats import Affine, FewLevels, Fixed, Format, Sign
from kerilog.graph import Conv2D, Converter, Dense, DepthwiseConv2D, Dropout, Graph, Node, Op

_AFFINE_BITS = 8


def check_given(node: Node, format: Format, scheme: str) -> Format:
    """``format``, of a tensor or of weights of ``node``; raises KerilogError if ``scheme`` cannot have it."""
    if scheme == "fixed" and isinstance(format, Fixed | FewLevels | Sign):
        return format
    if scheme == "affine" and isinstance(format, Affine) and format.bits == _AFFINE_BITS:
        return format
    taken = "FixedPoint" if scheme == "fixed" else f"Affine of {_AFFINE_BITS} bits"
    raise KerilogError(
        f"layer '{node.name}': scheme '{scheme}' takes converters of the kind {taken}, found {format}"
    )


def without_formats(graph: Graph) -> Graph:
    """``graph`` as if it had never had converters, but for its weights, which stay rounded."""
    nodes = (dataclasses.replace(node, op=_plain(node.op), format=None) for node in graph)
    return dataclasses.replace(graph, nodes=tuple(nodes))


def _plain(op: Op) -> Op:
    if isinstance(op, Converter):
        return Dropout()
    if isinstance(op, Conv2D | DepthwiseConv2D | Dense):
        return dataclasses.replace(op, kernel_format=None, bias_format=None)
    return op
