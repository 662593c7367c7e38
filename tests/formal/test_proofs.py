# SPDX-License-Identifier: Apache-2.0
"""Stream modules proven, at small parameters, for every source, sink and reset; see support/proofs.py."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from common.bugs import Bug
from support import moving_proofs
from support.proofs import ARRIVED, HARNESSES, RTL, verdict_on

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


def serial(period: int, steps: int, dsp: int = 0, sides: int = 1) -> Parameters:
    return {"PERIOD": period, "STEPS": steps, "DSP": dsp, "SIDES": sides}


def mark(width: int, beats: int, inputs: int, depth: int) -> Parameters:
    return {"WIDTH": width, "BEATS": beats, "INPUTS": inputs, "DEPTH": depth}


def reader(
    image: tuple[int, int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int] = (1, 1),
    pad: tuple[int, int] = (0, 0),
    passes: int = 1,
    apart: int = 0,
    rows: int = 3,
    bits: int = 1,
) -> Parameters:
    """Windows over ``image`` (rows, columns, slices), padded by ``pad`` on each side."""
    out = [
        (side + 2 * cells - size) // stride + 1
        for side, size, stride, cells in zip(image[:2], kernel, strides, pad, strict=True)
    ]
    return {
        **dict(zip(("HEIGHT", "WIDTH", "SLICES"), image, strict=True)),
        **dict(zip(("KERNEL_H", "KERNEL_W"), kernel, strict=True)),
        **dict(zip(("STRIDE_H", "STRIDE_W"), strides, strict=True)),
        **dict(zip(("PAD_TOP", "PAD_LEFT"), pad, strict=True)),
        **dict(zip(("OUT_HEIGHT", "OUT_WIDTH"), out, strict=True)),
        "WORD_BITS": bits,
        "PASSES": passes,
        "APART": apart,
        "ROWS": rows,
    }


SHORT: list[tuple[str, Parameters]] = [
    ("krl_concat", concat(1, 1)),
    ("krl_concat", concat(3, 1, 2)),
    ("krl_fifo", {"WIDTH": 2, "DEPTH": 3}),
    ("krl_fifo", {"WIDTH": 2, "DEPTH": 3, "BLOCK": 1}),
    ("krl_fork", {"WIDTH": 2, "OUTPUTS": 3}),
    ("krl_frame_guard", {"WIDTH": 2, "BEATS": 5}),
    ("krl_frame_last", {"BEATS": 6}),
    ("krl_frame_mark", mark(1, 3, 1, 2)),
    ("krl_register", {"WIDTH": 2}),
    ("krl_gearbox", regroup(2, 3, 5)),
    ("krl_gearbox", regroup(3, 2, 5)),
    ("krl_lanes", regroup(1, 3, 5)),
    ("krl_lanes", regroup(4, 2, 8)),
    ("krl_requantize_serial", serial(2, 2)),
    ("krl_serializer", serializer(3, 1, 4, 2)),
    ("krl_join", {"FUNCTION": 0}),
    ("krl_join", {"FUNCTION": 2, "LEFT_BITS": 2, "RIGHT_BITS": 2, "BITS": 5}),
    ("krl_channel_lookup", {"PERIOD": 3}),
    ("krl_channel_lookup", {"PERIOD": 1, "X_BITS": 2}),
    ("krl_repeat", {"BEATS": 3, "TIMES": 2}),
    ("krl_repeat", {"BEATS": 1, "TIMES": 3, "COPIES": 2}),
    ("krl_window_reader", reader((3, 2, 1), (2, 2))),
]
LONG: list[tuple[str, Parameters]] = [
    ("krl_concat", {**concat(1, 5), "WIDTH": 4}),
    ("krl_concat", concat(4, 4)),
    ("krl_concat", concat(2, 9, 1, 1, 3)),
    ("krl_fifo", {"WIDTH": 2, "DEPTH": 1}),
    ("krl_fifo", {"WIDTH": 5, "DEPTH": 2}),
    ("krl_fifo", {"WIDTH": 2, "DEPTH": 2, "BLOCK": 1}),
    ("krl_fifo", {"WIDTH": 2, "DEPTH": 7, "BLOCK": 1}),
    ("krl_fifo", {"WIDTH": 2, "DEPTH": 4}),
    ("krl_fifo", {"WIDTH": 2, "DEPTH": 7}),
    ("krl_fork", {"WIDTH": 1, "OUTPUTS": 1}),
    ("krl_fork", {"WIDTH": 5, "OUTPUTS": 2}),
    ("krl_frame_guard", {"WIDTH": 2, "BEATS": 1}),
    ("krl_frame_guard", {"WIDTH": 5, "BEATS": 2}),
    ("krl_frame_guard", {"WIDTH": 2, "BEATS": 8}),
    ("krl_frame_last", {"BEATS": 1}),
    ("krl_frame_last", {"BEATS": 16}),
    ("krl_frame_mark", mark(2, 1, 1, 1)),
    ("krl_frame_mark", mark(2, 2, 2, 2)),
    ("krl_frame_mark", mark(1, 3, 3, 3)),
    ("krl_register", {"WIDTH": 5}),
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
    ("krl_requantize_serial", serial(1, 1)),
    ("krl_requantize_serial", serial(2, 3, sides=2)),
    ("krl_requantize_serial", serial(2, 2, dsp=1)),
    ("krl_requantize_serial", serial(2, 1, dsp=1)),
    ("krl_serializer", serializer(1, 1, 1, 1)),
    ("krl_serializer", serializer(2, 1, 3, 1)),
    ("krl_serializer", serializer(2, 1, 5, 3)),
    ("krl_serializer", serializer(4, 2, 6, 2)),
    ("krl_serializer", serializer(2, 2, 4, 3, bits=2)),
    ("krl_join", {"FUNCTION": 1, "LEFT_BITS": 4, "RIGHT_BITS": 4, "BITS": 4}),
    ("krl_join", {"FUNCTION": 2, "BITS": 7}),
    ("krl_channel_lookup", {"LANES": 1, "PERIOD": 6, "X_BITS": 3}),
    ("krl_channel_lookup", {"LANES": 3, "PERIOD": 2}),
    ("krl_repeat", {"BEATS": 4, "TIMES": 3}),
    ("krl_repeat", {"BEATS": 2, "TIMES": 1}),
    ("krl_repeat", {"BEATS": 1, "TIMES": 1, "COPIES": 3}),
    ("krl_window_reader", reader((3, 2, 1), (2, 2), rows=2, bits=2)),
    ("krl_window_reader", reader((3, 2, 2), (2, 2))),
    ("krl_window_reader", reader((3, 2, 1), (2, 2), passes=2)),
    ("krl_window_reader", reader((2, 2, 2), (2, 1), apart=1)),
    ("krl_window_reader", reader((2, 2, 1), (2, 2), pad=(1, 1))),
    ("krl_window_reader", reader((4, 4, 1), (2, 2), strides=(2, 2))),
    ("krl_window_reader", reader((4, 3, 1), (1, 1), strides=(2, 2), rows=1)),
]


@dataclasses.dataclass(frozen=True)
class Refuted:
    """A bug in a module with some parameters, and the faults that must follow."""

    bug: Bug
    parameters: Parameters
    faults: str


def refuted(module: str, parameters: Parameters, faults: str, bug: Bug) -> Refuted:
    return Refuted(bug.of(module), parameters, faults)


SHORT_BUGS = [
    refuted(
        "krl_concat",
        concat(1, 1),
        "steady early wrong lost",
        Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    ),
    refuted(
        "krl_fifo",
        {"WIDTH": 2, "DEPTH": 3},
        "steady early wrong lost valid ready",
        Bug("level rises when a beat also leaves", "level", "push && !pop", "push"),
    ),
    refuted(
        "krl_fork",
        {"WIDTH": 2, "OUTPUTS": 3},
        "steady early wrong lost valid",
        Bug("offers a beat twice", "m_axis_tvalid", "& ~done"),
    ),
    refuted(
        "krl_frame_guard",
        {"WIDTH": 2, "BEATS": 5},
        "early wrong lost flag",
        Bug("fills with one beat only", "state", "FILL: if (hand_on && last)", "FILL: if (hand_on)"),
    ),
    refuted(
        "krl_frame_last",
        {"BEATS": 6},
        "wrong steady",
        Bug("counts without ready", "beat", "m_axis_tvalid && m_axis_tready", "m_axis_tvalid"),
    ),
    refuted(
        "krl_frame_mark",
        mark(1, 3, 1, 2),
        "blocked early end idle last lost room user wrong",
        Bug("accepts while a beat is aside", "s_axis_tready", "!aside &&"),
    ),
    refuted(
        "krl_frame_mark",
        mark(1, 3, 1, 2),
        "steady",
        Bug("the mark changes while a beat waits", "m_axis_tuser", "waits ? marked :"),
    ),
    refuted(
        "krl_frame_guard",
        {"WIDTH": 1, "BEATS": 3},
        "open",
        Bug("ready in reset", "s_axis_tready", "!rst &&"),
    ),
    refuted(
        "krl_frame_guard",
        {"WIDTH": 1, "BEATS": 3},
        "verdict",
        Bug("long frames get two verdicts", "settled", "(state == PASS) &&"),
    ),
    refuted(
        "krl_register",
        {"WIDTH": 2},
        "early wrong lost valid ready",
        Bug("loses the second beat", "fills", "(full || accept)", "full"),
    ),
    refuted(
        "krl_register",
        {"WIDTH": 2},
        "steady wrong",
        Bug("does not stand still", "m_axis_tdata", "if (!stays)"),
    ),
    refuted(
        "krl_gearbox",
        regroup(2, 3, 5),
        "steady early wrong lost filled valid",
        Bug("accepts a beat when full", "MOST_BEFORE_BEAT", "QUEUE - MOST_GAIN", "QUEUE"),
    ),
    refuted(
        "krl_lanes",
        regroup(4, 2, 8),
        "steady early wrong lost valid",
        Bug(
            "overwrites the last slice",
            "g_narrower.s_axis_tready",
            "(left == 1 && m_axis_tready)",
            "left == 1",
        ),
    ),
    refuted(
        "krl_requantize_serial",
        serial(2, 2),
        "early wrong lost late",
        Bug("steps past a waiting result", "advance", "result_free ||", "1'b1 ||"),
    ),
    refuted(
        "krl_serializer",
        serializer(3, 1, 4, 2),
        "early wrong lost taken idle",
        Bug(
            "level rises when a word also leaves", "level", "result_tvalid && !result_taken", "result_tvalid"
        ),
    ),
    refuted(
        "krl_join",
        {"FUNCTION": 0},
        "steady early wrong lost",
        Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    ),
    refuted(
        "krl_join",
        {"FUNCTION": 0},
        "pair",
        Bug("the left beat does not wait for the right one", "s0_axis_tready", "&& s1_axis_tvalid"),
    ),
    refuted(
        "krl_join", {"FUNCTION": 0}, "idle", Bug("valid waits for ready", "advance", "|| !m_axis_tvalid")
    ),
    refuted(
        "krl_channel_lookup",
        {"PERIOD": 3},
        "steady early wrong lost",
        Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    ),
    refuted(
        "krl_channel_lookup",
        {"PERIOD": 3},
        "idle",
        Bug("valid waits for ready", "advance", "|| !m_axis_tvalid"),
    ),
    refuted(
        "krl_channel_lookup",
        {"PERIOD": 3},
        "late",
        Bug("valid is not kept", "m_axis_tvalid", "m_axis_tvalid <= s_axis_tvalid", "m_axis_tvalid <= 1'b0"),
    ),
    refuted(
        "krl_channel_lookup",
        {"PERIOD": 3},
        "wrong",
        Bug("beat is not reset", "beat", "beat <= 0;", "beat <= beat;"),
    ),
    refuted(
        "krl_repeat",
        {"BEATS": 3, "TIMES": 2},
        "steady early wrong lost",
        Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    ),
    refuted(
        "krl_repeat",
        {"BEATS": 3, "TIMES": 2},
        "idle",
        Bug("valid waits for ready", "advance", "|| !m_axis_tvalid"),
    ),
    refuted(
        "krl_repeat",
        {"BEATS": 3, "TIMES": 2},
        "late",
        Bug("turns wait for the input", "offered", "!is_first || s_axis_tvalid", "s_axis_tvalid"),
    ),
    refuted(
        "krl_window_reader",
        reader((3, 2, 1), (2, 2)),
        "early wrong",
        Bug("reads the word that is being written", "word_arrives", "x < write_x", "x <= write_x"),
    ),
]
LONG_BUGS = [
    refuted(
        "krl_frame_mark",
        mark(1, 3, 1, 2),
        "user",
        Bug("waits is not reset", "waits", "waits <= 1'b0;"),
    ),
    refuted(
        "krl_concat",
        concat(3, 1, 2),
        "idle",
        Bug("waits for valid", "advance", "m_axis_tready ||", "m_axis_tready &&"),
    ),
    refuted(
        "krl_concat",
        concat(3, 1),
        "late",
        Bug("all inputs are ready at once", "s_axis_tready", "&& turn == NUMBER[TURN_BITS-1:0]"),
    ),
    refuted("krl_concat", concat(3, 1, 2), "wrong lost", Bug("turn is not reset", "turn", "turn <= 0;")),
    refuted(
        "krl_fifo",
        {"WIDTH": 2, "DEPTH": 3, "BLOCK": 1},
        "steady wrong",
        Bug("a beat passes only an empty queue", "g_block.passes", "|| (level == 1 && pop)"),
    ),
    refuted(
        "krl_fork",
        {"WIDTH": 1, "OUTPUTS": 2},
        "idle",
        Bug("waits for all outputs at once", "s_axis_tready", "&taken", "&m_axis_tready"),
    ),
    refuted(
        "krl_fork", {"WIDTH": 1, "OUTPUTS": 2}, "wrong lost", Bug("done is not reset", "done", "done <= 0;")
    ),
    refuted(
        "krl_frame_guard",
        {"WIDTH": 1, "BEATS": 3},
        "steady wrong",
        Bug(
            "fills with what is on the wires",
            "m_axis_tdata",
            "(state == PASS) ? s_axis_tdata : {WIDTH{1'b0}}",
            "s_axis_tdata",
        ),
    ),
    refuted(
        "krl_frame_guard",
        {"WIDTH": 1, "BEATS": 3},
        "idle",
        Bug("state is not reset", "state", "begin state <= PASS;", "begin"),
    ),
    refuted(
        "krl_gearbox",
        regroup(3, 2, 6),
        "gap valid",
        Bug("waits for one more element", "m_axis_tvalid", "level >= GIVEN", "level > GIVEN"),
    ),
    refuted(
        "krl_gearbox",
        regroup(3, 2, 6),
        "idle",
        Bug("ready depends on ready", "s_axis_tready", "= level", "= m_axis_tready && level"),
    ),
    refuted(
        "krl_gearbox",
        regroup(2, 3, 9),
        "early wrong",
        Bug("frames run on", "beat", "beat_is_last ? 0 : beat + 1'b1", "beat + 1'b1"),
    ),
    refuted(
        "krl_lanes",
        regroup(1, 3, 5),
        "slow",
        Bug("a pause behind each beat", "g_wider.s_axis_tready", "|| m_axis_tready"),
    ),
    refuted(
        "krl_lanes",
        regroup(1, 3, 5),
        "idle",
        Bug("never ready before ready", "g_wider.s_axis_tready", "!full ||"),
    ),
    refuted(
        "krl_lanes",
        regroup(1, 3, 5),
        "filled",
        Bug("the first beat clears nothing", "gathered", "(is_here || slice == 0)", "is_here"),
    ),
    refuted(
        "krl_lanes",
        regroup(4, 2, 8),
        "gap",
        Bug("a pause before each beat", "g_narrower.s_axis_tready", "|| (left == 1 && m_axis_tready)"),
    ),
    refuted(
        "krl_requantize_serial",
        serial(2, 2),
        "steady",
        Bug("a code does not wait", "code_free", "m_axis_tready ||", "1'b1 ||"),
    ),
    refuted(
        "krl_requantize_serial",
        serial(2, 2),
        "early",
        Bug("product stays behind reset", "product_valid", "product_valid <= 1'b0;"),
    ),
    refuted(
        "krl_requantize_serial",
        serial(2, 2),
        "wrong",
        Bug("a reset between digits", "first_digit", "first_digit <= 1'b1;"),
    ),
    refuted(
        "krl_requantize_serial",
        serial(1, 1),
        "wrong",
        Bug("takes a beat before the first word", "multiply", "&& primed"),
    ),
    refuted(
        "krl_requantize_serial",
        serial(1, 1),
        "wrong lost late",
        Bug("ready before the first word", "s_axis_tready", "primed &&"),
    ),
    refuted(
        "krl_requantize_serial",
        serial(2, 2),
        "slow",
        Bug("steps only while a code leaves", "multiply", "&& advance", "&& m_axis_tvalid"),
    ),
    refuted(
        "krl_requantize_serial",
        serial(2, 2, dsp=1),
        "slow late",
        Bug("only a code makes room", "code_free", "|| !m_axis_tvalid", "&& m_axis_tvalid"),
    ),
    refuted(
        "krl_serializer",
        serializer(2, 1, 3, 2),
        "steady",
        Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    ),
    refuted(
        "krl_serializer",
        serializer(2, 1, 5, 3),
        "wrong",
        Bug(
            "read pointer wraps at a power of two",
            "read_pointer",
            "(read_pointer == LAST_PLACE[POINTER_BITS-1:0]) ? 0 : read_pointer + 1'b1",
            "read_pointer + 1'b1",
        ),
    ),
    refuted(
        "krl_window_reader",
        reader((3, 2, 1), (2, 2)),
        "steady",
        Bug("never stands still", "step", "(!valid || m_axis_tready)", "1'b1"),
    ),
    refuted(
        "krl_window_reader",
        reader((3, 2, 1), (2, 2), rows=2),
        "wrong",
        Bug("overwrites a word before it is read", "reader_is_ahead", "left > write_x", "left >= write_x"),
    ),
    refuted(
        "krl_window_reader",
        reader((2, 2, 1), (2, 2), pad=(1, 1)),
        "padding",
        Bug(
            "rows are never padding", "is_padding", "column_is_padding || row_is_padding", "column_is_padding"
        ),
    ),
    refuted(
        "krl_window_reader",
        reader((3, 2, 1), (2, 2)),
        "lost",
        Bug("always ready", "s_axis_tready", "held < PLACES[HELD_BITS-1:0]", "1'b1"),
    ),
    refuted(
        "krl_window_reader",
        reader((3, 2, 1), (2, 2), rows=2),
        "idle",
        Bug("a place too few", "s_axis_tready", "held < PLACES[HELD_BITS-1:0]", "held < 1"),
    ),
    refuted(
        "krl_window_reader",
        reader((3, 2, 1), (2, 2)),
        "late",
        Bug("waits for whole rows", "word_is_there", "|| word_arrives"),
    ),
]


# of the modules that leave out, repeat, spread and choose elements
SHORT += moving_proofs.SHORT
LONG += moving_proofs.LONG
LONG_BUGS += [refuted(module, *rest) for module, *rest in moving_proofs.BUGS]


def name_of(value: Any) -> str | None:
    if isinstance(value, Refuted):
        return f"{value.bug.module}-{value.bug.name}"
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
    "case",
    [*SHORT_BUGS, *(pytest.param(case, marks=pytest.mark.full) for case in LONG_BUGS)],
    ids=name_of,
)
def test_bug_is_refuted(case: Refuted, tmp_path: Path) -> None:
    verdict = verdict_on(case.bug.module, case.parameters, tmp_path, case.bug)
    assert {f"fault_{name}" for name in case.faults.split()} <= verdict.faults, f"{case}: {verdict}"


def test_every_bug_has_its_place() -> None:
    for case in (*SHORT_BUGS, *LONG_BUGS):
        case.bug.apply((RTL / f"{case.bug.module}.v").read_text())


def test_every_fault_of_every_harness_is_raised_by_a_bug() -> None:
    for path in sorted(HARNESSES.glob("*_proof.v")):
        module = path.stem.removesuffix("_proof")
        stated = set(re.findall(r"output wire +fault_(\w+)", path.read_text()))
        cases = [case for case in (*SHORT_BUGS, *LONG_BUGS) if case.bug.module == module]
        assert stated, path.name
        assert stated == {name for case in cases for name in case.faults.split()}, path.name
        assert module in {proven for proven, _ in SHORT}, path.name
