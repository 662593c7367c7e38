# SPDX-License-Identifier: Apache-2.0
"""Models converted by TensorFlow here and now: the integer model must equal the interpreters of LiteRT, as
TensorFlow Lite is called now, on every element.

The interpreter with the reference kernels is the oracle of the reference flavour, the default one (XNNPACK)
that of the single-rounding flavour.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import pytest

from kerilog.errors import KerilogError
from kerilog.frontend.tflite import load_tflite, load_tflite_with_tensors
from kerilog.integer.model import run
from kerilog.qgraph import QConv2D, QGraph
from kerilog.scales import ROUNDINGS, Rounding
from support.interpreter import Interpreter, OpResolverType, convert, interpret, mismatches, random_codes

layers = keras.layers


class Grower:
    """Grows a random network, one random layer after another."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        keras.utils.set_random_seed(seed)

    def model(self) -> Any:
        """A random network from an image to one or two outputs."""
        shape = (int(self.rng.integers(5, 14)), int(self.rng.integers(5, 14)), int(self.rng.integers(1, 6)))
        first = x = layers.Input(shape)
        side = []
        for _ in range(self.rng.integers(2, 7)):
            x = self.grow(x)
            if self.rng.random() < 0.1:
                side.append(x)
        model = keras.Model(first, [self.head(x), *side[:1]] if side else self.head(x))
        for weight in model.weights:
            scale = 0.2 + self.rng.random()
            noise = self.rng.normal(size=weight.shape) * scale
            weight.assign(np.abs(noise) + 0.1 if "variance" in weight.name else weight.numpy() + noise * 0.2)
        return model

    def pick(self, *options: Any) -> Any:
        return options[self.rng.integers(len(options))]

    def grow(self, x: Any) -> Any:
        """One more layer or block on the image ``x``."""
        return self.pick(
            self.conv, self.conv, self.depthwise, self.pool, self.pool, self.branch, self.branch, self.single,
            self.normalised, self.padded, self.excite, self.dilated,
        )(x)  # fmt: skip

    def kernel(self, x: Any, most: int = 5) -> tuple[int, int]:
        height, width = (int(self.rng.integers(1, min(most, extent) + 1)) for extent in x.shape[1:3])
        return height, width

    def conv(self, x: Any) -> Any:
        groups = self.pick(*[n for n in (1, 1, 1, 2, 3) if x.shape[3] % n == 0])
        filters = groups * int(self.rng.integers(1, 7 // groups + 1))
        x = layers.Conv2D(
            filters, self.kernel(x), strides=self.pick((1, 1), (1, 1), (2, 2), (1, 2), (3, 2)), groups=groups,
            padding=self.pick("same", "valid"), use_bias=self.pick(True, False),
        )(x)  # fmt: skip
        return self.activated(x)

    def dilated(self, x: Any) -> Any:
        rate = self.pick((2, 2), (1, 2), (3, 2))
        kernel = tuple(min(3, (extent - 1) // r + 1) for extent, r in zip(x.shape[1:3], rate, strict=True))
        padding = self.pick("same", "valid")
        return self.activated(layers.Conv2D(self.pick(2, 5), kernel, dilation_rate=rate, padding=padding)(x))

    def depthwise(self, x: Any) -> Any:
        layer = layers.DepthwiseConv2D(
            self.kernel(x, 3), strides=self.pick(1, 1, 2), padding=self.pick("same", "valid"),
            depth_multiplier=self.pick(1, 1, 2),
        )  # fmt: skip
        return self.activated(layer(x))

    def activated(self, x: Any) -> Any:
        if self.rng.random() < 0.3:
            x = layers.BatchNormalization()(x)
        return self.pick(lambda y: y, layers.ReLU(), layers.ReLU(max_value=6))(x)

    def pool(self, x: Any) -> Any:
        kind = self.pick(layers.MaxPooling2D, layers.AveragePooling2D)
        return kind(
            self.kernel(x, 3), strides=self.pick(None, (1, 1), (2, 2)), padding=self.pick("same", "valid")
        )(x)

    def branch(self, x: Any) -> Any:
        channels = int(self.rng.integers(1, 5))
        ends = [
            layers.Conv2D(channels, self.pick(1, 3), padding="same", activation=self.pick(None, "relu"))(x)
            for _ in range(2)
        ]
        if self.rng.random() < 0.3:
            ends[1] = layers.MaxPooling2D(2, strides=1, padding="same")(ends[1])
        join = self.pick(
            layers.Add(), layers.Subtract(), layers.Multiply(), layers.Concatenate(),
            layers.Maximum(), layers.Minimum(), layers.Average(),
        )  # fmt: skip
        return self.pick(lambda y: y, layers.ReLU(), layers.ReLU(max_value=6))(join(ends))

    def single(self, x: Any) -> Any:
        """One function on its own, after a pool so that it is not fused into a convolution."""
        x = layers.AveragePooling2D(2, strides=1, padding="same")(x)
        return self.pick(layers.ReLU(), layers.ReLU(max_value=6), layers.Activation("sigmoid"))(x)

    def normalised(self, x: Any) -> Any:
        """A product and a sum with constants."""
        x = layers.MaxPooling2D(2, strides=1, padding="same")(x)
        return (
            layers.ReLU()(layers.BatchNormalization()(x))
            if self.rng.random() < 0.5
            else layers.Rescaling(0.7, 0.3)(x)
        )

    def padded(self, x: Any) -> Any:
        return layers.ZeroPadding2D(((1, 0), (2, 1)))(layers.MaxPooling2D(1)(x))

    def excite(self, x: Any) -> Any:
        """Squeeze and excite: a factor a channel, computed from the means."""
        gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
        gate = layers.Conv2D(x.shape[3], 1, activation="sigmoid")(gate)
        return layers.Multiply()([x, gate])

    def head(self, x: Any) -> Any:
        choice = self.rng.integers(4)
        if choice == 0:
            return x
        x = layers.GlobalAveragePooling2D()(x) if choice == 1 else layers.Flatten()(x)
        if self.rng.random() < 0.5:
            x = layers.Dense(int(self.rng.integers(2, 20)), activation=self.pick("relu", "relu6", None))(x)
        return layers.Dense(int(self.rng.integers(2, 11)), activation=self.pick(None, "softmax", "sigmoid"))(
            x
        )


def no_oracle(graph: QGraph) -> bool:
    """Whether the default interpreter cannot be held to the operators' definition on ``graph``.

    That of tensorflow 2.21 gets some convolutions wrong by up to 250 steps whose stride exceeds the kernel in
    one direction (and that are not 1x1), while its reference kernels agree with the definition; and it leaves
    XNNPACK where a tensor is always zero, which gives it a scale of 1e-8.
    """
    if any(np.min(node.format.scales) < 1e-7 for node in graph):
        return True
    kernels = [(node.op.kernel.shape[:2], node.op.strides) for node in graph if isinstance(node.op, QConv2D)]
    return any(size != (1, 1) and (size[0] < step[0] or size[1] < step[1]) for size, step in kernels)


def compare_grown(seed: int, folder: Path) -> dict[Rounding, int]:
    """Grow, convert and compare one network; the count of elements compared by flavour."""
    grower = Grower(seed)
    path = folder / f"grown{seed}.tflite"
    path.write_bytes(convert(grower.model(), grower.rng, per_channel=seed % 5 != 0))
    try:
        graph = load_tflite(path)
    except KerilogError as error:
        # A tensor that is always zero gets a scale so small that products overflow; TFLite itself gives up on
        # sums.
        assert re.search(r"expected (an output scale|outputs below)", str(error))
        return {}
    x = random_codes(grower.rng, graph.inputs[0].shape)
    counts: dict[Rounding, int] = {}
    for rounding in ROUNDINGS if not no_oracle(graph) else ROUNDINGS[:1]:
        try:
            counts[rounding], wrong = mismatches(path, x, rounding)
        except RuntimeError:
            assert rounding == "single", "the reference interpreter refuses no network"
            continue
        assert not wrong, f"seed {seed}, {rounding}"
    return counts


@pytest.fixture(scope="module")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The CNN of the README, trained for a moment on noise so that its biases are not zero."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(2, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10),
        ]
    )
    rng = np.random.default_rng(1)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(rng.random((256, 28, 28, 1)), rng.integers(0, 10, 256), epochs=3, verbose=0)
    return model


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("per_channel", [True, False])
def test_mnist_cnn_equals_the_interpreter(
    mnist: Any, tmp_path: Path, rounding: Rounding, per_channel: bool
) -> None:
    rng = np.random.default_rng(2)
    path = tmp_path / "mnist.tflite"
    path.write_bytes(convert(mnist, rng, per_channel))
    x = rng.integers(-128, 128, (500, 28, 28, 1), dtype=np.int8)
    count, wrong = mismatches(path, x, rounding)
    assert count == 500 * (28 * 28 + 26 * 26 * 2 + 13 * 13 * 2 * 2 + 128 + 10)
    assert not wrong


def test_float_inputs_and_outputs_stand_for_their_codes(mnist: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    path = tmp_path / "floating.tflite"
    path.write_bytes(convert(mnist, rng, floating=True))
    graph = load_tflite(path)
    source = graph.inputs[0].format
    x = rng.integers(-128, 128, (200, 28, 28, 1))
    real = source.dequantize(x).astype(np.float32)
    codes = run(graph, x)
    kernels = OpResolverType.BUILTIN_REF
    interpreter = Interpreter(model_path=str(path), experimental_op_resolver_type=kernels)
    first, last = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    interpreter.resize_tensor_input(first, real.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(first, real)
    interpreter.invoke()
    target = graph[graph.outputs[0]].format
    np.testing.assert_array_equal(
        target.dequantize(codes).astype(np.float32), interpreter.get_tensor(last).astype(np.float32)
    )


def test_names_are_the_layers_and_unique(mnist: Any, tmp_path: Path) -> None:
    path = tmp_path / "named.tflite"
    path.write_bytes(convert(mnist, np.random.default_rng(4)))
    graph, names = load_tflite_with_tensors(path)
    interpreter = Interpreter(model_path=str(path))
    stored = {detail["index"]: detail["name"] for detail in interpreter.get_tensor_details()}
    assert graph.name == "named"
    assert len({node.name for node in graph}) == len(graph.nodes) == 6
    kinds = {node.name: node.op.kind.lower() for node in graph}
    for index, name in names.items():
        if ":" in stored[index]:
            assert name == kinds[name], stored
        else:
            assert f"/{name}/" in stored[index].split(";")[0], stored
    assert {names[index] for index in names} == {node.name for node in graph}
    assert [node.op.kind for node in graph] == [
        "Input",
        "Conv2D",
        "MaxPooling2D",
        "Reshape",
        "Dense",
        "Dense",
    ]


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_padding_inside_convolutions_equals_the_interpreter(tmp_path: Path, rounding: Rounding) -> None:
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            layers.Input((9, 8, 3)),
            layers.ZeroPadding2D(((0, 1), (0, 1))),
            layers.Conv2D(4, 3, strides=2, activation="relu6"),
            layers.ZeroPadding2D(((2, 0), (1, 2))),
            layers.DepthwiseConv2D(3, depth_multiplier=2),
        ]
    )
    rng = np.random.default_rng(5)
    for weight in model.weights:
        weight.assign(rng.normal(0, 0.4, weight.shape))
    path = tmp_path / "padded.tflite"
    path.write_bytes(convert(model, rng))
    x = random_codes(rng, (9, 8, 3))
    assert mismatches(path, x, rounding)[1] == {}
    unfolded, names = load_tflite_with_tensors(path, rounding)
    graph = load_tflite(path, rounding)
    assert [node.op.kind for node in unfolded][1::2] == ["ZeroPadding2D", "ZeroPadding2D"]
    assert [node.op.kind for node in graph] == ["Input", "Conv2D", "Conv2D"]
    np.testing.assert_array_equal(run(graph, x), run(unfolded, x))
    last = next(index for index, name in names.items() if name == graph.outputs[0])
    if rounding == "reference":
        np.testing.assert_array_equal(run(graph, x), interpret(path.read_bytes(), x, [last], rounding)[last])


@pytest.mark.parametrize("seed", [0, 1, 2, 4, 5, 6, 7, 9, 10, 11, 121])
def test_grown_networks_equal_the_interpreter(seed: int, tmp_path: Path) -> None:
    assert compare_grown(seed, tmp_path)["reference"] > 1000


@pytest.mark.full
@pytest.mark.parametrize("first", range(100, 500, 20))
def test_hundreds_of_grown_networks_equal_the_interpreter(first: int, tmp_path: Path) -> None:
    counts = [compare_grown(seed, tmp_path) for seed in range(first, first + 20)]
    totals = {rounding: sum(count.get(rounding, 0) for count in counts) for rounding in ROUNDINGS}
    print(f"seeds {first}..{first + 19}: elements compared {totals}")
    assert sum("reference" in count for count in counts) >= 18
    assert min(totals.values()) > 100_000
