# SPDX-License-Identifier: Apache-2.0
"""TFLite files with uint8 at their ends: equal to the interpreter on every element, in hardware too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from kerilog import storage, verify
from kerilog.build import Options, build
from kerilog.data import prepare
from kerilog.errors import KerilogError
from kerilog.formats import Affine, UnsignedAffine
from kerilog.frontend.tflite import load_tflite
from kerilog.integer.model import run
from kerilog.manifest import Manifest
from kerilog.qgraph import QInput, QRequantize
from kerilog.quantize import softmax_tail, strip_softmax
from kerilog.scales import ROUNDINGS, Rounding
from support.paths import SHARED

CASE = SHARED / "cases" / "uint8_io_tflite" / "d02b_uint8.tflite"
FRAMES = 64
Codes = npt.NDArray[Any]


@pytest.fixture(scope="module")
def own_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """uint8 in, with a zero point inside its range, and uint8 out, from our own small network."""
    tf = pytest.importorskip("tensorflow")
    keras = pytest.importorskip("keras")
    layers = keras.layers
    keras.utils.set_random_seed(5)
    parts = [
        layers.Input((6, 5, 2)),
        layers.Conv2D(3, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(4),
    ]
    rng = np.random.default_rng(6)
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Sequential(parts))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [rng.normal(0.3, 1, (1, 6, 5, 2)).astype(np.float32)] for _ in range(16)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    path = tmp_path_factory.mktemp("uint8") / "own.tflite"
    path.write_bytes(converter.convert())
    return path


@pytest.fixture(params=["case", "own"])
def model(request: pytest.FixtureRequest) -> Path:
    if request.param == "own":
        found: Path = request.getfixturevalue("own_model")
        return found
    if not CASE.is_file():
        pytest.skip("the shared cases are not here")
    return CASE


def images(path: Path) -> Codes:
    """Every code is among them."""
    shape = load_tflite(path).inputs[0].shape
    return np.random.default_rng(7).integers(0, 256, (FRAMES, *shape)).astype(np.uint8)


def interpret(path: Path, x: Codes, rounding: Rounding) -> Codes:
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    reference = litert.OpResolverType.BUILTIN_REF
    options = {"experimental_op_resolver_type": reference} if rounding == "reference" else {}
    interpreter = litert.Interpreter(model_path=str(path), num_threads=1, **options)
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(source["index"], x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(source["index"], x)
    interpreter.invoke()
    found: Codes = interpreter.get_tensor(target["index"])
    assert found.dtype == np.uint8
    return found


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_equals_the_interpreter(model: Path, rounding: Rounding) -> None:
    x = images(model)
    graph = load_tflite(model, rounding)
    assert [graph.inputs[0].format.minimum, graph.inputs[0].format.maximum] == [0, 255]
    wanted = interpret(model, x, rounding)
    assert len(np.unique(wanted)) > 5
    np.testing.assert_array_equal(run(graph, x), wanted)


def test_the_integer_model_is_kept_with_its_unsigned_ends(own_model: Path, tmp_path: Path) -> None:
    graph = load_tflite(own_model)
    assert isinstance(graph.inputs[0].op, QInput)
    ends = graph.inputs[0].format, graph[graph.outputs[0]].format
    assert all(isinstance(end, UnsignedAffine) and end.zero > 0 for end in ends)
    storage.save(graph, tmp_path / "m.npz")
    again = storage.load(tmp_path / "m.npz")
    assert [again.inputs[0].format, again[again.outputs[0]].format] == list(ends)
    x = images(own_model)
    np.testing.assert_array_equal(run(again, x), run(graph, x))
    with pytest.raises(KerilogError, match=r"expected codes 0..255, found -1..-1"):
        run(graph, np.full((1, *graph.inputs[0].shape), -1))


def test_raw_images_are_the_codes_of_an_input_of_pixels() -> None:
    """Scale 1/255 and zero point 0: what a sample is divided by is what its code is multiplied with."""
    if not CASE.is_file():
        pytest.skip("the shared cases are not here")
    graph = load_tflite(CASE)
    x = images(CASE)
    (source,) = graph.inputs
    made = prepare(graph, x).samples[source.name]
    np.testing.assert_array_equal(source.format.quantize(made), x)


def test_hardware_ends_before_softmax_and_the_host_goes_on() -> None:
    if not CASE.is_file():
        pytest.skip("the shared cases are not here")
    graph = load_tflite(CASE)
    x = images(CASE)
    short, tail = strip_softmax(graph), softmax_tail(graph)
    assert tail is not None
    assert isinstance(tail[tail.outputs[0]].op, QRequantize)
    np.testing.assert_array_equal(run(tail, run(short, x)), run(graph, x))


def test_rtl_takes_and_gives_unsigned_codes(own_model: Path, tmp_path: Path) -> None:
    built = build(own_model, tmp_path / "design", Options(scheme="affine"))
    assert isinstance(built, Manifest)
    (source,), (target,) = built.inputs, built.outputs
    assert not source.signed
    assert not target.signed
    x = images(own_model)[:8]
    result = verify.simulate(tmp_path / "design", x)
    np.testing.assert_array_equal(result.codes, run(load_tflite(own_model), x))


def test_formats() -> None:
    signed, unsigned = Affine(8, 0.5, -128), UnsignedAffine(8, 0.5, 0)
    real = np.array([-1.0, 0.0, 3.2, 127.5, 1000.0])
    assert unsigned.quantize(real).tolist() == [0, 0, 6, 255, 255]
    np.testing.assert_array_equal(unsigned.quantize(real) - 128, signed.quantize(real))
    assert str(unsigned) == "unsigned affine<8, scale 0.5, zero 0>"
