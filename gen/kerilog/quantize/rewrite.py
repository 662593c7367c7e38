# SPDX-License-Identifier: Apache-2.0
"""What both schemes have in common: the walk from the float graph to the integer graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterable, Mapping
from typing import Literal, Protocol

import numpy as np

from kerilog.bilinear import resize
from kerilog.errors import KerilogError, Unsupported
from kerilog.formats import Format, Sign
from kerilog.graph import (
    Activation,
    Add,
    Average,
    AveragePooling2D,
    BinaryPadding,
    Concatenate,
    Conv2D,
    Converter,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Graph,
    Input,
    Maximum,
    MaxPooling2D,
    Minimum,
    Multiply,
    Node,
    Permute,
    PReLU,
    Reshape,
    ResizeBilinear,
    Shape,
    Slice,
    Subtract,
    UpSampling2D,
    ZeroPadding2D,
    padding_of,
)
from kerilog.names import Names
from kerilog.qgraph import (
    Clamp,
    QAdd,
    QAverage,
    QAveragePooling2D,
    QBroadcast,
    QChannelLookup,
    QConcatenate,
    QConv2D,
    QGlobalMaxPooling2D,
    QGraph,
    QInput,
    QMaximum,
    QMaxPooling2D,
    QMinimum,
    QNode,
    QOp,
    QPermute,
    QRequantize,
    QReshape,
    QSlice,
    QSubtract,
    QUpSampling2D,
    QZeroPadding2D,
)
from kerilog.quantize.given import check_given
from kerilog.quantize.matrix import MatrixOp
from kerilog.quantize.one_bit import check_sign
from kerilog.quantize.owners import KEEPS_FORMAT, ONE_FORMAT, format_owners
from kerilog.scales import Rounding
from kerilog.tables import repeating, slope_tables

MOST_WORDS = 1 << 24
"""Of all tables of a layer with slopes of its own."""

_Computing = Add | Subtract | Average | Multiply | GlobalAveragePooling2D
"""Operations that need a number of whole bits for each operand."""

Pairwise = Add | Subtract | Average | Multiply | Maximum | Minimum
"""Operations on two tensors, element by element."""


class Scheme(Protocol):
    """How one scheme turns floats into integers; tensors are named by their node.

    Every method may raise KerilogError, naming the layer, where the formats lie too far apart.
    """

    @property
    def rounding(self) -> Rounding:
        """The flavour of TFLite's arithmetic that it follows."""

    @property
    def name(self) -> Literal["affine", "fixed"]:
        """What the graph will be called."""

    def activation_format(self, node: Node) -> Format:
        """The format of the tensor that ``node`` makes."""

    def takes_signs(self, node: Node, op: MatrixOp, shape: Shape) -> bool:
        """Whether a convolution or a dense layer has an input of one bit and that shape as it is."""

    def binary_padding(self, node: Node, op: MatrixOp, source: Format) -> BinaryPadding:
        """What stands around an input in the format ``source``; "none" where it holds a 0."""

    def matrix(self, node: Node, op: MatrixOp, source: QNode, target: Format) -> QOp:
        """A convolution or a dense layer."""

    def requantize(self, node: Node, source: Format, target: Format) -> QOp:
        """A change of format."""

    def relu(self, node: Node, source: Format, target: Format, clamp: Clamp) -> QOp:
        """A relu or a relu6 that stands alone."""

    def add(
        self,
        node: Node,
        kind: type[QAdd],
        left: Format,
        right: Format,
        target: Format,
        clamp: Clamp,
        terms: int = 1,
    ) -> QOp:
        """A sum divided by ``terms``, or a difference where ``kind`` is QSubtract."""

    def multiply(self, node: Node, left: Format, right: Format, target: Format, clamp: Clamp) -> QOp:
        """A product."""

    def mean(self, node: Node, cells: int, source: Format, target: Format) -> QOp:
        """The mean over the ``cells`` of height and width."""

    def function(self, node: Node, op: Activation, source: Format, target: Format) -> QOp:
        """Any other function of one code."""


