# SPDX-License-Identifier: Apache-2.0
"""Files that cannot be used: each ends in a single line that names the file, the place and the reason."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import flatbuffers
import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend.tflite import load_tflite, load_tflite_with_tensors
from kerilog.names import harmless

layers = keras.layers
INT16_8 = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8


def convert(
    extra: Callable[[Any], Any] | None = None, quantized: bool = True, operators: Any = None
) -> bytes:
    """A small network, float, with int8 weights only, or with other operators than the int8 ones."""
    keras.utils.set_random_seed(0)
    first = layers.Input((6, 6, 2))
    x = layers.MaxPooling2D(2)(layers.Conv2D(3, 3, activation="relu")(first))
    x = extra(x) if extra else x
    model = keras.Model(first, layers.Dense(4)(layers.Flatten()(x)))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if quantized:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [np.random.default_rng(n).random((1, 6, 6, 2), np.float32)] for n in range(4)
        )
        converter.target_spec.supported_ops = operators or [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    if quantized and not operators:
        converter.inference_input_type = converter.inference_output_type = tf.int8
    content: bytes = converter.convert()
    return content


@pytest.fixture(scope="module")
def good() -> bytes:
    """A file that can be used."""
    return convert()


def altered(content: bytes, change: Callable[[Any], None]) -> bytes:
    """``content`` after ``change`` of its object form."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    change(model)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def refuse(folder: Path, content: bytes, kind: type[KerilogError] = KerilogError) -> str:
    """The message for ``content``, with the file's name taken off."""
    path = folder / "bad.tflite"
    path.write_bytes(content)
    with pytest.raises(kind) as caught:
        load_tflite(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def tensor(model: Any, position: int, operator: int = 0) -> Any:
    """The tensor at an input of an operator."""
    graph = model.subgraphs[0]
    return graph.tensors[graph.operators[operator].inputs[position]]


def set_scale(value: float) -> Callable[[Any], None]:
    return lambda model: setattr(tensor(model, 0).quantization, "scale", [value])


def set_zero(position: int, value: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        quantization = tensor(model, position).quantization
        quantization.zeroPoint = [value] * len(quantization.zeroPoint)

    return change


def set_tensor(position: int, name: str, value: Any) -> Callable[[Any], None]:
    return lambda model: setattr(tensor(model, position), name, value)


def set_option(name: str, value: Any, operator: int = 0) -> Callable[[Any], None]:
    return lambda model: setattr(model.subgraphs[0].operators[operator].builtinOptions, name, value)


def set_axis(model: Any) -> None:
    tensor(model, 1).quantization.quantizedDimension = 3


def set_output_shape(model: Any) -> None:
    graph = model.subgraphs[0]
    graph.tensors[graph.operators[0].outputs[0]].shape = [1, 5, 4, 3]


def set_source(model: Any) -> None:
    operator = model.subgraphs[0].operators[0]
    operator.inputs = [99, *operator.inputs[1:]]


def set_loop(model: Any) -> None:
    graph = model.subgraphs[0]
    first, second = graph.operators[:2]
    first.inputs = [second.outputs[0], *first.inputs[1:]]


def set_opcode(code: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        stored = model.operatorCodes[model.subgraphs[0].operators[1].opcodeIndex]
        stored.builtinCode, stored.deprecatedBuiltinCode = code, min(code, 127)

    return change


def forget_buffer(model: Any) -> None:
    tensor(model, 1).buffer = 9999


def shorten_scales(model: Any) -> None:
    quantization = tensor(model, 1).quantization
    quantization.scale, quantization.zeroPoint = quantization.scale[:2], quantization.zeroPoint[:2]


BAD = {
    "scale zero": (set_scale(0.0), r"tensor 0 '.*': expected scales above 0, found 0\.0"),
    "scale negative": (set_scale(-1.0), r"expected scales above 0, found -1\.0"),
    "scale nan": (set_scale(float("nan")), "expected scales above 0, found nan"),
    "scale infinite": (set_scale(float("inf")), "expected scales above 0, found inf"),
    "scale enormous": (set_scale(1e30), r"CONV_2D '.*': expected outputs below 2\*\*30, found a factor"),
    "zero point": (set_zero(0, 128), r"expected a zero point of -128\.\.127, found 128"),
    "weights' zero": (set_zero(1, 3), r"CONV_2D '.*': weights '.*': expected zero points of 0, found 3"),
    "axis": (set_axis, r"weights '.*': expected scales along axis 0, found axis 3"),
    "scales": (shorten_scales, r"weights '.*': expected 3 scales, found 2"),
    "batch": (set_tensor(0, "shape", [4, 6, 6, 2]), r"expected a batch of 1 or a free one, found shape \(4,"),
    "empty": (set_tensor(0, "shape", [1, 0, 6, 2]), r"expected at least one element, found shape \(1, 0,"),
    "rank": (set_tensor(0, "shape", [1, 6, 12]), r"CONV_2D '.*': input 0 '.*': expected 4 axes, found"),
    "negative": (set_tensor(0, "shape", [1, -6, 6, 2]), "expected at most 268435456 elements, found shape"),
    "huge": (set_tensor(0, "shape", [1, 1 << 30, 1 << 30, 2]), "expected at most 268435456 elements"),
    "weights' shape": (set_tensor(1, "shape", [3, 3, 3, 9]), r"tensor \d+ '.*': expected 243 bytes for int8"),
    "channels": (set_tensor(1, "shape", [6, 3, 3, 1]), r"weights '.*': expected 6 scales, found 3"),
    "output": (set_output_shape, r"CONV_2D '.*': '.*': expected shape \(1, 4, 4, 3\), found \(1, 5, 4, 3\)"),
    "type": (set_tensor(0, "type", 7), r"expected int8 \(a full-integer model\), found int16"),
    "tensor index": (set_source, r"operator 0 CONV_2D: expected a tensor of 0\.\.\d+, found 99"),
    "order": (set_loop, r"CONV_2D '.*': input 0 '.*': expected a tensor made before, found none"),
    "buffer": (forget_buffer, r"tensor \d+ '.*': expected a buffer of 0\.\.\d+, found 9999"),
    "stride": (set_option("strideH", 0), r"stride_h, stride_w: expected 1\.\.32768, found \(0, 1\)"),
    "dilation": (set_option("dilationWFactor", -1), r"dilation_h, dilation_w: expected .* found \(1, -1\)"),
    "padding": (set_option("padding", 7), r"padding: expected 0 \(SAME\) or 1 \(VALID\), found 7"),
    "pool": (set_option("filterHeight", 0, 1), r"MAX_POOL_2D '.*': height, width: expected 1\.\.32768"),
    "window": (set_option("filterHeight", 9, 1), r"MAX_POOL_2D '.*': '.*': expected shape \(1, -2, 2, 3\)"),
    "version": (lambda model: setattr(model, "version", 2), "expected TFLite schema version 3, found 2"),
    "subgraphs": (lambda model: model.subgraphs.clear(), "expected one subgraph, found 0"),
    "no output": (lambda model: setattr(model.subgraphs[0], "outputs", [-1]), "expected inputs and outputs"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_with_one_thing_wrong_is_refused(good: bytes, tmp_path: Path, name: str) -> None:
    change, message = BAD[name]
    path = tmp_path / "bad.tflite"
    path.write_bytes(altered(good, change))
    with pytest.raises(KerilogError, match=message) as caught:
        load_tflite(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_the_file_is_fine_before_it_is_altered(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "good.tflite"
    path.write_bytes(altered(good, lambda model: None))
    assert [node.op.kind for node in load_tflite(path)] == [
        "Input",
        "Conv2D",
        "MaxPooling2D",
        "Reshape",
        "Dense",
    ]


def test_an_operator_that_is_not_taken_is_named(good: bytes, tmp_path: Path) -> None:
    message = refuse(tmp_path, altered(good, set_opcode(schema.BuiltinOperator.FLOOR)), Unsupported)
    assert re.match(
        r"layer 'max_pooling2d\w*': FLOOR is not supported; supported: Add, argmax, AveragePooling2D, ",
        message,
    )
    message = refuse(tmp_path, altered(good, set_opcode(schema.BuiltinOperator.LOG_SOFTMAX)), Unsupported)
    assert re.match(r"layer 'max_pooling2d\w*': log_softmax is not supported; supported: Add, ", message)
    assert "operator code 250 is not supported" in refuse(tmp_path, altered(good, set_opcode(250)))
    fused = altered(good, set_option("fusedActivationFunction", 4))
    expected = (
        r"layer 'conv2d\w*': Conv2D with activation 'tanh' is not supported, only linear, relu, relu6, "
    )
    assert re.fullmatch(f"{expected}relu_n1_to_1", refuse(tmp_path, fused, Unsupported))
    fused = altered(good, set_option("fusedActivationFunction", 99))
    assert "Conv2D with activation 'number 99' is not supported" in refuse(tmp_path, fused, Unsupported)


def several(model: Any) -> None:
    """An unknown operator, and behind it an activation inside another; last, an operator without a name."""
    set_opcode(schema.BuiltinOperator.FLOOR)(model)
    graph = model.subgraphs[0]
    dense = graph.operators[-1]
    dense.builtinOptions.fusedActivationFunction = 4
    graph.tensors[dense.outputs[0]].name = "a/dense/MatMul"
    graph.tensors[graph.operators[1].outputs[0]].name = "b/dense/Floor"
    graph.tensors[graph.operators[0].outputs[0]].name = "a/conv/Conv2D"


def test_all_that_stands_against_a_file_is_said_at_once(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.tflite"
    path.write_bytes(altered(good, several))
    with pytest.raises(Unsupported) as caught:
        load_tflite(path)
    floor, dense = caught.value.reasons
    assert floor[0] == "b/dense"
    assert floor[1].startswith("FLOOR is not supported; supported: Add, argmax, AveragePooling2D, ")
    only = "only linear, relu, relu6, relu_n1_to_1"
    text = f"Dense (FULLY_CONNECTED) with activation 'tanh' is not supported, {only}"
    assert dense == ("a/dense", text)
    assert str(caught.value) == f"{path}: layer 'b/dense': {floor[1]}; layer 'a/dense': {text}"


def test_a_file_that_is_broken_as_well_says_so_last(good: bytes, tmp_path: Path) -> None:
    def change(model: Any) -> None:
        several(model)
        set_option("strideH", 0)(model)

    message = refuse(tmp_path, altered(good, change), Unsupported)
    assert message.startswith("layer 'b/dense': FLOOR is not supported")
    assert "; layer 'conv': CONV_2D 'a/conv/Conv2D': stride_h, stride_w: expected 1..32768" in message


def test_what_a_refused_operator_leaves_behind_is_not_refused(good: bytes, tmp_path: Path) -> None:
    """SHAPE, STRIDED_SLICE and PACK feed a RESHAPE: none of them is at fault where SHAPE is unknown."""
    kinds = schema.BuiltinOperator

    def change(model: Any) -> None:
        for code in model.operatorCodes:
            if code.builtinCode == kinds.SHAPE:
                code.builtinCode = code.deprecatedBuiltinCode = kinds.RANK

    (tmp_path / "m.tflite").write_bytes(altered(good, change))
    with pytest.raises(Unsupported) as caught:
        load_tflite(tmp_path / "m.tflite")
    assert [text.split(";")[0] for _, text in caught.value.reasons] == ["RANK is not supported"]


def test_sizes_that_are_not_fixed_are_refused(good: bytes, tmp_path: Path) -> None:
    def change(model: Any) -> None:
        tensor(model, 0).shape, tensor(model, 0).shapeSignature = [1, 1, 1, 2], [-1, -1, -1, 2]

    message = refuse(tmp_path, altered(good, change))
    assert re.fullmatch(
        r"input '.*': expected fixed sizes after the batch axis, found \(-1, -1, -1, 2\)", message
    )


def open_size(position: int) -> Callable[[Any], None]:
    """Leave a size of what RESHAPE makes open, as converters do behind a Reshape with -1 in it."""

    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        kinds = [model.operatorCodes[op.opcodeIndex].builtinCode for op in graph.operators]
        reshape = graph.operators[kinds.index(schema.BuiltinOperator.RESHAPE)]
        stored = graph.tensors[reshape.outputs[0]]
        sizes = [int(size) for size in stored.shape[1:]]
        stored.shapeSignature = [-1, *sizes[: position - 1], -1, *sizes[position:]]
        stored.shape = [abs(size) for size in stored.shapeSignature]

    return change


def test_a_size_that_the_file_leaves_open_follows_from_the_others(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(altered(good, open_size(1)))
    graph = load_tflite(path)
    assert [node.shape for node in graph] == [(6, 6, 2), (4, 4, 3), (2, 2, 3), (12,), (4,)]
    path.write_bytes(altered(convert(layers.Reshape((4, 1, 3))), open_size(1)))
    graph, _ = load_tflite_with_tensors(path)  # a reshape that only SHAPE looks at is no node else
    assert [node.shape for node in graph] == [(6, 6, 2), (4, 4, 3), (2, 2, 3), (4, 1, 3), (12,), (4,)]


HOSTILE = {
    "lines": "m/a\nendmodule\nmodule b/Conv2D",
    "terminal": "m/\x1b[31mred\x1b]0;title\x07/Conv2D",
    "comment": "m/*/ endmodule /*/Conv2D",
    "quotes": 'm/say "it\'s" `so`\\/Conv2D',
    "path": "../../../x/../../Conv2D",
    "long": "m/" + "x" * 100_000 + "/Conv2D",
    "empty": "",
    "scripts": "m/卷积😀\u202e/Conv2D",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_of_a_tensor_does_harm(good: bytes, tmp_path: Path, name: str) -> None:
    def rename(model: Any) -> None:
        for stored in model.subgraphs[0].tensors:
            stored.name = HOSTILE[name]

    path = tmp_path / "m.tflite"
    path.write_bytes(altered(good, rename))
    names = [node.name for node in load_tflite(path)]
    assert len(set(names)) == len(names) == 5
    assert [harmless(found) for found in names] == names
    message = refuse(tmp_path, altered(altered(good, rename), set_option("strideH", 0)))
    assert message.isascii()
    assert message.isprintable()
    assert len(message) < 400


def test_names_are_the_same_each_time(good: bytes, tmp_path: Path) -> None:
    def rename(model: Any) -> None:
        for stored in model.subgraphs[0].tensors:
            stored.name = "model/dense/x"

    (tmp_path / "m.tflite").write_bytes(altered(good, rename))
    names = [[node.name for node in load_tflite(tmp_path / "m.tflite")] for _ in range(2)]
    assert names[0] == names[1] == ["dense/x", "dense/x_2", "dense/x_3", "dense/x_4", "dense"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantized": False}, "expected int8 (a full-integer model), found float32"),
        ({"operators": [tf.lite.OpsSet.TFLITE_BUILTINS]}, ""),
        ({"operators": [INT16_8]}, "expected int8 (a full-integer model), found int16"),
    ],
)
def test_models_that_are_not_all_int8_are_refused(tmp_path: Path, options: Any, message: str) -> None:
    content = convert(**options)
    if message:
        assert message in refuse(tmp_path, content)
    else:  # float inputs and outputs around int8: this one is taken
        (tmp_path / "ends.tflite").write_bytes(content)
        assert load_tflite(tmp_path / "ends.tflite").inputs[0].shape == (6, 6, 2)


def test_weights_that_alone_are_int8_are_refused(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((64,)), layers.Dense(64)])
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    assert "expected int8 (a full-integer model), found float32" in refuse(tmp_path, converter.convert())


def test_what_is_no_tflite_file_is_refused(good: bytes, tmp_path: Path) -> None:
    assert "expected a TFLite file (b'TFL3' at byte 4), found b''" in refuse(tmp_path, b"")
    assert "expected a TFLite file (b'TFL3' at byte 4), found b'5678'" in refuse(tmp_path, b"1234567890")
    with pytest.raises(KerilogError, match=r"none\.tflite: cannot be read \(No such file or directory\)"):
        load_tflite(tmp_path / "none.tflite")
    path = tmp_path / "good.tflite"
    path.write_bytes(good)
    with pytest.raises(KerilogError, match="expected a rounding of reference, single, found 'up'"):
        load_tflite(path, "up")  # type: ignore[arg-type]


def test_every_cut_of_a_file_is_refused(good: bytes, tmp_path: Path) -> None:
    for length in range(0, len(good) - 8, max(len(good) // 150, 1)):
        refuse(tmp_path, good[:length])


@pytest.mark.parametrize("seed", range(8))
def test_random_damage_never_gets_past_the_importer(good: bytes, tmp_path: Path, seed: int) -> None:
    """Damaged files are refused in one line, or, where the damage hits numbers only, still make a graph."""
    rng = np.random.default_rng(seed)
    path = tmp_path / "damaged.tflite"
    for _ in range(150):
        content = bytearray(good)
        for position in rng.integers(8, len(good), rng.integers(1, 12)):
            content[position] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, int(rng.integers(256))])
        path.write_bytes(content)
        try:
            load_tflite(path)
        except KerilogError as error:
            assert str(error).startswith(f"{path}: ")
            assert "\n" not in str(error)
