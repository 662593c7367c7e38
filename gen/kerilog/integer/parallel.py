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
    """``work`` on each of ``pieces``, in any order; what it raises is raised here. It does not nest."""
    if len(pieces) < 2:
        for piece in pieces:
            work(piece)
        return
    with _blas().limit(limits=1, user_api="blas"):
        for _ in _pool().map(work, pieces):
            pass


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """The threads, which are kept because each keeps its scratch memory."""
    return ThreadPoolExecutor(os.cpu_count(), "kerilog-integer")


@functools.cache
def _blas() -> ThreadpoolController:
    """The libraries that are loaded; to look for them takes milliseconds."""
    return ThreadpoolController()


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
