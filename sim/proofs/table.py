# SPDX-License-Identifier: Apache-2.0
"""Which modules are proven, and with which parameters.

``SHORT`` is proven in every run of the tests, ``FAST`` by ``make prove-fast``, in three minutes, and in long
test runs, all by ``make prove``. Parameters are small, for what grows is the time and not what is shown: each
of lanes, depth, rows, stride and padding is 1, 2 and 3 somewhere, and something does not divide.
"""

from __future__ import annotations

from collections.abc import Mapping

from proofs.engine import Point

Parameters = Mapping[str, int]
Place = tuple[int, int]


def table(module: str, *parameters: Parameters) -> list[Point]:
    """The points of one module."""
    return [Point(module, values) for values in parameters]


def concat(*counts: int, width: int = 2) -> Parameters:
    """``krl_concat`` with that many beats from each input."""
    packed = sum(count << (32 * i) for i, count in enumerate(counts))
    return {"WIDTH": width, "INPUTS": len(counts), "COUNTS": packed}


def regroup(into: int, out: int, elements: int, bits: int = 2) -> Parameters:
    """``krl_lanes``."""
    return {"BITS": bits, "LANES_IN": into, "LANES_OUT": out, "ELEMENTS": elements}


def gearbox(into: int, out: int, elements: int, bits: int = 2) -> Parameters:
    """``krl_gearbox``."""
    return {"GEARBOX": 1, **regroup(into, out, elements, bits)}


def serializer(pe: int, lanes: int, outputs: int, depth: int, bits: int = 2) -> Parameters:
    """``krl_serializer``."""
    return {"PE": pe, "LANES": lanes, "OUTPUTS": outputs, "DEPTH": depth, "BITS": bits}


def matvec(pe: int, simd: int, lanes: int, beats: int, groups: int, **more: int) -> Parameters:
    """``krl_matvec``."""
    return {"PE": pe, "SIMD": simd, "LANES": lanes, "BEATS_PER_VECTOR": beats, "GROUPS": groups, **more}


def image(height: int, width: int, **more: int) -> Parameters:
    """``krl_line_buffer`` and ``krl_window``."""
    return {"HEIGHT": height, "WIDTH": width, **more}


def serial(period: int, steps: int, dsp: int = 0, sides: int = 1, digit: int = 2) -> Parameters:
    """``krl_requantize_serial``, whose data have four bits."""
    return {"PERIOD": period, "STEPS": steps, "DIGIT_BITS": digit, "DSP": dsp, "SIDES": sides}


def argmax(lanes: int, beats: int, signed: int = 1) -> Parameters:
    """``krl_argmax``."""
    return {"LANES": lanes, "BEATS": beats, "BITS": 2, "SIGNED": signed}


def running_max(groups: int, pixels: int) -> Parameters:
    """``krl_running_max``."""
    return {"BITS": 2, "GROUPS": groups, "PIXELS": pixels}


def crop(*values: int) -> Parameters:
    """``krl_crop``."""
    keys = "ROWS COLUMNS BEATS FIRST_ROW LAST_ROW FIRST_COLUMN LAST_COLUMN FIRST_BEAT LAST_BEAT"
    return {"WIDTH": 2, **dict(zip(keys.split(), values, strict=True))}


def pad(*values: int) -> Parameters:
    """``krl_pad``."""
    keys = "ROWS COLUMNS BEATS ROWS_OUT COLUMNS_OUT TOP LEFT STEP_ROWS STEP_COLUMNS PAD_BEAT"
    return {"WIDTH": 2, **dict(zip(keys.split(), values, strict=True))}


def upsample(*values: int) -> Parameters:
    """``krl_upsample``."""
    keys = "COLUMNS BEATS REPEAT_ROWS REPEAT_COLUMNS"
    return {"WIDTH": 2, **dict(zip(keys.split(), values, strict=True))}


