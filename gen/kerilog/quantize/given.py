# SPDX-License-Identifier: Apache-2.0
"""Formats that the model brings with it, from its converters."""

from __future__ import annotations

from kerilog.errors import KerilogError
from kerilog.formats import Affine, Fixed, Format
from kerilog.graph import Node

_AFFINE_BITS = 8


def check_given(node: Node, format: Format, scheme: str) -> Format:
    """``format``, of a tensor or of weights of ``node``; raises KerilogError if ``scheme`` cannot have it."""
    if scheme == "fixed" and isinstance(format, Fixed):
        return format
    if scheme == "affine" and isinstance(format, Affine) and format.bits == _AFFINE_BITS:
        return format
    taken = "FixedPoint" if scheme == "fixed" else f"Affine of {_AFFINE_BITS} bits"
    raise KerilogError(
        f"layer '{node.name}': scheme '{scheme}' takes converters of the kind {taken}, found {format}"
    )
