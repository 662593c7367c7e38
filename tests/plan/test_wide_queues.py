# SPDX-License-Identifier: Apache-2.0
"""Queues of wide beats behind a converter become queues of narrow ones ahead of it, where no time is lost."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from kerilog import area
from kerilog.hardware.connectors import FifoStage, LanesStage
from kerilog.hardware.design import Design
from kerilog.plan import plan, spare
from kerilog.qgraph import QGraph
from support.designs import check
from support.networks import Chain

NEVER = 1 << 30


def convolutions(channels: int, filters: int = 1, size: int = 6, stride: int = 1) -> QGraph:
    """A layer that gives few ``channels`` at a time, with pauses, and one that takes whole pixels."""
    chain = Chain("wide", "affine", (size, size, 4), 3).conv(channels, (3, 3), (stride, stride), "same")
    return chain.conv(filters, (1, 1)).graph


def widest(design: Design) -> int:
    """Bits of the widest beat in a queue."""
    return max((stage.output.width for stage in design.stages if isinstance(stage, FifoStage)), default=0)


def ahead_of_a_converter(design: Design) -> list[str]:
    """The queues that the next stage makes wider beats of."""
    return [
        before.name
        for before, stage in itertools.pairwise(design.stages)
        if isinstance(before, FifoStage)
        and isinstance(stage, LanesStage)
        and stage.sources == (before.name,)
        and stage.input.lanes < stage.output.lanes
    ]


def test_no_queue_of_wide_beats_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, interval = convolutions(160), 2 * 6 * 6 * 160
    design = plan(graph, interval)
    monkeypatch.setattr(spare, "WIDE", NEVER)
    without = plan(graph, interval)
    assert widest(design) < 1024 <= widest(without)
    assert design.cycles.frame_interval <= interval
    assert area.of(design).lutram < area.of(without).lutram
    assert ahead_of_a_converter(design) and not ahead_of_a_converter(without)


def test_no_interval_is_longer_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare, "WIDE", 64)
    moved = 0
    for channels, filters, stride, haste in itertools.product((12, 24), (1, 2, 6), (1, 2), (1, 2, 4)):
        graph = convolutions(channels, filters, stride=stride)
        # raises where it is not reached
        design = plan(graph, 2 * 6 * 6 * channels // haste)
        moved += len(ahead_of_a_converter(design))
    assert moved > 6


@pytest.mark.parametrize(("stride", "interval"), [(1, 864), (2, 432), (2, 216)])
def test_data_and_cycles_are_as_planned(
    stride: int, interval: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spare, "WIDE", 64)
    graph = convolutions(12, stride=stride)
    design = plan(graph, interval)
    assert ahead_of_a_converter(design)
    check(graph, design, tmp_path, (stride, interval))
