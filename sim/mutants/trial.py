# SPDX-License-Identifier: Apache-2.0
"""Whether one mutant is killed: by a proof, or else by a bench.

    python -m mutants.trial MODULE SEED NUMBER

in a process of its own, so that it can be limited and ended with all that it started. The last line it
prints is ``killed by ...``, ``survives`` or ``does not compile``.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

from common import runner
from mutants.draw import Mutant, drawn
from proofs import table
from proofs.engine import RTL, ToolError, verdict_on

# a proof that takes longer decides nothing here
SECONDS = 30


def killed_by_proof(mutant: Mutant) -> str | None:
    """Return the short proof that refutes the mutant."""
    for point in table.SHORT:
        if point.module == mutant.module:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    verdict = verdict_on(point, Path(folder), mutant, SECONDS)
                except ToolError:
                    continue
            if verdict.faults or verdict.word == "empty":
                return f"the proof of {point}"
    return None


def killed_by_bench(mutant: Mutant) -> str | None:
    """Return the setting of the module's bench that fails.

    Raises BuildError if the mutant compiles with none of them.
    """
    module = mutant.module
    importlib.import_module(f"{module}.test_{module}")
    refused = 0
    settings = runner.SETTINGS[module]
    for setting in settings:
        try:
            runner.run(module, **setting, bug=mutant)
        except runner.BuildError as error:
            refused += 1
            last = error
        except runner.BenchError:
            return f"the bench with {setting['parameters']}"
    if refused == len(settings):
        raise last
    return "the compiler" if refused else None


def main(module: str, seed: str, number: int) -> str:
    """Return the outcome of mutant ``number`` of a module."""
    mutant = drawn(module, (RTL / f"{module}.v").read_text(), seed)[number]
    try:
        by = killed_by_bench(mutant) or killed_by_proof(mutant)
    except runner.BuildError:
        return "does not compile"
    return f"killed by {by}" if by else "survives"


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
