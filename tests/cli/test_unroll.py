# SPDX-License-Identifier: Apache-2.0
"""``kerilog build --unroll``: named layers become constants; a wrong name says which there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import kerilog as api
from support.command import contents, kerilog
from support.keras_files import write_samples, write_tiny

BUILD = ("build", "tiny.keras", "--data", "samples.npz", "-o", "design")
BAD = {
    "unknown": (
        ("--unroll", "dens"),
        "layer 'dens': not one that can be unrolled; those are conv2d, dense, logits",
    ),
    "no weights": (("--unroll", "max_pooling2d"), "layer 'max_pooling2d': not one that can be unrolled; .*"),
    "multipliers": (("--unroll", "dense", "--multipliers", 9), "--unroll goes with --interval or --fps, .*"),
    "device": (("--unroll", "dense", "--device", "xc7a35t"), "--unroll goes with --interval or --fps, .*"),
}


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a model and samples."""
    write_tiny(tmp_path / "tiny.keras")
    write_samples(tmp_path / "samples.npz")
    monkeypatch.chdir(tmp_path)


def test_named_layers_become_constants() -> None:
    found = kerilog(*BUILD, "--unroll", "dense", "--unroll", "logits")
    assert found.status == 0, found.error
    manifest = json.loads(Path("design/manifest.json").read_text())
    constant = {layer["name"] for layer in manifest["layers"] if "constants" in layer}
    assert constant >= {"dense", "logits"}
    for name in constant:
        assert f"rtl/tiny_{name}_products.v" in manifest["sources"]
        assert not Path(f"design/rom/tiny_{name}_weights.mem").exists()
    assert re.search(r"dense +Dense, pe 5 x simd 4 constants", found.output)


def test_the_python_interface_unrolls_as_well(tmp_path: Path) -> None:
    graph = api.load("tiny.keras")
    assert not isinstance(graph, api.Quantized)
    samples = np.load("samples.npz")["x_train"].astype(np.float32) / 255
    manifest = api.generate(api.quantize(graph, samples), "mine", 50, unroll=["logits"])
    (logits,) = (layer for layer in manifest.layers if layer.name == "logits")
    assert logits.constants is not None
    assert manifest.constants >= logits.products > 0


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_unrolled_is_refused(name: str, tmp_path: Path) -> None:
    options, message = BAD[name]
    before = contents(tmp_path)
    found = kerilog(*BUILD, *options)
    assert found.status == 2
    assert re.fullmatch(rf"kerilog: error: {message}\n", found.error), found.error
    assert contents(tmp_path) == before
