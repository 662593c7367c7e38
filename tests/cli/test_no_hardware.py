# SPDX-License-Identifier: Apache-2.0
"""Networks that can be read but have no hardware: the integer model, its figures, all reasons are written."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerilog as api
from kerilog import build, floating, frames, storage
from kerilog import manifest as manifests
from kerilog.errors import Unsupported
from kerilog.integer.model import run_outputs
from kerilog.manifest import IntegerManifest
from support.command import Outcome, contents, kerilog
from support.keras_files import (
    SHAPE,
    label_as,
    layer,
    write_samples,
    write_tiny,
    write_two_heads,
    write_two_inputs,
    write_without_hardware,
)

COUNT = 40


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models, samples and frames."""
    root = tmp_path_factory.mktemp("pattern")
    rng = np.random.default_rng(6)
    write_samples(root / "samples.npz")
    write_samples(root / "inner.npz")
    write_tiny(root / "tiny.keras")
    write_without_hardware(root / "inner.keras")
    write_two_heads(root / "heads.keras")
    write_two_inputs(root / "inputs.keras")
    image = rng.random((COUNT, *SHAPE)).astype(np.float32)
    np.savez(root / "heads.npz", image=image, kind=rng.integers(0, 3, COUNT), sign=rng.integers(0, 2, COUNT))
    pair = {"left": rng.normal(size=(COUNT, 6)), "right": 4 * rng.normal(size=(COUNT, 4))}
    np.savez(root / "inputs.npz", **pair, answer=rng.integers(0, 3, COUNT))
    label_as(root / "tiny.keras", root / "samples.npz")
    for name, samples in DATA.items():
        label_as(root / f"{name}.keras", root / samples)
    np.save(root / "image.npy", image[:7])
    np.savez(root / "pair.npz", **{name: values[:7] for name, values in pair.items()})
    return root


