# SPDX-License-Identifier: Apache-2.0
"""Averages as sums and a requantizer, and tables of functions of one code: equal to the integer model."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog.exact import average as exact_average
from kerilog.exact import lookup
from kerilog.formats import Affine, Fixed, IntArray
from kerilog.hardware import average, memories
from kerilog.hardware.memories import Memory
from kerilog.hardware.modules.requantize import AffineRequantizer
from kerilog.integer import elementwise, ops
from kerilog.integer.windows import pad, windows
from kerilog.qgraph import (
    Clamp,
    QAveragePooling2D,
    QGlobalAveragePooling2D,
    QInput,
    QLookup,
    QNode,
    QRequantize,
    Rescale,
    Shift,
)
from kerilog.scales import ROUNDINGS, mean_factor, requantize_factor
from support.networks import same_padding

WHOLE: Clamp = (-128, 127)


def signed(value: int, bits: int) -> int:
    return value - ((value >> (bits - 1)) << bits)


def hardware(found: AffineRequantizer, sums: IntArray) -> IntArray:
    """What ``krl_requantize_affine`` makes of a frame of ``sums`` (beats, lanes), by its equation."""
    corrected = found.negative_correction_bits
    lane_bits = found.multiplier_bits + found.offset_bits + corrected
    limit = 1 << (found.total_bits - 1)
    codes = np.zeros(sums.shape, np.int64)
    for (beat, lane), acc in np.ndenumerate(sums):
        word = found.rom.words[beat % found.period] >> (lane * lane_bits)
        multiplier = word & ((1 << found.multiplier_bits) - 1)
        offset = signed((word >> found.multiplier_bits) & ((1 << found.offset_bits) - 1), found.offset_bits)
        correction = (word >> (found.multiplier_bits + found.offset_bits)) & ((1 << corrected) - 1)
        total = int(acc) * multiplier + offset
        rounding = (1 << (found.shift - 1)) + (correction if total >= 0 else -correction)
        corrected_total = total + rounding * (corrected > 0)
        assert -limit <= min(total, corrected_total) and max(total, corrected_total) < limit
        assert abs(2 * int(acc) + 1) < 1 << found.acc_bits
        codes[beat, lane] = found.zero_point + (corrected_total >> found.shift)
    return np.clip(codes, found.clamp_min, found.clamp_max)


@st.composite
def poolings(draw: st.DrawFn) -> tuple[QNode, QAveragePooling2D, tuple[int, int, int], Clamp]:
    """A layer, the shape of its image, and the codes that occur there."""
    size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    strides = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    image = draw(st.integers(size[0], 7)), draw(st.integers(size[1], 7)), draw(st.integers(1, 4))
    same = draw(st.booleans())
    cells = [same_padding(*sides) if same else (0, 0) for sides in zip(image, size, strides, strict=False)]
    padding = cells[0], cells[1]
    out = [
        (n + sum(around) - side) // step + 1
        for n, around, side, step in zip(image, padding, size, strides, strict=False)
    ]
    codes, clamp = (sorted(draw(st.tuples(st.integers(*WHOLE), st.integers(*WHOLE)))) for _ in range(2))
    op = QAveragePooling2D(size, strides, (clamp[0], clamp[1]), padding)
    node = QNode("pool", op, ("input",), (out[0], out[1], image[2]), Affine(8, 0.1, 3))
    return node, op, image, (codes[0], codes[1])


@settings(max_examples=60, deadline=None)
@given(drawn=poolings(), seed=st.integers(0, 1 << 32), data=st.data())
def test_average_pooling_is_the_integer_model(
    drawn: tuple[QNode, QAveragePooling2D, tuple[int, int, int], Clamp], seed: int, data: st.DataObject
) -> None:
    node, op, image, codes = drawn
    # parts of a window's channels, several windows, the whole frame
    elements = math.prod(node.shape)
    several = [n * image[2] for n in range(1, elements // image[2] + 1) if elements // image[2] % n == 0]
    lanes = data.draw(st.sampled_from([n for n in range(1, image[2]) if image[2] % n == 0] + several))
    found = average.pooling_requantizer(node, op, image, codes, lanes, "rom/x.mem")
    rng = np.random.default_rng(seed)
    frames = [rng.integers(codes[0], codes[1] + 1, (1, *image)), rng.choice(codes, (1, *image))]
    frames += [np.full((1, *image), code) for code in codes]
    for x in frames:
        view = windows(pad(x, op.padding, 0), op.pool_size, op.strides, (1, 1))
        sums = view.sum(axis=(3, 4)).reshape(-1, lanes)
        expected = ops.average_pool(op, node.format, node.format)(x).reshape(-1, lanes)
        np.testing.assert_array_equal(hardware(found, sums), expected)


@pytest.mark.parametrize("cells", [1, 2, 3, 4, 6, 9, 12, 16, 25])
def test_every_sum_is_divided_as_the_integer_model_does(cells: int) -> None:
    op = QAveragePooling2D((1, cells), (1, cells), WHOLE)
    node = QNode("pool", op, ("input",), (1, 1, 1), Affine(8, 0.1, 3))
    found = average.pooling_requantizer(node, op, (1, cells, 1), WHOLE, 1, "rom/x.mem")
    assert found.period == found.rom.depth == 1 and found.negative_correction_bits == 0
    sums = np.arange(-128 * cells, 127 * cells + 1)
    quotient = np.array([math.copysign(math.floor(abs(s) / cells + 0.5), s) for s in sums.tolist()])
    np.testing.assert_array_equal(hardware(found, sums[:, None])[:, 0], quotient)


def test_cells_inside_the_image() -> None:
    op = QAveragePooling2D((3, 2), (1, 2), WHOLE, ((1, 1), (0, 1)))
    counts = exact_average.cells_inside(op, (3, 3, 1), (3, 2, 1))
    assert counts.tolist() == [[4, 2], [6, 3], [4, 2]]


@settings(max_examples=60, deadline=None)
@given(
    cells=st.integers(1, 100),
    how=st.sampled_from([*ROUNDINGS, "fixed"]),
    zeros=st.tuples(st.integers(*WHOLE), st.integers(*WHOLE)),
    ratio=st.floats(0.2, 4),
    codes=st.tuples(st.integers(*WHOLE), st.integers(*WHOLE)),
)
def test_global_average_pooling_is_the_integer_model(
    cells: int, how: str, zeros: tuple[int, int], ratio: float, codes: tuple[int, int]
) -> None:
    factor: Rescale
    if how == "fixed":
        zeros, factor = (0, 0), Shift(np.array([max(round(math.log2(cells / ratio)), 0)]))
        source, target = Fixed(8, 3), Fixed(8, 3)
    else:
        factor = mean_factor(np.float32(0.1 * ratio), np.float32(0.1), cells, how)  # type: ignore[arg-type]
        source, target = Affine(8, 0.1 * ratio, zeros[0]), Affine(8, 0.1, zeros[1])  # type: ignore[assignment]
    ends = min(codes), max(codes)
    op = QGlobalAveragePooling2D(factor, WHOLE)
    node = QNode("mean", op, ("input",), (2,), target)
    found = average.global_requantizer(node, op, cells, zeros[0], ends, 2, "rom/x.mem")
    sums = np.unique(np.linspace(ends[0] * cells, ends[1] * cells, 2000).astype(np.int64))
    got = hardware(found, np.stack([sums, sums[::-1]], axis=1))
    # an image whose codes add up to the sum
    each, rest = np.divmod(sums, cells)
    x = each[:, None] + (np.arange(cells) < rest[:, None])
    expected = ops.global_average_pool(op, source, target)(x[:, :, None, None])[:, 0]
    np.testing.assert_array_equal(got[:, 0], expected)
    np.testing.assert_array_equal(got[:, 1], expected[::-1])


# ---- tables ----


def read(memory: Memory, bits_in: int, bits_out: int, codes: IntArray) -> IntArray:
    """What ``krl_lookup`` gives for ``codes``."""
    words = [signed(memory.words[code & ((1 << bits_in) - 1)], bits_out) for code in codes.tolist()]
    return np.array(words)


def rom_of(node: QNode, source: QNode) -> Memory:
    return memories.column("rom/x.mem", lookup.table(node, source), node.format.bits, "")


@pytest.mark.parametrize("bits", [(8, 8), (4, 6), (10, 3)])
def test_a_lookup_has_its_own_table(bits: tuple[int, int]) -> None:
    source, target = Fixed(bits[0], 2), Fixed(bits[1], 1)
    rng = np.random.default_rng(bits[0])
    op = QLookup(rng.integers(target.minimum, target.maximum + 1, 1 << bits[0]))
    nodes = QNode("input", QInput(), (), (3,), source), QNode("tanh", op, ("input",), (3,), target)
    memory = rom_of(nodes[1], nodes[0])
    codes = np.arange(source.minimum, source.maximum + 1)
    np.testing.assert_array_equal(read(memory, *bits, codes), op.table)
    assert (memory.depth, memory.width) == (1 << bits[0], bits[1])


@pytest.mark.parametrize("how", ROUNDINGS)
def test_a_requantization_becomes_a_table(how: str) -> None:
    source, target = Affine(8, 0.1, -3), Affine(8, 0.07, 11)
    factor = requantize_factor(np.float32(0.1), np.float32(0.07), how)  # type: ignore[arg-type]
    op = QRequantize(factor, (-100, 90))
    nodes = QNode("input", QInput(), (), (3,), source), QNode("again", op, ("input",), (3,), target)
    memory = rom_of(nodes[1], nodes[0])
    codes = np.arange(-128, 128)
    expected = elementwise.requantize(op, source, target)(codes)
    np.testing.assert_array_equal(read(memory, 8, 8, codes), expected)
