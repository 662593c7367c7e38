# SPDX-License-Identifier: Apache-2.0
"""Mutants that nothing can kill, because they do what the module does, each with the argument.

A line of the module as it is, the line as the mutant has it, white space being a blank, and why
nothing changes.
"""

from __future__ import annotations

# by module and both lines
EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        "krl_accumulator",
        "if (ACC_BITS > SUM_BITS) begin : g_extend",
        "if (ACC_BITS >= SUM_BITS) begin : g_extend",
    ): "with as many bits the sign is repeated no times, and the addend stays as it is",
    (
        "krl_add",
        "wire signed [TOTAL_BITS-1:0] lowest = {{(TOTAL_BITS-BITS){CLAMP_MIN[BITS-1]}}, CLAMP_MIN[BITS-1:0]};",
        "wire signed [TOTAL_BITS-1:0] lowest = {{(TOTAL_BITS-BITS){CLAMP_MIN[BITS-0]}}, CLAMP_MIN[BITS-1:0]};",
    ): "the clamp lies within BITS, so that the bit above its sign is the same",
    (
        "krl_add",
        "wire signed [TOTAL_BITS-1:0] highest = {{(TOTAL_BITS-BITS){CLAMP_MAX[BITS-1]}}, CLAMP_MAX[BITS-1:0]};",
        "wire signed [TOTAL_BITS-1:0] highest = {{(TOTAL_BITS-BITS){CLAMP_MAX[BITS-0]}}, CLAMP_MAX[BITS-1:0]};",
    ): "the clamp lies within BITS, so that the bit above its sign is the same",
}
