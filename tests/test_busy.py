# SPDX-License-Identifier: Apache-2.0
"""The layer that limits a network keeps its multipliers busy: simulated, frame behind frame.

Use is multiplications over multipliers times cycles. What a fold leaves idle because it does not divide the
layer's vector or its units is a matter of shapes; the goals here have folds that divide.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kerilog.integer.model import run
from kerilog.plan import plan
from kerilog.verify import simulate
from support.blocks import block
from support.designs import (
    assert_codes_equal,
    assert_cycles_are_as_planned,
    frames_to_settle,
    generate,
)
from support.networks import draw_codes

GOALS = {
    "lenet5": (784, 3920, 11760),
    "residual": (1152, 2304, 4608),
    "separable": (512, 1024, 2048),
}
CASES = [
    pytest.param(name, goal, ("affine", "fixed")[place % 2], marks=[] if place == 1 else [pytest.mark.full])
    for name, goals in GOALS.items()
    for place, goal in enumerate(goals)
]


@pytest.mark.parametrize(("name", "goal", "scheme"), CASES)
def test_the_bottleneck_is_busy(name: str, goal: int, scheme: str, tmp_path: Path) -> None:
    graph = block(name, scheme)
    design = plan(graph, goal)
    codes = draw_codes(graph, frames_to_settle(design))
    generate(graph, tmp_path / "design", design=design)
    found = simulate(tmp_path / "design", codes)
    assert_codes_equal(found.codes, run(graph, codes), name)
    assert_cycles_are_as_planned(design, found, name)
    assert found.interval is not None
    use = {
        stage.name: stage.macs / (stage.matvec.multipliers * found.interval) for stage in design.matvec_stages
    }
    assert max(use.values()) >= 0.95, use
