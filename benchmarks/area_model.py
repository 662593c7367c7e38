# SPDX-License-Identifier: Apache-2.0
"""Fit the area model anew, and hold it to Yosys.

    python benchmarks/area_model.py [--fit] [--count 40] [DIR ...]

Draws parameters for every module of the library, has Yosys map them (``synth_xilinx``, a few minutes) and
prints how far the prediction is off: for each module, and for each design DIR that ``kerilog synth`` has been
run on. With --fit the weights are fitted to what Yosys found (non-negative least squares on relative errors)
and written to ``gen/kerilog/plan/area_weights.py`` first.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from kerilog.plan.area import Area
from kerilog.plan.area_counts import Counts
from scipy.optimize import nnls

from kerilog.area import weights as area_weights
from kerilog.exact.addition import Addition
from kerilog.handoff.modules import Instance, measure
from kerilog.handoff.synth import Resources
from kerilog.hardware.design import AffineRequantizer, FixedRequantizer, MatVec, Memory, Serializer
from kerilog.hardware.folding import divisors
from kerilog.hardware.modules.window import Window
from kerilog.plan import area, area_counts

WEIGHTS = Path(area_weights.__file__)
WEIGHED = {"lut": area_weights.LUT, "ff": area_weights.FF, "srl": area_weights.SRL}
ESTIMATED = ("lut", "lutram", "ff")
EXACT = ("bram18", "dsp")
BATCH = 20


@dataclasses.dataclass(frozen=True)
class Sample:
    """A module with drawn parameters, the counts of the model, and how the model predicts it."""

    instance: Instance
    counts: Counts
    predict: Callable[[], Area]
    memories: Mapping[str, str] = dataclasses.field(default_factory=dict)


def of_fields(module: str, item: Any) -> Instance:
    """``item``, a dataclass of ``kerilog.hardware.design``, has the module's parameters as fields."""
    values = dataclasses.asdict(item)
    return Instance(module, {name.upper(): value for name, value in values.items()})


# ---- draws ----


def draw_matvec(rng: random.Random) -> Sample:
    streams = rng.random() < 0.5
    pe, simd = rng.choice(((1, 1), (1, 9), (2, 2), (2, 4), (3, 3), (4, 1), (4, 6), (8, 1), (8, 4), (16, 2)))
    lanes = simd if streams else rng.choice((simd, 9, 18, 25, 27, 50))
    beats = rng.choice((2, 13, 100, 338)) if streams else 1
    x_bits, w_bits = rng.choice(((8, 8), (8, 8), (8, 8), (8, 8), (6, 8), (12, 8), (5, 5), (4, 4)))
    groups = rng.choice((1, 2, 3, 8, 16, 32))
    acc = x_bits + w_bits + (beats * lanes - 1).bit_length() + rng.choice((-1, 0))
    units = groups * pe
    vectors = rng.choice((1, 1, 1, *divisors(units))) if not streams and lanes <= 25 and units <= 32 else 1
    item = MatVec(
        pe=pe,
        simd=min(simd, lanes),
        lanes=lanes,
        beats=beats,
        groups=groups,
        credits=rng.choice((1, 2, 4, 9)),
        x_bits=x_bits,
        w_bits=w_bits,
        acc_bits=acc,
        vectors=vectors,
        units=units,
    )
    values = {"SHARERS": item.sharers, **of_fields("krl_matvec", item).parameters}
    del values["VECTORS"]  # follows from the others
    return Sample(Instance("krl_matvec", values), area_counts.matvec(item), lambda: area.of_matvec(item))


def draw_serializer(rng: random.Random) -> Sample:
    lanes, slices = rng.choice((1, 1, 1, 2, 4)), rng.choice((1, 2, 3, 4, 5, 8, 16, 32))
    groups = rng.choice((1, 2, 3, 8, 20))
    pe = lanes * slices
    units = max(lanes, groups * pe - lanes * rng.randrange(slices))
    item = Serializer(pe, lanes, units, rng.choice((1, 2, 3, 4, 8, 16)), rng.choice((14, 18, 20, 24)))
    return Sample(
        of_fields("krl_serializer", item), area_counts.serializer(item), lambda: area.of_serializer(item)
    )


