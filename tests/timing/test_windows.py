# SPDX-License-Identifier: Apache-2.0
"""Windows keep their consumer busy: no cycle is lost but those that the shapes force.

The registers of ``krl_window`` run cycle by cycle against a consumer of so many steps a window; simulation of
the RTL is held to them elsewhere.
"""

from __future__ import annotations

import dataclasses

import pytest

from kerilog.hardware.modules.window import Window
from kerilog.timing.matvec import MatrixVector
from kerilog.timing.schedule import chain


def consumer(steps: int) -> MatrixVector:
    """Works ``steps`` cycles on every window and takes it in the last of them; its results never wait."""
    return MatrixVector(beats=1, groups=1, folds=steps, latency=1, credits=4, slices=1, slices_of_last=1)


def window_of(size: int, kernel: int, stride: int, same: bool, pixels: int = 1) -> Window:
    """The windows of a square image, as Keras pads it; with rows enough for the next frame to come in."""
    out = -(-size // stride) if same else (size - kernel) // stride + 1
    pad = max(0, (out - 1) * stride + kernel - size) // 2 if same else 0
    image, sides = (size, size, 1, 8, pixels), (kernel, kernel, stride, stride, pad, pad)
    return Window(*image, *sides, out, out, pad_code=0, rows=2 * kernel, block=0)


def interval(window: Window, steps: int) -> int:
    """Cycles a frame, the input never pausing."""
    controls = [*window.controls(), consumer(steps)]
    beats = window.height * window.row_words, window.out_height * window.out_width
    return chain(controls, *beats).measure().interval


def least(window: Window, steps: int) -> int:
    """What the shapes force: every beat of the image, every step of every window, and every column of a row
    of windows, of which single pixels leave out those that are padding, and several come in whole words.
    """
    first = -window.pad_left
    last = first + (window.out_width - 1) * window.stride_w + window.kernel_w - 1
    words = last // window.pixels - first // window.pixels + 1
    reads = min(window.width, last + 1) if window.pixels == 1 else words
    row = max(reads, window.out_width * steps)
    return max(window.height * window.width // window.pixels, window.out_height * row)


@pytest.mark.parametrize("same", [False, True], ids=["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5, 7])
def test_only_the_shapes_force_a_pause(kernel: int, stride: int, same: bool) -> None:
    for size in (8, 13):
        for steps in (1, 2, 3, 4, 6, 9):
            window = window_of(size, kernel, stride, same).waiting_for(steps)
            assert interval(window, steps) == least(window, steps), (size, steps, window)


@pytest.mark.parametrize("same", [False, True], ids=["valid", "same"])
@pytest.mark.parametrize(("size", "pixels"), [(12, 2), (12, 3), (28, 4)])
def test_several_pixels_roll_from_row_to_row(size: int, pixels: int, same: bool) -> None:
    for kernel, stride, steps in [(1, 1, 1), (2, 2, 1), (3, 1, 1), (3, 2, 2), (5, 1, 1), (5, 3, 3)]:
        window = window_of(size, kernel, stride, same, pixels)
        assert interval(window, steps) == least(window, steps), (kernel, stride, steps)


def test_finished_windows_hide_the_start_of_a_row() -> None:
    window = window_of(28, 3, 1, same=False)
    waiting = window.waiting_for(2)
    assert waiting.waiting == 2
    assert interval(waiting, 2) == 26 * 26 * 2
    # one cycle a row more, with the window that the consumer works on alone
    assert interval(dataclasses.replace(window, waiting=1), 2) == 26 * (26 * 2 + 1)
