# SPDX-License-Identifier: Apache-2.0
"""Modules at the border of a core: frames, the bus and what it reads."""

from __future__ import annotations

from common.bugs import Bug
from proofs.refuted import refuted
from proofs.table import mark

WATCH = {"INPUTS": 2, "OUTPUTS": 2, "DEPTH": 2, "COUNT_BITS": 1}
ONE_BANK, TWO_BANKS = {"BANKS": 1}, {"BANKS": 2}
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
    refuted("krl_frame_gate", {}, "taken", Bug("takes back a beat", "closed", "(begun | tvalid)", "begun")),
    refuted("krl_frame_gate", {}, "cut", Bug("closes in mid-frame", "closed", "(begun | tvalid)", "tvalid")),
    refuted(
        "krl_frame_gate", {}, "begun", Bug("does not stay closed", "closed", "closed | last |", "last |")
    ),
    refuted("krl_frame_gate", {}, "missing", Bug("closes behind others", "closed", "& ~behind")),
    refuted("krl_frame_gate", {}, "false", Bug("held by one input", "held", "&closed", "|closed")),
    refuted(
        "krl_loader",
        ONE_BANK,
        "refused",
        Bug("begins in mid-frame", "may_begin", "(BANKS == 2 || quiet)", "1'b1"),
    ),
    refuted("krl_loader", ONE_BANK, "refused place", Bug("takes parts of words", "right", "word_whole &&")),
    refuted(
        "krl_loader",
        ONE_BANK,
        "place",
        Bug("columns stay", "column", "column_is_last ? 0 : column + 1'b1", "0"),
    ),
    refuted("krl_loader", ONE_BANK, "place", Bug("writes the header", "write", "&& state == FILL")),
    refuted("krl_loader", ONE_BANK, "told", Bug("a cancel is not told", "failed", "|| (cancel && loading)")),
    refuted("krl_loader", ONE_BANK, "held", Bug("no hold of what is cut off", "hold", "|| incomplete")),
    refuted(
        "krl_loader", ONE_BANK, "loaded", Bug("tells the last one", "g_one_bank.loaded", "loaded <= word;")
    ),
    refuted(
        "krl_loader", TWO_BANKS, "bank", Bug("changes at once", "g_two_banks.bank", "if (held)", "if (1'b1)")
    ),
    refuted("krl_loader", TWO_BANKS, "bank", Bug("writes what is read", "write_bank", "!bank", "bank")),
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
]
LONG = [
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
        "krl_frame_mark",
        mark(1, 3, 1, 2),
        "user",
        Bug("waits is not reset", "waits", "waits <= 1'b0;"),
    ),
]