def convert(graph: Graph, scheme: Scheme, own: frozenset[str] = frozenset()) -> QGraph:
    """``graph``, simplified, with every tensor and every operation in integers.

    A softmax at an output is left out: the integer network ends in logits, and their order is the same. The
    nodes named in ``own`` never take the format of a concatenation that they lead to, nor do those with a
    format of the model's own, which always wins. Raises Unsupported, naming the layer, for an operation that
    has no integer form.
    """
    own |= {node.name for node in graph if node.format is not None}
    walk = _Walk(graph, scheme, format_owners(graph, own), Names(node.name for node in graph))
    for node in graph:
        walk.add(node)
    outputs = tuple(walk.alias[name] for name in graph.outputs)
    return QGraph(graph.name, scheme.name, tuple(walk.nodes.values()), outputs)


@dataclasses.dataclass
class _Walk:
    graph: Graph
    scheme: Scheme
    owners: Mapping[str, str]
    names: Names
    nodes: dict[str, QNode] = dataclasses.field(default_factory=dict)
    alias: dict[str, str] = dataclasses.field(default_factory=dict)

    def add(self, node: Node) -> None:
        """Append the integer form of ``node``."""
        sources = [self.nodes[self.alias[name]] for name in node.inputs]
        if isinstance(node.op, Activation) and node.op.function == "softmax":
            self._leave_out(node, sources[0])
            return
        target = self._format(node, sources)
        if isinstance(node.op, ONE_FORMAT):
            sources = [self._brought_to(target, node, index, part) for index, part in enumerate(sources)]
        border = self._border(node, sources)
        sources = [self._with_zero(node, index, part) for index, part in enumerate(sources)]
        if isinstance(node.op, Pairwise):
            sources = [self._spread(node, part) for part in sources]
        op = self._op(node, sources, target)
        if isinstance(op, QConv2D) and border is not None:
            op = dataclasses.replace(op, pad_code=int(sources[0].format.quantize(border)))
        inputs = tuple(source.name for source in sources)
        self.nodes[node.name] = QNode(node.name, op, inputs, node.shape, target)
        self.alias[node.name] = node.name

    def _leave_out(self, node: Node, source: QNode) -> None:
        """Drop a softmax whose result nobody but the user sees."""
        users = self.graph.users(node.name)
        if users:
            raise Unsupported(
                f"layer '{node.name}': softmax has no integer form inside a network, only at an output; "
                f"its result goes to layer '{users[0].name}'"
            )
        self.alias[node.name] = source.name

    def _format(self, node: Node, sources: list[QNode]) -> Format:
        """Operations that only move or choose elements keep their format."""
        if isinstance(node.op, KEEPS_FORMAT):
            self._check_kept(node, sources[0].format)
            check_sign(node, sources[0].format)
            return sources[0].format
        owner = self.graph[self.owners.get(node.name, node.name)]
        given = owner.op.format if isinstance(owner.op, Converter) else owner.format
        if given is None and isinstance(node.op, ONE_FORMAT) and _one_sign(sources):
            return sources[0].format
        if given is None:
            made = self.scheme.activation_format(owner)
        else:
            made = check_given(owner, given, self.scheme.name)
        check_sign(node, made)
        return made

    def _check_kept(self, node: Node, kept: Format) -> None:
        if node.format not in (None, kept):
            raise KerilogError(
                f"layer '{node.name}': expected a converter to {kept}, the format of its input, found "
                f"{node.format}: it would round twice"
            )

    def _brought_to(self, target: Format, node: Node, index: int, part: QNode) -> QNode:
        """Input ``index`` of ``node`` in ``target``, by a node of its own if it differs."""
        if part.format == target:
            return part
        op = self.scheme.requantize(node, part.format, target)
        name = self.names.take(f"{node.name}/requantize{index}")
        made = QNode(name, op, (part.name,), part.shape, target)
        self.nodes[made.name] = made
        return made

    def _with_zero(self, node: Node, index: int, part: QNode) -> QNode:
        """Input ``index`` of ``node``, one of one bit in two where ``node`` has no other use for it."""
        op, signs = node.op, part.format
        if not isinstance(signs, Sign) or not isinstance(op, MatrixOp | _Computing):
            return part
        if isinstance(op, MatrixOp) and self.scheme.takes_signs(node, op, part.shape):
            return part
        return self._brought_to(signs.widened, node, index, part)

    def _border(self, node: Node, sources: list[QNode]) -> float | None:
        """What stands around the image that ``node`` convolves, if that is no 0."""
        op = node.op
        if not isinstance(op, MatrixOp):
            return None
        padding = self.scheme.binary_padding(node, op, sources[0].format)
        return None if padding == "none" else float(sources[0].format.scales) * (1 if padding == "+1" else -1)

    def _spread(self, node: Node, part: QNode) -> QNode:
        """``part`` in the shape of ``node``, by a node of its own if that is another."""
        if part.shape == node.shape:
            return part
        name = self.names.take(f"{node.name}/broadcast")
        made = QNode(name, QBroadcast(), (part.name,), node.shape, part.format)
        self.nodes[made.name] = made
        return made

    def _op(self, node: Node, sources: list[QNode], target: Format) -> QOp:
        match node.op:
            case Input():
                return QInput()
            case Converter():
                return self.scheme.requantize(node, sources[0].format, target)
            case Conv2D() | DepthwiseConv2D() | Dense() as op:
                return self.scheme.matrix(node, op, sources[0], target)
            case Add() | Subtract() | Average() | Multiply() | Maximum() | Minimum() as op:
                return self._pair(node, op, sources, target)
            case Activation() as op:
                return self._activation(node, op, sources[0].format, target)
            case PReLU() as op:
                return _prelu(node, op, sources[0], target)
            case GlobalAveragePooling2D():
                height, width = sources[0].shape[:2]
                return self.scheme.mean(node, height * width, sources[0].format, target)
            case MaxPooling2D() | AveragePooling2D() as op:
                return _pool(op, sources[0], target)
            case GlobalMaxPooling2D():
                return QGlobalMaxPooling2D(full_range(target))
        return _moved(node, sources[0].shape, self.scheme.rounding)

    def _pair(self, node: Node, op: Pairwise, sources: list[QNode], target: Format) -> QOp:
        left, right = (source.format for source in sources)
        clamp = clamp_of(op.activation, target)
        match op:
            case Maximum():
                return QMaximum(clamp)
            case Minimum():
                return QMinimum(clamp)
            case Multiply():
                return self.scheme.multiply(node, left, right, target, clamp)
            case Average():
                return self.scheme.add(node, QAverage, left, right, target, clamp, op.terms)
        return self.scheme.add(node, QAdd if isinstance(op, Add) else QSubtract, left, right, target, clamp)

    def _activation(self, node: Node, op: Activation, source: Format, target: Format) -> QOp:
        if op.function in ("relu", "relu6"):
            return self.scheme.relu(node, source, target, clamp_of(op.function, target))
        return self.scheme.function(node, op, source, target)


