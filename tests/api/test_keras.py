# SPDX-License-Identifier: Apache-2.0
"""``kerilog.convert`` of Keras models in memory, of tf.keras HDF5 files and of TFLite files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerilog
from kerilog import storage
from support.command import kerilog as command

layers = keras.layers
SHAPE = (8, 8, 1)


def scaling_model() -> Any:
    """As most begin: pixels 0..255 go in, and a Rescaling is the first layer."""
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            layers.Input(SHAPE, name="image"),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", name="kind"),
        ],
        name="scaling",
    )


def two_ended_model() -> Any:
    """Inputs "left" and "right", outputs "sum" and "gate"."""
    keras.utils.set_random_seed(4)
    left, right = layers.Input((6,), name="left"), layers.Input((4,), name="right")
    both = layers.Add()([layers.Dense(5, activation="relu")(one) for one in (left, right)])
    total = layers.Dense(2, name="sum")(both)
    gate = layers.Dense(1, activation="sigmoid", name="gate")(both)
    return keras.Model([left, right], [total, gate], name="two_ended")


def pixels(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *SHAPE), np.uint8)


def floats(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, *shape), np.float32)


@pytest.fixture(scope="module")
def scaling() -> tuple[Any, kerilog.IntegerModel]:
    model = scaling_model()
    return model, kerilog.convert(model, pixels(100), verbose=False)


def test_a_model_in_memory_that_scales_its_input(scaling: tuple[Any, kerilog.IntegerModel]) -> None:
    """uint8 as Keras takes it; nothing is divided twice."""
    model, network = scaling
    x = pixels(40, seed=1)
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(network.predict(x), expected, atol=0.05)
    found = network.evaluate(x, expected.argmax(axis=1))
    assert found["float"]["accuracy"] == 1.0
    accuracy = found["integer"]["accuracy"]
    assert isinstance(accuracy, float) and accuracy >= 0.9
    assert network.name == "scaling" and network.input_names == ("image",)


def test_memory_and_file_give_the_same_bits(
    scaling: tuple[Any, kerilog.IntegerModel], tmp_path: Path
) -> None:
    model, network = scaling
    for name in ("m.keras", "m.h5"):
        model.save(tmp_path / name)
        again = kerilog.convert(tmp_path / name, pixels(100), verbose=False)
        assert storage.digest(again.graph) == storage.digest(network.graph), name
    np.savez(tmp_path / "data.npz", x=pixels(100))
    built = command(
        "build", tmp_path / "m.h5", "--data", tmp_path / "data.npz", "-o", tmp_path / "d", "--integer-only"
    )
    assert built.status == 0, built.error
    network.save(tmp_path / "python")
    expected = (tmp_path / "d" / storage.FILE_NAME).read_bytes()
    assert (tmp_path / "python" / storage.FILE_NAME).read_bytes() == expected


def test_nothing_is_left_behind_and_a_compiled_model_will_do() -> None:
    """A loss of the user's own is neither run nor in the way."""

    def loss(truth: Any, answers: Any) -> Any:
        raise AssertionError("was run")

    model = scaling_model()
    model.compile("adam", loss)
    before = set(Path(tempfile.gettempdir()).glob("kerilog_*"))
    network = kerilog.convert(model, pixels(20), verbose=False)
    assert set(Path(tempfile.gettempdir()).glob("kerilog_*")) == before
    assert network.predict(pixels(2)).shape == (2, 3)


def test_several_inputs_and_outputs() -> None:
    model = two_ended_model()
    left, right = floats(50, 6), floats(50, 4, seed=1)
    network = kerilog.convert(model, {"left": left, "right": right}, activation_bits=10, verbose=False)
    expected = dict(zip(("sum", "gate"), model.predict([left, right], verbose=0), strict=True))
    found = network.predict([left, right])
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=0.06, err_msg=name)
    records = {record.layer: record for record in network.compare([left, right])}
    assert {"left", "right", "sum"} <= set(records)
    figures = network.evaluate([left, right], {"gate": (expected["gate"] > 0.5).astype(int)})
    assert figures["float"]["gate_accuracy"] == 1.0 and "sum_rmse" in figures["integer"]


@pytest.fixture(scope="module")
def flatbuffer() -> bytes:
    """A full-int8 TFLite file of floats 0..1."""
    model = keras.Sequential(
        [layers.Input((6,), name="x"), layers.Dense(4, activation="relu"), layers.Dense(2)], name="small"
    )
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([row[None]] for row in floats(50, 6))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    content: bytes = converter.convert()
    return content


def test_tflite_by_its_path_and_by_its_bytes(flatbuffer: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(flatbuffer)
    by_path = kerilog.convert(tmp_path / "model.tflite", verbose=False)
    by_bytes = kerilog.convert(flatbuffer, verbose=False)
    assert storage.digest(by_path.graph) == storage.digest(by_bytes.graph)
    x = floats(20, 6, seed=5)
    interpreter = tf.lite.Interpreter(
        model_content=flatbuffer,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    codes = by_bytes.quantize_input(x).astype(np.int8)
    given, taken = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    answers = []
    for row in codes:
        interpreter.set_tensor(given["index"], row[None])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(taken["index"])[0].copy())
    np.testing.assert_array_equal(by_bytes.run(codes), answers)
    scale, zero = taken["quantization"]
    real = (np.asarray(answers, np.float64) - zero) * scale
    np.testing.assert_allclose(by_bytes.predict(x), real, rtol=1e-6)
    assert by_bytes.evaluate(x, real)["float"] == {}
    manifest = by_bytes.build(tmp_path / "built", x_test=x)
    assert manifest == by_path.build(tmp_path / "again", x_test=x)
    with pytest.raises(kerilog.KerilogError, match="there is no float network to compare it with"):
        by_bytes.compare(x)
    for choices in ({"scheme": "fixed"}, {"weight_bits": 4}, {"layers": {"dense": {"frac": 3}}}):
        with pytest.raises(kerilog.KerilogError, match="a TFLite file has its formats already"):
            kerilog.convert(flatbuffer, x, **choices)


def refusal(model: Any, x: np.ndarray) -> str:
    """The message that converting ``model`` ends in, which names no temporary file."""
    with pytest.raises(kerilog.KerilogError) as raised:
        kerilog.convert(model, x, verbose=False)
    text = str(raised.value)
    assert tempfile.gettempdir() not in text and "\n" not in text, text
    return text


def test_models_that_cannot_be_converted() -> None:
    unbuilt = keras.Sequential([layers.Dense(3)], name="open")
    assert "model 'open': has no input shape yet: begin it with an Input" in refusal(unbuilt, floats(4, 2))

    recurrent = keras.Sequential([layers.Input((4, 2)), layers.LSTM(3, name="memory")])
    with pytest.raises(kerilog.Unsupported) as raised:
        kerilog.convert(recurrent, floats(4, 4, 2), verbose=False)
    assert [layer for layer, _ in raised.value.reasons] == ["memory"]

    class Mine(layers.Layer):
        def call(self, x: Any) -> Any:
            return x

        def get_config(self) -> Any:
            raise RuntimeError("no\nconfiguration")

    mine = keras.Sequential([layers.Input((2,)), Mine(name="mine")], name="own")
    assert refusal(mine, floats(4, 2)) == "model 'own': Keras cannot save it: no configuration"

    class Subclassed(keras.Model):
        def call(self, x: Any) -> Any:
            return x

    subclassed = Subclassed(name="sub")
    subclassed(floats(1, 2))
    assert "is not supported, only Sequential and functional models" in refusal(subclassed, floats(4, 2))
