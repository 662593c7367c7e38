# SPDX-License-Identifier: Apache-2.0
"""Pieces of work on every processor.

NumPy lets go of Python's lock while it works, so threads run side by side, each on frames of its own. BLAS is
kept to one thread meanwhile: its own threads wait for one another in a busy loop at the end of every product,
which costs many times the product on a machine that has other work.
"""

from __future__ import annotations

import functools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")


class _Within(threading.local):
    """Whether this thread works on a piece of ``for_each``."""

    piece = False


_within = _Within()
_alone: list[bool] = []  # not empty: this process is kept to one processor


def for_each(pieces: Sequence[int], work: Callable[[int], None]) -> None:
    """``work`` on each of ``pieces``, in any order; what it raises is raised here.

    The caller works, too, so that nothing waits for threads that the machine has no time for. Within a piece
    the pieces of another call are worked on one after the other.
    """
    if len(pieces) < 2 or _within.piece:
        for piece in pieces:
            work(piece)
        return
    left = deque(pieces)

    def take() -> None:
        _within.piece = True
        try:
            while left:
                try:
                    piece = left.popleft()
                except IndexError:  # another thread took the last one
                    return
                work(piece)
        finally:
            _within.piece = False

    with _blas().limit(limits=1, user_api="blas"):
        helpers = [_pool().submit(take) for _ in range(min(processors(), len(pieces)) - 1)]
        try:
            take()
        finally:
            left.clear()
            started = [helper for helper in helpers if not helper.cancel()]
            wait(started)
        for helper in started:
            helper.result()


def on_this_thread() -> AbstractContextManager[object]:
    """Meanwhile BLAS starts no threads."""
    return nullcontext() if _within.piece else _blas().limit(limits=1, user_api="blas")


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
                if len(started) == processors():
                    yield started.popleft().result()
                started.append(_pool().submit(work, piece))
            while started:
                yield started.popleft().result()
    finally:
        for left in started:
            left.cancel()


def processors() -> int:
    """How many processors this process may use; 1 where it is kept to one."""
    if _alone:
        return 1
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def keep_to_one_thread() -> None:
    """From now on this process works on one processor: others like it have the rest."""
    _alone.append(True)


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """The threads, which are kept because each keeps its scratch memory."""
    return ThreadPoolExecutor(processors(), "kerilog")


@functools.cache
def _blas() -> ThreadpoolController:
    """The libraries that are loaded; to look for them takes milliseconds."""
    return ThreadpoolController()


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
