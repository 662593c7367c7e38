# SPDX-License-Identifier: Apache-2.0
"""The bound of every accumulator: reached by an input, never passed, and no bit wider than it must be."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog.exact.intervals import dot_interval, signed_bits
from kerilog.formats import IntArray
from kerilog.hardware.design import Design
from kerilog.hardware.sums import WeightedStage
from kerilog.integer.model import run
from kerilog.plan import plan
from kerilog.qgraph import QConv2D, QDense, QGraph
from kerilog.verify import simulate
from support.branches import Branches
from support.designs import generate, weighted_stages
from support.networks import Chain, multiplier_of


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 1 << 32),
    inputs=st.integers(1, 20),
    units=st.integers(1, 5),
    ends=st.tuples(st.integers(-200, 200), st.integers(-200, 200)),
)
def test_bounds_are_reached_and_never_passed(
    seed: int, inputs: int, units: int, ends: tuple[int, int]
) -> None:
    low, high = min(ends), max(ends)
    rng = np.random.default_rng(seed)
    weights = rng.integers(-128, 128, (inputs, units))
    bounds = dot_interval(weights, low, high)
    for unit in range(units):
        largest, smallest = extreme_inputs(weights[:, unit], low, high)
        assert largest @ weights[:, unit] == bounds.high[unit]
        assert smallest @ weights[:, unit] == bounds.low[unit]
    sums = rng.choice([low, high, *rng.integers(low, high + 1, 3)], (200, inputs)) @ weights
    assert np.all(sums >= bounds.low) and np.all(sums <= bounds.high)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 1 << 32), low=st.integers(-128, 0), high=st.integers(0, 127))
def test_no_partial_sum_passes_the_bounds(seed: int, low: int, high: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(-128, 128, (12, 1))
    bounds = dot_interval(weights, low, high)
    x = np.concatenate(extreme_inputs(weights[:, 0], low, high)).reshape(2, -1)
    x = np.concatenate([x, rng.integers(low, high + 1, (20, 12))])
    partial = np.cumsum((x * weights[:, 0])[:, rng.permutation(12)], axis=1)
    assert partial.min() >= bounds.low[0] and partial.max() <= bounds.high[0]


@given(st.integers(-(1 << 40), 1 << 40), st.integers(-(1 << 40), 1 << 40))
def test_bits_are_the_fewest(one: int, other: int) -> None:
    low, high = min(one, other, 0), max(one, other, 0)
    bits = signed_bits(low, high)
    assert -(1 << (bits - 1)) <= low and high < 1 << (bits - 1)
    assert bits == 2 or low < -(1 << (bits - 2)) or high >= 1 << (bits - 2)


def extreme_inputs(weights: IntArray, low: int, high: int) -> tuple[IntArray, IntArray]:
    """The inputs with the largest and with the smallest sum."""
    return np.where(weights > 0, high, low), np.where(weights > 0, low, high)


# ---- in the RTL ----


def layer_under_test(kind: str, low: bool) -> QGraph:
    """One layer whose first unit's sum just fills its accumulator, and whose codes show if it overflows."""
    chain = Chain("extreme", "affine", (4, 3, 2) if kind == "conv" else (24,), 7)
    if kind == "conv":
        chain.conv(3, (2, 3), relu=False)
    else:
        chain.dense(3, relu=False)
    op = chain.here.op
    assert isinstance(op, (QConv2D, QDense))
    ends = 127 * (128 if low else -128)  # every weight pulls the same way
    kernel = np.array(op.kernel)
    kernel[..., 0] = 127 if low else -127
    scale = 2 * abs(ends) * (kernel.size // 3) / 250
    op = dataclasses.replace(op, kernel=kernel, bias=np.zeros(3, int), rescale=multiplier_of([1 / scale] * 3))
    chain.nodes[-1] = dataclasses.replace(chain.here, op=op)
    return chain.graph


def extreme_frames(graph: QGraph) -> IntArray:
    """Frames that drive the first unit to both of its bounds."""
    source, op = graph.inputs[0], graph.nodes[-1].op
    assert isinstance(op, (QConv2D, QDense))
    sign = int(np.sign(op.kernel.reshape(-1)[0]))
    codes = source.format.maximum, source.format.minimum
    return np.stack([np.full(source.shape, code) for code in (codes if sign > 0 else codes[::-1])])


@pytest.mark.parametrize("kind", ["dense", "conv"])
@pytest.mark.parametrize("low", [True, False], ids=["low", "high"])
def test_the_rtl_reaches_its_bound_and_no_bit_is_spare(kind: str, low: bool, tmp_path: Path) -> None:
    graph = layer_under_test(kind, low)
    design = plan(graph, 40)
    generate(graph, tmp_path / "design", design=design)
    frames = extreme_frames(graph)
    expected = run(graph, frames)
    assert np.array_equal(simulate(tmp_path / "design", frames, "icarus").codes, expected)
    (stage,) = weighted_stages(design)
    generate(graph, tmp_path / "narrow", design=with_sums(design, stage, stage.matvec.acc_bits - 1))
    assert not np.array_equal(simulate(tmp_path / "narrow", frames, "icarus").codes, expected)


def with_sums(design: Design, stage: WeightedStage, bits: int) -> Design:
    """``design`` with sums of ``bits`` in ``stage``."""
    matvec = dataclasses.replace(stage.matvec, acc_bits=bits)
    requantizer = dataclasses.replace(stage.requantizer, acc_bits=bits)
    other = dataclasses.replace(stage, matvec=matvec, requantizer=requantizer)
    stages = tuple(other if one is stage else one for one in design.stages)
    return dataclasses.replace(design, stages=stages)


def test_verilator_reaches_the_bound(tmp_path: Path) -> None:
    graph = layer_under_test("dense", True)
    generate(graph, tmp_path / "design", 40)
    frames = extreme_frames(graph)
    assert np.array_equal(simulate(tmp_path / "design", frames).codes, run(graph, frames))


def test_the_certificate_says_what_was_proven(tmp_path: Path) -> None:
    graph = layer_under_test("dense", True)
    generate(graph, tmp_path / "design", 40)
    (entry,) = json.loads((tmp_path / "design/report/accumulators.json").read_text()).values()
    op = graph.nodes[-1].op
    assert isinstance(op, QDense)
    sums = extreme_frames(graph) @ op.kernel
    assert (entry["low"], entry["high"]) == (sums[:, 0].min(), sums[:, 0].max())
    assert (entry["channel_of_low"], entry["channel_of_high"]) == (0, 0)
    assert entry["bits"] == signed_bits(entry["low"], entry["high"])


@pytest.mark.parametrize("kind", ["average", "mean"])
def test_the_certificate_covers_averages(kind: str, tmp_path: Path) -> None:
    chain = Branches("means", "fixed", (4, 4, 3), 3)
    graph = (chain.average() if kind == "average" else chain.mean()).graph
    generate(graph, tmp_path / "design", 40)
    (entry,) = json.loads((tmp_path / "design/report/accumulators.json").read_text()).values()
    cells = 4 if kind == "average" else 16
    source = graph.inputs[0].format
    low, high = source.minimum * cells, source.maximum * cells
    assert (entry["low"], entry["high"], entry["bits"]) == (low, high, signed_bits(low, high))


def test_a_relu_narrows_the_sums_of_the_next_layer() -> None:
    bits = [
        weighted_stages(plan(Chain("next", "fixed", (30,), 2).dense(20, relu=relu).dense(4).graph, 60))[
            1
        ].accumulator
        for relu in (True, False)
    ]
    assert np.all(bits[0].high - bits[0].low < bits[1].high - bits[1].low)
