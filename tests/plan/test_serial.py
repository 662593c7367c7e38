# SPDX-License-Identifier: Apache-2.0
"""Requantizers that take several cycles per result: chosen where they are smaller, and never slower."""

from __future__ import annotations

import dataclasses
import random

import pytest

from kerilog import area
from kerilog.area.devices import occupancy
from kerilog.hardware.design import Design
from kerilog.hardware.modules.matvec import Folding
from kerilog.hardware.modules.requantize import AffineRequantizer, SerialRequantizer
from kerilog.hardware.sums import SumStage
from kerilog.plan import plan, serial
from kerilog.plan.planner import elaborate
from kerilog.plan.wiring import sketch
from kerilog.qgraph import QGraph
from kerilog.timing.pipe import Pipe
from kerilog.timing.schedule import chain
from kerilog.timing.serial import Serial
from support.networks import Chain

VECTORS = 4


def draw_folding(rng: random.Random) -> Folding:
    streams = rng.random() < 0.5
    pe, groups, simd = rng.randint(1, 12), rng.randint(1, 9), rng.randint(1, 5)
    lanes = rng.choice([count for count in range(1, pe + 1) if pe % count == 0])
    last = pe - lanes * rng.randrange(pe // lanes)
    return Folding(
        pe=pe,
        simd=simd,
        lanes=simd if streams else simd * rng.randint(1, 12),
        beats_per_vector=rng.randint(2, 40) if streams else 1,
        groups=groups,
        outputs=(groups - 1) * pe + last if groups > 1 else pe,
        result_lanes=lanes,
    )


@pytest.mark.parametrize("seed", range(5))
def test_vectors_are_no_slower_with_as_many_cycles_per_result_as_there_are(seed: int) -> None:
    rng = random.Random(seed)
    tried = 0
    while tried < 60:
        folding = draw_folding(rng)
        results = folding.outputs // folding.result_lanes
        most = folding.steps // results
        if most < 2:
            continue
        tried += 1
        cycles, delay = rng.choice([most, rng.randint(2, most)]), rng.choice([0, 2])
        shared = dataclasses.replace(folding, result_cycles=cycles)
        beats = VECTORS * folding.beats_per_vector, VECTORS * results
        pipelined = chain([*folding.controls(), Pipe(depth=1), Pipe(depth=8)], *beats).measure()
        controls = [*shared.controls(), Pipe(depth=1), Serial(steps=cycles, delay=delay)]
        assert chain(controls, *beats).measure().interval <= pipelined.interval, (shared, delay)


def network() -> QGraph:
    chain_ = Chain("shared", "affine", (10, 10, 1), 7).conv(4, name="first").pool().flatten()
    return chain_.dense(16, "middle").dense(5, "last").graph


def requantizers(design: Design) -> list[AffineRequantizer | SerialRequantizer]:
    stages = [stage for stage in design.stages if isinstance(stage, SumStage)]
    assert stages
    return [
        stage.requantizer
        for stage in stages
        if isinstance(stage.requantizer, AffineRequantizer | SerialRequantizer)
    ]


def pipelined(design: Design) -> Design:
    """``design`` as it would be without them."""
    stages = [stage.pipelined if isinstance(stage, SumStage) else stage for stage in design.stages]
    return dataclasses.replace(design, stages=tuple(stages))


@pytest.mark.parametrize("interval", [200, 1000, 5000])
def test_the_slower_the_smaller(interval: int) -> None:
    design = plan(network(), interval)
    found = [one for one in requantizers(design) if isinstance(one, SerialRequantizer)]
    assert found
    assert design.cycles.frame_interval <= interval
    assert occupancy(area.of(design)) < occupancy(area.of(pipelined(design)))
    assert area.of(design).dsp < area.of(pipelined(design)).dsp


def test_no_result_takes_several_cycles_where_there_is_one() -> None:
    design = plan(network(), 64)
    first = next(stage for stage in design.stages if isinstance(stage, SumStage))
    assert first.matvec.steps == first.matvec.outputs // first.matvec.result_lanes
    assert isinstance(first.requantizer, AffineRequantizer)


def test_a_stage_of_least_delay_is_no_later() -> None:
    for stage in plan(network(), 5000).stages:
        if not isinstance(stage, SumStage):
            continue
        hurried = serial.economical(stage, 0)
        assert isinstance(hurried, SumStage)
        requantizer = hurried.requantizer
        assert isinstance(requantizer, AffineRequantizer | SerialRequantizer)
        assert requantizer.latency <= stage.pipelined.requantizer.latency


def test_a_bound_on_latency_comes_first() -> None:
    """The smallest requantizers are a little later; within that no others are used."""
    graph = network()
    drawn = sketch(graph, "design", 1000)
    smallest = elaborate(graph, "design", drawn)
    bound = elaborate(graph, "design", list(drawn.ever_sooner())[-1]).cycles.latency
    assert bound < smallest.cycles.latency
    bounded = elaborate(graph, "design", drawn, bound)
    assert bounded.cycles.latency <= bound
    assert occupancy(area.of(bounded)) > occupancy(area.of(smallest))
    assert requantizers(elaborate(graph, "design", drawn, smallest.cycles.latency)) == requantizers(smallest)
