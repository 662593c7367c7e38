# SPDX-License-Identifier: Apache-2.0
"""Whether two integer networks are the same but for the weights that a design loads."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from kerilog.errors import KerilogError
from kerilog.formats import Affine, Format
from kerilog.qgraph import Multiplier, QConv2D, QDense, QGraph, QNode, Rescale, Shift

LOADED = ("kernel", "bias", "kernel_format", "bias_format", "rescale")
"""Fields of an operation whose weights are loaded that may differ."""


def check(design: QGraph, other: QGraph, loaded: frozenset[str]) -> None:
    """Raises KerilogError, naming the layer, unless ``other`` is ``design`` but for the numbers of the layers
    ``loaded``, whose widths are the same.
    """
    if len(design.nodes) != len(other.nodes):
        raise KerilogError(
            f"expected the {len(design.nodes)} operations of the design, found {len(other.nodes)}: "
            "another network"
        )
    for there, node in zip(design, other, strict=True):
        _check_node(there, node, there.name in loaded)
    if design.outputs != other.outputs:
        raise KerilogError(
            f"expected the outputs {', '.join(design.outputs)}, found {', '.join(other.outputs)}"
        )


def _check_node(there: QNode, node: QNode, is_loaded: bool) -> None:
    """Of the design, and of the other network."""
    for what, wanted, found in (
        ("kind", there.op.kind, node.op.kind),
        ("shape", there.shape, node.shape),
        ("format", str(there.format), str(node.format)),
        ("inputs", there.inputs, node.inputs),
        ("name", there.name, node.name),
    ):
        if wanted != found:
            raise KerilogError(
                f"layer '{node.name}': expected the {what} {_told(wanted)}, the design's, found "
                f"{_told(found)}"
            )
    if there.format != node.format:
        raise KerilogError(f"layer '{node.name}': expected the result's scale of the design, found another")
    if is_loaded and isinstance(there.op, QConv2D | QDense) and isinstance(node.op, QConv2D | QDense):
        _check_loaded(node.name, there.op, node.op)
        kept = [field.name for field in dataclasses.fields(there.op) if field.name not in LOADED]
    else:
        kept = [field.name for field in dataclasses.fields(there.op)]
    for name in kept:
        if not _same(getattr(there.op, name), getattr(node.op, name)):
            raise KerilogError(
                f"layer '{node.name}': expected the {_field(node, name)} of the design, found another"
                f"{_advice(node, name)}"
            )


def _field(node: QNode, name: str) -> str:
    return "weights" if _is_number(node, name) else name.replace("_", " ")


def _advice(node: QNode, name: str) -> str:
    """What to do about weights that are not loaded."""
    return f"; build the design with --loadable {node.name}" if _is_number(node, name) else ""


def _is_number(node: QNode, name: str) -> bool:
    return name in LOADED and isinstance(node.op, QConv2D | QDense)


def _check_loaded(layer: str, there: QConv2D | QDense, op: QConv2D | QDense) -> None:
    if there.kernel.shape != op.kernel.shape:
        raise KerilogError(
            f"layer '{layer}': expected weights of shape {_told(there.kernel.shape)}, found "
            f"{_told(op.kernel.shape)}"
        )
    for what, wanted, found in (
        ("weights", there.kernel_format, op.kernel_format),
        ("biases", there.bias_format, op.bias_format),
    ):
        if not _alike(wanted, found):
            raise KerilogError(f"layer '{layer}': expected {what} in {wanted}, the design's, found {found}")
    if _kind(there.rescale) != _kind(op.rescale) or (
        isinstance(there.rescale, Shift) and not _same(there.rescale, op.rescale)
    ):
        raise KerilogError(
            f"layer '{layer}': expected sums that are rescaled as in the design, {_kind(there.rescale)}, "
            f"found {_kind(op.rescale)}"
        )


def _alike(wanted: Format, found: Format) -> bool:
    """Whether the codes of both go into one memory: scales of ``Affine`` are in the requantizer."""
    if isinstance(wanted, Affine):
        return type(wanted) is type(found) and wanted.bits == found.bits
    return wanted == found


def _kind(rescale: Rescale) -> str:
    rounding = f" with {rescale.rounding} rounding" if isinstance(rescale, Multiplier) else ""
    return f"{type(rescale).__name__}{rounding}"


def _same(first: Any, second: Any) -> bool:
    """Whether two fields are equal: arrays and dataclasses of them by their contents."""
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return np.shape(first) == np.shape(second) and bool(np.all(first == second))
    if dataclasses.is_dataclass(first) and type(first) is type(second):
        names = [field.name for field in dataclasses.fields(first)]
        return all(_same(getattr(first, name), getattr(second, name)) for name in names)
    return bool(first == second)


def _told(value: object) -> str:
    return " x ".join(map(str, value)) if isinstance(value, tuple) else str(value)
