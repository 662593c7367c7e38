# SPDX-License-Identifier: Apache-2.0
"""Layers that leave out, repeat, spread and choose elements, simulated: every element and every cycle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerilog.errors import KerilogError, Unsupported
from kerilog.hardware.modules.permute import Permute
from kerilog.hardware.moving import MovingStage
from kerilog.hardware.stages.max_pooling2d import MaxPooling2DStage
from kerilog.hardware.stages.resize_bilinear import ResizeBilinearStage
from kerilog.hardware.whole_image import WholeImageMaxStage
from kerilog.plan import plan
from kerilog.qgraph import QGraph, QSlice
from support.designs import check
from support.moves import Moves, random_move

SCHEMES = ("affine", "fixed")
LONG = range(6, 60)


def image(scheme: str, shape: tuple[int, ...], seed: int = 3) -> Moves:
    return Moves("net", scheme, shape, seed)


def largest(scheme: str) -> QGraph:
    """A maximum over everything, of one channel after the other or of pixels side by side."""
    return image(scheme, (4, 6, 3)).conv(4, (1, 1), relu=False).largest(clamp=True).dense(3).graph


def whole_pool(scheme: str) -> QGraph:
    """A pool whose window is the image, straight from the border."""
    return image(scheme, (5, 6, 2)).pool((5, 6)).flatten().graph


def cropped(scheme: str) -> QGraph:
    """Rows, columns and channels left out, from the border and between layers."""
    net = image(scheme, (6, 7, 4)).crop((1, 2, 0), (5, 7, 4)).conv(6, (1, 1))
    return net.crop((0, 1, 2), (3, 4, 6)).conv(2, (2, 2)).flatten().crop((1,), (4,)).graph


def padded(scheme: str) -> QGraph:
    """A rim from the border on, and one that a pool sees."""
    net = image(scheme, (4, 5, 2)).pad(((1, 2), (0, 3))).conv(4, (2, 2)).pad(((2, 0), (1, 1)), code=-3)
    return net.pool((2, 2)).graph


def repeated(scheme: str) -> QGraph:
    """Pixels of several beats and of one, rows alone, columns alone, rows of one pixel."""
    net = image(scheme, (3, 4, 2)).repeat((2, 3)).conv(4, (1, 1)).repeat((2, 1)).pool((3, 3))
    return net.repeat((1, 2)).reshape(4, 1, 32).repeat((2, 1)).crop((1, 0, 3), (8, 1, 30)).graph


def unet(scheme: str) -> QGraph:
    """Down, up by both ways, and a skip connection."""
    net = (
        image(scheme, (6, 6, 2))
        .conv(3, padding="same", name="left")
        .pool((2, 2))
        .conv(4, (1, 1), name="deep")
    )
    net.transposed(3, (3, 3), (2, 2)).conv(3, (1, 1), name="spread").at("deep")
    net.repeat((2, 2)).conv(3, padding="same", name="near")
    return net.concatenate("spread", "left").conv(2, (1, 1)).graph


def spread(scheme: str) -> QGraph:
    """Transposed convolutions, also with a kernel smaller than the stride."""
    net = image(scheme, (3, 4, 2)).transposed(3, (2, 2), (2, 3)).transposed(2, (3, 2), (1, 2), "valid")
    return net.graph


def permuted(scheme: str) -> QGraph:
    """Rows and columns exchanged, channels of each row, all three; from the border on, between layers."""
    net = image(scheme, (3, 4, 2)).permute(1, 0, 2).conv(4, (1, 1)).permute(0, 2, 1).conv(2, (1, 1))
    return net.permute(2, 1, 0).conv(3, (1, 1)).permute(2, 0, 1).reshape(3, 8).permute(1, 0).graph


def resized(scheme: str) -> QGraph:
    """Between pixels: twice, three times as large, both; and back to a smaller image."""
    net = image(scheme, (3, 4, 2)).resize(6, 8).conv(4, (1, 1), relu=False).resize(12, 16, "reference")
    return net.pool((3, 4)).conv(2, (1, 1)).resize(3, 2).resize(9, 4).graph


def resized_oddly(scheme: str) -> QGraph:
    """Corners that stay, rows and columns that nothing reads, an image of one row, one column, one pixel."""
    net = image(scheme, (5, 7, 3)).resize(11, 9, "single", corners=True).conv(3, (1, 1), relu=False)
    net.resize(3, 2, "reference").resize(3, 2).resize(1, 5, half=False).resize(4, 1).conv(4, (1, 1))
    return net.resize(9, 1, "reference", corners=True).resize(1, 1).resize(3, 4).graph


MOVING = (MovingStage, ResizeBilinearStage, WholeImageMaxStage)
NETWORKS: dict[str, tuple[Callable[[str], QGraph], tuple[int, ...]]] = {
    "largest": (largest, (400, 48, 12, 4)),
    "whole pool": (whole_pool, (400, 60, 30, 10, 5)),
    "cropped": (cropped, (400, 84, 60)),
    "padded": (padded, (600, 120, 72)),
    "repeated": (repeated, (2000, 400, 256)),
    "unet": (unet, (600, 150)),
    "permuted": (permuted, (1000, 60, 48)),
    "resized": (resized, (3000, 192)),
    "resized oddly": (resized_oddly, (1000, 99)),
    "spread": (spread, (2500, 400, 250)),
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_keep_data_and_cycles(name: str, scheme: str, tmp_path: Path) -> None:
    make, intervals = NETWORKS[name]
    graph = make(scheme)
    for interval in intervals:
        design = plan(graph, interval)
        assert any(isinstance(stage, MOVING) for stage in design.stages)
        check(graph, design, tmp_path / f"{interval}", (name, scheme, interval))


@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.full) for seed in LONG)])
def test_random_networks_keep_data_and_cycles(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 6)), int(rng.integers(1, 6)), int(rng.integers(1, 5)))
    net = image(SCHEMES[seed % 2], shape, seed)
    for _ in range(int(rng.integers(2, 5))):
        random_move(net, rng)
    graph = (net.largest() if rng.random() < 0.5 else net.conv(2, (1, 1))).graph
    least = plan(graph, 20000).cycles.frame_interval
    interval = int(rng.integers(max(1, least // 8), least + 1))
    while True:
        try:
            design = plan(graph, interval)
            break
        except KerilogError:
            interval = int(interval * 1.3) + 1
    check(graph, design, tmp_path / "design", f"seed {seed}, {interval} cycles")


def test_a_pool_over_the_image_has_no_window() -> None:
    graph = image("fixed", (4, 4, 2)).conv(3, (1, 1)).pool((4, 4)).graph
    stages = plan(graph, 100).stages
    assert any(isinstance(stage, WholeImageMaxStage) for stage in stages)
    assert not any(isinstance(stage, MaxPooling2DStage) for stage in stages)


@pytest.mark.parametrize(
    ("graph", "shortest"),
    [
        (image("fixed", (4, 4, 2)).conv(3, (1, 1), name="first").repeat((2, 2)).graph, 64),
        (image("fixed", (4, 4, 2)).conv(3, (1, 1), name="first").pad(((1, 1), (1, 1))).graph, 36),
        (image("fixed", (4, 4, 2)).conv(3, (1, 1), name="first").crop((0, 0, 1), (4, 4, 3)).graph, 48),
    ],
    ids=["up_sampling", "zero_padding", "cropping"],
)
def test_an_interval_out_of_reach_names_the_layer(graph: QGraph, shortest: int) -> None:
    with pytest.raises(KerilogError, match=rf"layer '\w+_2': .* its shortest interval is {shortest}$"):
        plan(graph, shortest - 1)
    assert plan(graph, shortest).cycles.frame_interval == shortest


def test_axes_that_stay_take_no_memory() -> None:
    first, second, third = (
        next(module for module in plan(graph, 1000).stages[-1].modules if isinstance(module, Permute))
        for graph in (
            image("fixed", (4, 5, 3)).conv(3, (1, 1)).permute(1, 0, 2).graph,
            image("fixed", (4, 5, 3)).conv(3, (1, 1)).permute(0, 2, 1).graph,
            image("fixed", (4, 5, 3)).conv(3, (1, 1)).permute(2, 0, 1).graph,
        )
    )
    assert (first.sizes, first.strides) == ((5, 4, 3), (3, 15, 1))
    assert (second.sizes, second.strides) == ((1, 3, 5), (0, 1, 3))
    assert (third.sizes, third.strides) == ((1, 3, 20), (0, 1, 3))


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (
            image("fixed", (1, 1, 16)).reshape(2, 2, 2, 2).permute(3, 2, 1, 0).graph,
            r"three axes that move, found \(3, 2",
        ),
        (
            image("fixed", (2048, 2048, 1)).permute(1, 0, 2).graph,
            "in up to 33,554,432 bits of memory, found 67,108,864",
        ),
    ],
    ids=["axes", "memory"],
)
def test_permutations_that_are_refused(graph: QGraph, reason: str) -> None:
    with pytest.raises(Unsupported, match=f"layer 'permute_.': hardware supports .*{reason}"):
        plan(graph, 1 << 24)


def test_strides_of_a_slice_are_refused() -> None:
    net = image("fixed", (4, 4, 2)).conv(3, (1, 1))
    net._grow("slice", QSlice((0, 0, 0), (4, 4, 3), (2, 1, 1)), (2, 4, 3), net.here.format)
    with pytest.raises(Unsupported, match=r"slices without strides, found \(2, 1, 1\)"):
        plan(net.graph, 500)