def draw_affine(rng: random.Random) -> Sample:
    acc, multiplier = rng.randint(14, 26), rng.randint(8, 24)
    tilt = rng.choice((0, 0, 6, 12))
    total = acc + multiplier + rng.choice((0, 1))
    shift = total - rng.randint(10, 14)
    zero = rng.choice((-128, 0, 5))
    item = AffineRequantizer(
        lanes=rng.choice((1, 1, 2, 4)),
        beats=rng.choice((1, 2, 10, 32, 128)),
        acc_bits=acc,
        bits=8,
        clamp_min=rng.choice((-128, zero)),
        clamp_max=127,
        shift=shift,
        multiplier_bits=multiplier,
        offset_bits=rng.randint(max(8, tilt), total),
        tilt_bits=tilt,
        total_bits=total,
        zero_point=zero,
    )
    return Sample(
        of_fields("krl_requantize_affine", item), area_counts.affine(item), lambda: area.of_requantizer(item)
    )


def draw_fixed(rng: random.Random) -> Sample:
    acc = rng.randint(12, 26)
    bits = rng.choice((8, 8, 4, 12))
    item = FixedRequantizer(
        lanes=rng.choice((1, 1, 2, 4)),
        beats=rng.choice((1, 2, 10, 32, 128)),
        acc_bits=acc,
        bits=bits,
        clamp_min=rng.choice((-(1 << bits - 1), 0)),
        clamp_max=(1 << bits - 1) - 1,
        shift=rng.randint(3, max(3, acc - bits)),
        bias_bits=8,
        biased_bits=max(acc + rng.choice((0, 1)), bits + 1),
        bias_shift=rng.randint(0, 5),
    )
    return Sample(
        of_fields("krl_requantize_fixed", item), area_counts.fixed(item), lambda: area.of_requantizer(item)
    )


