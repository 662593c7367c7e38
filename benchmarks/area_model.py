# SPDX-License-Identifier: Apache-2.0
"""Check the area model against Yosys, or fit it anew.

    python benchmarks/area_model.py [--fit] [--count 40] [--module NAME ...]

Draws parameters for every module of the library, has Yosys map them (``synth_xilinx``, a few minutes) and
prints how far the prediction is off. With --fit the weights are fitted to what Yosys found (non-negative
least squares on relative errors) and written to ``gen/kerilog/area/weights.json`` first.

A module is drawn as what a plan instantiates, ``kerilog.hardware.module.Module``. Memories that stand beside
it in a design are neither built nor counted; ``krl_rom`` is drawn by itself.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

from kerilog import area
from kerilog.area import Area
from kerilog.bilinear import resize
from kerilog.emit.writer import memory_text
from kerilog.exact.addition import Addition
from kerilog.handoff.modules import Instance, measure
from kerilog.handoff.synth import Resources
from kerilog.hardware.folding import divisors
from kerilog.hardware.memories import Memory
from kerilog.hardware.module import Module
from kerilog.hardware.modules.add import Add
from kerilog.hardware.modules.argmax import ArgMax
from kerilog.hardware.modules.bilinear import Bilinear
from kerilog.hardware.modules.channel_lookup import ChannelLookup
from kerilog.hardware.modules.concat import Concat
from kerilog.hardware.modules.control import AxiLite, FrameWatch, StreamWatch
from kerilog.hardware.modules.crop import Crop
from kerilog.hardware.modules.dot_signs import DotSigns
from kerilog.hardware.modules.dot_xnor import DotXnor
from kerilog.hardware.modules.fifo import Fifo
from kerilog.hardware.modules.fork import Fork
from kerilog.hardware.modules.frame import FrameGuard, FrameMark
from kerilog.hardware.modules.gearbox import Gearbox
from kerilog.hardware.modules.join import MAXIMUM, MINIMUM, PRODUCT, Join
from kerilog.hardware.modules.lanes import Lanes
from kerilog.hardware.modules.loader import FrameGate, Loader
from kerilog.hardware.modules.lookup import Lookup
from kerilog.hardware.modules.matvec import Folding, MatVec, UnrolledMatVec, Widths
from kerilog.hardware.modules.max import Max
from kerilog.hardware.modules.pad import Pad
from kerilog.hardware.modules.permute import Permute
from kerilog.hardware.modules.register import Register
from kerilog.hardware.modules.repeat import Repeat
from kerilog.hardware.modules.requantize import (
    AffineRequantizer,
    FixedRequantizer,
    SerialRequantizer,
    Thresholds,
)
from kerilog.hardware.modules.resize import Axis, Resize
from kerilog.hardware.modules.rom import Rom
from kerilog.hardware.modules.running_max import RunningMax
from kerilog.hardware.modules.serializer import Serializer
from kerilog.hardware.modules.store import Store
from kerilog.hardware.modules.upsample import Upsample
from kerilog.hardware.modules.vectors import Vectors
from kerilog.hardware.modules.window import VectorSlicing, Window
from kerilog.hardware.modules.window_reader import WindowReader
from kerilog.hardware.weights import Rom as Stored
from kerilog.hardware.weights import Unrolled
from kerilog.scales import ROUNDINGS

WEIGHTS = Path(area.__file__).with_name("weights.json")
FITTED = ("lut", "ff", "srl")
ESTIMATED = ("lut", "lutram", "ff")
EXACT = ("bram18", "dsp")
BATCH = 20  # modules per run of Yosys


def memory_of(file: str, width: int, block: int, words: Sequence[int], contents: str) -> Memory:
    """A memory of the ``words``."""
    column = np.array(words, object)[:, None]
    return Memory(file, width, len(words), block, lambda: [(column, width)], contents)


BESIDE = memory_of("beside.mem", 1, 0, [0], "stands for a memory outside the module")


# ---- draws ----


def draw_matvec(rng: random.Random) -> MatVec:
    streams = rng.random() < 0.5
    pe, simd = rng.choice(((1, 1), (1, 9), (2, 2), (2, 4), (3, 3), (4, 1), (4, 6), (8, 1), (8, 4), (16, 2)))
    lanes = simd if streams else rng.choice((simd, 9, 18, 25, 27, 50))
    beats = rng.choice((2, 13, 100, 338)) if streams else 1
    x_bits, w_bits = rng.choice(((8, 8), (8, 8), (8, 8), (8, 8), (6, 8), (12, 8), (5, 5), (4, 4)))
    groups = rng.choice((1, 2, 3, 8, 16, 32))
    acc = x_bits + w_bits + (beats * lanes - 1).bit_length() + rng.choice((-1, 0))
    units = groups * pe
    vectors = rng.choice((1, 1, 1, *divisors(units))) if not streams and lanes <= 25 and units <= 32 else 1
    folding = Folding(
        pe=pe,
        simd=min(simd, lanes),
        lanes=lanes,
        beats_per_vector=beats,
        groups=groups,
        outputs=units,
        result_lanes=rng.choice(divisors(pe)),
        vectors=vectors,
    )
    return MatVec.of(folding, Widths(x_bits, w_bits, acc), Stored(BESIDE))


def draw_dot_signs(rng: random.Random) -> DotSigns:
    simd = rng.choice((1, 2, 3, 4, 5, 6, 8, 9, 16, 18, 25, 32))
    return DotSigns(simd, rng.choice((8, 8, 8, 4, 6, 12)), rng.choice((1, 2)))


def draw_dot_xnor(rng: random.Random) -> DotXnor:
    return DotXnor(rng.choice((1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 25, 32, 36, 49, 64)))


@dataclasses.dataclass(frozen=True, eq=False)
class NoAdders(Unrolled):
    """Constants whose sums are there after so many ``cycles`` and take nothing."""

    cycles: int = 1
    luts = 0.0
    flip_flops = 0.0

    @property
    def depth(self) -> int:
        return self.cycles


def draw_issue(rng: random.Random) -> UnrolledMatVec:
    """In front of a graph that takes nothing."""
    pe = rng.choice((1, 2, 4, 10, 20))
    folding = Folding(
        pe=pe,
        simd=1,
        lanes=1,
        beats_per_vector=1,
        groups=1,
        outputs=pe,
        result_lanes=rng.choice(divisors(pe)),
    )
    weights = NoAdders(np.zeros((1, pe), np.int64), 0, 1, cycles=rng.randint(1, 12))
    return UnrolledMatVec.of(folding, Widths(8, 8, 20), weights)


def draw_serializer(rng: random.Random) -> Serializer:
    lanes, slices = rng.choice((1, 1, 1, 2, 4)), rng.choice((1, 2, 3, 4, 5, 8, 16, 32))
    groups = rng.choice((1, 2, 3, 8, 20))
    pe = lanes * slices
    outputs = max(lanes, groups * pe - lanes * rng.randrange(slices))
    return Serializer(pe, lanes, outputs, rng.choice((1, 2, 3, 4, 8, 16)), rng.choice((14, 18, 20, 24)))


def draw_affine(rng: random.Random) -> AffineRequantizer:
    acc, multiplier = rng.randint(14, 26), rng.randint(8, 24)
    correction = rng.choice((0, 0, 6, 12))
    total = acc + multiplier + rng.choice((0, 1))
    shift = total - rng.randint(10, 14)
    zero = rng.choice((-128, 0, 5))
    return AffineRequantizer(
        rom=BESIDE,
        lanes=rng.choice((1, 1, 2, 4)),
        period=rng.choice((1, 2, 10, 32, 128)),
        acc_bits=acc,
        bits=8,
        clamp_min=rng.choice((-128, zero)),
        clamp_max=127,
        shift=shift,
        multiplier_bits=multiplier,
        offset_bits=rng.randint(max(8, correction), total),
        negative_correction_bits=correction,
        total_bits=total,
        zero_point=zero,
    )


def draw_serial(rng: random.Random) -> SerialRequantizer:
    """With a ROM as deep as its counter is wide."""
    pipelined = draw_affine(rng)
    multiplier, shift = pipelined.multiplier_bits, max(pipelined.shift, pipelined.multiplier_bits + 1)
    dsp, needed = rng.randint(0, 1), rng.choice((multiplier + 1, shift))
    digit = -(-needed // -(-needed // 17)) if dsp else 2 * rng.randint(1, 3)
    steps = -(-needed // digit)
    shift = max(0, shift - steps * digit)
    sum_bits = shift + 9 + rng.randint(1, 4)
    return SerialRequantizer(
        rom=memory_of("beside.mem", 1, 0, [0] * (pipelined.period * steps), "stands for one outside"),
        lanes=pipelined.lanes,
        period=pipelined.period,
        acc_bits=pipelined.acc_bits,
        bits=8,
        clamp_min=pipelined.clamp_min,
        clamp_max=127,
        shift=shift,
        pipelined=pipelined,
        steps=steps,
        digit_bits=digit,
        dsp=dsp,
        sides=1 + (pipelined.negative_correction_bits > 0),
        high_bits=-(-rng.randint(shift + 6, sum_bits) // steps),
        sum_bits=sum_bits,
        zero_point=pipelined.zero_point if pipelined.negative_correction_bits else 0,
    )


def draw_fixed(rng: random.Random) -> FixedRequantizer:
    acc = rng.randint(12, 26)
    bits = rng.choice((8, 8, 4, 12))
    return FixedRequantizer(
        rom=BESIDE,
        lanes=rng.choice((1, 1, 2, 4)),
        period=rng.choice((1, 2, 10, 32, 128)),
        acc_bits=acc,
        bits=bits,
        clamp_min=rng.choice((-(1 << bits - 1), 0)),
        clamp_max=(1 << bits - 1) - 1,
        shift=rng.randint(3, max(3, acc - bits)),
        bias_bits=8,
        biased_bits=max(acc + rng.choice((0, 1)), bits + 1),
        bias_shift=rng.randint(0, 5),
    )


def draw_thresholds(rng: random.Random) -> Thresholds:
    acc = rng.randint(4, 16)
    return Thresholds(
        rom=BESIDE,
        lanes=rng.choice((1, 1, 2, 4, 8)),
        period=rng.choice((1, 2, 10, 32, 128)),
        acc_bits=acc,
        threshold_bits=acc + rng.choice((-1, 0, 0)),
    )


def draw_window(rng: random.Random) -> Window:
    width = rng.choice((8, 12, 24, 28, 32))
    height = rng.choice((8, 16, 28))
    kernel, pad = rng.choice(((2, 0), (3, 0), (3, 1), (5, 0), (5, 2), (1, 0)))
    stride = kernel if kernel == 2 else rng.choice((1, 1, 2))
    channels = rng.choice((1, 1, 2, 4, 8) if kernel < 5 else (1, 2, 4))
    pixels = rng.choice((1, 1, 1, 2, 4)) if channels <= 2 else 1
    out = [(size + 2 * pad - kernel) // stride + 1 for size in (height, width)]
    window = Window(
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
        return window.side_by_side(rng.choice(divisors(window.out_width)))
    return window


def draw_window_reader(rng: random.Random) -> WindowReader:
    """As a layer has it, with strides or padding or dilation or none of them."""
    kernel_h, kernel_w = rng.choice(((3, 3), (3, 3), (5, 5), (10, 4), (2, 2), (3, 1)))
    size = rng.choice((6, 8, 12, 16, 25, 32, 48))
    stride = rng.choice((1, 1, 2))
    rate = rng.choice((1, 1, 2, 4)) if stride == 1 else 1
    span_h, span_w = (kernel_h - 1) * rate + 1, (kernel_w - 1) * rate + 1
    padded = rng.random() < 0.6
    pad_top, pad_left = ((span_h - 1) // 2, (span_w - 1) // 2) if padded else (0, 0)
    size = max(size, span_h)
    out_height = -(-size // stride) if padded else (size - span_h) // stride + 1
    out_width = -(-size // stride) if padded else (size - span_w) // stride + 1
    slices = rng.choice((1, 2, 4, 8, 16))
    groups = rng.choice((1, 1, slices, max(1, slices // 2)))
    return WindowReader(
        height=size,
        width=size,
        slices=slices,
        lanes=rng.choice((1, 2, 4, 8)),
        bits=rng.choice((8, 8, 5)),
        kernel_h=kernel_h,
        kernel_w=kernel_w,
        dilation_h=rate,
        dilation_w=rate if kernel_w > 1 else 1,
        stride_h=stride,
        stride_w=stride,
        pad_top=pad_top,
        pad_left=pad_left,
        out_height=out_height,
        out_width=out_width,
        pad_code=rng.choice((0, -128, 3)),
        passes=1 if 1 < groups == slices else rng.choice((1, 2, 4, 11)),
        groups=groups,
        rows=span_h + rng.choice((0, 1, 2)),
    )


def draw_max(rng: random.Random) -> Max:
    cells, channels, bits = rng.choice((2, 4, 4, 6, 9, 16)), rng.choice((1, 2, 4, 8)), rng.choice((8, 8, 5))
    return Max(cells, channels, bits, clamp_min=-(1 << bits - 1), clamp_max=(1 << bits - 1) - 1)


def draw_lanes(rng: random.Random) -> Lanes:
    low, ratio = rng.choice((1, 1, 2, 4)), rng.choice((2, 3, 4, 6, 8))
    into, out = rng.choice(((low, low * ratio), (low * ratio, low)))
    return Lanes(8, into, out, elements=low * ratio * rng.choice((3, 50)))


def draw_gearbox(rng: random.Random) -> Gearbox:
    into, out = rng.choice(((2, 3), (3, 2), (4, 6), (5, 4), (3, 8), (9, 4), (2, 7)))
    return Gearbox(rng.choice((8, 16)), into, out, elements=into * out * rng.choice((2, 9)))


def draw_fork(rng: random.Random) -> Fork:
    return Fork(16, rng.choice((2, 2, 3, 4, 6)))


def draw_concat(rng: random.Random) -> Concat:
    return Concat(
        rng.choice((8, 16, 64)), tuple(rng.choice((1, 2, 8, 64)) for _ in range(rng.choice((2, 3, 4))))
    )


def draw_add(rng: random.Random) -> Add:
    shift = rng.randint(4, 14)
    addition = Addition(
        left_bits=8,
        right_bits=8,
        bits=8,
        left_factor=rng.randint(1, 1 << shift),
        right_factor=rng.randint(1, 1 << shift),
        offset=rng.getrandbits(shift + 3),
        round_positive=1 << shift - 1,
        round_negative=(1 << shift - 1) - 1,
        shift=shift,
        total_bits=shift + 11,
        clamp_min=-128,
        clamp_max=127,
    )
    return Add(rng.choice((1, 2, 4)), addition, table=None)


def draw_join(rng: random.Random) -> Join:
    function, lanes = rng.choice((MAXIMUM, MINIMUM, PRODUCT, PRODUCT)), rng.choice((1, 2, 4, 8))
    bits = rng.choice((4, 6, 8, 8, 8, 12))
    if function == PRODUCT:
        left, right = (rng.choice((0, 0, -(1 << (bits - 1)), 5)) for _ in range(2))
        made = 2 * bits + (left != 0) + (right != 0)
        return Join(
            function=function,
            lanes=lanes,
            left_bits=bits,
            right_bits=bits,
            bits=made,
            left_zero=left,
            right_zero=right,
        )
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    clamp = rng.choice(((low, high), (0, high), (-3, 6)))
    return Join(
        function=function,
        lanes=lanes,
        left_bits=bits,
        right_bits=bits,
        bits=bits,
        clamp_min=clamp[0],
        clamp_max=clamp[1],
    )


def draw_channel_lookup(rng: random.Random) -> ChannelLookup:
    """Without its tables, which stand beside it."""
    lanes = rng.choice((1, 2, 4, 8))
    return ChannelLookup(rng.choice((1, 2, 3, 8, 10, 32, 100)), 8, 8, (BESIDE,) * lanes)


def draw_repeat(rng: random.Random) -> Repeat:
    beats, times = rng.choice((1, 1, 2, 3, 8, 16, 32, 64, 100)), rng.choice((2, 16, 49, 64, 1000, 4096))
    return Repeat(rng.choice((8, 16, 32, 64)), rng.choice((1, 1, 2)) if beats == 1 else 1, beats, times)


def draw_lookup(rng: random.Random) -> Lookup:
    """With its table in a block RAM, so that the LUTs are its own."""
    return Lookup(1, 8, 8, memory_of("identity.mem", 8, 1, range(256), "identity"))


def draw_fifo(rng: random.Random) -> Fifo:
    """Some of them deep enough for block RAM."""
    depth = rng.choice((2, 2, 3, 5, 8, 16, 31, 40, 64, 100, 200, 700, 1115, 3000))
    return Fifo(rng.choice((8, 16, 32, 64)), depth)


def draw_guard(rng: random.Random) -> FrameGuard:
    return FrameGuard(rng.choice((8, 16, 32)), rng.choice((1, 10, 196, 784, 3072)))


def draw_mark(rng: random.Random) -> FrameMark:
    width, beats = rng.choice((8, 16, 32, 80)), rng.choice((1, 2, 10, 100, 784))
    return FrameMark(width, beats, rng.choice((1, 1, 1, 2, 3)), rng.choice((2, 2, 3, 4, 5, 8, 12)))


def draw_axi_lite(rng: random.Random) -> AxiLite:
    words = rng.randint(4, 60)
    return AxiLite(frozenset(range(words)), frozenset(rng.sample(range(words), rng.randint(1, 4))))


def draw_stream_watch(rng: random.Random) -> StreamWatch:
    return StreamWatch(rng.choice((1, 10, 784, 3072)))


def draw_frame_watch(rng: random.Random) -> FrameWatch:
    return FrameWatch(rng.choice((1, 1, 2, 3)), rng.choice((1, 1, 2, 3)), rng.choice((2, 3, 4, 6, 8, 12)))


def draw_register(rng: random.Random) -> Register:
    return Register(rng.choice((2, 9, 10, 17, 18, 33, 34, 66, 82)))


def draw_rom(rng: random.Random) -> Rom:
    width, depth = rng.choice((8, 18, 32, 64)), rng.choice((2, 8, 32, 64, 100, 128, 200, 256, 512))
    words = tuple(rng.getrandbits(width) for _ in range(depth))
    block = int(depth > 100 and rng.random() < 0.6)
    return Rom(memory_of(f"rom_{rng.getrandbits(60):x}.mem", width, block, words, "random words"))


def draw_store(rng: random.Random) -> Store:
    width, depth = rng.choice((8, 18, 64, 72, 90, 128)), rng.choice((2, 8, 10, 16, 32, 64, 100, 256, 512))
    words = tuple(rng.getrandbits(width) for _ in range(depth))
    memory = memory_of(f"rom_{rng.getrandbits(60):x}.mem", width, 0, words, "random words")
    return Store(memory.stored(rng.choice((1, 2))))


def draw_loader(rng: random.Random) -> Loader:
    banks = rng.choice((1, 2))
    stores = [
        Store(memory_of("beside.mem", rng.randint(8, 512), 0, [0] * rng.randint(1, 2000), "").stored(banks))
        for _ in range(2 * rng.randint(1, 8))
    ]
    return Loader(tuple(stores), rng.getrandbits(32))


def draw_frame_gate(rng: random.Random) -> FrameGate:
    return FrameGate(rng.choice((1, 1, 2, 3)))


def draw_vectors(rng: random.Random) -> Vectors:
    windows, kernel, stride = rng.choice((1, 1, 2, 4)), rng.choice((1, 2, 3)), rng.choice((1, 2))
    depth, groups = rng.choice((1, 1, 3)), rng.choice((1, 2, 4))
    columns = (windows - 1) * stride + kernel
    slicing = VectorSlicing(windows, kernel, kernel, stride, columns, depth * groups, depth)
    return Vectors(slicing, 8, pixel_by_pixel=rng.random() < 0.3)


def draw_argmax(rng: random.Random) -> ArgMax:
    lanes = rng.choice((1, 2, 3, 4, 5, 8, 10, 16, 32))
    return ArgMax(lanes, rng.choice((1, 2, 5, 10, 25, 100) if lanes > 1 else (2, 5, 10, 100, 1000)), 8)


def draw_permute(rng: random.Random) -> Permute:
    sizes = [rng.choice((1, 3, 4, 8, 14)), rng.choice((4, 7, 16)), rng.choice((3, 8, 28))]
    strides = [sizes[1] * sizes[2], sizes[2], 1]
    a, b, c = rng.choice(((0, 2, 1), (2, 1, 0), (1, 0, 2)))
    width = rng.choice((8, 8, 16, 32))
    return Permute(width, (sizes[a], sizes[b], sizes[c]), (strides[a], strides[b], strides[c]))


def draw_running_max(rng: random.Random) -> RunningMax:
    clamp = rng.choice(((-128, 127), (-128, 127), (-100, 90)))
    groups, pixels = rng.choice((1, 2, 4, 16, 64, 100)), rng.choice((4, 9, 49, 64, 784))
    return RunningMax(rng.choice((1, 2, 4, 8)), 8, groups, pixels, *clamp)


def draw_part(rng: random.Random, most: tuple[int, ...]) -> tuple[int, int, int]:
    count = rng.choice(most)
    first, last = sorted(rng.choice((0, count - 1, rng.randrange(count))) for _ in range(2))
    return first, last, count


def draw_crop(rng: random.Random) -> Crop:
    sizes = (1, 6, 14, 28, 100)
    return Crop(
        rng.choice((8, 16, 32, 64)), draw_part(rng, sizes), draw_part(rng, sizes), draw_part(rng, (1, 2, 8))
    )


def draw_pad(rng: random.Random) -> Pad:
    size = rng.choice((1, 7, 14, 28)), rng.choice((7, 14, 28, 96))
    steps = rng.choice(((1, 1), (1, 1), (2, 2), (3, 1)))
    first, behind = (tuple(rng.randint(0, 3) for _ in range(2)) for _ in range(2))
    out = [(size[i] - 1) * steps[i] + 1 + first[i] + behind[i] for i in range(2)]
    lanes, code = rng.choice((1, 2, 4, 8)), rng.choice((0, -128, 5))
    return Pad(lanes, 8, rng.choice((1, 2, 8)), size, (out[0], out[1]), (first[0], first[1]), steps, code)


def draw_upsample(rng: random.Random) -> Upsample:
    columns, beats = rng.choice((1, 4, 8, 14, 28)), rng.choice((1, 2, 4, 16))
    return Upsample(
        rng.choice((8, 16, 32, 64)), columns, beats, (rng.choice((2, 2, 3)), rng.choice((1, 2, 2, 4)))
    )


def draw_resize(rng: random.Random) -> Resize:
    """With factors that need few bits of a weight, and others."""
    old = rng.choice((4, 8, 14, 28)), rng.choice((1, 4, 8, 14, 28, 60))
    new = old[0] * rng.choice((2, 2, 3, 4)), old[1] * rng.choice((2, 2, 3, 4))
    op = resize(old, new, rng.choice(ROUNDINGS))
    rows, columns = Axis.of(old[0], op.rows, op.bits), Axis.of(old[1], op.columns, op.bits)
    return Resize.of(rng.choice((8, 16, 32, 64)), rng.choice((1, 1, 2, 4, 16)), rows, columns, ("", ""))


def draw_bilinear(rng: random.Random) -> Bilinear:
    row, column = rng.choice(((2, 2), (3, 3), (10, 10), (11, 11), (2, 11), (11, 3), (1, 2)))
    return Bilinear(rng.choice((1, 2, 4, 8)), rng.choice((8, 8, 8, 6, 12)), row, column, rng.random() < 0.5)


DRAWS: dict[str, Callable[[random.Random], Module]] = {
    "krl_matvec": draw_matvec,
    "krl_dot_signs": draw_dot_signs,
    "krl_dot_xnor": draw_dot_xnor,
    "krl_serializer": draw_serializer,
    "krl_requantize_affine": draw_affine,
    "krl_requantize_fixed": draw_fixed,
    "krl_requantize_serial": draw_serial,
    "krl_threshold": draw_thresholds,
    "krl_window": draw_window,
    "krl_window_reader": draw_window_reader,
    "krl_max": draw_max,
    "krl_lanes": draw_lanes,
    "krl_gearbox": draw_gearbox,
    "krl_concat": draw_concat,
    "krl_fork": draw_fork,
    "krl_add": draw_add,
    "krl_join": draw_join,
    "krl_channel_lookup": draw_channel_lookup,
    "krl_repeat": draw_repeat,
    "krl_lookup": draw_lookup,
    "krl_issue": draw_issue,
    "krl_fifo": draw_fifo,
    "krl_frame_guard": draw_guard,
    "krl_frame_mark": draw_mark,
    "krl_axi_lite": draw_axi_lite,
    "krl_frame_watch": draw_frame_watch,
    "krl_register": draw_register,
    "krl_stream_watch": draw_stream_watch,
    "krl_rom": draw_rom,
    "krl_store": draw_store,
    "krl_loader": draw_loader,
    "krl_frame_gate": draw_frame_gate,
    "krl_vectors": draw_vectors,
    "krl_argmax": draw_argmax,
    "krl_permute": draw_permute,
    "krl_running_max": draw_running_max,
    "krl_crop": draw_crop,
    "krl_pad": draw_pad,
    "krl_upsample": draw_upsample,
    "krl_resize": draw_resize,
    "krl_bilinear": draw_bilinear,
}


# ---- fit and comparison ----


def memories_inside(module: Module) -> tuple[Memory, ...]:
    """The memories that the module reads from a file itself."""
    if isinstance(module, Rom):
        return (module.memory,)
    return module.memories if "FILE" in module.parameters() else ()


def instance_of(module: Module) -> Instance:
    """``module`` as Yosys is given it."""
    parameters = module.parameters()
    for memory in memories_inside(module):
        parameters["FILE"] = memory.file
    return Instance(module.library, parameters)


def predicted(module: Module) -> Area:
    """The area of ``module`` without the memories that stand beside it."""
    return area.of_module(module) if memories_inside(module) else area.without_memories(module)


def measured(modules: Sequence[Module]) -> list[Resources]:
    """What Yosys finds."""
    found: list[Resources] = []
    for at in range(0, len(modules), BATCH):
        batch = modules[at : at + BATCH]
        memories = [memory for module in batch for memory in memories_inside(module)]
        texts = {memory.file: memory_text(memory) for memory in memories}
        found += measure([instance_of(module) for module in batch], texts)
    return found


def fit(modules: Sequence[Module], found: Sequence[Resources]) -> dict[str, dict[str, float]]:
    """Weights of the counts by resource, from modules that have any; each counts by its relative error."""
    pairs = [(module.counts(), one) for module, one in zip(modules, found, strict=True)]
    used = [(counts, one) for counts, one in pairs if counts]
    if not used:  # wiring alone
        return {resource: {} for resource in FITTED}
    names = list(used[0][0])
    matrix = np.array([[counts[name] for name in names] for counts, _ in used], float)
    weights: dict[str, dict[str, float]] = {}
    for resource in FITTED:
        truth = np.array([count_of(one, resource) for _, one in used], float)
        scale = 1 / np.maximum(8, truth)
        solved, _ = nnls(matrix * scale[:, None], truth * scale)
        rounded = zip(names, (round(float(weight), 4) for weight in solved), strict=True)
        weights[resource] = {name: weight for name, weight in rounded if weight}
    return weights


def count_of(found: Resources, resource: str) -> int:
    """LUTs of logic, flip-flops, or LUTs that are shift registers."""
    if resource == "srl":
        return sum(count for cell, count in found.cells.items() if cell.startswith("SRL"))
    return int(getattr(found, resource))


def write(name: str, weights: dict[str, dict[str, float]]) -> None:
    """Put the ``weights`` of the module ``name`` into the area model."""
    held = json.loads(WEIGHTS.read_text(encoding="ascii"))
    held[name] = weights
    WEIGHTS.write_text(json.dumps(held, indent=2) + "\n", encoding="ascii")
    area.fitted_weights.cache_clear()


def compare(name: str, modules: Sequence[Module], found: Sequence[Resources]) -> None:
    """One row: relative errors where the weights were fitted, wrong counts where the model is exact."""
    row = [f"{name:24}{len(modules):4}"]
    guesses = [predicted(module) for module in modules]
    for what in ESTIMATED:
        truth = np.array([getattr(one, what) for one in found], float)
        guess = np.array([getattr(one, what) for one in guesses])
        errors = np.abs(guess - truth) / np.maximum(truth, 8)
        total = (guess.sum() - truth.sum()) / max(8, truth.sum())
        row.append(f"{what} {np.median(errors):6.1%} {errors.max():6.1%} {total:+6.1%}")
    for what in EXACT:
        wrong = sum(getattr(a, what) != getattr(b, what) for a, b in zip(guesses, found, strict=True))
        row.append(f"{what} {wrong}")
    print("   ".join(row), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fit", action="store_true", help="write the weights anew")
    parser.add_argument("--count", type=int, default=40, help="samples per module")
    parser.add_argument("--module", action="append", choices=tuple(DRAWS), help="only this one")
    options = parser.parse_args()
    print("module, samples; median and largest error, error of the sum; samples with a wrong count")
    for name in options.module or DRAWS:
        rng = random.Random(1)
        modules = [DRAWS[name](rng) for _ in range(options.count)]
        found = measured(modules)
        if options.fit:
            write(name, fit(modules, found))
        compare(name, modules, found)


if __name__ == "__main__":
    main()
