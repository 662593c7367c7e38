# SPDX-License-Identifier: Apache-2.0
"""Small networks of Keras with dilation, groups and pools of many channels: converted, built, simulated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerilog
from kerilog.hardware.windowed import ReaderStage
from kerilog.plan.goals import Goal, design_for
from support.designs import check
from support.keras_files import layer, write

Weights = dict[str, list[np.ndarray]]
Network = tuple[tuple[int, ...], list[dict[str, Any]], Weights]


def drawn(rng: np.random.Generator, *shape: int) -> list[np.ndarray]:
    """A kernel and a bias for each of its last axis."""
    return [rng.normal(0, 0.4, shape), rng.normal(0, 0.2, shape[-1])]


def atrous(rng: np.random.Generator) -> Network:
    """Kernels of 3 x 3 with more and more room between their cells, one of them depthwise."""
    layers = [
        layer("Conv2D", "near", filters=4, kernel_size=3, padding="same", activation="relu"),
        layer("Conv2D", "far", filters=6, kernel_size=3, dilation_rate=2, padding="same", activation="relu"),
        layer("DepthwiseConv2D", "own", kernel_size=3, dilation_rate=[3, 2], padding="same"),
        layer("Conv2D", "bare", filters=4, kernel_size=[2, 3], dilation_rate=[2, 1]),
    ]
    depthwise = [rng.normal(0, 0.4, (3, 3, 6, 1)), rng.normal(0, 0.2, 6)]
    weights = {
        "conv2d": drawn(rng, 3, 3, 2, 4),
        "conv2d_1": drawn(rng, 3, 3, 4, 6),
        "depthwise_conv2d": depthwise,
        "conv2d_2": drawn(rng, 2, 3, 6, 4),
    }
    return (6, 5, 2), layers, weights


def waves(rng: np.random.Generator) -> Network:
    """A sequence: causal convolutions, each of which sees twice as far."""
    layers = [
        layer("Conv1D", f"by_{rate}", filters=4, kernel_size=2, dilation_rate=rate, padding="causal")
        for rate in (1, 2, 4, 8)
    ]
    weights = {"conv1d": drawn(rng, 2, 3, 4)}
    weights |= {f"conv1d_{number}": drawn(rng, 2, 4, 4) for number in (1, 2, 3)}
    return (20, 3), layers, weights


def pooled(rng: np.random.Generator) -> Network:
    """Pools of many channels, with and without padding, and a convolution in groups."""
    layers = [
        layer("MaxPooling2D", "largest", pool_size=3, strides=1, padding="same"),
        layer("AveragePooling2D", "rim", pool_size=3, strides=2, padding="same"),
        layer("Conv2D", "grouped", filters=8, kernel_size=2, groups=4, activation="relu"),
        layer("AveragePooling2D", "mean", pool_size=2, strides=1),
    ]
    return (6, 6, 12), layers, {"conv2d": drawn(rng, 2, 2, 3, 8)}


# the layers that read, and the goals
NETWORKS = {
    "atrous": (atrous, 3, (Goal(interval=400), Goal(interval=1200), Goal(multipliers=16))),
    "waves": (waves, 3, (Goal(interval=60), Goal(interval=200), Goal(multipliers=12))),
    "pooled": (pooled, 3, (Goal(interval=400), Goal(interval=1300), Goal(multipliers=1))),
}


@pytest.mark.parametrize("scheme", ["affine", "fixed"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_hardware_equals_the_integer_model(name: str, scheme: str, tmp_path: Path) -> None:
    make, readers, goals = NETWORKS[name]
    rng = np.random.default_rng(7)
    shape, layers, weights = make(rng)
    start = layer("InputLayer", "image", batch_shape=[None, *shape])
    path = write(tmp_path / f"{name}.keras", [start, *layers], weights)
    network = kerilog.convert(path, rng.normal(0, 1, (16, *shape)), scheme=scheme, verbose=False)
    for place, goal in enumerate(goals if scheme == "affine" else goals[:1]):
        design = design_for(network.graph, goal)
        reading = [stage for stage in design.stages if isinstance(stage, ReaderStage)]
        assert len(reading) >= readers, goal
        check(network.graph, design, tmp_path / f"{place}", (name, scheme, goal))
