# SPDX-License-Identifier: Apache-2.0
"""Modules that see an image: windows, padding, cropping, growing, pools."""

from __future__ import annotations

from common.bugs import Bug
from proofs.refuted import refuted
from proofs.table import crop, image, pad, reader, resize, running_max, upsample

PADDED = image(2, 1, KERNEL_H=2, STRIDE_H=1, READS=1, OUT_HEIGHT=2, PAD_TOP=1, PAD_WORD=1, ROWS=2)
WINDOW = image(
    1, 2, KERNEL_H=1, KERNEL_W=2, STRIDE_W=1, PAD_LEFT=1, OUT_HEIGHT=1, OUT_WIDTH=2, PAD_PIXEL=1, ROWS=1
)
STEPPED = image(1, 4, KERNEL_H=1, KERNEL_W=2, STRIDE_W=2, OUT_HEIGHT=1, OUT_WIDTH=2, ROWS=1)
CROP = crop(2, 2, 1, 0, 0, 0, 1, 0, 0)
PAD = pad(1, 2, 1, 2, 3, 1, 1, 1, 1, 1)
BEHIND = pad(1, 1, 1, 1, 3, 0, 1, 1, 1, 1)
UPSAMPLE = upsample(2, 1, 2, 1)
RESIZE = resize(2, 1, ((0, 0), (1, 1), (1, 0)), ((0, 0), (0, 0)))

SHORT = [
    refuted(
        "krl_line_buffer",
        PADDED,
        "wrong",
        Bug("a place too many", "g_ring.s_axis_tready", "held < PLACES", "held <= PLACES"),
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
]
LONG = [
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
