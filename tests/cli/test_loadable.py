# SPDX-License-Identifier: Apache-2.0
"""``kerilog build --loadable`` and ``kerilog weights``: what they write, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kerilog import storage
from kerilog.manifest import Loadable, Manifest
from support.command import kerilog
from support.keras_files import SHAPE, layer, write, write_samples
from support.paths import MODELS, TESTS

TINY = TESTS / "cli" / "tiny.tflite"
BUILD = ("build", TINY, "-o", "design")
LOADABLE = ("--control", "axi-lite", "--loadable")


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_design_takes_the_weights_of_its_model() -> None:
    built = kerilog(*BUILD, *LOADABLE)
    assert built.status == 0, built.error
    assert "kerilog weights" in built.output
    manifest = Manifest.read("design")
    assert isinstance(manifest.loadable, Loadable)
    made = kerilog("weights", TINY, "--for", "design", "-o", "tiny.bin", "--json")
    assert made.status == 0, made.error
    found = json.loads(made.output)
    words = np.fromfile("tiny.bin", "<u4")
    assert found["size"] == words.nbytes == 4 * (manifest.loadable.words + 4)
    assert found["checksum"] == f"{words[-1]:08x}"
    assert f"{words[1]:08x}" == manifest.loadable.layout
    loaded, design = storage.load(Path("tiny.bin.npz")), storage.load(Path("design/integer_model.npz"))
    assert [node.name for node in loaded] == [node.name for node in design]
    assert "kerilog weights MODEL --for FOLDER" in Path("design/README.md").read_text()
    np.save("codes.npy", np.random.default_rng(1).integers(-128, 128, (2, *manifest.input.shape)))
    checked = kerilog("sim", "design", "--inputs", "codes.npy", "--codes")
    assert checked.status == 0, checked.error


def write_named(name: str, seed: int) -> Path:
    """A network whose layers are called after ``name``."""
    rng = np.random.default_rng(seed)
    layers = [
        layer("InputLayer", f"{name}_in", batch_shape=[None, *SHAPE]),
        layer("Flatten", f"{name}_flat"),
        layer("Dense", f"{name}_out", units=3, activation="softmax"),
    ]
    path = Path(f"{name}.keras")
    return write(path, layers, {"dense": [rng.uniform(-0.4, 0.4, (30, 3)), rng.uniform(-0.1, 0.1, 3)]})


def test_other_names_are_no_other_network() -> None:
    """Keras numbers names anew in every network of a session; samples go by the names of the new one."""
    write_samples(Path("samples.npz"))
    first, second = write_named("first", 1), write_named("second", 2)
    built = kerilog("build", first, "--data", "samples.npz", "-o", "design", *LOADABLE)
    assert built.status == 0, built.error
    made = kerilog("weights", second, "--for", "design", "--data", "samples.npz", "-o", "second.bin")
    assert made.status == 0, made.error
    assert "SNR of output 'first_out' against float" in made.output


def test_the_settings_say_it_too() -> None:
    Path("settings.toml").write_text('control = "axi-lite"\nloadable = ["all"]\ndouble_buffer = true\n')
    built = kerilog(*BUILD, "--config", "settings.toml")
    assert built.status == 0, built.error
    found = Manifest.read("design").loadable
    assert isinstance(found, Loadable) and found.double_buffer


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--loadable",), "--loadable needs a bus: give --control axi-lite as well"),
        (("--double-buffer", "--control", "axi-lite"), "--double-buffer is for --loadable"),
        ((*LOADABLE, "nobody"), "layer 'nobody': has no weights to load; those with weights are"),
    ],
)
def test_what_cannot_be_built(given: tuple[str, ...], told: str) -> None:
    found = kerilog(*BUILD, *given)
    assert found.status == 2
    assert told in found.error
    assert not Path("design").exists()


def test_no_file_of_the_user_goes() -> None:
    """Samples beside the weights, above all: the integer model has such a name."""
    assert kerilog(*BUILD, *LOADABLE).status == 0
    make = ("weights", TINY, "--for", "design", "-o")
    Path("mine.npz").write_text("samples")
    found = kerilog(*make, "mine")
    assert found.status == 2 and found.error.count("\n") == 1
    assert "mine.npz: was there before and is no file of weights" in found.error and "--force" in found.error
    Path("mine.bin").write_text("notes")
    assert kerilog(*make, "mine.bin").status == 2
    assert (Path("mine.npz").read_text(), Path("mine.bin").read_text()) == ("samples", "notes")
    assert kerilog(*make, "mine.bin", "--force").status == 0
    assert kerilog(*make, "mine.bin").status == 0  # its own files make way


def test_weights_of_nothing() -> None:
    assert kerilog(*BUILD).status == 0
    found = kerilog("weights", TINY, "--for", "design", "-o", "tiny.bin")
    assert found.status == 2 and "its weights stay as they are; build it with --loadable" in found.error
    assert kerilog(*BUILD, *LOADABLE, "--force").status == 0
    for model, told in ((MODELS / "mnist_cnn.keras", "expected the"), (Path("none.keras"), "none.keras")):
        found = kerilog("weights", model, "--for", "design", "-o", "tiny.bin")
        assert found.status == 2 and told in found.error
    memory = next(Path("design/rom").glob("*weights.mem"))
    memory.write_text(memory.read_text().replace("0", "1"))
    found = kerilog("weights", TINY, "--for", "design", "-o", "tiny.bin")
    assert found.status == 2 and "does not hold the weights of integer_model.npz" in found.error
    assert not list(Path().glob("tiny*")) and not list(Path().glob(".kerilog*"))
