# SPDX-License-Identifier: Apache-2.0
"""From the integer graph to the design: one stage a layer, converters and queues between them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from kerilog.errors import KerilogError, Unsupported
from kerilog.formats import IntArray
from kerilog.plan import buffers, cycles, memories
from kerilog.plan.design import (
    Conv2DStage,
    DenseStage,
    Design,
    FifoStage,
    LanesStage,
    MatVec,
    MatVecStage,
    MaxPooling2DStage,
    Serializer,
    Stage,
    Tensor,
    Window,
)
from kerilog.plan.folding import Folding, Shape, divisors, least_folding
from kerilog.plan.intervals import dot_interval
from kerilog.plan.naming import layer_name, verilog_name
from kerilog.plan.requantizer import requantizer_of
from kerilog.qgraph import (
    QConv2D,
    QDense,
    QGraph,
    QMaxPooling2D,
    QNode,
    QReshape,
)

HARDWARE = (QConv2D, QDense, QMaxPooling2D, QReshape)


def plan(graph: QGraph, interval: int | None = None, name: str | None = None) -> Design:
    """Plan the hardware of ``graph`` for one frame every ``interval`` cycles.

    The default interval is one input pixel a cycle. Raises Unsupported for an operation or a structure that
    the hardware does not take, KerilogError for an interval that is not reached, naming the layer in the way.
    """
    chain = _chain(graph)
    target = _default_interval(chain) if interval is None else interval
    if target < 1:
        raise KerilogError(f"the frame interval must be at least 1 cycle, found {interval}")
    title = verilog_name(name or graph.name)
    stages = _build(chain, title, target)
    measured = cycles.measure(stages)
    if interval is not None and measured.frame_interval > interval:
        stages = _faster(chain, title, interval, stages)
        measured = cycles.measure(stages)
    return Design(title, graph.scheme, stages, measured, chain[0].shape, chain[-1].shape)


def _build(chain: list[QNode], name: str, goal: int) -> tuple[Stage, ...]:
    """The stages, each of which alone keeps up with ``goal`` cycles a frame."""
    builder = _Builder(name, goal, chain[0])
    for node in chain[1:]:
        builder.add(node)
    return builder.finish()


def _faster(chain: list[QNode], name: str, interval: int, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Stages that together keep up with ``interval``, where ``stages`` do so only each alone.

    The goal of each is tightened by what is missing. Raises KerilogError when they cannot be tightened more.
    """
    slowest = max(stages, key=buffers.stage_cycles)
    shortest = reached = cycles.measure(stages).frame_interval
    goal = interval
    while reached > interval:
        goal -= reached - interval
        try:
            stages = _build(chain, name, goal) if goal > 0 else ()
        except KerilogError:
            stages = ()
        if not stages:
            raise KerilogError(
                f"layer '{slowest.layer}': {interval} cycles a frame are not reached, "
                f"the shortest interval found is {shortest}"
            )
        reached = cycles.measure(stages).frame_interval
        shortest = min(shortest, reached)
    return stages


def _chain(graph: QGraph) -> list[QNode]:
    """The nodes from the input to the output; raises Unsupported where they are not one chain."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise Unsupported(
            f"model '{graph.name}': hardware takes one input and one output, "
            f"found {len(graph.inputs)} and {len(graph.outputs)}"
        )
    chain = [graph.inputs[0]]
    while chain[-1].name != graph.outputs[0]:
        users = graph.users(chain[-1].name)
        if len(users) != 1 or len(users[0].inputs) != 1:
            raise Unsupported(f"layer '{users[0].name}': hardware does not take branches yet")
        chain.append(users[0])
    for node in chain[1:]:
        if not isinstance(node.op, HARDWARE):
            known = ", ".join(op.__name__.removeprefix("Q") for op in HARDWARE)
            raise Unsupported(f"layer '{node.name}': hardware does not take {node.op.kind} yet, only {known}")
    return chain


def _default_interval(chain: list[QNode]) -> int:
    """One pixel a cycle, in the largest image of the chain; of a flat input one element a cycle."""
    source = chain[0]
    if len(source.shape) == 1:
        return source.shape[0]
    return max(int(np.prod(node.shape[:-1])) for node in chain if len(node.shape) > 1)


def code_range(node: QNode) -> tuple[int, int]:
    """Smallest and largest code that the node's tensor can hold."""
    if isinstance(node.op, (QConv2D, QDense, QMaxPooling2D)):
        return node.op.clamp
    return node.format.minimum, node.format.maximum


