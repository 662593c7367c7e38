# SPDX-License-Identifier: Apache-2.0
"""The layer that limits a network keeps its multipliers busy: simulated, frame behind frame.

Use is multiplications over multipliers times cycles. What a fold leaves idle because it does not divide the
layer's vector or its units is a matter of shapes; the goals here have folds that divide.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kerilog.hardware.design import Design
from kerilog.integer.model import run
from kerilog.plan import plan
from kerilog.qgraph import QGraph
from kerilog.verify import simulate
from support.blocks import block
from support.designs import (
    assert_codes_equal,
    assert_cycles_are_as_planned,
    frames_to_settle,
    generate,
    weighted_stages,
)
from support.networks import Chain, draw_codes

GOALS = {
    # the last of each with several windows side by side
    "lenet5": (784, 3920, 11760, 392),
    "residual": (1152, 2304, 4608, 128),
    "separable": (512, 1024, 2048, 64),
}
CASES = [
    pytest.param(
        name,
        goal,
        ("affine", "fixed")[place % 2],
        marks=[] if (name, place) == ("residual", 1) else [pytest.mark.full],
    )
    for name, goals in GOALS.items()
    for place, goal in enumerate(goals)
]


def simulated_use(graph: QGraph, design: Design, folder: Path) -> tuple[float, dict[str, float]]:
    """Of the whole network, and of each layer, over frames back to back; data and cycles as planned."""
    codes = draw_codes(graph, frames_to_settle(design))
    generate(graph, folder, design=design)
    found = simulate(folder, codes)
    assert_codes_equal(found.codes, run(graph, codes), design.name)
    assert_cycles_are_as_planned(design, found, design.name)
    assert found.interval is not None
    use = {
        stage.name: stage.macs / (stage.matvec.products * found.interval) for stage in weighted_stages(design)
    }
    return design.macs / (design.products * found.interval), use


@pytest.mark.parametrize(("name", "goal", "scheme"), CASES)
def test_the_bottleneck_is_busy(name: str, goal: int, scheme: str, tmp_path: Path) -> None:
    graph = block(name, scheme)
    _, use = simulated_use(graph, plan(graph, goal), tmp_path / "design")
    assert max(use.values()) >= 0.95, use


def mnist_cnn(scheme: str) -> QGraph:
    """The shapes of the MNIST network; nothing here depends on its weights."""
    return Chain("mnist", scheme, (28, 28, 1)).conv(2).pool().flatten().dense(128).dense(10).graph


@pytest.mark.parametrize(
    ("interval", "multipliers", "busy", "scheme"),
    [
        (784, 84, 0.85, "affine"),
        (676, 84, 0.99, "fixed"),
        pytest.param(338, 168, 0.99, "affine", marks=pytest.mark.full),
    ],
)
def test_the_mnist_network_is_busy(
    interval: int, multipliers: int, busy: float, scheme: str, tmp_path: Path
) -> None:
    graph = mnist_cnn(scheme)
    design = plan(graph, interval)
    assert design.products <= multipliers and design.cycles.frame_interval <= interval
    whole, _ = simulated_use(graph, design, tmp_path / "design")
    assert whole >= busy


def test_a_multiplier_a_layer_keeps_the_slowest_busy(tmp_path: Path) -> None:
    graph = mnist_cnn("fixed")
    design = plan(graph, 43_264)
    assert design.products == 3
    _, use = simulated_use(graph, design, tmp_path / "design")
    assert max(use.values()) > 0.99
