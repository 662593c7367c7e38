# SPDX-License-Identifier: Apache-2.0
"""The error of every layer against float, and the sums that it is made from."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from kerilog import floating, frontend
from kerilog.errors import KerilogError
from kerilog.graph import Graph
from kerilog.integer.model import prepared, run_all
from kerilog.quality.layers import compare
from kerilog.quality.moments import Moments, moments
from kerilog.transforms import simplify
from support.heads import identity, integers
from support.keras_files import SHAPE, write_tiny, write_two_heads, write_two_inputs


def test_moments_are_as_numpy_has_them() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(1000, 1, 5000)
    y = x + rng.normal(0, 0.1, 5000)
    found = sum((moments(x[i : i + 700], y[i : i + 700]) for i in range(0, 5000, 700)), Moments())
    assert found.count == 5000
    assert found.rmse == pytest.approx(np.sqrt(np.mean((x - y) ** 2)))
    assert found.snr_db == pytest.approx(10 * np.log10(np.sum(x**2) / np.sum((x - y) ** 2)))
    assert found.correlation == pytest.approx(np.corrcoef(x, y)[0, 1], rel=1e-9)


def test_moments_without_a_value() -> None:
    assert moments([1.0, 2.0], [1.0, 2.0]).snr_db == math.inf
    assert moments([0.0, 0.0], [1.0, 2.0]).snr_db is None
    assert moments([0.1] * 7, [1.0, 2.0] * 3 + [1.0]).correlation is None  # a constant has no correlation
    assert moments([1.0, 2.0], [3.0, 2.5]).correlation == pytest.approx(-1)
    assert (Moments().rmse, Moments().correlation) == (0.0, None)


@pytest.mark.parametrize("write", [write_tiny, write_two_heads])
@pytest.mark.parametrize("scheme", ["fixed", "affine"])
def test_every_layer_in_the_order_of_the_network(tmp_path: Path, write: object, scheme: str) -> None:
    graph = frontend.load(write(tmp_path / "model.keras"), "reference")  # type: ignore[operator]
    assert isinstance(graph, Graph)
    x = np.random.default_rng(2).random((300, *SHAPE)).astype(np.float32)  # more than a batch
    integer = integers(graph, x, scheme)
    found = compare(graph, integer, x)
    assert [one.layer for one in found] == [node.name for node in integer]
    floats, codes = (
        floating.run_all(simplify(graph), x),
        run_all(integer, integer.inputs[0].format.quantize(x)),
    )
    for one in found:
        real = integer[one.layer].format.dequantize(codes[one.layer])
        exact = floats[one.layer].astype(np.float64)
        assert one.rmse == pytest.approx(np.sqrt(np.mean((exact - real) ** 2))), one.layer
        assert one.snr_db == pytest.approx(10 * np.log10(np.sum(exact**2) / np.sum((exact - real) ** 2)))
        assert one.correlation == pytest.approx(np.corrcoef(exact.ravel(), real.ravel())[0, 1])


def test_inputs_by_name(tmp_path: Path) -> None:
    graph = frontend.load(write_two_inputs(tmp_path / "model.keras"), "reference")
    assert isinstance(graph, Graph)
    rng = np.random.default_rng(3)
    x = {"left": rng.normal(size=(20, 6)), "right": rng.normal(size=(20, 4))}
    integer = integers(graph, x)  # type: ignore[arg-type]
    found = compare(graph, integer, x)  # type: ignore[arg-type]
    assert [one.layer for one in found][:2] == ["left", "right"]
    with pytest.raises(KerilogError, match="expected samples for 2 inputs, by their names, got one array"):
        compare(graph, integer, rng.normal(size=(20, 6)))  # type: ignore[arg-type]


def test_samples_of_integers_are_real_values() -> None:
    """And never codes: 8-bit images are what data sets hold."""
    graph = identity(2)
    x = np.array([[0, 200], [255, 3]], np.uint8)
    integer = integers(graph, x.astype(np.float32))
    assert max(one.rmse for one in compare(graph, integer, x)) < 2  # type: ignore[arg-type]


def test_a_walk_gives_every_tensor(tmp_path: Path) -> None:
    graph = frontend.load(write_two_heads(tmp_path / "model.keras"), "reference")
    assert isinstance(graph, Graph)
    x = np.random.default_rng(4).random((9, *SHAPE)).astype(np.float32)
    integer = integers(graph, x)
    codes = integer.inputs[0].format.quantize(x)
    walked = {name: np.array(tensor) for name, tensor in prepared(integer).each(codes)}
    whole = run_all(integer, codes)
    assert list(walked) == [node.name for node in integer]
    assert all(np.array_equal(walked[name], whole[name]) for name in whole)
