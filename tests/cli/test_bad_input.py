# SPDX-License-Identifier: Apache-2.0
"""What users get wrong: one line that names it, exit status 2, and nothing left behind."""

from __future__ import annotations

import errno
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kerilog import storage
from support.command import Outcome, contents, kerilog
from support.keras_files import SHAPE, layer, write_samples, write_tiny


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good model, samples, frames, and the design that was built before."""
    root = tmp_path_factory.mktemp("pattern")
    write_tiny(root / "tiny.keras")
    write_samples(root / "samples.npz")
    np.save(root / "x.npy", np.random.default_rng(5).random((2, *SHAPE)))
    built = kerilog("build", root / "tiny.keras", "-o", root / "design", "--data", root / "samples.npz")
    assert built.status == 0, built.error
    return root


@pytest.fixture
def bench(pattern: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the pattern, as the working folder."""
    shutil.copytree(pattern, tmp_path / "bench")
    monkeypatch.chdir(tmp_path / "bench")
    return tmp_path / "bench"


def assert_refused(found: Outcome, message: str) -> None:
    """One line on the error stream that matches, nothing on the other, exit status 2."""
    assert found.status == 2, found
    assert re.fullmatch(rf"kerilog: error: [^\n]*{message}[^\n]*\n", found.error), found.error
    assert "Traceback" not in found.error
    assert found.output == ""


def assert_build_refused(bench: Path, message: str, *options: object, model: object = "tiny.keras") -> None:
    """``kerilog build`` over the design that was built before refuses, and leaves the folder as it was."""
    before = contents(bench)
    command = ["build", model, "-o", "design", "--data", "samples.npz", *options]
    assert_refused(kerilog(*command), message)
    assert contents(bench) == before


# ---- the model file ----


def truncated(path: Path) -> None:
    content = write_tiny(path).read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


