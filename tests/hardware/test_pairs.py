# SPDX-License-Identifier: Apache-2.0
"""Layers of two tensors in hardware, simulated: every element the integer model's, all cycles the plan's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerilog.errors import KerilogError
from kerilog.hardware.stages.join import JoinStage, MultiplyStage
from kerilog.plan import plan
from kerilog.qgraph import QAverage, QGraph, QMaximum, QMinimum, QMultiply
from support.branches import Branches
from support.designs import check

SCHEMES = ("affine", "fixed")
LONG = range(4, 60)
JOINS = (QMaximum, QMinimum, QMultiply)


def joined(kind: type[QMultiply | QMaximum], scheme: str, shape: tuple[int, ...] = (5, 5, 3)) -> QGraph:
    """Two convolutions of one image, of which one is deeper, and their join."""
    net = Branches("net", scheme, shape, 5).conv(4, (1, 1), name="stem", relu=False)
    net.conv(4, padding="same", name="deep", relu=False)
    return net.join("stem", kind).conv(2, (1, 1)).graph


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", JOINS)
def test_joins_keep_data_and_cycles(kind: type[QMultiply | QMaximum], scheme: str, tmp_path: Path) -> None:
    graph = joined(kind, scheme)
    for interval in (25, 200):
        design = plan(graph, interval)
        assert any(isinstance(stage, JoinStage) for stage in design.stages)
        check(graph, design, tmp_path / f"{interval}", (kind, scheme, interval))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_tensor_meets_itself(scheme: str, tmp_path: Path) -> None:
    """A square, of vectors."""
    net = Branches("net", scheme, (6,), 4).dense(8, "first", relu=False)
    graph = net.join("first", QMultiply).dense(3).graph
    check(graph, plan(graph, 30), tmp_path, scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_average_is_a_sum_with_another_factor(scheme: str, tmp_path: Path) -> None:
    net = Branches("net", scheme, (4, 4, 2), 6).conv(3, padding="same", name="first", relu=False)
    graph = net.conv(3, (1, 1), name="second", relu=False).add("first", QAverage).graph
    check(graph, plan(graph, 60), tmp_path, scheme)


def test_a_product_of_wide_codes(tmp_path: Path) -> None:
    net = Branches("net", "fixed", (4, 4, 2), 7, bits=12).conv(3, padding="same", name="first", relu=False)
    graph = net.conv(3, (1, 1), relu=False).join("first", QMultiply).graph
    design = plan(graph, 40)
    (stage,) = (stage for stage in design.stages if isinstance(stage, MultiplyStage))
    assert stage.join.bits == 24
    check(graph, design, tmp_path, "wide")


def random_joins(seed: int) -> QGraph:
    """A few layers, each joined with one before it in one way or another."""
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 6)), int(rng.integers(1, 6)), int(rng.integers(1, 5)))
    channels = int(rng.integers(1, 6))
    net = Branches("net", str(rng.choice(SCHEMES)), shape, seed)
    heads = [net.conv(channels, (1, 1), relu=False).head]
    for _ in range(int(rng.integers(1, 4))):
        side = int(rng.integers(1, 4))
        net.conv(channels, (side, side), padding="same", relu=bool(rng.random() < 0.3))
        kind = (*JOINS, QAverage)[int(rng.integers(4))]
        other = str(rng.choice(heads))
        net = net.add(other, kind) if issubclass(kind, QAverage) else net.join(other, kind)
        heads.append(net.head)
    return net.graph


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.full) for seed in LONG)])
def test_random_joins_keep_data_and_cycles(seed: int, tmp_path: Path) -> None:
    graph = random_joins(seed)
    rng = np.random.default_rng([seed, 2])
    interval = int(np.exp(rng.uniform(0, 6))) + 1
    while True:
        try:
            design = plan(graph, interval)
            break
        except KerilogError as error:
            assert "reache" in str(error) or "shortest" in str(error)
            interval = int(interval * 1.3) + 1
    check(graph, design, tmp_path / "design", f"seed {seed}, {interval} cycles")
