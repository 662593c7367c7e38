# SPDX-License-Identifier: Apache-2.0
"""What a user asks for, and the design that follows: interval, frames a second, multipliers, device."""

from __future__ import annotations

import dataclasses
import functools
import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import rich.console

from kerilog import area
from kerilog.area import Area, devices
from kerilog.area.devices import LUT_SHARE, Device, occupancy, shortfall
from kerilog.errors import KerilogError, UnreachedError, Unsupported
from kerilog.explore import results
from kerilog.explore.points import Point, explore, pareto
from kerilog.formats import Fixed
from kerilog.hardware.design import Design
from kerilog.hardware.folding import FEWEST, Shares
from kerilog.plan import candidates, goals, plan
from kerilog.plan.front import front
from kerilog.plan.goals import Goal, design_for
from kerilog.plan.planner import elaborate
from kerilog.plan.sketch import Sketch
from kerilog.qgraph import QGraph, QInput, QNode
from support.branches import Branches
from support.networks import Chain


def network() -> QGraph:
    """A convolution, a pool and two dense layers."""
    chain = Chain("small", "fixed", (5, 5, 1), 5).conv(3, (2, 2), name="first").pool().flatten()
    return chain.dense(4, "middle").dense(3, "last").graph


@functools.cache
def the_front() -> list[Point]:
    return explore(network())


@pytest.mark.parametrize(
    ("fps", "clock", "cycles"),
    [(60, 0.06, 1000), (30, 100, 3_333_333), (127_551, 100, 784), (3, 0.001, 333), (0.1, 1e-6, 10)],
)
def test_frames_a_second_are_cycles(fps: float, clock: float, cycles: int) -> None:
    assert Goal(fps=fps, clock_mhz=clock).cycles == cycles


def test_frames_a_second_are_reached() -> None:
    design = design_for(network(), Goal(fps=200_000, clock_mhz=50))
    assert design.cycles.frame_interval <= 250
    assert design.products == plan(network(), 250).products


def test_no_goal_is_a_budget_of_multipliers() -> None:
    found = design_for(network(), Goal())
    assert found.cycles == design_for(network(), Goal(multipliers=goals.DEFAULT_MULTIPLIERS)).cycles
    assert "none: the shortest interval with 76 multipliers" in found.goal


def test_no_goal_is_a_multiplier_per_layer_if_that_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goals, "DEFAULT_MULTIPLIERS", 2)
    assert design_for(network(), Goal()).products == 3


def test_a_neighbour_stands_in_for_an_interval_that_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    points = front(network())
    asked, shorter = points[3].interval, points[2].interval

    def picky(
        graph: QGraph,
        interval: int,
        name: str | None,
        unroll: tuple[str, ...],
        shares: Shares = FEWEST,
        registered: bool = False,
    ) -> Design:
        if interval == asked:
            raise UnreachedError("first", interval, interval + 1)
        return plan(graph, interval, name, unroll, shares)

    monkeypatch.setattr(goals, "plan", picky)
    assert design_for(network(), Goal(interval=asked)).cycles.frame_interval == shorter


@pytest.mark.parametrize("budget", [3, 5, 12])
def test_a_budget_gives_the_shortest_interval(budget: int) -> None:
    """Held to a search of every interval."""
    graph = network()
    design = design_for(graph, Goal(multipliers=budget))
    assert design.products <= budget
    for interval in range(1, design.cycles.frame_interval):
        try:
            faster = plan(graph, interval)
        except KerilogError:
            continue
        assert faster.products > budget, interval


def test_a_budget_that_nothing_needs_is_the_fastest() -> None:
    design = design_for(network(), Goal(multipliers=10_000))
    assert design.cycles.frame_interval == the_front()[0].interval


def test_a_budget_below_one_a_layer_names_the_layers() -> None:
    message = "a budget of 2 multipliers is too small: 3 are needed, .* the 3 layers first, middle, last"
    with pytest.raises(KerilogError, match=message):
        design_for(network(), Goal(multipliers=2))


def test_an_interval_out_of_reach_names_the_layer_and_the_shortest() -> None:
    with pytest.raises(KerilogError, match="layer 'first': no folding reaches 3 cycles per frame; its"):
        design_for(network(), Goal(fps=1_000_000, clock_mhz=3))


def test_what_hardware_does_not_take_is_said_for_every_goal() -> None:
    graph = network()
    other = QNode("other", QInput(), (), (3,), Fixed(8, 3))
    two_inputs = dataclasses.replace(graph, nodes=(*graph.nodes, other))
    for goal in (Goal(), Goal(interval=9), Goal(multipliers=9), Goal(device="xc7a35t")):
        with pytest.raises(Unsupported, match="hardware does not support an input that nothing uses"):
            design_for(two_inputs, goal)


