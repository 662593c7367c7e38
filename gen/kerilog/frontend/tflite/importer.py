# SPDX-License-Identifier: Apache-2.0
"""What every operator's importer needs: the tensors of the file, the nodes made so far, and the checks they
share.

Errors raised here name the operator or tensor; ``load_tflite`` puts the file in front.
"""

from __future__ import annotations

import dataclasses
from typing import NoReturn

import numpy as np

from kerilog.errors import KerilogError, Unsupported
from kerilog.formats import Affine, IntArray
from kerilog.frontend.tflite.file import Model, Operator, Tensor
from kerilog.graph import Pair, Shape
from kerilog.qgraph import Clamp, Padding, QConstant, QConv2D, QInput, QNode, QOp, Rescale
from kerilog.scales import Rounding, largest_factor

ACTIVATIONS = {0: "linear", 1: "relu", 3: "relu6"}
ShapeValues = tuple[int | None, ...]  # entries of a shape tensor, None for the batch


@dataclasses.dataclass(frozen=True, eq=False)
class Space:
    """``source`` padded and dealt out over ``block`` batches by SPACE_TO_BATCH_ND, then through ``conv``."""

    source: Tensor
    block: Pair
    padding: Padding
    conv: QConv2D | None = None


class Importer:
    """The graph under construction."""

    def __init__(self, model: Model, rounding: Rounding) -> None:
        self.model = model
        self.rounding = rounding
        self.nodes: list[QNode] = []
        self.names: dict[int, str] = {}
        self.float_inputs: set[int] = set()
        self.shape_values: dict[int, ShapeValues] = {}
        self.spaces: dict[int, Space] = {}
        self._taken: set[str] = set()

    def fail(self, op: Operator | str, message: str) -> NoReturn:
        """Raise ``KerilogError`` for ``op``."""
        raise KerilogError(f"{self._where(op)}: {message}")

    def unsupported(self, op: Operator, message: str) -> NoReturn:
        """Raise ``Unsupported`` for ``op``."""
        raise Unsupported(f"{self._where(op)}: {message}")

    def _where(self, op: Operator | str) -> str:
        if isinstance(op, str):
            return op
        name = self.model.tensors[op.outputs[0]].name if op.outputs and op.outputs[0] >= 0 else str(op.index)
        return f"{op.kind} {name!r}"

    def expect(self, op: Operator, inputs: range, outputs: int = 1) -> None:
        """Check the counts of ``op``'s inputs and outputs."""
        if len(op.inputs) not in inputs or len(op.outputs) != outputs or -1 in op.outputs:
            expected = f"{inputs.start}..{inputs.stop - 1} inputs and {outputs} output"
            self.fail(op, f"expected {expected}, found {len(op.inputs)} and {len(op.outputs)}")

    def stored(self, op: Operator, position: int) -> Tensor | None:
        """The tensor at input ``position`` of ``op``, or None where it was left out."""
        index = op.inputs[position] if position < len(op.inputs) else -1
        return self.model.tensors[index] if index >= 0 else None

    def required(self, op: Operator, position: int) -> Tensor:
        """As ``stored``, for an input that may not be left out."""
        tensor = self.stored(op, position)
        return tensor if tensor is not None else self.fail(op, f"expected an input {position}, found none")

    def constant(self, op: Operator, position: int, kind: str) -> IntArray:
        """The constant of type ``kind`` at input ``position``, as int64."""
        tensor = self.required(op, position)
        if tensor.type != kind:
            self.fail(op, f"input {position} {tensor.name!r}: expected {kind}, found {tensor.type}")
        if tensor.data is None:
            self.fail(op, f"input {position} {tensor.name!r}: expected a constant, found a computed tensor")
        return tensor.data.astype(np.int64)

    def activation(self, op: Operator, position: int = 0, rank: int | None = None) -> Tensor:
        """The computed int8 tensor at input ``position``; ``rank`` counts the batch axis."""
        tensor = self.required(op, position)
        self.check_activation(op, tensor)
        if tensor.index not in self.names:
            self.fail(op, f"input {position} {tensor.name!r}: expected a tensor made before, found none")
        if rank is not None and len(tensor.shape) != rank:
            self.fail(
                op, f"input {position} {tensor.name!r}: expected {rank} axes, found shape {tensor.shape}"
            )
        return tensor

    def operand(self, op: Operator, position: int) -> Tensor:
        """As ``activation``; a constant becomes a node of its own."""
        tensor = self.required(op, position)
        if tensor.data is not None and tensor.index not in self.names:
            self.check_quantized(op, tensor)
            if tensor.type != "int8":
                self.fail(op, f"input {position} {tensor.name!r}: expected int8, found {tensor.type}")
            shape = self.operand_shape(op, tensor)
            self._append(tensor, QConstant(tensor.data.astype(np.int64).reshape(shape)), (), shape)
        return self.activation(op, position) if tensor.data is None else tensor

    def operand_shape(self, op: Operator, tensor: Tensor) -> Shape:
        """The shape of an operand without its batch axis, which a constant may lack."""
        rank = len(self.output(op).shape)
        shape = tensor.shape[1:] if len(tensor.shape) == rank and tensor.shape[0] == 1 else tensor.shape
        if len(shape) >= rank:
            self.unsupported(op, f"an operand of shape {tensor.shape}")
        return shape

    def output(self, op: Operator) -> Tensor:
        """The int8 tensor that ``op`` makes."""
        tensor = self.model.tensors[op.outputs[0]]
        self.check_activation(op, tensor)
        return tensor

    def check_activation(self, op: Operator | str, tensor: Tensor) -> None:
        """Check that ``tensor`` is int8, one batch, quantized per tensor."""
        if tensor.type != "int8":
            self.fail(op, f"{tensor.name!r}: expected int8 (a full-integer model), found {tensor.type}")
        if not tensor.shape or tensor.shape[0] != 1:
            self.fail(op, f"{tensor.name!r}: expected a batch of 1 or a free one, found shape {tensor.shape}")
        if 0 in tensor.shape:
            self.fail(op, f"{tensor.name!r}: expected at least one element, found shape {tensor.shape}")
        self.check_quantized(op, tensor)

    def check_quantized(self, op: Operator | str, tensor: Tensor) -> None:
        """Check that ``tensor`` has one scale and a zero point that int8 holds."""
        if tensor.scales is None or len(tensor.scales) != 1:
            count = 0 if tensor.scales is None else len(tensor.scales)
            self.fail(op, f"{tensor.name!r}: expected one scale, found {count}")
        if not -128 <= tensor.zeros[0] <= 127:
            self.fail(op, f"{tensor.name!r}: expected a zero point of -128..127, found {tensor.zeros[0]}")

    def same_format(self, op: Operator, *tensors: Tensor) -> None:
        """Check that all ``tensors`` have the scale and zero point of ``op``'s output."""
        target = format_of(self.output(op))
        for tensor in tensors:
            if format_of(tensor) != target:
                self.fail(op, f"{tensor.name!r}: expected the output's {target}, found {format_of(tensor)}")

    def clamp(self, op: Operator, activation: int) -> Clamp:
        """The codes that a fused activation lets through (``CalculateActivationRangeQuantized``)."""
        if activation not in ACTIVATIONS:
            self.unsupported(op, f"fused activation {activation}; expected none, RELU or RELU6")
        return clamp_of(self.output(op), ACTIVATIONS[activation])

    def check_range(self, op: Operator, factor: Rescale, bound: int) -> None:
        """Check that no value up to ``bound``, nor its product with ``factor``, leaves 32 bits."""
        if bound >= 1 << 31:
            self.fail(op, f"expected sums below 2**31, found up to {bound}")
        if bound * largest_factor(factor) >= 1 << 30:
            self.fail(op, f"expected outputs below 2**30, found a factor of {largest_factor(factor):g}")

    def add(self, op: Operator, made: QOp, inputs: tuple[Tensor | str, ...], shape: Shape) -> None:
        """Append the node for ``op``'s output, whose shape must be ``shape``; a name stands for its node."""
        target = self.output(op)
        if target.shape[1:] != tuple(shape):
            self.fail(
                op, f"{target.name!r}: expected shape (1, {str(tuple(shape))[1:]}, found {target.shape}"
            )
        if target.index in self.names:
            self.fail(op, f"{target.name!r}: expected one operator to make it, found a second")
        names = tuple(item if isinstance(item, str) else self.names[item.index] for item in inputs)
        self._append(target, made, names, tuple(shape))

    def add_inputs(self) -> None:
        """Append the int8 inputs of the graph; float32 ones are taken by the QUANTIZE behind them."""
        for tensor in (self.model.tensors[index] for index in self.model.inputs):
            if tensor.type == "float32":
                self.float_inputs.add(tensor.index)
            else:
                self.check_activation(f"input {tensor.name!r}", tensor)
                self._append(tensor, QInput(), (), tensor.shape[1:])

    def add_hidden(self, tensor: Tensor, suffix: str, made: QOp, shape: Shape) -> str:
        """Append a node on ``tensor``, of its format, that the file has no tensor for; give its name."""
        name = self._unique(f"{self.names[tensor.index]}/{suffix}")
        self.nodes.append(QNode(name, made, (self.names[tensor.index],), shape, format_of(tensor)))
        return name

    def _append(self, tensor: Tensor, made: QOp, inputs: tuple[str, ...], shape: Shape) -> None:
        self.names[tensor.index] = self._unique(tensor.name or f"tensor_{tensor.index}")
        self.nodes.append(QNode(self.names[tensor.index], made, inputs, shape, format_of(tensor)))

    def _unique(self, name: str) -> str:
        candidate, count = name, 1
        while candidate in self._taken:
            count += 1
            candidate = f"{name}_{count}"
        self._taken.add(candidate)
        return candidate


def scale_of(tensor: Tensor) -> np.float32:
    """The scale of a tensor that has one."""
    if tensor.scales is None:
        raise KerilogError(f"{tensor.name!r}: expected one scale, found none")
    scale: np.float32 = tensor.scales[0]
    return scale


def format_of(tensor: Tensor) -> Affine:
    """The format of an int8 tensor."""
    return Affine(8, float(scale_of(tensor)), int(tensor.zeros[0]))


def clamp_of(tensor: Tensor, activation: str) -> Clamp:
    """The codes of ``tensor`` that an activation lets through."""
    zero, low, high = int(tensor.zeros[0]), -128, 127
    if activation != "linear":
        low = max(low, zero)
    if activation == "relu6":
        high = min(high, zero + int(np.floor(np.float32(6) / scale_of(tensor) + np.float32(0.5))))
    return low, high
