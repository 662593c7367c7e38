# SPDX-License-Identifier: Apache-2.0
"""Layers and graphs beyond the chain, simulated: every element the integer model's, all cycles the plan's."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerilog import area
from kerilog.errors import KerilogError
from kerilog.formats import Affine
from kerilog.hardware.connectors import ForkStage
from kerilog.hardware.design import Design
from kerilog.hardware.stages.add import AddStage
from kerilog.plan import plan
from kerilog.qgraph import QAdd, QGraph, QSubtract
from support.branches import Branches
from support.designs import check, generate

SCHEMES = ("affine", "fixed")
IMAGE = (6, 8, 4)
LONG = range(10, 60)


def image(scheme: str, shape: tuple[int, ...] = IMAGE, seed: int = 3) -> Branches:
    return Branches("net", scheme, shape, seed)


def residual(scheme: str) -> QGraph:
    """An identity beside two convolutions; the queue on it must hold what they hold back."""
    net = image(scheme, (6, 6, 2), 4)
    net.conv(3, padding="same", name="stem").conv(3, padding="same").conv(3, padding="same", relu=False)
    return net.add("stem").average().flatten().dense(4).graph


def separable(scheme: str) -> QGraph:
    net = image(scheme).depthwise((3, 3), (2, 2)).conv(6, (1, 1))
    return net.depthwise().conv(5, (1, 1)).mean().dense(4).graph


def lenet(scheme: str) -> QGraph:
    net = image(scheme, (10, 10, 1)).conv(3, (3, 3), relu=False).look_up().average()
    return net.conv(5, (3, 3), relu=False).look_up().average((2, 2)).flatten().dense(6).dense(4).graph


def three_ways(scheme: str) -> QGraph:
    """A tensor with three users, one of which takes it twice; a difference."""
    net = image(scheme, (4, 4, 2)).conv(2, (1, 1), name="first").add("first").requantize()
    return net.add("first", QSubtract).graph


# the network, and the intervals that it is planned for; None is the default
NETWORKS: dict[str, tuple[Callable[[str], QGraph], tuple[int | None, ...]]] = {
    "average": (lambda scheme: image(scheme).average().graph, (48, 200, 8)),
    "average of a rim": (lambda scheme: image(scheme).average((3, 3), (2, 2), "same").graph, (None, 24, 8)),
    "average of rows": (lambda scheme: image(scheme).average((3, 1), (1, 2)).graph, (48,)),
    "average of all": (lambda scheme: image(scheme).average(IMAGE[:2]).graph, (None, 192, 48, 12)),
    "average of all and a rim": (
        lambda scheme: image(scheme).average((11, 9), None, "same").graph,
        (192, 12),
    ),
    "mean": (lambda scheme: image(scheme).mean().graph, (192, 48, 12)),
    "depthwise": (lambda scheme: image(scheme).depthwise().graph, (None, 500, 16)),
    "groups": (lambda scheme: image(scheme).depthwise(groups=2, each=3).graph, (200, 24)),
    "two filters a channel": (lambda scheme: image(scheme).depthwise((2, 3), (1, 2), each=2).graph, (48, 12)),
    "lookup": (lambda scheme: image(scheme).look_up().requantize().graph, (192, 48, 10)),
    "residual": (residual, (None, 400)),
    "separable": (separable, (None, 300, 16)),
    "padding of no code": (
        lambda scheme: image(scheme).look_up((60, 99)).conv(3, padding="same").conv(2, padding="same").graph,
        (None, 500, 16),
    ),
    "lenet": (lenet, (None, 300)),
    "three ways": (three_ways, (None, 64)),
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_keep_data_and_cycles(name: str, scheme: str, tmp_path: Path) -> None:
    make, intervals = NETWORKS[name]
    graph = make(scheme)
    for interval in intervals if scheme == "affine" else intervals[-1:]:
        design = reached(graph, interval)
        check(graph, design, tmp_path / f"design_{interval}", f"{name}, {scheme}, {interval}")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_average_of_the_whole_image_needs_no_window(scheme: str) -> None:
    shape = (8, 8, 64)
    pooled, mean = image(scheme, shape).average((8, 8)).graph, image(scheme, shape).mean().graph
    for interval in (4096, 512):
        found, same = area.of(plan(pooled, interval)), area.of(plan(mean, interval))
        assert found.ff <= 1.1 * same.ff, (
            f"{interval} cycles: {found.ff:.0f} flip-flops, {same.ff:.0f} as a mean"
        )


def reached(graph: QGraph, interval: int | None) -> Design:
    """The plan for ``interval``, or for the next longer one that can be met."""
    while True:
        try:
            return plan(graph, interval)
        except KerilogError as error:
            if "reache" not in str(error) or interval is None:
                raise
            interval = interval * 9 // 8 + 1


def draw_branches(seed: int) -> tuple[QGraph, int]:
    """A random graph of a few layers, and a goal."""
    rng = np.random.default_rng([seed, 7])
    shape = int(rng.integers(3, 9)), int(rng.integers(3, 9)), int(rng.integers(1, 5))
    net = image(str(rng.choice(SCHEMES)), shape, seed)
    for _ in range(int(rng.integers(2, 5))):
        grow(net, rng)
    if rng.random() < 0.5:
        net.mean()
    return net.graph, int(np.exp(rng.uniform(3, 6.5)))


def grow(net: Branches, rng: np.random.Generator) -> None:
    """One more layer, or a block with a branch beside it."""
    height, width, channels = net.here.shape
    kernel = int(rng.integers(1, min(height, 3) + 1)), int(rng.integers(1, min(width, 3) + 1))
    match rng.integers(0, 6):
        case 0:
            net.average(kernel, (int(rng.integers(1, 3)), int(rng.integers(1, 3))), "same")
        case 1:
            net.depthwise(kernel, (int(rng.integers(1, 3)), 1), each=int(rng.integers(1, 3)))
        case 2:
            low = int(rng.integers(-128, 127))
            some = (low, int(rng.integers(low, 128))) if rng.random() < 0.5 else None
            net.look_up(some) if rng.random() < 0.5 else net.requantize()
        case 3:
            net.conv(int(rng.integers(1, 5)), kernel, padding="same")
        case _:
            start = net.head
            for _ in range(int(rng.integers(1, 3))):
                net.conv(channels, kernel, padding="same")
            net.add(start, QSubtract if rng.random() < 0.3 else QAdd)


@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.full) for seed in LONG)])
def test_random_graphs_keep_data_and_cycles(seed: int, tmp_path: Path) -> None:
    graph, interval = draw_branches(seed)
    check(graph, reached(graph, interval), tmp_path / "design", f"seed {seed}")


def table_for_ties() -> QGraph:
    """A sum of scales in a simple ratio, one operand of which must come from a table."""
    net = image("affine", (4, 4, 2))
    formats = iter([Affine(8, 0.031, -5), Affine(8, 0.047, 17), Affine(8, 0.06, 8)])
    net._format = lambda: next(formats)  # type: ignore[method-assign]
    net.requantize().at("input").requantize()
    return net.add("requantize_1").graph


def test_a_sum_with_a_table_keeps_data_and_cycles(tmp_path: Path) -> None:
    design = plan(table_for_ties(), 16)
    add = next(stage for stage in design.stages if isinstance(stage, AddStage))
    assert add.add.table in design.memories
    check(table_for_ties(), design, tmp_path / "design", "table")


@pytest.mark.parametrize("make", [residual, separable, lenet, three_ways])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_tools_are_silent(make: Callable[[str], QGraph], scheme: str, tmp_path: Path) -> None:
    manifest = generate(make(scheme), tmp_path / "design")
    for command in (
        ["verilator", "--lint-only", "-Wall", "--top-module", manifest.top],
        ["iverilog", "-g2005", "-Wall", "-s", manifest.top, "-o", "design.vvp"],
    ):
        found = subprocess.run(
            [*command, *manifest.sources],
            cwd=tmp_path / "design",
            capture_output=True,
            text=True,
            check=False,
        )
        assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_the_queue_of_an_identity_holds_what_the_branch_beside_it_does() -> None:
    design = plan(residual("fixed"))
    fork = next(stage for stage in design.stages if isinstance(stage, ForkStage))
    add = next(stage for stage in design.stages if isinstance(stage, AddStage))
    assert fork.outputs == 2 and len(add.sources) == 2
    deepest = max(getattr(stage, "depth", 0) for stage in design.stages)
    # two windows of three rows of six pixels lie between the fork and the sum
    assert deepest >= 6 * 2
