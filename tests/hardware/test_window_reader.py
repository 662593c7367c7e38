# SPDX-License-Identifier: Apache-2.0
"""Convolutions and pools whose windows are read word by word: generated, simulated and as planned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kerilog.errors import UnreachedError
from kerilog.formats import Fixed
from kerilog.graph import Pair
from kerilog.hardware.design import Tensor
from kerilog.hardware.folding import MatrixJob, Shares, word_by_word
from kerilog.hardware.module import Module
from kerilog.hardware.modules.window_reader import WindowReader
from kerilog.hardware.pace import folding_in_turns
from kerilog.hardware.stages.average_pooling2d import AveragePooling2DStage, ReadAveragePooling2DStage
from kerilog.hardware.stages.conv2d import Conv2DStage, ReadConv2DStage
from kerilog.hardware.stages.max_pooling2d import MaxPooling2DStage, ReadMaxPooling2DStage
from kerilog.hardware.windowed import Geometry, ReaderStage
from kerilog.plan import plan
from kerilog.plan.goals import Goal, design_for
from kerilog.plan.wiring import Network
from kerilog.timing.schedule import chain
from support.branches import Branches
from support.designs import check
from support.networks import same_padding, spanned

SHORT, LONG = range(6), range(6, 60)


def seeds() -> list[object]:
    return [*SHORT, *(pytest.param(seed, marks=pytest.mark.full) for seed in LONG)]


def _chance(rng: np.random.Generator, *choices: int) -> int:
    return int(rng.choice(choices))


def draw_network(seed: int) -> Branches:
    """One or two convolutions, dense, in groups or depthwise, and pools, of any kernel, strides, dilation and
    padding.
    """
    rng = np.random.default_rng([seed, 21])
    shape = _chance(rng, 3, 5, 6, 7), _chance(rng, 3, 4, 6, 7), _chance(rng, 1, 2, 3, 4, 6)
    net = Branches("net", ("affine", "fixed")[seed % 2], shape, seed=seed)
    for _ in range(_chance(rng, 1, 2)):
        height, width, channels = net.here.shape
        kernel = _chance(rng, *range(1, min(3, height) + 1)), _chance(rng, *range(1, min(3, width) + 1))
        if kernel == (1, 1) and len(net.nodes) == 1:
            kernel = (1, 2)  # one layer at least has something to read
        strides, padding = (
            (_chance(rng, 1, 1, 2), _chance(rng, 1, 1, 2)),
            ("same", "valid")[_chance(rng, 0, 1)],
        )
        dilation = _chance(rng, 1, 1, 2, 3), _chance(rng, 1, 1, 2, 3)
        kind = _chance(rng, 0, 0, 1, 1, 2, 3)
        if kind == 0:
            groups = _chance(rng, *(count for count in range(1, channels + 1) if channels % count == 0))
            net.depthwise(kernel, strides, groups, _chance(rng, 1, 1, 2, 3), dilation)
        elif kind == 1:
            net.conv(
                _chance(rng, 2, 3, 5, 8), kernel, strides, _fitting(net, kernel, dilation, padding),
                dilation=dilation,
            )  # fmt: skip
        elif kind == 2:
            net.pool(kernel, strides, padding)
        else:
            net.average(kernel, strides, padding)
    return net


def _fitting(net: Branches, kernel: Pair, dilation: Pair, padding: str) -> str:
    """``padding``, but "same" where a window is larger than the image."""
    sides = zip(net.here.shape, spanned(kernel, dilation), strict=False)
    return padding if all(size >= span for size, span in sides) else "same"


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
        read += sum(isinstance(stage, ReaderStage) for stage in design.stages)
        check(graph, design, tmp_path / str(interval), (seed, interval))
    assert read, "no layer reads its windows"


def draw_reader(rng: np.random.Generator) -> tuple[WindowReader, list[object], int]:
    """A reader with ample rows, the controls of the sums behind it, and the beats that those give."""
    channels, filters = _chance(rng, 1, 2, 3, 4, 6), _chance(rng, 1, 2, 3, 5, 8)
    height, width = (int(rng.integers(1, 9)) for _ in range(2))
    kernel = int(rng.integers(1, min(5, height) + 1)), int(rng.integers(1, min(5, width) + 1))
    strides = _chance(rng, 1, 1, 2, 3), _chance(rng, 1, 1, 2, 3)
    dilation = _chance(rng, 1, 1, 2, 4), _chance(rng, 1, 1, 2, 4)
    groups = _chance(rng, *(count for count in range(1, channels + 1) if channels % count == 0))
    span, padding = spanned(kernel, dilation), ((0, 0), (0, 0))
    if rng.random() < 0.6 or span[0] > height or span[1] > width:
        top, left = (same_padding(*each) for each in zip((height, width), span, strides, strict=True))
        padding = (top, left)
    out = tuple(
        (size + sum(cells) - side) // step + 1
        for size, cells, side, step in zip((height, width), padding, span, strides, strict=True)
    )
    depth = channels // groups
    outputs = groups * filters if groups < channels else channels
    job = MatrixJob(out[0] * out[1], kernel[0] * kernel[1] * depth, outputs, vectors=groups)
    choices = word_by_word(job, channels, 1 << 40)
    folding = folding_in_turns(job, choices[int(rng.integers(len(choices)))])
    tensor = Tensor((height, width, channels), Fixed(8, 0), 1)
    geometry = Geometry(kernel, strides, padding, 0, depth, dilation)
    reader = geometry.reader(tensor, (*out, outputs), folding)
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


def test_wide_pools_read_their_windows() -> None:
    """As convolutions do: not where a window is needed in every cycle."""
    wide = Branches("net", "affine", (8, 8, 64)).pool((3, 3), (1, 1), "same").average((2, 2)).graph
    folded, fast = plan(wide, 64 * 9 * 16), plan(wide, 64)
    assert [type(stage) for stage in folded.stages if "Pooling2D" in stage.kind] == [
        ReadMaxPooling2DStage, ReadAveragePooling2DStage,
    ]  # fmt: skip
    assert any(isinstance(stage, MaxPooling2DStage) for stage in fast.stages)


def test_groups_read_their_windows() -> None:
    net = Branches("net", "affine", (8, 8, 32)).depthwise(groups=4, each=8)
    (stage,) = [stage for stage in plan(net.graph, 64 * 9 * 64).stages if isinstance(stage, ReadConv2DStage)]
    assert stage.reader.groups == 4 and stage.matvec.multipliers == 4


def test_a_dilated_layer_keeps_the_rows_that_it_spans() -> None:
    """No more where the layers beside it are as fast."""
    net = Branches("net", "affine", (12, 12, 2)).conv(2, padding="same", name="wide", dilation=(4, 4))
    (stage,) = [stage for stage in plan(net.graph, 9 * 12**2).stages if isinstance(stage, ReaderStage)]
    assert stage.reader.rows == stage.reader.span_h == 9


def test_a_dilated_layer_is_as_fast_as_reading_is() -> None:
    """A cycle for each of its cells: 9 for every window."""
    net = Branches("net", "affine", (6, 6, 4)).conv(5, padding="same", name="wide", dilation=(2, 2))
    assert plan(net.graph, 324).cycles.frame_interval == 324
    with pytest.raises(UnreachedError, match=r"layer 'wide': no folding reaches 323 cycles .* is 324"):
        plan(net.graph, 323)
    assert design_for(net.graph, Goal(multipliers=1)).cycles.frame_interval == 324 * 4 * 5


@pytest.mark.parametrize("interval", [12, 500])
def test_a_window_larger_than_the_image_adds_what_is_inside(interval: int, tmp_path: Path) -> None:
    """The sums have the bits of the cells inside, of which the requantizer takes several side by side."""
    net = Branches("net", "affine", (2, 6, 6), seed=4)
    net.average((5, 2), (1, 2), "same")
    design = plan(net.graph, interval)
    check(net.graph, design, tmp_path / "design", interval)
    (stage,) = (stage for stage in design.stages if stage.kind == "AveragePooling2D")
    assert isinstance(stage, AveragePooling2DStage | ReadAveragePooling2DStage)
    assert stage.matvec.acc_bits == stage.requantizer.acc_bits == 8 + 2
