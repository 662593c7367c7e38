# SPDX-License-Identifier: Apache-2.0
"""Proofs without bounds of modules of ``hw/rtl`` and ``hw/board``, by Yosys and the ABC that comes with it.

``hw/formal/<module>_proof.v``, or another of ``HARNESS_OF``, puts the module between everything that may be
there: all inputs of the harness are free in every cycle. Each output says one thing that must never happen,
but for ``arrived``: that is what the others are about, and where it cannot happen nothing is proven.

To add a module: write its harness beside the others, from the ``proof_*`` modules, and give its parameters
in ``table.py`` and its bugs in ``bugs/``.
"""

from __future__ import annotations

import dataclasses
import re
import resource
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[2]
RTL, BOARD, HARNESSES = ROOT / "hw" / "rtl", ROOT / "hw" / "board", ROOT / "hw" / "formal"
ARRIVED = "arrived"
SECONDS = 120
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
# Registers that are always equal, most of them counters of the harness and the same of the module, become one
# (scorr); then property directed reachability (pdr) finds an invariant, or a trace. It looks at all outputs
# of a harness together, sharing what it finds, or, where that takes longer, at one after the other.
SWEEP = "read_aiger proof.aig; strash; scorr; dc2; write_aiger swept.aig; "
TOGETHER = "scorr+pdr -a"
ONE_BY_ONE = "scorr+pdr"
# What a bug does behind a checksum is found forwards alone (bmc3): backwards all words would be guesses.
FORWARDS = "scorr+bmc3"
FRAMES = 40  # cycles that are looked at forwards
# modules that do the same and are proven in the same harness
HARNESS_OF = {"krl_lanes": "regroup_proof", "krl_gearbox": "regroup_proof"}
# what tables of look-up are filled with in a proof
TABLE = "table.mem"
WORDS = (5, 2, 7, 0, 3, 1, 6, 4, 2, 2, 7, 5, 0, 1, 4, 6)


class ToolError(Exception):
    """A tool fails, or prints what is not understood."""


class Change(Protocol):
    """What is wrong with one module: a ``common.bugs.Bug``, or a mutant."""

    @property
    def module(self) -> str:
        """The module that is changed."""

    def apply(self, text: str) -> str:
        """Return the text of the module with the change."""