def _one_sign(sources: list[QNode]) -> bool:
    """Whether all are in one format of one bit."""
    return isinstance(sources[0].format, Sign) and len({source.format for source in sources}) == 1


def _prelu(node: Node, op: PReLU, source: QNode, target: Format) -> QOp:
    """A table for each slope, up to where they begin anew."""
    slopes = repeating(op.alpha, node.shape)
    if len(slopes) << source.format.bits > MOST_WORDS:
        raise Unsupported(
            f"layer '{node.name}': expected slopes whose tables have up to {MOST_WORDS:,} words, found "
            f"{len(slopes):,} tables of {1 << source.format.bits:,}: share them over height and width"
        )
    return QChannelLookup(slope_tables(slopes, source.format, target))


def _pool(op: MaxPooling2D | AveragePooling2D, source: QNode, target: Format) -> QOp:
    padding = padding_of(source.shape, op.pool_size, op.strides, op.padding)
    kind = QMaxPooling2D if isinstance(op, MaxPooling2D) else QAveragePooling2D
    return kind(op.pool_size, op.strides, full_range(target), padding)


def _moved(node: Node, source: Shape, rounding: Rounding) -> QOp:
    """Operations that keep their format, on an input of shape ``source``."""
    match node.op:
        case Reshape():
            return QReshape()
        case ZeroPadding2D() as op:
            return QZeroPadding2D(op.padding, op.steps)
        case Slice() as op:
            return QSlice(op.begin, op.end, (1,) * len(op.begin))
        case UpSampling2D() as op:
            return QUpSampling2D(op.size)
        case ResizeBilinear():
            return resize((source[0], source[1]), (node.shape[0], node.shape[1]), rounding)
        case Permute() as op:
            return QPermute(op.dims)
        case Concatenate():
            return QConcatenate()
    raise Unsupported(f"layer '{node.name}': there is no integer form of {node.op.kind}")