def resize(
    height: int,
    columns: int,
    rows: tuple[Place, ...],
    places: tuple[Place, ...],
    first: int = 0,
    beats: int = 1,
) -> Parameters:
    """``krl_resize``: for each row of the output the step to the next and a weight of one bit, for each
    column the first one and a weight of one bit.
    """
    packed = (
        sum((2 * number + weight) << (4 * i) for i, (number, weight) in enumerate(found))
        for found in (rows, places)
    )
    return {
        "WIDTH": 1,
        "HEIGHT": height,
        "COLUMNS": columns,
        "BEATS": beats,
        "ROWS_OUT": len(rows),
        "COLUMNS_OUT": len(places),
        "FIRST_ROW": first,
        **dict(zip(("ROWS", "COLUMN_PLACES"), packed, strict=True)),
    }


def permute(*values: int) -> Parameters:
    """``krl_permute``: three sizes, three strides."""
    keys = "SIZE_A SIZE_B SIZE_C STRIDE_A STRIDE_B STRIDE_C"
    return {"WIDTH": 2, **dict(zip(keys.split(), values, strict=True))}


def mark(width: int, beats: int, inputs: int, depth: int) -> Parameters:
    """``krl_frame_mark``."""
    return {"WIDTH": width, "BEATS": beats, "INPUTS": inputs, "DEPTH": depth}


def reader(
    image: tuple[int, int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int] = (1, 1),
    pad: tuple[int, int] = (0, 0),
    passes: int = 1,
    groups: int = 1,
    rows: int = 3,
    bits: int = 2,
    dilation: tuple[int, int] = (1, 1),
) -> Parameters:
    """``krl_window_reader`` over ``image`` (rows, columns, slices), padded by ``pad`` on each side."""
    spans = [(size - 1) * rate + 1 for size, rate in zip(kernel, dilation, strict=True)]
    out = [
        (side + 2 * cells - span) // stride + 1
        for side, span, stride, cells in zip(image[:2], spans, strides, pad, strict=True)
    ]
    return {
        **dict(zip(("HEIGHT", "WIDTH", "SLICES"), image, strict=True)),
        **dict(zip(("KERNEL_H", "KERNEL_W"), kernel, strict=True)),
        **dict(zip(("DILATION_H", "DILATION_W"), dilation, strict=True)),
        **dict(zip(("STRIDE_H", "STRIDE_W"), strides, strict=True)),
        **dict(zip(("PAD_TOP", "PAD_LEFT"), pad, strict=True)),
        **dict(zip(("OUT_HEIGHT", "OUT_WIDTH"), out, strict=True)),
        "WORD_BITS": bits,
        "PASSES": passes,
        "GROUPS": groups,
        "ROWS": rows,
    }


# two bits of each operand, and a sum that its clamp cuts
SMALL_SUM = {
    "LEFT_BITS": 2,
    "RIGHT_BITS": 2,
    "TOTAL_BITS": 5,
    "BITS": 2,
    "LEFT_FACTOR": 1,
    "RIGHT_FACTOR": 2,
    "OFFSET": 0,
    "CLAMP_MIN": -2,
    "CLAMP_MAX": 1,
}


def add(lanes: int, **more: int) -> Parameters:
    """``krl_add``."""
    return {"LANES": lanes, **SMALL_SUM, **more}


def rows(module: str, keys: str, *values: tuple[int, ...]) -> list[Point]:
    """A point per row; ``keys`` holds the names of the columns, separated by blanks."""
    return [Point(module, dict(zip(keys.split(), row, strict=True))) for row in values]


BANDS = "HEIGHT WIDTH KERNEL_H STRIDE_H READS OUT_HEIGHT PAD_TOP PAD_WORDS PAD_WORD ROWS"
WINDOWS = (
    "HEIGHT WIDTH PIXELS KERNEL_H KERNEL_W STRIDE_H STRIDE_W PAD_TOP PAD_LEFT OUT_HEIGHT OUT_WIDTH PAD_PIXEL"
    " ROWS WAITING"
)

AXI_LITE = "ADDRESS_BITS WORDS MAPPED WRITABLE"
WATCH = "INPUTS OUTPUTS DEPTH COUNT_BITS"

