# SPDX-License-Identifier: Apache-2.0
"""What the look-up tables and flip-flops of a module grow with: counts that follow from its parameters.

Each function is one module of ``hw/rtl``; its docstring says what is counted. ``area_weights`` holds how much
each of the counts takes.
"""

from __future__ import annotations

from collections.abc import Mapping

from kerilog.plan import packing
from kerilog.plan.addition import Addition
from kerilog.plan.design import AffineRequantizer, FixedRequantizer, MatVec, Memory, Serializer
from kerilog.plan.mapping import bits, multiplier_dsps, mux
from kerilog.plan.window import Window

Counts = Mapping[str, float]
"""What the LUTs and flip-flops of a module grow with, by the names of ``area_weights``."""


def matvec(matvec: MatVec) -> Counts:
    """Adder tree: ``simd - 1`` adders a lane, each a bit wider than those before it. Then the running sum,
    the choice of ``simd`` elements out of ``lanes``, and the counters.
    """
    product = matvec.x_bits + matvec.w_bits
    tree, nodes, width = 0, matvec.simd, product
    while nodes > 1:
        tree, nodes, width = tree + nodes // 2 * (width + 1), -(-nodes // 2), width + 1
    # every run of lanes chooses among the vectors of its units
    vectors = matvec.pe // matvec.run
    choices = matvec.folds * (1 if matvec.vectors == 1 else matvec.groups)
    paired = matvec.pairs * matvec.simd
    single = matvec.multipliers - 2 * paired
    small = 0 if multiplier_dsps(matvec.x_bits, matvec.w_bits) else single
    streamed = matvec.beats > 1 and matvec.groups > 1
    return {
        "one": 1,
        "tree": matvec.pe * tree,
        "sums": matvec.pe * matvec.acc_bits,
        "sums kept": matvec.pe * matvec.acc_bits * streamed,
        "select": vectors * matvec.simd * matvec.x_bits * mux(choices),
        "activations": vectors * matvec.simd * matvec.x_bits,
        "pairs": paired * product,
        "singles": single * product,
        "lanes": matvec.pe,
        "address": matvec.address_bits if matvec.steps > 1 else 0,
        "counters": sum(bits(count) for count in (matvec.folds, matvec.groups, matvec.beats)),
        "credits": matvec.credits.bit_length(),
        "levels": bits(matvec.simd),
        "group": bits(matvec.groups) * streamed,
        "small products": small * matvec.x_bits * matvec.w_bits,
    }


def serializer(serializer: Serializer) -> Counts:
    """A multiplexer of ``pe / lanes`` slices, pointers, and two counters."""
    slices = serializer.pe // serializer.lanes
    out = serializer.lanes * serializer.bits
    return {
        "one": 1,
        "select": out * mux(slices),
        "out": out,
        "word": serializer.pe * serializer.bits * (serializer.depth == 1),
        "pointers": bits(serializer.depth),
        "level": serializer.depth.bit_length(),
        "counters": bits(slices) + bits(serializer.groups),
    }


def affine(requantizer: AffineRequantizer) -> Counts:
    """A lane: a sum, a sum with the tilt if there is one, two comparisons, and registers of the total."""
    lanes, total = requantizer.lanes, requantizer.total_bits
    dsps = multiplier_dsps(requantizer.acc_bits, requantizer.multiplier_bits + 1)
    tilted = requantizer.tilt_bits > 0
    return {
        "one": 1,
        "beats": bits(requantizer.beats),
        "lanes": lanes,
        "total": lanes * total,
        "rounded": lanes * max(0, total - requantizer.shift),
        "offset": lanes * requantizer.offset_bits,
        "tilted": lanes * total * tilted,
        "tilt": lanes * requantizer.tilt_bits,
        "split product": lanes * total * (dsps > 1),
        "split twice": lanes * total * (dsps > 2),
        "codes": lanes * requantizer.bits,
    }


def fixed(requantizer: FixedRequantizer) -> Counts:
    """A lane: the bias is added, then half a place, then two comparisons."""
    lanes = requantizer.lanes
    moved = max(1, requantizer.biased_bits + 1 - requantizer.shift)
    return {
        "one": 1,
        "beats": bits(requantizer.beats),
        "lanes": lanes,
        "accumulator": lanes * requantizer.acc_bits,
        "biased": lanes * requantizer.biased_bits,
        "moved": lanes * moved,
        "codes": lanes * requantizer.bits,
    }


