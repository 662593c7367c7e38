# SPDX-License-Identifier: Apache-2.0
"""Dense layers that work output by output behind those that work input by input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerilog import area
from kerilog.errors import UnreachedError
from kerilog.hardware.folding import Shares
from kerilog.hardware.modules.requantize import SerialRequantizer
from kerilog.hardware.stages.dense import DenseStage, ReadDenseStage
from kerilog.plan import plan
from kerilog.plan.goals import Goal, design_for
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


@pytest.mark.parametrize("seed", [*SHORT, *(pytest.param(seed, marks=pytest.mark.full) for seed in LONG)])
def test_in_haste_it_is_as_planned(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng([seed, 32])
    graph = draw_network(rng, ("affine", "fixed")[seed % 2]).graph
    haste = float(rng.uniform(0.5, 4))
    shares = Shares(haste=haste, reads_input=bool(seed % 3), spares_dsps=seed % 4 in (2, 3))
    interval = int(rng.integers(40, 400))
    try:
        design = plan(graph, interval, shares=shares)
    except UnreachedError as error:
        design = plan(graph, error.shortest + 1, shares=shares)
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


def autoencoder() -> Chain:
    """Two wide layers around narrow ones, as many as make whole phases if the first one reads the input."""
    chain = Chain("net", "affine", (96,), 7)
    for number, units in enumerate((32, 32, 32, 8, 32, 32, 32, 96)):
        chain.dense(units, f"dense_{number}")
    return chain


def test_the_first_layer_may_read_the_input() -> None:
    """Then it and the last one work at the same time as another layer: a phase less."""
    waits, reads = (
        plan(autoencoder().graph, 128, shares=Shares(haste=2, reads_input=reads_input))
        for reads_input in (False, True)
    )
    kinds = [type(stage) for stage in reads.stages if stage.kind == "Dense"]
    assert kinds == [ReadDenseStage, DenseStage] * 4
    assert [type(stage) for stage in waits.stages if stage.kind == "Dense"] == kinds[1:] + kinds[:1]
    assert (
        reads.cycles.latency <= waits.cycles.latency - 128 // 2
    )  # registers at the borders take some of it back


def test_results_that_come_at_the_end_leave_in_several_lanes() -> None:
    reads = plan(autoencoder().graph, 128, shares=Shares(haste=2, reads_input=True))
    last = reads.stages[-1]
    assert isinstance(last, DenseStage)
    assert last.matvec.result_lanes > 1


def test_dsps_are_spared_by_requantizers_out_of_adders() -> None:
    lavish, frugal = (
        plan(autoencoder().graph, 128, shares=Shares(haste=2, reads_input=True, spares_dsps=spares))
        for spares in (False, True)
    )
    assert frugal.products == lavish.products
    assert area.of(frugal).dsp < area.of(lavish).dsp
    assert frugal.cycles.latency < 1.15 * lavish.cycles.latency
    last = frugal.stages[-1]
    assert isinstance(last, DenseStage)
    assert isinstance(last.requantizer, SerialRequantizer)


def test_a_bounded_latency_takes_no_more_haste_than_it_needs() -> None:
    graph, multipliers = autoencoder().graph, []
    for latency in (1000, 780, 680):
        design = design_for(graph, Goal(interval=128, latency=latency, device="xc7z020"))
        assert design.cycles.latency <= latency
        assert design.cycles.frame_interval <= 128
        multipliers.append(design.products)
    # an even share of fewer cycles takes 114 of them for 780
    assert multipliers[0] <= multipliers[1] < multipliers[2] < 114
