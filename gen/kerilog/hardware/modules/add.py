# SPDX-License-Identifier: Apache-2.0
"""``krl_add``: the sum of two codes, or their difference."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.exact.addition import Addition
from kerilog.hardware.memories import Memory
from kerilog.hardware.module import Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.pipe import Pipe


@dataclasses.dataclass(frozen=True, eq=False)
class Add(Module):
    """An instance of ``krl_add``: ``lanes`` sums of the form ``addition``, with its ``table`` if any."""

    lanes: int
    addition: Addition
    table: Memory | None

    library = "krl_add"
    latency = 6

    @property
    def memories(self) -> tuple[Memory, ...]:
        return (self.table,) if self.table else ()

    @property
    def copies(self) -> int:
        return self.lanes

    def parameters(self) -> dict[str, int | str]:
        form = self.addition
        table: dict[str, int | str] = {}
        if self.table:
            table = {"TABLE": form.table, "FILE": self.table.literal, "BLOCK": self.table.block}
        return {
            "LANES": self.lanes,
            "LEFT_BITS": form.left_bits,
            "RIGHT_BITS": form.right_bits,
            "TOTAL_BITS": form.total_bits,
            "BITS": form.bits,
            "LEFT_FACTOR": self._literal(form.left_factor),
            "RIGHT_FACTOR": self._literal(abs(form.right_factor)),
            "SUBTRACT": form.subtract,
            "OFFSET": self._literal(form.offset),
            "ROUND_POSITIVE": self._literal(form.round_positive),
            "ROUND_NEGATIVE": self._literal(form.round_negative),
            "SHIFT": form.shift,
            **table,
            "CLAMP_MIN": form.clamp_min,
            "CLAMP_MAX": form.clamp_max,
        }

    def _literal(self, value: int) -> str:
        """A constant as a Verilog literal of ``total_bits``."""
        bits = self.addition.total_bits
        return f"{bits}'h{value & ((1 << bits) - 1):x}"

    def controls(self) -> Sequence[Control]:
        return (Pipe(depth=self.latency),)

    def counts(self) -> Counts:
        """Per lane: two products with constants and three more sums.

        A constant of up to three signed digits is shifts and adds, any other a table of 16 words per nibble.
        """
        form = self.addition
        factors = [form.left_factor, form.right_factor]
        if form.table:
            factors.pop(form.table - 1)
        digits = [signed_digits(abs(factor)) for factor in factors]
        return {
            "one": 1,
            "lanes": self.lanes,
            "shifts": self.lanes * sum(n for n in digits if n <= 3) * form.total_bits,
            "tables": self.lanes * sum(n > 3 for n in digits) * form.total_bits,
            "factors": self.lanes * len(factors) * form.total_bits,
            "total": self.lanes * form.total_bits,
            "rounded": self.lanes * max(0, form.total_bits - form.shift),
            "codes": self.lanes * form.bits,
            "arriving": self.lanes * (form.left_bits + form.right_bits),
        }


def signed_digits(number: int) -> int:
    """Digits other than 0 in the shortest form with the digits -1, 0 and 1."""
    return (number ^ (3 * number)).bit_count()