SHORT = [
    *table("krl_add", add(1)),
    *rows("krl_axi_lite", AXI_LITE, (5, 4, 11, 9)),
    *table("krl_concat", concat(1, 1), concat(3, 1, 2)),
    *rows("krl_fifo", "WIDTH DEPTH BLOCK", (2, 3, 0), (2, 3, 1)),
    Point("krl_fork", {"WIDTH": 2, "OUTPUTS": 3}),
    Point("krl_frame_gate", {}),
    Point("krl_frame_guard", {"WIDTH": 2, "BEATS": 5}),
    Point("krl_frame_last", {"BEATS": 6}),
    *table("krl_frame_mark", mark(1, 3, 1, 2)),
    *rows("krl_frame_watch", WATCH, (1, 1, 2, 2)),
    *rows("krl_loader", "BANKS", (1,), (2,)),
    Point("krl_register", {"WIDTH": 2}),
    *table("krl_gearbox", gearbox(2, 3, 5, bits=1), gearbox(3, 2, 5, bits=1)),
    Point("krl_issue", {"LATENCY": 2, "CREDITS": 3}),
    *table("krl_lanes", regroup(1, 3, 5), regroup(4, 2, 8)),
    *rows("krl_line_buffer", BANDS, (2, 1, 2, 1, 1, 2, 1, 0, 1, 2)),
    Point("krl_lookup", {"LANES": 2}),
    *table("krl_matvec", matvec(1, 1, 1, 1, 1, CREDITS=1)),
    Point("krl_max", {"CELLS": 3, "CHANNELS": 2}),
    *table("krl_requantize_serial", serial(2, 2)),
    *table("krl_serializer", serializer(3, 1, 4, 2)),
    *rows("krl_stream_watch", "BEATS USE_TLAST", (3, 0)),
    *rows("krl_uart_sender", "BIT_CLOCKS", (3,)),
    *rows("krl_window", WINDOWS, (1, 2, 1, 1, 2, 1, 1, 0, 1, 1, 2, 1, 1, 1)),
    *table("krl_window_reader", reader((3, 1, 1), (2, 1), rows=2, bits=1)),
    *table("krl_join", {"FUNCTION": 0}, {"FUNCTION": 2, "LEFT_BITS": 2, "RIGHT_BITS": 2, "BITS": 5}),
    *table("krl_channel_lookup", {"PERIOD": 3}, {"PERIOD": 1, "X_BITS": 2}),
    *table("krl_threshold", {"LANES": 2, "PERIOD": 3}),
    *rows("krl_board_input", "LANES BEATS IDLE_CLOCKS", (1, 2, 2)),
    *rows("krl_repeat", "BEATS TIMES COPIES", (3, 2, 1), (1, 3, 2)),
    *table("krl_argmax", argmax(2, 2)),
    *table("krl_running_max", running_max(2, 2)),
    *table("krl_crop", crop(2, 2, 1, 0, 0, 0, 1, 0, 0)),
    *table("krl_pad", pad(1, 2, 1, 2, 3, 1, 1, 1, 1, 1)),
    *table("krl_upsample", upsample(2, 1, 2, 1)),
    *table("krl_permute", permute(1, 2, 2, 0, 1, 2)),
    *table("krl_resize", resize(2, 1, ((0, 0), (1, 1), (1, 0)), ((0, 0), (0, 0)))),
]
FAST = [
    *rows("krl_axi_lite", AXI_LITE, (3, 2, 3, 2), (6, 8, 0xF7, 0xA2)),
    *table("krl_concat", concat(1, 5, width=4), concat(4, 4)),
    *rows("krl_fifo", "WIDTH DEPTH BLOCK", (2, 1, 0), (5, 2, 0), (2, 4, 0), (2, 7, 0), (2, 2, 1), (2, 7, 1)),
    *rows("krl_fork", "WIDTH OUTPUTS", (2, 1), (5, 2)),
    *rows("krl_frame_guard", "WIDTH BEATS", (2, 1), (5, 2), (2, 3), (2, 8)),
    *rows("krl_frame_last", "BEATS", (1,), (2,), (3,), (16,)),
    *table("krl_frame_mark", mark(2, 1, 1, 1), mark(2, 2, 2, 2), mark(1, 3, 3, 3)),
    *rows("krl_frame_watch", WATCH, (1, 1, 1, 3), (2, 1, 2, 1), (1, 2, 3, 1), (2, 2, 2, 1)),
    Point("krl_register", {"WIDTH": 5}),
    *table(
        "krl_gearbox",
        gearbox(2, 3, 5),
        gearbox(3, 2, 5),
        gearbox(2, 3, 9),
        gearbox(2, 3, 7, bits=3),
        gearbox(3, 2, 6),
        gearbox(2, 5, 3),
    ),
    *rows("krl_issue", "LATENCY CREDITS", (1, 1), (2, 1), (3, 2), (2, 5)),
    *table(
        "krl_lanes", regroup(1, 1, 3), regroup(2, 4, 7), regroup(1, 4, 2), regroup(3, 1, 9), regroup(2, 1, 6)
    ),
    *rows(
        "krl_line_buffer",
        BANDS,
        # a pool whose bands share no row, one word, unused rows between bands
        (2, 2, 2, 2, 2, 1, 0, 0, 0, 2),
        (2, 2, 1, 2, 3, 1, 0, 1, 1, 1),
        (4, 1, 1, 3, 1, 2, 0, 0, 0, 1),
        # bands that are rows
        (2, 3, 1, 1, 2, 2, 0, 0, 0, 1),
        # padding above, below, beside
        (2, 1, 3, 1, 1, 2, 1, 0, 2, 3),
        (3, 1, 3, 2, 1, 2, 1, 0, 2, 3),
    ),
    *rows("krl_lookup", "LANES BITS", (1, 2), (3, 3)),
    *rows("krl_max", "CELLS CHANNELS", (1, 3), (2, 1), (5, 2)),
    *table(
        "krl_requantize_serial",
        serial(1, 1),
        serial(2, 3, sides=2),
        serial(2, 2, dsp=1),
        serial(2, 1, dsp=1),
        serial(2, 2, digit=4),
    ),
    *table("krl_serializer", serializer(1, 1, 1, 1), serializer(2, 1, 3, 1), serializer(2, 1, 5, 3)),
    *rows("krl_stream_watch", "BEATS USE_TLAST", (1, 0), (2, 0), (2, 1)),
    *rows("krl_uart_sender", "BIT_CLOCKS", (2,), (4,)),
    *rows(
        "krl_window",
        WINDOWS,
        (1, 3, 1, 1, 2, 1, 1, 0, 0, 1, 2, 1, 1, 2),
        (2, 2, 1, 1, 2, 1, 2, 0, 0, 2, 1, 1, 1, 1),
        (2, 2, 1, 1, 2, 1, 1, 0, 1, 2, 2, 1, 1, 1),
        (1, 4, 2, 1, 2, 1, 2, 0, 0, 1, 2, 1, 1, 1),
    ),
    *table(
        "krl_window_reader",
        reader((3, 1, 1), (2, 1), rows=2),
        reader((2, 2, 2), (2, 1), groups=2, bits=1),
        reader((4, 3, 1), (1, 1), strides=(2, 2), rows=1, bits=1),
        reader((3, 1, 1), (2, 1), dilation=(2, 1), pad=(1, 0), bits=1),
        reader((2, 3, 1), (1, 2), dilation=(1, 2), rows=1, bits=1),
        reader((2, 1, 2), (1, 1), groups=2, passes=2, rows=1, bits=1),
    ),
    *table(
        "krl_join", {"FUNCTION": 1, "LEFT_BITS": 4, "RIGHT_BITS": 4, "BITS": 4}, {"FUNCTION": 2, "BITS": 7}
    ),
    *rows("krl_channel_lookup", "LANES PERIOD X_BITS", (1, 6, 3), (3, 2, 1)),
    *rows("krl_threshold", "LANES PERIOD ACC_BITS THRESHOLD_BITS", (1, 1, 2, 4), (3, 2, 3, 3)),
    *rows("krl_repeat", "BEATS TIMES COPIES", (4, 3, 1), (2, 1, 1), (1, 1, 3)),
    *table("krl_argmax", argmax(1, 3), argmax(3, 1, 0), argmax(3, 2)),
    *table("krl_running_max", running_max(2, 3), running_max(1, 2), running_max(3, 1)),
    *table("krl_crop", crop(3, 3, 1, 1, 2, 0, 1, 0, 0), crop(1, 2, 3, 0, 0, 1, 1, 1, 2)),
    *table("krl_pad", pad(2, 2, 1, 4, 3, 1, 1, 1, 1, 1), pad(1, 2, 2, 2, 4, 1, 0, 1, 2, 2)),
    *table("krl_permute", permute(1, 3, 2, 0, 1, 3), permute(2, 1, 2, 1, 0, 2)),
    *table("krl_upsample", upsample(2, 1, 2, 2), upsample(1, 2, 2, 1)),
    *table(
        "krl_resize",
        resize(1, 2, ((0, 0), (1, 0)), ((0, 0), (0, 1), (1, 0))),
        resize(2, 1, ((0, 1), (2, 1)), ((0, 0),), beats=2),
        # rows that are left out in front, between and behind
        resize(4, 1, ((4, 1),), ((0, 0),), first=1),
        resize(3, 2, ((3, 0),), ((1, 0),), first=1),
    ),
]
SLOW = [
    *rows("krl_board_input", "LANES BEATS IDLE_CLOCKS", (2, 1, 3), (1, 3, 1)),
    *rows("krl_board_output", "BITS SIGNED", (2, 1), (3, 0)),
    *table("krl_add", add(2), add(3), add(1, SUBTRACT=1)),
    *table("krl_concat", concat(2, 9, 1, 1, 3)),
    *table("krl_gearbox", gearbox(1, 2, 3), gearbox(3, 1, 4), gearbox(2, 3, 8), gearbox(4, 3, 13)),
    *rows(
        "krl_line_buffer",
        BANDS,
        (3, 2, 2, 1, 2, 2, 0, 0, 0, 3),
        (3, 1, 4, 3, 1, 2, 3, 0, 1, 4),
        (1, 1, 1, 1, 4, 1, 0, 2, 3, 1),
        # padding above and beside, in the last one all around
        (2, 1, 2, 1, 2, 2, 1, 1, 1, 2),
        (2, 1, 3, 1, 3, 2, 1, 1, 1, 3),
    ),
    *table("krl_serializer", serializer(4, 2, 6, 2), serializer(2, 2, 4, 3), serializer(3, 3, 6, 2)),
    *table(
        "krl_matvec",
        matvec(1, 1, 1, 1, 2, CREDITS=1),
        matvec(1, 1, 1, 1, 1, CREDITS=1, TURNS=2),
        # several beats, lanes one by one, output lanes, products
        matvec(1, 1, 1, 2, 1, CREDITS=1),
        matvec(1, 1, 2, 1, 1, CREDITS=1),
        matvec(2, 1, 1, 1, 1, CREDITS=1),
        matvec(1, 2, 2, 1, 1, CREDITS=1),
    ),
    *rows(
        "krl_window",
        WINDOWS,
        (1, 3, 3, 1, 2, 1, 1, 0, 0, 1, 2, 1, 1, 1),
        (1, 4, 1, 1, 1, 1, 3, 0, 0, 1, 2, 1, 1, 3),
        (1, 2, 1, 1, 3, 1, 1, 0, 2, 1, 4, 1, 1, 1),
        (2, 1, 1, 2, 1, 1, 1, 1, 0, 2, 1, 1, 2, 1),
        # padding on both axes
        (2, 1, 1, 2, 2, 1, 1, 1, 1, 2, 1, 1, 2, 1),
        (2, 2, 1, 2, 2, 1, 1, 1, 1, 2, 2, 1, 2, 1),
    ),
    *table(
        "krl_window_reader",
        reader((3, 2, 1), (2, 2), bits=1),
        reader((3, 2, 2), (2, 2), bits=1),
        reader((3, 2, 1), (2, 2), passes=2, bits=1),
        # with a third row in the ring the next two take longer than the limit
        reader((2, 2, 1), (2, 2), pad=(1, 1), rows=2, bits=1),
        reader((4, 2, 1), (2, 2), strides=(2, 2), rows=2, bits=1),
        reader((3, 3, 1), (2, 2), strides=(2, 2), pad=(1, 1), rows=2, bits=1),
    ),
    *rows("krl_uart_receiver", "BIT_CLOCKS FOLLOWED", (4, 0), (4, 7)),
]
