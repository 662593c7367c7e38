# SPDX-License-Identifier: Apache-2.0
"""What the timing model knows of every hardware module."""

from __future__ import annotations

import abc
from typing import Final

from mypy_extensions import i64

NEVER: Final = 1 << 60
"""More cycles than anything lasts."""

LONGEST: Final = 62
"""Registers that a pipeline may have one behind the other: a bit of a 64-bit integer each."""


class Control(abc.ABC):
    """The registers of one module that decide when a beat moves: beats enter on its left, leave on its right.

    ``valid`` depends on registers alone; ``ready`` may depend on the ready of the module to the right.
    """

    def __init__(self) -> None:
        self.valid = False

    @abc.abstractmethod
    def ready(self, right_ready: bool) -> bool:
        """Whether a beat can come in now."""

    @abc.abstractmethod
    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        """One clock edge.

        ``entered``, ``left``: a beat has come in, gone out; ``left_valid``: one is on offer.
        """

    def quiet(self, left_valid: bool, right_ready: bool) -> i64:
        """For how many cycles ``valid`` and ``ready`` stay as they are while no beat moves on either side.

        0 if ``clock`` must find out.
        """
        return NEVER

    def skip(self, cycles: i64, left_valid: bool, right_ready: bool) -> None:  # noqa: B027 - most stand still
        """As many clock edges at once, no more than ``quiet`` says."""

    def appetite(self) -> i64:
        """How many beats it takes for certain, one in each cycle from now on, while none leaves and its
        ``valid`` stays.
        """
        return 0

    def absorb(self, beats: i64) -> None:  # noqa: B027 - those without appetite are never given any
        """Take as many beats in as many cycles, no more than ``appetite`` says."""

    @abc.abstractmethod
    def state(self) -> tuple[int, ...]:
        """All registers, and nothing that only counts: what happens next follows from them."""


def following(place: i64, last: i64) -> i64:
    """The place after ``place`` in 0 .. ``last``, 0 after the last.

    A conditional expression of a native integer and a literal would be compiled to objects.
    """
    if place == last:
        return 0
    return place + 1


def check_depth(depth: int) -> None:
    """Raises ValueError for more than ``LONGEST`` registers one behind the other, or none."""
    if not 1 <= depth <= LONGEST:
        raise ValueError(f"a pipeline of {depth} registers: the model has 1 to {LONGEST}")
