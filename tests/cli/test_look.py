# SPDX-License-Identifier: Apache-2.0
"""``eval`` and ``sim`` on data, what they write, waveforms, and the comparison of layers, as users see it."""

from __future__ import annotations

import json
import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from kerilog.formats import IntArray
from kerilog.manifest import Manifest
from support.command import kerilog
from support.keras_files import CLASSES, SHAPE, write_samples, write_tiny

ICARUS = ("--simulator", "icarus")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A design, samples as floats and as uint8 images with labels, frames."""
    root = tmp_path_factory.mktemp("workshop")
    write_tiny(root / "tiny.keras")
    write_samples(root / "samples.npz")
    built = kerilog("build", root / "tiny.keras", "-o", root / "x", "--data", root / "samples.npz")
    assert built.status == 0, built.error
    rng = np.random.default_rng(6)
    images = rng.integers(0, 256, (12, *SHAPE), np.uint8)
    np.savez(root / "images.npz", x=images, y=np.arange(12) % CLASSES)
    np.save(root / "floats.npy", images.astype(np.float32) / np.float32(255))
    return root


def evaluated(workshop: Path, tmp_path: Path, *arguments: object) -> IntArray:
    y = tmp_path / "y.npy"
    found = kerilog("eval", workshop / "x", *arguments, "--outputs", y)
    assert found.status == 0, found.error
    values: IntArray = np.load(y)
    return values


# ---- data, accuracy, forms ----


def test_eval_on_data_gives_what_frames_give_and_the_accuracy(workshop: Path, tmp_path: Path) -> None:
    codes = evaluated(workshop, tmp_path, "--inputs", workshop / "floats.npy")
    scaled = ("--data", workshop / "images.npz", "--input-scale", "1/255")
    assert np.array_equal(evaluated(workshop, tmp_path, *scaled), codes)
    found = json.loads(kerilog("eval", workshop / "x", *scaled, "--json").output)
    right = float(np.mean(codes.argmax(axis=1) == np.arange(12) % CLASSES))
    assert (found["frames"], found["outputs"]) == (12, None)
    assert found["accuracies"]["logits"]["integer"] == pytest.approx(right)
    shown = kerilog("eval", workshop / "x", *scaled)
    assert f"{right:.2%} of 12; the largest output counts" in shown.output


def test_raw_samples_are_scaled_as_the_build_scaled_its_own(workshop: Path, tmp_path: Path) -> None:
    images, floats = np.load(workshop / "images.npz"), np.load(workshop / "floats.npy")
    build = ("build", workshop / "tiny.keras", "--integer-only", "-o")
    assert kerilog(*build, tmp_path / "x", "--data", workshop / "images.npz", "--input-scale", 1).status == 0
    np.save(tmp_path / "unscaled.npy", images["x"].astype(np.float32))
    results = []
    for source in (("--data", workshop / "images.npz"), ("--inputs", tmp_path / "unscaled.npy")):
        y = tmp_path / "y.npy"
        assert kerilog("eval", tmp_path / "x", *source, "--outputs", y).status == 0
        results.append(np.load(y))
    assert np.array_equal(*results)
    # a build from floats does not know what uint8 means
    np.savez(tmp_path / "floats.npz", x=floats, y=images["y"])
    assert kerilog(*build, tmp_path / "z", "--data", tmp_path / "floats.npz").status == 0
    refused = kerilog("eval", tmp_path / "z", "--data", workshop / "images.npz")
    assert (refused.status, refused.output) == (2, "")
    assert "how raw uint8 is scaled is not known" in refused.error and refused.error.count("\n") == 1


def test_outputs_are_codes_floats_or_classes(workshop: Path, tmp_path: Path) -> None:
    frames = ("--inputs", workshop / "floats.npy")
    codes = evaluated(workshop, tmp_path, *frames, "--as", "codes")
    assert np.array_equal(codes, evaluated(workshop, tmp_path, *frames))
    floats = evaluated(workshop, tmp_path, *frames, "--as", "floats")
    stream = Manifest.read(workshop / "x").output
    assert floats.dtype == np.float32
    assert np.array_equal(floats, (stream.scale * (codes - stream.zero_point)).astype(np.float32))
    classes = evaluated(workshop, tmp_path, *frames, "--as", "classes")
    assert np.array_equal(classes, codes.argmax(axis=1))


def test_count_takes_the_first_frames(workshop: Path, tmp_path: Path) -> None:
    frames = ("--inputs", workshop / "floats.npy")
    codes = evaluated(workshop, tmp_path, *frames)
    assert np.array_equal(evaluated(workshop, tmp_path, *frames, "--count", 5), codes[:5])
    many = kerilog("eval", workshop / "x", *frames, "--count", 50, "--outputs", tmp_path / "y.npy")
    assert many.error == "kerilog: warning: --count 50: there are 12 frames, all of which are used\n"
    none = kerilog("eval", workshop / "x", *frames, "--count", 0, "--outputs", tmp_path / "y.npy")
    assert (none.status, none.error) == (2, "kerilog: error: --count must be at least 1, found 0\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give frames with either --inputs or --data"),
        (("--inputs", "x.npy", "--data", "y.npz"), "either --inputs or --data, not with both"),
        (("--inputs", "x.npy"), "nothing would come of it: give --outputs, or --data with labels"),
        (("--inputs", "x.npy", "--as", "floats"), "--as floats says what a file holds"),
        (("--inputs", "x.npy", "--input-scale", "2", "--outputs", "y.npy"), "--input-scale is for --data"),
        (("--data", "x.npz", "--codes"), "--codes is for --inputs"),
    ],
)
def test_options_that_do_not_go_together(workshop: Path, arguments: tuple[str, ...], message: str) -> None:
    found = kerilog("eval", workshop / "x", *arguments)
    assert (found.status, found.output) == (2, "")
    assert message in found.error


def test_sim_on_data_tells_accuracy_and_needs_no_outputs(workshop: Path) -> None:
    arguments = (workshop / "x", "--data", workshop / "samples.npz", "--count", 3)
    simulated = kerilog("sim", *arguments, *ICARUS, "--json")
    assert simulated.status == 0, simulated.error
    found = json.loads(simulated.output)
    expected = json.loads(kerilog("eval", *arguments, "--json").output)
    assert found["accuracies"] == expected["accuracies"]
    manifest = Manifest.read(workshop / "x")
    assert (found["frames"], found["mismatches"], found["outputs"]) == (3, 0, None)
    assert found["frame_interval"] == manifest.frame_interval == found["planned"]["frame_interval"]
    assert found["difference"] is None and not found["layers_compared"] and found["trace"] is None


# ---- waveforms ----


def changes(path: Path, signal: str) -> list[tuple[int, str]]:
    """Times and values of a signal of the top module in a VCD file."""
    text = path.read_text()
    head, _, body = text.partition("$enddefinitions")
    scope = head[head.index("$scope") :]
    known = re.search(rf"\$var \w+ \d+ (\S+) {signal}( \[\S+\])? \$end", scope)
    assert known is not None, signal
    found, time = [], 0
    for line in body.splitlines():
        if line.startswith("#"):
            time = int(line[1:])
        elif line.startswith("b") and line.endswith(f" {known[1]}"):
            found.append((time, line[1:].split()[0]))
        elif line[:1] in "01xz" and line[1:] == known[1]:
            found.append((time, line[0]))
    return found


def test_icarus_writes_waveforms_of_the_frames_that_are_asked_for(workshop: Path, tmp_path: Path) -> None:
    run = ("sim", workshop / "x", "--inputs", workshop / "floats.npy", "--count", 4, *ICARUS)
    spans = []
    for frames in ("0:1", "1:3", ":4"):
        found = kerilog(*run, "--trace", tmp_path / "t.vcd", "--trace-frames", frames)
        assert found.status == 0, found.error
        clock = [time for time, value in changes(tmp_path / "t.vcd", "clk") if value != "x"]
        valid = changes(tmp_path / "t.vcd", "conv2d_tvalid")
        assert {"0", "1"} <= {value for _, value in valid}  # inside the design
        spans.append((min(clock), max(clock)))
    manifest = Manifest.read(workshop / "x")
    (first, last), (later, after), (start, end) = spans
    assert (last - first) // 2 in range(manifest.latency - 1, manifest.latency + 3)
    assert first == start < later and last < after < end
    assert not list(tmp_path.glob(".*"))


def fst_times(path: Path) -> tuple[int, int]:
    """First and last time of an FST file, from its header block."""
    kind, length, first, last = struct.unpack(">BQQQ", path.read_bytes()[:25])
    assert (kind, length) == (0, 329)
    return first, last


def test_icarus_writes_fst(workshop: Path, tmp_path: Path) -> None:
    found = kerilog(
        "sim", workshop / "x", "--inputs", workshop / "floats.npy", "--count", 2, *ICARUS,
        "--trace", tmp_path / "deep/t.fst", "--json",
    )  # fmt: skip
    assert found.status == 0, found.error
    trace = json.loads(found.output)["trace"]
    assert trace == {"path": (tmp_path / "deep/t.fst").as_posix(), "first": 0, "stop": 1}
    first, last = fst_times(tmp_path / "deep/t.fst")
    assert first < last


def test_verilator_writes_waveforms_and_compares_layers(workshop: Path, tmp_path: Path) -> None:
    found = kerilog(
        "sim", workshop / "x", "--inputs", workshop / "floats.npy", "--count", 3,
        "--trace", tmp_path / "t.fst", "--trace-frames", "1:2",
    )  # fmt: skip
    assert found.status == 0, found.error
    manifest = Manifest.read(workshop / "x")
    first, last = fst_times(tmp_path / "t.fst")
    assert first // 2 >= manifest.input.beats  # frame 0 goes in before
    assert (last - first) // 2 < 3 * (manifest.latency + manifest.frame_interval)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--trace", "t.txt"), "t.txt: a trace is a file that ends in .fst or .vcd"),
        (("--trace", "t.vcd", "--trace-frames", "2"), "expected A:B, for frames A to B - 1, found '2'"),
        (("--trace", "t.vcd", "--trace-frames", "a:b"), "expected A:B, for frames A to B - 1, found 'a:b'"),
        (("--trace", "t.vcd", "--trace-frames", "-1:2"), "expected A:B, for frames A to B - 1"),
        (("--trace", "t.vcd", "--trace-frames", "2:2"), "--trace-frames 2:2: holds no frame"),
        (("--trace", "t.vcd", "--trace-frames", "3:1"), "--trace-frames 3:1: holds no frame"),
        (("--trace", "t.vcd", "--trace-frames", "0:5"), "4 frames go in, so the last one is 3"),
        (("--trace-frames", "0:1"), "--trace-frames is for --trace"),
    ],
)
def test_traces_that_cannot_be_are_refused(
    workshop: Path, arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = ("sim", workshop / "x", "--inputs", workshop / "floats.npy", "--count", 4, *ICARUS)
    found = kerilog(*run, *arguments)
    assert (found.status, found.output) == (2, "")
    assert message in found.error
    assert not list(tmp_path.iterdir())


def test_a_trace_that_cannot_be_written(workshop: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = kerilog(
        "sim", workshop / "x", "--inputs", workshop / "floats.npy", "--count", 1, *ICARUS,
        "--trace", tmp_path / "file/t.vcd",
    )  # fmt: skip
    assert found.status == 2
    assert "t.vcd: cannot be written" in found.error


# ---- layers ----


def test_sim_names_the_layer_that_differs(workshop: Path, tmp_path: Path) -> None:
    shutil.copytree(workshop / "x", tmp_path / "x")
    run = (
        "sim",
        tmp_path / "x",
        "--inputs",
        workshop / "floats.npy",
        "--count",
        3,
        *ICARUS,
        "--compare-layers",
    )
    right = kerilog(*run)
    assert (right.status, right.error) == (0, "")
    assert "all as in the integer model" in right.output
    memory = tmp_path / "x/rom/tiny_dense_requantizer.mem"
    lines = memory.read_text().splitlines()
    lines[1] = f"{int(lines[1], 16) ^ 0x40:0{len(lines[1])}x}"
    memory.write_text("\n".join(lines) + "\n")
    wrong = kerilog(*run)
    assert wrong.status == 1
    told = re.search(
        r"^kerilog: the first difference is in layer 'dense' \(Dense\): frame \d+, channel \d+: "
        r"expected -?\d+, found -?\d+; \d+ of its \d+ values differ$",
        wrong.error,
        re.MULTILINE,
    )
    assert told is not None, wrong.error
    found = json.loads(kerilog(*run, "--json").output)["difference"]
    assert (found["layer"], found["kind"], found["tensor"]) == ("dense", "Dense", "dense")
    assert found["expected"] != found["found"]
