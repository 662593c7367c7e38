# SPDX-License-Identifier: Apache-2.0
"""Networks of one structure with other weights: drawn ones, and the extremes of their formats."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kerilog import storage
from kerilog.formats import Fixed, IntArray
from kerilog.loading.memories import memories_of
from kerilog.loading.words import file_of
from kerilog.manifest import Manifest
from kerilog.qgraph import DoubleMultiplier, Multiplier, QConv2D, QDense, QGraph, QNode, Rescale
from support.networks import double_multiplier_of, multiplier_of

Kind = Literal["drawn", "lowest", "highest", "zero", "flipped", "alternating"]
KINDS: tuple[Kind, ...] = ("drawn", "flipped", "lowest", "highest", "zero", "alternating")


def with_weights(graph: QGraph, kind: Kind, seed: int, layers: tuple[str, ...] | None = None) -> QGraph:
    """``graph`` with other weights, biases and scales in all ``layers``, those with weights by default."""
    rng = np.random.default_rng(seed)
    nodes = tuple(
        _redrawn(graph, node, kind, rng) if layers is None or node.name in layers else node for node in graph
    )
    return dataclasses.replace(graph, nodes=nodes)


def _redrawn(graph: QGraph, node: QNode, kind: Kind, rng: np.random.Generator) -> QNode:
    op = node.op
    if not isinstance(op, QConv2D | QDense):
        return node
    changed: dict[str, Any] = {"kernel": _kernel(op, kind, rng)}
    if isinstance(op.kernel_format, Fixed):
        changed["bias"] = _bias(graph, node, op, rng)
    else:
        changed["bias"] = op.bias[rng.permutation(op.bias.size)]
        changed["rescale"] = _scaled(op.rescale, rng.uniform(0.5, 2, op.bias.size))
    return dataclasses.replace(node, op=dataclasses.replace(op, **changed))


def _kernel(op: QConv2D | QDense, kind: Kind, rng: np.random.Generator) -> IntArray:
    low, high = op.kernel_format.minimum, op.kernel_format.maximum
    constants = {"lowest": low, "highest": high, "zero": 0}
    if kind in constants:
        return np.full_like(op.kernel, constants[kind])
    if kind == "flipped":
        return -np.maximum(op.kernel, -high)
    if kind == "alternating":
        return np.where(np.indices(op.kernel.shape).sum(axis=0) % 2, low, high)
    return rng.integers(low, high + 1, op.kernel.shape)


def _bias(graph: QGraph, node: QNode, op: QConv2D | QDense, rng: np.random.Generator) -> IntArray:
    """Any codes of the format of the bias, in steps of the sums; the ends of it, too."""
    source = graph[node.inputs[0]].format
    assert isinstance(source, Fixed) and isinstance(op.kernel_format, Fixed)
    assert isinstance(op.bias_format, Fixed)
    codes = rng.integers(op.bias_format.minimum, op.bias_format.maximum + 1, op.bias.size)
    codes[:2] = (op.bias_format.minimum, op.bias_format.maximum)[: codes.size]
    return codes << (source.frac + np.asarray(op.kernel_format.frac) - np.asarray(op.bias_format.frac))


def _scaled(rescale: Rescale, by: np.ndarray) -> Rescale:
    if isinstance(rescale, Multiplier):
        return multiplier_of(np.ldexp(rescale.multiplier * by, rescale.shift - 31), rescale.rounding)
    assert isinstance(rescale, DoubleMultiplier)
    return double_multiplier_of(np.ldexp(rescale.significand * by, rescale.exponent))


def write_loads(graph: QGraph, manifest: Manifest, folder: Path, kinds: tuple[Kind, ...] = KINDS) -> None:
    """Files of weights for the design of ``graph``, each with its integer model beside it."""
    assert manifest.loadable
    folder.mkdir()
    named = tuple(layer.layer for layer in manifest.loadable.layers)
    for number, kind in enumerate(kinds):
        other = with_weights(graph, kind, number + 1, named)
        storage.save(other, folder / f"{number}_{kind}.npz")
        words = file_of(memories_of(manifest.loadable, other), int(manifest.loadable.layout, 16))
        (folder / f"{number}_{kind}.bin").write_bytes(words)
