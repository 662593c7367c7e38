# SPDX-License-Identifier: Apache-2.0
"""The folding with the fewest multipliers, held to a search of all of them."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog.errors import KerilogError
from kerilog.hardware.folding import MatrixJob, curve, ranked
from kerilog.plan import plan
from kerilog.qgraph import QGraph
from support.designs import weighted_stages
from support.networks import Chain

shapes = st.builds(
    MatrixJob,
    turns=st.integers(1, 9),
    inputs=st.integers(1, 14),
    outputs=st.integers(1, 12),
    streams=st.booleans(),
)
lane_counts = st.integers(0, 5)


def every_folding(shape: MatrixJob) -> Iterator[tuple[int, int]]:
    """Multipliers and cycles of all that the hardware takes, by plain rules."""
    for simd in range(1, shape.inputs + 1):
        for pe in range(1, shape.outputs + 1):
            steps = math.ceil(shape.outputs / pe) * math.ceil(shape.inputs / simd)
            # results that leave so many to a beat are gone before the next vector's come
            leaves = any(
                pe % lanes == 0 and shape.outputs % lanes == 0 and shape.outputs // lanes <= steps
                for lanes in range(1, pe + 1)
            )
            if leaves:
                yield pe * simd, shape.turns * steps


@settings(max_examples=300, deadline=None)
@given(shapes, st.integers(1, 200), lane_counts)
def test_no_folding_has_fewer_multipliers(shape: MatrixJob, interval: int, lanes: int) -> None:
    reached = [found for found in every_folding(shape) if found[1] <= interval]
    if not reached:
        best = min(cycles for _, cycles in every_folding(shape))
        message = (
            f"layer 'conv': no folding reaches {interval} cycles per frame; its shortest interval is {best}"
        )
        with pytest.raises(KerilogError, match=re.escape(message) + "$"):
            ranked(shape, interval, lanes, "conv")
        return
    found = ranked(shape, interval, lanes, "conv")[0]
    assert found.cycles <= interval
    assert found.multipliers == min(reached)[0]


@settings(max_examples=200, deadline=None)
@given(shapes, st.integers(1, 200), lane_counts)
def test_foldings_are_legal(shape: MatrixJob, interval: int, lanes: int) -> None:
    try:
        foldings = ranked(shape, interval, lanes, "conv")
    except KerilogError:
        return
    for found in foldings:
        steps = math.ceil(shape.outputs / found.pe) * math.ceil(shape.inputs / found.simd)
        assert found.cycles == shape.turns * steps <= interval
        assert found.pe % found.lanes == 0 and shape.outputs % found.lanes == 0
        assert shape.outputs // found.lanes <= steps


@settings(max_examples=100, deadline=None)
@given(shapes)
def test_the_curve_holds_the_least_for_every_interval(shape: MatrixJob) -> None:
    everything = list(every_folding(shape))
    points = curve(shape)
    for interval in {cycles + step for _, cycles in everything for step in (-1, 0)}:
        least = min((count for count, cycles in everything if cycles <= interval), default=None)
        assert min((count for cycles, count in points if cycles <= interval), default=None) == least
    assert points == sorted(points) and len({count for _, count in points}) == len(points)


@settings(max_examples=100, deadline=None)
@given(shapes, st.integers(1, 8))
def test_windows_side_by_side_are_the_fewest_that_reach_the_interval(row: MatrixJob, across: int) -> None:
    """The curve has what the plan chooses; fewer windows do not reach it, or not with fewer multipliers."""
    shape = dataclasses.replace(row, turns=row.turns * across, across=across)
    points = curve(shape)
    for interval in range(1, 3 * shape.turns):
        windows = shape.windows_for(interval)
        part = shape.side_by_side(windows)
        assert part.macs == shape.macs and part.vectors == windows * shape.vectors
        least = min((count for count, cycles in every_folding(part) if cycles <= interval), default=None)
        assert min((count for cycles, count in points if cycles <= interval), default=None) == least
        for fewer in range(1, windows):
            if across % fewer == 0:
                assert all(cycles > interval for _, cycles in every_folding(shape.side_by_side(fewer)))


def test_more_cycles_never_cost_more_multipliers() -> None:
    shape = MatrixJob(5, 13, 7)
    shortest = min(cycles for _, cycles in every_folding(shape))
    costs = [ranked(shape, interval, 1, "conv")[0].multipliers for interval in range(shortest, 500)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == 1


def test_an_interval_out_of_reach_names_layer_and_shortest() -> None:
    graph = Chain("small", "fixed", (4, 4, 1)).conv(3, name="first").flatten().dense(9, "last").graph
    message = "layer 'first': no folding reaches 3 cycles per frame; its shortest interval is 4"
    with pytest.raises(KerilogError, match=message):
        plan(graph, 3)
    with pytest.raises(KerilogError, match="the frame interval must be at least 1 cycle, found 0"):
        plan(graph, 0)


def test_the_shortest_interval_named_is_reached() -> None:
    graph = Chain("small", "fixed", (4, 4, 1)).conv(3, name="first").graph
    assert [stage.matvec.steps for stage in weighted_stages(plan(graph, 4))] == [1]


def padded_network() -> QGraph:
    """A convolution that hands out more results than it takes pixels, and layers that share its pace."""
    chain = Chain("padded", "affine", (6, 5, 1), 11).conv(2, padding="same").pool().flatten()
    return chain.dense(5).dense(3).graph


def test_an_interval_that_is_asked_for_is_kept() -> None:
    graph = padded_network()
    for interval in (*range(30, 80, 5), 66, 200, 1000):
        assert plan(graph, interval).cycles.frame_interval <= interval


def test_an_interval_that_pools_do_not_reach_is_refused() -> None:
    graph = Chain("pools", "fixed", (6, 6, 1)).pool((3, 3), (1, 1)).graph
    message = "layer 'max_pooling2d_1': no folding reaches 2 cycles per frame; its shortest interval is 6"
    with pytest.raises(KerilogError, match=message):
        plan(graph, 2)


@pytest.mark.parametrize("rim", [0, 1, 2])
def test_the_default_interval_is_always_reached(rim: int) -> None:
    padding = ((rim, rim), (rim, rim))
    graph = Chain("rim", "fixed", (4, 4, 1)).conv(2, padding=padding).flatten().dense(40).graph
    pixels = max(16, (2 + 2 * rim) ** 2)
    assert weighted_stages(plan(graph))[0].matvec.steps * (2 + 2 * rim) ** 2 <= pixels
