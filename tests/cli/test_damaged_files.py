# SPDX-License-Identifier: Apache-2.0
"""Hundreds of damaged files of each format that is read: one line and status 2, or they do no harm.

``KERILOG_SEED`` draws others. A few of each are tried by ``make test``, 300 by ``make test-full``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import h5py
import numpy as np
import pytest

from kerilog import listed, storage
from support.command import contents, kerilog
from support.keras_files import SHAPE, write_samples, write_tiny
from support.paths import TESTS

SEED = int(os.environ.get("KERILOG_SEED", "7"))
FEW, MANY = 12, 300
TINY_TFLITE = TESTS / "cli" / "tiny.tflite"
TEXTS = (b"", b"\0", b"\xff", b"-1", b"1e999", b"nan", b"[" * 3000, b"../../x", b'"', b"\n", b"{}", b"9" * 40)


def damaged(rng: Random, content: bytes) -> bytes:
    """``content`` with a few bytes changed, lost, doubled or put in, or cut short."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        place = rng.randrange(len(found) + 1)
        length = rng.choice((1, 1, 2, 4, 16, 200))
        kind = rng.randrange(7)
        if kind == 0:
            del found[place:]
        elif kind == 1:
            del found[place : place + length]
        elif kind == 2:
            found[place:place] = found[max(0, place - length) : place]
        elif kind == 3:
            found[place:place] = rng.choice(TEXTS)
        elif kind == 4:
            found[place : place + 4] = struct.pack("<I", rng.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF)))
        else:
            found[place : place + length] = rng.randbytes(length)
    return bytes(found)


def keras_to_h5(source: Path, target: Path) -> None:
    """The model of a ``.keras`` file in Keras' former format."""
    with zipfile.ZipFile(source) as archive:
        config = archive.read("config.json").decode()
        (target.parent / "weights").write_bytes(archive.read("model.weights.h5"))
    with h5py.File(target, "w") as file:
        file.attrs["model_config"] = config
        with h5py.File(target.parent / "weights") as weights:
            group = file.create_group("model_weights")
            layers = {"conv2d": "conv2d", "dense": "dense", "dense_1": "logits"}  # by group
            group.attrs["layer_names"] = [name.encode() for name in layers.values()]
            for place, name in layers.items():
                layer = group.create_group(name)
                layer.attrs["weight_names"] = [f"{name}/{kind}:0".encode() for kind in ("kernel", "bias")]
                for number, kind in enumerate(("kernel", "bias")):
                    layer[f"{name}/{kind}:0"] = np.asarray(weights[f"layers/{place}/vars/{number}"])
    (target.parent / "weights").unlink()


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole file of each format, and a design."""
    root = tmp_path_factory.mktemp("pattern")
    write_tiny(root / "tiny.keras")
    keras_to_h5(root / "tiny.keras", root / "tiny.h5")
    shutil.copy(TINY_TFLITE, root / "tiny.tflite")
    write_samples(root / "samples.npz")
    (root / "settings.toml").write_text(
        '[default]\nweight_bits = 6\nrange = "mse"\n\n[layers.conv2d]\nactivation_bits = 7\n'
    )
    np.save(root / "x.npy", np.random.default_rng(5).random((2, *SHAPE)))
    np.savez(root / "x.npz", input=np.random.default_rng(5).random((2, *SHAPE)))
    for name, options in (("design", ()), ("model", ("--integer-only",))):
        found = kerilog(
            "build", root / "tiny.keras", "-o", root / name, "--data", root / "samples.npz", *options
        )
        assert found.status == 0, found.error
    return root


BUILD = ("--integer-only", "--data", "samples.npz", "--samples", "8")
EVAL = ("--outputs", "y.npy", "--inputs")
FORMATS: dict[str, tuple[str, tuple[str, ...]]] = {
    "keras": ("tiny.keras", ("build", "tiny.keras", *BUILD)),
    "h5": ("tiny.h5", ("build", "tiny.h5", *BUILD)),
    "tflite": ("tiny.tflite", ("build", "tiny.tflite", "--integer-only")),
    "data": ("samples.npz", ("build", "tiny.keras", *BUILD)),
    "npy": ("x.npy", ("eval", "design", *EVAL, "x.npy")),
    "npz": ("x.npz", ("eval", "design", *EVAL, "x.npz")),
    "settings": ("settings.toml", ("build", "tiny.keras", *BUILD, "--config", "settings.toml")),
    "integer model": (f"design/{storage.FILE_NAME}", ("eval", "design", *EVAL, "x.npy")),
    "list": (f"model/{listed.FILE_NAME}", ("build", "tiny.keras", *BUILD, "-o", "model")),
    "record": ("design/report/measured.npz", ("report", "design")),
}


def try_all(count: int, name: str, root: Path, change: Callable[[Random, bytes], bytes] = damaged) -> int:
    """How many of ``count`` damaged files were refused; no other thing may happen to any but being read."""
    path, command = FORMATS[name]
    good = (root / path).read_bytes()
    rng = Random(f"{SEED} {name}")
    refused = 0
    for number in range(count):
        bad = change(rng, good)
        (root / path).write_bytes(bad)
        before = contents(root)
        what = f"KERILOG_SEED={SEED}, {name} {number}"
        try:
            found = kerilog(*command)
        except BaseException as error:
            (root / path).with_name("culprit").write_bytes(bad)
            raise AssertionError(f"{what}: {error!r}, see {root}/culprit") from error
        assert found.status in (0, 2, 3), what
        assert "Traceback" not in found.error, what
        if found.status == 2:
            refused += 1
            assert re.fullmatch(r"kerilog: error: [^\n]+\n", found.error), f"{what}: {found.error}"
            assert found.error[:-1].isprintable(), f"{what}: {found.error!r}"
            assert contents(root) == before, what
        for made in ("build", "y.npy", "y.npz"):
            if (root / made).is_dir():
                shutil.rmtree(root / made)
            (root / made).unlink(missing_ok=True)
    (root / path).write_bytes(good)
    return refused


@pytest.fixture
def bench(pattern: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the pattern, as the working folder."""
    shutil.copytree(pattern, tmp_path / "bench")
    monkeypatch.chdir(tmp_path / "bench")
    return tmp_path / "bench"


