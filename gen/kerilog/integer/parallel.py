# SPDX-License-Identifier: Apache-2.0
"""Pieces of work on every processor.

NumPy lets go of Python's lock while it works, so threads run side by side, each on frames of its own. BLAS is
kept to one thread meanwhile: its own threads wait for one another in a busy loop at the end of every product,
which costs many times the product on a machine that has other work.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import ThreadpoolController


def for_each(pieces: Sequence[int], work: Callable[[int], None]) -> None:
    """``work`` on each of ``pieces``, in any order; what it raises is raised here."""
    if len(pieces) < 2:
        for piece in pieces:
            work(piece)
        return
    with _blas().limit(limits=1, user_api="blas"), ThreadPoolExecutor(_workers(len(pieces))) as pool:
        for _ in pool.map(work, pieces):
            pass


def _workers(pieces: int) -> int:
    return min(pieces, os.cpu_count() or 1)


@functools.cache
def _blas() -> ThreadpoolController:
    """The libraries that are loaded; to look for them takes milliseconds."""
    return ThreadpoolController()
