# SPDX-License-Identifier: Apache-2.0
"""Layers whose weights are constants, simulated: every element the integer model's, all cycles the plan's."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerilog import area
from kerilog.emit.verilog import render
from kerilog.errors import KerilogError
from kerilog.exact.shift_add import AdderGraph, unshared_adders
from kerilog.exact.shift_add_search import shift_add
from kerilog.formats import IntArray
from kerilog.hardware import unrolled, weights
from kerilog.hardware.design import Design
from kerilog.hardware.modules.matvec import Folding, UnrolledMatVec, Widths
from kerilog.plan import candidates, plan
from kerilog.plan.planner import elaborate
from kerilog.plan.wiring import sketch
from kerilog.qgraph import QConv2D, QDense, QGraph
from support.branches import Branches
from support.designs import check, generate, weighted_stages
from support.networks import Chain

SCHEMES = ("affine", "fixed")


def classifier(scheme: str) -> QGraph:
    chain = Chain("net", scheme, (6, 6, 2), seed=5).conv(3, (3, 3), name="conv").pool()
    return chain.flatten().dense(7, name="hidden").dense(4, name="logits", relu=False).graph


def pointwise(scheme: str) -> QGraph:
    return Chain("net", scheme, (4, 4, 3), seed=6).conv(4, (1, 1), name="pixels").graph


def alone(scheme: str) -> QGraph:
    """A network that starts with an unrolled dense layer."""
    return Chain("net", scheme, (9,), seed=7).dense(5, name="only").graph


def narrow(scheme: str) -> QGraph:
    """Weights of 3 bits, many of them 0."""
    chain = Chain("net", scheme, (5, 5, 2), seed=8, weight_bits=3 if scheme == "fixed" else 8)
    return chain.conv(2, (2, 2), (2, 1), name="conv").flatten().dense(3, name="logits").graph


# the network, the interval, the layers to unroll, and those that turn out to be constants
CASES: list[tuple[Callable[[str], QGraph], int | None, tuple[str, ...], set[str]]] = [
    (classifier, 20, (), {"conv"}),
    (classifier, 72, ("hidden",), {"hidden"}),
    (classifier, 36, ("conv", "hidden", "logits"), {"conv", "hidden", "logits"}),
    (classifier, 300, ("conv", "logits"), {"conv", "logits"}),
    (pointwise, 16, (), {"pixels"}),
    (pointwise, 64, ("pixels",), {"pixels"}),
    (alone, 1, (), {"only"}),
    (alone, 5, ("only",), {"only"}),
    (narrow, None, ("conv", "logits"), {"conv", "logits"}),
]


def constant_layers(design: Design) -> set[str]:
    return {stage.layer for stage in weighted_stages(design) if isinstance(stage.matvec, UnrolledMatVec)}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0].__name__}-{case[1]}-{'-'.join(case[2])}")
def test_constant_layers_compute_and_keep_time(
    case: tuple[Callable[[str], QGraph], int | None, tuple[str, ...], set[str]], scheme: str, tmp_path: Path
) -> None:
    make, interval, unroll, expected = case
    graph = make(scheme)
    design = plan(graph, interval, unroll=unroll)
    assert constant_layers(design) == expected
    if interval is not None:
        assert design.cycles.frame_interval <= interval
    check(graph, design, tmp_path / "design", f"{make.__name__}, {interval}, {unroll}")


def test_a_constant_layer_has_no_weight_memory_and_no_product(tmp_path: Path) -> None:
    graph = classifier("fixed")
    design = plan(graph, 20, unroll=("hidden", "logits"))
    manifest = generate(graph, tmp_path / "design", design=design)
    assert [memory for memory in manifest.memories if "weights" in memory] == []
    files = render(design)
    assert not {"rtl/krl_matvec.v", "rtl/krl_dot.v"} & set(files)
    for layer in ("conv", "hidden", "logits"):
        text = files[f"rtl/net_{layer}_products.v"]
        assert "*" not in re.sub(r"//.*|@\(posedge clk\)", "", text)
    told = {layer.name: layer.constants for layer in manifest.layers}
    products = sum(kernel_of(graph, stage.layer).size for stage in weighted_stages(design))
    assert (manifest.multipliers, manifest.constants) == (0, products)
    for stage in weighted_stages(design):
        assert isinstance(stage.matvec, UnrolledMatVec)
        found = told[stage.name]
        assert found is not None and found.adders == len(stage.matvec.weights.graph.sums)
        kernel = kernel_of(graph, stage.layer)
        assert found.adders < unshared_adders(kernel)
        assert (stage.matvec.products, stage.matvec.multipliers) == (kernel.size, 0)


def kernel_of(graph: QGraph, layer: str) -> np.ndarray:
    op = graph[layer].op
    assert isinstance(op, (QConv2D, QDense))
    return op.kernel.reshape(-1, op.kernel.shape[-1])


def test_adder_graph_is_the_kernel() -> None:
    graph = classifier("affine")
    design = plan(graph, 36, unroll=("conv", "hidden", "logits"))
    for stage in weighted_stages(design):
        assert isinstance(stage.matvec, UnrolledMatVec)
        kernel = kernel_of(graph, stage.layer)
        inputs = stage.matvec.weights.graph.inputs
        x = np.random.default_rng(0).integers(inputs[0].low, inputs[0].high + 1, (50, len(inputs)))
        assert np.array_equal(stage.matvec.weights.graph.evaluate(x), x @ kernel)


def test_multipliers_stay_where_the_search_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unrolled, "MOST_PATTERNS", 100)
    assert constant_layers(plan(classifier("fixed"), 20)) == set()


def test_too_many_constants_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unrolled, "MOST_DIGITS", 100)
    with pytest.raises(
        KerilogError,
        match=r"layer 'hidden': too large to unroll: 84 weights have \d{3} signed digits, at most 100 can be",
    ):
        plan(classifier("fixed"), 36, unroll=("hidden",))


WIDTHS = Widths(8, 8, 24)


def folding_of(inputs: int, outputs: int) -> Folding:
    """A product for each weight, per cycle."""
    return Folding(outputs, inputs, inputs, 1, 1, outputs, outputs)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps of every search that is run."""
    found: list[int] = []

    def counted(matrix: IntArray, low: int, high: int, steps: int) -> AdderGraph:
        found.append(steps)
        return shift_add(matrix, low, high, steps)

    monkeypatch.setattr(weights, "shift_add", counted)
    weights._graph.cache_clear()
    return found


