# SPDX-License-Identifier: Apache-2.0
"""The stages of a network: one per layer, forks where a tensor has several users, converters and queues."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

from kerilog import area
from kerilog.area import Area, devices
from kerilog.frames import input_names, output_names
from kerilog.hardware import connectors
from kerilog.hardware.design import INPUT, Stage, Tensor
from kerilog.hardware.folding import FEWEST, Shares, divisors, possible_lanes
from kerilog.hardware.kind import Flow, code_range, title
from kerilog.hardware.loading import LoadableGraph
from kerilog.hardware.module import Module
from kerilog.hardware.naming import BORDER, ports, verilog_name
from kerilog.hardware.stages import KINDS
from kerilog.plan import serial
from kerilog.plan.jobs import jobs
from kerilog.plan.sketch import ENDLESS, Sketch
from kerilog.qgraph import Clamp, QConstant, QGraph, QInput, QNode

SIDES = ("s_axis", "m_axis")
MEASURE = "xc7z020"
"""The FPGA whose resources say what a flip-flop is worth in look-up tables, DSPs and block RAMs."""


def sketch(
    graph: QGraph,
    name: str,
    interval: int,
    unroll: tuple[str, ...] = (),
    shares: Shares = FEWEST,
    registered: bool = False,
) -> Sketch:
    """The hardware of ``graph`` for one frame every ``interval`` cycles, before its buffers are measured.

    The nodes ``unroll`` get a multiplier for every weight, the others as ``shares`` says. ``registered``: the
    streams of the border get register slices. ``graph`` has been checked. Raises UnreachedError for an
    interval that a layer by itself does not reach.
    """
    return Network(graph, name, interval, unroll, shares).sketch(registered)


class Network:
    """Collects the stages of a graph; see ``kerilog.hardware.kind.Wiring``."""

    def __init__(
        self, graph: QGraph, design: str, interval: int, unroll: tuple[str, ...], shares: Shares
    ) -> None:
        self.graph, self._unroll, self._shares = graph, unroll, shares
        self._most_macs = max((job.macs for _, job in jobs(graph)), default=1)
        self.interval, self.design = interval, design
        self.stages: list[Stage] = []
        self.names: set[str] = set()
        self.kept: set[str] = set()  # queues that are there for the handshake
        self.flows: dict[str, list[Flow]] = {}  # by tensor, one for each user that is still to come
        sides = ports("s_axis", input_names(graph)), ports("m_axis", output_names(graph))
        suffixes = [
            port.removeprefix(side) for side, found in zip(SIDES, sides, strict=True) for port in found
        ]
        # what the top module calls things of its own
        self.names |= {f"{base}{suffix}" for base in BORDER for suffix in suffixes}
        self.inputs = {
            node.name: f"{INPUT}{port.removeprefix(SIDES[0])}"
            for node, port in zip(graph.inputs, sides[0], strict=True)
        }

    def sketch(self, registered: bool = False) -> Sketch:
        for node in self.graph:
            if isinstance(node.op, QConstant):
                continue  # part of the layer that takes it
            flow = (
                self._input(node) if isinstance(node.op, QInput) else KINDS[type(node.op)].place(node, self)
            )
            self.flows[node.name] = self._share(node, flow)
        outputs = tuple(self._output(name) for name in self.graph.outputs)
        delay = self.interval // serial.PATIENCE
        stages = tuple(serial.economical(stage, delay) for stage in self.stages)
        inputs = tuple(self.inputs.values())
        return Sketch(stages, frozenset(self.kept), self.interval, inputs, outputs, registered)

    def _output(self, name: str) -> str:
        """The stream of an output, behind a stage of its own: an input that is one goes through a queue."""
        flow = self._cut_to_pixels(self.flows[name].pop())
        return self.buffered(flow, flow, title(self.graph[name])).stream

    def _input(self, node: QNode) -> Flow:
        return Flow(self.inputs[node.name], Tensor(node.shape, node.format, 1), code_range(node), uncut=True)

    # ---- what a layer kind asks for ----

    @property
    def extra(self) -> float:
        return self._shares.extra

    @property
    def overlap(self) -> float:
        return self._shares.overlap

    @property
    def hurries(self) -> bool:
        return self._shares.hurries

    @property
    def reads_input(self) -> bool:
        return self._shares.hurries and self._shares.reads_input

    @property
    def spares_dsps(self) -> bool:
        return self._shares.spares_dsps

    def pace(self, products: int) -> int:
        if not self.hurries:
            return self.interval
        part = self._shares.haste * math.sqrt(products / self._most_macs)
        return max(1, min(self.interval, round(part * self.interval)))

    def users(self, node: QNode) -> tuple[QNode, ...]:
        return self.graph.users(node.name)

    def source(self, node: QNode, place: int = 0) -> QNode:
        return self.graph[node.inputs[place]]

    def take(self, node: QNode, place: int = 0) -> Flow:
        return self.flows[node.inputs[place]].pop()

    def is_unrolled(self, node: QNode) -> bool:
        return node.name in self._unroll

    def banks(self, node: QNode) -> int:
        graph = self.graph
        return graph.banks if isinstance(graph, LoadableGraph) and node.name in graph.loadable else 0

    def share(self, modules: Iterable[Module]) -> float:
        found = sum((area.without_memories(module) for module in modules), Area())
        measure = devices.seven_series(MEASURE)
        of_tables, of_memories = found.luts / measure.lut, found.bram18 / measure.bram18
        return of_tables + found.ff / measure.ff + found.dsp / measure.dsp + of_memories

    def identifier(self, layer: str) -> str:
        base = name = verilog_name(layer)
        count = 1
        # a layer of constants makes a second module, <name>_products
        while self.names & {name, f"{name}_products", name.removesuffix("_products")}:
            count += 1
            name = f"{base}_{count}"
        self.names.add(name)
        return name

    def append(self, stage: Stage, codes: Clamp) -> Flow:
        self.stages.append(stage)
        return Flow(stage.name, stage.output, codes)

    def _connect(self, stage: Stage, flow: Flow) -> Flow:
        """``flow`` behind a ``stage`` that changes no element."""
        self.stages.append(stage)
        return dataclasses.replace(flow, stream=stage.name, tensor=stage.output, uncut=False)

    def fewest_lanes(self, tensor: Tensor) -> int:
        lanes = possible_lanes(tensor.shape)
        return next((count for count in lanes if tensor.elements <= count * self.interval), lanes[-1])

    def cut(self, flow: Flow, lanes: int, layer: str) -> Flow:
        if flow.uncut and flow.tensor.elements % lanes == 0:
            return _with_lanes(flow, lanes)
        flow = self._cut_to_pixels(flow)
        queued = False
        for step in self._lane_steps(flow.tensor, lanes):
            if step < flow.tensor.lanes:  # a queue on the wider side of each converter
                flow = self._queue(flow, layer)
            queued = step < flow.tensor.lanes
            stage = connectors.lanes(self.identifier(f"{layer}_lanes"), layer, flow.stream, flow.tensor, step)
            flow = self._connect(stage, flow)
        return flow if queued else self._queue(flow, layer)

    def buffered(self, before: Flow, flow: Flow, layer: str) -> Flow:
        return self._queue(flow, layer, kept=True) if before.stream in self.inputs.values() else flow

    # ---- forks, converters, queues ----

    def _users(self, node: QNode) -> int:
        """How many streams the node's tensor must become."""
        users = sum(other.inputs.count(node.name) for other in self.graph.users(node.name))
        return users + self.graph.outputs.count(node.name)

    def _share(self, node: QNode, flow: Flow) -> list[Flow]:
        """The flow, once for each user."""
        users = self._users(node)
        if users == 1:
            return [flow]
        flow = self._cut_to_pixels(flow)
        layer = title(node)
        name = self.identifier(f"{layer}_fork")
        branches = tuple(self.identifier(f"{name}_{place}") for place in range(users))
        self.stages.append(connectors.fork(name, layer, flow.stream, flow.tensor, branches))
        # the path from the consumers' ready to the producer's ends in these queues
        shared = [dataclasses.replace(flow, stream=stream) for stream in branches]
        return [self._queue(branch, layer, kept=True) for branch in shared]

    def _cut_to_pixels(self, flow: Flow) -> Flow:
        """An uncut flow in as few lanes as keep up, whole pixels of an image."""
        if not flow.uncut:
            return flow
        *_, count, size = (*flow.tensor.shape, 1) if len(flow.tensor.shape) == 1 else flow.tensor.shape
        fits = [d * size for d in divisors(count) if flow.tensor.elements <= d * size * self.interval]
        return _with_lanes(flow, fits[0] if fits else count * size)

    def _lane_steps(self, tensor: Tensor, lanes: int) -> list[int]:
        """Lane counts to pass through: one divides the next or the reverse, where there is time for that."""
        common = math.gcd(tensor.lanes, lanes)
        if tensor.lanes == lanes:
            return []
        if common in (tensor.lanes, lanes) or tensor.elements > common * self.interval:
            return [lanes]
        return [common, lanes]

    def _queue(self, flow: Flow, layer: str, kept: bool = False) -> Flow:
        name = self.identifier(f"{layer}_fifo")
        if kept:
            self.kept.add(name)
        queue = connectors.fifo(name, layer, flow.stream, flow.tensor, ENDLESS)
        return self._connect(queue, flow)


def _with_lanes(flow: Flow, lanes: int) -> Flow:
    tensor = dataclasses.replace(flow.tensor, lanes=lanes)
    return dataclasses.replace(flow, tensor=tensor, uncut=False)
