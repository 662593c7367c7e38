# SPDX-License-Identifier: Apache-2.0
"""Words of memories: packed as arithmetic says, written as hexadecimal, and made only when asked for."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog import area
from kerilog.emit.writer import memory_text
from kerilog.exact import packing
from kerilog.hardware import memories
from kerilog.hardware.memories import Memory
from kerilog.hardware.modules.matvec import Folding
from kerilog.hardware.sums import _by_step
from kerilog.plan import plan
from support.networks import Chain

Lanes = packing.Lanes


@st.composite
def fields(draw: st.DrawFn) -> list[Lanes]:
    """One to three fields of equal shape and any width, of machine integers or of Python's own."""
    words, lanes = draw(st.integers(1, 40)), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    found: list[Lanes] = []
    for bits in draw(
        st.lists(st.sampled_from([1, 2, 5, 8, 9, 16, 31, 33, 63, 64, 70]), min_size=1, max_size=3)
    ):
        drawn = [int.from_bytes(rng.bytes(9), "little", signed=True) for _ in range(words * lanes)]
        codes: npt.NDArray[np.object_] = np.array([code >> (72 - bits) for code in drawn], object)
        machine = bits < 65 and draw(st.booleans())
        found.append(((codes.astype(np.int64) if machine else codes).reshape(words, lanes), bits))
    return found


def by_arithmetic(found: list[Lanes]) -> list[int]:
    """The words, sum by sum."""
    result = []
    for row in range(len(found[0][0])):
        word = at = 0
        for lane in range(found[0][0].shape[1]):
            for values, bits in found:
                word += (int(values[row, lane]) & ((1 << bits) - 1)) << at
                at += bits
        result.append(word)
    return result


def of_words(words: list[int], width: int) -> Memory:
    column: npt.NDArray[np.object_] = np.array(words, object)[:, None]
    return Memory("x.mem", width, len(words), 0, lambda: [(column, width)], "words")


@settings(max_examples=200, deadline=None)
@given(found=fields())
def test_words_are_lanes_side_by_side(found: list[Lanes]) -> None:
    words = [int.from_bytes(word.tobytes(), "big") for word in packing.packed(found)]
    assert words == list(by_arithmetic(found))


@pytest.mark.parametrize("at_once", [1, 15, 16, 1499])
def test_long_memories_are_packed_in_parts(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).integers(-4, 4, (100, 5))
    whole = packing.packed([(values, 3)])
    monkeypatch.setattr(packing, "_BITS_AT_ONCE", at_once)
    assert np.array_equal(packing.packed([(values, 3)]), whole)


@given(words=st.lists(st.integers(0, (1 << 70) - 1), min_size=1, max_size=20), width=st.integers(1, 70))
def test_text_is_one_word_per_line(words: list[int], width: int) -> None:
    words = [word & ((1 << width) - 1) for word in words]
    memory = of_words(words, width)
    text = memory_text(memory)
    digits = -(-width // 4)
    assert text.splitlines()[1:] == [f"{word:0{digits}x}" for word in words]
    assert text.endswith("\n") and memory.words == tuple(words)
    assert np.array_equal(packing.read(text, width), memory.packed)


@given(words=st.lists(st.integers(0, 255), min_size=1, max_size=20), width=st.integers(1, 8))
def test_columns_differ_and_vary(words: list[int], width: int) -> None:
    words = [word & ((1 << width) - 1) for word in words]
    columns = {sum((word >> place & 1) << at for at, word in enumerate(words)) for place in range(width)}
    constant = {0, (1 << len(words)) - 1}
    assert of_words(words, width).columns == len(columns - constant)


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 1 << 32),
    pe=st.integers(1, 5),
    simd=st.integers(1, 5),
    streams=st.booleans(),
    windows=st.integers(1, 3),
    bits=st.sampled_from([1, 3, 8, 9, 16]),
)
def test_weights_stand_where_the_hardware_reads_them(
    seed: int, pe: int, simd: int, streams: bool, windows: int, bits: int
) -> None:
    rng = np.random.default_rng(seed)
    inputs, units = int(rng.integers(1, 12)), int(rng.integers(1, 7))
    kernel = rng.integers(-(1 << bits - 1), 1 << bits - 1, (inputs, units))
    lanes, beats = (simd, -(-inputs // simd)) if streams else (inputs, 1)
    shape = Folding(pe, simd, lanes, beats, -(-windows * units // pe), windows * units, 1)
    split = functools.partial(_by_step, kernel, shape)
    words = memories.weights("x.mem", split, shape.steps, pe, simd, bits).words
    assert len(words) == shape.steps
    for number, word in enumerate(words):
        beat, group, fold = np.unravel_index(number, (beats, shape.groups, shape.folds))
        for lane in range(pe):
            for product in range(simd):
                place, unit = fold * simd + product, group * pe + lane
                source = beat * lanes + place
                inside = place < lanes and source < inputs and unit < windows * units
                weight = int(kernel[source, unit % units]) if inside else 0
                code = word >> bits * (lane * simd + product) & (1 << bits) - 1
                assert code == weight & (1 << bits) - 1, (beat, group, fold, lane, product)


def test_planning_makes_no_word_of_a_block_ram() -> None:
    chain = Chain("net", "affine", (8, 8, 4), seed=3).conv(16, name="conv").flatten()
    design = plan(chain.dense(12, name="dense", relu=False).graph, 640)
    area.of(design)
    made = {memory.file: "packed" in vars(memory) for memory in design.memories if memory.block}
    assert made and not any(made.values()), made
    text = memory_text(next(memory for memory in design.memories if memory.block))
    assert len(text.splitlines()) > memories.BLOCK_DEPTH


def test_a_memory_is_packed_once() -> None:
    calls = []

    def lanes() -> list[Lanes]:
        calls.append(1)
        return [(np.array([[1, -1], [2, -2]]), 4)]

    memory = Memory("x.mem", 8, 2, 0, lanes, "")
    assert memory.words == (0xF1, 0xE2) and memory.words is memory.words
    assert memory_text(memory).endswith("\nf1\ne2\n") and calls == [1]