def test_the_choice_is_made_without_a_search(searches: list[int]) -> None:
    kernel = np.random.default_rng(3).integers(-128, 128, (20, 6))
    found = unrolled.unrolled(kernel, (-128, 127), folding_of(20, 6), WIDTHS, "dense", False, 5000)
    assert found is not None and searches == []
    assert found.input_lanes == 20 and found.weights.estimate.luts > 0 and searches == []
    assert found.credits > found.latency > 1 and searches == [5000]
    again = unrolled.unrolled(kernel.copy(), (-128, 127), folding_of(20, 6), WIDTHS, "dense", True, 5000)
    assert again is not None and again.weights.graph is found.weights.graph and searches == [5000]


def test_a_sketch_takes_no_more_than_the_design(searches: list[int]) -> None:
    drawn = sketch(classifier("fixed"), "net", 20)
    least = candidates.least_area(drawn)
    assert searches == []
    whole = area.of(elaborate(classifier("fixed"), "net", drawn))
    assert searches and least.luts <= whole.luts and least.ff <= whole.ff and least.dsp <= whole.dsp


@pytest.mark.parametrize("bits", [2, 4, 8, 12, 16])
def test_the_choice_is_that_of_the_graph_itself(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from the point where it makes no difference: there the estimate may fall on either side."""
    rng = np.random.default_rng(bits)
    for inputs, units in ((9, 2), (30, 5), (12, 20)):
        kernel = rng.integers(-(1 << bits - 1), 1 << bits - 1, (inputs, units))
        folding = folding_of(inputs, units)
        luts = shift_add(kernel, -128, 127).luts
        for share, expected in ((0.6, False), (1.6, True)):
            monkeypatch.setattr(unrolled, "PRODUCT_LUTS", share * luts / kernel.size - WIDTHS.acc)
            found = unrolled.unrolled(kernel, (-128, 127), folding, WIDTHS, "dense", False)
            assert (found is not None) == expected, (bits, inputs, units, share)


def test_multipliers_stay_where_they_are_cheaper(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = classifier("fixed")
    monkeypatch.setattr(unrolled, "PRODUCT_LUTS", -1000)
    assert constant_layers(plan(graph, 20)) == set()
    assert constant_layers(plan(graph, 36, unroll=("conv",))) == {"conv"}


@pytest.mark.parametrize("name", ["nothing", "max_pooling2d_2"])
def test_unknown_layers_are_refused(name: str) -> None:
    with pytest.raises(KerilogError, match=rf"layer '{name}': .*those are conv, hidden, logits$"):
        plan(classifier("fixed"), unroll=(name,))


def test_filters_with_inputs_of_their_own_are_refused() -> None:
    graph = Branches("net", "fixed", (6, 6, 2), 3).depthwise().flatten().dense(3).graph
    depthwise = next(node.name for node in graph if isinstance(node.op, QConv2D))
    with pytest.raises(KerilogError, match=f"layer '{depthwise}': not one that can be unrolled"):
        plan(graph, unroll=(depthwise,))


def test_an_unrolled_layer_that_is_too_slow_says_so() -> None:
    with pytest.raises(KerilogError, match=r"layer 'conv'.* shortest interval is"):
        plan(classifier("fixed"), 2, unroll=("conv",))