@dataclasses.dataclass(frozen=True)
class Point:
    """A module with some parameters."""

    module: str
    parameters: Mapping[str, int]

    @property
    def harness(self) -> str:
        """The module that it is proven in."""
        return HARNESS_OF.get(self.module, f"{self.module}_proof")

    def engine(self, changed: bool = False) -> str:
        """How it is proven; ``changed``: how a bug in it is found."""
        if changed and self.module in ("krl_loader",):
            return FORWARDS
        return ONE_BY_ONE if self.module in ("krl_matvec",) else TOGETHER

    def __str__(self) -> str:
        # large numbers are lists of 32 bits
        words = (
            f"{key}={number:#x}" if number >> 31 else f"{key}={number}"
            for key, number in self.parameters.items()
        )
        return f"{self.module} {' '.join(words)}"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The outputs of a harness that can rise, with the cycle in which they do, and how many are undecided."""

    refuted: Mapping[str, int]
    undecided: int
    seconds: float = 0.0

    @property
    def faults(self) -> set[str]:
        """The faults that can happen."""
        return set(self.refuted) - {ARRIVED}

    @property
    def word(self) -> str:
        """``proven``, ``refuted``, ``undecided``, or ``empty``: nothing arrives, so that nothing is shown."""
        if self.faults:
            return "refuted"
        if self.undecided:
            return "undecided"
        return "proven" if ARRIVED in self.refuted else "empty"


def verdict_on(
    point: Point,
    folder: Path,
    change: Change | None = None,
    seconds: int = SECONDS,
    memory: int = MEMORY,
) -> Verdict:
    """Return what holds of a point, and with a change.

    The tools write into ``folder``; each of them has ``memory`` bytes and ``seconds`` of a processor. What
    needs more is undecided. Raises ToolError with what a tool printed if it fails.
    """
    start = time.monotonic()
    sources = [path for folder in (RTL, BOARD, HARNESSES) for path in sorted(folder.glob("*.v"))]
    if change:
        sources = [_changed(path, change, folder) if path.stem == change.module else path for path in sources]
    script = SCRIPT.format(
        sources=" ".join(str(path) for path in sources),
        top=point.harness,
        parameters=" ".join(
            f"-chparam {name} {_word(int(value))}" for name, value in point.parameters.items()
        ),
    )
    (folder / TABLE).write_text("".join(f"{word:x}\n" for word in WORDS))
    try:
        _run(["yosys", "-q", "-p", script.replace("\n", "; ")], folder, seconds, memory)
        # an output that was found to be constant has no name there
        names = re.findall(r"^output (\d+) 0 (\w+)$", (folder / "proof.map").read_text(), re.MULTILINE)
        outputs = {int(place): name for place, name in names}
        decide = {TOGETHER: _together, ONE_BY_ONE: _one_by_one, FORWARDS: _forwards}
        refuted, undecided = decide[point.engine(change is not None)](outputs, folder, seconds, memory)
    except subprocess.TimeoutExpired:
        refuted, undecided = {}, 1
    return Verdict(refuted, undecided, time.monotonic() - start)


def _word(value: int) -> int:
    # Yosys reads no sign
    return value % (1 << 32) if value < 0 else value


def _changed(path: Path, change: Change, folder: Path) -> Path:
    mutant = folder / path.name
    mutant.write_text(change.apply(path.read_text()))
    return mutant


def _run(command: Sequence[str], folder: Path, seconds: int, memory: int) -> str:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        # the time of a processor, so that what else runs makes no proof undecided
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))

    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=20 * seconds,
        preexec_fn=limit,
    )
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise subprocess.TimeoutExpired(command, seconds, done.stdout)
    if done.returncode:
        raise ToolError(f"{command[0]} ends with {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout


def _together(
    outputs: Mapping[int, str], folder: Path, seconds: int, memory: int
) -> tuple[dict[str, int], int]:
    log = _run(["yosys-abc", "-q", SWEEP + "pdr -a -y"], folder, seconds, memory)
    refuted = re.findall(r"^Output\s+(\d+) was asserted in frame\s+(\d+)", log, re.MULTILINE)
    counts = re.search(r"Disproved = (\d+)\. Undecided = (\d+)\.", log)
    if not counts or int(counts[1]) != len(refuted):
        raise ToolError(f"not understood:\n{log[-4000:]}")
    return {outputs.get(int(at), f"output {at}"): int(frame) for at, frame in refuted}, int(counts[2])


def _one_by_one(
    outputs: Mapping[int, str], folder: Path, seconds: int, memory: int
) -> tuple[dict[str, int], int]:
    log, texts = _apart("pdr -y", outputs, folder, seconds, memory)
    refuted = _asserted(texts, outputs)
    if any(outputs[at] not in refuted and "Property proved." not in text for at, text in texts.items()):
        raise ToolError(f"not understood:\n{log[-4000:]}")
    return refuted, 0


def _forwards(
    outputs: Mapping[int, str], folder: Path, seconds: int, memory: int
) -> tuple[dict[str, int], int]:
    _, texts = _apart(f"bmc3 -F {FRAMES}", outputs, folder, seconds, memory)
    refuted = _asserted(texts, outputs)
    return refuted, len(outputs) - len(refuted)


def _apart(
    command: str, outputs: Mapping[int, str], folder: Path, seconds: int, memory: int
) -> tuple[str, dict[int, str]]:
    """What ABC says of every output by itself, after all that it says."""
    cones = (f"echo == {at}; read_aiger swept.aig; cone -s -O {at}; {command}" for at in outputs)
    log = _run(["yosys-abc", "-q", SWEEP + "; ".join(cones)], folder, seconds, memory)
    parts = re.findall(r"^== (\d+)\s*$(.*?)(?=^==|\Z)", log, re.MULTILINE | re.DOTALL)
    if len(parts) != len(outputs):
        raise ToolError(f"not understood:\n{log[-4000:]}")
    return log, {int(at): text for at, text in parts}


def _asserted(texts: Mapping[int, str], outputs: Mapping[int, str]) -> dict[str, int]:
    """The outputs that rose, with the cycle."""
    found = ((at, re.search(r"was asserted in frame (\d+)", text)) for at, text in texts.items())
    return {outputs[at]: int(match[1]) for at, match in found if match}
