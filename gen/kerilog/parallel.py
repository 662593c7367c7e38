# SPDX-License-Identifier: Apache-2.0
"""Pieces of work on every processor.

NumPy lets go of Python's lock while it works, so threads run side by side, each on frames of its own. BLAS is
kept to one thread meanwhile: its own threads wait for one another in a busy loop at the end of every product,
which costs many times the product on a machine that has other work.
"""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")


def for_each(pieces: Sequence[int], work: Callable[[int], None]) -> None:
    """``work`` on each of ``pieces``, in any order; what it raises is raised here. It does not nest."""
    if len(pieces) < 2:
        for piece in pieces:
            work(piece)
        return
    with _blas().limit(limits=1, user_api="blas"):
        for _ in _pool().map(work, pieces):
            pass


def results(pieces: Sequence[int], work: Callable[[int], Result]) -> Iterator[Result]:
    """What ``work`` makes of each of ``pieces``, in their order; otherwise as ``for_each``.

    No more results than there are processors are held at a time, however many pieces there are. BLAS is kept
    to one thread for a single piece, too: how it shares out a product changes the last bits of floats, and
    they should not depend on the machine's processors.
    """
    started: deque[Future[Result]] = deque()
    try:
        with _blas().limit(limits=1, user_api="blas"):
            for piece in pieces:
                if len(started) == _processors():
                    yield started.popleft().result()
                started.append(_pool().submit(work, piece))
            while started:
                yield started.popleft().result()
    finally:
        for left in started:
            left.cancel()


def _processors() -> int:
    return os.cpu_count() or 1


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """The threads, which are kept because each keeps its scratch memory."""
    return ThreadPoolExecutor(_processors(), "kerilog")


@functools.cache
def _blas() -> ThreadpoolController:
    """The libraries that are loaded; to look for them takes milliseconds."""
    return ThreadpoolController()


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
