# SPDX-License-Identifier: Apache-2.0
"""Mutate the modules of ``hw/rtl`` at random and see what benches and proofs notice: `make mutate`.

A line per mutant, and the difference of each that survives. Mutants that are argued equivalent, in
``equivalent.py``, are named as that. Exit status 1 if another one survives.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import dataclasses
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path

from mutants.draw import Mutant, drawn
from mutants.equivalent import EQUIVALENT
from proofs.engine import RTL

SIM = Path(__file__).resolve().parents[1]
GIB = 1 << 30


# trials under way, each the leader of a group of processes
LIVE: set[int] = set()


def end(leader: int) -> None:
    """End a trial with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


@dataclasses.dataclass(frozen=True)
class Trial:
    """A mutant by its number, and how far it may go."""

    mutant: Mutant
    number: int
    seed: str
    seconds: float
    memory: int

    @property
    def text(self) -> str:
        """The module as it is."""
        return (RTL / f"{self.mutant.module}.v").read_text()

    def outcome(self) -> str:
        """Return what ``mutants.trial`` prints, or ``equivalent: ...``, or ``broken off: ...``."""
        key = (self.mutant.module, *self.mutant.change(self.text))
        if key in EQUIVALENT:
            return f"equivalent: {EQUIVALENT[key]}"
        command = [sys.executable, "-m", "mutants.trial", self.mutant.module, self.seed, str(self.number)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SIM)},
            start_new_session=True,
            # of each process: a mutant can make a simulator take all there is
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (self.memory, self.memory)),
        )
        LIVE.add(process.pid)
        try:
            out, err = process.communicate(timeout=self.seconds)
        except subprocess.TimeoutExpired:
            return "killed by the time that it takes"
        finally:
            end(process.pid)
            process.wait()
            LIVE.discard(process.pid)
        lines = out.splitlines()
        return lines[-1] if process.returncode == 0 and lines else f"broken off: {err.strip()[-500:]}"


def trials(modules: Sequence[str], seed: str, seconds: float, memory: int) -> Iterator[Trial]:
    """Every mutant, one of each module in turn."""
    lists = [
        [
            Trial(mutant, number, seed, seconds, memory)
            for number, mutant in enumerate(drawn(module, (RTL / f"{module}.v").read_text(), seed))
        ]
        for module in modules
    ]
    return (trial for trial in chain.from_iterable(zip_longest(*lists)) if trial)


def outcomes(queue: Iterator[Trial], jobs: int, until: float) -> Iterator[tuple[Trial, str]]:
    """Try mutants, so many at a time, until the time is up, and give their outcomes as they come."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting: dict[concurrent.futures.Future[str], Trial] = {}
        try:
            while True:
                while len(waiting) < jobs and time.monotonic() < until and (trial := next(queue, None)):
                    waiting[pool.submit(trial.outcome)] = trial
                if not waiting:
                    return
                done, _ = concurrent.futures.wait(waiting, return_when="FIRST_COMPLETED")
                for future in done:
                    yield waiting.pop(future), future.result()
        finally:
            # of an interruption: nobody waits for them
            for leader in list(LIVE):
                end(leader)


def main(arguments: Sequence[str]) -> int:
    """Mutate and return the exit status."""
    parser = argparse.ArgumentParser(prog="make mutate", description="Mutate the modules of hw/rtl.")
    parser.add_argument("--minutes", type=float, default=10.0, help="when no more is begun (%(default)s)")
    parser.add_argument("--seed", default="2024", help="of the order of the mutants (%(default)s)")
    parser.add_argument("--only", metavar="MODULE", action="append", help="this module only; again for more")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time (%(default)s)")
    parser.add_argument("--seconds", type=float, default=300.0, help="for a mutant (%(default)s)")
    parser.add_argument(
        "--memory", type=float, default=4.0, metavar="GIB", help="for a process (%(default)s)"
    )
    options = parser.parse_args(arguments)
    modules = options.only or sorted(path.stem for path in RTL.glob("*.v"))
    queue = trials(modules, options.seed, options.seconds, int(options.memory * GIB))
    counts = Counter[str]()
    for trial, outcome in outcomes(queue, options.jobs, time.monotonic() + 60 * options.minutes):
        kind = outcome.split()[0].rstrip(":")
        counts[kind] += 1
        old, new = trial.mutant.change(trial.text)
        print(f"{trial.mutant.module}  {old}  ->  {new}  {outcome}", flush=True)
        if kind in ("survives", "broken"):
            print(trial.mutant.diff(trial.text), flush=True)
    known = {"killed": "killed", "equivalent": "argued equivalent", "does": "that do not compile"}
    print(", ".join(f"{counts[kind]} {word}" for kind, word in known.items()), end=", ")
    print(f"{counts['survives']} survive, {counts['broken']} broken off; seed {options.seed}")
    return int(counts["survives"] + counts["broken"] > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
