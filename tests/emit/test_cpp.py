# SPDX-License-Identifier: Apache-2.0
"""The C++ model equals the integer model on every element; what it cannot hold is refused by name."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kerilog.emit.cpp import header
from kerilog.errors import KerilogError
from kerilog.formats import Binary, Fixed, Sign
from kerilog.integer.model import run_outputs
from kerilog.qgraph import (
    QConcatenate,
    QConv2D,
    QGraph,
    QInput,
    QNode,
    QResizeBilinear,
    QSlice,
    QSoftmax,
    QZeroPadding2D,
    Shift,
)
from support import cpp
from support.branches import Branches
from support.designs import assert_codes_equal, draw_all
from support.golden import NETWORKS
from support.moves import Moves
from support.networks import Chain, draw_graph
from support.paths import ROOT
from support.two_ports import heads, two_images


def assert_equal(graphs: Sequence[QGraph], folder: Path, *options: str, frames: int = 12) -> None:
    """All ``graphs``, compiled together, give the integer model's codes."""
    program = cpp.compiled(graphs, folder, *options)
    for number, graph in enumerate(graphs):
        codes = draw_all(graph, frames)
        found, expected = cpp.run(program, number, graph, codes), run_outputs(graph, codes)
        for place, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_codes_equal(one, other, f"{graph.name}, output {place}")


def one_layer(
    name: str, op: object, shape: tuple[int, ...], target: tuple[int, ...], bits: int = 8
) -> QGraph:
    """A single layer."""
    first = QNode("input", QInput(), (), shape, Fixed(bits, 3))
    return QGraph(name, "fixed", (first, QNode("layer", op, ("input",), target, Fixed(bits, 3))), ("layer",))  # type: ignore[arg-type]


def moves() -> list[QGraph]:
    """What the golden networks do not move."""
    rows = np.array([[0, 0, 1, 1, 2], [0, 1, 1, 2, 2], [0, 3, 0, 5, 7]])
    columns = np.array([[0, 1, 2], [1, 2, 3], [1, 0, 6]])
    bilinear = [
        one_layer(f"resize_{way}", QResizeBilinear(rows, columns, 3, way), (3, 4, 2), (5, 3, 2))  # type: ignore[arg-type]
        for way in ("away", "up")
    ]
    apart = QZeroPadding2D(((1, 0), (2, 1)), (2, 3), 5)
    sliced = QSlice((1, 0, 1), (4, 5, 2), (2, 3, 1))
    return [
        *bilinear,
        one_layer("apart", apart, (3, 2, 2), (6, 7, 2)),
        one_layer("sliced", sliced, (4, 5, 3), (2, 2, 1)),
    ]


def rows_side_by_side() -> QGraph:
    """Concatenated along the rows."""
    net = Moves("rows", "fixed", (3, 4, 2), 5)
    x = net.nodes[0]
    node = QNode("joined", QConcatenate(0), (x.name, x.name), (6, 4, 2), x.format)
    return QGraph("rows", "fixed", (x, node), ("joined",))


def wide_sums() -> QGraph:
    """Accumulators of more than 32 bits."""
    chain = Chain("wide", "fixed", (4, 4, 8), 3, bits=16, weight_bits=16).conv(3, (3, 3))
    return chain.flatten().dense(4).graph


def dilated(scheme: str) -> QGraph:
    return Chain("dilated", scheme, (9, 8, 3), 4).conv(4, (3, 2), (1, 2), "same", dilation=(2, 3)).graph


def in_groups(rounding: str) -> QGraph:
    net = Branches(f"groups_{rounding}", "affine", (5, 6, 4), 7, rounding=rounding)
    return net.depthwise((3, 3)).depthwise(groups=2, each=3).average((3, 3), (2, 2), "same").graph


def signs(seed: int) -> QGraph:
    """Results of one bit behind an image of eight, padded with +1 or -1."""
    net = Chain(f"signs{seed}", "fixed", (6, 5, 4), seed, bits=1, weight_bits=1, input_bits=8)
    net.conv(4, (3, 3), padding="same").conv(6, (3, 2), (2, 1), "same").pool().conv(4, (2, 2), padding="same")
    net.flatten().dense(9)
    net.bits = 8
    return net.dense(5, relu=False).graph


def signs_in_groups() -> QGraph:
    """A depthwise convolution of signs, with -1 around them."""
    rng = np.random.default_rng(3)
    bits, around = Fixed(8, 0), ((1, 0), (1, 2))
    op = QConv2D(
        rng.choice((-1, 1), (3, 3, 1, 4)),
        rng.integers(-9, 9, 4),
        Binary(),
        bits,
        Shift(np.zeros(1, np.int64)),
        (-128, 127),
        padding=around,
        groups=4,
        pad_code=-1,
    )
    first = QNode("input", QInput(), (), (5, 4, 4), Sign())
    return QGraph("groups", "fixed", (first, QNode("layer", op, ("input",), (4, 5, 4), bits)), ("layer",))


