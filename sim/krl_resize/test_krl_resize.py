# SPDX-License-Identifier: Apache-2.0
"""krl_resize: larger and smaller images, rows and columns left out, images of one row and of one column."""

from fractions import Fraction
from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import SEED, hex_words, module_tests

HALF_PIXELS, CORNERS, DRAWN = range(3)
Places = list[tuple[int, int]]


def places(old: int, new: int, bits: int, form: int) -> Places:
    """Return for each pixel the one before it and the weight of the one behind that."""
    if form == DRAWN:
        rng = Random(f"{SEED}/{old}/{new}/{bits}")
        drawn = sorted(rng.randrange(old) for _ in range(new))
        return [(at, rng.choice([0, rng.randrange(1 << bits)]) if at + 1 < old else 0) for at in drawn]
    found = []
    for place in range(new):
        if form == HALF_PIXELS:
            at = (place + Fraction(1, 2)) * Fraction(old, new) - Fraction(1, 2)
        else:
            at = place * Fraction(old - 1, max(1, new - 1))
        found.append(divmod(round(min(max(at, 0), old - 1) * 2**bits), 1 << bits))
    return found


def parameters_of(
    height: int,
    columns: int,
    rows_out: int,
    columns_out: int,
    *,
    form: int = HALF_PIXELS,
    beats: int = 1,
    width: int = 8,
    bits: tuple[int, int] = (2, 3),
    block: int = 0,
) -> dict[str, Any]:
    """Return the parameters."""
    rows = places(height, rows_out, bits[0], form)
    return {
        "WIDTH": width,
        "HEIGHT": height,
        "COLUMNS": columns,
        "BEATS": beats,
        "ROWS_OUT": rows_out,
        "COLUMNS_OUT": columns_out,
        "FIRST_ROW": rows[0][0],
        "ROW_BITS": bits[0],
        "COLUMN_BITS": bits[1],
        "STEP_BITS": max(
            1, rows[0][0].bit_length(), *(step.bit_length() for step in row_steps(rows, height))
        ),
        "BLOCK": block,
        "FORM": form,
    }


def row_steps(rows: Places, height: int) -> list[int]:
    """Return from each row how many rows further the next one reads, at last that of the next image."""
    firsts = [first for first, _ in rows]
    return [after - first for first, after in zip(firsts, [*firsts[1:], height + firsts[0]], strict=True)]


def setting(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what a run needs: the tables are in files, which the bench reads, too."""
    height, columns, form = (parameters[key] for key in ("HEIGHT", "COLUMNS", "FORM"))
    row_bits, column_bits = parameters["ROW_BITS"], parameters["COLUMN_BITS"]
    rows = places(height, parameters["ROWS_OUT"], row_bits, form)
    steps = zip(row_steps(rows, height), rows, strict=True)
    found = places(columns, parameters["COLUMNS_OUT"], column_bits, form)
    files = {
        "rows.hex": hex_words(step << row_bits | weight for step, (_, weight) in steps),
        "columns.hex": hex_words(first << column_bits | weight for first, weight in found),
    }
    return {"parameters": parameters, "files": files, "toplevel": "resize_tables"}


EDGES = [
    parameters_of(3, 4, 6, 8),
    parameters_of(3, 5, 9, 10, beats=2, block=1),
    parameters_of(3, 3, 7, 5, form=CORNERS, bits=(3, 1)),
    parameters_of(6, 8, 3, 4),
    parameters_of(9, 8, 2, 2, beats=2),
    parameters_of(1, 4, 2, 8, beats=3),
    parameters_of(4, 1, 8, 1, beats=2),
    parameters_of(4, 4, 4, 4),
    parameters_of(5, 7, 4, 6, form=DRAWN, beats=3, width=3),
    parameters_of(7, 3, 1, 1, form=DRAWN),
    parameters_of(3, 1, 2, 3, form=CORNERS),
]

BUGS = [
    Bug("reads what is not there", "pixel_is_there", "write_beat > read_beat", "write_beat >= read_beat"),
    Bug("waits for whole rows", "word_is_there", "(!below_is_read || pixel_is_there)", "!below_is_read"),
    Bug("does not wait for the row below", "word_is_there", "(!below_is_read || pixel_is_there)", "1'b1"),
    Bug(
        "does not wait for the column behind", "last_column", "+ {{COLUMN_PLACE_BITS{1'b0}}, behind_is_read}"
    ),
    Bug("reads rows that are still to come", "none_is_held", "ahead == 0", "ahead != 1 && ahead != 2"),
    Bug(
        "overwrites what is read",
        "s_axis_tready",
        "write_column < read_column",
        "write_column <= read_column",
    ),
    Bug("overwrites a row that is read again", "s_axis_tready", "row_step != 0 &&"),
    Bug("waits for the end of a row", "s_axis_tready", "|| (row_step != 0 && write_column < read_column)"),
    Bug("a row too many", "LAST_ROW_OUT", "ROWS_OUT - 1", "ROWS_OUT"),
    Bug("the first row is always even", "START_PARITY", "FIRST_ROW % 2", "0"),
    Bug("the first row is always row 0", "START", "-FIRST_ROW", "0"),
    Bug(
        "rows are given one at a time",
        "rows_given",
        "{2'b00, row_step}",
        "{2'b00, {STEP_BITS{1'b0}}} + (row_step != 0)",
    ),
    Bug("a row below that weighs nothing", "below_is_odd", "row_is_odd ^ below_is_read", "!row_is_odd"),
    Bug("the even column of the same couple", "even_address", "read_column[0]", "1'b0"),
    Bug("the weight of the next pixel", "m_axis_tdata", "column_weight_held", "column_weight"),
    Bug("beats in the same place", "write_base", "write_base + BEAT_STEP[ADDRESS_BITS-1:0]", "0"),
    Bug("never stands still", "step", "&& (!m_axis_tvalid || m_axis_tready)"),
    Bug("a beat is lost", "m_axis_tvalid", "|| (m_axis_tvalid && !m_axis_tready)"),
    survives_reset("m_axis_tvalid", "1'b0"),
    survives_reset("ahead", "START[AHEAD_BITS-1:0]"),
    survives_reset("write_column"),
    survives_reset("write_base"),
    survives_reset("write_is_odd", "1'b0"),
    survives_reset("read_beat"),
    survives_reset("read_base"),
    survives_reset("column_out"),
    survives_reset("row_out"),
    survives_reset("row_is_odd", "START_PARITY[0]"),
    Bug("the first row is read before a reset ends", "row_enable", "rst ||"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    sizes = [rng.randint(1, 6) for _ in range(4)]
    return parameters_of(
        *sizes,
        form=rng.choice((HALF_PIXELS, CORNERS, DRAWN)),
        beats=rng.randint(1, 4),
        width=rng.randint(1, 12),
        bits=(rng.randint(1, 5), rng.randint(1, 5)),
        block=rng.randint(0, 1),
    )


test_krl_resize, test_a_seeded_bug_is_caught = module_tests(
    "krl_resize", EDGES, draw, BUGS, drawn=4, full=30, setting=setting
)
