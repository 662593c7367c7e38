# SPDX-License-Identifier: Apache-2.0
"""Mutants that nothing can kill, because they do what the module does, each with the argument.

A line of the module as it is, the line as the mutant has it, white space being a blank, and why
nothing changes.
"""

from __future__ import annotations

Key = tuple[str, str, str]


def _sign_of(clamp: str, name: str) -> Key:
    extended = f"{{{{(TOTAL_BITS-BITS){{{clamp}[BITS-1]}}}}, {clamp}[BITS-1:0]}}"
    line = f"wire signed [TOTAL_BITS-1:0] {name} = {extended};"
    return "krl_add", line, line.replace(f"{clamp}[BITS-1]}}", f"{clamp}[BITS-0]}}")


_SIGN = "the clamp lies within BITS, so that the bit above its sign is the same"

# by module and both lines
EQUIVALENT: dict[Key, str] = {
    (
        "krl_accumulator",
        "if (ACC_BITS > SUM_BITS) begin : g_extend",
        "if (ACC_BITS >= SUM_BITS) begin : g_extend",
    ): "with as many bits the sign is repeated no times, and the addend stays as it is",
    _sign_of("CLAMP_MIN", "lowest"): _SIGN,
    _sign_of("CLAMP_MAX", "highest"): _SIGN,
}
