# SPDX-License-Identifier: Apache-2.0
"""The passes that Numba compiles against NumPy's: as they are in Python, and compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog.errors import KerilogError
from kerilog.formats import Affine, Fixed
from kerilog.integer import compiled, fast
from kerilog.integer.compiled import CompiledFinish, CompiledTaps
from kerilog.integer.engine import NUMPY
from kerilog.integer.finish import finish
from kerilog.integer.taps import ExactTaps
from kerilog.qgraph import DoubleMultiplier, Multiplier, Rescale, Shift

seeds = st.integers(0, 1 << 32)
FORMAT = Affine(8, 0.5, -7)


@pytest.fixture(params=["Python", "Numba"], scope="module")
def language(request: pytest.FixtureRequest) -> Any:
    """As Python runs the loops, and as Numba compiles them."""
    if request.param == "Numba":
        pytest.importorskip("numba", reason="numba is not installed: pip install 'kerilog[fast]'")
        yield request.param
        return
    patch = pytest.MonkeyPatch()
    patch.setattr(compiled, "compiled", lambda function: function)
    yield request.param
    patch.undo()


def factor(rng: np.random.Generator, kind: str, channels: int) -> Rescale:
    multiplier = rng.choice([1 << 30, (1 << 31) - 1, int(rng.integers(1 << 30, 1 << 31))], channels)
    match kind:
        case "shift":
            return Shift(rng.integers(-3, 15, channels))
        case "binary64":
            return DoubleMultiplier(multiplier << 22, rng.integers(-66, -50, channels))
        case "long":
            return Multiplier(multiplier, rng.integers(-25, -15, channels), "double")
        case "long single":
            return Multiplier(multiplier, rng.integers(-25, -15, channels), "single")
    return Multiplier(multiplier, rng.integers(-13, 4, channels), kind)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(
    seeds,
    st.sampled_from(["double", "single", "shift", "binary64", "long", "long single"]),
    st.sampled_from([-128, -7, 0, 127]),
    st.booleans(),
    st.sampled_from([np.float32, np.float64, np.int32, np.int64]),
    st.sampled_from([1, 5]),
)
def test_codes_are_those_of_the_integers(
    language: str, seed: int, kind: str, zero: int, relu: bool, number: type[Any], channels: int
) -> None:
    rng = np.random.default_rng(seed)
    rescale = factor(rng, kind, channels)
    clamp = (zero if relu else -128, int(rng.integers(zero, 128)))
    bound = (1 << 24) - 1 if number is np.float32 else (1 << 27) - 1
    rows = 12 if language == "Python" else 300
    totals = rng.integers(-bound, bound + 1, (rows, channels)) >> rng.integers(0, 26, (rows, channels))
    bias = rng.integers(-99, 99, channels)
    totals = np.clip(totals, -bound + 99, bound - 99)
    target = Affine(8, 1.0, zero)
    end = CompiledFinish(rescale, target, clamp, bias, number, positions=rows)
    expected = finish(totals, rescale, target, clamp)
    np.testing.assert_array_equal(end((totals - bias).astype(number)), expected)


def test_ties_of_both_signs_are_rounded_as_in_the_integers(language: str) -> None:
    rescale = Multiplier(np.array([1 << 30]), np.array([-3]), "double")  # by 16
    totals = np.arange(-2100, 2100).reshape(-1, 1)
    end = CompiledFinish(rescale, FORMAT, (-128, 127), np.zeros(1, np.int64), np.int32, len(totals))
    np.testing.assert_array_equal(end(totals.astype(np.int32)), finish(totals, rescale, FORMAT, (-128, 127)))


def test_wide_codes_are_left_to_numpy() -> None:
    wide = Fixed(20, 3)
    end = CompiledFinish(Shift(np.array([2])), wide, (-(1 << 19), (1 << 19) - 1), np.zeros(1), np.float64)
    assert end._loop is None
    np.testing.assert_array_equal(end(np.array([[1_000_000.0], [-6.0]])), [[250_000], [-2]])


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@settings(max_examples=40, deadline=None)
@given(seeds, pairs, pairs, pairs, st.integers(1, 20))
def test_sums_over_taps_are_those_of_numpy(
    language: str, seed: int, kernel: Any, strides: Any, dilation: Any, channels: int
) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.choice([-128, 127, int(rng.integers(-128, 128))], (*kernel, channels, 1))
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    shape = rng.integers(1, 3), *(span + rng.integers(0, 6) for span in spans), channels
    x = rng.choice([-128, 127, int(rng.integers(-128, 128))], shape).astype(np.int8)
    exact = ExactTaps(weights, rng.integers(-999, 999, channels), FORMAT, strides, dilation)
    loop = compiled.taps(exact)
    assert isinstance(loop, CompiledTaps)
    rows = slice(int(rng.integers(0, 2)), int(rng.integers(1, 9)))
    wanted = exact.sums(exact.prepare(x), rows) + exact.bias
    np.testing.assert_array_equal(loop.sums(loop.prepare(x), rows) + loop.bias, wanted)


@pytest.mark.parametrize("shape", [(1, 1, 2, 3), (7, 7, 2, 1)])
def test_other_kernels_are_left_to_numpy(shape: tuple[int, ...]) -> None:
    exact = ExactTaps(np.ones(shape, np.int64), np.zeros(shape[2] * shape[3]), FORMAT, (1, 1), (1, 1))
    assert compiled.taps(exact) is exact


def test_sums_of_more_than_32_bits_are_left_to_numpy() -> None:
    exact = ExactTaps(np.full((1, 1, 1, 1), 1 << 24), np.zeros(1), FORMAT, (1, 1), (1, 1))
    assert compiled.taps(exact) is exact


@pytest.mark.parametrize("kind", [np.float32, np.int64, np.int8])
def test_entries_are_those_of_the_table(language: str, kind: type[Any]) -> None:
    rng = np.random.default_rng(2)
    table = rng.integers(-99, 99, 256).astype(kind)
    x = rng.integers(-128, 128, (2, 3, 5)).astype(np.int8)
    for codes in (x, x[:, ::2]):
        found = compiled.looked_up(table, codes, -128)
        assert found.dtype == table.dtype
        np.testing.assert_array_equal(found, NUMPY.look_up(table, codes, -128))


def test_it_compiles_where_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba", reason="numba is not installed: pip install 'kerilog[fast]'")
    njit = numba.njit

    def without_place(*, cache: bool = False, **options: Any) -> Any:
        if cache:
            return lambda function: (_ for _ in ()).throw(RuntimeError("no locator available"))
        return njit(**options)

    monkeypatch.setattr(numba, "njit", without_place)
    found = np.zeros(3, np.int64)
    compiled.compiled.__wrapped__(compiled.look_up)(np.arange(9), np.array([1, 0, 2]), -3, found)
    np.testing.assert_array_equal(found, [4, 3, 5])


def wrong_finish(make: Any) -> Any:
    return lambda *arguments: lambda total: make(*arguments)(total) + (total > 99)


def wrong_table(make: Any) -> Any:
    return lambda table, x, lowest: make(table, x, lowest + (x.size > 99))


@pytest.mark.parametrize(
    ("owner", "name", "wrong"),
    [
        (compiled, "CompiledFinish", wrong_finish),
        (compiled, "looked_up", wrong_table),
        (CompiledTaps, "sums", lambda make: lambda self, x, rows: make(self, x, rows) + 1),
    ],
)
def test_passes_that_are_not_exact_are_not_taken(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, wrong: Callable[[Any], Any]
) -> None:
    for library in ("numba", "onnxruntime", "onnx"):
        pytest.importorskip(library, reason=f"{library} is not installed: pip install 'kerilog[fast]'")
    monkeypatch.setattr(owner, name, wrong(getattr(owner, name)))
    with pytest.raises(KerilogError, match=r"Numba .*: expected exact numbers on this processor"):
        fast.engine.__wrapped__()
