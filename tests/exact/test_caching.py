# SPDX-License-Identifier: Apache-2.0
"""What is remembered: a result for equal contents, or for one object and as long as it lives."""

from __future__ import annotations

import dataclasses
import gc
from typing import Any

import numpy as np
import pytest

from kerilog.exact import caching
from kerilog.exact.caching import by_content, by_owner
from kerilog.exact.intervals import Interval


@dataclasses.dataclass(frozen=True, eq=False)
class Owner:
    weights: Any


def interval(low: int, high: int) -> Interval:
    return Interval(np.array([low]), np.array([high]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array([1, 2]), np.array([1, 3])),
        (np.array([1, 2]), np.array([[1, 2]])),
        (np.array([1, 2]), np.array([1, 2], np.int32)),
        (np.array([1 << 70], object), np.array([1 << 71], object)),
        (interval(0, 1), interval(0, 2)),
        ((interval(0, 1), 3), (interval(0, 1), 4)),
        (1, True),
        ("a", "b"),
    ],
)
def test_equal_contents_are_solved_once_and_others_again(one: Any, other: Any) -> None:
    calls = []

    @by_content
    def solve(value: Any, layer: str = "") -> int:
        calls.append(layer)
        return len(calls)

    def copied(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.copy()
        if isinstance(value, tuple):
            return tuple(copied(item) for item in value)
        return interval(int(value.low[0]), int(value.high[0])) if isinstance(value, Interval) else value

    assert solve(one) == solve(copied(one)) == 1
    assert solve(other) == solve(copied(other)) == 2
    assert solve(one, layer="x") == 3 and solve(one, layer="x") == 3


def test_the_oldest_result_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "MOST_KEPT", 2)
    calls = []

    @by_content
    def solve(value: int) -> int:
        calls.append(value)
        return value

    for value in (1, 2, 1, 3, 1, 2):
        assert solve(value) == value
    assert calls == [1, 2, 3, 2]


def test_an_error_is_not_remembered() -> None:
    calls = []

    @by_content
    def solve(value: int) -> int:
        calls.append(value)
        raise ValueError(value)

    for _ in range(2):
        with pytest.raises(ValueError, match="7"):
            solve(7)
    assert calls == [7, 7]


def test_results_live_as_long_as_their_owner() -> None:
    calls = []

    @by_owner
    def solve(owner: Owner, low: int, high: int = 0) -> Owner:
        calls.append((low, high))
        return Owner(low)

    one, other = Owner(1), Owner(1)
    assert solve(one, 3) is solve(one, 3) and solve(one, 3) is not solve(other, 3)
    assert solve(one, 4, high=2) is solve(one, 4, high=2)
    assert calls == [(3, 0), (3, 0), (4, 2)]
    del one, other
    gc.collect()
    assert solve(Owner(1), 3).weights == 3 and len(calls) == 4
