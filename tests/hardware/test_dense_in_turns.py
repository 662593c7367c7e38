# SPDX-License-Identifier: Apache-2.0
"""Dense layers that work output by output behind those that work input by input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerilog.errors import UnreachedError
from kerilog.hardware.folding import Shares
from kerilog.hardware.stages.dense import DenseStage, ReadDenseStage
from kerilog.plan import plan
from support.designs import check
from support.networks import Chain

SHORT, LONG = range(3), range(3, 30)


def draw_network(rng: np.random.Generator, scheme: str) -> Chain:
    chain = Chain("net", scheme, (int(rng.integers(4, 40)),), int(rng.integers(1000)))
    for number in range(int(rng.integers(2, 5))):
        chain.dense(int(rng.integers(3, 30)), f"dense_{number}")
    return chain


@pytest.mark.parametrize("seed", [*SHORT, *(pytest.param(seed, marks=pytest.mark.full) for seed in LONG)])
def test_it_is_as_planned(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng([seed, 31])
    graph = draw_network(rng, ("affine", "fixed")[seed % 2]).graph
    interval = int(rng.integers(40, 400))
    try:
        design = plan(graph, interval, shares=Shares(extra=4, overlap=100))
    except UnreachedError as error:
        design = plan(graph, error.shortest + 1, shares=Shares(extra=4, overlap=100))
    assert any(isinstance(stage, ReadDenseStage) for stage in design.stages), (seed, interval)
    check(graph, design, tmp_path / "design", (seed, interval))


def test_layers_that_alternate_overlap() -> None:
    """Every second layer reads what it keeps, and works at the same time as the one behind it."""
    chain = Chain("net", "affine", (64,), 7)
    for number in range(6):
        chain.dense(64, f"dense_{number}")
    design = plan(chain.graph, 256, shares=Shares(overlap=1.5))
    kinds = [type(stage) for stage in design.stages if stage.kind == "Dense"]
    assert kinds == [DenseStage, ReadDenseStage] * 3
    one_by_one = plan(chain.graph, 256, shares=Shares(overlap=0))
    assert not any(isinstance(stage, ReadDenseStage) for stage in one_by_one.stages)
    assert design.cycles.latency < 0.85 * one_by_one.cycles.latency


def test_a_bounded_latency_gives_small_layers_more_multipliers() -> None:
    chain = Chain("net", "affine", (64,), 7)
    for units in (32, 32, 32, 64):
        chain.dense(units, f"dense_{units}_{len(chain.graph.nodes)}")
    even = plan(chain.graph, 512)
    hasty = plan(chain.graph, 512, shares=Shares(haste=1))
    assert hasty.cycles.latency < even.cycles.latency
    assert hasty.cycles.frame_interval <= 512
