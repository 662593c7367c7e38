# SPDX-License-Identifier: Apache-2.0
"""What Yosys 0.23 makes of multiplications and memories on Xilinx 7-series."""

from __future__ import annotations

SMALL_PRODUCT = 8  # bits up to which a product is made of look-up tables


def multiplier_dsps(left: int, right: int) -> int:
    """DSP48E1 of a signed product: 25 x 18 bits in one; beyond that parts of 17 bits. Small products go to
    LUTs.
    """
    if left + right <= SMALL_PRODUCT:
        return 0
    longer, shorter = max(left, right), min(left, right)
    return (1 + -(-max(0, shorter - 18) // 17)) * (1 + -(-max(0, longer - 25) // 17))


def distributed_ram(width: int, depth: int) -> int:
    """LUTs of a memory with one write and one read port: 4 hold 32 words of 6 bits, 64 words of 3, or one of
    8.
    """
    if depth == 1:
        return 4 * -(-width // 8)
    if depth <= 32:
        return 4 * -(-width // 6)
    return 4 * -(-width // 3) * -(-depth // 64)


def block_ram(width: int, depth: int) -> tuple[int, int]:
    """Block RAMs of 18 Kbit, and the lines side by side that the upper address bits choose from.

    Yosys takes the cheapest of: 2**n words of 1 to 36 bits in 18 Kbit, or up to 72 bits in 36 Kbit, as many
    lines of them next to each other as the depth needs. A RAM costs 129 for 18 Kbit and 257 for 36, each
    line but the first half as much as the word has bits, for the multiplexers.
    """
    best = (0.0, 0, 0)
    for size, cost, widths in ((1, 129, (1, 2, 4, 9, 18, 36)), (2, 257, (1, 2, 4, 9, 18, 36, 72))):
        for port in widths:
            words = 16384 * size // (port * 8 // 9 if port >= 9 else port)
            side_by_side = -(-depth // words)
            count = -(-side_by_side * width // port)
            found = (cost * count + width * (side_by_side - 1) / 2, size * count, side_by_side)
            best = min(best, found) if best[1] else found
    return best[1], best[2]


def mux(inputs: int) -> int:
    """LUTs of 6 inputs that choose one bit out of ``inputs``: each takes three more."""
    return -(-(inputs - 1) // 3)


def counter_bits(count: int) -> int:
    """Bits of a counter over ``count`` places; none for one."""
    return (count - 1).bit_length()


def address_bits(depth: int) -> int:
    """Width of an address of ``depth`` words; at least 1."""
    return max(1, counter_bits(depth))
