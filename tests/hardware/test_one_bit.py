# SPDX-License-Identifier: Apache-2.0
"""Layers with activations of one bit in hardware: counted, read, as constants, pooled, in two bits."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerilog import area
from kerilog.emit.verilog import render
from kerilog.errors import Unsupported
from kerilog.formats import Fixed, Sign
from kerilog.hardware.modules.matvec import UnrolledMatVec
from kerilog.hardware.modules.requantize import Thresholds
from kerilog.plan import plan
from kerilog.qgraph import QAdd, QGraph, QNode, QRequantize, Shift, Threshold
from support.designs import check, generate, weighted_stages
from support.networks import Chain


def classifier(weight_bits: int | str = 1, input_bits: int = 1) -> QGraph:
    """Padded convolutions and pools, logits of 8 bits."""
    chain = Chain("net", "fixed", (6, 6, 2), 5, bits=1, weight_bits=weight_bits, input_bits=input_bits)
    chain.conv(6, (3, 3), padding="same", name="conv").pool().conv(5, (2, 2), padding="same", name="deep")
    chain.flatten().dense(7, name="hidden")
    chain.bits = 8
    return chain.dense(4, name="logits", relu=False).graph


def phases() -> QGraph:
    """Dense layers that work output by output, and inputs that no power of two divides."""
    chain = Chain("net", "fixed", (11,), 7, bits=1, weight_bits=1).dense(16, "hidden").dense(24, "wide")
    chain.bits = 8
    return chain.dense(5, "logits", relu=False).graph


def widened() -> QGraph:
    """Signs in two bits before weights of five, as quantization makes them."""
    chain = Chain("net", "fixed", (4, 4, 3), 3, bits=1, weight_bits=5, input_bits=6).conv(4, name="conv")
    chain._append("conv/widened", QRequantize(_doubled(), (-1, 1)), chain.here.shape, Fixed(2, 0))
    return chain.conv(6, (2, 2), padding="same", name="deep").graph


def mixed() -> QGraph:
    """An image of 8 bits and weights of 8 bits first, signs behind them."""
    chain = Chain("net", "fixed", (6, 6, 2), 8, bits=1, weight_bits=8, input_bits=8)
    chain.conv(6, (3, 3), padding="same", name="conv").pool().flatten()
    chain.weight_bits = 1
    chain.dense(9, name="hidden")
    chain.bits = 8
    return chain.dense(4, name="logits", relu=False).graph


def _doubled() -> Shift:
    return Shift(np.zeros(1, np.int64))


CASES: list[tuple[Callable[[], QGraph], int]] = [
    (classifier, 40),
    (classifier, 700),
    (mixed, 200),
    (phases, 24),
    (phases, 200),
    (widened, 60),
]


@pytest.mark.parametrize(("make", "interval"), CASES)
def test_they_compute_and_keep_time(make: Callable[[], QGraph], interval: int, tmp_path: Path) -> None:
    graph = make()
    check(graph, plan(graph, interval), tmp_path / "design", f"{interval}")


def test_they_are_constants_where_that_is_asked_for(tmp_path: Path) -> None:
    graph = classifier()
    design = plan(graph, 36, unroll=("conv", "deep", "hidden", "logits"))
    assert all(isinstance(stage.matvec, UnrolledMatVec) for stage in weighted_stages(design))
    check(graph, design, tmp_path / "design", "unrolled")


def test_products_are_counted_and_sums_compared(tmp_path: Path) -> None:
    graph = classifier()
    design = plan(graph, 500)
    manifest = generate(graph, tmp_path / "design", design=design)
    assert manifest.multipliers == 0 and manifest.predicted["xc7"].dsp == area.of(design).dsp == 0
    files = render(design)
    assert {"rtl/krl_dot_xnor.v", "rtl/krl_threshold.v"} <= set(files)
    *signed, last = weighted_stages(design)
    assert all(isinstance(stage.requantizer, Thresholds) for stage in signed)
    assert not isinstance(last.requantizer, Thresholds) and last.matvec.xnor
    assert design.input.width == design.input.lanes
    assert manifest.inputs[0].kind == "sign" and (manifest.inputs[0].minimum, manifest.inputs[0].maximum) == (
        -1,
        0,
    )


def test_what_adds_signs_has_no_hardware() -> None:
    chain = Chain("net", "fixed", (8,), 1, bits=1).dense(8, "left")
    graph = chain.graph
    left = graph["left"]
    wide = [dataclasses.replace(chain.nodes[0], name="input")]
    total = QNode(
        "sum",
        QAdd(_doubled(), _doubled(), Threshold(np.ones(1, np.int64)), (-1, 0)),
        ("left", "left"),
        (8,),
        Sign(),
    )
    with pytest.raises(Unsupported, match="layer 'sum': hardware supports activations of 1 bit before and"):
        plan(dataclasses.replace(graph, nodes=(*wide, left, total), outputs=("sum",)), 10)


def test_signs_need_weights_of_one_bit() -> None:
    with pytest.raises(
        Unsupported, match="layer 'deep': hardware supports an input of 1 bit with weights of 1 bit"
    ):
        plan(classifier("ternary", 8), 500)
