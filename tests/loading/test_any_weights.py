# SPDX-License-Identifier: Apache-2.0
"""Designs of many structures with other weights in their memories: every element, with the extremes of all
formats.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kerilog.emit.writer import memory_text
from kerilog.errors import KerilogError
from kerilog.integer.model import run
from kerilog.loading.memories import memories_of
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph
from kerilog.verify import simulate
from support.branches import Branches
from support.designs import assert_codes_equal, generate
from support.loading import KINDS, with_weights
from support.networks import Chain, draw_codes

FRAMES = 4


def folded(scheme: str) -> tuple[QGraph, int]:
    """Windows and vectors that are read word by word."""
    net = Branches("folded", scheme, (7, 6, 3), 32)
    net.conv(4, (3, 3), padding="same", name="stem").depthwise(groups=2, each=3).flatten()
    return net.dense(8).dense(6, relu=False).graph, 4000


def once_rounded(scheme: str) -> tuple[QGraph, int]:
    """With one rounding in every layer."""
    chain = Chain("once", scheme, (5, 5, 2), 34, rounding="single").conv(3, padding="same", relu=False)
    return chain.flatten().dense(4, relu=False).graph, 75


CASES = [("affine", once_rounded), ("fixed", folded)]


@pytest.mark.parametrize(("scheme", "make"), CASES)
def test_every_element(scheme: str, make: Callable[[str], tuple[QGraph, int]], tmp_path: Path) -> None:
    graph, interval = make(scheme)
    graph = with_weights(graph, "drawn", 1)
    design = design_for(graph, Goal(interval=interval, control="axi-lite", loadable=("all",)))
    manifest = generate(graph, tmp_path / "design", design=design)
    assert manifest.loadable
    codes, held = draw_codes(graph, FRAMES), 0
    for number, kind in enumerate(KINDS):
        other = with_weights(graph, kind, 10 + number)
        try:
            memories = list(memories_of(manifest.loadable, other))
        except KerilogError as error:
            # scales that were drawn have no form in the widths of the design; their layer is told
            assert "layer '" in str(error) and scheme == "affine"
            continue
        for memory in memories:
            (tmp_path / "design" / memory.file).write_text(memory_text(memory), encoding="ascii")
        assert_codes_equal(simulate(tmp_path / "design", codes, "icarus").outputs[0], run(other, codes), kind)
        held += 1
    assert held >= len(KINDS) - 2
