# SPDX-License-Identifier: Apache-2.0
"""Layers of sequences in hardware, as images of height 1: every element and every cycle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerilog.plan import plan
from kerilog.qgraph import QGraph
from support.branches import Branches
from support.designs import check

SCHEMES = ("affine", "fixed")


def keywords(scheme: str) -> QGraph:
    """Causal and strided convolutions, pools, a depthwise one, a mean."""
    net = Branches("net", scheme, (1, 24, 3), 4).conv(4, (1, 3), padding=((0, 0), (2, 0)), name="late")
    net.pool((1, 2), (1, 2)).depthwise((1, 3)).conv(6, (1, 1), name="point")
    net.conv(4, (1, 4), (1, 2), "same", name="strided").average((1, 2), (1, 2))
    return net.mean().dense(3).graph


def narrow(scheme: str) -> QGraph:
    """One step per window, which is wider than what the padding leaves."""
    net = Branches("net", scheme, (1, 5, 1), 5).conv(2, (1, 5), padding="same", name="wide")
    return net.pool((1, 3), (1, 1), "same").conv(3, (1, 2), (1, 3)).flatten().dense(2).graph


NETWORKS = {"keywords": (keywords, (2000, 60, 24, 8)), "narrow": (narrow, (100, 10, 3))}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", NETWORKS)
def test_sequences_keep_data_and_cycles(name: str, scheme: str, tmp_path: Path) -> None:
    make, intervals = NETWORKS[name]
    graph = make(scheme)
    for interval in intervals:
        check(graph, plan(graph, interval), tmp_path / f"{interval}", (name, scheme, interval))


@pytest.mark.parametrize("seed", range(4))
def test_random_sequences_keep_data_and_cycles(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(3, 14))
    net = Branches("net", SCHEMES[seed % 2], (1, steps, int(rng.integers(1, 4))), seed)
    for _ in range(int(rng.integers(1, 4))):
        width = net.here.shape[1]
        side, stride = int(rng.integers(1, min(5, width) + 1)), int(rng.integers(1, 4))
        before = int(rng.integers(0, side))
        if rng.random() < 0.3:
            net.pool((1, side), (1, stride), "same")
        else:
            net.conv(int(rng.integers(1, 5)), (1, side), (1, stride), ((0, 0), (before, 0)))
    graph = net.graph
    least = plan(graph, 5000).cycles.frame_interval
    for interval in (least, max(steps, least // 3)):
        check(graph, plan(graph, interval), tmp_path / f"{interval}", (seed, interval))
