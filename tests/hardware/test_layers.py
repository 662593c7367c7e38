# SPDX-License-Identifier: Apache-2.0
"""The planner's formulas for a layer by itself are what the model of its control gives."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from kerilog.hardware import pace
from kerilog.hardware.folding import MatrixJob, candidates, divisors
from kerilog.hardware.modules.matvec import Folding
from kerilog.hardware.modules.window import Window

SHORT, LONG = range(4), range(4, 60)
EACH = 100


def seeds() -> list[object]:
    return [*SHORT, *(pytest.param(seed, marks=pytest.mark.full) for seed in LONG)]


def draw_window(rng: np.random.Generator) -> Window:
    """Windows of any shape, each of which has a pixel of the image."""
    while True:
        height, width, kernel_h, kernel_w = (int(rng.integers(1, end)) for end in (15, 17, 7, 7))
        stride_h, stride_w = int(rng.integers(1, 5)), int(rng.integers(1, 5))
        most = (kernel_h, kernel_h, kernel_w, kernel_w) if rng.random() < 0.6 else (1, 1, 1, 1)
        top, bottom, left, right = (int(rng.integers(0, end)) for end in most)
        if height + top + bottom < kernel_h or width + left + right < kernel_w:
            continue
        rows = (height + top + bottom - kernel_h) // stride_h + 1
        columns = (width + left + right - kernel_w) // stride_w + 1
        if (rows - 1) * stride_h - top >= height or (columns - 1) * stride_w - left >= width:
            continue
        sides = (kernel_h, kernel_w, stride_h, stride_w, top, left, rows, columns)
        window = Window(height, width, 1, 8, 1, *sides, pad_code=0, rows=2 * kernel_h + top, block=0)
        window = window.side_by_side(int(rng.choice(divisors(columns))))
        return window if rng.random() < 0.7 else dataclasses.replace(window, pixels=width)


def draw_layer(rng: np.random.Generator) -> tuple[Window | None, MatrixJob, Folding]:
    """A convolution, one of every channel by itself, a dense layer or a convolution of 1 x 1, folded."""
    units = int(rng.integers(1, 13))
    window: Window | None = None
    match rng.integers(0, 5):
        case 0:
            job = MatrixJob(int(rng.choice([1, 1, 1, 5])), int(rng.integers(1, 61)), 3 * units, streams=True)
        case 1:
            job = MatrixJob(int(rng.integers(1, 101)), int(rng.integers(1, 21)), units)
        case kind:
            channels = int(rng.integers(1, 5))
            window = dataclasses.replace(draw_window(rng), channels=channels)
            vectors = channels if kind == 2 else 1
            inputs = window.kernel_h * window.kernel_w * channels // vectors
            job = MatrixJob(window.out_height * window.out_width, inputs, units * vectors, vectors=vectors)
    choices = candidates(job)
    return window, job, pace.folding_of(job, choices[int(rng.integers(len(choices)))])


@pytest.mark.parametrize("seed", seeds())
def test_windows_by_themselves(seed: int) -> None:
    rng = np.random.default_rng([seed, 11])
    for _ in range(EACH):
        window = draw_window(rng)
        assert pace.slides(window) == pace._run_slides(window), (seed, window)


@pytest.mark.parametrize("seed", seeds())
def test_layers_by_themselves(seed: int) -> None:
    rng = np.random.default_rng([seed, 12])
    for _ in range(EACH):
        window, job, folding = draw_layer(rng)
        assert pace._alone(window, job, folding) == pace._run_alone(window, job, folding), (
            seed,
            window,
            folding,
        )
