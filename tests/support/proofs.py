# SPDX-License-Identifier: Apache-2.0
"""Proofs without bounds of modules of ``hw/rtl``, by Yosys and the ABC that comes with it.

``hw/formal/<module>_proof.v`` puts the module between everything that may be there: all inputs of the harness
are free in every cycle. Each output says one thing that must never happen, but for ``arrived``: that is what
the others are about, and a harness in which it cannot happen proves nothing.

To add a module: write its harness beside the others, from the ``proof_*`` modules, and give its parameters
and bugs in ``tests/test_proofs.py``.
"""

from __future__ import annotations

import dataclasses
import re
import resource
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from common.bugs import Bug
from support.paths import ROOT

RTL, HARNESSES = ROOT / "hw" / "rtl", ROOT / "hw" / "formal"
ARRIVED = "arrived"
MEMORY = 3 << 30  # bytes
# What a register holds before the first reset is free (-zinit); opt_dff would choose it.
SCRIPT = """\
read_verilog -defer {sources}
hierarchy -check -top {top} {parameters}
proc; flatten; opt_expr -keepdc; opt_clean
memory -nordff; memory_map; opt_expr -keepdc; opt_clean
simplemap; techmap; opt_expr -keepdc; opt_clean
async2sync; simplemap; dffunmap; setundef -undriven -anyseq; opt_clean; aigmap
write_aiger -zinit -map proof.map proof.aig
"""
# A harness counts what its module counts: registers that are always equal become one first.
MERGE = "read_aiger proof.aig; strash; dc2; scorr"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The outputs of a harness that can rise, with the cycle in which they do, and how many are undecided."""

    refuted: Mapping[str, int]
    undecided: int

    @property
    def faults(self) -> set[str]:
        """The faults that can happen."""
        return set(self.refuted) - {ARRIVED}


def verdict_on(
    module: str,
    parameters: Mapping[str, int],
    folder: Path,
    bug: Bug | None = None,
    seconds: int = 120,
) -> Verdict:
    """Return what holds of ``module`` with ``parameters``, and with ``bug``.

    The tools write into ``folder``. Raises AssertionError with their output if one fails, or needs more
    memory or time than it may.
    """
    sources = [*sorted(RTL.glob("*.v")), *sorted(HARNESSES.glob("*.v"))]
    if bug:
        sources = [_with_bug(path, bug, folder) if path.stem == module else path for path in sources]
    script = SCRIPT.format(
        sources=" ".join(str(path) for path in sources),
        top=f"{module}_proof",
        parameters=" ".join(f"-chparam {name} {value}" for name, value in parameters.items()),
    )
    _run(["yosys", "-q", "-p", script.replace("\n", "; ")], folder, seconds)
    log = _run(["yosys-abc", "-q", f"{MERGE}; pdr -a -T {seconds}"], folder, 2 * seconds)
    return _read(log, (folder / "proof.map").read_text())


def _with_bug(path: Path, bug: Bug, folder: Path) -> Path:
    mutant = folder / path.name
    mutant.write_text(bug.apply(path.read_text()))
    return mutant


def _run(command: Sequence[str], folder: Path, seconds: int) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=seconds,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert done.returncode == 0, f"{command[0]} ends with {done.returncode}\n{done.stdout}"
    return done.stdout


def _read(log: str, names: str) -> Verdict:
    # an output that was found to be constant has no name there
    outputs = dict(re.findall(r"^output (\d+) 0 (\w+)$", names, re.MULTILINE))
    refuted = re.findall(r"^Output\s+(\d+) was asserted in frame\s+(\d+)", log, re.MULTILINE)
    counts = re.search(r"Disproved = (\d+)\. Undecided = (\d+)\.", log)
    assert counts and int(counts[1]) == len(refuted), log
    found = {outputs.get(place, f"output {place}"): int(frame) for place, frame in refuted}
    return Verdict(found, int(counts[2]))
