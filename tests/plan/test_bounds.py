# SPDX-License-Identifier: Apache-2.0
"""Bounds given together: the result meets each, and no folding that does is better."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable

import numpy as np
import pytest

from kerilog import area
from kerilog.area import devices
from kerilog.area.devices import LUT_SHARE, Device, holding, occupancy, shortfall
from kerilog.errors import KerilogError, UnreachedError
from kerilog.hardware.design import Design
from kerilog.hardware.folding import Shares
from kerilog.plan import candidates, search, unmet
from kerilog.plan.bounds import Bounds
from kerilog.plan.candidates import Candidates, reached
from kerilog.plan.front import front
from kerilog.plan.goals import Goal, design_for
from kerilog.progress import silent
from kerilog.qgraph import QGraph
from support.networks import Chain

BOUNDS = ("interval", "latency", "multipliers", "device")
TOGETHER = [names for size in range(1, 5) for names in itertools.combinations(BOUNDS, size)]


def convolution() -> QGraph:
    chain = Chain("small", "fixed", (5, 5, 1), 5).conv(3, (2, 2), name="first").pool().flatten()
    return chain.dense(4, "middle").dense(3, "last").graph


def dense() -> QGraph:
    return Chain("flat", "fixed", (12,), 7).dense(10, "a").dense(9, "b").dense(4, "c").graph


NETWORKS: dict[str, Callable[[], QGraph]] = {"convolution": convolution, "dense": dense}


@functools.cache
def every_design(network: str) -> list[Design]:
    """The designs of all whole numbers of cycles, from the shortest interval to the slowest folding."""
    graph = NETWORKS[network]()
    points = front(graph)
    found = (reached(graph, interval) for interval in range(points[0].interval, points[-1].interval + 1))
    return [design for design in found if design is not None]


def every_candidate(network: str, asked: int | None) -> list[Design]:
    """The designs of the intervals that are candidates. Between them the words of windows that are read, and
    the requantizers for which there is time, change the area a little.
    """
    graph = NETWORKS[network]()
    points = Candidates(graph, asked=asked).points
    found = (reached(graph, point.interval) for point in points)
    return [design for design in found if design is not None]


LITTLE = 1.02
"""How much smaller than the best candidate a design between the candidates may be."""


def bounds_near(design: Design, names: tuple[str, ...], rng: np.random.Generator) -> Bounds:
    """Bounds that ``design`` meets, or just misses, or meets with some room."""

    def near(value: float) -> int:
        return int(value * rng.choice([0.8, 1, 1, 1.1, 1.5]))

    need = area.of(design)
    luts, ff = (int(near(part) / LUT_SHARE) + 2 for part in (need.luts, need.ff))
    values = {
        "interval": near(design.cycles.frame_interval),
        "latency": near(design.cycles.latency),
        "multipliers": near(design.products),
        "device": Device("some", near(need.dsp), near(need.bram18), luts, ff),
    }
    return Bounds(**{name: values[name] for name in names})  # type: ignore[arg-type]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("names", TOGETHER, ids="+".join)
def test_no_folding_within_the_bounds_is_better(names: tuple[str, ...], network: str) -> None:
    """Checked against all of them, with no sketches, orders or stops."""
    everything = every_design(network)
    rng = np.random.default_rng(sum(map(ord, network + "".join(names))))
    met = 0
    for _ in range(8):
        bounds = bounds_near(everything[rng.integers(len(everything))], names, rng)
        others = every_candidate(network, bounds.interval)
        allowed = [design for design in others if bounds.are_met_by(design)]
        found = search.best(Candidates(NETWORKS[network](), asked=bounds.interval), bounds)
        assert (found is None) == (not allowed), bounds
        if found is not None:
            met += 1
            assert bounds.are_met_by(found), bounds
            least = min(allowed, key=bounds.rank)
            assert bounds.rank(found)[0] <= bounds.rank(least)[0] + 1e-12, bounds
            if network == "dense":
                between = min(filter(bounds.are_met_by, everything), key=bounds.rank)
                assert bounds.rank(found)[0] <= LITTLE * bounds.rank(between)[0], bounds
    assert met


def test_what_is_minimized() -> None:
    some = Device("some", 1, 1, 1, 1)
    for bounds in (Bounds(interval=9), Bounds(latency=9), Bounds(9, 9), Bounds(9, device=some)):
        assert bounds.for_area, bounds
    for bounds in (Bounds(multipliers=9), Bounds(device=some), Bounds(latency=9, multipliers=9)):
        assert not bounds.for_area, bounds


def test_latency_alone_is_the_least_area_within_it() -> None:
    graph = convolution()
    latencies = sorted({design.cycles.latency for design in every_design("convolution")})
    costs = []
    for latency in latencies[:: len(latencies) // 4]:
        design = design_for(graph, Goal(latency=latency))
        assert design.cycles.latency <= latency
        costs.append(occupancy(area.of(design)))
    assert costs == sorted(costs, reverse=True) and costs[0] > costs[-1]


@pytest.mark.parametrize(
    ("goal", "text"),
    [
        (Goal(interval=9), "a frame every 9 cycles"),
        (Goal(multipliers=9), "the shortest interval with 9 multipliers"),
        (Goal(device="xc7a35tcpg236-1"), "the shortest interval on xc7a35t"),
        (Goal(device="xc7a35t", fill=80), "the shortest interval on xc7a35t"),
        (Goal(device="xc7a35t", fill=62.5), "the shortest interval on xc7a35t filled to 62.5 %"),
        (Goal(latency=1), "the least area with a latency of 1 cycle"),
        (
            Goal(latency=900, multipliers=1),
            "the shortest interval with 1 multiplier and a latency of 900 cycles",
        ),
        (
            Goal(fps=30, clock_mhz=100, device="xc7z020"),
            "the least area for 30 frames per second at 100 MHz on xc7z020",
        ),
    ],
)
def test_a_goal_tells_its_bounds_and_what_is_minimized(goal: Goal, text: str) -> None:
    assert goal.text == text


def test_fill_is_how_much_of_the_logic_may_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = convolution()
    need = area.of(design_for(graph, Goal(multipliers=6)))
    monkeypatch.setitem(devices.SEVEN_SERIES, "some", Device("some", 90, 90, 2 * need.luts, 8 * need.luts))
    intervals = []
    for fill in (100, 80, 55):
        design = design_for(graph, Goal(device="some", fill=fill))
        assert area.of(design).luts <= 2 * need.luts * fill / 100
        intervals.append(design.cycles.frame_interval)
    assert intervals == sorted(intervals) and intervals[0] < intervals[-1]
    assert design_for(graph, Goal(device="some")).cycles.frame_interval == intervals[1]
    with pytest.raises(
        KerilogError, match=r"^some filled to 5 %: the network does not fit: .* LUT, of which"
    ):
        design_for(graph, Goal(device="some", fill=5))


# ---- what stands in the way ----


def test_an_interval_out_of_reach_is_said_as_without_other_bounds() -> None:
    with pytest.raises(UnreachedError, match="layer 'first': no folding reaches 3 cycles per frame; its"):
        design_for(convolution(), Goal(interval=3, latency=500, multipliers=9))


def test_the_shortest_interval_with_the_other_bounds() -> None:
    graph = convolution()
    best = design_for(graph, Goal(multipliers=5)).cycles.frame_interval
    message = (
        rf"no folding with 5 multipliers gives a frame every {best - 1} cycles: the shortest interval with 5 "
        rf"multipliers is {best} cycles; a frame every {best - 1} cycles takes (\d+) multipliers at least"
    )
    with pytest.raises(KerilogError, match=message) as caught:
        design_for(graph, Goal(interval=best - 1, multipliers=5))
    needed = int(re.findall(r"takes (\d+)", str(caught.value))[0])
    found = design_for(graph, Goal(interval=best - 1, multipliers=needed))
    assert found.products == needed and found.cycles.frame_interval < best


def test_the_least_latency_with_the_other_bounds() -> None:
    graph = convolution()
    allowed = [design for design in every_design("convolution") if design.products <= 9]
    least = min(design.cycles.latency for design in allowed)
    message = (
        f"no folding with 9 multipliers has a latency of {least - 1} cycles: the least is {least} cycles, at"
    )
    with pytest.raises(KerilogError, match=message):
        design_for(graph, Goal(latency=least - 1, multipliers=9))
    assert design_for(graph, Goal(latency=least, multipliers=9)).cycles.latency == least


def test_the_least_latency_of_all() -> None:
    least = min(design.cycles.latency for design in every_design("dense"))
    message = f"no folding has a latency of {least - 1} cycles: the least is {least} cycles, at"
    with pytest.raises(KerilogError, match=message):
        design_for(dense(), Goal(latency=least - 1))


def test_where_latency_not_the_interval_stands_in_the_way() -> None:
    message = "no folding with 9 multipliers has a latency of 20 cycles: the least is"
    with pytest.raises(KerilogError, match=message):
        design_for(convolution(), Goal(interval=1000, latency=20, multipliers=9))


def test_a_device_that_is_too_small_for_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = convolution()
    some = area.of(design_for(graph, Goal(multipliers=5)))
    small = Device("small", some.dsp, 90, 2 * some.luts, 4 * some.luts)
    monkeypatch.setitem(devices.SEVEN_SERIES, "small", small)
    best = design_for(graph, Goal(device="small")).cycles.frame_interval
    asked = front(graph)[0].interval
    message = (
        rf"no folding on small gives a frame every {asked} cycles: the shortest interval on small is {best} "
        rf"cycles; a frame every .* takes .*\d+ LUT, of which \d+ may be used.*; the smallest device "
        rf"that holds it is \w+$"
    )
    with pytest.raises(KerilogError, match=message) as caught:
        design_for(graph, Goal(interval=asked, device="small"))
    larger = str(caught.value).split()[-1]
    assert design_for(graph, Goal(interval=asked, device=larger)).cycles.frame_interval <= asked


def test_a_device_that_is_too_small_for_anything_names_one_that_would_do() -> None:
    graph = Chain("wide", "fixed", (400,), 5).dense(300, "wide").graph
    slowest = area.of(candidates.reached(graph, front(graph)[-1].interval))  # type: ignore[arg-type]
    device = holding(slowest)[0]
    message = f"xc7s6: the weights do not fit .* are missing; the smallest device with that much is {device}$"
    for others in ({}, {"latency": 500_000}, {"interval": 100_000, "multipliers": 200}):
        with pytest.raises(KerilogError, match=message):
            design_for(graph, Goal(device="xc7s6", **others))


# ---- few plans ----


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many sketches and complete plans are made."""
    found = {"relaxed": 0, "elaborate": 0}
    for name in found:
        original = getattr(candidates, name)

        def counting(
            *given: object, name: str = name, original: Callable[..., object] = original, **named: object
        ) -> object:
            found[name] += 1
            return original(*given, **named)

        monkeypatch.setattr(candidates, name, counting)
    return found


