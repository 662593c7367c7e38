# SPDX-License-Identifier: Apache-2.0
"""The cost of a design as one number, in LUTs of a Xilinx 7-series FPGA."""

from __future__ import annotations

from kerilog.area import Area

FACTORS = {"lut": 1, "lutram": 1, "dsp": 60, "bram18": 150}
"""What each resource counts for: a LUT, of logic or as memory, for one. Flip-flops, of which there are two
beside each LUT, count for nothing.
"""


def cost_of(area: Area) -> int:
    """The sum of all resources, each times its factor."""
    total: float = sum(factor * getattr(area, name) for name, factor in FACTORS.items())
    return round(total)
