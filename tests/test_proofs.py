# SPDX-License-Identifier: Apache-2.0
"""Stream modules proven, at small parameters, for every source, sink and reset; see support/proofs.py."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from support.proofs import ARRIVED, HARNESSES, verdict_on

pytestmark = pytest.mark.skipif(
    not (shutil.which("yosys") and shutil.which("yosys-abc")), reason="yosys is not installed"
)
Parameters = dict[str, int]


def concat(*counts: int) -> Parameters:
    packed = sum(count << (32 * i) for i, count in enumerate(counts))
    return {"WIDTH": 1, "INPUTS": len(counts), "COUNTS": packed}


def regroup(into: int, out: int, elements: int, bits: int = 1) -> Parameters:
    return {"BITS": bits, "LANES_IN": into, "LANES_OUT": out, "ELEMENTS": elements}


def serializer(pe: int, lanes: int, outputs: int, depth: int, bits: int = 1) -> Parameters:
    return {"PE": pe, "LANES": lanes, "OUTPUTS": outputs, "DEPTH": depth, "BITS": bits}


SHORT: list[tuple[str, Parameters]] = [
    ("krl_concat", concat(1, 1)),
    ("krl_concat", concat(3, 1, 2)),
    ("krl_fifo", {"WIDTH": 2, "DEPTH": 3}),
    ("krl_fork", {"WIDTH": 2, "OUTPUTS": 3}),
    ("krl_frame_guard", {"WIDTH": 2, "BEATS": 5}),
    ("krl_frame_last", {"BEATS": 6}),
    ("krl_gearbox", regroup(2, 3, 5)),
    ("krl_gearbox", regroup(3, 2, 5)),
    ("krl_lanes", regroup(1, 3, 5)),
    ("krl_lanes", regroup(4, 2, 8)),
    ("krl_serializer", serializer(3, 1, 4, 2)),
]
LONG: list[tuple[str, Parameters]] = [
    ("krl_concat", {**concat(1, 5), "WIDTH": 4}),
    ("krl_concat", concat(4, 4)),
    ("krl_concat", concat(2, 9, 1, 1, 3)),
    ("krl_fifo", {"WIDTH": 2, "DEPTH": 1}),
    ("krl_fifo", {"WIDTH": 5, "DEPTH": 2}),
    ("krl_fifo", {"WIDTH": 2, "DEPTH": 4}),
    ("krl_fifo", {"WIDTH": 2, "DEPTH": 7}),
    ("krl_fork", {"WIDTH": 1, "OUTPUTS": 1}),
    ("krl_fork", {"WIDTH": 5, "OUTPUTS": 2}),
    ("krl_frame_guard", {"WIDTH": 2, "BEATS": 1}),
    ("krl_frame_guard", {"WIDTH": 5, "BEATS": 2}),
    ("krl_frame_guard", {"WIDTH": 2, "BEATS": 8}),
    ("krl_frame_last", {"BEATS": 1}),
    ("krl_frame_last", {"BEATS": 16}),
    ("krl_gearbox", regroup(2, 3, 9)),
    ("krl_gearbox", regroup(2, 3, 8, bits=2)),
    ("krl_gearbox", regroup(2, 3, 7)),
    ("krl_gearbox", regroup(3, 2, 6)),
    ("krl_gearbox", regroup(4, 3, 13)),
    ("krl_gearbox", regroup(2, 5, 3)),
    ("krl_lanes", regroup(1, 1, 3)),
    ("krl_lanes", regroup(2, 4, 7, bits=2)),
    ("krl_lanes", regroup(1, 4, 2)),
    ("krl_lanes", regroup(3, 1, 9)),
    ("krl_serializer", serializer(1, 1, 1, 1)),
    ("krl_serializer", serializer(2, 1, 3, 1)),
    ("krl_serializer", serializer(2, 1, 5, 3)),
    ("krl_serializer", serializer(4, 2, 6, 2)),
    ("krl_serializer", serializer(2, 2, 4, 3, bits=2)),
]


@dataclasses.dataclass(frozen=True)
class Bug:
    """A text of a module, what replaces it, and faults that must follow."""

    module: str
    parameters: Parameters
    old: str
    new: str
    faults: str


SHORT_BUGS = [
    Bug(
        "krl_concat",
        concat(1, 1),
        "advance = m_axis_tready || !m_axis_tvalid",
        "advance = 1'b1",
        "steady early wrong lost",
    ),
    Bug(
        "krl_fifo",
        {"WIDTH": 2, "DEPTH": 3},
        "if (push && !pop)",
        "if (push)",
        "steady early wrong lost valid ready",
    ),
    Bug(
        "krl_fork",
        {"WIDTH": 2, "OUTPUTS": 3},
        "{OUTPUTS{s_axis_tvalid}} & ~done",
        "{OUTPUTS{s_axis_tvalid}}",
        "steady early wrong lost valid",
    ),
    Bug(
        "krl_frame_guard",
        {"WIDTH": 2, "BEATS": 5},
        "FILL: if (hand_on && last) state <= PASS;",
        "FILL: if (hand_on) state <= PASS;",
        "early wrong lost flag",
    ),
    Bug(
        "krl_frame_last",
        {"BEATS": 6},
        "m_axis_tvalid && m_axis_tready",
        "m_axis_tvalid",
        "wrong steady",
    ),
    Bug(
        "krl_gearbox",
        regroup(2, 3, 5),
        "localparam integer MOST_BEFORE_BEAT = QUEUE - MOST_GAIN;",
        "localparam integer MOST_BEFORE_BEAT = QUEUE;",
        "steady early wrong lost filled valid",
    ),
    Bug(
        "krl_lanes",
        regroup(4, 2, 8),
        "left == 0 || (left == 1 && m_axis_tready)",
        "left == 0 || left == 1",
        "steady early wrong lost valid",
    ),
    Bug(
        "krl_serializer",
        serializer(3, 1, 4, 2),
        "if (result_tvalid && !result_taken)",
        "if (result_tvalid)",
        "early wrong lost taken idle",
    ),
]
LONG_BUGS = [
    Bug("krl_concat", concat(3, 1, 2), "advance = m_axis_tready ||", "advance = m_axis_tready &&", "idle"),
    Bug("krl_concat", concat(3, 1), "advance && turn == NUMBER[TURN_BITS-1:0]", "advance", "late"),
    Bug("krl_concat", concat(3, 1, 2), "      turn <= 0;\n", "", "wrong lost"),
    Bug("krl_fork", {"WIDTH": 1, "OUTPUTS": 2}, "&taken", "&m_axis_tready", "idle"),
    Bug("krl_fork", {"WIDTH": 1, "OUTPUTS": 2}, "      done <= 0;\n", "", "wrong lost"),
    Bug(
        "krl_frame_guard",
        {"WIDTH": 1, "BEATS": 3},
        "(state == PASS) ? s_axis_tdata : {WIDTH{1'b0}}",
        "s_axis_tdata",
        "steady wrong",
    ),
    Bug(
        "krl_frame_guard", {"WIDTH": 1, "BEATS": 3}, "      state <= PASS;\n      beat", "      beat", "idle"
    ),
    Bug("krl_gearbox", regroup(3, 2, 6), "level >= GIVEN", "level > GIVEN", "gap valid"),
    Bug("krl_gearbox", regroup(3, 2, 6), "= level <= MOST", "= m_axis_tready && level <= MOST", "idle"),
    Bug(
        "krl_gearbox",
        regroup(2, 3, 9),
        "if (push) beat <= beat_is_last ? 0 : beat + 1'b1;",
        "if (push) beat <= beat + 1'b1;",
        "early wrong",
    ),
    Bug("krl_lanes", regroup(1, 3, 5), "!full || m_axis_tready;", "!full;", "slow"),
    Bug("krl_lanes", regroup(1, 3, 5), "!full || m_axis_tready;", "m_axis_tready;", "idle"),
    Bug("krl_lanes", regroup(1, 3, 5), "accept && (is_here || slice == 0)", "accept && is_here", "filled"),
    Bug("krl_lanes", regroup(4, 2, 8), "left == 0 || (left == 1 && m_axis_tready)", "left == 0", "gap"),
    Bug(
        "krl_serializer",
        serializer(2, 1, 3, 2),
        "wire advance = m_axis_tready || !m_axis_tvalid;",
        "wire advance = 1'b1;",
        "steady",
    ),
    Bug(
        "krl_serializer",
        serializer(2, 1, 5, 3),
        "(read_pointer == LAST_PLACE[POINTER_BITS-1:0]) ? 0 : read_pointer + 1'b1",
        "read_pointer + 1'b1",
        "wrong",
    ),
]


def name_of(value: Any) -> str | None:
    if isinstance(value, Bug):
        return f"{value.module}-{value.new.strip() or value.old.strip()}"
    if isinstance(value, dict):
        return "-".join(f"{key}{number}" for key, number in value.items())
    return None


@pytest.mark.parametrize(
    ("module", "parameters"),
    [*SHORT, *(pytest.param(*proof, marks=pytest.mark.full) for proof in LONG)],
    ids=name_of,
)
def test_module_is_proven(module: str, parameters: Parameters, tmp_path: Path) -> None:
    verdict = verdict_on(module, parameters, tmp_path)
    assert verdict.faults == set(), f"{module} {parameters}: {dict(verdict.refuted)}"
    assert verdict.undecided == 0, f"{module} {parameters}: {verdict}"
    assert ARRIVED in verdict.refuted, f"{module} {parameters}: nothing arrives, the harness is empty"


@pytest.mark.parametrize(
    "bug", [*SHORT_BUGS, *(pytest.param(bug, marks=pytest.mark.full) for bug in LONG_BUGS)], ids=name_of
)
def test_bug_is_refuted(bug: Bug, tmp_path: Path) -> None:
    verdict = verdict_on(bug.module, bug.parameters, tmp_path, (bug.old, bug.new))
    assert {f"fault_{name}" for name in bug.faults.split()} <= verdict.faults, f"{bug}: {verdict}"


def test_every_fault_of_every_harness_is_raised_by_a_bug() -> None:
    for path in sorted(HARNESSES.glob("*_proof.v")):
        module = path.stem.removesuffix("_proof")
        stated = set(re.findall(r"output wire +fault_(\w+)", path.read_text()))
        bugs = [bug for bug in (*SHORT_BUGS, *LONG_BUGS) if bug.module == module]
        assert stated, path.name
        assert stated == {name for bug in bugs for name in bug.faults.split()}, path.name
        assert module in {proven for proven, _ in SHORT}, path.name
