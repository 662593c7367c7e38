# SPDX-License-Identifier: Apache-2.0
"""Small tensors broadcast to large ones, simulated: data as in the integer model, cycles as planned."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerilog.errors import UnreachedError, Unsupported
from kerilog.hardware.connectors import FifoStage
from kerilog.hardware.stages.broadcast import BroadcastStage
from kerilog.plan import plan
from kerilog.qgraph import QGraph, QMultiply
from support.branches import Branches
from support.designs import check

SCHEMES = ("affine", "fixed")


def excite(scheme: str, kind: type[QMultiply] | None = QMultiply) -> QGraph:
    """Squeeze and excite: a factor, or a summand, for each channel out of the means of all."""
    net = Branches("net", scheme, (4, 5, 2), 3).conv(4, padding="same", name="stem")
    net.mean().dense(2).dense(4, relu=False).look_up().reshape((1, 1, 4)).broadcast((4, 5, 4))
    return (net.join("stem", kind) if kind else net.add("stem")).conv(2, (1, 1)).graph


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", [QMultiply, None], ids=["product", "sum"])
def test_squeeze_and_excite(kind: type[QMultiply] | None, scheme: str, tmp_path: Path) -> None:
    graph = excite(scheme, kind)
    for interval in (40, 200):
        design = plan(graph, interval)
        check(graph, design, tmp_path / f"{interval}", (kind, scheme, interval))


def test_the_queue_beside_holds_a_frame() -> None:
    """No factor is known before the last pixel."""
    design = plan(excite("affine"), 80)
    (beside,) = (
        stage
        for stage in design.stages
        if isinstance(stage, FifoStage) and stage.input.shape == (4, 5, 4) and stage.peak > 4
    )
    assert beside.peak * beside.input.lanes >= 80


SHAPES = [
    ((1, 1, 6), (3, 4, 6)),
    ((3, 4, 1), (3, 4, 6)),
    ((1, 1, 1), (3, 4, 6)),
    ((1, 4, 6), (3, 4, 6)),
    ((3, 1, 6), (3, 4, 6)),
    ((3, 1, 1), (3, 4, 6)),
    ((1, 6), (4, 6)),
]


@pytest.mark.parametrize("interval", [12, 100])
@pytest.mark.parametrize(("source", "target"), SHAPES, ids=str)
def test_axes_are_repeated(
    source: tuple[int, ...], target: tuple[int, ...], interval: int, tmp_path: Path
) -> None:
    net = Branches("net", "fixed", source, interval).look_up().broadcast(target)
    graph = net.look_up().graph
    design = plan(graph, interval)
    assert any(isinstance(stage, BroadcastStage) for stage in design.stages)
    check(graph, design, tmp_path, (source, interval))


def test_pixels_side_by_side(tmp_path: Path) -> None:
    net = Branches("net", "fixed", (1, 1, 6), 2).look_up().broadcast((3, 4, 6))
    graph = net.look_up().graph
    check(graph, plan(graph, 3), tmp_path, "four pixels per beat")


def test_channels_are_repeated_a_pixel_at_a_time() -> None:
    graph = Branches("net", "fixed", (3, 4, 1), 2).look_up().broadcast((3, 4, 6)).graph
    with pytest.raises(UnreachedError, match=r"layer 'broadcast_2': .* its shortest interval is 12$"):
        plan(graph, 11)
    assert plan(graph, 12).cycles.frame_interval == 12


def test_axes_apart_are_refused() -> None:
    graph = Branches("net", "fixed", (1, 4, 1), 3).look_up().broadcast((3, 4, 6)).graph
    message = r"hardware repeats axes next to each other, found \(1, 4, 1\) to be broadcast to \(3, 4, 6\)"
    with pytest.raises(Unsupported, match=message):
        plan(graph, 200)
