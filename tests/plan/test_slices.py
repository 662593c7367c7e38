# SPDX-License-Identifier: Apache-2.0
"""Register slices between stages: behind every layer that nothing else cuts off, counted in every number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kerilog.hardware.connectors import RegisterStage
from kerilog.hardware.design import LayerStage
from kerilog.hardware.modules.register import Register
from kerilog.plan import plan
from kerilog.plan.slices import QUICK
from kerilog.qgraph import QGraph
from support.branches import Branches
from support.designs import check
from support.networks import Chain


def chain() -> QGraph:
    """A pool and a dense layer without queues; the second dense layer sees a queue."""
    net = Chain("chain", "affine", (8, 8, 2), 41).conv(3, name="first").pool((2, 2), name="largest")
    return net.flatten("flat").dense(6, "dense").dense(4, "logits").graph


def clash() -> QGraph:
    """A layer that has the name which a slice would get."""
    net = Chain("clash", "fixed", (8, 8, 2), 42).conv(2, name="first")
    return net.pool((2, 2), name="first_slice").flatten("flat").dense(4, "logits").graph


def branches() -> QGraph:
    """A fork, a join and tables."""
    net = Branches("branches", "affine", (6, 6, 2), 43).conv(2, padding="same", name="stem")
    net.conv(2, padding="same", name="inner").look_up().conv(2, padding="same", name="outer", relu=False)
    return net.add("stem").conv(3, (2, 2)).graph


NETWORKS: dict[str, Callable[[], QGraph]] = {"chain": chain, "clash": clash, "branches": branches}


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_a_slice_stands_behind_every_layer_that_nothing_else_cuts_off(make: Callable[[], QGraph]) -> None:
    stages = plan(make()).stages
    layers = {stage.name: stage for stage in stages if isinstance(stage, LayerStage)}
    followed = [(source, stage) for stage in stages for source in stage.sources if source in layers]
    slices = {source: stage for source, stage in followed if isinstance(stage, RegisterStage)}
    assert slices
    assert all(isinstance(stage, (RegisterStage, *QUICK)) for _, stage in followed)
    for source, stage in slices.items():
        assert stage.modules == (Register(layers[source].output.width),)
        assert stage.output == layers[source].output
    assert len({stage.name for stage in stages}) == len(stages)


def test_a_slice_makes_way_for_a_layer_of_its_name() -> None:
    names = [stage.name for stage in plan(clash()).stages]
    assert {"first_slice", "first_slice_2"} <= set(names)


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_cycles_and_elements_are_as_planned(make: Callable[[], QGraph], tmp_path: Path) -> None:
    graph = make()
    check(graph, plan(graph), tmp_path, graph.name)