def missing(intervals: set[int]) -> Callable[..., Design]:
    """In the place of ``elaborate``: the layers keep up with ``intervals`` only each alone."""

    def elaborated(graph: QGraph, name: str, drawn: Sketch, latency: int | None = None) -> Design:
        design = elaborate(graph, name, drawn, latency)
        late = dataclasses.replace(design.cycles, frame_interval=drawn.interval + 1)
        return dataclasses.replace(design, cycles=late) if drawn.interval in intervals else design

    return elaborated


# ---- devices ----


def fitting(need: area.Area) -> Device:
    """A device that just holds ``need``."""
    lut, ff = (-(-round(count) // LUT_SHARE) + 1 for count in (need.luts, need.ff))
    return Device("just", need.dsp, need.bram18, int(lut), int(ff))


def test_a_device_that_just_holds_a_design_gets_it_or_a_faster_one(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = network()
    for point in the_front()[::4]:
        monkeypatch.setitem(devices.SEVEN_SERIES, "just", fitting(point.area))
        design = design_for(graph, Goal(device="just"))
        assert design.cycles.frame_interval <= point.interval
        assert not shortfall(area.of(design), devices.SEVEN_SERIES["just"])


def test_a_large_device_gets_the_fastest_design() -> None:
    assert design_for(network(), Goal(device="xc7k480t")).cycles.frame_interval == the_front()[0].interval


def test_weights_that_a_device_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = Chain("wide", "fixed", (400,), 5).dense(300, "wide").graph
    need = area.of(plan(graph, front(graph)[-1].interval)).bram18
    assert need > 20
    monkeypatch.setitem(devices.SEVEN_SERIES, "tiny", Device("tiny", 90, need - 7, 1000, 40_000))
    message = (
        rf"tiny: the weights do not fit its memory: 960,000 bits, most of them of layer 'wide', take {need} "
        rf"RAMB18 with the buffers, there are {need - 7}: 7 RAMB18 \(129,024 bits\) are missing"
    )
    with pytest.raises(KerilogError, match=message):
        design_for(graph, Goal(device="tiny"))


def test_logic_that_a_device_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(devices.SEVEN_SERIES, "bare", Device("bare", 2, 90, 100, 40_000))
    message = r"bare: the network does not fit: with 3 multipliers it needs .*\d+ LUT, of which 80 may be"
    with pytest.raises(KerilogError, match=message):
        design_for(network(), Goal(device="bare"))


def test_devices_by_part_number() -> None:
    assert devices.seven_series("xc7a35tcpg236-1").lut == 20_800
    assert devices.seven_series("XC7A100T").dsp == 240
    assert devices.seven_series("xc7z020").bram18 == 280
    with pytest.raises(
        KerilogError, match="unknown device 'xc7a36t', the nearest is xc7a35t; known are xc7s6"
    ):
        devices.seven_series("xc7a36t")
    with pytest.raises(KerilogError, match="unknown device 'xc7s600'"):
        devices.seven_series("xc7s600")


def test_a_device_gets_a_fast_design_where_the_slowest_folding_is_not_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = network()
    slowest = front(graph)[-1].interval
    monkeypatch.setattr(candidates, "elaborate", missing({slowest}))
    assert design_for(graph, Goal(device="xc7k480t")).cycles.frame_interval == the_front()[0].interval
    bare = Device("bare", 2, 90, 100, 40_000)
    monkeypatch.setitem(devices.SEVEN_SERIES, "bare", bare)
    with pytest.raises(KerilogError, match=r"it needs .*\d+ LUT, of which 80 may be"):
        design_for(graph, Goal(device="bare"))


def test_a_device_and_a_network_that_no_interval_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "elaborate", missing(set(range(10_000))))
    with pytest.raises(KerilogError, match="model 'small': no frame interval is reached"):
        design_for(network(), Goal(device="xc7k480t"))
    with pytest.raises(KerilogError, match="no folding with 9 multipliers is found"):
        design_for(network(), Goal(multipliers=9))


# ---- without multipliers ----


UNWEIGHTED = {
    "a pool": lambda: Chain("none", "fixed", (6, 5, 2), 1).pool(),
    "overlapping windows": lambda: Chain("none", "fixed", (7, 5, 2), 1).pool((3, 3), (1, 1), "same"),
    "an average": lambda: Branches("none", "affine", (6, 6, 2), 1).average((3, 3), (1, 1), "same"),
    "a mean": lambda: Branches("none", "affine", (9, 6, 2), 1).look_up().mean(),
    "a table": lambda: Branches("none", "fixed", (6, 5, 2), 1).look_up(),
    "a flat input": lambda: Branches("none", "fixed", (12,), 1).look_up(),
}


@pytest.mark.parametrize("name", UNWEIGHTED)
def test_every_goal_of_a_network_without_multipliers(name: str, tmp_path: Path) -> None:
    graph = UNWEIGHTED[name]().graph
    (point,) = explore(graph)
    assert (point.multipliers, point.utilization) == (0, None)
    for goal in (Goal(multipliers=1), Goal(device="xc7a35t"), Goal(interval=point.interval)):
        design = design_for(graph, goal)
        assert (design.cycles.frame_interval, design.products) == (point.interval, 0), goal
    for interval in range(1, point.interval):
        with pytest.raises(KerilogError, match="reache"):
            plan(graph, interval)
    text = io.StringIO()
    results.show([point], "none", 10, rich.console.Console(file=text))
    assert f" {point.interval} " in text.getvalue()
    results.write([point], tmp_path / "front", "none", 10)
    (written,) = json.loads((tmp_path / "front/front.json").read_text())["points"]
    assert (written["interval"], written["utilization"]) == (point.interval, None)


def test_a_device_too_small_for_the_fastest_pool_gets_a_slower_one(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = Chain("none", "fixed", (24, 24, 8), 1).pool().graph
    fast, slow = (area.of(plan(graph, interval)) for interval in (explore(graph)[0].interval, 24 * 24))
    assert slow.luts < fast.luts
    monkeypatch.setitem(devices.SEVEN_SERIES, "just", fitting(slow))
    design = design_for(graph, Goal(device="just"))
    assert not shortfall(area.of(design), devices.SEVEN_SERIES["just"])
    monkeypatch.setitem(devices.SEVEN_SERIES, "bare", Device("bare", 0, 0, 10, 10))
    with pytest.raises(
        KerilogError, match=r"the network does not fit: with 0 multipliers it needs \d+ LUT, of"
    ):
        design_for(graph, Goal(device="bare"))


# ---- the whole front ----


def test_every_point_of_the_front_is_built_at_least_as_small() -> None:
    points = the_front()
    assert len(points) > 5
    for point in points:
        design = design_for(network(), Goal(interval=point.interval, latency=point.latency))
        assert design.cycles.frame_interval <= point.interval
        assert design.cycles.latency <= point.latency
        assert occupancy(area.of(design)) <= point.share


def test_the_files_of_the_front_name_area_as_the_manifest_does() -> None:
    point = max(the_front(), key=lambda point: point.area.lutram)
    (row,) = results.rows([point], None)
    assert row["lutram"] == round(point.area.lutram) > 0
    assert (row["lut"], row["dsp"]) == (round(point.area.lut), point.area.dsp)


def test_no_point_of_the_front_is_beaten_by_another() -> None:
    points = the_front()
    for one, other in itertools.permutations(points, 2):
        beaten = other.interval <= one.interval and other.latency <= one.latency
        assert not (beaten and other.share <= one.share)
    assert [point.interval for point in points] == sorted(point.interval for point in points)
    assert all(0 < (point.utilization or 0) <= 1 for point in points)
    assert pareto(list(reversed(points))) == points


def test_the_front_is_one_of_latency_too() -> None:
    """A design that is slower and larger than another stays for its short latency."""
    small, large = Area(lut=100), Area(lut=200)
    kept = [Point(10, 90, 1, small, None), Point(20, 50, 1, large, None), Point(30, 95, 1, Area(), None)]
    beaten = [Point(10, 91, 9, small, None), Point(31, 95, 1, Area(), None), Point(20, 50, 1, large, None)]
    assert pareto([*beaten, *kept]) == kept


def test_the_front_holds_what_single_plans_find() -> None:
    points = the_front()
    for interval in (point.interval for point in front(network())):
        design = plan(network(), interval, shares=Shares(goals.EXTRA[0]))
        need, cycles = occupancy(area.of(design)), design.cycles
        assert any(
            point.interval <= cycles.frame_interval
            and point.latency <= cycles.latency
            and point.share <= need
            for point in points
        ), interval


def test_a_folding_that_is_not_reached_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = network()
    gone = the_front()[2]
    monkeypatch.setattr(candidates, "elaborate", missing({gone.interval}))
    assert gone.interval not in [point.interval for point in explore(graph)]
    assert design_for(graph, Goal(multipliers=gone.multipliers)).cycles.frame_interval > gone.interval
