# SPDX-License-Identifier: Apache-2.0
"""The weight, bias and activation tensors of a design, each with its format, its values and its errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from kerilog.calibrate import Observation
from kerilog.formats import Format
from kerilog.graph import Conv2D, Dense, DepthwiseConv2D, Graph, Shape
from kerilog.qgraph import QArgMax, QConv2D, QDense, QGraph, QNode
from kerilog.report.conversion import Conversion, Error, convert
from kerilog.report.record import Observed, Record

Real = npt.NDArray[np.floating]


@dataclasses.dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of the report.

    ``kind`` is "weights", "bias" or "activation"; ``alone`` is what ``format`` does to the float values,
    ``network`` (activations only) the error of the integer network up to here.
    """

    layer: str
    operation: str
    kind: str
    shape: Shape
    format: Format
    seen: Observation
    alone: Conversion | None = None
    network: Error | None = None


def tensors(graph: QGraph, record: Record) -> tuple[Tensor, ...]:
    """All tensors in the order of the network: of each layer its weights, its bias, its output."""
    activations = {activation.name: activation for activation in record.activations}
    return tuple(tensor for node in graph for tensor in _of_node(node, graph, record.original, activations))


def _of_node(
    node: QNode, graph: QGraph, original: Graph | None, activations: Mapping[str, Observed]
) -> Iterator[Tensor]:
    if isinstance(node.op, (QConv2D, QDense)):
        floats = parameters(original, node.name)
        source = graph[node.inputs[0]].format
        step = source.scales * node.op.kernel_format.scales
        kernel = node.op.kernel_format.dequantize(node.op.kernel)
        yield _parameter(node, "weights", node.op.kernel_format, kernel, floats and floats[0])
        yield _parameter(node, "bias", node.op.bias_format, node.op.bias * step, floats and floats[1])
    activation = activations.get(node.name, Observed(node.name, Observation()))
    yield Tensor(
        node.name,
        node.op.kind,
        "activation",
        node.shape,
        node.format,
        activation.seen,
        activation.alone,
        activation.network,
    )


def ends(graph: QGraph) -> tuple[str, ...]:
    """The tensors that the outputs are, or whose largest elements they name."""
    nodes = [graph[name] for name in graph.outputs]
    return tuple(node.inputs[0] if isinstance(node.op, QArgMax) else node.name for node in nodes)


def parameters(original: Graph | None, name: str) -> tuple[Real, Real] | None:
    """Float kernel, output channels last, and bias of layer ``name``; None where there are none."""
    node = next((node for node in original or () if node.name == name), None)
    if node is None or not isinstance(node.op, (Conv2D, DepthwiseConv2D, Dense)):
        return None
    kernel = node.op.kernel
    if isinstance(node.op, DepthwiseConv2D):
        kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
    return kernel, node.op.bias


def _parameter(node: QNode, kind: str, format: Format, integer: Real, original: Real | None) -> Tensor:
    """Weights or a bias: ``integer`` are the hardware's real numbers, ``original`` the float network's."""
    known = original is not None and original.shape == integer.shape
    values = original if known and original is not None else integer
    seen = Observation()
    seen.add(values.astype(np.float32))
    alone = convert(values, format) if known else None
    return Tensor(node.name, node.op.kind, kind, integer.shape, format, seen, alone)
