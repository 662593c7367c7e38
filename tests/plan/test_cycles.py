# SPDX-License-Identifier: Apache-2.0
"""Random networks, generated and simulated: every element is the integer model's, every cycle the plan's.

A failure prints its seed; ``draw_case(seed)`` draws the same network again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kerilog.plan import plan
from support.designs import check
from support.networks import Chain, draw_case

SHORT = range(16)
LONG = range(16, 400)
IN_VERILATOR = (0, 1)  # a build takes seconds there, and the cycles are the same


def seeds() -> list[object]:
    """A few seeds for every run, the others for the long one."""
    return [*SHORT, *(pytest.param(seed, marks=pytest.mark.full) for seed in LONG)]


@pytest.mark.parametrize("seed", seeds())
def test_random_networks_keep_data_and_cycles(seed: int, tmp_path: Path) -> None:
    case = draw_case(seed)
    simulator = "verilator" if seed in IN_VERILATOR else "icarus"
    check(case.graph, case.design, tmp_path / "design", case, simulator)


CHAINS = {
    # every kind of stage between the ends, with windows that overlap and folds that do not divide
    "everything": lambda: (
        Chain("everything", "affine", (9, 7, 2), 3)
        .conv(3, (3, 2), padding="same")
        .pool((3, 3), (2, 2), "same")
        .flatten()
        .dense(7)
        .dense(5, relu=False)
        .graph,
        70,
    ),
    # an image that is flat from the first layer on; an image that is flat behind the last
    "flat first": lambda: (Chain("flat_first", "affine", (4, 3, 2), 6).flatten().dense(5).graph, 24),
    "flat last": lambda: (Chain("flat_last", "fixed", (4, 3, 2), 6).conv(3, (2, 2)).flatten().graph, 12),
    # beats of 3 become beats of 2: through beats of 1, with a queue
    "lanes": lambda: (
        Chain("lanes", "fixed", (3, 4, 3), 5).conv(3, (1, 1)).flatten().dense(6).dense(4).graph,
        12,
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chosen_networks_keep_data_and_cycles(name: str, tmp_path: Path) -> None:
    graph, interval = CHAINS[name]()
    check(graph, plan(graph, interval), tmp_path / "design", name)
