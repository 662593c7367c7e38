# SPDX-License-Identifier: Apache-2.0
"""What calibration counts, against NumPy on the same values; and that it forgets the samples."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog import parallel
from kerilog.calibrate import HALF_BINS, HIGHEST_MSB, LOWEST_MSB, Observation, observe
from kerilog.errors import KerilogError
from kerilog.floating import BATCH
from kerilog.graph import Activation, Conv2D, Graph, Input, Node


def small_graph(scale: float = 1.0) -> Graph:
    draw = np.random.default_rng(0)
    kernel = (scale * draw.normal(size=(3, 3, 1, 2))).astype(np.float32)
    nodes = (
        Node("image", Input(), (), (12, 12, 1)),
        Node("conv", Conv2D(kernel, np.zeros(2, np.float32)), ("image",), (10, 10, 2)),
        Node("relu", Activation("relu"), ("conv",), (10, 10, 2)),
    )
    return Graph("small", nodes, ("relu",))


numbers = (
    st.floats(-(2.0**30), 2.0**30, width=32, allow_subnormal=False)
    | st.floats(-1, 1, width=32, allow_subnormal=False)
    | st.just(0.0)
)


@given(st.lists(st.lists(numbers, min_size=1, max_size=20), min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_counts_are_those_of_all_values_at_once(parts: list[list[float]]) -> None:
    seen = Observation()
    for part in parts:
        seen.add(np.array(part, np.float32))
    values = np.concatenate([np.array(part, np.float32) for part in parts]).astype(np.float64)
    assert (seen.minimum, seen.maximum, seen.count) == (values.min(), values.max(), values.size)
    assert seen.zeros == np.sum(values == 0)
    edges = np.arange(-HALF_BINS, HALF_BINS + 1) * 2.0**seen.exponent
    assert np.array_equal(seen.histogram, np.histogram(values, edges)[0])
    places = np.floor(np.log2(np.abs(values[values != 0]))).clip(LOWEST_MSB, HIGHEST_MSB).astype(int)
    assert np.array_equal(seen.msb, np.bincount(places - LOWEST_MSB, minlength=seen.msb.size))
    assert seen.centers[HALF_BINS] == 2.0**seen.exponent / 2


def test_every_tensor_is_observed_whatever_the_batches() -> None:
    graph = small_graph()
    x = np.random.default_rng(1).normal(size=(2 * BATCH + 3, 12, 12, 1)).astype(np.float32)
    seen = observe(graph, x)
    assert {name: one.count for name, one in seen.items()} == {
        "image": x.size,
        "conv": len(x) * 200,
        "relu": len(x) * 200,
    }
    assert seen["image"].minimum == x.min() and seen["image"].maximum == x.max()
    assert seen["relu"].minimum == 0 and seen["relu"].maximum == seen["conv"].maximum


def test_large_images_are_observed_a_few_at_a_time() -> None:
    nodes = (
        Node("image", Input(), (), (512, 512, 16)),
        Node("y", Activation("relu"), ("image",), (512, 512, 16)),
    )
    peak = _peak(Graph("large", nodes, ("y",)), ramp(6, 512, 512, 16))
    one = 512 * 512 * 16 * 4
    assert peak < 20 * one


def test_memory_does_not_grow_with_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = small_graph()
    few, many = (ramp(count * BATCH, 12, 12, 1) for count in (2, 20))
    several = _peak(graph, many)
    processors = parallel.processors()
    # with one processor the peak does not depend on which batches happen to meet
    parallel._pool.cache_clear()
    monkeypatch.setattr(parallel, "processors", lambda: 1)
    one = _peak(graph, few)
    assert _peak(graph, many) < 1.05 * one
    parallel._pool.cache_clear()
    assert several < 1.05 * one * processors


def ramp(*shape: int) -> np.ndarray:
    """Samples that differ."""
    return np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def _peak(graph: Graph, samples: np.ndarray) -> int:
    """Bytes that observing ``samples`` needs beyond them."""
    tracemalloc.start()
    observe(graph, samples)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_progress_is_shown() -> None:
    told: list[tuple[str, float | None]] = []
    observe(
        small_graph(),
        ramp(3 * BATCH, 12, 12, 1),
        lambda what, part: told.append((what, part)),
    )
    assert told == [("calibrating", pytest.approx(part)) for part in (1 / 3, 2 / 3, 1)]


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((0, 12, 12, 1), np.float32), "there are no samples"),
        (
            np.zeros((4, 12, 11, 1), np.float32),
            r"'image': expected samples of shape \(12, 12, 1\), got \(12, 11, 1\)",
        ),
        (
            np.full((4, 12, 12, 1), 0.5, np.float32),
            "samples that differ, found 0.5 everywhere in input 'image'",
        ),
        (np.full((4, 12, 12, 1), np.nan, np.float32), "layer 'image': gives a value that is not finite"),
        (np.full((4, 12, 12, 1), 3e38, np.float32), "layer 'conv': gives a value that is not finite"),
    ],
)
def test_samples_that_cannot_be_used(samples: np.ndarray, message: str) -> None:
    with pytest.raises(KerilogError, match=message), np.errstate(all="ignore"):
        observe(small_graph(), samples)