@pytest.fixture
def folder(pattern: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the pattern, as the working folder."""
    shutil.copytree(pattern, tmp_path / "folder")
    monkeypatch.chdir(tmp_path / "folder")
    return tmp_path / "folder"


FRAMES = {"inner": "image.npy", "heads": "image.npy", "inputs": "pair.npz"}
DATA = {"inner": "inner.npz", "heads": "heads.npz", "inputs": "inputs.npz"}
OUTPUTS = {"inner": {"answer": 3}, "heads": {"kind": 3, "sign": 2, "gate": 1}, "inputs": {"answer": 3}}


def built(name: str, *options: object) -> Outcome:
    """Build the integer model; of a network that has hardware, that alone."""
    alone = () if name == "inner" else ("--integer-only",)
    return kerilog("build", f"{name}.keras", "--data", DATA[name], "-o", name, *alone, *options)


def manifest_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(name, "manifest.json").read_text())
    return found


@pytest.mark.parametrize("scheme", ["fixed", "affine"])
def test_the_integer_model_is_written_with_status_3(scheme: str, folder: Path) -> None:
    name = "inner"
    found = built(name, "--scheme", scheme)
    assert found.status == 3, found
    *reasons, last = found.error.splitlines()
    assert last == f"kerilog: wrote the integer model alone to {name}"
    told = manifest_of(name)["no_hardware"]
    assert len(reasons) == len(told) > 0
    for line, reason in zip(reasons, told, strict=True):
        assert line.startswith("kerilog: no hardware: ") and line.endswith(reason["reason"])
    assert {"parameters", "no hardware", "written"} <= set(
        re.findall(r"^ +(\w+(?: \w+)?)", found.output, re.M)
    )
    assert sorted(path.name for path in Path(name).iterdir()) == [
        ".kerilog", "integer_model.npz", "manifest.json", "report",
    ]  # fmt: skip


def test_the_layer_in_the_way_is_named(folder: Path) -> None:
    built("inner")
    (reason,) = manifest_of("inner")["no_hardware"]
    assert reason["layer"] == "wide" and "tables of up to 1,048,576 words" in reason["reason"]


@pytest.mark.parametrize("name", DATA)
def test_show_and_report_work(name: str, folder: Path) -> None:
    output = built(name).output
    shown = kerilog("show", name)
    assert (shown.status, shown.error, shown.output) == (0, "", output)
    made = kerilog("report", name)
    assert made.status == 0, made.error
    page = Path(name, "report/index.html").read_text(encoding="utf-8")
    for reason in manifest_of(name)["no_hardware"]:
        assert "No hardware" in page and reason["reason"] in page.replace("&#39;", "'")
    for output_name in OUTPUTS[name]:
        assert output_name in page


@pytest.mark.parametrize("command", ["sim", "synth", "vivado"])
def test_what_needs_hardware_refuses(command: str, folder: Path) -> None:
    built("inner")
    options = ("--inputs", "image.npy", "--outputs", "y.npy") if command == "sim" else ()
    found = kerilog(command, "inner", *options)
    assert (found.status, found.output) == (2, "")
    expected = (
        "kerilog: error: .*inner: holds an integer model and no hardware: layer 'wide': .*tables of up to.*\n"
    )
    assert re.fullmatch(expected, found.error), found.error
    assert not Path("y.npy").exists()


# ---- eval ----


@pytest.mark.parametrize("scheme", ["fixed", "affine"])
@pytest.mark.parametrize("name", DATA)
def test_eval_gives_what_the_integer_model_and_python_give(name: str, scheme: str, folder: Path) -> None:
    built(name, "--scheme", scheme)
    assert kerilog("eval", name, "--inputs", FRAMES[name], "--outputs", "y.npz").status == 0
    graph = storage.load(Path(name, storage.FILE_NAME))
    x = frames.read(Path(FRAMES[name]), frames.input_names(graph))
    codes = {node.name: node.format.quantize(x[node.name]) for node in graph.inputs}
    expected = dict(zip(OUTPUTS[name], run_outputs(graph, codes), strict=True))
    from_python = api.Quantized(graph).run_outputs(x)
    with np.load("y.npz") as found:
        assert set(found) == set(OUTPUTS[name])
        for output, classes in OUTPUTS[name].items():
            assert found[output].dtype == np.int32 and found[output].shape == (7, classes)
            assert np.array_equal(found[output], expected[output])
            assert np.array_equal(found[output], from_python[output])


@pytest.mark.parametrize("name", ["heads", "inputs"])
def test_every_output_is_near_the_float_network(name: str, folder: Path) -> None:
    """So that no output stands under another's name, and no input is taken for another."""
    built(name)
    original = api.load(f"{name}.keras")
    assert not isinstance(original, api.Quantized)
    graph = storage.load(Path(name, storage.FILE_NAME))
    x = frames.read(Path(FRAMES[name]), frames.input_names(graph))
    reals = dict(zip(frames.output_names(original), floating.run(original, x), strict=True))
    found = api.Quantized(graph).run_outputs(x)
    for output, node in zip(frames.output_names(graph), graph.outputs, strict=True):
        values = graph[node].format.dequantize(found[output])
        if output in ("kind", "answer"):  # the integers end in logits
            values = floating.activate(values.astype(np.float32), "softmax")
        assert np.abs(values - reals[output]).max() < 0.06, output


def test_one_output_may_go_to_either_kind_of_file(folder: Path) -> None:
    built("inputs")
    for outputs in ("y.npy", "y.npz"):
        assert kerilog("eval", "inputs", "--inputs", "pair.npz", "--outputs", outputs).status == 0
    with np.load("y.npz") as archive:
        assert np.array_equal(np.load("y.npy"), archive["answer"])


BAD_FRAMES: dict[str, tuple[dict[str, Any], str]] = {
    "one missing": (
        {"left": np.zeros((2, 6))},
        "expected an .npz file with arrays 'left', 'right', found 'left'",
    ),
    "counts": (
        {"left": np.zeros((2, 6)), "right": np.zeros((3, 4))},
        "inputs: expected as many frames for each input, found 2 of 'left', 3 of 'right'",
    ),
    "shape": (
        {"left": np.zeros((2, 4)), "right": np.zeros((2, 4))},
        r"input 'left': expected shape \(frames, 6,\), found \(2, 4\)",
    ),
    "codes": (
        {"left": np.zeros((2, 6)), "right": np.full((2, 4), 300)},
        r"input 'right': integer codes must lie in -128\.\.127, found 300\.\.300",
    ),
}


@pytest.mark.parametrize("case", BAD_FRAMES)
def test_bad_frames_of_several_inputs(case: str, folder: Path) -> None:
    built("inputs")
    arrays, message = BAD_FRAMES[case]
    np.savez("bad.npz", **arrays)
    before = contents(folder)
    found = kerilog("eval", "inputs", "--inputs", "bad.npz", "--outputs", "y.npy")
    assert (found.status, found.output) == (2, "")
    assert re.fullmatch(rf"kerilog: error: [^\n]*{message}[^\n]*\n", found.error), found.error
    assert contents(folder) == before


def test_one_array_is_not_two_inputs(folder: Path) -> None:
    built("inputs")
    found = kerilog("eval", "inputs", "--inputs", "image.npy", "--outputs", "y.npy")
    message = "image.npy: expected an .npz file with arrays 'left', 'right', found one array without a name"
    assert (found.status, message in found.error) == (2, True), found.error


def test_several_outputs_need_an_archive(folder: Path) -> None:
    built("heads")
    found = kerilog("eval", "heads", "--inputs", "image.npy", "--outputs", "y.npy")
    message = "y.npy: expected a file that ends in .npz, for the outputs 'kind', 'sign', 'gate'"
    assert (found.status, message in found.error) == (2, True), found.error
    assert not Path("y.npy").exists()


# ---- figures ----


def test_accuracy_is_told_for_every_output_with_labels(folder: Path) -> None:
    output = built("heads").output
    manifest = manifests.read("heads")
    assert isinstance(manifest, IntegerManifest) and isinstance(manifest.accuracies, dict)
    assert set(manifest.accuracies) == {"kind", "sign"}  # there are no labels for the gate
    assert "accuracy" not in manifest_of("heads")
    graph, data = storage.load(Path("heads", storage.FILE_NAME)), np.load("heads.npz")
    found = api.Quantized(graph).run_outputs(data["image"])
    for name, accuracy in manifest.accuracies.items():
        right = float(np.mean(found[name].argmax(axis=1) == data[name]))
        assert (accuracy.integer, accuracy.samples) == (pytest.approx(right), COUNT)
        assert f"accuracy of {name}, integer" in " ".join(output.split())
    kerilog("report", "heads")
    page = Path("heads/report/index.html").read_text(encoding="utf-8")
    for name in ("kind", "sign"):
        assert f"{name}, before: float" in page and f"Accuracy of every class, {name}" in page
    assert "gate, before: float" not in page


def test_accuracy_of_one_output_stands_where_it_did(folder: Path) -> None:
    built("inputs")
    manifest = manifest_of("inputs")
    assert manifest["accuracies"] == {"answer": manifest["accuracy"]}
    assert manifest["bytes"] == {"float": 4 * (35 + 25 + 18), "integer": 35 + 25 + 18}
    assert [tensor["name"] for tensor in manifest["inputs"]] == ["left", "right"]
    assert [tensor["shape"] for tensor in manifest["inputs"]] == [[6], [4]]


def test_inputs_are_calibrated_each_on_its_own_samples(folder: Path) -> None:
    built("inputs")
    left, right = manifest_of("inputs")["inputs"]
    assert right["scale"] >= 2 * left["scale"]  # its samples are four times as large


def test_two_builds_are_the_same(folder: Path) -> None:
    for copy in ("one", "two"):
        kerilog("build", "heads.keras", "--data", "heads.npz", "-o", copy)
    assert contents(folder / "one") == contents(folder / "two")


# ---- goals, and no hardware by choice ----


@pytest.mark.parametrize("goal", [("--multipliers", 3), ("--interval", 100), ("--device", "xc7a35t")])
def test_a_goal_is_not_tried_where_there_is_no_hardware(goal: tuple[object, ...], folder: Path) -> None:
    found = built("inner", *goal)
    assert found.status == 3
    last = found.error.splitlines()[-1]
    assert last == "kerilog: wrote the integer model alone to inner; the goal was not tried"
    assert Path("inner/integer_model.npz").is_file()


def test_the_integer_model_alone_for_the_asking(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "design_for", None)  # nothing is planned
    command = ("build", "tiny.keras", "--data", "samples.npz", "-o", "tiny", "--integer-only")
    found = kerilog(*command)
    assert (found.status, found.error) == (0, "")
    assert manifest_of("tiny")["no_hardware"] == []
    assert kerilog("eval", "tiny", "--inputs", "image.npy", "--outputs", "y.npy").status == 0
    refused = kerilog("sim", "tiny", "--inputs", "image.npy", "--outputs", "z.npy")
    assert refused.status == 2
    assert "no hardware: the integer model alone was asked for" in refused.error
    assert kerilog("report", "tiny").status == 0


def test_a_goal_and_no_hardware_exclude_each_other(folder: Path) -> None:
    before = contents(folder)
    found = built("inner", "--integer-only", "--interval", 100)
    assert (found.status, "--integer-only plans no hardware" in found.error) == (2, True)
    assert contents(folder) == before


def test_a_design_makes_way_for_an_integer_model_and_back(folder: Path) -> None:
    command = ("build", "tiny.keras", "--data", "samples.npz", "-o", "tiny")
    for _ in range(2):
        assert kerilog(*command).status == 0
        assert Path("tiny/rtl/tiny.v").is_file()
        assert kerilog(*command, "--integer-only").status == 0
        assert not Path("tiny/rtl").exists()


def test_every_reason_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = (("conv2d", "no strides"), ("", "too many inputs"), ("dense", "no\u00e9"))

    def refuse(*_: object) -> None:
        raise Unsupported.together(reasons)

    monkeypatch.setattr(build, "design_for", refuse)
    found = kerilog("build", "tiny.keras", "--data", "samples.npz", "-o", "tiny")
    assert found.status == 3
    assert found.error.splitlines() == [
        "kerilog: no hardware: layer 'conv2d': no strides",
        "kerilog: no hardware: too many inputs",
        "kerilog: no hardware: layer 'dense': no\u00e9",
        "kerilog: wrote the integer model alone to tiny",
    ]
    assert manifest_of("tiny")["no_hardware"] == [
        {"layer": layer or None, "reason": reason} for layer, reason in reasons
    ]


def test_what_cannot_be_read_is_refused_and_leaves_nothing(folder: Path) -> None:
    write_tiny(folder / "unknown.keras", extra=(layer("LSTM", "memory", units=3),))
    before = contents(folder)
    for options in ((), ("--integer-only",), ("--interval", 100)):
        found = kerilog("build", "unknown.keras", "--data", "samples.npz", "-o", "unknown", *options)
        assert (found.status, found.output) == (2, "")
        assert re.fullmatch(
            r"kerilog: error: [^\n]*layer 'memory': 'LSTM' is not supported[^\n]*\n", found.error
        )
    assert contents(folder) == before


def test_python_refuses_what_has_no_hardware_with_all_reasons(folder: Path) -> None:
    original = api.load("inner.keras")
    assert not isinstance(original, api.Quantized)
    quantized = api.quantize(original, np.load("samples.npz")["x_train"].astype(np.float32) / 255)
    with pytest.raises(Unsupported) as caught:
        api.generate(quantized, folder / "design")
    assert [layer for layer, _ in caught.value.reasons] == ["wide"]
    assert not (folder / "design").exists()
