# SPDX-License-Identifier: Apache-2.0
"""The same work on many pieces: in this process, in several, or on a cluster that Dask runs.

Pieces do not depend on each other, and results come in the order of the pieces: what is found does not depend
on where it was worked out.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import hashlib
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Protocol

from kerilog import extras, parallel
from kerilog.errors import ArgumentError, KerilogError

PIECES_A_PROCESS = 8
"""Fewer are done before another process has started."""
SECONDS = 10
"""For which a scheduler is waited for, and its first worker."""

Work = Callable[[Any, Any], Any]
"""Called as ``work(shared, piece)``; a function of a module, so that others can import it."""


@dataclasses.dataclass(frozen=True)
class Spread:
    """Where work is done: ``jobs`` processes of this machine, by default one for each processor, or the Dask
    cluster at the address ``scheduler`` (tcp://HOST:PORT).

    Raises KerilogError for both, and for fewer than one process.
    """

    jobs: int | None = None
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise ArgumentError("{0} must be at least 1, found {found}", "jobs", found=self.jobs)
        if self.jobs is not None and self.scheduler is not None:
            text = "{0} and {1} exclude each other: a cluster has workers of its own"
            raise ArgumentError(text, "jobs", "scheduler")


HERE = Spread(jobs=1)


class Run(Protocol):
    """Gives ``work(shared, piece)`` for every piece, in their order; ``together`` neighbours go to one
    worker, for those that share what is costly to find.
    """

    def __call__(self, work: Work, pieces: Sequence[Any], together: int = 1) -> Iterator[Any]: ...


@contextlib.contextmanager
def workers(shared: Any, spread: Spread = HERE, pieces: int | None = None) -> Iterator[Run]:
    """What runs work on ``shared`` and a piece; ``pieces``: how many there will be, if that is known.

    Raises KerilogError for a scheduler that is not there, and, while it runs, for workers that were killed.
    """
    if spread.scheduler is not None:
        with _cluster(shared, spread.scheduler) as run:
            yield run
        return
    worthwhile = parallel.processors()
    if pieces is not None:
        worthwhile = min(worthwhile, pieces // PIECES_A_PROCESS)
    processes = spread.jobs or worthwhile
    if processes < 2:
        yield lambda work, pieces, together=1: (work(shared, piece) for piece in pieces)
    else:
        with _processes(shared, processes) as run:
            yield run


@functools.cache
def code() -> str:
    """SHA-256 of all that the package computes with, in hexadecimal: other code may find other results."""
    whole = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.json"), *root.rglob("*.c")]):
        whole.update(f"{path.relative_to(root).as_posix()}\0".encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


# ---- processes of this machine ----

_shared: list[Any] = []  # of a worker process: what all its pieces are worked on with


def _begin(shared: Any) -> None:
    """A worker process starts: it has one processor, and can be terminated from here on."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))
    _shared[:] = [shared]
    parallel.keep_to_one_thread()


def _end_with_the_parent() -> None:
    """An interrupt may reach the parent just after it started this process, and before it has noted that."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _on_shared(work: Work, pieces: Sequence[Any]) -> list[Any]:
    return [work(_shared[0], piece) for piece in pieces]


@contextlib.contextmanager
def _processes(shared: Any, processes: int) -> Iterator[Run]:
    spawn = multiprocessing.get_context("spawn")  # not forked: Keras may have started threads
    pool = concurrent.futures.ProcessPoolExecutor(processes, spawn, _begin, (shared,))

    # Not pool.map: left early, it cancels what waits, and a pool whose processes end trips over that.
    def run(work: Work, pieces: Sequence[Any], together: int = 1) -> Iterator[Any]:
        shares = [pieces[start : start + together] for start in range(0, len(pieces), together)]
        with _deaf_to_interrupts():
            found = [pool.submit(_on_shared, work, share) for share in shares]
        try:
            for share in found:
                yield from share.result()
        except BrokenProcessPool:
            raise KerilogError(
                "a worker process was killed, perhaps for want of memory: run again, with fewer --jobs"
            ) from None

    with pool, _ended_with_this():
        yield run


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes that are started here see no SIGINT: Ctrl-C is for this one, which ends them.

    Nor does a signal come between the halves of a start: the new process would tell of what it did not get.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextlib.contextmanager
def _ended_with_this() -> Iterator[None]:
    """Where the block is left by an exception, the processes of the pool end, whatever they are doing."""
    others = set(multiprocessing.active_children())
    try:
        yield
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.kill()
        raise


# ---- a cluster ----

_one_at_a_time = threading.Lock()  # planning is not made for the threads that a worker may have


def _alone(work: Work, shared: Any, piece: Any) -> Any:
    with _one_at_a_time:
        return work(shared, piece)


def _same(shared: Any) -> Any:
    """As a task of its own, so that another worker can do it again where the one that holds it is killed."""
    return shared


@contextlib.contextmanager
def _cluster(shared: Any, address: str) -> Iterator[Run]:
    extras.require("distributed", "--scheduler")
    import distributed

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what fails is told here, in one line
    try:
        client = distributed.Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError):  # of a connection, of an address
        raise KerilogError(
            f"--scheduler {address}: expected tcp://HOST:PORT of a Dask scheduler, and none answers there; "
            "without it all processors of this machine work"
        ) from None
    with client:
        _check_workers(client, address)
        held = client.submit(_same, shared, pure=False)

        def run(work: Work, pieces: Sequence[Any], together: int = 1) -> Iterator[Any]:
            del together  # the scheduler knows better
            futures = [client.submit(_alone, work, held, piece, pure=False) for piece in pieces]
            for future in futures:
                try:
                    yield future.result()
                except (distributed.KilledWorker, concurrent.futures.CancelledError) as error:
                    raise KerilogError(f"--scheduler {address}: workers were killed: {error}") from None

        yield run


def _check_workers(client: Any, address: str) -> None:
    """Raises KerilogError unless there is a worker, and all of them run this very code."""
    try:
        client.wait_for_workers(1, timeout=SECONDS)
        found = client.run(code)
    except TimeoutError:
        raise KerilogError(f"--scheduler {address}: has no workers: start `dask worker {address}`") from None
    except ImportError as error:
        raise KerilogError(f"--scheduler {address}: a worker cannot import {error.name}") from None
    if other := [worker for worker, digest in found.items() if digest != code()]:
        raise KerilogError(f"--scheduler {address}: worker {other[0]} has another version of Kerilog")
