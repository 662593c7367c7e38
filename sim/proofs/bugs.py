# SPDX-License-Identifier: Apache-2.0
"""What each proof must refute: at least one bug for every fault of every harness.

``SHORT`` is refuted in every run of the tests, ``LONG`` in long ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from common.bugs import Bug
from proofs.engine import Point
from proofs.table import (
    add,
    argmax,
    concat,
    crop,
    gearbox,
    image,
    mark,
    matvec,
    pad,
    permute,
    reader,
    regroup,
    resize,
    running_max,
    serial,
    serializer,
    upsample,
)


@dataclasses.dataclass(frozen=True)
class Refuted:
    """A bug in a module with some parameters, and the faults that must follow."""

    bug: Bug
    point: Point
    faults: str

    def __str__(self) -> str:
        return f"{self.point} with {self.bug.name!r}"


def refuted(module: str, parameters: Mapping[str, int], faults: str, bug: Bug) -> Refuted:
    """Return the same for a bug in the module that is proven, or in one that it uses."""
    return Refuted(bug.of(module), Point(module, parameters), faults)


PADDED = image(2, 1, KERNEL_H=2, STRIDE_H=1, READS=1, OUT_HEIGHT=2, PAD_TOP=1, PAD_WORD=1, ROWS=2)
WINDOW = image(
    1, 2, KERNEL_H=1, KERNEL_W=2, STRIDE_W=1, PAD_LEFT=1, OUT_HEIGHT=1, OUT_WIDTH=2, PAD_PIXEL=1, ROWS=1
)
STEPPED = image(1, 4, KERNEL_H=1, KERNEL_W=2, STRIDE_W=2, OUT_HEIGHT=1, OUT_WIDTH=2, ROWS=1)

CROP = crop(2, 2, 1, 0, 0, 0, 1, 0, 0)
PAD = pad(1, 2, 1, 2, 3, 1, 1, 1, 1, 1)
BEHIND = pad(1, 1, 1, 1, 3, 0, 1, 1, 1, 1)
PERMUTE = permute(1, 2, 2, 0, 1, 2)
UPSAMPLE = upsample(2, 1, 2, 1)
RESIZE = resize(2, 1, ((0, 0), (1, 1), (1, 0)), ((0, 0), (0, 0)))

WATCH = {"INPUTS": 2, "OUTPUTS": 2, "DEPTH": 2, "COUNT_BITS": 1}
RECEIVED = {"BIT_CLOCKS": 4, "FOLLOWED": 7}
ANSWERED = {"BITS": 2, "SIGNED": 1}
COUNTED = {"BEATS": 3, "USE_TLAST": 0}
AXI_LITE = {"ADDRESS_BITS": 5, "WORDS": 4, "MAPPED": 11, "WRITABLE": 9}

SHORT = [
    refuted(
        "krl_axi_lite",
        AXI_LITE,
        "steady",
        Bug("a response does not wait", "s_axi_bvalid", "|| (s_axi_bvalid && !s_axi_bready)"),
    ),
    refuted(
        "krl_axi_lite",
        AXI_LITE,
        "unasked",
        Bug("a response stays", "s_axi_bvalid", "&& !s_axi_bready"),
    ),
    refuted(
        "krl_axi_lite",
        AXI_LITE,
        "crowded",
        Bug("a response is lost", "takes_read", "&& (!s_axi_rvalid || s_axi_rready)"),
    ),
    refuted(
        "krl_axi_lite",
        AXI_LITE,
        "written wrong",
        Bug("writes what is read-only", "may_write", "&& WRITABLE[write_word]"),
    ),
    refuted(
        "krl_frame_watch",
        WATCH,
        "done lost",
        Bug("stays behind", "ahead", "if (last[i] && !done)", "if (1'b0)"),
    ),
    refuted(
        "krl_frame_watch",
        WATCH,
        "early",
        Bug("the first output ends a frame", "done", "&given", "|given"),
    ),
    refuted(
        "krl_frame_watch",
        WATCH,
        "wrong",
        Bug("a frame of no cycles stays", "u_began", "begins && (waits || !done)", "begins"),
    ),
    refuted(
        "krl_frame_watch",
        WATCH,
        "told",
        Bug("an input ahead is behind", "behind", "lag != 0", "lag == 0"),
    ),
    refuted("krl_frame_watch", WATCH, "now", Bug("now stands", "now", "now + 1'b1", "now")),
    refuted("krl_frame_watch", WATCH, "kept", Bug("cycles go on", "cycles", "if (done)")),
    refuted(
        "krl_stream_watch",
        COUNTED,
        "first",
        Bug("a frame survives a restart", "begun", "rst || restart", "rst"),
    ),
    refuted(
        "krl_stream_watch",
        COUNTED,
        "last",
        Bug("beats survive a restart", "beat", "rst || restart", "rst"),
    ),
    refuted("krl_stream_watch", COUNTED, "frames", Bug("counts beats", "frames", "if (last)", "if (takes)")),
    refuted("krl_stream_watch", COUNTED, "stalls", Bug("counts every cycle", "stalls", "if (stalled)")),
    refuted("krl_stream_watch", COUNTED, "zero", Bug("keeps its count", "frames", "if (rst)", "if (1'b0)")),
    refuted(
        "krl_uart_sender", {"BIT_CLOCKS": 3}, "line", Bug("bits upside down", "line", "bits[0]", "bits[7]")
    ),
    refuted(
        "krl_uart_sender",
        {"BIT_CLOCKS": 3},
        "ready",
        Bug("no byte follows at once", "byte_ready", "|| (left == 1 && ends)"),
    ),
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
    refuted("krl_frame_gate", {}, "taken", Bug("takes back a beat", "closed", "(begun | tvalid)", "begun")),
    refuted("krl_frame_gate", {}, "cut", Bug("closes in mid-frame", "closed", "(begun | tvalid)", "tvalid")),
    refuted(
        "krl_frame_gate", {}, "begun", Bug("does not stay closed", "closed", "closed | last |", "last |")
    ),
    refuted("krl_frame_gate", {}, "missing", Bug("closes behind others", "closed", "& ~behind")),
    refuted("krl_frame_gate", {}, "false", Bug("held by one input", "held", "&closed", "|closed")),
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
        "krl_add",
        add(1),
        "steady early wrong lost",
        Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
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
        "krl_line_buffer",
        PADDED,
        "wrong",
        Bug("a place too many", "g_ring.s_axis_tready", "held < PLACES", "held <= PLACES"),
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
        "krl_max",
        {"CELLS": 2, "CHANNELS": 2},
        "steady early wrong lost",
        Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    ),
    refuted(
        "krl_window",
        STEPPED,
        "wrong",
        Bug("windows not stepped over", "WAIT_NEXT", "STRIDE_W - 1", "0"),
    ),
    refuted(
        "krl_requantize_serial",
        serial(2, 2),
        "early wrong lost late",
        Bug("steps past a waiting result", "advance", "result_free ||", "1'b1 ||"),
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
]
LONG = [
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
    refuted(
        "krl_axi_lite",
        AXI_LITE,
        "half written",
        Bug("takes an address without data", "takes_write", "&& s_axi_wvalid"),
    ),
    refuted(
        "krl_axi_lite",
        AXI_LITE,
        "open",
        Bug("a response survives reset", "s_axi_bvalid", "s_axi_bvalid <= 1'b0;"),
    ),
    refuted(
        "krl_axi_lite",
        AXI_LITE,
        "idle",
        Bug("every other cycle", "takes_read", "(!s_axi_rvalid || s_axi_rready)", "!s_axi_rvalid"),
    ),
    refuted(
        "krl_axi_lite",
        AXI_LITE,
        "silent",
        Bug("a read is not answered", "s_axi_rvalid", "takes_read ||"),
    ),
    refuted(
        "krl_axi_lite",
        AXI_LITE,
        "wrong",
        Bug("a bad read is OKAY", "s_axi_rresp", "may_read ? OKAY : SLVERR", "OKAY"),
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
        "krl_line_buffer",
        PADDED,
        "steady lost",
        Bug("never stands still", "step", "(!valid || m_axis_tready)", "1'b1"),
    ),
    refuted(
        "krl_line_buffer",
        PADDED,
        "early",
        Bug("valid survives reset", "valid", "valid <= 1'b0;"),
    ),
    refuted(
        "krl_line_buffer",
        PADDED,
        "padding",
        Bug("no padding above", "is_padding", "MAY_BE_ABOVE && y <= LAST_PAD_Y[Y_BITS-1:0]", "1'b0"),
    ),
    refuted(
        "krl_line_buffer",
        PADDED,
        "late idle",
        Bug("padding between frames not counted", "ROW_AND_GAP", "1 + GAP", "1"),
    ),
    refuted(
        "krl_line_buffer",
        PADDED,
        "late",
        Bug("waits for one more row", "word_is_there", "ahead >= BAND_ROWS", "ahead > BAND_ROWS"),
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
        "krl_max",
        {"CELLS": 2, "CHANNELS": 2},
        "late lost",
        Bug(
            "beats come in only while the sink is ready",
            "valid_pipe",
            "<= s_axis_tvalid",
            "<= s_axis_tvalid && m_axis_tready",
        ),
    ),
    refuted(
        "krl_max",
        {"CELLS": 2, "CHANNELS": 2},
        "idle",
        Bug("waits for valid", "advance", "m_axis_tready ||", "m_axis_tready &&"),
    ),
    refuted(
        "krl_window",
        WINDOW,
        "steady early lost",
        Bug("a finished window is overwritten", "may_shift", "!completes || window_is_free", "1'b1"),
    ),
    refuted(
        "krl_window",
        WINDOW,
        "padding",
        Bug("no padding on the left", "g_column.is_padding", "number <= BEFORE[OUT_BITS:0] ||"),
    ),
    refuted(
        "krl_window",
        WINDOW,
        "late",
        Bug("the left padding is waited for", "FIRST", "KERNEL_W - PAD_LEFT", "KERNEL_W"),
    ),
    refuted(
        "krl_window",
        WINDOW,
        "idle",
        Bug("a window is never complete", "may_shift", "!completes ||", "!completes &&"),
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
        reader((2, 1, 1), (2, 1), pad=(1, 0), rows=2),
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
    refuted(
        "krl_window_reader",
        reader((3, 2, 1), (2, 2)),
        "early wrong",
        Bug("reads the word that is being written", "word_arrives", "x < write_x", "x <= write_x"),
    ),
    refuted(
        "krl_fifo",
        {"WIDTH": 2, "DEPTH": 3, "BLOCK": 1},
        "steady wrong",
        Bug("a beat passes only an empty queue", "g_block.passes", "|| (level == 1 && pop)"),
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
        "krl_frame_mark",
        mark(1, 3, 1, 2),
        "user",
        Bug("waits is not reset", "waits", "waits <= 1'b0;"),
    ),
    refuted(
        "krl_requantize_serial",
        serial(1, 1),
        "wrong lost late",
        Bug("ready before the first word", "s_axis_tready", "primed &&"),
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
        "krl_running_max",
        running_max(2, 2),
        "steady wrong lost",
        Bug("a result is overwritten", "s_axis_tready", "advance || !pixel_is_last", "1'b1"),
    ),
    refuted(
        "krl_running_max",
        running_max(2, 2),
        "early",
        Bug("results of every pixel", "m_axis_tvalid", "accept && pixel_is_last", "accept"),
    ),
    refuted(
        "krl_running_max",
        running_max(2, 2),
        "idle",
        Bug("stands still without need", "s_axis_tready", "|| !pixel_is_last"),
    ),
    refuted(
        "krl_running_max",
        running_max(1, 2),
        "late",
        Bug(
            "waits for ready",
            "m_axis_tvalid",
            "accept && pixel_is_last",
            "accept && pixel_is_last && m_axis_tready",
        ),
    ),
    refuted(
        "krl_crop",
        CROP,
        "steady wrong lost",
        Bug("never stands still", "s_axis_tready", "advance || !keep", "1'b1"),
    ),
    refuted(
        "krl_crop",
        CROP,
        "early extra",
        Bug("what is not kept goes on", "m_axis_tvalid", "accept && keep", "accept"),
    ),
    refuted("krl_crop", CROP, "idle", Bug("stands still without need", "s_axis_tready", "|| !keep")),
    refuted(
        "krl_crop",
        CROP,
        "late",
        Bug("waits for ready", "m_axis_tvalid", "accept && keep", "accept && keep && m_axis_tready"),
    ),
    refuted(
        "krl_pad",
        PAD,
        "steady wrong lost",
        Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    ),
    refuted("krl_pad", PAD, "taken", Bug("padding takes pixels", "s_axis_tready", "&& is_real")),
    refuted(
        "krl_pad",
        PAD,
        "padding",
        Bug("zeros in place of padding", "m_axis_tdata", ": PAD_BEAT", ": {WIDTH{1'b0}}"),
    ),
    refuted(
        "krl_pad",
        PAD,
        "idle",
        Bug("a pause behind each beat", "s_axis_tready", "advance && is_real", "!m_axis_tvalid && is_real"),
    ),
    refuted(
        "krl_pad",
        BEHIND,
        "late",
        Bug("padding waits for a pixel", "offered", "|| (!is_real && !image_begins)"),
    ),
    refuted(
        "krl_pad",
        PAD,
        "early extra",
        Bug(
            "padding is there before the image",
            "offered",
            "s_axis_tvalid || (!is_real && !image_begins)",
            "1'b1",
        ),
    ),
    refuted(
        "krl_resize",
        RESIZE,
        "steady",
        Bug("never stands still", "step", "&& (!m_axis_tvalid || m_axis_tready)"),
    ),
    refuted("krl_resize", RESIZE, "idle", Bug("forgets whole rows", "word_is_there", "two_are_held ||")),
    refuted(
        "krl_resize",
        RESIZE,
        "early",
        Bug("reads what is not there", "pixel_is_there", "write_beat > read_beat", "write_beat >= read_beat"),
    ),
    refuted(
        "krl_resize",
        RESIZE,
        "wrong lost",
        Bug(
            "overwrites what is read",
            "s_axis_tready",
            "!two_are_held || (row_step != 0 && write_column < read_column)",
            "1'b1",
        ),
    ),
    refuted(
        "krl_resize",
        RESIZE,
        "weight",
        Bug("the weight of the next pixel", "m_axis_tdata", "row_weight_held", "row_weight"),
    ),
    refuted(
        "krl_upsample",
        UPSAMPLE,
        "steady",
        Bug("never stands still", "step", "&& (!m_axis_tvalid || m_axis_tready)"),
    ),
    refuted(
        "krl_upsample",
        UPSAMPLE,
        "early",
        Bug("reads what is not there", "word_is_there", "write_beat > read_beat", "write_beat >= read_beat"),
    ),
    refuted(
        "krl_upsample",
        UPSAMPLE,
        "wrong lost",
        Bug(
            "overwrites what is read",
            "s_axis_tready",
            "held != FULL[HELD_BITS-1:0] || (pass_is_last && write_column < read_column)",
            "1'b1",
        ),
    ),
    refuted(
        "krl_upsample",
        UPSAMPLE,
        "idle",
        Bug(
            "forgets whole rows",
            "word_is_there",
            "held != 0 || write_column > read_column",
            "write_column > read_column",
        ),
    ),
]
