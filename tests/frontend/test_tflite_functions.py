# SPDX-License-Identifier: Apache-2.0
"""Functions of one code in TFLite files: all 256 codes equal to those of the interpreter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest

from kerilog.errors import KerilogError
from kerilog.frontend.tflite import load_tflite
from kerilog.integer.model import run
from kerilog.qgraph import QInput, QLookup
from kerilog.scales import ROUNDINGS, Rounding

litert = pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT 1.x has no wheel for this Python")
from ai_edge_litert import schema_py_generated as schema  # noqa: E402 - skipped where it is not

CODES = np.arange(-128, 128, dtype=np.int8)[np.newaxis]
FILES = 40
PRESCRIBED = {"TANH": (1 / 128, 0), "LOGISTIC": (1 / 256, -128)}
VERSIONS = {"TANH": 2, "LOGISTIC": 2, "LEAKY_RELU": 2}
Numbers = tuple[float, int]


def options(kind: str, **fields: Any) -> tuple[Any, int]:
    """TFLite's table of options ``kind`` and its number."""
    made = getattr(schema, f"{kind}T")()
    for name, value in fields.items():
        setattr(made, name, value)
    return made, getattr(schema.BuiltinOptions, kind)


def written(kind: str, source: Numbers, target: Numbers, chosen: tuple[Any, int] = (None, 0)) -> bytes:
    """A file of one operator on (1, 256) codes; numbers are (scale, zero point)."""
    code, op, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode = getattr(schema.BuiltinOperator, kind)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = VERSIONS.get(kind, 1)
    op.inputs, op.outputs, op.opcodeIndex = [0], [1], 0
    op.builtinOptions, op.builtinOptionsType = chosen
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [], [0], [1], [op]
    for name, (scale, zero) in (("x", source), ("y", target)):
        tensor, numbers = schema.TensorT(), schema.QuantizationParametersT()
        numbers.scale, numbers.zeroPoint = [scale], [zero]
        tensor.name, tensor.shape, tensor.quantization = name, list(CODES.shape), numbers
        tensor.type, tensor.buffer = schema.TensorType.INT8, 0
        graph.tensors.append(tensor)
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def interpreted(content: bytes, rounding: Rounding) -> np.ndarray:
    kinds = {"experimental_op_resolver_type": litert.OpResolverType.BUILTIN_REF}
    interpreter = litert.Interpreter(
        model_content=content, num_threads=1, **(kinds if rounding == "reference" else {})
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(0, CODES)
    interpreter.invoke()
    found: np.ndarray = interpreter.get_tensor(1).astype(np.int64)
    return found


def drawn(rng: np.random.Generator, kind: str) -> tuple[Numbers, Numbers, tuple[Any, int]]:
    """Scales and zero points as calibration gives them, wider, and options."""
    scale = np.float32(10 ** rng.uniform(-3, -0.5))
    wider = np.float32(scale * 10 ** rng.uniform(-0.7, 0.7))
    target = (float(wider), int(rng.integers(-128, 128)))
    chosen: tuple[Any, int] = (None, 0)
    if kind == "GELU":
        chosen = options("GeluOptions", approximate=bool(rng.random() < 0.5))
    if kind == "LEAKY_RELU":
        chosen = options(
            "LeakyReluOptions", alpha=float(np.float32(rng.choice([0, 0.01, 0.3, rng.random(), 1.2])))
        )
    return (float(scale), int(rng.integers(-128, 128))), PRESCRIBED.get(kind, target), chosen


def differences(kind: str, rounding: Rounding, path: Path) -> list[np.ndarray]:
    """Ours less theirs over all codes, for many formats."""
    rng = np.random.default_rng(len(kind))
    found = []
    for _ in range(FILES):
        path.write_bytes(content := written(kind, *drawn(rng, kind)))
        graph = load_tflite(path, rounding)
        assert isinstance(graph.nodes[1].op, QLookup)
        found.append(run(graph, CODES) - interpreted(content, rounding))
    return found


@pytest.mark.parametrize("kind", ["EXP", "GELU", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "TANH"])
def test_all_codes_equal_the_reference_kernels(kind: str, tmp_path: Path) -> None:
    assert not any(found.any() for found in differences(kind, "reference", tmp_path / "m.tflite"))


@pytest.mark.parametrize("kind", ["ELU", "EXP", "GELU", "LEAKY_RELU", "LOGISTIC", "TANH"])
def test_all_codes_equal_the_default_interpreter(kind: str, tmp_path: Path) -> None:
    assert not any(found.any() for found in differences(kind, "single", tmp_path / "m.tflite"))


def test_hard_swish_is_within_a_step_of_the_default_interpreter(tmp_path: Path) -> None:
    found = np.abs(differences("HARD_SWISH", "single", tmp_path / "m.tflite"))
    assert found.max() <= 1
    assert np.count_nonzero(found) <= 0.003 * found.size


def test_the_two_roundings_of_leaky_relu_differ(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(written("LEAKY_RELU", (0.02, 3), (0.017, -5), options("LeakyReluOptions", alpha=0.3)))
    reference, single = (run(load_tflite(path, rounding), CODES) for rounding in ROUNDINGS)
    assert 0 < np.count_nonzero(reference != single) < 256


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            written("LEAKY_RELU", (0.1, 0), (0.1, 0), options("LeakyReluOptions", alpha=-0.5)),
            "LEAKY_RELU 'y': expected a slope of 0 or more, found -0.5",
        ),
        (
            written("LEAKY_RELU", (0.1, 0), (1e-9, 0), options("LeakyReluOptions", alpha=0.5)),
            r"LEAKY_RELU 'y': expected outputs below 2\*\*30, found a factor of 1e\+08",
        ),
        (
            written("HARD_SWISH", (0.1, 0), (1e-5, 0)),
            "HARD_SWISH 'y': expected an output scale above 0.1.* / 128, found affine<8, scale 1e-05",
        ),
        (
            written("LOGISTIC", (0.1, 0), (1 / 128, 0)),
            "LOGISTIC 'y': expected an output of scale 1/256 and zero point -128, found affine<",
        ),
        (
            written("GELU", (0.1, 0), (0.1, 0)),
            "operator 0 GELU: expected GeluOptions, found options of type 0",
        ),
    ],
)
def test_files_that_no_kernel_runs(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    with pytest.raises(KerilogError, match=message):
        load_tflite(path)


def test_functions_that_the_converter_leaves_in_float(tmp_path: Path) -> None:
    """It writes ELU as DEQUANTIZE, ELU of float32, QUANTIZE: one function of one code."""
    rng = np.random.default_rng(4)
    path = tmp_path / "m.tflite"
    for _ in range(FILES):
        source, target, _ = drawn(rng, "ELU")
        path.write_bytes(content := island(source, target))
        graph = load_tflite(path, "single")
        assert [type(node.op) for node in graph.nodes] == [QInput, QLookup]
        np.testing.assert_array_equal(run(graph, CODES), interpreted(content, "single"))


def island(source: Numbers, target: Numbers) -> bytes:
    """A file of DEQUANTIZE, a float ELU and QUANTIZE; its output is tensor 1."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(written("ELU", source, target), 0))
    graph = model.subgraphs[0]
    for name in ("real", "soft"):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, list(CODES.shape), 0
        tensor.type = schema.TensorType.FLOAT32
        graph.tensors.append(tensor)
    model.operatorCodes, graph.operators = [], []
    for number, (kind, before, after) in enumerate((("DEQUANTIZE", 0, 2), ("ELU", 2, 3), ("QUANTIZE", 3, 1))):
        code, op = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
        code.version = 2 if kind == "DEQUANTIZE" else 1
        op.inputs, op.outputs, op.opcodeIndex = [before], [after], number
        model.operatorCodes.append(code)
        graph.operators.append(op)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
