# SPDX-License-Identifier: Apache-2.0
"""krl_vectors: one window, overlapping windows and gaps between them, whole pixels and parts, both orders."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

EDGES = table(
    "WINDOWS KERNEL_H KERNEL_W STRIDE_W COLUMNS CHANNELS DEPTH BITS PIXEL_BY_PIXEL",
    (1, 1, 1, 1, 1, 1, 1, 1, 0),
    # a depthwise window, an average over pixels
    (1, 3, 3, 1, 3, 4, 1, 8, 0),
    (1, 1, 5, 1, 5, 3, 1, 8, 0),
    # whole pixels: windows that overlap, with columns behind the last; windows apart
    (3, 2, 3, 1, 6, 2, 2, 8, 0),
    (2, 2, 2, 3, 5, 3, 3, 5, 0),
    # groups of channels
    (2, 3, 2, 2, 4, 6, 2, 7, 0),
    # cell by cell, as a pool takes them
    (2, 2, 2, 2, 4, 3, 3, 8, 1),
    (3, 2, 3, 2, 7, 4, 2, 4, 1),
)

BUGS = [
    Bug("windows not moved on", "COLUMN", "(v / PER_WINDOW) * STRIDE_W + p", "p"),
    Bug("rows as long as a window", "FROM", "(p / KERNEL_W) * COLUMNS", "(p / KERNEL_W) * KERNEL_W"),
    Bug("always the first channels", "FROM", "+ (v % PER_WINDOW) * DEPTH", ""),
    Bug("vector by vector in any case", "TO", "PIXEL_BY_PIXEL != 0", "PIXEL_BY_PIXEL > 1"),
    Bug("parts of pixels kept together", "TOGETHER", "DEPTH == CHANNELS &&", ""),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    windows, kernel_w, stride_w = rng.randint(1, 4), rng.randint(1, 4), rng.randint(1, 4)
    depth = rng.randint(1, 3)
    return {
        "WINDOWS": windows,
        "KERNEL_H": rng.randint(1, 3),
        "KERNEL_W": kernel_w,
        "STRIDE_W": stride_w,
        "COLUMNS": (windows - 1) * stride_w + kernel_w + rng.randint(0, 2),
        "CHANNELS": depth * rng.randint(1, 3),
        "DEPTH": depth,
        "BITS": rng.randint(1, 9),
        "PIXEL_BY_PIXEL": rng.randint(0, 1),
    }


test_krl_vectors, test_a_seeded_bug_is_caught = module_tests(
    "krl_vectors", EDGES, draw, BUGS, drawn=4, full=30
)