def large() -> QGraph:
    """With more than 100 candidates."""
    chain = Chain("large", "fixed", (12, 12, 3), 3).conv(20, (3, 3), name="first").pool().flatten()
    return chain.dense(60, "middle").dense(30, "last").graph


def test_weights_that_no_device_so_small_holds_are_refused_at_once(counted: dict[str, int]) -> None:
    graph = Chain("wide", "fixed", (400,), 5).dense(300, "wide").graph
    with pytest.raises(KerilogError, match="xc7s6: the weights do not fit its memory"):
        design_for(graph, Goal(device="xc7s6"))
    assert counted == {"relaxed": 1, "elaborate": 0}


def test_bounds_take_few_plans(counted: dict[str, int]) -> None:
    graph = large()
    middle = design_for(graph, Goal(multipliers=60))
    interval, latency = middle.cycles.frame_interval, middle.cycles.latency
    places = len(Candidates(graph).points)
    assert places > 100
    for goal in (
        Goal(latency=latency),
        Goal(interval=interval, latency=latency),
        Goal(interval=interval, latency=latency, multipliers=90, device="xc7s50"),
        Goal(device="xc7s25"),
    ):
        counted.update(relaxed=0, elaborate=0)
        design_for(graph, goal)
        assert counted["elaborate"] <= 12, (goal, counted)
        assert counted["relaxed"] - counted["elaborate"] < places, (goal, counted)


def test_steps_over_what_is_far_too_large_miss_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same designs as by looking at every candidate."""
    found = Candidates(large())
    places = range(len(found.points))
    assert len(places) > search.FEW
    for name in ("xc7s6", "xc7s15", "xc7s50", "xc7a100t"):
        bounds = Bounds(device=devices.SEVEN_SERIES[name])
        all_of_them = [place for place in places if not shortfall(found.least_area(place), bounds.device)]  # type: ignore[arg-type]
        assert list(search.fitting(found, places, bounds)) == all_of_them, name


def test_the_best_there_is_is_that_of_all_families() -> None:
    """A refusal that told the best of the leanest designs alone would promise too little."""
    chain = Chain("net", "affine", (64,), 7)
    for number in range(6):
        chain.dense(64, f"dense_{number}")
    lean, overlapped = (Candidates(chain.graph, shares=Shares(overlap=most)) for most in (0, 1.5))
    bounds = Bounds(latency=1, multipliers=96)

    def least(*families: Candidates) -> int:
        found = re.search(r"the least is (\d+) cycles", str(unmet.reason(families, bounds, silent)))
        assert found
        return int(found[1])

    assert least(lean, overlapped) == least(overlapped) < least(lean)