def without_weights(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")


def h5_without_model(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["weights"] = np.zeros(3)


MODELS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing.keras": (lambda path: None, r"missing\.keras: no such file"),
    "folder.keras": (lambda path: path.mkdir(), r"folder\.keras: is a directory, expected a model file"),
    "truncated.keras": (truncated, r"truncated\.keras: not a \.keras file"),
    "empty.keras": (lambda path: path.touch(), r"empty\.keras: not a \.keras file"),
    "text.keras": (lambda path: path.write_text("a model\n"), r"text\.keras: not a \.keras file"),
    "archive.keras": (without_weights, r"archive\.keras: expected one model\.weights\.h5 in the archive"),
    "text.h5": (lambda path: path.write_text("a model\n"), r"text\.h5: not a whole HDF5 file"),
    "weights.h5": (h5_without_model, r"weights\.h5: holds no model_config"),
    "text.tflite": (lambda path: path.write_text("a model\n"), r"text\.tflite"),
    "model.onnx": (lambda path: path.touch(), r"model\.onnx: expected a model file that ends in \.keras"),
    "lambda.keras": (
        lambda path: write_tiny(path, extra=(layer("Lambda", "boom", function="exec"),)),
        "layer 'boom': 'Lambda' is not supported",
    ),
    "unknown.keras": (
        lambda path: write_tiny(path, extra=(layer("LSTM", "memory", units=3),)),
        "layer 'memory': 'LSTM' is not supported",
    ),
    "nan.keras": (
        lambda path: write_tiny(path, spoil=float("nan")),
        r"layer 'dense' \(Dense\): expected finite weights, got 1 NaN or infinite of 20",
    ),
    "infinite.keras": (
        lambda path: write_tiny(path, spoil=float("-inf")),
        r"layer 'dense' \(Dense\): expected finite weights",
    ),
    "twice.keras": (
        lambda path: write_tiny(path, names=("conv2d", "dense", "conv2d")),
        r"layer 'conv2d' \(Dense\): expected a name of its own, got one that is taken",
    ),
    "several.keras": (
        lambda path: write_tiny(path, extra=(layer("LSTM", "a"), layer("Activation", "b", activation="glu"))),
        "layer 'a': 'LSTM' is not supported; supported: .*; "
        "layer 'b': Activation with activation 'glu' is not supported, only linear, relu, ",
    ),
    "outside.keras": (
        lambda path: write_tiny(path, names=("../../x", "dense", "logits")),
        r"name '\.\./\.\./x': expected a name",
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_bad_model_is_refused(name: str, bench: Path) -> None:
    make, message = MODELS[name]
    make(bench / name)
    assert_build_refused(bench, message, model=name)


# ---- the samples ----


def save(path: Path, **arrays: Any) -> None:
    np.savez(path, **arrays)


IMAGES = np.zeros((4, *SHAPE), np.float32)
SAMPLES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (lambda path: None, r"bad\.npz: no such file"),
    "text": (lambda path: path.write_text("numbers"), r"bad\.npz: cannot be read as an NPZ file"),
    "wrong shape": (
        lambda path: write_samples(path, (5, 6, 1)),
        r"bad\.npz: x_train: expected samples of 6x5x1, got 5x6x1",
    ),
    "no samples": (lambda path: save(path, x=IMAGES[:0]), r"bad\.npz: x: holds no samples"),
    "no arrays": (lambda path: save(path, z=IMAGES), r"bad\.npz: expected arrays x_train and x_test"),
    "not a number": (lambda path: save(path, x=IMAGES * np.nan), "hold NaN or infinity"),
    "pickle": (lambda path: save(path, x=np.array([{}], object)), "holds Python objects"),
    "labels": (lambda path: save(path, x=IMAGES, y=np.zeros(3)), "expected 4 labels, one a sample, got 3"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_bad_samples_are_refused(name: str, bench: Path) -> None:
    make, message = SAMPLES[name]
    make(bench / "bad.npz")
    assert_build_refused(bench, message, "--data", "bad.npz")


def test_no_samples_at_all(bench: Path) -> None:
    before = contents(bench)
    found = kerilog("build", "tiny.keras", "-o", "design")
    kinds = r"FILE\.npz, a FOLDER of images, X\.npy or FILE\.csv"
    assert_refused(found, f"no samples for a model input of 6x5x1: give --data {kinds}$")
    assert contents(bench) == before


# ---- options ----


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--interval", "3"],
            "layer 'conv2d': no folding reaches 3 cycles per frame; its shortest interval is ",
        ),
        (["--interval", "0"], "the frame interval must be at least 1 cycle, found 0"),
        (["--samples", "0"], "--samples must be at least 1, found 0"),
        (["--input-scale", "nan"], "input scale: expected a finite number other than 0, got nan"),
        (["--input-scale", "0"], "input scale: expected a finite number other than 0, got 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_options_are_refused(options: list[str], message: str, bench: Path) -> None:
    assert_build_refused(bench, message, *options)


@pytest.mark.parametrize(
    "arguments",
    [
        ["build"],
        ["build", "tiny.keras", "--scheme", "octal"],
        ["build", "tiny.keras", "--interval", "many"],
        ["eval", "design"],
        ["sim", "design", "--inputs", "x.npy", "--outputs", "y.npy", "--simulator", "modelsim"],
        ["dance"],
    ],
    ids=" ".join,
)
def test_bad_usage_has_status_2(arguments: list[str], bench: Path) -> None:
    found = kerilog(*arguments)
    assert found.status == 2
    assert "Error: " in found.error and "Traceback" not in found.error


# ---- the output folder ----


def test_an_output_folder_that_is_a_file(bench: Path) -> None:
    assert_build_refused(bench, "samples.npz: the output folder is a file", "-o", "samples.npz")


def test_an_output_folder_inside_a_file(bench: Path) -> None:
    assert_build_refused(bench, "samples.npz/out: cannot be written", "-o", "samples.npz/out")


def test_what_else_an_output_folder_holds_stays(bench: Path) -> None:
    """The thesis that the design is for, say, with a routed project in the very folder of the hand-off."""
    mine = {
        "thesis/chapter.txt": "years of work",
        "thesis/vivado/top.runs/impl_1/routed.dcp": "hours of work",
    }
    for name, text in mine.items():
        (bench / name).parent.mkdir(parents=True, exist_ok=True)
        (bench / name).write_text(text)
    for _ in range(2):
        assert kerilog("build", "tiny.keras", "-o", "thesis", "--data", "samples.npz").status == 0
        assert {name: (bench / name).read_text() for name in mine} == mine
    assert kerilog("eval", "thesis", "--inputs", "x.npy", "--outputs", "y.npy").status == 0


def test_a_changed_file_of_a_design_is_not_lost(bench: Path) -> None:
    source = bench / "design/rtl/tiny.v"
    source.write_text(source.read_text() + "// by hand\n")
    message = r"design/rtl/tiny\.v: was changed since Kerilog wrote it; .* or give --force to replace it"
    assert_build_refused(bench, message)
    assert kerilog("build", "tiny.keras", "-o", "design", "--data", "samples.npz", "--force").status == 0
    assert "by hand" not in source.read_text()


@pytest.mark.parametrize("name", ["manifest.json", "integer_model.npz", "rtl/krl_rom.v"])
def test_a_file_of_another_kind_in_the_place_of_ours(name: str, bench: Path) -> None:
    (bench / "mine" / name).parent.mkdir(parents=True)
    (bench / "mine" / name).write_text("mine")
    assert_build_refused(bench, f"mine/{name}: was there before and is not Kerilog's", "-o", "mine")


def test_a_build_in_the_working_folder(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench / "new").mkdir()
    monkeypatch.chdir(bench / "new")
    for _ in range(2):
        found = kerilog("build", "../tiny.keras", "-o", ".", "--data", "../samples.npz")
        assert found.status == 0, found.error
    assert kerilog("show", ".").status == 0
    assert (bench / "new/manifest.json").is_file()


def test_an_empty_output_folder_is_fine(bench: Path) -> None:
    (bench / "new").mkdir()
    assert kerilog("build", "tiny.keras", "-o", "new", "--data", "samples.npz").status == 0
    assert (bench / "new/manifest.json").is_file()


def full_disk(after: int, real: Callable[..., Any]) -> Callable[..., Any]:
    """``real``, until the disk is full."""
    left = after

    def write(*arguments: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **options)

    return write


@pytest.mark.parametrize("after", [0, 1, 18, 25])
def test_a_full_disk_in_a_text_file(after: int, bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "write_text", full_disk(after, Path.write_text))
    assert_build_refused(bench, "design: cannot be written: No space left on device")


def test_a_full_disk_in_the_integer_model(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "save", full_disk(0, storage.save))
    assert_build_refused(bench, "design: cannot be written: No space left on device")


def test_a_full_disk_in_a_new_folder(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "write_text", full_disk(9, Path.write_text))
    assert_build_refused(bench, "new: cannot be written: No space left on device", "-o", "new")


def test_an_interrupt_leaves_nothing(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = contents(bench)
    monkeypatch.setattr(storage, "save", interrupt)
    found = kerilog("build", "tiny.keras", "-o", "design", "--data", "samples.npz")
    assert found.status != 0
    assert contents(bench) == before


# ---- the other commands ----


def break_manifest(design: Path) -> None:
    (design / "manifest.json").write_text('{"name": ')


def break_model(design: Path) -> None:
    (design / storage.FILE_NAME).write_bytes(b"PK")


def lose_source(design: Path) -> None:
    (design / "rtl/tiny.v").unlink()


def lose_manifest(design: Path) -> None:
    (design / "manifest.json").unlink()


def leave_the_folder(design: Path) -> None:
    manifest = json.loads((design / "manifest.json").read_text())
    manifest["sources"][0] = "../samples.npz"
    (design / "manifest.json").write_text(json.dumps(manifest))


DESIGNS: dict[str, tuple[Callable[[Path], Any], str, str]] = {
    "missing": (shutil.rmtree, r"design: no [a-z_]+\.[a-z]+; give a directory made by", "eval sim show"),
    "no manifest": (lose_manifest, r"design: no manifest\.json", "sim show"),
    "broken manifest": (break_manifest, r"design/manifest\.json: cannot be read as JSON", "sim show"),
    "outside": (leave_the_folder, r"design/manifest\.json: ", "sim show"),
    "no source": (
        lose_source,
        r"names the file rtl/tiny\.v, which is missing; build the design again",
        "sim show",
    ),
    "broken model": (break_model, r"design/integer_model\.npz: is no integer model", "eval sim"),
}
BAD_DESIGNS = [(name, command) for name, (_, _, commands) in DESIGNS.items() for command in commands.split()]


@pytest.mark.parametrize(("name", "command"), BAD_DESIGNS)
def test_a_bad_design_is_refused(name: str, command: str, bench: Path) -> None:
    damage, message, _ = DESIGNS[name]
    damage(bench / "design")
    before = contents(bench)
    options = () if command == "show" else ("--inputs", "x.npy", "--outputs", "y.npy")
    assert_refused(kerilog(command, "design", *options), message)
    assert contents(bench) == before


def test_show_needs_a_design(bench: Path) -> None:
    assert_refused(kerilog("show", "nowhere"), r"nowhere: no manifest\.json")


INPUTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (lambda path: None, r"bad\.npy: no such file"),
    "text": (lambda path: path.write_text("numbers"), r"bad\.npy: cannot be read as \.npy"),
    "empty": (lambda path: path.touch(), r"bad\.npy: cannot be read as \.npy"),
    "archive": (
        lambda path: path.write_bytes((path.parent / "samples.npz").read_bytes()),
        r"bad\.npy: expected one array",
    ),
    "pickle": (lambda path: np.save(path, np.array([{}], object)), r"bad\.npy: cannot be read as \.npy"),
    "shape": (
        lambda path: np.save(path, np.zeros((2, 5, 5, 1))),
        r"inputs: expected shape \(frames, 6, 5, 1\), found \(2, 5, 5, 1\)",
    ),
    "one frame": (lambda path: np.save(path, np.zeros(SHAPE)), r"inputs: expected shape \(frames, 6, 5, 1\)"),
    "no frame": (lambda path: np.save(path, IMAGES[:0]), "inputs: expected shape"),
    "scalar": (lambda path: np.save(path, np.float64(3)), "inputs: expected shape"),
    "not a number": (lambda path: np.save(path, IMAGES * np.nan), "a value that is not finite"),
    "too large": (
        lambda path: np.save(path, np.full((1, *SHAPE), 200)),
        r"inputs: integer codes must lie in -128\.\.127, found 200\.\.200",
    ),
    "words": (lambda path: np.save(path, np.full((1, *SHAPE), "a")), "inputs: expected floats or integer"),
    "complex": (lambda path: np.save(path, IMAGES * 1j), "inputs: expected floats or integer"),
}


@pytest.mark.parametrize("command", ["eval", "sim"])
@pytest.mark.parametrize("name", INPUTS)
def test_bad_inputs_are_refused(name: str, command: str, bench: Path) -> None:
    make, message = INPUTS[name]
    make(bench / "bad.npy")
    before = contents(bench)
    assert_refused(kerilog(command, "design", "--inputs", "bad.npy", "--outputs", "y.npy"), message)
    assert contents(bench) == before


@pytest.mark.parametrize("outputs", ["x.npy/y.npy", "design"])
def test_outputs_that_cannot_be_written(outputs: str, bench: Path) -> None:
    before = contents(bench)
    found = kerilog("eval", "design", "--inputs", "x.npy", "--outputs", outputs)
    assert_refused(found, f"{outputs}: cannot be written")
    assert contents(bench) == before


def test_a_full_disk_at_the_outputs(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench / "y.npy").write_text("what was here before")
    before = contents(bench)
    monkeypatch.setattr(np, "save", full_disk(0, np.save))
    found = kerilog("eval", "design", "--inputs", "x.npy", "--outputs", "y.npy")
    assert_refused(found, r"y\.npy: cannot be written: No space left on device")
    assert contents(bench) == before


def test_the_process_itself_ends_with_status_2(bench: Path) -> None:
    command = "from kerilog.cli import main; main(prog_name='kerilog')"
    found = subprocess.run(
        [sys.executable, "-c", command, "build", "nowhere.keras"], capture_output=True, text=True, check=False
    )
    assert_refused(Outcome(found.returncode, found.stdout, found.stderr), r"nowhere\.keras: no such file")
