# SPDX-License-Identifier: Apache-2.0
"""A reader and its unit looked at as one do everything in the same cycles as one behind the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kerilog.timing.control import Control
from kerilog.timing.crop import Crop
from kerilog.timing.fed import Fed, fed
from kerilog.timing.matvec import MatrixVector
from kerilog.timing.schedule import StandstillError, chain
from kerilog.timing.serial import Serial
from kerilog.timing.window_reader import WindowReader

FRAMES = 4

Made = Callable[[], Control]  # freshly reset


@st.composite
def readers(draw: st.DrawFn) -> tuple[Callable[[], WindowReader], int, int, int]:
    """A reader, the words of a frame, those of a window that a pass gives, and the passes of a frame."""
    kernel, dilation = [draw(st.integers(1, 3)) for _ in "hw"], [draw(st.integers(1, 2)) for _ in "hw"]
    spans = [(cells - 1) * rate + 1 for cells, rate in zip(kernel, dilation, strict=True)]
    strides, pads = [draw(st.integers(1, 3)) for _ in "hw"], [draw(st.integers(0, s - 1)) for s in spans]
    image = [draw(st.integers(span, span + 4)) for span in spans]
    out = [
        draw(st.integers(1, (side + pad - 1) // stride + 1))
        for side, pad, stride in zip(image, pads, strides, strict=True)
    ]
    groups, passes = draw(st.sampled_from([1, 1, 2])), draw(st.integers(1, 3))
    slices = groups * draw(st.integers(1, 3))
    reader = partial(
        WindowReader,
        rows=draw(st.integers(spans[0], 2 * spans[0] + pads[0])),
        height=image[0],
        width=image[1],
        slices=slices,
        kernel_h=kernel[0],
        kernel_w=kernel[1],
        dilation_h=dilation[0],
        dilation_w=dilation[1],
        stride_h=strides[0],
        stride_w=strides[1],
        pad_top=pads[0],
        pad_left=pads[1],
        out_height=out[0],
        out_width=out[1],
        passes=passes,
        groups=groups,
    )
    words = kernel[0] * kernel[1] * slices // groups
    return reader, image[0] * image[1] * slices, words, out[0] * out[1] * groups * passes


def sums(draw: st.DrawFn, words: int) -> Made:
    """What adds up ``words`` words."""
    latency, credits = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    return partial(
        MatrixVector,
        beats=words,
        groups=1,
        folds=1,
        latency=latency,
        credits=credits,
        slices=1,
        slices_of_last=1,
    )


def last_word(words: int) -> Made:
    """What hands on the last of ``words`` words."""
    return partial(
        Crop,
        rows=1,
        columns=words,
        beats=1,
        last_row=0,
        first_column=words - 1,
        last_column=words - 1,
        last_beat=0,
    )


@st.composite
def chains(draw: st.DrawFn) -> tuple[Callable[[], WindowReader], list[Made], int, int]:
    """A reader, what is behind it, and the beats of a frame that go in and come out."""
    reader, entering, words, results = draw(readers())
    behind = [sums(draw, words) if draw(st.booleans()) else last_word(words)]
    if draw(st.booleans()):  # holds the unit up
        behind.append(partial(Serial, steps=draw(st.integers(2, 12)), delay=draw(st.integers(0, 3))))
    return reader, behind, entering, results


def run(
    make: Callable[[], WindowReader], behind: list[Made], beats: tuple[int, int], pace: int, together: bool
) -> object:
    """When the frames go in and come out, all registers, and the rows that were needed."""
    reader = make()
    controls: list[Control] = [reader, *(control() for control in behind)]
    joined = fed(controls) if together else controls
    assert isinstance(joined[0], Fed) == together
    schedule = chain(joined, *beats, pace=pace).run(FRAMES)
    registers = [register for node in schedule.state() for register in node]
    return schedule.entered, schedule.first, schedule.last, registers, int(reader.need)


@settings(max_examples=400, deadline=None)
@given(chains(), st.sampled_from([0, 1, 2, 3, 7, 20]))
def test_every_beat_in_its_cycle(
    drawn: tuple[Callable[[], WindowReader], list[Made], int, int], slowness: int
) -> None:
    make, behind, entering, leaving = drawn
    pace = slowness * entering
    try:
        expected = run(make, behind, (entering, leaving), pace, together=False)
    except StandstillError:  # too few rows
        assume(False)
    assert run(make, behind, (entering, leaving), pace, together=True) == expected


def registers_of(control: Control) -> tuple[object, ...]:
    """All that decides what happens next."""
    return (*control.state(), control.valid, control.ready(True), control.ready(False))


@settings(max_examples=300, deadline=None)
@given(st.data(), st.integers(1, 30), st.integers(0, 40))
def test_beats_absorbed_at_once_are_beats_taken_one_by_one(
    data: st.DataObject, words: int, taken: int
) -> None:
    make = sums(data.draw, words) if data.draw(st.booleans()) else last_word(words)
    at_once, by_one = make(), make()
    for control in (at_once, by_one):
        for _ in range(taken):
            entered = control.ready(True)
            control.clock(True, entered, True, control.valid)
    valid, beats = at_once.valid, int(at_once.appetite())
    at_once.absorb(beats)
    for _ in range(beats):
        assert by_one.ready(False)
        by_one.clock(True, True, False, False)
        assert by_one.valid == valid
    for _ in range(2):
        assert registers_of(at_once) == registers_of(by_one)
        for control in (at_once, by_one):
            control.clock(True, control.ready(False), False, False)
