# SPDX-License-Identifier: Apache-2.0
"""Modules that pass streams on: queues, forks, joins, and what regroups a stream."""

from __future__ import annotations

from common.bugs import Bug
from proofs.refuted import refuted
from proofs.table import concat, gearbox, permute, regroup, serializer

PERMUTE = permute(1, 2, 2, 0, 1, 2)

SHORT = [
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
        "krl_gearbox",
        gearbox(2, 3, 5),
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
        "krl_serializer",
        serializer(3, 1, 4, 2),
        "early wrong lost taken idle",
        Bug(
            "level rises when a word also leaves", "level", "result_tvalid && !result_taken", "result_tvalid"
        ),
    ),
    refuted(
        "krl_issue",
        {"LATENCY": 2, "CREDITS": 2},
        "full",
        Bug("takes no place", "credits", "credits - 1'b1", "credits"),
    ),
    refuted(
        "krl_issue",
        {"LATENCY": 2, "CREDITS": 2},
        "wrong",
        Bug("results a cycle early", "result_tvalid", "shifted[LATENCY]", "shifted[LATENCY-1]"),
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
        Bug("does not stand still", "m_axis_tdata", "(full || accept) && !stays", "full || accept"),
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
]
LONG = [
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
        "krl_fork",
        {"WIDTH": 1, "OUTPUTS": 2},
        "idle",
        Bug("waits for all outputs at once", "s_axis_tready", "&taken", "&m_axis_tready"),
    ),
    refuted(
        "krl_fork", {"WIDTH": 1, "OUTPUTS": 2}, "wrong lost", Bug("done is not reset", "done", "done <= 0;")
    ),
    refuted(
        "krl_gearbox",
        gearbox(3, 2, 6),
        "gap valid",
        Bug("waits for one more element", "m_axis_tvalid", "level >= GIVEN", "level > GIVEN"),
    ),
    refuted(
        "krl_gearbox",
        gearbox(3, 2, 6),
        "idle",
        Bug("ready depends on ready", "s_axis_tready", "= level", "= m_axis_tready && level"),
    ),
    refuted(
        "krl_gearbox",
        gearbox(2, 3, 9),
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
        Bug("the first beat clears nothing", "gathered", "accept && i != 0 && slice == 0", "1'b0"),
    ),
    refuted(
        "krl_lanes",
        regroup(4, 2, 8),
        "gap",
        Bug("a pause before each beat", "g_narrower.s_axis_tready", "|| (left == 1 && m_axis_tready)"),
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
        "krl_issue",
        {"LATENCY": 1, "CREDITS": 3},
        "lost",
        Bug(
            "no result while one is taken",
            "result_tvalid",
            "shifted[LATENCY]",
            "shifted[LATENCY] && !result_taken",
        ),
    ),
    refuted(
        "krl_issue",
        {"LATENCY": 2, "CREDITS": 2},
        "idle",
        Bug("keeps a place free", "s_axis_tready", "credits != 0", "credits > 1"),
    ),
    refuted(
        "krl_issue",
        {"LATENCY": 2, "CREDITS": 2},
        "early",
        Bug("what is on its way survives reset", "valid_pipe", "valid_pipe <= 0;"),
    ),
    refuted(
        "krl_fifo",
        {"WIDTH": 2, "DEPTH": 3, "BLOCK": 1},
        "steady wrong",
        Bug("a beat passes only an empty queue", "g_block.passes", "|| (level == 1 && pop)"),
    ),
    refuted(
        "krl_permute",
        PERMUTE,
        "steady",
        Bug("never stands still", "step", "&& (!m_axis_tvalid || m_axis_tready)"),
    ),
    refuted(
        "krl_permute",
        PERMUTE,
        "early",
        Bug("reads before a block is whole", "step", "held != 0 &&", "(held != 0 || write_address != 0) &&"),
    ),
    refuted(
        "krl_permute",
        PERMUTE,
        "wrong lost",
        Bug("overwrites what is read", "s_axis_tready", "!held[1]", "1'b1"),
    ),
    refuted(
        "krl_permute",
        PERMUTE,
        "idle late",
        Bug("waits for ready", "step", "(!m_axis_tvalid || m_axis_tready)", "m_axis_tready"),
    ),
]