def draw_window(rng: random.Random) -> Sample:
    width = rng.choice((8, 12, 24, 28, 32))
    height = rng.choice((8, 16, 28))
    kernel, pad = rng.choice(((2, 0), (3, 0), (3, 1), (5, 0), (5, 2), (1, 0)))
    stride = kernel if kernel == 2 else rng.choice((1, 1, 2))
    channels = rng.choice((1, 1, 2, 4, 8) if kernel < 5 else (1, 2, 4))
    pixels = rng.choice((1, 1, 1, 2, 4)) if channels <= 2 else 1
    out = [(size + 2 * pad - kernel) // stride + 1 for size in (height, width)]
    item = Window(
        height=height,
        width=width,
        channels=channels,
        bits=8,
        pixels=pixels,
        kernel_h=kernel,
        kernel_w=kernel,
        stride_h=stride,
        stride_w=stride,
        pad_top=pad,
        pad_left=pad,
        out_height=out[0],
        out_width=out[1],
        pad_code=0,
        rows=kernel + rng.choice((1, 1, 2, 3)),
        block=rng.choice((0, 0, 0, 1)),
        waiting=1 if pixels > 1 else rng.choice((1, 1, 1, 2)),
    )
    if pixels > 1 and rng.random() < 0.5:
        item = item.side_by_side(rng.choice(divisors(item.out_width)))
    instance = window_instance(item)
    return Sample(instance, area_counts.window(item), lambda: area.of_window(item))


def window_instance(window: Window) -> Instance:
    """``krl_window`` counts bits of a pixel where the design counts channels."""
    values = dict(of_fields("krl_window", window).parameters)
    for name in ("CHANNELS", "BITS", "PAD_CODE"):
        del values[name]
    return Instance("krl_window", values | {"PIXEL_BITS": window.pixel_bits})


def draw_max(rng: random.Random) -> Sample:
    cells, channels, bits = rng.choice((2, 4, 4, 6, 9, 16)), rng.choice((1, 2, 4, 8)), rng.choice((8, 8, 5))
    values = {"CELLS": cells, "CHANNELS": channels, "BITS": bits}
    clamp = {"CLAMP_MIN": -(1 << bits - 1), "CLAMP_MAX": (1 << bits - 1) - 1}
    return simple("krl_max", values | clamp, area_counts.maximum(cells, channels, bits))


def draw_lanes(rng: random.Random) -> Sample:
    low, ratio, bits = rng.choice((1, 1, 2, 4)), rng.choice((2, 3, 4, 6, 8)), 8
    into, out = rng.choice(((low, low * ratio), (low * ratio, low)))
    values = {"BITS": bits, "LANES_IN": into, "LANES_OUT": out, "ELEMENTS": low * ratio * rng.choice((3, 50))}
    return simple("krl_lanes", values, area_counts.lanes(bits, into, out))


def draw_gearbox(rng: random.Random) -> Sample:
    into, out = rng.choice(((2, 3), (3, 2), (4, 6), (5, 4), (3, 8), (9, 4), (2, 7)))
    bits = rng.choice((8, 16))
    values = {"BITS": bits, "LANES_IN": into, "LANES_OUT": out, "ELEMENTS": into * out * rng.choice((2, 9))}
    return simple("krl_gearbox", values, area_counts.gearbox(bits, into, out))


def draw_fork(rng: random.Random) -> Sample:
    outputs = rng.choice((2, 2, 3, 4, 6))
    return simple("krl_fork", {"WIDTH": 16, "OUTPUTS": outputs}, area_counts.fork(outputs))


def draw_add(rng: random.Random) -> Sample:
    shift = rng.randint(4, 14)
    left, right = rng.randint(1, 1 << shift), rng.randint(1, 1 << shift)
    total = shift + 11
    values = {
        "LANES": rng.choice((1, 2, 4)),
        "LEFT_BITS": 8,
        "RIGHT_BITS": 8,
        "TOTAL_BITS": total,
        "BITS": 8,
        "LEFT_FACTOR": left,
        "RIGHT_FACTOR": right,
        "OFFSET": rng.getrandbits(shift + 3),
        "ROUND_POSITIVE": 1 << shift - 1,
        "ROUND_NEGATIVE": (1 << shift - 1) - 1,
        "SHIFT": shift,
        "CLAMP_MIN": -128,
        "CLAMP_MAX": 127,
    }
    fields = {name.lower(): value for name, value in values.items()}
    return simple("krl_add", values, area_counts.add(Addition(**fields)))


def draw_issue(rng: random.Random) -> Sample:
    values = {"LATENCY": rng.randint(1, 12), "CREDITS": rng.randint(1, 20)}
    return simple("krl_issue", values, area_counts.issue(values["LATENCY"], values["CREDITS"]))


def draw_lookup(rng: random.Random) -> Sample:
    """Without what the table itself takes."""
    text = "".join(f"{word:x}\n" for word in range(256))
    values = {"LANES": 1, "X_BITS": 8, "BITS": 8, "FILE": "identity.mem", "BLOCK": 1}
    found = simple("krl_lookup", values, {"one": 1})
    return dataclasses.replace(
        found,
        memories={"identity.mem": text},
        predict=lambda: area.fitted("krl_lookup", {"one": 1}) + Area(bram18=1),
    )


def draw_fifo(rng: random.Random) -> Sample:
    width, depth = rng.choice((8, 16, 32, 64)), rng.choice((2, 2, 3, 5, 8, 16, 31, 40, 64, 100, 200))
    found = simple("krl_fifo", {"WIDTH": width, "DEPTH": depth}, area_counts.fifo(width, depth))
    return dataclasses.replace(found, predict=lambda: area.of_fifo(width, depth))


def draw_guard(rng: random.Random) -> Sample:
    width, beats = rng.choice((8, 16, 32)), rng.choice((1, 10, 196, 784, 3072))
    return simple("krl_frame_guard", {"WIDTH": width, "BEATS": beats}, area_counts.frame_guard(width, beats))


def draw_last(rng: random.Random) -> Sample:
    beats = rng.choice((1, 2, 10, 100, 784, 3000))
    return simple("krl_frame_last", {"BEATS": beats}, area_counts.frame_last(beats))


def draw_rom(rng: random.Random) -> Sample:
    width, depth = rng.choice((8, 18, 32, 64)), rng.choice((2, 8, 32, 64, 100, 128, 200, 256, 512))
    words = [rng.getrandbits(width) for _ in range(depth)]
    file = f"rom_{rng.getrandbits(60):x}.mem"
    block = int(depth > 100 and rng.random() < 0.6)
    column = np.array(words, object)[:, None]
    memory = Memory(file, width, depth, block, lambda: [(column, width)], "")
    text = "".join(f"{word:x}\n" for word in words)
    values = {"WIDTH": width, "DEPTH": depth, "FILE": file, "BLOCK": block}
    counts = {} if block else area_counts.rom(area_counts.columns_of(memory), depth)
    return Sample(Instance("krl_rom", values), counts, lambda: area.of_rom(memory), {file: text})


def simple(module: str, values: dict[str, int | str], counts: Counts) -> Sample:
    """A module whose area is its counts alone."""
    return Sample(Instance(module, values), counts, lambda: area.fitted(module, counts))


DRAWS: dict[str, Callable[[random.Random], Sample]] = {
    "krl_matvec": draw_matvec,
    "krl_serializer": draw_serializer,
    "krl_requantize_affine": draw_affine,
    "krl_requantize_fixed": draw_fixed,
    "krl_window": draw_window,
    "krl_max": draw_max,
    "krl_lanes": draw_lanes,
    "krl_gearbox": draw_gearbox,
    "krl_fork": draw_fork,
    "krl_add": draw_add,
    "krl_lookup": draw_lookup,
    "krl_issue": draw_issue,
    "krl_fifo": draw_fifo,
    "krl_frame_guard": draw_guard,
    "krl_frame_last": draw_last,
    "krl_rom": draw_rom,
}


# ---- fit and comparison ----


def fit(samples: list[Sample], found: list[Resources], what: str) -> dict[str, float]:
    """Weights of the counts, from samples that have any; each sample counts by its relative error."""
    pairs = zip(samples, found, strict=True)
    used = [(sample, count_of(one, what)) for sample, one in pairs if sample.counts]
    names = list(used[0][0].counts)
    scale = np.array([1 / max(8, value) for _, value in used])
    matrix = np.array([[sample.counts[name] for name in names] for sample, _ in used], float)
    weights, _ = nnls(matrix * scale[:, None], np.array([value for _, value in used]) * scale)
    return {name: round(float(w), 4) for name, w in zip(names, weights, strict=True) if w > 5e-5}


def count_of(found: Resources, what: str) -> int:
    """LUTs of logic, flip-flops, or LUTs that are shift registers."""
    if what == "srl":
        return sum(count for cell, count in found.cells.items() if cell.startswith("SRL"))
    return int(getattr(found, what))


def write() -> None:
    """The module ``area_weights``."""
    lines = [
        "# SPDX-License-Identifier: Apache-2.0",
        '"""Weights of the area model, written by ``benchmarks/area_model.py``: do not edit."""',
        "",
    ]
    for what, table in WEIGHED.items():
        lines.append(f"{what.upper()}: dict[str, dict[str, float]] = {{")
        for module, values in table.items():
            rows = [f'        "{name}": {weight},' for name, weight in values.items()]
            lines += [f'    "{module}": {{', *rows, "    },"] if rows else [f'    "{module}": {{}},']
        lines.append("}")
    WEIGHTS.write_text("\n".join(lines) + "\n", encoding="ascii")


def compare(module: str, samples: list[Sample], found: list[Resources]) -> None:
    """One row: relative errors where the weights were fitted, wrong counts where the model is exact."""
    row = [f"{module:24}{len(samples):4}"]
    for what in ESTIMATED:
        truth = np.array([getattr(one, what) for one in found], float)
        guess = np.array([getattr(sample.predict(), what) for sample in samples])
        errors = np.abs(guess - truth) / np.maximum(truth, 8)
        total = guess.sum() / max(1, truth.sum()) - 1
        row.append(f"{what} {np.median(errors):6.1%} {errors.max():6.1%} {total:+6.1%}")
    for what in EXACT:
        wrong = sum(
            getattr(sample.predict(), what) != getattr(one, what)
            for sample, one in zip(samples, found, strict=True)
        )
        row.append(f"{what} {wrong}")
    print("   ".join(row))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fit", action="store_true", help="write the weights anew")
    parser.add_argument("--count", type=int, default=40, help="samples a module")
    parser.add_argument("--module", action="append", choices=tuple(DRAWS), help="only this one")
    options = parser.parse_args()
    print("module, samples; median and largest error, error of the sum; samples with a wrong count")
    for module in options.module or DRAWS:
        rng = random.Random(1)
        samples = [DRAWS[module](rng) for _ in range(options.count)]
        found: list[Resources] = []
        for at in range(0, len(samples), BATCH):
            batch = samples[at : at + BATCH]
            memories = {name: text for sample in batch for name, text in sample.memories.items()}
            found += measure([sample.instance for sample in batch], memories)
        if options.fit:
            for what, table in WEIGHED.items():
                table[module] = fit(samples, found, what)
            write()
        compare(module, samples, found)


if __name__ == "__main__":
    main()
