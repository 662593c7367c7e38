# SPDX-License-Identifier: Apache-2.0
"""Whether samples are scaled: by the model itself, by the user's factor, by 255; and what is said of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import kerilog
from kerilog import frontend, storage
from kerilog.data import Intake, NamedData, Request, intakes, load, mnist, prepare, shipped
from kerilog.data.found import Found
from kerilog.errors import KerilogError
from kerilog.formats import Affine
from kerilog.graph import (
    Add,
    BatchNormalization,
    Dense,
    Dropout,
    Graph,
    Input,
    Node,
    Op,
    Reshape,
    ZeroPadding2D,
)
from kerilog.manifest import IntegerManifest, Scaling
from kerilog.qgraph import QGraph, QInput, QNode
from support import command
from support.keras_files import SHAPE, dense_weights, label_as, layer, write, write_samples, write_tiny
from support.mnist import MODEL
from support.paths import SHARED

CASES = SHARED / "cases"
NORM = BatchNormalization(np.full(1, 1 / 127.5, np.float32), np.full(1, -1, np.float32))
DENSE = Dense(np.ones((1, 2), np.float32), np.zeros(2, np.float32))
IMAGE = (4, 4, 1)


def chain(*ops: Op, shape: tuple[int, ...] = IMAGE) -> Graph:
    nodes = [Node("image", Input(), (), shape)]
    for number, op in enumerate(ops):
        nodes.append(Node(f"layer{number}", op, (nodes[-1].name,), shape))
    return Graph("net", tuple(nodes), (nodes[-1].name,))


def rescaling_model(path: Path, scale: float = 1 / 127.5, offset: float = -1.0) -> Path:
    """A classifier of SHAPE that begins with Rescaling."""
    rng = np.random.default_rng(5)
    layers = [
        layer("InputLayer", "image", batch_shape=[None, *SHAPE]),
        layer("Dropout", "drop", rate=0.1),
        layer("Rescaling", "rescaling", scale=scale, offset=offset),
        layer("Flatten", "flatten"),
        layer("Dense", "logits", units=3, activation="softmax"),
    ]
    return write(path, layers, {"dense": dense_weights(rng, 30, 3)})


# ---- who scales ----


@pytest.mark.parametrize(
    ("ops", "found"),
    [
        ((NORM, DENSE), "layer0"),
        ((Dropout(), ZeroPadding2D(((0, 0), (0, 0))), Reshape(), NORM, DENSE), "layer3"),
        ((DENSE, NORM), ""),
        ((Reshape(), DENSE), ""),
        ((NORM,), "layer0"),
    ],
)
def test_a_layer_that_scales_first_is_found(ops: tuple[Op, ...], found: str) -> None:
    intake = intakes(chain(*ops))["image"]
    assert intake.scaled_by == found and intake.plain == ""
    assert intake.why == (f"the model scales them (layer '{found}')" if found else "")


def test_each_input_has_its_own_answer() -> None:
    nodes = (
        Node("a", Input(), (), (1,)),
        Node("b", Input(), (), (1,)),
        Node("norm", NORM, ("a",), (1,)),
        Node("sum", Add(), ("norm", "b"), (1,)),
    )
    found = intakes(Graph("net", nodes, ("sum",)))
    assert (found["a"].scaled_by, found["b"].scaled_by) == ("norm", "")


def test_an_input_that_is_scaled_in_one_branch_alone_is_divided_and_told() -> None:
    nodes = (
        Node("a", Input(), (), (1,)),
        Node("norm", NORM, ("a",), (1,)),
        Node("sum", Add(), ("norm", "a"), (1,)),
    )
    graph = Graph("net", nodes, ("sum",))
    assert intakes(graph)["a"].plain == "sum"
    ready = prepare(graph, np.array([[0], [255]], np.uint8))
    assert ready.scaling["a"].factor == 1 / 255
    assert ready.warnings[0].startswith("input 'a': layer 'norm' scales it, layer 'sum' gets it as it is: ")


@pytest.mark.parametrize(
    ("scale", "zero", "why"),
    [(1.0, -128, "the model's input holds 0..255"), (1 / 255, -128, ""), (1 / 128, 0, "")],
)
def test_an_integer_network_says_by_its_format(scale: float, zero: int, why: str) -> None:
    node = QNode("x", QInput(), (), (2,), Affine(8, scale, zero))
    assert intakes(QGraph("net", "affine", (node,), ("x",)))["x"].why == why


# ---- what is done ----

UINT8 = np.array([[0, 255], [7, 100]], np.uint8)
OWN = Intake((2,), "rescale", (1 / 127.5,), (-1.0,))
RULES: dict[str, tuple[np.ndarray, Intake, float | None, float, str]] = {
    "image": (UINT8, Intake((2,)), None, 1 / 255, "uint8 0..255, divided by 255"),
    "image, own": (
        UINT8, OWN, None, 1, "uint8 0..255, as they are; the model scales them (layer 'rescale')",
    ),
    "int16, own": (
        UINT8.astype(np.int16), OWN, None, 1,
        "int16 0..255, as they are; the model scales them (layer 'rescale')",
    ),
    "int16": (UINT8.astype(np.int16), Intake((2,)), None, 1, "int16 0..255, as they are"),
    "floats": (UINT8 / 255, Intake((2,)), None, 1, "float64 0..1, as they are"),
    "given": (UINT8, Intake((2,)), 0.5, 0.5, "uint8 0..255, times 0.5, as the input scale says"),
    "given, own": (UINT8, OWN, 0.5, 0.5, "uint8 0..255, times 0.5, as the input scale says"),
    "pixels": (
        UINT8, Intake((2,), holds=(0.0, 255.0)), None, 1,
        "uint8 0..255, as they are; the model's input holds 0..255",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RULES)
def test_the_rule(case: str, tmp_path: Path) -> None:
    raw, intake, given, factor, told = RULES[case]
    np.savez(tmp_path / "x.npz", x=raw)
    found = load(Request(tmp_path / "x.npz", scale=given), {"x": intake}, {"y": (3,)})
    assert found.scaling["x"].factor == factor
    assert found.scaling["x"].told == told
    expected = raw.astype(np.float32)
    expected = expected / np.float32(255) if factor == 1 / 255 else expected * np.float32(factor)
    assert np.array_equal(found.x_train["x"], expected)


def warnings_of(raw: np.ndarray, intake: Intake, tmp_path: Path, given: float | None = None) -> NamedData:
    np.savez(tmp_path / "x.npz", x=raw)
    return load(Request(tmp_path / "x.npz", scale=given), {"x": intake}, {"y": (3,)})


DOUBTS: dict[str, tuple[np.ndarray, Intake, float | None, str]] = {
    "scaled twice by the user": (
        UINT8, OWN, 1 / 255, "times 0.00392157 as the input scale says, although the model scales its input",
    ),
    "scaled before": (UINT8 / 255, OWN, None, "layer 'rescale' makes -1..-0.992 of them, which is little"),
    "normalized for 0..1": (
        UINT8, Intake((2,), "bn", (3.2,), (-0.4,)), None,
        "makes -0.4..816 of them, which is much: was the model trained on scaled samples? An input scale of ",
    ),
    "normalized for less": (
        UINT8, Intake((2,), "bn", (32.0,), (-0.4,)), 1 / 100, "makes -0.4..81.2 of them",
    ),
    "bits": (UINT8 // 128, Intake((2,)), None, "uint8 0..1, divided by 255: few values for an image"),
    "pixels as integers": (UINT8.astype(np.int32), Intake((2,)), None, "int32 0..255, as they are, look"),
    "pixels as floats": (UINT8.astype(np.float32), Intake((2,)), None, "float32 0..255, as they are, look"),
    "channels apart": (
        np.array([[1e6, 0.001], [3e6, 0.004]]), Intake((2,), "norm", (1e-6, 700.0), (-2.0, -1.7)), None,
        "layer 'norm' needs steps finer than the 1.18e+04 of 8 bits for 1 of 2 channels",
    ),
    "symmetric": (UINT8, Intake((2,), holds=(-1.0, 0.99)), None, "fills 0..1 of the -1..0.99 that"),
}  # fmt: skip


@pytest.mark.parametrize("case", DOUBTS)
def test_what_is_doubtful_is_told(case: str, tmp_path: Path) -> None:
    raw, intake, given, message = DOUBTS[case]
    (warning,) = warnings_of(raw, intake, tmp_path, given).warnings
    assert message in warning


@pytest.mark.parametrize(
    ("raw", "intake", "given"),
    [
        (UINT8, Intake((2,)), None),
        (UINT8, OWN, None),
        (UINT8, OWN, 1.0),
        (UINT8, Intake((2,), "bn", (3.2,), (-0.4,)), 1 / 255),
        (np.array([[100.0, 1], [300, 4]]), Intake((2,), "norm", (1e-2, 0.7), (-2.0, -1.7)), None),
        (UINT8 / 255, Intake((2,)), None),
        (UINT8.astype(np.int32), Intake((2,)), 1 / 255),
        (UINT8.astype(np.int32), OWN, None),
        (UINT8.astype(np.float32), OWN, None),
        (UINT8.astype(np.float32) - 200, Intake((2,)), None),
    ],
)
def test_what_is_usual_is_not(raw: np.ndarray, intake: Intake, given: float | None, tmp_path: Path) -> None:
    assert warnings_of(raw, intake, tmp_path, given).warnings == ()


def test_parts_of_different_types_are_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x_train=UINT8, x_test=UINT8 / 255)
    found = load(Request(tmp_path / "x.npz"), {"x": Intake((2,))}, {"y": (3,)})
    assert found.warnings == ("input 'x': calibration samples are uint8, test samples are float64",)
    assert np.array_equal(found.x_train["x"], found.x_test["x"])


# ---- the command ----


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rescaling_model(tmp_path / "own.keras")
    write_tiny(tmp_path / "tiny.keras")
    write_samples(tmp_path / "samples.npz")
    label_as(tmp_path / "tiny.keras", tmp_path / "samples.npz")
    arrays = np.load(tmp_path / "samples.npz")
    np.savez(tmp_path / "images.npz", x_train=arrays["x_train"], x_test=arrays["x_test"])
    return tmp_path


def build(model: str, *options: object) -> command.Outcome:
    return command.kerilog("build", model, "-o", "out", "--integer-only", *options)


def test_a_model_that_scales_itself_gets_images_as_they_are(bench: Path) -> None:
    found = build("own.keras", "--data", "images.npz")
    assert found.status == 0 and found.error == ""
    table = " ".join(found.output.split())
    assert "input uint8 0..255, as they are; the model scales them (layer 'rescaling')" in table
    assert table.count("images.npz (40 + 40 samples)") == 1
    manifest = IntegerManifest.read(bench / "out")
    assert manifest.scaling == {
        "image": Scaling(
            dtype="uint8", minimum=0, maximum=255, why="the model scales them (layer 'rescaling')"
        )
    }
    # as wide as 0..255 needs
    assert manifest.inputs[0].scale == 2


def test_a_factor_may_be_a_fraction_and_a_doubtful_one_is_told(bench: Path) -> None:
    found = build("own.keras", "--data", "samples.npz", "--input-scale", "1/255")
    assert found.status == 0
    assert found.error.startswith("kerilog: warning: input 'image': uint8 0..255, times 0.00392157 as the ")
    assert "warning" in found.output
    assert command.kerilog("show", "out").output == found.output
    for wrong in ("1/0", "x"):
        assert build("own.keras", "--data", "samples.npz", "--input-scale", wrong).status == 2


UNUSED = [
    (("--rounding", "single"), "--rounding single has no effect: it belongs to --scheme affine"),
    (("--samples", "41"), "--samples 41: there are 40 calibration samples, which are all used"),
    (("--samples", "1000"), "--samples 1000: there are 40 calibration samples, which are all used"),
    (("--labels", "y.npy"), "--labels y.npy has no effect: it belongs to --data X.npy"),
    (("--label", "kind"), "--label kind has no effect: it names a column of --data FILE.csv"),
]


@pytest.mark.parametrize(("options", "message"), UNUSED)
def test_an_option_without_effect_is_told(options: tuple[str, ...], message: str, bench: Path) -> None:
    found = build("tiny.keras", "--data", "samples.npz", *options)
    assert found.status == 0 and found.error == f"kerilog: warning: {message}\n"
    assert IntegerManifest.read(bench / "out").warnings == (message,)


def test_explore_and_study_warn_as_well(bench: Path) -> None:
    labels = "kerilog: warning: --labels y.npy has no effect: it belongs to --data X.npy\n"
    samples = "kerilog: warning: --samples 41: there are 40 {} samples, which are all used\n"
    for name, kind in (("explore", "calibration"), ("study", "test")):
        options = ("--data", "samples.npz", "--labels", "y.npy", "--samples", "41")
        found = command.kerilog(name, "tiny.keras", *options)
        assert found.status == 0
        assert sorted(found.error.splitlines(True)) == [labels, samples.format(kind)]


@pytest.mark.parametrize("name", ["ic_resnet8"])
def test_a_tflite_file_without_data_needs_no_options_about_it(name: str, bench: Path) -> None:
    model = SHARED / "mlperf_tiny" / name / "model.tflite"
    if not model.is_file():
        pytest.skip("needs the models of MLPerf Tiny")
    found = build(str(model), "--input-scale", "2", "--samples", "9", "--scheme", "fixed")
    why = "a TFLite file has its formats already"
    assert found.error.splitlines() == [
        f"kerilog: warning: --scheme fixed has no effect: {why}",
        f"kerilog: warning: --samples has no effect: {why}",
        "kerilog: warning: --input-scale has no effect without --data",
    ]
    assert build(str(model)).error == ""


# ---- MNIST ----


def test_the_shipped_model_is_known_by_its_contents(tmp_path: Path) -> None:
    assert shipped.is_shipped(MODEL)
    copy = tmp_path / "renamed.keras"
    copy.write_bytes(MODEL.read_bytes())
    assert shipped.is_shipped(copy)
    copy.write_bytes(MODEL.read_bytes() + b" ")
    assert not shipped.is_shipped(copy) and not shipped.is_shipped(tmp_path / "missing.keras")


def test_a_model_that_is_trained_anew_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = tmp_path / "shipped.json"
    listing.write_text('{"mnist_cnn.keras": "' + "0" * 64 + '"}')
    monkeypatch.setattr(shipped, "_LIST", listing)
    assert not shipped.is_shipped(MODEL)
    shipped.record(MODEL)
    assert shipped.is_shipped(MODEL)
    assert len(listing.read_text().split(":")) == 2


def test_mnist_is_a_word_and_its_path_a_folder(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "read_mnist", lambda: Found({"x": np.zeros((2, 28, 28), np.uint8)}, "MNIST"))
    (bench / "mnist").mkdir()
    found = build("tiny.keras", "--data", "mnist")
    assert (found.status, found.error) == (
        2, "kerilog: error: MNIST: x: expected samples of 6x5x1, got 28x28\n",
    )  # fmt: skip
    assert "mnist: expected a subfolder of images" in build("tiny.keras", "--data", "./mnist").error


def test_another_model_of_that_shape_needs_data(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    layers = [
        layer("InputLayer", "image", batch_shape=[None, 28, 28, 1]),
        layer("Flatten", "flatten"),
        layer("Dense", "logits", units=3),
    ]
    write(tmp_path / "other.keras", layers, {"dense": dense_weights(rng, 784, 3)})
    found = command.kerilog("build", tmp_path / "other.keras", "-o", tmp_path / "out", "--integer-only")
    assert found.status == 2 and not (tmp_path / "out").exists()
    kinds = "FILE.npz, a FOLDER of images, X.npy, FILE.csv or mnist"
    assert found.error == f"kerilog: error: no samples for a model input of 28x28x1: give --data {kinds}\n"


# ---- the same in Python ----


@pytest.mark.parametrize("options", [{}, {"scheme": "affine"}, {"input_scale": 1 / 100}])
@pytest.mark.parametrize("model", ["own.keras", "tiny.keras"])
def test_quantize_does_what_the_command_does(model: str, options: dict[str, object], bench: Path) -> None:
    rng = np.random.default_rng(6)
    # the samples behind the first thousand reach farther
    x = np.concatenate([rng.integers(0, 99, (1000, *SHAPE)), rng.integers(0, 256, (500, *SHAPE))])
    np.savez(bench / "data.npz", x_train=x.astype(np.uint8), x_test=x[:5].astype(np.uint8))
    flags = [part for key, value in options.items() for part in (f"--{key.replace('_', '-')}", str(value))]
    assert build(model, "--data", "data.npz", *flags).status == 0
    graph = kerilog.load(model)
    assert isinstance(graph, Graph)
    made = kerilog.quantize(graph, x.astype(np.uint8), **options)  # type: ignore[arg-type]
    assert storage.digest(made.graph) == storage.digest(storage.load(bench / "out" / storage.FILE_NAME))
    assert made.scaling["image" if model == "own.keras" else "input"].dtype == "uint8"
    every = kerilog.quantize(graph, x.astype(np.uint8), count=None, **options)  # type: ignore[arg-type]
    assert storage.digest(every.graph) != storage.digest(made.graph)


def test_quantize_refuses_what_does_not_fit(bench: Path) -> None:
    graph = kerilog.load("tiny.keras")
    assert isinstance(graph, Graph)
    with pytest.raises(KerilogError, match="count must be a whole number of at least 1, found 0"):
        kerilog.quantize(graph, np.zeros((3, *SHAPE)), count=0)
    with pytest.raises(KerilogError, match="expected samples for input 'input', got none"):
        kerilog.quantize(graph, {"x": np.zeros((3, *SHAPE))})
    with pytest.raises(KerilogError, match="input 'input': 3 samples hold NaN"):
        kerilog.quantize(graph, np.full((3, *SHAPE), np.nan))


# ---- cases from users ----


@pytest.mark.parametrize("scheme", ["fixed", "affine"])
@pytest.mark.parametrize(
    ("case", "share"),
    [("rescaling_and_uint8/c13_mobilenet_rescale", 104 / 120), ("normalization_layer/c03b_normalization", 1)],
)
def test_cases(case: str, share: float, scheme: str, tmp_path: Path) -> None:
    if not CASES.is_dir():
        pytest.skip("needs the shared cases")
    model, samples = CASES / f"{case}.keras", CASES / f"{case}.npz"
    assert isinstance(frontend.load(model), Graph)
    found = command.kerilog(
        "build", model, "--data", samples, "--scheme", scheme, "--integer-only", "-o", tmp_path / "out"
    )
    assert found.status == 0
    manifest = IntegerManifest.read(tmp_path / "out")
    assert isinstance(manifest.accuracy, kerilog.manifest.Accuracy)
    assert (manifest.accuracy.original, manifest.accuracy.integer) == (share, share)