@pytest.mark.parametrize("name", FORMATS)
def test_the_file_is_fine_before_it_is_damaged(name: str, bench: Path) -> None:
    found = kerilog(*FORMATS[name][1])
    assert found.status == 0, found.error


@pytest.mark.parametrize("name", FORMATS)
def test_a_few_damaged_files(name: str, bench: Path) -> None:
    assert try_all(FEW, name, bench) > 0


@pytest.mark.full
@pytest.mark.parametrize("name", FORMATS)
def test_many_damaged_files(name: str, bench: Path) -> None:
    assert try_all(MANY, name, bench) > MANY // 10


def test_settings_that_nest_without_end(bench: Path) -> None:
    (bench / "settings.toml").write_text("a = " + "[" * 20_000)
    found = kerilog(*FORMATS["settings"][1])
    assert found.status == 2
    assert re.fullmatch(r"kerilog: error: settings\.toml: is no TOML: [^\n]+\n", found.error)


def test_a_header_that_claims_terabytes(bench: Path) -> None:
    header = np.lib.format.header_data_from_array_1_0(np.zeros((2, *SHAPE))) | {"shape": (1 << 40, *SHAPE)}
    with (bench / "x.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.write(bytes(1000))
    found = kerilog("eval", "design", *EVAL, "x.npy")
    assert found.status == 2
    assert re.fullmatch(r"kerilog: error: x\.npy: [^\n]+\n", found.error)


def test_an_archive_that_claims_terabytes(bench: Path) -> None:
    path = bench / "design" / storage.FILE_NAME
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02") + 24  # the size of the first part in the archive's directory
    content[place : place + 4] = struct.pack("<I", 0xFFFFFFF0)
    second = content.index(b"PK\x01\x02", place) + 24
    content[second : second + 4] = struct.pack("<I", 0xFFFFFFF0)
    path.write_bytes(content)
    found = kerilog("eval", "design", *EVAL, "x.npy")
    assert found.status == 2 and "is no integer model: claims 8," in found.error


# ---- memories and sources of a design: checked before any tool sees them ----


COMMANDS = (("synth", "design"), ("sim", "design", *EVAL, "x.npy"), ("vivado", "design"))


def try_design(count: int, name: str, root: Path) -> int:
    """How many of ``count`` damaged files of a design were refused before a simulator was looked for."""
    path = root / "design" / name
    good = path.read_bytes()
    rng = Random(f"{SEED} {name}")
    refused = 0
    for number in range(count):
        path.write_bytes(damaged(rng, good))
        for command in COMMANDS if number % 6 == 0 else COMMANDS[:1]:
            found = kerilog(*command)
            what = f"KERILOG_SEED={SEED}, {name} {number}, {command[0]}: {found.error}"
            if found.status == 2:
                assert re.fullmatch(r"kerilog: error: [^\n]+\n", found.error), what
            else:
                assert command[0] == "vivado" and found.status == 0, what
            refused += command == COMMANDS[0] and "not installed" not in found.error
    path.write_bytes(good)
    return refused


@pytest.mark.parametrize("name", ["rom/tiny_dense_weights.mem", "rtl/tiny.v"])
def test_a_few_damaged_designs(name: str, bench: Path, without_tools: None) -> None:
    assert try_design(FEW, name, bench) > 0


@pytest.mark.full
@pytest.mark.parametrize("name", ["rom/tiny_dense_weights.mem", "rtl/tiny.v", "rtl/krl_rom.v"])
def test_many_damaged_designs(name: str, bench: Path, without_tools: None) -> None:
    assert try_design(MANY, name, bench) > MANY // 10


def test_a_list_that_names_what_is_not_there(bench: Path) -> None:
    path = bench / "design" / listed.FILE_NAME
    text = json.loads(path.read_text())
    text["files"]["rtl/gone.v"] = {"sha256": "0" * 64, "by": "build"}
    path.write_text(json.dumps(text))
    assert kerilog("build", "tiny.keras", "--data", "samples.npz", "-o", "design").status == 0


def test_a_report_holds_no_markup_of_a_stranger(bench: Path) -> None:
    path = bench / "design/manifest.json"
    values = json.loads(path.read_text())
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    values["model"]["file"] = values["data"] = values["goal"] = evil
    values["warnings"] = [evil]
    for layer in values["layers"]:
        layer["layer"] = layer["kind"] = evil
    path.write_text(json.dumps(values))
    found = kerilog("report", "design")
    assert found.status == 0, found.error
    page = (bench / "design/report/index.html").read_text()
    assert "alert(1)" in page
    assert "<script>alert" not in page and "<img src=x" not in page
