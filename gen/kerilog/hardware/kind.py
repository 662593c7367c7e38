# SPDX-License-Identifier: Apache-2.0
"""What a layer kind is: how an operation of the integer graph becomes hardware."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Protocol

from kerilog.hardware.design import Stage, Tensor
from kerilog.hardware.folding import MatrixJob
from kerilog.hardware.module import Module
from kerilog.names import harmless
from kerilog.qgraph import Clamp, QGraph, QNode, QOp


@dataclasses.dataclass(frozen=True)
class Flow:
    """A tensor on its way: the stream that carries it, and the codes that occur.

    As long as it is ``uncut``, nothing has decided yet how many elements come per beat: the input of the
    network, whose lanes mean nothing then. ``at_end`` says that nothing comes before its stage has seen
    all of its own input. ``products``: those per frame of a dense layer from which it comes output by output.
    """

    stream: str
    tensor: Tensor
    codes: Clamp
    uncut: bool = False
    at_end: bool = False
    products: int = 0

    @property
    def lanes(self) -> int | None:
        """Elements per beat; None if that is free."""
        return None if self.uncut else self.tensor.lanes


class Wiring(Protocol):
    """What a layer kind asks of the network that it is placed in."""

    @property
    def interval(self) -> int:
        """The frame interval to keep up with, in cycles."""

    @property
    def extra(self) -> float:
        """How many times its fewest multipliers a layer may have where that takes less of an FPGA."""

    @property
    def overlap(self) -> float:
        """How many times as much of an FPGA a dense layer may take to work at the same time as the next."""

    @property
    def hurries(self) -> bool:
        """Whether the latency of dense layers matters; see ``folding.Shares``."""

    @property
    def reads_input(self) -> bool:
        """Whether a dense layer works output by output on the input of the network if it ``hurries``."""

    @property
    def spares_dsps(self) -> bool:
        """Whether requantizers of dense layers are better made of adders if it ``hurries``."""

    def pace(self, products: int) -> int:
        """The most cycles that dense layers which work at the same time may take for a frame, with so many
        products in all; see ``folding.Shares``.
        """

    def users(self, node: QNode) -> Sequence[QNode]:
        """The nodes that take what ``node`` gives."""

    @property
    def design(self) -> str:
        """The name of the design, a Verilog identifier."""

    def source(self, node: QNode, place: int = 0) -> QNode:
        """The node whose tensor is input number ``place`` of ``node``."""

    def take(self, node: QNode, place: int = 0) -> Flow:
        """The stream of input number ``place`` of ``node`` that is meant for it."""

    def cut(self, flow: Flow, lanes: int, layer: str) -> Flow:
        """``flow`` in ``lanes`` elements per beat, behind converters and a queue where that takes any."""

    def fewest_lanes(self, tensor: Tensor) -> int:
        """The fewest lanes, a share of a pixel or whole pixels, that carry a frame in the interval."""

    def buffered(self, before: Flow, flow: Flow, layer: str) -> Flow:
        """``flow`` behind a queue if ``before`` comes straight from the border, whose ready must not wait for
        valid.
        """

    def identifier(self, layer: str) -> str:
        """A Verilog identifier for ``layer`` that no other stage has."""

    def is_unrolled(self, node: QNode) -> bool:
        """Whether the user asks for a constant multiplier per weight."""

    def banks(self, node: QNode) -> int:
        """How many sets of weights there are in memories that are written at run time; 0 for those that
        stay.
        """

    def share(self, modules: Iterable[Module]) -> float:
        """How much the ``modules``, without ROMs beside them, take of an FPGA: the sum of the shares of LUTs,
        flip-flops, DSPs and block RAMs.
        """

    def append(self, stage: Stage, codes: Clamp) -> Flow:
        """The flow behind ``stage``, which is the next one of the design and gives ``codes``."""


class LayerKind(abc.ABC):
    """How the operations of one kind become hardware."""

    operations: ClassVar[tuple[type[QOp], ...]]
    supported: ClassVar[str]
    """What the hardware supports, in Keras' words, for the table of layers and for refusals."""
    computes: ClassVar[bool] = True
    """Whether there is anything to build."""

    def refusals(self, node: QNode, graph: QGraph) -> Iterator[str]:
        """Why ``node`` has no hardware: clauses that go on from its name, with what was found."""
        return iter(())

    def job(self, node: QNode) -> MatrixJob | None:
        """The multiplications that are to be folded, one window at a time; None without weights."""
        return None

    def unrollable(self, node: QNode) -> bool:
        """Whether the weights can become constants on request."""
        return False

    def shortest_interval(self, node: QNode, source: Tensor) -> int:
        """The fewest cycles per frame that all but the multiplications allow; ``source`` is its input."""
        return 1

    @abc.abstractmethod
    def place(self, node: QNode, wiring: Wiring) -> Flow:
        """Put ``node`` into the network. Raises UnreachedError if it cannot keep up with the interval."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Frame:
    """What every stage of a layer has: where it stands, what comes in and goes out."""

    name: str
    layer: str
    kind: str
    design: str
    sources: tuple[str, ...]
    inputs: tuple[Tensor, ...]
    output: Tensor

    @classmethod
    def of(cls, node: QNode, wiring: Wiring, flows: tuple[Flow, ...], lanes: int) -> Frame:
        """That of ``node``, fed by ``flows``, with results ``lanes`` per beat."""
        return cls(
            name=wiring.identifier(title(node)),
            layer=title(node),
            kind=node.op.kind,
            design=wiring.design,
            sources=tuple(flow.stream for flow in flows),
            inputs=tuple(flow.tensor for flow in flows),
            output=Tensor(node.shape, node.format, lanes),
        )

    def memory(self, what: str) -> str:
        """The path of a memory file of the stage."""
        return f"rom/{self.design}_{self.name}_{what}.mem"


def title(node: QNode) -> str:
    """The layer's name as comments give it: the node's own, which a reader of model files made harmless."""
    return harmless(node.name)


def code_range(node: QNode) -> Clamp:
    """Smallest and largest code that the node's tensor can hold."""
    clamp: Clamp | None = getattr(node.op, "clamp", None)
    return clamp or (node.format.minimum, node.format.maximum)


def clamped(codes: Clamp, clamp: Clamp) -> Clamp:
    """The range of ``codes`` behind a clamp."""
    low, high = clamp
    return min(max(codes[0], low), high), min(max(codes[1], low), high)
