# SPDX-License-Identifier: Apache-2.0
"""Operators of two operands in TFLite files: all pairs of codes, and constants, as the interpreter has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest

from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend.tflite import load_tflite
from kerilog.integer.model import run
from kerilog.scales import ROUNDINGS, Rounding

litert = pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT 1.x has no wheel for this Python")
from ai_edge_litert import schema_py_generated as schema  # noqa: E402 - skipped where it is not

FILES = 12
Numbers = tuple[float, int]
Operand = tuple[tuple[int, ...], Numbers, np.ndarray | None]
"""Shape with the batch, scale and zero point, and the codes of a constant."""
OPTIONS = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions"}
PAIRS = np.stack(np.meshgrid(np.arange(-128, 128), np.arange(-128, 128), indexing="ij")).astype(np.int8)


def written(
    kind: str, operands: list[Operand], shape: tuple[int, ...], target: Numbers, activation: int = 0
) -> bytes:
    """A file of one operator; operands that are no constants are inputs."""
    code, op, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode = getattr(schema.BuiltinOperator, kind)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = 1 if kind in ("PRELU", "RELU_N1_TO_1", "RELU_0_TO_1") else 2
    count = len(operands)
    op.inputs, op.outputs, op.opcodeIndex = list(range(count)), [count], 0
    if kind in OPTIONS:
        op.builtinOptions = getattr(schema, f"{OPTIONS[kind]}T")()
        op.builtinOptions.fusedActivationFunction = activation
        op.builtinOptionsType = getattr(schema.BuiltinOptions, OPTIONS[kind])
    graph.tensors, graph.operators, graph.outputs = [], [op], [count]
    graph.inputs = [place for place, operand in enumerate(operands) if operand[2] is None]
    model.buffers = [schema.BufferT()]
    for place, (size, (scale, zero), codes) in enumerate([*operands, (shape, target, None)]):
        tensor, numbers = schema.TensorT(), schema.QuantizationParametersT()
        numbers.scale, numbers.zeroPoint = [scale], [zero]
        tensor.name, tensor.shape, tensor.quantization = f"m/t{place}/x", list(size), numbers
        tensor.type, tensor.buffer = schema.TensorType.INT8, 0
        if codes is not None:
            tensor.buffer = len(model.buffers)
            model.buffers.append(schema.BufferT())
            model.buffers[-1].data = codes.astype(np.int8).tobytes()
        graph.tensors.append(tensor)
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def interpreted(content: bytes, inputs: list[np.ndarray], rounding: Rounding) -> np.ndarray:
    kinds = {"experimental_op_resolver_type": litert.OpResolverType.BUILTIN_REF}
    interpreter = litert.Interpreter(
        model_content=content, num_threads=1, **(kinds if rounding == "reference" else {})
    )
    interpreter.allocate_tensors()
    for detail, codes in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], codes.astype(np.int8))
    interpreter.invoke()
    found: np.ndarray = interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).astype(np.int64)
    return found


def numbers(rng: np.random.Generator) -> Numbers:
    return float(np.float32(10 ** rng.uniform(-2.5, -0.5))), int(rng.integers(-128, 128))


def formats(rng: np.random.Generator, kind: str) -> tuple[Numbers, Numbers, Numbers]:
    """Those of both operands and of the result; of extremes they are one."""
    left, right = numbers(rng), numbers(rng)
    if kind in ("MAXIMUM", "MINIMUM"):
        return left, left, left
    scale = left[0] * right[0] * 60 if kind == "MUL" else max(left[0], right[0]) * rng.uniform(0.6, 2)
    return left, right, (float(np.float32(scale)), int(rng.integers(-128, 128)))


def compare(content: bytes, inputs: list[np.ndarray], rounding: Rounding, path: Path) -> np.ndarray:
    """Ours less theirs."""
    path.write_bytes(content)
    graph = load_tflite(path, rounding)
    named = {node.name: codes for node, codes in zip(graph.inputs, inputs, strict=True)}
    return run(graph, named) - interpreted(content, inputs, rounding)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"])
def test_all_pairs_of_codes_equal_the_interpreter(kind: str, rounding: Rounding, tmp_path: Path) -> None:
    rng = np.random.default_rng(len(kind))
    shape = (1, 256, 256)
    for _ in range(FILES // 3):
        left, right, target = formats(rng, kind)
        content = written(kind, [(shape, left, None), (shape, right, None)], shape, target)
        found = compare(content, list(PAIRS[:, None]), rounding, tmp_path / "m.tflite")
        # XNNPACK multiplies in binary32, where a product may become a tie that is none; all pairs of one
        # product then differ, by a step
        near_ties = 0.01 * found.size if kind == "MUL" and rounding == "single" else 0
        assert np.count_nonzero(found) <= near_ties and np.abs(found).max() <= 1


CONSTANTS = {"per channel": (1, 1, 6), "channels alone": (6,), "scalar": (), "rows": (1, 16, 1, 1)}


@pytest.mark.parametrize("form", CONSTANTS)
@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"])
def test_joins_with_constants_equal_the_interpreter(kind: str, form: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(len(form))
    shape, size = (1, 16, 16, 6), CONSTANTS[form]
    x = np.stack([rng.permutation(np.arange(-128, 128)).reshape(shape[1:3]) for _ in range(6)], -1)[None]
    for trial in range(FILES):
        left, right, target = formats(rng, kind)
        constant: Operand = size, right, rng.integers(-128, 128, size)
        tensor: Operand = shape, left, None
        operands = [constant, tensor] if trial % 2 else [tensor, constant]
        content = written(kind, operands, shape, target, activation=trial % 4)
        assert not compare(content, [x], "reference", tmp_path / "m.tflite").any()


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("size", [(1, 1, 6), (6,), (1, 16, 16, 6), (16, 16, 6)])
def test_slopes_per_channel_equal_the_interpreter(
    size: tuple[int, ...], rounding: Rounding, tmp_path: Path
) -> None:
    rng = np.random.default_rng(len(size))
    shape = (1, 16, 16, 6)
    x = np.stack([rng.permutation(np.arange(-128, 128)).reshape(shape[1:3]) for _ in range(6)], -1)[None]
    for _ in range(FILES):
        (scale, zero), slopes = numbers(rng), (float(np.float32(rng.uniform(0.001, 0.01))), 0)
        target = float(np.float32(scale * rng.uniform(0.4, 1.5))), int(rng.integers(-128, 128))
        operands: list[Operand] = [
            (shape, (scale, zero), None),
            (size, slopes, rng.integers(-127, 128, size)),
        ]
        content = written("PRELU", operands, shape, target)
        assert not compare(content, [x], rounding, tmp_path / "m.tflite").any()


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("kind", ["RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1"])
def test_clips_equal_the_interpreter(kind: str, rounding: Rounding, tmp_path: Path) -> None:
    rng = np.random.default_rng(len(kind))
    codes = np.arange(-128, 128)[None]
    for _ in range(FILES):
        (scale, zero), target = numbers(rng), numbers(rng)
        target = float(np.float32(scale * rng.uniform(0.4, 1.5))), target[1]
        content = written(kind, [(codes.shape, (scale, zero), None)], codes.shape, target)
        assert not compare(content, [codes], rounding, tmp_path / "m.tflite").any()


def test_extremes_of_other_formats_are_refused(tmp_path: Path) -> None:
    path, shape = tmp_path / "m.tflite", (1, 4)
    operands: list[Operand] = [(shape, (0.5, 0), None), ((4,), (0.25, 0), np.zeros(4))]
    path.write_bytes(written("MAXIMUM", operands, shape, (0.5, 0)))
    with pytest.raises(KerilogError, match=r"expected the output's affine<8, scale 0\.5, zero 0>, found"):
        load_tflite(path)


def test_too_many_slopes_are_refused(tmp_path: Path) -> None:
    path, shape = tmp_path / "m.tflite", (1, 256, 257, 1)
    slopes: Any = np.arange(256 * 257) % 100
    operands: list[Operand] = [(shape, (0.5, 0), None), (shape[1:], (0.01, 0), slopes)]
    path.write_bytes(written("PRELU", operands, shape, (0.5, 0)))
    with pytest.raises(
        Unsupported, match=r"PReLU with 65,792 slopes is not supported, only up to 65,536, or one"
    ):
        load_tflite(path)