def networks() -> list[QGraph]:
    """Small ones that have every layer of hardware between them, and random ones."""
    graphs = [*(make() for make, _ in NETWORKS.values()), *map(signs, range(4)), signs_in_groups()]
    graphs += [two_images(), heads(), rows_side_by_side(), wide_sums(), *map(in_groups, ("double", "single"))]
    return [*graphs, *moves(), dilated("affine"), dilated("fixed"), *map(draw_graph, range(16))]


def test_every_layer_that_hardware_has_and_no_overflow(tmp_path: Path) -> None:
    assert_equal(networks(), tmp_path, *cpp.CHECKED)


def test_the_networks_use_every_kernel() -> None:
    texts = [header(graph, "net") for graph in networks()]
    kernels = (ROOT / "templates/cpp/kernels.h.j2").read_text()
    calls = {name for text in texts for name in re.findall(r"kernel::(\w+)<", text)}
    helpers = {"shift_right", "clamp", "operator"}
    made = set(re.findall(r"^(?:inline int64_t|template .*struct|.*\bvoid) (\w+)", kernels, re.MULTILINE))
    assert len(made) > 18 and calls == made - helpers
    assert any(", std::int64_t>(" in text for text in texts) and any(
        ", std::int32_t>(" in text for text in texts
    )


@pytest.mark.full
@pytest.mark.parametrize("first", range(16, 136, 20))
def test_random_networks(first: int, tmp_path: Path) -> None:
    assert_equal([draw_graph(seed) for seed in range(first, first + 20)], tmp_path, *cpp.CHECKED)


def test_signs_are_padded_with_either_sign() -> None:
    """So that the networks of this file have both."""
    found = {node.op.pad_code for seed in range(4) for node in signs(seed) if isinstance(node.op, QConv2D)}
    assert {-1, 0} <= found


def test_a_wrong_weight_shows(tmp_path: Path) -> None:
    graph = NETWORKS["affine"][0]()
    op = graph["conv2d"].op
    assert isinstance(op, QConv2D)
    kernel = op.kernel.copy()
    kernel[1, 1] ^= 64
    nodes = tuple(
        dataclasses.replace(node, op=dataclasses.replace(op, kernel=kernel)) if node.op is op else node
        for node in graph
    )
    program = cpp.compiled([dataclasses.replace(graph, nodes=nodes)], tmp_path)
    codes = draw_all(graph, 6)
    assert not np.array_equal(cpp.run(program, 0, graph, codes)[0], run_outputs(graph, codes)[0])


# ---- the text ----


def test_names_of_others_are_harmless(tmp_path: Path) -> None:
    names = ("a\n#error x", "*/ int main", "b\\", "??/", '"', "int")
    chain = Chain("class", "affine", (4, 4, 1), input_name=names[0]).conv(2, (2, 2), name=names[1])
    graph = chain.pool((2, 2), (1, 1), name=names[2]).flatten(names[3]).dense(3, names[4]).dense(2, names[5])
    text = header(graph.graph, "x */\n#error")
    assert text.isascii() and "#error" not in text and "\\" not in text and "??" not in text
    assert "namespace krl_x_error {" in text
    assert_equal([graph.graph], tmp_path)


def test_the_same_bytes_each_time() -> None:
    texts = {header(NETWORKS["residual"][0](), "net") for _ in range(2)}
    assert len(texts) == 1
    assert not re.search(r"\b(float|double)\b", texts.pop().replace("Twice", ""))


# ---- what is refused ----


def refused(graph: QGraph, message: str) -> None:
    with pytest.raises(KerilogError, match=message) as caught:
        header(graph, "net")
    assert "\n" not in str(caught.value)


def test_a_softmax_in_the_middle_is_refused() -> None:
    graph = NETWORKS["affine"][0]()
    logits, table = graph["logits"], np.arange(256, 0, -1, np.int64) << 20
    soft = QNode("soft", QSoftmax(table), ("logits",), logits.shape, logits.format)
    end = QNode("end", QSlice((0,), (2,), (1,)), ("soft",), (2,), logits.format)
    refused(
        dataclasses.replace(graph, nodes=(*graph.nodes, soft, end), outputs=("end",)),
        "layer 'soft': Softmax has",
    )


def test_numbers_of_more_than_64_bits_are_refused() -> None:
    graph = Chain("far", "fixed", (4,)).dense(2, "dense").graph
    node = graph["dense"]
    far = dataclasses.replace(node, op=dataclasses.replace(node.op, rescale=Shift(np.array([-50]))))  # type: ignore[arg-type]
    refused(dataclasses.replace(graph, nodes=(graph.nodes[0], far)), "layer 'dense': expected numbers below")


def test_five_axes_are_refused() -> None:
    op = QSlice((0,) * 5, (1,) * 5, (1,) * 5)
    refused(one_layer("five", op, (2,) * 5, (1,) * 5), "layer 'layer': expected at most 4 axes")
