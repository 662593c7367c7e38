# SPDX-License-Identifier: Apache-2.0
"""Networks whose queues fill for longer than is waited for: their interval is known before that."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kerilog.hardware.connectors import FifoStage
from kerilog.hardware.design import Stage
from kerilog.plan import buffers, cycles, plan
from support.golden import NETWORKS
from support.networks import Chain, draw_case
from support.two_ports import heads, two_images

DEEP = 300


def kept_is_the_interval(stages: Sequence[Stage]) -> bool:
    """Whether the pace of the slowest stage is kept; if so, it is what a run until all repeats finds."""
    kept = buffers.keeps_pace(stages)
    if kept:
        assert cycles.schedule_of(stages).measure().interval == buffers.pace_of(stages)
    return kept


@pytest.mark.parametrize("name", NETWORKS)
def test_the_pace_that_is_kept_is_the_interval(name: str) -> None:
    make, interval = NETWORKS[name]
    # of this one, two stages beside each other are slower than each by itself
    assert kept_is_the_interval(plan(make(), interval).stages) == (name != "affine")


def test_of_random_networks_too() -> None:
    kept = [kept_is_the_interval(draw_case(seed).design.stages) for seed in range(30)]
    assert kept.count(False) < 4


def test_a_queue_that_is_too_short_does_not_keep_the_pace() -> None:
    make, interval = NETWORKS["excite"]
    stages = [
        stage.with_depth(stage.depth - 20) if isinstance(stage, FifoStage) and stage.depth > 40 else stage
        for stage in plan(make(), interval).stages
    ]
    assert cycles.schedule_of(stages).measure().interval > buffers.pace_of(stages)
    assert not buffers.keeps_pace(stages)


def test_what_is_known_early_holds_when_all_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue fills by less than two beats a frame; after 8 frames the plan says what 200 show."""
    graph = Chain("filling", "fixed", (3, 4, 3), 5).conv(3, (1, 1)).flatten().dense(6).dense(4).graph
    stages = [
        stage.with_depth(DEEP) if isinstance(stage, FifoStage) else stage for stage in plan(graph, 16).stages
    ]
    schedule = cycles.schedule_of(stages)
    assert schedule.settle(200) and schedule.frames > 100
    waited = buffers.measured(stages)
    monkeypatch.setattr(buffers, "MOST_BEATS", 1)
    early = buffers.measured(stages)
    assert early.cycles == waited.cycles
    assert waited.in_flight <= early.in_flight <= waited.in_flight + 4
    for one, other in zip(early.stages, waited.stages, strict=True):
        if isinstance(one, FifoStage) and isinstance(other, FifoStage):
            assert one.depth >= other.depth and one.facts.peak >= other.facts.peak


def test_never_are_more_frames_under_way_than_there_is_room_for() -> None:
    """With closed sinks all comes to rest, and what is then inside is a bound."""
    designs = [plan(make(), interval) for make, interval in NETWORKS.values()]
    designs += [draw_case(seed).design for seed in range(30)]
    designs += [plan(graph, 40) for graph in (two_images(), heads())]
    for design in designs:
        schedule = cycles.schedule_of(design.stages, registered=design.registered).run(12)
        assert cycles.in_flight(schedule) <= schedule.most_in_flight(), design.name
