# SPDX-License-Identifier: Apache-2.0
"""The plan has the fewest multipliers: held to every combination of foldings, each of them simulated."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest

from kerilog.errors import KerilogError
from kerilog.hardware import pace
from kerilog.hardware.design import Design
from kerilog.hardware.folding import Candidate, MatrixJob, candidates
from kerilog.hardware.kind import title
from kerilog.plan import plan
from kerilog.plan.front import front
from kerilog.plan.jobs import jobs
from kerilog.plan.planner import default_interval
from kerilog.qgraph import QGraph
from support.designs import weighted_stages
from support.networks import Chain

MOST = 150  # combinations to simulate for a network and an interval


def draw(seed: int) -> QGraph:
    """A small chain with two or three layers that have multipliers."""
    rng = random.Random(seed)
    size = rng.choice((3, 4, 5))
    chain = Chain(f"draw_{seed}", rng.choice(("fixed", "affine")), (size, size, rng.choice((1, 2))), seed)
    chain.conv(rng.choice((1, 2, 3)), rng.choice(((1, 1), (2, 2))), padding=rng.choice(("valid", "same")))
    if rng.random() < 0.4:
        chain.pool()
    if rng.random() < 0.4:
        chain.conv(2, (1, 1))
    return chain.flatten().dense(rng.choice((2, 3, 4))).graph


def combinations(graph: QGraph, interval: int) -> Iterator[dict[str, Candidate]]:
    """Every choice of a folding for each layer, by the layer's title; the fewest multipliers first.

    As many windows side by side as the interval asks for.
    """
    found = {title(node): job for node, job in jobs(graph)}
    spaces = [list(candidates(s.side_by_side(s.windows_for(interval)))) for s in found.values()]
    for choice in sorted(itertools.product(*spaces), key=lambda one: sum(f.multipliers for f in one)):
        yield dict(zip(found, choice, strict=True))


def forced(graph: QGraph, choice: dict[str, Candidate], interval: int) -> Design | None:
    """The design with the foldings of ``choice``, whatever each layer reaches alone; None if too slow."""

    def only(_: MatrixJob, __: int, ___: int | None, layer: str) -> list[Candidate]:
        return [choice[layer]]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "ranked", only)
        patch.setattr(pace, "_alone", lambda *_: 0)
        try:
            return plan(graph, interval)
        except KerilogError:
            return None


def intervals(graph: QGraph, seed: int) -> list[int]:
    """The default, some points of the front, and intervals between them."""
    points = [point.interval for point in front(graph)]
    rng = random.Random(seed)
    between = [rng.randint(points[0], points[-1]) for _ in range(2)]
    return sorted({default_interval(graph), *rng.sample(points, min(3, len(points))), *between})


@pytest.mark.parametrize("seed", range(6))
def test_no_combination_has_fewer_multipliers(seed: int) -> None:
    graph = draw(seed)
    for interval in intervals(graph, seed):
        everything = list(combinations(graph, interval))
        try:
            found = plan(graph, interval).products
        except KerilogError:
            found = None
        fewer = [
            one for one in everything if found is None or sum(f.multipliers for f in one.values()) < found
        ]
        for choice in fewer[-MOST:]:
            design = forced(graph, choice, interval)
            assert design is None, f"{interval} cycles: {found} multipliers planned, {choice} reaches it"


def test_a_forced_choice_is_what_is_built() -> None:
    """The search above sees the foldings that it means to see, and finds the plan's own."""
    graph = draw(1)
    design = plan(graph, 30)
    for choice in combinations(graph, 30):
        if all(
            (stage.matvec.pe, stage.matvec.simd) == (choice[stage.layer].pe, choice[stage.layer].simd)
            for stage in weighted_stages(design)
        ):
            again = forced(graph, choice, 30)
            assert again is not None
            assert again.products == design.products
            assert again.cycles == design.cycles
            return
    raise AssertionError("the plan is not among the combinations")
