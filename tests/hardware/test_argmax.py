# SPDX-License-Identifier: Apache-2.0
"""Networks that end in the number of a class, simulated: every frame and every cycle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerilog.errors import KerilogError
from kerilog.hardware.modules.argmax import ArgMax
from kerilog.integer.model import run
from kerilog.plan import plan
from kerilog.qgraph import QGraph
from support.branches import Branches
from support.designs import check, generate

SCHEMES = ("affine", "fixed")


def scores(scheme: str) -> QGraph:
    """Dense scores, a few at a time or all at once."""
    return Branches("net", scheme, (6,), 3).dense(10, relu=False).classify().graph


def many(scheme: str) -> QGraph:
    """More classes than a tree is wide, most scores of them equal."""
    return Branches("net", scheme, (4,), 4).dense(35, relu=True).classify().graph


def pixels(scheme: str) -> QGraph:
    """A class for every pixel."""
    return Branches("net", scheme, (3, 4, 2), 5).conv(3, (2, 2), relu=False).classify().graph


def two(scheme: str) -> QGraph:
    """Straight from the border, one bit."""
    return Branches("net", scheme, (2,), 6).classify().graph


NETWORKS: dict[str, tuple[Callable[[str], QGraph], tuple[int, ...]]] = {
    "scores": (scores, (100, 10, 5, 1)),
    "many": (many, (200, 35, 7, 1)),
    "pixels": (pixels, (200, 36, 12)),
    "two": (two, (20, 2, 1)),
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_keep_data_and_cycles(name: str, scheme: str, tmp_path: Path) -> None:
    make, intervals = NETWORKS[name]
    graph = make(scheme)
    for interval in intervals:
        design = plan(graph, interval)
        assert any(isinstance(module, ArgMax) for stage in design.stages for module in stage.modules)
        check(graph, design, tmp_path / f"{interval}", (name, scheme, interval))


def test_equal_scores_are_there_and_the_lowest_wins() -> None:
    graph = many("affine")
    x = np.random.default_rng(1).integers(-128, 128, (200, 4))
    scored = run(QGraph(graph.name, graph.scheme, graph.nodes[:-1], (graph.nodes[-2].name,)), x)
    best = scored.max(axis=1, keepdims=True)
    assert ((scored == best).sum(axis=1) > 1).any()
    np.testing.assert_array_equal(run(graph, x)[:, 0], (scored == best).argmax(axis=1))


def test_the_manifest_tells_the_class(tmp_path: Path) -> None:
    manifest = generate(scores("affine"), tmp_path / "design", 20)
    (output,) = manifest.outputs
    assert (output.kind, output.classes, output.shape) == ("class", 10, (1,))
    assert (output.bits, output.signed, output.scale, output.zero_point) == (4, False, 1.0, 0)
    assert (output.lanes, output.tdata_bits, output.frame_beats) == (1, 8, 1)


def test_an_interval_out_of_reach_names_the_layer() -> None:
    with pytest.raises(KerilogError, match=r"layer 'argmax_2': .* its shortest interval is 6$"):
        plan(Branches("net", "fixed", (3, 2, 4), 5).look_up().classify().graph, 5)
