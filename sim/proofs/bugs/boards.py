# SPDX-License-Identifier: Apache-2.0
"""Modules of boards: the serial line."""

from __future__ import annotations

from common.bugs import Bug
from proofs.refuted import refuted

RECEIVED = {"BIT_CLOCKS": 4, "FOLLOWED": 7}
ANSWERED = {"BITS": 2, "SIGNED": 1}
GIVEN = {"LANES": 1, "BEATS": 2, "IDLE_CLOCKS": 2}

SHORT = [
    refuted(
        "krl_uart_sender", {"BIT_CLOCKS": 3}, "line", Bug("bits upside down", "line", "bits[0]", "bits[7]")
    ),
    refuted(
        "krl_uart_sender",
        {"BIT_CLOCKS": 3},
        "ready",
        Bug("no byte follows at once", "byte_ready", "|| (left == 1 && ends)"),
    ),
]
LONG = [
    refuted(
        "krl_board_input",
        GIVEN,
        "steady",
        Bug("never stands still", "free", "!m_axis_tvalid || m_axis_tready", "1'b1"),
    ),
    refuted(
        "krl_board_input",
        GIVEN,
        "silent",
        Bug(
            "the sum comes a beat too early",
            "state",
            "completes && beats == BEATS[BEAT_BITS-1:0] - 1'b1",
            "completes",
        ),
    ),
    refuted(
        "krl_board_input",
        GIVEN,
        "silent",
        Bug("tells no fault", "fault", "fault <= breaks;", "fault <= 1'b0;"),
    ),
    refuted(
        "krl_board_input",
        GIVEN,
        "number",
        Bug("gives a number with every beat", "begun", "begun <= 1'b1;", ""),
    ),
    refuted(
        "krl_board_input",
        GIVEN,
        "late",
        Bug("waits for a frame's bytes for ever", "breaks", " || idle", ""),
    ),
    refuted(
        "krl_board_input",
        GIVEN,
        "long",
        Bug(
            "the beat behind the last one never ends",
            "state",
            "LONGER: if (ends) state <= FINISH;",
            "LONGER: ;",
        ),
    ),
    refuted(
        "krl_board_output",
        ANSWERED,
        "steady",
        Bug("never stands still", "free", "!byte_valid || byte_ready", "1'b1"),
    ),
    refuted(
        "krl_board_output",
        ANSWERED,
        "form",
        Bug("answers begin as frames do", "byte_data", "8'h5a", "8'ha5"),
    ),
    refuted(
        "krl_board_output",
        ANSWERED,
        "waits",
        Bug(
            "waits for the byte in front",
            "state",
            "HEAD: if (free && s_axis_tvalid)",
            "HEAD: if (!byte_valid && s_axis_tvalid)",
        ),
    ),
    refuted(
        "krl_board_output",
        ANSWERED,
        "room number_lost",
        Bug("room without end", "number_room", "!count[2]", "1'b1"),
    ),
    refuted(
        "krl_board_output",
        ANSWERED,
        "number_wrong",
        Bug(
            "a number has the place of another",
            "next_place",
            "drop ? count[1:0] - 2'd1 : count[1:0]",
            "count[1:0]",
        ),
    ),
    refuted(
        "krl_board_output",
        ANSWERED,
        "number_early",
        Bug("answers nothing", "state", "HEAD: if (free && s_axis_tvalid)", "HEAD: if (free)"),
    ),
    refuted(
        "krl_board_output",
        ANSWERED,
        "early wrong",
        Bug("takes what is not there", "take", "&& s_axis_tvalid"),
    ),
    refuted(
        "krl_board_output",
        ANSWERED,
        "lost",
        Bug("takes what it cannot give", "s_axis_tready", "take", "state == BEAT"),
    ),
    refuted(
        "krl_uart_receiver",
        RECEIVED,
        "early wrong lost",
        Bug("nine data bits", "left", "4'd10", "4'd11"),
    ),
    refuted(
        "krl_uart_receiver",
        RECEIVED,
        "single",
        Bug("a byte without stop bit is none", "byte_valid", "byte_valid <= 1'b1;", "byte_valid <= level;"),
    ),
]
