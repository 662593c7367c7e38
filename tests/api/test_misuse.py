# SPDX-License-Identifier: Apache-2.0
"""What Python may hand over by mistake: each is refused in one line that names the argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import kerilog as api
from kerilog.errors import KerilogError
from kerilog.plan.goals import Goal
from support.keras_files import SHAPE, write_tiny

Call = Callable[[Any, Any, Any], object]  # of a graph, a converted network and samples


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Any]:
    path = tmp_path_factory.mktemp("misuse") / "tiny.keras"
    write_tiny(path)
    x = np.random.default_rng(3).random((20, *SHAPE), np.float32)
    graph = api.load(path)
    return graph, api.quantize(graph, x), x  # type: ignore[arg-type]


def with_nan(x: Any) -> Any:
    spoilt = x.copy()
    spoilt[3].flat[0] = np.nan
    return spoilt


CALLS: list[tuple[Call, str]] = [
    (lambda g, n, x: api.quantize(g, with_nan(x)), "1 samples hold NaN or infinity, the first is sample 3"),
    (lambda g, n, x: api.quantize(g, [[1], [2, 3]]), "expected an array of numbers, found list"),
    (lambda g, n, x: api.quantize(g, (one for one in x)), "expected an array of numbers, found generator"),
    (lambda g, n, x: api.quantize("tiny.keras", x), "model: expected what kerilog.load gives.* found str"),
    (lambda g, n, x: api.quantize(g, x, count=1.5), "count must be a whole number of at least 1, found 1.5"),
    (lambda g, n, x: api.quantize(g, x, input_scale="a"), "input scale: expected a finite number"),
    (lambda g, n, x: n.run([[1], [2, 3]]), "x: expected an array of numbers, found list"),
    (lambda g, n, x: n.run(x, "code"), "unknown kind 'code'; choose one of codes, raw"),
    (lambda g, n, x: n.plan(unroll=5), "unroll: expected names of layers, found 5"),
    (lambda g, n, x: n.plan(unroll=[5]), "unroll: expected names of layers"),
    (lambda g, n, x: n.plan(name=5), "name: expected a text, found int"),
    (lambda g, n, x: n.build(None), "directory: expected a path, found NoneType"),
    (lambda g, n, x: n.save(b"out"), "directory: expected a path, found bytes"),
    (lambda g, n, x: api.generate(n, 5), "directory: expected a path, found int"),
    (lambda g, n, x: api.load(5), "path: expected a path, found int"),
    (lambda g, n, x: api.generate(n, "out", name=5), "name: expected a text, found int"),
]  # type: ignore[arg-type]


@pytest.mark.parametrize(("call", "message"), CALLS)
def test_is_refused_in_one_line(made: tuple[Any, Any, Any], call: Call, message: str) -> None:
    with pytest.raises(KerilogError, match=message) as caught:
        call(*made)
    assert "\n" not in str(caught.value)


def test_goals_take_numbers_of_numpy() -> None:
    goal = Goal(interval=np.int64(50))  # type: ignore[arg-type]
    assert type(goal.interval) is int and goal == Goal(interval=50)
    rate = Goal(fps=np.float32(2), clock_mhz=np.int32(100))  # type: ignore[arg-type]
    assert (type(rate.fps), type(rate.clock_mhz)) == (float, float)
