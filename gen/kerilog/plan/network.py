# SPDX-License-Identifier: Apache-2.0
"""The stages of a network: one a layer, forks where a tensor has several users, converters and queues."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from kerilog.errors import Unsupported
from kerilog.plan import average, buffers, layers, lookup, memories
from kerilog.plan.addition import addition
from kerilog.plan.design import (
    INPUT,
    Conv2DStage,
    DenseStage,
    FifoStage,
    ForkStage,
    LanesStage,
    MatVecStage,
    MaxPooling2DStage,
    PointwiseConv2DStage,
    Stage,
    Tensor,
)
from kerilog.plan.folding import Shape, divisors
from kerilog.plan.naming import verilog_name
from kerilog.plan.operations import (
    AddStage,
    AveragePooling2DStage,
    GlobalAveragePooling2DStage,
    LookupStage,
)
from kerilog.plan.window import Vectors, Window
from kerilog.qgraph import (
    QAdd,
    QAveragePooling2D,
    QConv2D,
    QDense,
    QGlobalAveragePooling2D,
    QGraph,
    QInput,
    QLookup,
    QMaxPooling2D,
    QNode,
    QOp,
    QRequantize,
    QReshape,
    QSubtract,
)
from kerilog.timing.control import NEVER


@dataclasses.dataclass(frozen=True)
class Flow:
    """A tensor on its way: the stream that carries it, and the codes that occur."""

    stream: str
    tensor: Tensor
    codes: layers.Range


class Network:
    """Collects the stages of a graph for one frame every ``interval`` cycles.

    Raises Unsupported for what hardware does not take, UnreachedError for an interval that a layer by itself
    does not reach.
    """

    def __init__(self, graph: QGraph, name: str, interval: int, unroll: tuple[str, ...] = ()) -> None:
        """``unroll`` names the layers that get a multiplier for every weight."""
        self.graph, self.name, self.interval, self.unroll = graph, name, interval, unroll
        self.stages: list[Stage] = []
        self.names: set[str] = set()
        self.kept: set[str] = set()  # queues that are there for the handshake
        self.flows: dict[str, list[Flow]] = {}  # by tensor, one for each user that is still to come
        self.adders: dict[type[QOp], Callable[[QNode], Flow]] = {
            QInput: self._input,
            QReshape: self._reshape,
            QConv2D: self._conv2d,
            QDense: self._dense,
            QMaxPooling2D: self._max_pooling,
            QAveragePooling2D: self._average_pooling,
            QGlobalAveragePooling2D: self._global_average,
            QAdd: self._add,
            QSubtract: self._add,
            QRequantize: self._lookup,
            QLookup: self._lookup,
        }

    def build(self) -> buffers.Fitted:
        """The stages in the order of the data, queues and rings of rows fitted to the frame interval."""
        for node in self.graph:
            adder = self.adders.get(type(node.op))
            if adder is None:
                known = ", ".join(op.__name__.removeprefix("Q") for op in self.adders if op is not QInput)
                raise Unsupported(
                    f"layer '{node.name}': hardware does not take {node.op.kind} yet, only {known}"
                )
            self.flows[node.name] = self._share(node, adder(node))
        if not self.stages:
            raise Unsupported(f"model '{self.name}': there is no layer that computes anything")
        return buffers.fit(self.stages, self.interval, self.kept)

    # ---- streams ----

    def _users(self, node: QNode) -> int:
        """How many streams the node's tensor must become."""
        users = sum(other.inputs.count(node.name) for other in self.graph.users(node.name))
        return users + self.graph.outputs.count(node.name)

    def _share(self, node: QNode, flow: Flow) -> list[Flow]:
        """The flow, once for each user."""
        users = self._users(node)
        if users == 0:
            raise Unsupported(f"layer '{node.name}': hardware does not take a result that nobody uses")
        if users == 1:
            return [flow]
        flow = self._with_lanes(flow)
        title = layers.title(node)
        name = self._name(f"{title}_fork")
        branches = tuple(self._name(f"{name}_{place}") for place in range(users))
        fork = ForkStage(name, title, "Fork", "krl_fork", (flow.stream,), flow.tensor, flow.tensor, branches)
        self.stages.append(fork)
        shared = [dataclasses.replace(flow, stream=stream) for stream in branches]
        return [self._queue(branch, title, kept=True) for branch in shared]

    def _with_lanes(self, flow: Flow) -> Flow:
        """The flow with lanes of its own: an input that nobody has cut to size yet gets as few as keep up.

        They are whole pixels of an image.
        """
        if flow.tensor.lanes:
            return flow
        *_, count, size = (*flow.tensor.shape, 1) if len(flow.tensor.shape) == 1 else flow.tensor.shape
        fits = [d * size for d in divisors(count) if flow.tensor.elements <= d * size * self.interval]
        return self._set_lanes(flow, fits[0] if fits else count * size)

    def _take(self, node: QNode, place: int = 0) -> Flow:
        """The next unused stream of an input of ``node``."""
        return self.flows[node.inputs[place]].pop()

    def _name(self, text: str) -> str:
        """A Verilog identifier for ``text`` that no other stage has."""
        base = name = verilog_name(text)
        count = 1
        # a layer of constants makes a second module, <name>_products
        while self.names & {name, f"{name}_products", name.removesuffix("_products")}:
            count += 1
            name = f"{base}_{count}"
        self.names.add(name)
        return name

    def _append(self, flow: Flow, stage: Stage) -> Flow:
        self.stages.append(stage)
        return dataclasses.replace(flow, stream=stage.name, tensor=stage.output)

    def _set_lanes(self, flow: Flow, lanes: int) -> Flow:
        return dataclasses.replace(flow, tensor=dataclasses.replace(flow.tensor, lanes=lanes))

    def _cut(self, flow: Flow, lanes: int, layer: str) -> Flow:
        """The flow, ``lanes`` elements to a beat, through a queue on the wider side of each converter."""
        if not flow.tensor.lanes and flow.tensor.elements % lanes == 0:
            return self._set_lanes(flow, lanes)
        flow = self._with_lanes(flow)
        queued = False
        for step in self._lane_steps(flow.tensor, lanes):
            if step < flow.tensor.lanes:
                flow = self._queue(flow, layer)
            queued = step < flow.tensor.lanes
            flow = self._converted(flow, step, layer)
        return flow if queued else self._queue(flow, layer)

    def _converted(self, flow: Flow, lanes: int, layer: str) -> Flow:
        """The flow behind one converter."""
        tensor, out = flow.tensor, dataclasses.replace(flow.tensor, lanes=lanes)
        name = self._name(f"{layer}_lanes")
        common = int(np.gcd(tensor.lanes, lanes))
        if common in (tensor.lanes, lanes):
            stage = LanesStage(name, layer, "Lanes", "krl_lanes", (flow.stream,), tensor, out)
        else:
            unit = 1 if tensor.elements % common else common
            stage = LanesStage(name, layer, "Lanes", "krl_gearbox", (flow.stream,), tensor, out, unit)
        return self._append(flow, stage)

    def _lane_steps(self, tensor: Tensor, lanes: int) -> list[int]:
        """Lane counts to pass through: one divides the next or the reverse, where there is time for that."""
        common = int(np.gcd(tensor.lanes, lanes))
        if tensor.lanes == lanes:
            return []
        if common in (tensor.lanes, lanes) or tensor.elements > common * self.interval:
            return [lanes]
        return [common, lanes]

    def _queue(self, flow: Flow, layer: str, kept: bool = False) -> Flow:
        name = self._name(f"{layer}_fifo")
        if kept:
            self.kept.add(name)
        queue = FifoStage(name, layer, "Fifo", "krl_fifo", (flow.stream,), flow.tensor, flow.tensor, NEVER)
        return self._append(flow, queue)

    # ---- layers ----

    def _input(self, node: QNode) -> Flow:
        return Flow(INPUT, Tensor(node.shape, node.format, 0), layers.code_range(node))

    def _reshape(self, node: QNode) -> Flow:
        flow = self._take(node)
        return dataclasses.replace(flow, tensor=dataclasses.replace(flow.tensor, shape=node.shape))

    def _max_pooling(self, node: QNode) -> Flow:
        op = node.op
        assert isinstance(op, QMaxPooling2D)
        flow, window, vectors = self._windows(node, self._take(node))
        title = layers.title(node)
        name = self._name(title)
        stage = MaxPooling2DStage(
            **self._header(node, name, flow, vectors.windows * vectors.channels),
            window=window,
            vectors=vectors,
            clamp_min=op.clamp[0],
            clamp_max=op.clamp[1],
        )
        low, high = flow.codes
        codes = max(low, op.clamp[0]), min(high, op.clamp[1])
        return dataclasses.replace(self._append(flow, stage), codes=codes)

    def _conv2d(self, node: QNode) -> Flow:
        op = node.op
        assert isinstance(op, QConv2D)
        if op.dilation_rate != (1, 1):
            raise Unsupported(f"layer '{node.name}': hardware does not take dilation yet")
        flow = self._take(node)
        if layers.is_pointwise(op):
            return self._matrix_vector(node, op, flow, PointwiseConv2DStage)
        flow, window, vectors = self._windows(node, flow)
        return self._matrix_vector(node, op, flow, Conv2DStage, (window, vectors))

    def _dense(self, node: QNode) -> Flow:
        op = node.op
        assert isinstance(op, QDense)
        if len(node.shape) != 1:
            raise Unsupported(
                f"layer '{node.name}': hardware takes a flat input for Dense, found {node.shape}"
            )
        return self._matrix_vector(node, op, self._take(node), DenseStage)

    def _windows(self, node: QNode, flow: Flow) -> tuple[Flow, Window, Vectors]:
        """The flow cut to the beats of the layer's windows."""
        found = layers.window_of(node, flow.tensor, self.interval)
        assert found
        window, vectors = found
        return self._cut(flow, window.pixels * window.channels, layers.title(node)), window, vectors

    def _matrix_vector(
        self,
        node: QNode,
        op: QConv2D | QDense,
        flow: Flow,
        kind: type[MatVecStage],
        windowed: tuple[Window, Vectors] | None = None,
    ) -> Flow:
        title = layers.title(node)
        unrolled = title in self.unroll
        window, vectors = windowed or (None, layers.vectors_of(node, flow.tensor, self.interval))
        shape = layers.shape_of(node, vectors.windows)
        assert shape
        folded = layers.fold(node, shape, window, flow.tensor, self.interval, unrolled)
        if window is None:
            flow = self._cut_for_sums(flow, folded.matvec.input_lanes, title)
        name = self._name(title)
        stem = f"rom/{self.name}_{name}"
        parts = layers.parts(node, op, folded, vectors, flow.tensor, flow.codes, stem, unrolled)
        if window is not None:
            parts |= {"window": window.waiting_for(folded.matvec.steps), "vectors": vectors}
        stage = kind(**self._header(node, name, flow, folded.serializer.lanes), **parts)
        return dataclasses.replace(self._append(flow, stage), codes=layers.code_range(node))

    def _cut_for_sums(self, flow: Flow, lanes: int, layer: str) -> Flow:
        """The flow, ``lanes`` elements to a beat, as ``krl_matvec`` takes it."""
        first = flow.stream == INPUT
        flow = self._cut(flow, lanes, layer)
        # krl_matvec takes a beat when done with it; at the border ready must not wait for valid
        return self._queue(flow, layer, kept=True) if first else flow

    def _average_pooling(self, node: QNode) -> Flow:
        op = node.op
        assert isinstance(op, QAveragePooling2D)
        flow, window, vectors = self._windows(node, self._take(node))
        turns, units = window.out_height * window.out_width, vectors.count
        shape = Shape(turns, vectors.pixels, units, vectors=units)
        folded = layers.fold(node, shape, window, flow.tensor, self.interval)
        name = self._name(layers.title(node))
        requantizer = average.pooling_requantizer(
            node, op, flow.tensor.shape, flow.codes, folded.serializer.lanes, self._constants(name)
        )
        reach = average.sums(vectors.pixels, flow.codes)
        stage = AveragePooling2DStage(
            **self._header(node, name, flow, folded.serializer.lanes),
            **average.parts(folded.matvec, folded.serializer, reach, requantizer),
            window=window.waiting_for(folded.matvec.steps),
            vectors=vectors,
        )
        low, high = op.clamp
        codes = min(max(flow.codes[0], low), high), min(max(flow.codes[1], low), high)
        return dataclasses.replace(self._append(flow, stage), codes=codes)

    def _global_average(self, node: QNode) -> Flow:
        op = node.op
        assert isinstance(op, QGlobalAveragePooling2D)
        flow = self._take(node)
        height, width, channels = flow.tensor.shape
        folded = layers.fold_pixels(node, flow.tensor, self.interval)
        matvec, serializer = folded.matvec, folded.serializer
        flow = self._cut_for_sums(flow, matvec.input_lanes, layers.title(node))
        name = self._name(layers.title(node))
        zero = flow.tensor.format.zero_point
        requantizer = average.global_requantizer(
            node, op, height * width, zero, flow.codes, serializer.lanes, self._constants(name)
        )
        stage = GlobalAveragePooling2DStage(
            **self._header(node, name, flow, serializer.lanes),
            **average.parts(matvec, serializer, average.sums(height * width, flow.codes), requantizer),
            vectors=Vectors(1, 1, matvec.lanes, 1, matvec.lanes, channels, 1),
        )
        return dataclasses.replace(self._append(flow, stage), codes=op.clamp)

    def _add(self, node: QNode) -> Flow:
        op = node.op
        assert isinstance(op, QAdd)
        left, right = self._take(node, 0), self._take(node, 1)
        if left.tensor.shape != right.tensor.shape:
            raise Unsupported(
                f"layer '{node.name}': hardware adds tensors of one shape, "
                f"found {left.tensor.shape} and {right.tensor.shape}"
            )
        lanes = layers.few_lanes(left.tensor, self.interval)
        left, right = (self._cut(flow, lanes, layers.title(node)) for flow in (left, right))
        formats = left.tensor.format, right.tensor.format
        found = addition(node, op, formats, (left.codes, right.codes), lanes)
        name = self._name(layers.title(node))
        file, words = f"rom/{self.name}_{name}_table.mem", np.array(found.words)
        table = memories.column(file, words, found.total_bits, "word = code's bits") if found.table else None
        header = self._header(node, name, left, lanes) | {"sources": (left.stream, right.stream)}
        stage = AddStage(**header, right=right.tensor, addition=found, table=table)
        return dataclasses.replace(self._append(left, stage), codes=op.clamp)

    def _lookup(self, node: QNode) -> Flow:
        flow = self._take(node)
        lanes = layers.few_lanes(flow.tensor, self.interval)
        if flow.tensor.lanes == 0 or flow.tensor.lanes > lanes:
            flow = self._cut(flow, lanes, layers.title(node))
        name = self._name(layers.title(node))
        source = self.graph[node.inputs[0]]
        stage = LookupStage(
            **self._header(node, name, flow, flow.tensor.lanes),
            table=lookup.table(node, source, f"rom/{self.name}_{name}_table.mem"),
        )
        codes = lookup.image(node, source, flow.codes)
        return dataclasses.replace(self._append(flow, stage), codes=codes)

    def _constants(self, name: str) -> str:
        """The memory file of a requantizer."""
        return f"rom/{self.name}_{name}_constants.mem"

    def _header(self, node: QNode, name: str, flow: Flow, lanes: int) -> dict[str, Any]:
        """The fields of Stage."""
        return {
            "name": name,
            "layer": layers.title(node),
            "kind": node.op.kind,
            "module": f"{self.name}_{name}",
            "sources": (flow.stream,),
            "input": flow.tensor,
            "output": Tensor(node.shape, node.format, lanes),
        }
