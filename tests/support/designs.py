# SPDX-License-Identifier: Apache-2.0
"""Generated designs on disk, and what their simulation must show."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from kerilog import build
from kerilog.formats import IntArray
from kerilog.hardware.design import Design
from kerilog.hardware.sums import WeightedStage
from kerilog.integer.model import run_outputs
from kerilog.manifest import Manifest, Model
from kerilog.plan import cycles, plan
from kerilog.qgraph import QGraph
from kerilog.verify import SimulationResult, Stalls, simulate
from support.networks import draw_codes

STALLED = 5  # frames that are simulated with stalls, which takes several times as long
MODEL = Model(file="by_hand.keras", sha256="0" * 64)


def generate(
    graph: QGraph, directory: Path, interval: int | None = None, design: Design | None = None
) -> Manifest:
    """Write the design of ``graph`` to ``directory``."""
    return build.generate(graph, design or plan(graph, interval), directory, build.about(graph, MODEL))


def weighted_stages(design: Design) -> list[WeightedStage]:
    """The stages with weights."""
    return [stage for stage in design.stages if isinstance(stage, WeightedStage)]


def assert_codes_equal(found: IntArray, expected: IntArray, what: object) -> None:
    """Every element of every frame is the integer model's."""
    wrong = np.argwhere(found != expected)
    assert wrong.size == 0, (
        f"{what}: {len(wrong)} of {expected.size} elements differ, first at {wrong[0].tolist()}: "
        f"expected {expected[tuple(wrong[0])]}, found {found[tuple(wrong[0])]}"
    )


def assert_cycles_are_as_planned(design: Design, found: SimulationResult, what: object) -> None:
    """The promises hold to the cycle, and so does every frame's time in the planner's own run."""
    promise = design.cycles
    assert found.latency == promise.latency, what
    assert found.first_latency == promise.first_output, what
    assert found.interval == promise.frame_interval, what
    frames = found.frames
    schedule = cycles.schedule_of(design.stages, registered=design.registered).run(frames)
    for name, cycles_found, planned in (
        ("first in", found.first_in, schedule.entered[:frames]),
        ("first out", found.first_out, schedule.first[:frames]),
        ("last out", found.last_out, schedule.last[:frames]),
    ):
        assert (cycles_found - found.first_in[0] + schedule.entered[0]).tolist() == planned, f"{what}, {name}"


def frames_to_settle(design: Design, least: int = 8, most: int = 300) -> int:
    """How many frames it takes until the second half of them shows the promised interval."""
    schedule = cycles.schedule_of(design.stages, registered=design.registered).run(least)
    while len(schedule.last) < most and longest_of_second_half(schedule.last) != design.cycles.frame_interval:
        schedule.run(1)
    return len(schedule.last)


def times_of_frames(design: Design, frames: int) -> tuple[IntArray, IntArray]:
    """The cycles of the planner's own run, frame behind frame: first beat in, last beat out."""
    schedule = cycles.schedule_of(design.stages, registered=design.registered).run(frames)
    return np.array(schedule.entered[:frames]), np.array(schedule.last[:frames])


def longest_of_second_half(ends: list[int]) -> int:
    """As ``SimulationResult.interval``."""
    gaps = np.diff(ends)
    return int(gaps[gaps.size // 2 :].max())


def draw_all(graph: QGraph, frames: int) -> dict[str, IntArray]:
    """Codes of every input by its name."""
    return {
        node.name: draw_codes(dataclasses.replace(graph, nodes=(node,), outputs=(node.name,)), frames, place)
        for place, node in enumerate(graph.inputs)
    }


def assert_all_equal(found: SimulationResult, expected: tuple[IntArray, ...], what: object) -> None:
    """Every element of every frame of every output is the integer model's."""
    for place, (one, other) in enumerate(zip(found.outputs, expected, strict=True)):
        assert_codes_equal(one, other, f"{what}, output {place}")


def check(
    graph: QGraph,
    design: Design,
    directory: Path,
    what: object,
    simulator: str = "icarus",
) -> None:
    """Generate, simulate back to back and with stalls; data and cycles as promised."""
    codes = draw_all(graph, frames_to_settle(design))
    generate(graph, directory, design=design)
    expected = run_outputs(graph, codes)
    found = simulate(directory, codes, simulator)
    assert_all_equal(found, expected, what)
    assert not found.frame_error and not found.tuser, what
    assert_cycles_are_as_planned(design, found, what)
    codes = {name: array[-STALLED:] for name, array in codes.items()}
    expected = tuple(array[-STALLED:] for array in expected)
    for seed, (source, sink) in enumerate([(0.5, 0.5), (0.0, 0.8), (0.8, 0.0)], 1):
        stalled = simulate(directory, codes, simulator, stalls=Stalls(seed, source, sink))
        assert_all_equal(stalled, expected, f"{what}, stalls {source}, {sink}")
        assert not stalled.tuser, what
