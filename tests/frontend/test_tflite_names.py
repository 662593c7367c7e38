# SPDX-License-Identifier: Apache-2.0
"""The short names of layers out of the long ones of tensors."""

from __future__ import annotations

import random
import time

import pytest

from kerilog.frontend.tflite.names import Made, layer_names
from kerilog.names import harmless

NAMED = {
    "the folder of the first operation": (
        ["model/dense_1/MatMul;model/dense_1/Relu", "model/conv/Relu;model/bn/Fused"],
        ["dense_1", "conv"],
    ),
    "a name without a folder": (["input_1", "Identity"], ["input_1", "Identity"]),
    "nothing but a count": (["StatefulPartitionedCall:0", "", "x(1)"], ["dense", "dense_2", "dense_3"]),
    "a counted one makes way": (["StatefulPartitionedCall:0", "m/dense/MatMul"], ["dense_2", "dense"]),
    "layers in two blocks": (["m/a/conv/Conv2D", "m/b/conv/Conv2D"], ["a/conv", "b/conv"]),
    "as much of a path as it takes": (
        ["m/1/a/conv/x", "m/2/a/conv/x", "m/2/b/conv/x", "m/c/x"],
        ["1/a/conv", "2/a/conv", "2/b/conv", "c"],
    ),
    "one path inside another": (["conv/x", "m/conv/x"], ["conv", "m/conv"]),
    "several results of one layer": (
        ["m/sep/depthwise", "m/sep/BiasAdd", "m/sep/Relu"],
        ["sep/depthwise", "sep/BiasAdd", "sep"],
    ),
    "a scope of the layer's own name": (
        ["m/sep/sep/depthwise", "m/sep/Relu;m/sep/sep"],
        ["sep/depthwise", "sep"],
    ),
    "one name twice": (["m/conv/x", "m/conv/x", "m/conv/x"], ["conv/x", "conv/x_2", "conv"]),
    "one name without a folder twice": (["conv", "conv"], ["conv", "conv_2"]),
}


@pytest.mark.parametrize("name", NAMED)
def test_layers_are_called_as_their_users_know_them(name: str) -> None:
    stored, names = NAMED[name]
    assert layer_names([Made(text, "Dense") for text in stored]) == names


def test_a_constant_does_not_take_the_layers_name() -> None:
    made = [Made("m/bn/mul", "Constant"), Made("m/bn/mul_1", "Multiply"), Made("m/bn/sub", "Constant")]
    assert layer_names(made) == ["bn/mul", "bn", "bn/sub"]
    assert layer_names(made[::2]) == ["bn/mul", "bn"]


@pytest.mark.parametrize("seed", range(30))
def test_any_names_become_unique_and_harmless(seed: int) -> None:
    draw = random.Random(seed)
    parts = ["a", "b", "conv", "é", "x\n", "..", "", ":0", "(", "y" * 80]
    stored = [
        draw.choice("/;").join(draw.choices(parts, k=draw.randint(0, 4))) for _ in range(draw.randint(1, 60))
    ]
    made = [Made(text, draw.choice(("Conv2D", "Constant"))) for text in stored]
    names = layer_names(made)
    assert len(set(names)) == len(names) == len(stored), (seed, stored)
    assert [harmless(name) for name in names] == names, (seed, stored)
    assert layer_names(made) == names, (seed, stored)


def test_names_of_any_depth_take_no_time() -> None:
    made = [Made(f"{first}/" + "x/" * 500_000 + "conv/Conv2D", "Conv2D") for first in "ab"]
    started = time.process_time()
    assert layer_names(made) == ["conv/Conv2D", "conv"]
    assert time.process_time() - started < 2
