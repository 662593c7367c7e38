# SPDX-License-Identifier: Apache-2.0
"""TFLite files of one operator on an int8 tensor, and what LiteRT's interpreter makes of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import pytest

from kerilog.scales import Rounding

litert = pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT 1.x has no wheel for this Python")
from ai_edge_litert import schema_py_generated as schema  # noqa: E402 - skipped where it is not

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class OneOperator:
    """``kind`` on codes of ``shape`` (batch included) and a ``constant``, with ``options`` by their names.

    ``numbers``: scale and zero point of what goes in and, unless ``result`` names another type, comes out.
    """

    kind: str
    shape: tuple[int, ...]
    constant: Array
    target: tuple[int, ...]
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    numbers: tuple[float, int] = (0.5, -3)
    result: str = "INT8"

    def written(self) -> bytes:
        """The file."""
        words = "".join(part.capitalize() for part in self.kind.split("_"))
        code, op, graph, model = (
            schema.OperatorCodeT(),
            schema.OperatorT(),
            schema.SubGraphT(),
            schema.ModelT(),
        )
        code.builtinCode = getattr(schema.BuiltinOperator, self.kind)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 2
        op.inputs, op.outputs, op.opcodeIndex = [0, 1], [2], 0
        op.builtinOptions = getattr(schema, f"{words}OptionsT")()
        op.builtinOptionsType = getattr(schema.BuiltinOptions, f"{words}Options")
        if self.kind == "ARG_MAX":
            op.builtinOptions.outputType = getattr(schema.TensorType, self.result)
        for name, value in self.options.items():
            setattr(op.builtinOptions, name, value)
        held = schema.BufferT()
        held.data = self.constant.tobytes()
        kind = {"int32": "INT32", "int64": "INT64"}[str(self.constant.dtype)]
        graph.tensors = [
            self._tensor("x", self.shape, "INT8"),
            self._tensor("constant", self.constant.shape, kind, 1),
            self._tensor("y", self.target, self.result),
        ]
        graph.operators, graph.inputs, graph.outputs = [op], [0], [2]
        model.buffers, model.version = [schema.BufferT(), held], 3
        model.operatorCodes, model.subgraphs = [code], [graph]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _tensor(self, name: str, shape: tuple[int, ...], kind: str, buffer: int = 0) -> Any:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = f"m/{name}/{name}", list(shape), buffer
        tensor.type = getattr(schema.TensorType, kind)
        if kind == "INT8":
            numbers = schema.QuantizationParametersT()
            numbers.scale, numbers.zeroPoint = [self.numbers[0]], [self.numbers[1]]
            tensor.quantization = numbers
        return tensor


def interpreted(content: bytes, x: Array, rounding: Rounding = "reference") -> Array:
    """The outputs (count, ...) for codes ``x`` (count, ...), frame by frame."""
    kinds = {"experimental_op_resolver_type": litert.OpResolverType.BUILTIN_REF}
    interpreter = litert.Interpreter(
        model_content=content, num_threads=1, **(kinds if rounding == "reference" else {})
    )
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    found = []
    for frame in x:
        interpreter.set_tensor(source["index"], frame[np.newaxis].astype(np.int8))
        interpreter.invoke()
        found.append(interpreter.get_tensor(target["index"])[0])
    return np.array(found).astype(np.int64)
