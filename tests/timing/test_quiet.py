# SPDX-License-Identifier: Apache-2.0
"""Cycles that are leapt over are cycles in which nothing shows; and what is blocked comes to rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog.timing.control import NEVER, Control
from kerilog.timing.fifo import Fifo
from kerilog.timing.matvec import MatrixVector
from kerilog.timing.pipe import Pipe
from kerilog.timing.register import Register
from kerilog.timing.serial import Serial

LONG = 400  # more cycles than any of these takes to come to rest

Made = Callable[[], Control]


@st.composite
def controls(draw: st.DrawFn) -> Made:
    few = st.integers(1, 5)
    kind = draw(st.sampled_from(["serial", "serial", "matvec", "pipe", "fifo", "register"]))
    if kind == "serial":
        return partial(Serial, steps=draw(few), delay=draw(few))
    if kind == "matvec":
        folds, groups = draw(few), draw(few)
        slices = draw(few)
        return partial(
            MatrixVector,
            beats=draw(few),
            groups=groups,
            folds=folds,
            latency=draw(st.integers(1, 12)),
            credits=draw(few),
            slices=slices,
            slices_of_last=draw(st.integers(1, slices)),
        )
    if kind == "pipe":
        return partial(Pipe, depth=draw(st.integers(1, 12)))
    return partial(Fifo, depth=draw(few)) if kind == "fifo" else Register


def step(control: Control, left_valid: bool, right_ready: bool) -> None:
    entered = left_valid and control.ready(right_ready)
    control.clock(left_valid, entered, right_ready, control.valid and right_ready)


@settings(max_examples=300, deadline=None)
@given(controls(), st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 9)), max_size=40))
def test_a_leap_is_as_many_cycles(made: Made, drives: list[tuple[bool, bool, int]]) -> None:
    """While neither a beat moves nor ``quiet`` ends, valid, ready and all that follows are the same."""
    leaping, stepping = made(), made()
    for left_valid, right_ready, cycles in drives:
        while cycles > 0:
            moves = (left_valid and leaping.ready(right_ready)) or (leaping.valid and right_ready)
            leap = 0 if moves else min(cycles, leaping.quiet(left_valid, right_ready))
            if leap:
                leaping.skip(leap, left_valid, right_ready)
            else:
                step(leaping, left_valid, right_ready)
            for _ in range(max(leap, 1)):
                step(stepping, left_valid, right_ready)
            assert stepping.state() == leaping.state()
            assert stepping.valid == leaping.valid
            assert stepping.ready(right_ready) == leaping.ready(right_ready)
            cycles -= max(leap, 1)


@settings(max_examples=300, deadline=None)
@given(controls(), st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40), st.booleans())
def test_what_is_blocked_comes_to_rest(made: Made, drives: list[tuple[bool, bool]], given_more: bool) -> None:
    control = made()
    for left_valid, right_ready in drives:
        step(control, left_valid, right_ready)
    for _ in range(LONG):
        step(control, given_more, False)
    assert not (given_more and control.ready(False))
    assert control.quiet(given_more, False) == NEVER
