# SPDX-License-Identifier: Apache-2.0
"""Concatenate in hardware, simulated: every element the integer model's, all cycles the plan's."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerilog.errors import KerilogError, Unsupported
from kerilog.hardware.stages.concatenate import ConcatenateStage
from kerilog.plan import plan
from kerilog.qgraph import QConcatenate, QGraph
from support.branches import Branches
from support.designs import check

SCHEMES = ("affine", "fixed")
LONG = range(6, 60)


def image(scheme: str, shape: tuple[int, ...] = (6, 6, 4), seed: int = 3) -> Branches:
    return Branches("net", scheme, shape, seed)


def inception(scheme: str) -> QGraph:
    """Four ways through a block: 1 x 1, 3 x 3 behind 1 x 1, a pool with 1 x 1, and a wider window."""
    net = image(scheme).conv(4, (1, 1), name="stem")
    net.conv(2, (1, 1), name="one").at("stem").conv(3, (1, 1)).conv(4, padding="same", name="three")
    net.at("stem").pool((3, 3), (1, 1), "same").conv(2, (1, 1), name="pooled")
    net.at("stem").conv(2, (5, 1), padding="same", name="tall")
    return net.at("one").concatenate("three", "pooled", "tall").conv(4).mean().dense(3).graph


def dense_block(scheme: str) -> QGraph:
    """Each layer sees what all before it have made."""
    net = image(scheme, (5, 5, 2)).conv(2, padding="same", name="first")
    net.conv(2, padding="same", name="second").concatenate("first")
    joined = net.head
    net.conv(2, padding="same", name="third").concatenate(joined)
    return net.average((5, 5)).flatten().dense(3).graph


def flat(scheme: str) -> QGraph:
    """Vectors, of which one comes twice; lanes divide 4 and 6."""
    net = image(scheme, (8,)).dense(6, "long").at("input").dense(4, "short")
    return net.concatenate("long", "short").dense(5).graph


def of_the_input(scheme: str) -> QGraph:
    """The image itself beside what a layer makes of it."""
    return image(scheme, (4, 6, 3)).conv(6, padding="same").concatenate("input").pool().graph


NETWORKS: dict[str, tuple[Callable[[str], QGraph], tuple[int, ...]]] = {
    "inception": (inception, (400, 1000)),
    "dense block": (dense_block, (150, 600)),
    "flat": (flat, (14, 60)),
    "of the input": (of_the_input, (72, 250)),
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_keep_data_and_cycles(name: str, scheme: str, tmp_path: Path) -> None:
    make, intervals = NETWORKS[name]
    graph = make(scheme)
    for interval in intervals if scheme == "affine" else intervals[:1]:
        design = plan(graph, interval)
        assert any(isinstance(stage, ConcatenateStage) for stage in design.stages)
        check(graph, design, tmp_path / f"{interval}", (name, scheme, interval))


def random_block(seed: int) -> QGraph:
    """Two to four branches of different depth, width and kernel, joined."""
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(2, 7)), int(rng.integers(2, 7)), int(rng.integers(1, 4)))
    net = image(str(rng.choice(SCHEMES)), shape, seed).conv(int(rng.integers(1, 4)), (1, 1), name="stem")
    heads = []
    for _ in range(int(rng.integers(2, 5))):
        net.at("stem")
        for _ in range(int(rng.integers(0, 3))):
            side = int(rng.integers(1, 4))
            net.conv(int(rng.integers(1, 5)), (side, side), padding="same")
        heads.append(net.head)
    return net.concatenate(*heads[:-1]).conv(2, (1, 1)).graph


@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.full) for seed in LONG)])
def test_random_blocks_keep_data_and_cycles(seed: int, tmp_path: Path) -> None:
    graph = random_block(seed)
    rng = np.random.default_rng([seed, 2])
    least = plan(graph, 5000).cycles.frame_interval
    interval = int(rng.integers(max(1, least // 8), least + 1))
    while True:
        try:
            design = plan(graph, interval)
            break
        except KerilogError:
            interval = int(interval * 1.3) + 1
    check(graph, design, tmp_path / "design", f"seed {seed}, {interval} cycles")


def test_lanes_divide_the_channels_of_every_input() -> None:
    (stage,) = (stage for stage in plan(flat("fixed"), 14).stages if isinstance(stage, ConcatenateStage))
    assert stage.output.lanes in (1, 2) and stage.concat.beats == tuple(
        tensor.elements // stage.output.lanes for tensor in stage.inputs
    )


def test_an_interval_out_of_reach_names_the_layer() -> None:
    graph = image("fixed", (4, 4, 2)).conv(3, (1, 1), name="odd").concatenate("input").graph
    with pytest.raises(KerilogError, match=r"layer 'concatenate_\d': .* its shortest interval is 80$"):
        plan(graph, 79)
    assert plan(graph, 80).cycles.frame_interval == 80


def test_another_axis_is_refused() -> None:
    graph = image("fixed").conv(4, (1, 1), name="more").concatenate("input").graph
    rows = tuple(
        dataclasses.replace(node, op=QConcatenate(0), shape=(12, 6, 4))
        if isinstance(node.op, QConcatenate)
        else node
        for node in graph
    )
    with pytest.raises(Unsupported, match="Concatenate along the last axis, found axis 0 of"):
        plan(dataclasses.replace(graph, nodes=rows), 500)
