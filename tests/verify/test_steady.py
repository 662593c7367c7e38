# SPDX-License-Identifier: Apache-2.0
"""The frame interval that a simulation settles to, and what differs from the plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog.manifest import Manifest
from kerilog.plan import plan
from kerilog.verify import steady
from kerilog.verify.result import SimulationResult
from kerilog.verify.steady import simulate_steady, standing
from support.designs import times_of_frames
from support.networks import Chain, draw_graph


def times(entering: list[int], leaving: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Cycles of the first beats in and the last beats out, from the gaps between frames; latency 100."""
    return np.cumsum([0, *entering]), 100 + np.cumsum([0, *leaving])


def test_frames_at_one_pace_stand() -> None:
    assert standing(*times([50] * 12, [50] * 12)) == 50


def test_a_transient_does_not_stand_however_even_it_is() -> None:
    """The queues of a long pipeline fill up: 647 cycles for a dozen frames, though 640 are taken."""
    slow = [647] * 17 + [646] * 4 + [645] * 3 + [644] * 4
    for frames in range(2, 29):
        assert standing(*times([640] * frames, slow[:frames])) is None
    assert standing(*times([640] * 40, slow + [640] * 12)) == 640


def test_frames_that_take_turns_have_the_longest_interval() -> None:
    assert standing(*times([50, 54] * 10, [50, 54] * 10)) == 54
    assert standing(*times([54, 50] * 10, [50, 50, 62] * 7)[:2]) is None
    assert standing(*times([50, 50, 62] * 9, [54, 54, 54] * 9)) == 54


def test_few_frames_do_not_stand() -> None:
    for frames in range(6):
        assert standing(*times([50] * frames, [50] * frames)) is None, frames


def test_frames_that_leave_when_nothing_enters_do_not_count() -> None:
    """The last ones may find another pace."""
    entered = np.arange(8) * 10
    left = 200 + np.arange(8) * 50
    assert standing(entered, left) is None
    left = 25 + np.concatenate([np.arange(6) * 10, [70, 90]])
    assert standing(entered, left) == 10


@pytest.mark.parametrize("seed", range(6))
def test_what_stands_is_what_the_plan_runs_into(seed: int) -> None:
    design = plan(draw_graph(seed))
    entered, left = times_of_frames(design, 60)
    found = [standing(entered[:frames], left[:frames]) for frames in range(2, 61)]
    assert {interval for interval in found if interval is not None} <= {design.cycles.frame_interval}, seed
    assert found[-1] == design.cycles.frame_interval, seed


def test_a_long_pipeline_is_run_until_its_interval_stands() -> None:
    """Layers of one pace behind each other, each a little slower than what it takes."""
    chain = Chain("deep", "fixed", (24,), 3)
    for units in (12, 24, 12, 24, 12):
        chain.dense(units)
    design = plan(chain.graph, 96)
    entered, left = times_of_frames(design, 80)
    assert standing(entered, left) == design.cycles.frame_interval


# ---- the design is run again ----


def change(directory: Path, **values: Any) -> Manifest:
    path = directory / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return Manifest.read(directory)


@pytest.mark.parametrize("given", [1, 2, 3, 40])
def test_few_frames_are_sent_again_and_not_handed_on(tiny_design, given: int) -> None:
    design = tiny_design()
    codes = design.codes(given)
    found = simulate_steady(design.directory, codes, "icarus")
    assert np.array_equal(found.result.codes, design.expected(codes))
    assert len(found.result.last_out) == len(found.result.first_in) == given
    assert found.interval == design.manifest.frame_interval == 4
    assert found.frames == max(given, 9)
    assert list(found.differences(design.manifest)) == []


def test_what_the_plan_did_not_promise_is_told(tiny_design) -> None:
    design = tiny_design()
    wrong = change(design.directory, frame_interval=5, latency=7, first_output=2)
    found = simulate_steady(design.directory, design.codes(3), "icarus")
    assert list(found.differences(wrong)) == [
        "the frame interval is 4 cycles, planned are 5",
        "the latency is 4 cycles, planned are 7",
        "the latency of the first output beat is 1 cycles, planned are 2",
    ]


def test_a_frame_error_on_good_frames_is_told(tiny_design) -> None:
    design = tiny_design()
    design.replace("s_axis_tlast != last", "s_axis_tlast == last")
    found = simulate_steady(design.directory, design.codes(3), "icarus")
    assert list(found.differences(design.manifest)) == [
        "frame_error was raised, though every frame had the right length",
        "m_axis_tuser was high, though every frame had the right length",
    ]


class Fake:
    """A simulator of a design that takes a frame every 640 cycles and settles after ``settling`` frames."""

    def __init__(self, settling: int, settled: int = 640) -> None:
        self.settling, self.settled = settling, settled
        self.calls: list[int] = []

    def __call__(
        self, directory: Path, sent: dict[str, np.ndarray], simulator: str, _: object
    ) -> SimulationResult:
        (codes,) = sent.values()
        frames = len(codes)
        self.calls.append(frames)
        gaps = [647 if frame < self.settling else self.settled for frame in range(frames - 1)]
        entering = [self.settled] * (frames - 1)
        first_in, last_out = np.cumsum([0, *entering]), 6000 + np.cumsum([0, *gaps])
        return SimulationResult((codes,), first_in, last_out - 1, last_out, False, int(last_out[-1]), 1.0)


def slow_design(tiny_design) -> Any:
    design = tiny_design()
    change(design.directory, frame_interval=640, latency=6000, first_output=5999)
    return design


def test_frames_are_doubled_until_the_interval_stands(tiny_design, monkeypatch: pytest.MonkeyPatch) -> None:
    design, fake = slow_design(tiny_design), Fake(30)
    monkeypatch.setattr(steady, "simulate", fake)
    found = simulate_steady(design.directory, design.codes(4))
    assert (found.interval, fake.calls) == (640, [18, 36, 72])
    assert (found.frames, len(found.result.codes)) == (72, 4)


def test_another_interval_is_looked_at_twice(tiny_design, monkeypatch: pytest.MonkeyPatch) -> None:
    design, fake = slow_design(tiny_design), Fake(0, 641)
    monkeypatch.setattr(steady, "simulate", fake)
    found = simulate_steady(design.directory, design.codes(4))
    assert (found.interval, fake.calls) == (641, [18, 36])


def test_what_never_settles_comes_to_an_end(tiny_design, monkeypatch: pytest.MonkeyPatch) -> None:
    design, fake = slow_design(tiny_design), Fake(10**6)
    monkeypatch.setattr(steady, "simulate", fake)
    found = simulate_steady(design.directory, design.codes(4))
    assert found.interval is None and max(fake.calls) <= steady.MOST_FRAMES
    assert list(found.differences(Manifest.read(design.directory))) == []


def test_a_large_design_is_run_on_the_given_frames_only(tiny_design, monkeypatch: pytest.MonkeyPatch) -> None:
    design, fake = slow_design(tiny_design), Fake(0)
    monkeypatch.setattr(steady, "simulate", fake)
    monkeypatch.setitem(steady.MOST_CYCLES, "verilator", 640 * 10)
    found = simulate_steady(design.directory, design.codes(4))
    assert (found.interval, found.frames, fake.calls) == (None, 4, [4])
    found = simulate_steady(design.directory, design.codes(30))
    assert (found.interval, found.frames) == (640, 30)
