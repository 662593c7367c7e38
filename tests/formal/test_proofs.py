# SPDX-License-Identifier: Apache-2.0
"""Stream modules proven, at small parameters, for every source, sink and reset; see sim/proofs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from common.bugs import Bug
from proofs import __main__ as prover
from proofs import bugs, table
from proofs.engine import ARRIVED, BOARD, HARNESSES, RTL, Point, Verdict, verdict_on
from proofs.refuted import Refuted, refuted

needs_yosys = pytest.mark.skipif(
    not (shutil.which("yosys") and shutil.which("yosys-abc")), reason="yosys is not installed"
)
POINTS = (*table.SHORT, *table.FAST, *table.SLOW)
SLOW_ALONE = {"krl_board_output_proof", "krl_uart_receiver_proof"}  # that no run of the tests waits for
CASES = (*bugs.SHORT, *bugs.LONG)


@needs_yosys
@pytest.mark.parametrize(
    "point",
    [*table.SHORT, *(pytest.param(point, marks=pytest.mark.full) for point in table.FAST)],
    ids=str,
)
def test_module_is_proven(point: Point, tmp_path: Path) -> None:
    verdict = verdict_on(point, tmp_path)
    assert verdict.word == "proven", f"{point}: {verdict}"


@needs_yosys
@pytest.mark.parametrize(
    "case", [*bugs.SHORT, *(pytest.param(case, marks=pytest.mark.full) for case in bugs.LONG)], ids=str
)
def test_bug_is_refuted(case: Refuted, tmp_path: Path) -> None:
    verdict = verdict_on(case.point, tmp_path, case.bug)
    assert {f"fault_{name}" for name in case.faults.split()} <= verdict.faults, f"{case}: {verdict}"


def test_every_bug_has_its_place() -> None:
    for case in CASES:
        folder = next(found for found in (RTL, BOARD) if (found / f"{case.bug.module}.v").exists())
        case.bug.apply((folder / f"{case.bug.module}.v").read_text())


def test_every_fault_of_every_harness_is_raised_by_a_bug() -> None:
    for path in sorted(HARNESSES.glob("*_proof.v")):
        stated = set(re.findall(r"output wire .*?\bfault_(\w+)", path.read_text()))
        found = {name for case in CASES if case.point.harness == path.stem for name in case.faults.split()}
        assert stated, path.name
        assert stated == found, path.name
        assert path.stem in {point.harness for point in table.SHORT} | SLOW_ALONE, path.name


def test_what_is_proven_twice_is_listed_once() -> None:
    assert len({str(point) for point in POINTS}) == len(POINTS)


@pytest.mark.parametrize(
    ("refuted", "undecided", "word"),
    [
        ({ARRIVED: 3}, 0, "proven"),
        ({}, 0, "empty"),
        ({ARRIVED: 3}, 1, "undecided"),
        ({}, 1, "undecided"),
        ({ARRIVED: 3, "fault_lost": 4}, 1, "refuted"),
    ],
)
def test_word(refuted: dict[str, int], undecided: int, word: str) -> None:
    assert Verdict(refuted, undecided).word == word


@needs_yosys
def test_exit_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Proven is 0; a point that is refuted, or a bug that is not, or too little time is 1."""
    good = Point("krl_frame_last", {"BEATS": 3})
    harmless = Bug(
        "the same in other words", "beat", "m_axis_tvalid && m_axis_tready", "m_axis_tready && m_axis_tvalid"
    )
    monkeypatch.setattr(table, "SHORT", [good])
    monkeypatch.setattr(table, "FAST", [])
    monkeypatch.setattr(bugs, "SHORT", [refuted(good.module, good.parameters, "wrong", harmless)])
    monkeypatch.setattr(bugs, "LONG", [])
    assert prover.main(["--fast", "--only", "krl_frame_last", "--no-bugs"]) == 0
    assert "krl_frame_last BEATS=3  scorr+pdr -a" in capsys.readouterr().out
    assert prover.main(["--fast", "--only", "krl_frame_last"]) == 1
    assert "FAILED krl_frame_last BEATS=3 with 'the same in other words'" in capsys.readouterr().out