def window(window: Window) -> Counts:
    """``kernel_h`` banks are read side by side and put in order; then columns are shifted past the window,
    which is copied with its padding put in, or with several pixels a beat they are queued before it.
    """
    word = window.pixels * window.pixel_bits
    column = window.kernel_h * window.pixel_bits
    # with bands side by side the rows never change their order
    rolls = window.stride_h % window.kernel_h != 0
    single, ring = window.pixels == 1, not window.has_no_memory
    queue = 0 if single else 2 * max(window.kernel_w, window.stride_w) + window.pixels - 1
    padded = window.pad_top > 0 or window.pad_left > 0 or window.columns > window.width
    return {
        "one": 1,
        "ring": ring,
        "passing": word * window.has_no_memory,
        "order": window.kernel_h * word * mux(window.kernel_h) * ring * rolls,
        "rolls": rolls * ring,
        "row reads": window.kernel_h * word * (not window.block) * ring,
        "bands": window.kernel_h * ring,
        "places": bits(window.rows + 1) * ring,
        "padding": window.window_bits * padded * single,
        "padded": padded,
        "windows": window.waiting * window.window_bits * single,
        "waiting": (window.waiting - 1) * window.window_bits,
        "shifted": (window.kernel_w - 1) * column * single,
        "queue": queue * column,
        "turned": (column << bits(window.pixels)) * bits(window.pixels),
        "x": bits(max(window.row_words, window.reads)),
        "y": bits(window.height),
        "queued": not single,
    }


def maximum(cells: int, channels: int, width: int) -> Counts:
    """``krl_max``: a comparison and a choice for each node of the tree, and the clamp."""
    leaves = 1 << max(1, (cells - 1).bit_length())
    levels = leaves.bit_length() - 1
    return {
        "one": 1,
        "levels": levels,
        "comparisons": channels * max(1, cells - 1) * width,
        "padded": channels * (leaves - max(2, cells)) * width,
        "out": channels * width,
        "channels": channels,
    }


def lanes(width: int, lanes_in: int, lanes_out: int) -> Counts:
    """``krl_lanes``: what gathers, or is handed out slice by slice."""
    ratio = max(lanes_in, lanes_out) // min(lanes_in, lanes_out)
    wider = lanes_out > lanes_in
    return {
        "one": 1,
        "gathered": width * lanes_out * wider,
        "held": width * lanes_in * (not wider),
        "ratio": bits(ratio + 1),
        "wider": wider,
        "arriving": width * lanes_in * wider,
        "places": ratio * wider,
    }


def gearbox(width: int, lanes_in: int, lanes_out: int) -> Counts:
    """``krl_gearbox``: a queue of elements, into which beats are put at any place."""
    queue = lanes_out + min(lanes_in, lanes_out) - 1 + lanes_in
    return {
        "one": 1,
        "queue": queue * width,
        "placed": queue * width * mux(1 << bits(lanes_in)),
        "level": queue.bit_length(),
    }


def fork(outputs: int) -> Counts:
    """``krl_fork``: a flag for each output that has taken the beat."""
    return {"one": 1, "outputs": outputs}


def add(addition: Addition) -> Counts:
    """``krl_add``, a lane: two products with constants and three more sums.

    A constant of up to three signed digits is shifts and adds, any other a table of 16 words a nibble.
    """
    factors = [addition.left_factor, addition.right_factor]
    if addition.table:
        factors.pop(addition.table - 1)
    digits = [signed_digits(abs(factor)) for factor in factors]
    return {
        "one": 1,
        "lanes": addition.lanes,
        "shifts": addition.lanes * sum(n for n in digits if n <= 3) * addition.total_bits,
        "tables": addition.lanes * sum(n > 3 for n in digits) * addition.total_bits,
        "factors": addition.lanes * len(factors) * addition.total_bits,
        "total": addition.lanes * addition.total_bits,
        "rounded": addition.lanes * max(0, addition.total_bits - addition.shift),
        "codes": addition.lanes * addition.bits,
        "arriving": addition.lanes * (addition.left_bits + addition.right_bits),
    }


def signed_digits(number: int) -> int:
    """Digits other than 0 in the shortest form with the digits -1, 0 and 1."""
    return (number ^ (3 * number)).bit_count()


def issue(latency: int, places: int) -> Counts:
    """``krl_issue``: a flag for every cycle of the latency, and a counter of free places."""
    return {"one": 1, "latency": latency, "credits": places.bit_length()}


def fifo(width: int, depth: int) -> Counts:
    """Above 64 words the words of several memories are chosen from."""
    return {
        "one": 1,
        "pointers": bits(depth),
        "level": depth.bit_length(),
        "not a power": depth & (depth - 1) != 0,
        "select": width * mux(-(-depth // 64)),
        "banks": -(-depth // 64) - 1,
        "word": width * (depth == 1),
    }


def frame_guard(width: int, beats: int) -> Counts:
    return {"one": 1, "width": width, "beat": bits(beats)}


def frame_last(beats: int) -> Counts:
    return {"one": 1, "beat": bits(beats)}


def columns_of(memory: Memory) -> int:
    """Columns of bits that differ from each other and are not constant."""
    return packing.columns(memory.packed, memory.width)


def rom(columns: int, depth: int) -> Counts:
    """A LUT for every 64 words of each column of bits, and a register; two words need no LUT."""
    return {
        "one": 1,
        "tables": columns * -(-depth // 64) * (depth > 2),
        "columns": columns,
        "chosen": columns * mux(-(-depth // 256)),
    }
