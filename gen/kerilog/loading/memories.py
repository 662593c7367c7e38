# SPDX-License-Identifier: Apache-2.0
"""The memories of a design's loadable layers, filled with the numbers of a network."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from kerilog.errors import KerilogError
from kerilog.exact.intervals import dot_interval
from kerilog.formats import Format
from kerilog.hardware.memories import Field, Memory, requantizer_rom
from kerilog.hardware.modules.matvec import Folding
from kerilog.hardware.room import AffineRoom, FixedRoom, form_of
from kerilog.hardware.sums import weight_memory
from kerilog.manifest import Loadable, LoadedLayer, LoadedRequantizer, LoadedWeights
from kerilog.qgraph import QConv2D, QDense, QGraph, QNode

MOST_BITS = 1 << 33
"""Of a memory that a manifest tells of: more than any FPGA holds."""


def memories_of(loadable: Loadable, graph: QGraph) -> Iterator[Memory]:
    """The memories of ``graph``, in the order in which they are loaded.

    Raises KerilogError, naming the layer, for numbers that do not fit the design.
    """
    for layer in loadable.layers:
        node = next((node for node in graph if node.name == layer.layer), None)
        if node is None or not isinstance(node.op, QConv2D | QDense):
            raise KerilogError(f"layer '{layer.layer}': expected a layer with weights, as the design has")
        yield from _memories(layer, node, node.op, graph[node.inputs[0]].format)


def _memories(layer: LoadedLayer, node: QNode, op: QConv2D | QDense, source: Format) -> tuple[Memory, Memory]:
    kernel = op.kernel.reshape(-1, op.kernel.shape[-1])
    folding = _folding(layer.layer, layer.weights, kernel.shape)
    reach = dot_interval(kernel, *layer.codes)
    bias = op.bias + source.line[1] * kernel.sum(axis=0)
    room = _room(layer.requantizer)
    fields: list[Field]
    if isinstance(room, FixedRoom):
        fields = room.fields(bias, node.name)
    else:
        zero = node.format.zero_point
        form = form_of(op.rescale, bias, reach, (op.clamp[0] - zero, op.clamp[1] - zero), node.name)
        fields = room.fields(form, reach, node.name)
    constants = requantizer_rom(layer.requantizer.file, layer.requantizer.lanes, fields)
    found = weight_memory(layer.weights.file, kernel, folding, layer.weights.bits), constants
    tellings: tuple[LoadedWeights | LoadedRequantizer, ...] = (layer.weights, layer.requantizer)
    for memory, told in zip(found, tellings, strict=True):
        if (memory.depth, memory.width) != (told.depth, told.width):
            raise KerilogError(
                f"layer '{node.name}': expected {told.depth} words of {told.width} bits in {told.file}, "
                f"found {memory.depth} of {memory.width}; build the design again"
            )
    return found


def _folding(layer: str, told: LoadedWeights, shape: tuple[int, ...]) -> Folding:
    """How the design folds a kernel of ``shape`` (inputs, outputs of one window)."""
    folding = Folding(
        pe=told.pe,
        simd=told.simd,
        lanes=told.lanes,
        beats_per_vector=told.beats_per_vector,
        groups=told.groups,
        outputs=told.outputs,
        result_lanes=1,
        vectors=told.vectors,
        turns=told.turns,
    )
    inputs, outputs = shape
    if folding.steps * folding.products * told.bits > MOST_BITS or folding.outputs % outputs:
        raise KerilogError(f"layer '{layer}': the manifest tells of a memory for other weights; build again")
    if (
        not inputs <= told.beats_per_vector * told.lanes
        or folding.outputs > told.turns * told.groups * told.pe
    ):
        raise KerilogError(f"layer '{layer}': the manifest tells of a folding of other weights; build again")
    return folding


def _room(told: LoadedRequantizer) -> AffineRoom | FixedRoom:
    if told.bias_bits is not UNSET and told.bias_shift is not UNSET:
        return FixedRoom(told.bias_bits, told.bias_shift)
    names = ("shift", "multiplier_bits", "offset_bits", "negative_correction_bits", "total_bits")
    return AffineRoom(*(getattr(told, name) for name in names))
