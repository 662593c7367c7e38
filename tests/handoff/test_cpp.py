# SPDX-License-Identifier: Apache-2.0
"""``kerilog cpp``: a header beside the design, equal to the integer model on images; errors by layer."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kerilog import build, listed, storage
from kerilog.data import load_dataset
from kerilog.integer.model import run
from kerilog.qgraph import QGraph, QNode, QSlice, QSoftmax
from support import cpp
from support.command import contents, kerilog
from support.designs import MODEL as BY_HAND
from support.designs import assert_codes_equal, generate
from support.golden import NETWORKS
from support.mnist import MODEL, whole_mnist, write_small_mnist


@pytest.fixture
def design(tmp_path: Path) -> Path:
    """A small design."""
    make, interval = NETWORKS["affine"]
    generate(make(), tmp_path / "design", interval)
    return tmp_path / "design"


def test_the_header_is_written_and_goes_with_its_design(design: Path) -> None:
    done = kerilog("cpp", design)
    path = design / "model/golden_affine.h"
    assert (done.status, done.output, done.error) == (0, f"written: {path}\n", "")
    assert "namespace krl_golden_affine {" in path.read_text(encoding="ascii")
    assert listed.read(design).files["model/golden_affine.h"].by == "cpp"
    before = contents(design)
    assert kerilog("cpp", design).status == 0
    assert contents(design) == before
    make, interval = NETWORKS["affine"]
    generate(make(), design, interval)
    assert not path.exists()


def test_a_changed_header_is_not_replaced(design: Path) -> None:
    kerilog("cpp", design)
    path = design / "model/golden_affine.h"
    path.write_text("// mine")
    assert kerilog("cpp", design).status == 2
    assert path.read_text() == "// mine"
    assert kerilog("cpp", design, "--force").status == 0


def test_a_layer_without_a_kernel_is_named(tmp_path: Path) -> None:
    graph = NETWORKS["affine"][0]()
    logits, table = graph["logits"], np.arange(256, 0, -1, np.int64) << 20
    soft = QNode("soft", QSoftmax(table), ("logits",), logits.shape, logits.format)
    end = QNode("end", QSlice((0,), (2,), (1,)), ("soft",), (2,), logits.format)
    whole = QGraph("x", graph.scheme, (*graph.nodes, soft, end), ("end",))
    build.generate_model(whole, tmp_path / "model", build.about(whole, BY_HAND), "x", ())
    before = contents(tmp_path)
    done = kerilog("cpp", tmp_path / "model")
    assert (done.status, done.output) == (2, "")
    assert done.error == "kerilog: error: layer 'soft': Softmax has no kernel in C++\n"
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("old", "new"), [(r'"strides": \[\s*1,', '"strides": ["1>(0);evil<1",'), ('"name": "input"', '"name": 5')]
)
def test_a_damaged_model_reaches_no_text(design: Path, old: str, new: str) -> None:
    path = design / storage.FILE_NAME
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text, count = re.subn(old, new, parts["structure.json"].decode())
    assert count
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (parts | {"structure.json": text.encode()}).items():
            archive.writestr(name, data)
    done = kerilog("cpp", design)
    assert (done.status, done.error.count("\n")) == (2, 1)
    assert "its parts do not fit together" in done.error
    assert not (design / "model").exists()


def compare(scheme: str, data: Path, folder: Path, least: int) -> None:
    """Every element of the outputs of all test images."""
    build.build(MODEL, folder / scheme, build.Options(scheme=scheme, data=data, integer_only=True))
    graph = build.strip_softmax(storage.load(folder / scheme / storage.FILE_NAME))
    codes = build.codes_of(graph, load_dataset(data, graph.inputs[0].shape).x_test)
    assert len(codes) >= least
    program = cpp.compiled([graph], folder, "-O2")
    (found,) = cpp.run(program, 0, graph, {graph.inputs[0].name: codes})
    assert_codes_equal(found, run(graph, codes), scheme)


@pytest.mark.parametrize("scheme", ["affine", "fixed"])
def test_a_thousand_images(scheme: str, tmp_path: Path) -> None:
    compare(scheme, write_small_mnist(tmp_path / "mnist.npz"), tmp_path, 1000)


@pytest.mark.full
@pytest.mark.parametrize("scheme", ["affine", "fixed"])
def test_all_images(scheme: str, tmp_path: Path) -> None:
    data = whole_mnist()
    if data is None:
        pytest.skip("the whole of MNIST is not here: set KERILOG_SHARED")
    compare(scheme, data, tmp_path, 10_000)
