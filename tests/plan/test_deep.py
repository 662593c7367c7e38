# SPDX-License-Identifier: Apache-2.0
"""Random networks with the shapes of real ones: all elements the model's, all cycles the plan's."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerilog.errors import UnreachedError
from kerilog.hardware.design import Design
from kerilog.plan import plan
from kerilog.qgraph import QGraph
from support.designs import check
from support.shapes import draw_deep

SHORT, LONG = (1,), range(2, 200)


def planned(graph: QGraph, interval: int) -> Design:
    """The design for ``interval``, or for the next longer one that is reached."""
    while True:
        try:
            return plan(graph, interval)
        except UnreachedError as error:
            interval = max(error.shortest, interval + 1)


@pytest.mark.parametrize("seed", [*SHORT, *(pytest.param(seed, marks=pytest.mark.full) for seed in LONG)])
def test_deep_networks_keep_data_and_cycles(seed: int, tmp_path: Path) -> None:
    graph, interval = draw_deep(seed)
    check(graph, planned(graph, interval), tmp_path / "design", f"draw_deep({seed})", "verilator")
