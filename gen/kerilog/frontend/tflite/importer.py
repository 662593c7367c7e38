# SPDX-License-Identifier: Apache-2.0
"""What every operator's importer needs: the tensors of the file, the nodes made so far, and the checks they
share.

Errors raised here name the operator or tensor; ``load_tflite`` puts the file in front. While the graph is
under construction its nodes go by the index of their tensor; ``finished`` gives them their layers' names.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import NoReturn

import numpy as np

from kerilog.errors import KerilogError, Unsupported
from kerilog.formats import Affine, ClassNumber, IntArray, UnsignedAffine
from kerilog.frontend.tflite.file import Model, Operator, Tensor
from kerilog.frontend.tflite.names import Made, layer_names
from kerilog.frontend.tflite.words import FUSED, keras_words
from kerilog.graph import Pair, Shape
from kerilog.names import Names, shown
from kerilog.qgraph import (
    Clamp,
    Padding,
    QArgMax,
    QConstant,
    QConv2D,
    QInput,
    QNode,
    QOp,
    QReshape,
    Rescale,
)
from kerilog.scales import Rounding, largest_factor
from kerilog.tables import Step

BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "linear": (None, None),
    "relu": (0, None),
    "relu6": (0, 6),
    "relu_n1_to_1": (-1, 1),
    "relu_0_to_1": (0, 1),
}
"""What activations let through: the smallest and the largest number, or None."""
ACTIVATIONS = tuple(BOUNDS)[:-1]
"""Those that an operator may have inside."""
Island = tuple[Tensor, tuple[Step, ...]]  # the int8 tensor and the float functions of it
ShapeValues = tuple[int | None, ...]  # entries of a shape tensor, None for the batch


@dataclasses.dataclass(frozen=True, eq=False)
class Space:
    """``source`` padded and dealt out over ``block`` batches by SPACE_TO_BATCH_ND, then through ``conv``.

    A sequence counts as an image of height 1, by its shape alone.
    """

    source: Tensor
    block: Pair
    padding: Padding
    conv: QConv2D | None = None


class Importer:
    """The graph under construction."""

    def __init__(self, model: Model, rounding: Rounding) -> None:
        self.model = model
        self.rounding = rounding
        self.tensors = list(model.tensors)
        self.nodes: list[QNode] = []
        self.keys: dict[int, str] = {}  # by tensor, what its node is called for the time being
        self.float_inputs: set[int] = set()
        self.islands: dict[int, Island] = {}  # float tensors behind a DEQUANTIZE
        self.shape_values: dict[int, ShapeValues] = {}
        self.spaces: dict[int, Space] = {}
        self._doubtful: set[int] = set()
        self._hidden: dict[str, tuple[str, str]] = {}  # by key: the key of its input, what to add to its name

    def finished(self) -> tuple[tuple[QNode, ...], dict[int, str]]:
        """The nodes, and the name of each tensor that has one."""
        names = self.names()
        nodes = tuple(
            dataclasses.replace(node, name=names[node.name], inputs=tuple(names[key] for key in node.inputs))
            for node in self.nodes
        )
        return nodes, {index: names[key] for index, key in self.keys.items()}

    def names(self, others: Mapping[int, str] = {}) -> dict[str, str]:
        """The name of each node by its key, and of the tensors ``others``, kinds of operators by index."""
        kinds = {int(node.name): node.op.kind for node in self.nodes if node.name not in self._hidden}
        kinds |= others
        made = [Made(self.tensors[index].name, kind) for index, kind in kinds.items()]
        names = {str(index): name for index, name in zip(kinds, layer_names(made), strict=True)}
        taken = Names(names.values())
        for key, (source, suffix) in self._hidden.items():
            names[key] = taken.take(f"{names.get(source, '')}/{suffix}")
        return names

    def give_up(self, op: Operator) -> None:
        """Let others take what ``op`` would have made."""
        for index in op.outputs:
            if index >= 0:
                self._doubtful.add(index)
                self.keys.setdefault(index, str(index))

    def is_doubtful(self, op: Operator) -> bool:
        """Whether ``op`` takes what an operator makes that was given up."""
        return not self._doubtful.isdisjoint(op.inputs)

    def fail(self, op: Operator | str, message: str) -> NoReturn:
        """Raise ``KerilogError`` for ``op``."""
        raise KerilogError(f"{self._where(op)}: {message}")

    def unsupported(self, op: Operator, found: str, taken: str) -> NoReturn:
        """Raise ``Unsupported`` for ``op`` with ``found``, where only ``taken`` is supported."""
        raise Unsupported(f"{self.words(op)} with {found} is not supported, only {taken}")

    def words(self, op: Operator) -> str:
        """What Keras and TFLite call an operator of this kind."""
        return keras_words(op.kind)

    def _where(self, op: Operator | str) -> str:
        if isinstance(op, str):
            return op
        name = self.tensors[op.outputs[0]].name if op.outputs and op.outputs[0] >= 0 else str(op.index)
        return f"{op.kind} {shown(name)}"

    def expect(self, op: Operator, inputs: range, outputs: int = 1) -> None:
        """Check the counts of ``op``'s inputs and outputs."""
        if len(op.inputs) not in inputs or len(op.outputs) != outputs or -1 in op.outputs:
            expected = f"{inputs.start}..{inputs.stop - 1} inputs and {outputs} output"
            self.fail(op, f"expected {expected}, found {len(op.inputs)} and {len(op.outputs)}")

    def stored(self, op: Operator, position: int) -> Tensor | None:
        """The tensor at input ``position`` of ``op``, or None where it was left out."""
        index = op.inputs[position] if position < len(op.inputs) else -1
        return self.tensors[index] if index >= 0 else None

    def required(self, op: Operator, position: int) -> Tensor:
        """As ``stored``, for an input that may not be left out."""
        tensor = self.stored(op, position)
        return tensor if tensor is not None else self.fail(op, f"expected an input {position}, found none")

    def constant(self, op: Operator, position: int, kind: str) -> IntArray:
        """The constant of type ``kind`` at input ``position``, as int64."""
        tensor = self.required(op, position)
        if tensor.type != kind:
            self.fail(op, f"input {position} {shown(tensor.name)}: expected {kind}, found {tensor.type}")
        if tensor.data is None:
            self.fail(
                op, f"input {position} {shown(tensor.name)}: expected a constant, found a computed tensor"
            )
        return tensor.data.astype(np.int64)

    def activation(self, op: Operator, position: int = 0, rank: int | None = None) -> Tensor:
        """The computed int8 tensor at input ``position``; ``rank`` counts the batch axis."""
        tensor = self.required(op, position)
        self.check_activation(op, tensor)
        if tensor.index not in self.keys:
            self.fail(op, f"input {position} {shown(tensor.name)}: expected a tensor made before, found none")
        if rank is not None and len(tensor.shape) != rank:
            self.fail(
                op, f"input {position} {shown(tensor.name)}: expected {rank} axes, found shape {tensor.shape}"
            )
        return tensor

    def operand(self, op: Operator, position: int) -> Tensor:
        """As ``activation``; a constant becomes a node of its own."""
        tensor = self.required(op, position)
        if tensor.data is not None and tensor.index not in self.keys:
            self.check_quantized(op, tensor)
            if tensor.type != "int8":
                self.fail(op, f"input {position} {shown(tensor.name)}: expected int8, found {tensor.type}")
            shape = self.operand_shape(op, tensor)
            self._append(tensor, QConstant(tensor.data.astype(np.int64).reshape(shape)), (), shape)
        return self.activation(op, position) if tensor.data is None else tensor

    def operand_shape(self, op: Operator, tensor: Tensor) -> Shape:
        """The shape of an operand without its batch axis, which a constant may lack."""
        rank = len(self.output(op).shape)
        shape = tensor.shape[1:] if len(tensor.shape) == rank and tensor.shape[0] == 1 else tensor.shape
        if len(shape) >= rank:
            self.unsupported(op, f"an operand of shape {tensor.shape}", f"operands of fewer than {rank} axes")
        return shape

    def output(self, op: Operator) -> Tensor:
        """The int8 tensor that ``op`` makes."""
        tensor = self.tensors[op.outputs[0]]
        self.check_activation(op, tensor)
        return tensor

    def check_activation(self, op: Operator | str, tensor: Tensor) -> None:
        """Check that ``tensor`` is int8 (uint8 at the ends of the graph), one batch, quantized per tensor."""
        if tensor.type != "int8" and not (tensor.type == "uint8" and self._is_end(op, tensor)):
            self.fail(op, f"{shown(tensor.name)}: expected int8 (a full-integer model), found {tensor.type}")
        if not tensor.shape or tensor.shape[0] != 1:
            self.fail(
                op, f"{shown(tensor.name)}: expected a batch of 1 or a free one, found shape {tensor.shape}"
            )
        if 0 in tensor.shape:
            self.fail(op, f"{shown(tensor.name)}: expected at least one element, found shape {tensor.shape}")
        self.check_quantized(op, tensor)

    def _is_end(self, op: Operator | str, tensor: Tensor) -> bool:
        """Whether ``tensor`` is an input or an output of the graph, and ``op`` its QUANTIZE or that input."""
        if isinstance(op, str):
            return tensor.index in self.model.inputs
        first, last = tensor.index in op.inputs, tensor.index in op.outputs
        inside = (first and tensor.index in self.model.inputs) or (
            last and tensor.index in self.model.outputs
        )
        return op.kind == "QUANTIZE" and inside

    def check_quantized(self, op: Operator | str, tensor: Tensor) -> None:
        """Check that ``tensor`` has one scale and a zero point that is a code."""
        if tensor.scales is None or len(tensor.scales) != 1:
            count = 0 if tensor.scales is None else len(tensor.scales)
            self.fail(op, f"{shown(tensor.name)}: expected one scale, found {count}")
        low, high = (0, 255) if tensor.type == "uint8" else (-128, 127)
        if not low <= tensor.zeros[0] <= high:
            found = f"expected a zero point of {low}..{high}, found {tensor.zeros[0]}"
            self.fail(op, f"{shown(tensor.name)}: {found}")

    def same_format(self, op: Operator, *tensors: Tensor) -> None:
        """Check that all ``tensors`` have the scale and zero point of ``op``'s output."""
        target = format_of(self.output(op))
        for tensor in tensors:
            if format_of(tensor) != target:
                self.fail(
                    op, f"{shown(tensor.name)}: expected the output's {target}, found {format_of(tensor)}"
                )

    def clamp(self, op: Operator, activation: int) -> Clamp:
        """The codes that a fused activation lets through (``CalculateActivationRangeQuantized``)."""
        name = FUSED.get(activation, f"number {activation}")
        if name not in ACTIVATIONS:
            self.unsupported(op, f"activation '{name}'", ", ".join(ACTIVATIONS))
        return clamp_of(self.output(op), name)

    def check_range(self, op: Operator, factor: Rescale, bound: int) -> None:
        """Check that no value up to ``bound``, nor its product with ``factor``, leaves 32 bits."""
        if bound >= 1 << 31:
            self.fail(op, f"expected sums below 2**31, found up to {bound}")
        if bound * largest_factor(factor) >= 1 << 30:
            self.fail(op, f"expected outputs below 2**30, found a factor of {largest_factor(factor):g}")

    def add(self, op: Operator, made: QOp, inputs: tuple[Tensor | str, ...], shape: Shape) -> None:
        """Append the node for ``op``'s output, whose shape must be ``shape``; a key stands for its node.

        Sizes that the file leaves open become those of ``shape``.
        """
        target = self._settled(self.output(op), tuple(shape))
        if target.shape[1:] != tuple(shape):
            self.fail(
                op, f"{shown(target.name)}: expected shape (1, {str(tuple(shape))[1:]}, found {target.shape}"
            )
        if target.index in self.keys:
            self.fail(op, f"{shown(target.name)}: expected one operator to make it, found a second")
        keys = tuple(item if isinstance(item, str) else self.keys[item.index] for item in inputs)
        self._append(target, made, keys, tuple(shape))

    def add_class(self, op: Operator, source: Tensor) -> None:
        """Append the node for ``op``'s output: the numbers of the classes whose scores ``source`` are."""
        target = self.tensors[op.outputs[0]]
        if target.type not in ("int32", "int64"):
            self.fail(op, f"{shown(target.name)}: expected int32 or int64, found {target.type}")
        if target.index not in self.model.outputs or target.shape != source.shape[:-1]:
            found = f"a result of shape {target.shape}"
            self.unsupported(op, found, f"an output of the network, of shape {source.shape[:-1]}")
        self.keys[target.index] = str(target.index)
        format, shape = ClassNumber.of(source.shape[-1]), source.shape[1:-1] or (1,)
        self.nodes.append(QNode(str(target.index), QArgMax(), (self.keys[source.index],), shape, format))

    def add_input(self, index: int) -> None:
        """Append an int8 or uint8 input of the graph; a float32 one is taken by the QUANTIZE behind it."""
        tensor = self.tensors[index]
        where = f"input {shown(tensor.name)}"
        if -1 in tensor.signature[1:]:
            self.fail(where, f"expected fixed sizes after the batch axis, found {tensor.signature}")
        if tensor.type == "float32":
            self.float_inputs.add(tensor.index)
        else:
            self.check_activation(where, tensor)
            self._append(tensor, QInput(), (), tensor.shape[1:])

    def _settled(self, tensor: Tensor, shape: Shape) -> Tensor:
        """``tensor`` with the sizes of ``shape`` where its signature leaves them open."""
        if len(tensor.signature) != len(tensor.shape) or len(shape) != len(tensor.shape) - 1:
            return tensor
        pairs = zip(tensor.signature[1:], tensor.shape[1:], shape, strict=True)
        sizes = (computed if free == -1 else stored for free, stored, computed in pairs)
        settled = dataclasses.replace(tensor, shape=(tensor.shape[0], *sizes))
        self.tensors[tensor.index] = settled
        return settled

    def image(self, op: Operator, position: int = 0) -> tuple[Tensor | str, Shape]:
        """The computed tensor at input ``position`` as an image, with its shape: a sequence has height 1."""
        tensor = self.activation(op, position)
        if len(tensor.shape) == 4:
            return tensor, tensor.shape[1:]
        if len(tensor.shape) != 3:
            self.fail(
                op, f"input {position} {shown(tensor.name)}: expected 3 or 4 axes, found shape {tensor.shape}"
            )
        shape = (1, *tensor.shape[1:])
        return self.add_hidden(tensor, "image", QReshape(), shape), shape

    def add_inner(
        self, op: Operator, suffix: str, made: QOp, inputs: tuple[Tensor | str, ...], shape: Shape
    ) -> str:
        """Append a node on the way to ``op``'s output, of its format and named after it; give its key."""
        target = self.output(op)
        key = f"{target.index}/{suffix}/{len(self._hidden)}"
        self._hidden[key] = str(target.index), suffix
        keys = tuple(item if isinstance(item, str) else self.keys[item.index] for item in inputs)
        self.nodes.append(QNode(key, made, keys, shape, format_of(target)))
        return key

    def add_on_image(self, op: Operator, suffix: str, made: QOp, image: Tensor | str, shape: Shape) -> None:
        """Append the node for ``op``'s output, an image of ``shape``; a reshape to a sequence behind it."""
        if len(self.output(op).shape) == 4:
            self.add(op, made, (image,), shape)
        else:
            key = self.add_inner(op, suffix, made, (image,), shape)
            self.add(op, QReshape(), (key,), shape[1:])

    def add_hidden(self, tensor: Tensor, suffix: str, made: QOp, shape: Shape) -> str:
        """Append a node on ``tensor``, of its format, that the file has no tensor for; give its key."""
        source = self.keys[tensor.index]
        key = f"{source}/{suffix}/{len(self._hidden)}"
        self._hidden[key] = source, suffix
        self.nodes.append(QNode(key, made, (source,), shape, format_of(tensor)))
        return key

    def _append(self, tensor: Tensor, made: QOp, inputs: tuple[str, ...], shape: Shape) -> None:
        self.keys[tensor.index] = str(tensor.index)
        self.nodes.append(QNode(str(tensor.index), made, inputs, shape, format_of(tensor)))


def scale_of(tensor: Tensor) -> np.float32:
    """The scale of a tensor that has one."""
    if tensor.scales is None:
        raise KerilogError(f"{shown(tensor.name)}: expected one scale, found none")
    scale: np.float32 = tensor.scales[0]
    return scale


def format_of(tensor: Tensor) -> Affine:
    """The format of an int8 or uint8 tensor."""
    kind = UnsignedAffine if tensor.type == "uint8" else Affine
    return kind(8, float(scale_of(tensor)), int(tensor.zeros[0]))


def clamp_of(tensor: Tensor, activation: str) -> Clamp:
    """The codes of ``tensor`` that an activation lets through."""
    format = format_of(tensor)
    zero, low, high = format.zero, format.minimum, format.maximum
    least, most = BOUNDS[activation]
    if least is not None:
        low = max(low, zero + _steps(least, tensor))
    if most is not None:
        high = min(high, zero + _steps(most, tensor))
    return low, high


def _steps(real: float, tensor: Tensor) -> int:
    """``real`` in steps of ``tensor``, in binary32, halves away from zero."""
    quotient = np.float32(real) / scale_of(tensor)
    return int(np.copysign(np.floor(np.abs(quotient) + np.float32(0.5)), quotient))
