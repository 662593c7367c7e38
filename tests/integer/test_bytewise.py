# SPDX-License-Identifier: Apache-2.0
"""Products by ONNX Runtime against NumPy's, where it is installed."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog.errors import KerilogError
from kerilog.extras import MissingLibraryError
from kerilog.formats import Affine, Fixed
from kerilog.integer import bytewise, fast, model
from kerilog.integer.bytewise import ByteMatrix, byte_matrix
from kerilog.integer.convolution import conv2d
from kerilog.integer.engine import NUMPY
from kerilog.integer.matmul import ExactMatrix
from kerilog.qgraph import Multiplier, QConv2D, QGraph, QInput, QNode

FORMAT = Affine(8, 0.5, -7)


@pytest.fixture(scope="module")
def library() -> None:
    for name in ("onnxruntime", "onnx", "numba"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install 'kerilog[fast]'")


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(32, 1100), st.integers(32, 70), st.integers(1, 30))
def test_products_are_those_of_int64(
    library: None, kind: type[Any], seed: int, inputs: int, units: int, rows: int
) -> None:
    if not bytewise.is_exact(kind):
        pytest.skip("this processor adds two products in 16 bits")
    rng = np.random.default_rng(seed)
    kernel = rng.choice([-128, 127, int(rng.integers(-128, 128))], (inputs, units)).astype(np.int64)
    x = rng.choice([-128, 127, int(rng.integers(-128, 128))], (rows, inputs)).astype(np.int8)
    matrix = ByteMatrix(ExactMatrix(kernel, rng.integers(-999, 999, units), FORMAT), kernel, kind)
    np.testing.assert_array_equal(matrix.product(matrix.prepare(x)), x.astype(np.int64) @ kernel)


@pytest.mark.parametrize("shape", [(9, 8, 16, 24), (3, 3, 256, 192)])
def test_a_convolution_gives_the_same_codes(library: None, shape: tuple[int, ...]) -> None:
    height, width, depth, filters = shape
    rng = np.random.default_rng(1)
    factor = Multiplier(rng.integers(1 << 30, 1 << 31, filters), rng.integers(-14, -8, filters), "double")
    kernel = rng.integers(-128, 128, (3, 3, depth, filters))
    around = ((1, 1), (1, 1))
    op = QConv2D(kernel, np.arange(filters), FORMAT, FORMAT, factor, (-100, 120), padding=around)
    x = rng.integers(-128, 128, (2, height, width, depth)).astype(np.int8)
    found = [conv2d(op, FORMAT, FORMAT, (height, width), engine=one)(x) for one in (NUMPY, fast.engine())]
    np.testing.assert_array_equal(*found)


def test_what_are_not_bytes_are_left_to_numpy(library: None) -> None:
    kernel, bias = np.full((64, 64), 127), np.zeros(64, np.int64)
    assert isinstance(byte_matrix(kernel, bias, Fixed(9, 0)), ExactMatrix)
    assert isinstance(byte_matrix(kernel + 1, bias, FORMAT), ExactMatrix)
    assert isinstance(byte_matrix(kernel, bias + (1 << 31), FORMAT), ExactMatrix)
    assert isinstance(byte_matrix(kernel[:2], bias, FORMAT), ExactMatrix)


def network() -> QGraph:
    return QGraph("g", "affine", (QNode("x", QInput(), (), (3,), FORMAT),), ("x",))


def test_the_model_tells_its_engine(library: None) -> None:
    assert model.Model(network()).engine == f"NumPy {np.__version__}"
    assert model.Model(network(), "fast").engine.startswith("ONNX Runtime ")
    with pytest.raises(KerilogError, match="engine: expected 'numpy' or 'fast', found 'x'"):
        model.Model(network(), "x")  # type: ignore[arg-type]


def test_products_that_saturate_are_not_taken(library: None, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = ByteMatrix.product

    def saturating(self: Any, x: Any) -> Any:
        return np.minimum(exact(self, x), (1 << 15) - 1)

    monkeypatch.setattr(ByteMatrix, "product", saturating)
    with pytest.raises(KerilogError, match="expected exact numbers on this processor"):
        fast.engine.__wrapped__()
    assert bytewise.weight_type.__wrapped__() is np.uint8


def test_bytes_and_enough_of_them_are_taken(library: None) -> None:
    kernel, bias = np.full((64, 64), 127), np.zeros(64, np.int64)
    assert isinstance(byte_matrix(kernel, bias, FORMAT), ByteMatrix)


@pytest.mark.parametrize("name", ["onnxruntime", "onnx", "numba"])
def test_a_library_that_is_missing_is_named(
    library: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingLibraryError, match=f"the engine 'fast' needs {name}"):
        fast.engine.__wrapped__()
