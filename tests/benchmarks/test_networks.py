# SPDX-License-Identifier: Apache-2.0
"""The networks that benchmarks are run on: the shapes that they stand for, and the same each time."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import kerilog
from kerilog.data import load_dataset
from kerilog.errors import KerilogError
from kerilog.frontend import load
from kerilog.graph import Graph
from kerilog.qgraph import QConv2D, QDense, QGraph
from support.paths import ROOT, SHARED

TINY = SHARED / "mlperf_tiny"


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """``benchmarks/networks.py``."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("networks")


def integers(networks: Any, name: str, folder: Path, **options: Any) -> QGraph:
    """The integer network of ``name``, written to a file and read again."""
    data = networks.write(name, folder / f"{name}.keras", **options)
    graph = load(folder / f"{name}.keras")
    assert isinstance(graph, Graph)
    return kerilog.quantize(graph, load_dataset(data, graph.inputs[0].shape).x_train, "affine").graph


def shapes(graph: QGraph) -> list[tuple[Any, ...]]:
    """What hardware is planned from but the numbers, of every operation, without the softmax."""
    names = ("strides", "padding", "dilation_rate", "groups", "pool_size")
    return sorted(
        (
            node.op.kind,
            node.shape,
            np.shape(getattr(node.op, "kernel", None)),
            *(str(getattr(node.op, name, None)) for name in names),
        )
        for node in graph
        if node.op.kind != "Softmax"
    )


@pytest.mark.parametrize(
    "name", ["kws_dscnn", "ic_resnet8", "vww_mobilenet", "ad_autoencoder", "sww_dscnn1d"]
)
def test_the_shapes_are_those_of_mlperf_tiny(networks: Any, name: str, tmp_path: Path) -> None:
    path = TINY / name / "model.tflite"
    if not path.is_file():
        pytest.skip(f"{name}: the MLPerf Tiny models are not beside this checkout")
    original = load(path)
    assert isinstance(original, QGraph)
    assert shapes(integers(networks, name, tmp_path, samples=2)) == shapes(original)


def test_the_residual_network_has_the_parameters_asked_for(networks: Any) -> None:
    assert networks.network("residual").make().count_params() == 425_891


@pytest.mark.parametrize(
    ("name", "expected"),
    [("image-16", 10), ("image-33", 10), ("weights-10000", 5), ("depth-5", 5), ("depth-8", 8)],
)
def test_a_family_grows_in_one_way_only(networks: Any, name: str, expected: int, tmp_path: Path) -> None:
    graph = integers(networks, name, tmp_path, samples=2)
    family, count = name.split("-")
    layers = [node.op for node in graph if isinstance(node.op, QConv2D | QDense)]
    assert len(layers) == expected
    if family == "image":
        assert graph.inputs[0].shape == (int(count), int(count), 3)
    if family == "weights":
        found = sum(op.kernel.size for op in layers)
        assert math.isclose(found, int(count), rel_tol=0.2), found


def test_the_same_seed_gives_the_same_network(networks: Any) -> None:
    def numbers(seed: int) -> list[Any]:
        model, arrays = networks.make("residual-40x32", samples=2, seed=seed)
        names = [weight.path for weight in model.weights]
        return [names, *model.get_weights(), *(arrays[key] for key in sorted(arrays))]

    first, again, other = numbers(3), numbers(3), numbers(4)
    assert first[0] == again[0]
    assert all(np.array_equal(one, two) for one, two in zip(first[1:], again[1:], strict=True))
    assert not any(np.array_equal(one, two) for one, two in zip(first[1:3], other[1:3], strict=True))


def test_images_use_the_range_of_pixels_and_answers_differ(networks: Any) -> None:
    _, arrays = networks.make("residual-40x32", samples=16)
    x = arrays["x_train"]
    assert x.shape == (16, 40, 32, 3) and x.dtype == np.uint8
    assert x.min() == 0 and x.max() == 255
    assert 40 < x.std() < 80
    assert set(np.concatenate([arrays["y_train"], arrays["y_test"]])) == {0, 1, 2}


@pytest.mark.parametrize(
    "name", ["resnet", "image-1", "image", "depth-2", "residual-9x640", "residual-10x20"]
)
def test_unknown_names_are_refused(networks: Any, name: str) -> None:
    with pytest.raises(KerilogError, match=r"unknown network|expected "):
        networks.network(name)
