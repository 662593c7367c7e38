# SPDX-License-Identifier: Apache-2.0
"""Convolutions whose windows are read word by word: generated, simulated, as planned to the cycle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kerilog.errors import UnreachedError
from kerilog.hardware.folding import MatrixJob, Shares, word_by_word
from kerilog.hardware.module import Module
from kerilog.hardware.modules.window_reader import WindowReader
from kerilog.hardware.pace import folding_in_turns
from kerilog.hardware.stages.conv2d import Conv2DStage, ReadConv2DStage
from kerilog.hardware.windowed import ample_rows
from kerilog.plan import plan
from kerilog.plan.wiring import Network
from kerilog.timing.schedule import chain
from support.branches import Branches
from support.designs import check
from support.networks import same_padding

SHORT, LONG = range(6), range(6, 60)


def seeds() -> list[object]:
    return [*SHORT, *(pytest.param(seed, marks=pytest.mark.full) for seed in LONG)]


def _chance(rng: np.random.Generator, *choices: int) -> int:
    return int(rng.choice(choices))


def draw_network(seed: int) -> Branches:
    """One or two convolutions, dense or depthwise, of any kernel, strides and padding."""
    rng = np.random.default_rng([seed, 21])
    shape = _chance(rng, 3, 5, 6, 7), _chance(rng, 3, 4, 6, 7), _chance(rng, 1, 2, 3, 4, 6)
    net = Branches("net", ("affine", "fixed")[seed % 2], shape, seed=seed)
    for _ in range(_chance(rng, 1, 2)):
        height, width, _ = net.here.shape
        kernel = _chance(rng, *range(1, min(3, height) + 1)), _chance(rng, *range(1, min(3, width) + 1))
        strides = _chance(rng, 1, 1, 2), _chance(rng, 1, 1, 2)
        if rng.random() < 0.5:
            net.depthwise(kernel, strides, each=_chance(rng, 1, 1, 2))
        else:
            net.conv(_chance(rng, 2, 3, 5, 8), kernel, strides, ("same", "valid")[_chance(rng, 0, 1)])
    return net


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every layer that can reads its windows word by word."""

    def share(network: Network, modules: Sequence[Module]) -> float:
        return float(not isinstance(modules[0], WindowReader))

    monkeypatch.setattr(Network, "share", share)


@pytest.mark.parametrize("seed", seeds())
@pytest.mark.usefixtures("reading")
def test_it_is_as_planned(seed: int, tmp_path: Path) -> None:
    graph = draw_network(seed).graph
    rng = np.random.default_rng([seed, 22])
    read = 0
    for interval in (int(rng.integers(60, 200)), int(rng.integers(300, 3000))):
        try:
            design = plan(graph, interval, shares=Shares(extra=100))
        except UnreachedError as error:
            design = plan(graph, error.shortest + 1, shares=Shares(extra=100))
        read += sum(isinstance(stage, ReadConv2DStage) for stage in design.stages)
        check(graph, design, tmp_path / str(interval), (seed, interval))
    assert read, "no layer reads its windows"


def draw_reader(rng: np.random.Generator) -> tuple[WindowReader, list[object], int]:
    """A reader with ample rows, the controls of the sums behind it, and the beats that those give."""
    channels, filters = _chance(rng, 1, 2, 3, 4, 6), _chance(rng, 1, 2, 3, 5, 8)
    height, width = (int(rng.integers(1, 9)) for _ in range(2))
    kernel = int(rng.integers(1, min(5, height) + 1)), int(rng.integers(1, min(5, width) + 1))
    strides = _chance(rng, 1, 1, 2, 3), _chance(rng, 1, 1, 2, 3)
    apart = channels > 1 and rng.random() < 0.4
    padding = ((0, 0), (0, 0))
    if rng.random() < 0.6:
        top, left = (same_padding(*each) for each in zip((height, width), kernel, strides, strict=True))
        padding = (top, left)
    out = tuple(
        (size + sum(cells) - side) // step + 1
        for size, cells, side, step in zip((height, width), padding, kernel, strides, strict=True)
    )
    inputs = kernel[0] * kernel[1] * (1 if apart else channels)
    outputs = channels if apart else filters
    job = MatrixJob(out[0] * out[1], inputs, outputs, vectors=channels if apart else 1)
    choices = word_by_word(job, channels, 1 << 40)
    folding = folding_in_turns(job, choices[int(rng.integers(len(choices)))])
    slices = channels // (folding.vectors * folding.lanes)
    reader = WindowReader(
        *(height, width, slices, folding.vectors * folding.lanes, 8),
        *(*kernel, *strides, padding[0][0], padding[1][0], *out),
        pad_code=0,
        passes=1 if apart else folding.turns,
        apart=apart,
        rows=ample_rows(kernel[0], padding[0][0]),
    )
    return reader, list(folding.controls()), job.turns * folding.outputs // folding.result_lanes


@pytest.mark.parametrize("seed", seeds())
def test_no_cycle_is_lost(seed: int) -> None:
    """A word per cycle where there are more to read than to write, and to read than results to give."""
    rng = np.random.default_rng([seed, 23])
    for _ in range(40):
        reader, sums, beats_out = draw_reader(rng)
        found = chain([*reader.controls(), *sums], reader.words, beats_out).measure().interval  # type: ignore[list-item]
        steps = reader.out_height * reader.out_width * reader.steps
        assert found == max(reader.words, steps, beats_out), (seed, reader)


def test_wide_layers_read_their_windows() -> None:
    """A folded layer of many channels keeps no window in registers; one with a window per cycle does."""
    net = Branches("net", "affine", (8, 8, 32)).conv(32, padding="same", name="conv")
    folded, fast = plan(net.graph, 64 * 9 * 32), plan(net.graph, 64)
    assert [type(stage) for stage in folded.stages if stage.kind == "Conv2D"] == [ReadConv2DStage]
    assert [type(stage) for stage in fast.stages if stage.kind == "Conv2D"] == [Conv2DStage]
