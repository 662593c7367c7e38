# SPDX-License-Identifier: Apache-2.0
"""What is proven of the modules that leave out, repeat, spread and choose elements; see tests/formal."""

from __future__ import annotations

from common.bugs import Bug

Parameters = dict[str, int]


def running_max(groups: int, pixels: int) -> Parameters:
    return {"BITS": 2, "GROUPS": groups, "PIXELS": pixels}


def crop(*values: int) -> Parameters:
    keys = "ROWS COLUMNS BEATS FIRST_ROW LAST_ROW FIRST_COLUMN LAST_COLUMN FIRST_BEAT LAST_BEAT"
    return {"WIDTH": 2, **dict(zip(keys.split(), values, strict=True))}


def pad(*values: int) -> Parameters:
    keys = "ROWS COLUMNS BEATS ROWS_OUT COLUMNS_OUT TOP LEFT STEP_ROWS STEP_COLUMNS PAD_BEAT"
    return {"WIDTH": 2, **dict(zip(keys.split(), values, strict=True))}


def upsample(*values: int) -> Parameters:
    keys = "COLUMNS BEATS REPEAT_ROWS REPEAT_COLUMNS"
    return {"WIDTH": 2, **dict(zip(keys.split(), values, strict=True))}


CROP = crop(2, 2, 1, 0, 0, 0, 1, 0, 0)
PAD = pad(1, 2, 1, 2, 3, 1, 1, 1, 1, 1)
BEHIND = pad(1, 1, 1, 1, 3, 0, 1, 1, 1, 1)
UPSAMPLE = upsample(2, 1, 2, 1)

SHORT: list[tuple[str, Parameters]] = [
    ("krl_running_max", running_max(2, 2)),
    ("krl_crop", CROP),
    ("krl_pad", PAD),
    ("krl_upsample", UPSAMPLE),
]
LONG: list[tuple[str, Parameters]] = [
    ("krl_running_max", running_max(2, 3)),
    ("krl_running_max", running_max(1, 2)),
    ("krl_running_max", running_max(3, 1)),
    ("krl_crop", crop(3, 3, 1, 1, 2, 0, 1, 0, 0)),
    ("krl_crop", crop(1, 2, 3, 0, 0, 1, 1, 1, 2)),
    ("krl_pad", pad(2, 2, 1, 4, 3, 1, 1, 1, 1, 1)),
    ("krl_pad", pad(1, 2, 2, 2, 4, 1, 0, 1, 2, 2)),
    ("krl_upsample", upsample(2, 1, 2, 2)),
    ("krl_upsample", upsample(1, 2, 2, 1)),
]
BUGS: list[tuple[str, Parameters, str, Bug]] = [
    (
        "krl_running_max",
        running_max(2, 2),
        "steady wrong lost",
        Bug("a result is overwritten", "s_axis_tready", "advance || !pixel_is_last", "1'b1"),
    ),
    (
        "krl_running_max",
        running_max(2, 2),
        "early",
        Bug("results of every pixel", "m_axis_tvalid", "accept && pixel_is_last", "accept"),
    ),
    (
        "krl_running_max",
        running_max(2, 2),
        "idle",
        Bug("stands still without need", "s_axis_tready", "|| !pixel_is_last"),
    ),
    (
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
    (
        "krl_crop",
        CROP,
        "steady wrong lost",
        Bug("never stands still", "s_axis_tready", "advance || !keep", "1'b1"),
    ),
    (
        "krl_crop",
        CROP,
        "early extra",
        Bug("what is not kept goes on", "m_axis_tvalid", "accept && keep", "accept"),
    ),
    ("krl_crop", CROP, "idle", Bug("stands still without need", "s_axis_tready", "|| !keep")),
    (
        "krl_crop",
        CROP,
        "late",
        Bug("waits for ready", "m_axis_tvalid", "accept && keep", "accept && keep && m_axis_tready"),
    ),
    (
        "krl_pad",
        PAD,
        "steady wrong lost",
        Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    ),
    ("krl_pad", PAD, "taken", Bug("padding takes pixels", "s_axis_tready", "&& is_real")),
    (
        "krl_pad",
        PAD,
        "padding",
        Bug("zeros in place of padding", "m_axis_tdata", ": PAD_BEAT", ": {WIDTH{1'b0}}"),
    ),
    (
        "krl_pad",
        PAD,
        "idle",
        Bug("a pause behind each beat", "s_axis_tready", "advance && is_real", "!m_axis_tvalid && is_real"),
    ),
    (
        "krl_pad",
        BEHIND,
        "late",
        Bug("padding waits for a pixel", "offered", "|| (!is_real && !image_begins)"),
    ),
    (
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
    (
        "krl_upsample",
        UPSAMPLE,
        "steady",
        Bug("never stands still", "step", "&& (!m_axis_tvalid || m_axis_tready)"),
    ),
    (
        "krl_upsample",
        UPSAMPLE,
        "early",
        Bug("reads what is not there", "word_is_there", "write_beat > read_beat", "write_beat >= read_beat"),
    ),
    (
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
    (
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
