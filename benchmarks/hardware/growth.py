# SPDX-License-Identifier: Apache-2.0
"""How cost grows: with the multipliers that one network may use, and with the network."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from typing import Any

import designs
import numpy as np
from store import Values, say

import kerilog
from kerilog.errors import KerilogError
from kerilog.graph import Conv2D, Dense, Graph
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph
from kerilog.quantize import strip_softmax

BUDGETS = (1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512)
SIZES = (1, 2, 4, 8, 16, 32, 64)
MULTIPLIERS = 64  # of every size
SEED = 2024


def best_interval(graph: QGraph, budget: int) -> int | None:
    """The fewest cycles a frame with at most ``budget`` multipliers; None where they are too few."""
    try:
        return design_for(graph, Goal(multipliers=budget)).cycles.frame_interval
    except KerilogError:
        return None


def by_multipliers(network: designs.Network) -> list[Values]:
    """One row a budget; ``asked`` is None where it is too small, and repeats where more does not help."""
    graph = strip_softmax(network.quantized.graph)
    rows: list[Values] = []
    for budget in BUDGETS:
        say(f"{network.title}: the shortest interval with {budget} multipliers")
        interval = best_interval(graph, budget)
        row: Values = {"budget": budget, "asked": interval}
        if interval is not None:
            row |= designs.measure(network, interval, {"verilator": 8})
        rows.append(row)
    return rows


def by_size(original: Graph, samples: np.ndarray, images: np.ndarray) -> list[Values]:
    """One row a size: the MNIST CNN with more filters and more hidden units, on the same multipliers."""
    rows = []
    for size in SIZES:
        say(f"network x{size}: quantizing and planning")
        filters, hidden = shape_of(size)
        graph = scaled(original, filters, hidden)
        quantized = kerilog.quantize(graph, samples, "fixed")
        codes = quantized.input_format.quantize(images)
        name = f"mnist_x{size}"
        network = designs.Network(name, name, f"network x{size}", quantized, codes)
        start = time.perf_counter()
        interval = best_interval(strip_softmax(quantized.graph), MULTIPLIERS)
        searching = time.perf_counter() - start
        row: Values = {"size": size, "filters": filters, "hidden": hidden, "searching": searching}
        row["parameters"] = sum(op.kernel.size + op.bias.size for op in _layers(graph))
        assert interval is not None  # one multiplier a layer is always enough
        rows.append(row | designs.measure(network, interval, {"verilator": 4}))
    return rows


def shape_of(size: int) -> tuple[int, int]:
    """(filters, hidden units) that give ``size`` times the weights, a power of two, of the hidden layer."""
    doublings = size.bit_length() - 1
    return 2 << ((doublings + 1) // 2), 128 << (doublings // 2)


def scaled(original: Graph, filters: int, hidden: int) -> Graph:
    """``original`` with other widths and random weights, the same in every run."""
    random = np.random.default_rng(SEED)
    inner = {"conv": filters, "hidden": hidden}
    nodes: list[Any] = []
    shapes: dict[str, tuple[int, ...]] = {}
    for node in original:
        shape = shapes[node.inputs[0]] if node.inputs else node.shape
        op = node.op
        if isinstance(op, (Conv2D, Dense)):
            units = inner.get(node.name, op.bias.size)
            kernel = (*op.kernel.shape[:-2], shape[-1], units)
            weights = random.normal(0.0, np.sqrt(2 / np.prod(kernel[:-1])), kernel).astype(np.float32)
            op = dataclasses.replace(op, kernel=weights, bias=np.zeros(units, np.float32))
            shape = (*node.shape[:-1], units)
        elif op.kind == "Reshape":
            shape = (int(np.prod(shape)),)
        else:
            shape = (*node.shape[:-1], shape[-1])
        shapes[node.name] = shape
        nodes.append(dataclasses.replace(node, op=op, shape=shape))
    return dataclasses.replace(original, nodes=tuple(nodes))


def _layers(graph: Graph) -> Iterable[Conv2D | Dense]:
    return (node.op for node in graph if isinstance(node.op, (Conv2D, Dense)))
