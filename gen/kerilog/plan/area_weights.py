# SPDX-License-Identifier: Apache-2.0
"""Weights of the area model, written by ``benchmarks/area_model.py``: do not edit."""

LUT: dict[str, dict[str, float]] = {
    "krl_fifo": {
        "pointers": 3.5821,
        "level": 2.3202,
        "not a power": 0.5522,
        "select": 1.0316,
    },
    "krl_requantize_fixed": {
        "beats": 2.1822,
        "accumulator": 1.838,
    },
    "krl_requantize_affine": {
        "one": 2.1628,
        "beats": 1.5076,
        "total": 0.8816,
        "offset": 0.0382,
        "tilted": 2.1671,
        "tilt": 0.982,
        "codes": 2.3187,
    },
    "krl_rom": {
        "one": 0.7134,
        "tables": 0.9777,
        "chosen": 1.6627,
    },
    "krl_frame_guard": {
        "one": 6.7823,
        "width": 1.0237,
        "beat": 2.2703,
    },
    "krl_frame_last": {
        "beat": 1.4548,
    },
    "krl_max": {
        "one": 1.041,
        "levels": 0.0974,
        "comparisons": 1.7591,
        "padded": 0.4826,
    },
    "krl_lanes": {
        "gathered": 3.1852,
        "held": 1.5055,
        "wider": 19.4482,
        "arriving": 12.4659,
        "places": 2.8679,
    },
    "krl_fork": {
        "outputs": 3.045,
    },
    "krl_gearbox": {
        "one": 48.6987,
        "placed": 0.7778,
    },
    "krl_add": {
        "one": 8.5342,
        "arriving": 2.3074,
    },
    "krl_lookup": {
        "one": 1.0,
    },
    "krl_issue": {
        "credits": 1.7856,
    },
    "krl_window": {
        "ring": 4.9682,
        "passing": 1.125,
        "row reads": 1.1973,
        "places": 10.7363,
        "padded": 139.4533,
        "shifted": 0.2716,
        "uneven placing": 0.5055,
        "queued": 118.2207,
    },
    "krl_serializer": {
        "select": 1.2979,
        "uneven select": 1.5341,
        "counters": 2.6165,
    },
    "krl_matvec": {
        "tree": 0.6185,
        "sums": 1.3029,
        "select": 1.8641,
        "uneven select": 1.1926,
        "activations": 0.4099,
        "small products": 1.5372,
    },
}
FF: dict[str, dict[str, float]] = {
    "krl_fifo": {
        "pointers": 3.0,
        "level": 1.0,
    },
    "krl_requantize_fixed": {
        "one": 3.135,
        "beats": 1.0954,
        "lanes": 0.3824,
        "accumulator": 0.9887,
        "biased": 1.0106,
        "moved": 1.0231,
        "codes": 0.9405,
    },
    "krl_requantize_affine": {
        "one": 8.1637,
        "beats": 0.9978,
        "total": 0.1552,
        "rounded": 1.6043,
        "offset": 2.0578,
        "tilted": 0.6831,
        "split product": 1.3997,
        "codes": 0.4574,
    },
    "krl_rom": {
        "columns": 1.0,
    },
    "krl_frame_guard": {
        "one": 4.0,
        "beat": 1.0,
    },
    "krl_frame_last": {
        "beat": 1.0,
    },
    "krl_max": {
        "one": 0.0221,
        "levels": 0.9665,
        "comparisons": 1.002,
        "padded": 0.443,
    },
    "krl_lanes": {
        "one": 0.7108,
        "gathered": 0.9851,
        "held": 1.0059,
        "ratio": 0.6219,
        "wider": 0.7712,
        "arriving": 0.0739,
        "places": 1.2132,
    },
    "krl_fork": {
        "outputs": 1.0,
    },
    "krl_gearbox": {
        "one": 0.8642,
        "queue": 0.9969,
        "placed": 0.0011,
        "level": 0.7475,
    },
    "krl_add": {
        "one": 9.2185,
        "arriving": 1.5527,
    },
    "krl_lookup": {
        "one": 1.0,
    },
    "krl_issue": {
        "latency": 1.0,
        "credits": 1.0,
    },
    "krl_window": {
        "ring": 29.0818,
        "order": 0.8067,
        "row reads": 1.5448,
        "padded": 16.5199,
        "windows": 0.4505,
        "waiting": 0.4928,
        "shifted": 1.1467,
        "uneven placing": 0.1193,
        "x": 0.7583,
        "queued": 36.3683,
    },
    "krl_serializer": {
        "one": 0.7034,
        "select": 0.0231,
        "uneven select": 0.0072,
        "pointers": 4.3715,
    },
    "krl_matvec": {
        "one": 21.2267,
        "tree": 0.7674,
        "sums": 0.5808,
        "select": 0.3196,
        "uneven select": 0.1034,
        "activations": 0.5433,
        "small products": 0.9956,
    },
}
SRL: dict[str, dict[str, float]] = {
    "krl_fifo": {},
    "krl_requantize_fixed": {},
    "krl_requantize_affine": {
        "tilt": 1.0,
    },
    "krl_rom": {},
    "krl_frame_guard": {},
    "krl_frame_last": {},
    "krl_max": {},
    "krl_lanes": {},
    "krl_fork": {},
    "krl_gearbox": {},
    "krl_add": {
        "arriving": 0.0059,
    },
    "krl_lookup": {},
    "krl_issue": {},
    "krl_window": {},
    "krl_serializer": {},
    "krl_matvec": {
        "sums": 0.0001,
        "select": 0.0035,
        "activations": 0.0259,
        "address": 0.2034,
    },
}
