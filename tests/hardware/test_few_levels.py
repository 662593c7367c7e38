# SPDX-License-Identifier: Apache-2.0
"""Layers with binary and ternary weights in hardware: folded, read, by turns, depthwise, as constants."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog import area
from kerilog.emit.verilog import render
from kerilog.hardware.modules.matvec import UnrolledMatVec
from kerilog.hardware.weights import Signs
from kerilog.integer.model import run_outputs
from kerilog.plan import plan
from kerilog.qgraph import QGraph
from support import cpp
from support.branches import Branches
from support.designs import assert_codes_equal, check, draw_all, generate, weighted_stages
from support.networks import Chain

CHOICES = [(bits, scale) for bits in (1, "ternary") for scale in ("none", "channel")]
Options = dict[str, Any]


def classifier(**options: Any) -> QGraph:
    chain = Chain("net", "fixed", (6, 6, 2), 5, **options).conv(3, (3, 3), padding="same", name="conv").pool()
    return chain.flatten().dense(7, name="hidden").dense(4, name="logits", relu=False).graph


def wide_windows(**options: Any) -> QGraph:
    """Windows that are read word by word, in groups, and a dilated convolution."""
    net = Branches("net", "fixed", (6, 6, 8), 6, **options).conv(8, padding="same", name="conv")
    return net.depthwise((3, 3)).conv(4, (2, 2), name="apart", dilation=(2, 2)).graph


def phases(**options: Any) -> QGraph:
    """A dense layer that works output by output, and one whose inputs no power of two divides."""
    return (
        Chain("net", "fixed", (11,), 7, **options).dense(16, "hidden").dense(24, "logits", relu=False).graph
    )


NETWORKS: list[tuple[Callable[..., QGraph], int]] = [
    (classifier, 40),
    (classifier, 500),
    (wide_windows, 500),
    (phases, 40),
]
CASES = [
    (make, interval, *choice)
    for place, (make, interval) in enumerate(NETWORKS)
    for choice in (CHOICES[place % 2], CHOICES[3 - place % 2])
]


@pytest.mark.parametrize(("make", "interval", "bits", "scale"), CASES)
def test_they_compute_and_keep_time(
    make: Callable[..., QGraph], interval: int, bits: Any, scale: str, tmp_path: Path
) -> None:
    graph = make(weight_bits=bits, weight_scale=scale)
    design = plan(graph, interval)
    assert any(isinstance(stage.matvec.weights, Signs) for stage in weighted_stages(design))
    check(graph, design, tmp_path / "design", f"{make.__name__}, {interval}, {bits}, {scale}")


@pytest.mark.parametrize("bits", [1, "ternary"])
def test_they_are_constants_where_that_is_asked_for(bits: Any, tmp_path: Path) -> None:
    graph = classifier(weight_bits=bits, weight_scale="channel")
    design = plan(graph, 36, unroll=("conv", "hidden", "logits"))
    assert all(isinstance(stage.matvec, UnrolledMatVec) for stage in weighted_stages(design))
    check(graph, design, tmp_path / "design", bits)


@pytest.mark.parametrize(("bits", "width"), [(1, 1), ("ternary", 2)])
def test_there_are_no_multipliers_and_weights_take_few_bits(bits: Any, width: int, tmp_path: Path) -> None:
    graph = classifier(weight_bits=bits)
    design = plan(graph, 500)
    manifest = generate(graph, tmp_path / "design", design=design)
    products = sum(stage.matvec.products for stage in weighted_stages(design))
    assert (manifest.multipliers, manifest.constants) == (0, products)
    assert manifest.predicted["xc7"].dsp == area.of(design).dsp == 0
    files = render(design)
    assert "rtl/krl_dot_signs.v" in files
    for stage in weighted_stages(design):
        assert f".W_BITS({width})" in files[f"rtl/{stage.module}.v"]
        assert re.search(r"\.SIGNS\(1\)", files[f"rtl/{stage.module}.v"])
        memory = stage.matvec.memories[0]
        assert memory.width == stage.matvec.products * width
        assert stage.facts.weight_bits == memory.width * memory.depth


def test_a_stored_bit_is_the_sign() -> None:
    graph = phases(weight_bits=1)
    stage = weighted_stages(plan(graph, 40))[0]
    kernel = graph["hidden"].op.kernel  # type: ignore[attr-defined]
    words = stage.matvec.memories[0].words
    simd, pe = stage.matvec.simd, stage.matvec.pe
    first = [words[0] >> (lane * simd + product) & 1 for lane in range(pe) for product in range(simd)]
    assert first == (kernel[:simd, :pe] < 0).T.astype(int).reshape(-1).tolist()


def test_in_cpp_too(tmp_path: Path) -> None:
    graphs = []
    for bits, scale in CHOICES:
        options: Options = {"weight_bits": bits, "weight_scale": scale}
        graphs += [classifier(**options), wide_windows(**options)]
    program = cpp.compiled(graphs, tmp_path, *cpp.CHECKED)
    for number, graph in enumerate(graphs):
        codes = draw_all(graph, 12)
        for found, expected in zip(
            cpp.run(program, number, graph, codes), run_outputs(graph, codes), strict=True
        ):
            assert_codes_equal(found, expected, graph.name)


def test_area_of_a_layer_without_multipliers_is_told_from_that_with_them() -> None:
    """Adders take look-up tables for every product, and a scale for each channel a DSP for each result."""
    few, many = (area.of(plan(classifier(weight_bits=bits), 100)) for bits in (1, 8))
    assert few.dsp == 0 < many.dsp
    scaled = area.of(plan(classifier(weight_bits=1, weight_scale="channel"), 100))
    assert np.isfinite(few.lut) and scaled.lut > few.lut
