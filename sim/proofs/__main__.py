# SPDX-License-Identifier: Apache-2.0
"""Prove the modules of ``hw/rtl``: `make prove`, `make prove-fast`.

A line per point: module, parameters, engine, seconds, and ``proven``, ``refuted`` with the faults,
``undecided`` within the limits, or ``empty``. Then the same for the seeded bugs, which must be refuted. Exit
status 1 unless all of it is so.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import functools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from proofs import bugs, table
from proofs.engine import SECONDS, Point, ToolError, verdict_on
from proofs.refuted import Refuted

# a line and whether all is well
Outcome = tuple[str, bool]
GIB = 1 << 30


def prove(point: Point, seconds: int, memory: int) -> Outcome:
    """Prove one point."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            verdict = verdict_on(point, Path(folder), seconds=seconds, memory=memory)
    except ToolError as error:
        return f"{point}  {point.engine()}  broken off: {error}", False
    faults = " ".join(sorted(verdict.faults))
    line = f"{point}  {point.engine()}  {verdict.seconds:.1f} s  {verdict.word} {faults}".rstrip()
    return line, verdict.word == "proven"


def refute(case: Refuted, seconds: int, memory: int) -> Outcome:
    """Find the faults of one bug."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            verdict = verdict_on(case.point, Path(folder), case.bug, seconds, memory)
    except ToolError as error:
        return f"{case}  {case.point.engine(True)}  broken off: {error}", False
    missing = {f"fault_{name}" for name in case.faults.split()} - verdict.faults
    word = f"not refuted: no {' '.join(sorted(missing))}" if missing else "refuted"
    return f"{case}  {case.point.engine(True)}  {verdict.seconds:.1f} s  {word}", not missing


def outcomes(jobs: Sequence[Callable[[], Outcome]], workers: int) -> Iterator[Outcome]:
    """Do the jobs, so many at a time, and give their outcomes as they come."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        waiting = [pool.submit(job) for job in jobs]
        try:
            for done in concurrent.futures.as_completed(waiting):
                yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def main(arguments: Sequence[str]) -> int:
    """Prove what is asked for and return the exit status."""
    parser = argparse.ArgumentParser(prog="make prove", description="Prove the modules of hw/rtl.")
    parser.add_argument("--fast", action="store_true", help="only what takes three minutes")
    parser.add_argument("--only", metavar="MODULE", action="append", help="this module only; again for more")
    parser.add_argument("--no-bugs", action="store_true", help="without the seeded bugs")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (%(default)s)")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="for a point (%(default)s)")
    parser.add_argument("--memory", type=float, default=3.0, metavar="GIB", help="for a point (%(default)s)")
    options = parser.parse_args(arguments)
    limits = {"seconds": options.seconds, "memory": int(options.memory * GIB)}
    points = [*table.SHORT, *table.FAST, *([] if options.fast else table.SLOW)]
    cases = [] if options.no_bugs else [*bugs.SHORT, *bugs.LONG]
    if options.only:
        points = [point for point in points if point.module in options.only]
        cases = [case for case in cases if case.point.module in options.only]
    jobs: list[Callable[[], Outcome]] = [
        *(functools.partial(prove, point, **limits) for point in reversed(points)),
        *(functools.partial(refute, case, **limits) for case in cases),
    ]
    start, failed = time.monotonic(), 0
    for line, is_well in outcomes(jobs, options.jobs):
        failed += not is_well
        print(("" if is_well else "FAILED ") + line, flush=True)
    seconds = time.monotonic() - start
    print(f"{len(points)} points and {len(cases)} bugs in {seconds:.0f} s, {failed} not as they must be")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