def full_range(target: Format) -> Clamp:
    """A clamp that lets every code through."""
    return target.minimum, target.maximum


def clamp_of(activation: str, target: Format) -> Clamp:
    """The codes that a fused activation lets through; the 6 of relu6 is divided in binary32, as in TFLite."""
    if activation == "linear":
        return full_range(target)
    largest = target.maximum
    if activation == "relu6":
        steps = np.floor(np.float32(6) / np.float32(target.scales) + np.float32(0.5))
        largest = min(largest, target.zero_point + int(steps))
    return max(target.minimum, target.zero_point), largest


def class_scores(graph: Graph) -> frozenset[str]:
    """The tensors that are seen by softmaxes at the outputs alone."""
    softmax = {
        node.name: node.inputs[0]
        for node in graph
        if isinstance(node.op, Activation) and node.op.function == "softmax"
    }
    others = {name for node in graph if node.name not in softmax for name in node.inputs}
    return frozenset(softmax.values()) - others - set(graph.outputs)


def results(graph: Graph) -> frozenset[str]:
    """The tensors at the outputs, and those that give them their format: what is ahead of a softmax there,
    and of whatever moves or picks numbers.
    """
    names = set(graph.outputs)
    for name in graph.outputs:
        node = graph[name]
        while isinstance(node.op, KEEPS_FORMAT) or (
            isinstance(node.op, Activation) and node.op.function == "softmax"
        ):
            node = graph[node.inputs[0]]
            names.add(node.name)
    return frozenset(names)


def strip_softmax(graph: QGraph) -> QGraph:
    """``graph`` without a softmax at its outputs, which hardware leaves to whoever wants probabilities.

    A change of format behind it, as to uint8, goes with it.
    """
    ends = {name: tail for name in graph.outputs if (tail := _tail(graph, name))}
    removed = {node.name for tail in ends.values() for node in tail}
    outputs = tuple(ends[name][0].inputs[0] if name in ends else name for name in graph.outputs)
    return dataclasses.replace(graph, nodes=_without(graph.nodes, removed), outputs=outputs)


def softmax_tail(graph: QGraph, place: int = 0) -> QGraph | None:
    """What ``strip_softmax`` leaves out at output number ``place``: from the logits to the probabilities."""
    tail = _tail(graph, graph.outputs[place])
    if not tail:
        return None
    logits = dataclasses.replace(graph[tail[0].inputs[0]], op=QInput(), inputs=())
    return dataclasses.replace(graph, nodes=(logits, *tail), outputs=(graph.outputs[place],))


def _tail(graph: QGraph, output: str) -> tuple[QNode, ...]:
    """The softmax that ``output`` is, and what only changes its format behind it; () without one."""
    tail = [graph[output]]
    while isinstance(tail[0].op, QRequantize):
        before = graph[tail[0].inputs[0]]
        if before.name in graph.outputs or len(graph.users(before.name)) > 1:
            return ()
        tail.insert(0, before)
    return tuple(tail) if _is_softmax(tail[0]) else ()


def _is_softmax(node: QNode) -> bool:
    return node.op.kind in ("Softmax", "FloatSoftmax")


def _without(nodes: Iterable[QNode], names: Container[str]) -> tuple[QNode, ...]:
    return tuple(node for node in nodes if node.name not in names)