class _Builder:
    """Collects the stages of a chain.

    ``here`` is the tensor as it stands at the end of what has been built.
    """

    def __init__(self, name: str, interval: int, source: QNode) -> None:
        self.name = name
        self.interval = interval
        self.stages: list[Stage] = []
        self.names: set[str] = set()
        self.range = code_range(source)
        self.here = Tensor(source.shape, source.format, 0)  # lanes: as the first layer wants them

    def add(self, node: QNode) -> None:
        if isinstance(node.op, QReshape):
            self.here = dataclasses.replace(self.here, shape=node.shape)
            return
        if isinstance(node.op, QConv2D):
            self._conv2d(node, node.op)
        elif isinstance(node.op, QDense):
            self._dense(node, node.op)
        elif isinstance(node.op, QMaxPooling2D):
            self._max_pooling(node, node.op)
        low, high = code_range(node)
        if not isinstance(node.op, QMaxPooling2D):
            self.range = (low, high)
        else:
            self.range = (max(low, self.range[0]), min(high, self.range[1]))

    def finish(self) -> tuple[Stage, ...]:
        """The stages, their queues and rings of rows fitted to the frame interval."""
        if not self.stages:
            raise Unsupported(f"model '{self.name}': there is no layer that computes anything")
        return buffers.fit(self.stages, self.interval)

    # ---- converters ----

    def _name(self, text: str) -> str:
        """A Verilog identifier for ``text`` that no other stage has."""
        base = name = verilog_name(text)
        count = 1
        while name in self.names:
            count += 1
            name = f"{base}_{count}"
        self.names.add(name)
        return name

    def _lanes(self, lanes: int, node: QNode) -> Tensor:
        """The tensor, ``lanes`` elements to a beat.

        A stage before gets a queue behind it, on its wider side.
        """
        if not self.stages:
            self.here = dataclasses.replace(self.here, lanes=lanes)
            return self.here
        layer = layer_name(node.name, node.op.kind)
        for step in _lane_steps(self.here.lanes, lanes):
            if step < self.here.lanes:
                self._queue(layer)
            out = dataclasses.replace(self.here, lanes=step)
            name = self._name(f"{layer}_lanes")
            self.stages.append(LanesStage(name, layer, "Lanes", "krl_lanes", self.here, out))
            self.here = out
        if not (isinstance(self.stages[-1], LanesStage) and self.stages[-1].input.lanes > lanes):
            self._queue(layer)
        return self.here

    def _queue(self, layer: str) -> None:
        name = self._name(f"{layer}_fifo")
        self.stages.append(FifoStage(name, layer, "Fifo", "krl_fifo", self.here, self.here, cycles.UNBOUNDED))

    # ---- layers ----

    def _max_pooling(self, node: QNode, op: QMaxPooling2D) -> None:
        window = _window(self.here, op.pool_size, op.strides, op.padding, node, self.here.format.minimum)
        window = _in_time(window, self.interval)
        tensor = self._lanes(window.pixels * window.channels, node)
        out = Tensor(node.shape, node.format, node.shape[-1])
        layer = layer_name(node.name, node.op.kind)
        name = self._name(layer)
        self.stages.append(
            MaxPooling2DStage(
                name, layer, op.kind, f"{self.name}_{name}", tensor, out, window, op.clamp[0], op.clamp[1]
            )
        )
        self.here = out

    def _conv2d(self, node: QNode, op: QConv2D) -> None:
        if op.groups != 1 or op.dilation_rate != (1, 1):
            raise Unsupported(f"layer '{node.name}': hardware does not take groups or dilation yet")
        kernel_h, kernel_w, _, units = op.kernel.shape
        kernel_size = (kernel_h, kernel_w)
        window = _window(self.here, kernel_size, op.strides, op.padding, node, self.here.format.zero_point)
        window = _in_time(window, self.interval)
        tensor = self._lanes(window.pixels * window.channels, node)
        vectors = window.out_height * window.out_width
        shape = Shape(vectors, window.window_lanes, units, False, window.window_lanes)
        folding = least_folding(shape, self.interval, layer_name(node.name, node.op.kind))
        kernel = op.kernel.reshape(-1, units)
        name = self._name(layer_name(node.name, node.op.kind))
        parts = self._matvec(name, node, kernel, folding, shape, beats=1, lanes=window.window_lanes)
        self._append(Conv2DStage(**self._header(name, node, tensor, folding), **parts, window=window))

    def _dense(self, node: QNode, op: QDense) -> None:
        if len(node.shape) != 1:
            raise Unsupported(
                f"layer '{node.name}': hardware takes a flat input for Dense, found {node.shape}"
            )
        inputs, units = op.kernel.shape
        lanes = self.here.lanes or inputs
        shape = Shape(1, inputs, units, True, lanes)
        folding = least_folding(shape, self.interval, layer_name(node.name, node.op.kind))
        first = not self.stages
        tensor = self._lanes(folding.simd, node)
        if first:
            # krl_matvec takes a beat when it has done with it; at the border ready must not wait for valid
            self._queue(layer_name(node.name, node.op.kind))
        name = self._name(layer_name(node.name, node.op.kind))
        parts = self._matvec(name, node, op.kernel, folding, shape, beats=tensor.beats, lanes=folding.simd)
        self._append(DenseStage(**self._header(name, node, tensor, folding), **parts))

    def _append(self, stage: MatVecStage) -> None:
        self.stages.append(stage)
        self.here = stage.output

    def _header(self, name: str, node: QNode, tensor: Tensor, folding: Folding) -> dict[str, Any]:
        """The fields of Stage."""
        return {
            "name": name,
            "layer": layer_name(node.name, node.op.kind),
            "kind": node.op.kind,
            "module": f"{self.name}_{name}",
            "input": tensor,
            "output": Tensor(node.shape, node.format, folding.lanes),
        }

    def _matvec(
        self, name: str, node: QNode, kernel: IntArray, folding: Folding, shape: Shape, beats: int, lanes: int
    ) -> dict[str, Any]:
        """The fields that MatVecStage adds to Stage.

        ``kernel`` (inputs, units) in the order of the stream.
        """
        op = node.op
        assert isinstance(op, (QConv2D, QDense))
        reach = dot_interval(kernel, *self.range)
        # the multipliers see raw codes: the input's zero point times the weights joins the bias
        bias = op.bias - self.here.format.zero_point * kernel.sum(axis=0)
        matvec = MatVec(
            pe=folding.pe,
            simd=folding.simd,
            lanes=lanes,
            beats=beats,
            groups=-(-shape.units // folding.pe),
            credits=0,
            x_bits=self.here.bits,
            w_bits=op.kernel_format.bits,
            acc_bits=reach.bits,
        )
        serializer = Serializer(folding.pe, folding.lanes, shape.units, 0, reach.bits)
        places = _places(matvec, serializer)
        matvec = dataclasses.replace(matvec, credits=places)
        serializer = dataclasses.replace(serializer, depth=places)
        stem = f"rom/{self.name}_{name}"
        requantizer, constants = requantizer_of(node, op, serializer, reach, bias, f"{stem}_constants.mem")
        return {
            "matvec": matvec,
            "weights": memories.weights(f"{stem}_weights.mem", kernel, matvec),
            "serializer": serializer,
            "requantizer": requantizer,
            "constants": constants,
            "accumulator": reach,
            "weight_format": op.kernel_format,
            "bias_format": op.bias_format,
            "macs": shape.vectors * shape.inputs * shape.units,
        }


def _lane_steps(lanes_in: int, lanes_out: int) -> list[int]:
    """Lane counts to pass through: one divides the next or the reverse."""
    if lanes_in == lanes_out:
        return []
    if lanes_in % lanes_out == 0 or lanes_out % lanes_in == 0:
        return [lanes_out]
    return [int(np.gcd(lanes_in, lanes_out)), lanes_out]


def _places(matvec: MatVec, serializer: Serializer) -> int:
    """Result words to hold so that the multipliers do not wait for earlier results to leave.

    A streamed vector finishes all its groups at once: room for every vector whose results are still leaving
    when the next ones are finished. Otherwise words finish one by one: room for those on their way.
    """
    slices = serializer.pe // serializer.lanes
    if matvec.beats > 1:
        leaving = matvec.latency + 2 + matvec.groups * slices
        return matvec.groups * -(-leaving // matvec.steps)
    return 1 + -(-(matvec.latency + 2 + slices) // max(matvec.folds, slices))


def _window(
    tensor: Tensor,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    padding: tuple[tuple[int, int], tuple[int, int]],
    node: QNode,
    pad_code: int,
) -> Window:
    """The windows of an image that comes one pixel a beat; the ring of rows is fitted later."""
    height, width, channels = tensor.shape
    for size, count, side, step, cells in zip(
        (height, width), node.shape, kernel, strides, padding, strict=False
    ):
        if cells[0] >= side or (count - 1) * step - cells[0] >= size:
            raise Unsupported(
                f"layer '{node.name}': hardware needs a pixel of the image in every window, "
                f"found a padding of {cells} around {size} with a kernel of {side}"
            )
    return Window(
        height=height,
        width=width,
        channels=channels,
        bits=tensor.bits,
        pixels=1,
        kernel_h=kernel[0],
        kernel_w=kernel[1],
        stride_h=strides[0],
        stride_w=strides[1],
        pad_top=padding[0][0],
        pad_left=padding[1][0],
        out_height=node.shape[0],
        out_width=node.shape[1],
        pad_code=pad_code,
        rows=buffers.ample_rows(kernel[0], padding[0][0]),
        block=int(width * channels * tensor.bits >= memories.BLOCK_BITS),
    )


def _in_time(window: Window, interval: int) -> Window:
    """``window`` with the fewest pixels a beat that reach ``interval``; as it is where none does."""
    for pixels in divisors(window.width):
        wider = dataclasses.replace(window, pixels=pixels)
        if max(wider.cycles, wider.height * wider.row_words) <= interval:
            return wider
    return window
