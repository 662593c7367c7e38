# SPDX-License-Identifier: Apache-2.0
"""Modules that compute: sums of products, requantizers, tables."""

from __future__ import annotations

from common.bugs import Bug
from proofs.refuted import refuted
from proofs.table import add, argmax, matvec, serial

SHORT = [
    refuted(
        "krl_add",
        add(1),
        "steady early wrong lost",
        Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    ),
    refuted(
        "krl_lookup",
        {"LANES": 2},
        "steady wrong lost",
        Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    ),
    refuted(
        "krl_matvec",
        matvec(2, 1, 1, 1, 1, CREDITS=1),
        "wrong other",
        Bug("sums do not begin at zero", "starts_sum", "beat == 0 && fold == 0", "1'b0"),
    ),
    refuted(
        "krl_requantize_serial",
        serial(2, 2),
        "early wrong lost late",
        Bug("steps past a waiting result", "advance", "result_free ||", "1'b1 ||"),
    ),
    refuted(
        "krl_threshold",
        {"LANES": 2, "PERIOD": 3},
        "steady early wrong lost",
        Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
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
]
LONG = [
    refuted(
        "krl_add",
        add(1),
        "late lost",
        Bug(
            "beats come in only while the sink is ready",
            "valid_pipe",
            "&& s1_axis_tvalid}",
            "&& s1_axis_tvalid && m_axis_tready}",
        ),
    ),
    refuted(
        "krl_add", add(1), "idle", Bug("waits for valid", "advance", "m_axis_tready ||", "m_axis_tready &&")
    ),
    refuted(
        "krl_add", add(1), "pair", Bug("one input is ready alone", "s0_axis_tready", "&& s1_axis_tvalid")
    ),
    refuted(
        "krl_lookup",
        {"LANES": 2},
        "early",
        Bug("valid survives reset", "m_axis_tvalid", "m_axis_tvalid <= 1'b0;"),
    ),
    refuted(
        "krl_lookup",
        {"LANES": 2},
        "late lost",
        Bug(
            "beats come in only while the sink is ready",
            "m_axis_tvalid",
            "<= s_axis_tvalid",
            "<= s_axis_tvalid && m_axis_tready",
        ),
    ),
    refuted(
        "krl_lookup",
        {"LANES": 2},
        "idle",
        Bug("waits for valid", "advance", "m_axis_tready ||", "m_axis_tready &&"),
    ),
    refuted(
        "krl_matvec",
        matvec(1, 1, 1, 1, 1, CREDITS=1),
        "full",
        Bug("takes no place", "credits", "credits - 1'b1", "credits"),
    ),
    refuted(
        "krl_matvec",
        matvec(1, 1, 1, 1, 1, CREDITS=1),
        "idle",
        Bug("keeps a place free", "may_issue", "credits != 0", "credits > 1"),
    ),
    refuted(
        "krl_matvec",
        matvec(1, 1, 1, 1, 1, CREDITS=1),
        "early",
        Bug("what is on its way survives reset", "valid_pipe", "valid_pipe <= 0;"),
    ),
    refuted(
        "krl_matvec",
        matvec(1, 1, 1, 1, 1, CREDITS=9),
        "lost",
        Bug("no result ever", "result_tvalid", "valid_pipe[DELAY-1] && ends_pipe[DELAY-1]", "1'b0"),
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
        "krl_requantize_serial",
        serial(1, 1),
        "wrong lost late",
        Bug("ready before the first word", "s_axis_tready", "primed &&"),
    ),
    refuted(
        "krl_argmax",
        argmax(1, 2),
        "steady lost",
        Bug(
            "a result is overwritten",
            "beat_ready",
            "m_axis_tready || !m_axis_tvalid || !beat_is_last",
            "1'b1",
        ),
    ),
    refuted(
        "krl_argmax",
        argmax(2, 2),
        "wrong",
        Bug(
            "of equal lanes the last one",
            "lane_of_larger",
            "difference[BITS]",
            "(difference[BITS] || difference == 0)",
        ),
    ),
    refuted(
        "krl_argmax",
        argmax(1, 2),
        "early",
        Bug("results of every beat", "m_axis_tvalid", "enter && beat_is_last", "enter"),
    ),
    refuted(
        "krl_argmax",
        argmax(1, 2),
        "idle",
        Bug("stands still without need", "beat_ready", "|| !beat_is_last"),
    ),
    refuted(
        "krl_argmax",
        argmax(2, 1),
        "late",
        Bug(
            "waits for ready",
            "m_axis_tvalid",
            "enter && beat_is_last",
            "enter && beat_is_last && m_axis_tready",
        ),
    ),
    refuted(
        "krl_threshold",
        {"LANES": 2, "PERIOD": 3},
        "wrong",
        Bug("thresholds of the first beat for all", "beat", "0 : beat + 1'b1", "0 : beat"),
    ),
    refuted(
        "krl_threshold",
        {"LANES": 2, "PERIOD": 3},
        "wrong",
        Bug("turns no sign", "negative", " ^ turned", ""),
    ),
    refuted(
        "krl_threshold",
        {"LANES": 2, "PERIOD": 3},
        "wrong",
        Bug("the period survives reset", "beat", "beat <= 0;", ""),
    ),
    refuted(
        "krl_threshold",
        {"LANES": 2, "PERIOD": 3},
        "early",
        Bug("valid survives reset", "valid_pipe", "valid_pipe <= 0;", ""),
    ),
    refuted(
        "krl_threshold",
        {"LANES": 2, "PERIOD": 3},
        "idle",
        Bug("waits for valid", "advance", "m_axis_tready ||", "m_axis_tready &&"),
    ),
    refuted(
        "krl_threshold",
        {"LANES": 2, "PERIOD": 3},
        "late lost",
        Bug(
            "beats come in only while the sink is ready",
            "valid_pipe",
            "s_axis_tvalid}",
            "s_axis_tvalid && m_axis_tready}",
        ),
    ),
]
