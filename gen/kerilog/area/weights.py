# SPDX-License-Identifier: Apache-2.0
"""Weights of the area model, written by ``benchmarks/area_model.py``: do not edit."""

LUT: dict[str, dict[str, float]] = {
    "krl_matvec": {
        "tree": 0.4887,
        "sums": 0.5409,
        "sums kept": 0.3746,
        "select": 1.4833,
        "pairs": 0.7504,
        "address": 3.4462,
        "credits": 1.1239,
        "small products": 1.8695,
    },
    "krl_serializer": {
        "select": 1.2677,
        "word": 0.0454,
        "pointers": 2.945,
        "level": 0.1388,
        "counters": 1.1784,
    },
    "krl_requantize_affine": {
        "one": 7.3491,
        "beats": 1.0355,
        "rounded": 0.4653,
        "offset": 0.148,
        "corrected": 2.2165,
        "negative correction": 1.236,
        "split product": 0.972,
        "split twice": 0.6629,
    },
    "krl_requantize_fixed": {
        "beats": 1.8371,
        "accumulator": 1.8573,
    },
    "krl_window": {
        "ring": 3.4606,
        "passing": 0.1017,
        "order": 1.1492,
        "rolls": 33.2647,
        "row reads": 0.0952,
        "places": 12.7443,
        "waiting": 0.0306,
        "queue": 0.9809,
        "x": 3.2664,
        "queued": 65.0782,
    },
    "krl_max": {
        "one": 1.0,
        "comparisons": 2.0,
    },
    "krl_lanes": {
        "held": 1.415,
        "ratio": 1.0656,
        "wider": 26.5854,
        "arriving": 0.0683,
    },
    "krl_gearbox": {
        "one": 48.6987,
        "placed": 0.7778,
    },
    "krl_fork": {
        "outputs": 3.1619,
    },
    "krl_add": {
        "shifts": 0.7993,
        "tables": 3.1253,
        "arriving": 0.2042,
    },
    "krl_lookup": {
        "one": 1.0,
    },
    "krl_issue": {
        "credits": 1.7856,
    },
    "krl_fifo": {
        "pointers": 3.5821,
        "level": 2.3202,
        "not a power": 0.5522,
        "select": 1.0316,
    },
    "krl_frame_guard": {
        "one": 6.7823,
        "width": 1.0237,
        "beat": 2.2703,
    },
    "krl_frame_last": {
        "beat": 1.4548,
    },
    "krl_rom": {
        "one": 0.7134,
        "tables": 0.9777,
        "chosen": 1.6627,
    },
}
FF: dict[str, dict[str, float]] = {
    "krl_matvec": {
        "one": 2.8283,
        "tree": 1.1479,
        "sums": 1.763,
        "select": 0.0025,
        "activations": 0.5619,
        "pairs": 0.383,
        "lanes": 7.1287,
        "address": 1.7417,
        "counters": 1.0722,
        "credits": 1.2156,
        "levels": 0.0671,
        "group": 0.1303,
        "small products": 1.0249,
    },
    "krl_serializer": {
        "select": 0.0239,
        "out": 0.9583,
        "pointers": 3.3728,
        "level": 1.024,
        "counters": 0.4006,
    },
    "krl_requantize_affine": {
        "one": 2.8467,
        "beats": 0.9083,
        "total": 0.0385,
        "rounded": 1.2512,
        "offset": 1.6374,
        "corrected": 0.2768,
        "split twice": 1.0755,
        "codes": 4.9447,
    },
    "krl_requantize_fixed": {
        "beats": 2.8444,
        "accumulator": 2.7491,
        "moved": 0.9786,
        "codes": 0.0838,
    },
    "krl_window": {
        "ring": 25.2637,
        "rolls": 8.0885,
        "row reads": 1.1472,
        "padded": 27.2645,
        "windows": 0.2187,
        "waiting": 0.8521,
        "shifted": 2.0316,
        "queue": 0.9619,
        "x": 1.5573,
    },
    "krl_max": {
        "one": 0.7796,
        "comparisons": 1.0313,
        "padded": 0.0658,
    },
    "krl_lanes": {
        "one": 0.685,
        "gathered": 0.9827,
        "held": 1.0055,
        "ratio": 0.6384,
        "wider": 0.5688,
        "arriving": 0.0832,
        "places": 1.2675,
    },
    "krl_gearbox": {
        "one": 0.8642,
        "queue": 0.9969,
        "placed": 0.0011,
        "level": 0.7475,
    },
    "krl_fork": {
        "outputs": 1.0,
    },
    "krl_add": {
        "one": 3.6511,
        "shifts": 0.3396,
        "tables": 2.0642,
        "factors": 0.3681,
        "arriving": 3.4394,
    },
    "krl_lookup": {
        "one": 1.0,
    },
    "krl_issue": {
        "latency": 1.0,
        "credits": 1.0,
    },
    "krl_fifo": {
        "pointers": 3.0,
        "level": 1.0,
    },
    "krl_frame_guard": {
        "one": 4.0,
        "beat": 1.0,
    },
    "krl_frame_last": {
        "beat": 1.0,
    },
    "krl_rom": {
        "columns": 1.0,
    },
}
SRL: dict[str, dict[str, float]] = {
    "krl_matvec": {
        "one": 1.874,
        "address": 0.0219,
        "credits": 0.0342,
        "group": 0.9886,
        "small products": 0.0253,
    },
    "krl_serializer": {},
    "krl_requantize_affine": {
        "offset": 0.0017,
        "negative correction": 0.9921,
        "split product": 0.4172,
        "split twice": 0.0429,
    },
    "krl_requantize_fixed": {
        "one": 0.1472,
    },
    "krl_window": {},
    "krl_max": {
        "levels": 0.2444,
        "padded": 0.0228,
    },
    "krl_lanes": {},
    "krl_gearbox": {},
    "krl_fork": {},
    "krl_add": {
        "arriving": 0.0083,
    },
    "krl_lookup": {},
    "krl_issue": {},
    "krl_fifo": {},
    "krl_frame_guard": {},
    "krl_frame_last": {},
    "krl_rom": {},
}
