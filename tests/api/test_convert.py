# SPDX-License-Identifier: Apache-2.0
"""``kerilog.convert`` of model files: the same bits as the command, and what comes back. No Keras here."""

from __future__ import annotations

import gc
import importlib.util
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rich.console
import rich.progress

import kerilog as api
from kerilog import progress, storage
from kerilog.manifest import IntegerManifest, Manifest
from support.command import kerilog
from support.keras_files import (
    SHAPE,
    write_samples,
    write_tiny,
    write_two_heads,
    write_two_inputs,
    write_without_hardware,
)

# random labels: no network is better than chance at them
pytestmark = pytest.mark.filterwarnings("ignore:float accuracy.*chance")

OPTIONS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "affine": {"scheme": "affine", "rounding": "single", "range": "minmax"},
    "narrow": {"weight_bits": 5, "activation_bits": 6, "bias_bits": "accumulator"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("api")
    write_tiny(root / "tiny.keras")
    write_two_inputs(root / "pair.keras")
    write_two_heads(root / "heads.keras")
    write_without_hardware(root / "inner.keras")
    write_samples(root / "samples.npz")
    return root


@pytest.fixture(autouse=True)
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


@pytest.fixture(scope="module")
def data(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "samples.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def tiny(folder: Path, data: dict[str, np.ndarray]) -> api.IntegerModel:
    """The small classifier, never built."""
    return api.convert(folder / "tiny.keras", data["x_train"], verbose=False)


def floats(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, *shape), np.float32)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_the_integer_model_is_the_command_s(
    options: dict[str, Any], data: dict[str, np.ndarray], tmp_path: Path
) -> None:
    """Byte for byte, from uint8 images, which both scale by the same rule."""
    words = [word for key, value in options.items() for word in (f"--{key.replace('_', '-')}", value)]
    built = kerilog(
        "build", "tiny.keras", "--data", "samples.npz", "-o", tmp_path / "command", "--interval", 60, *words
    )
    assert built.status == 0, built.error
    network = api.convert("tiny.keras", data["x_train"], **options, verbose=False)
    manifest = network.build(tmp_path / "python", 60, x_test=data["x_test"], y_test=data["y_test"])
    assert isinstance(manifest, Manifest)
    first, second = (tmp_path / name for name in ("command", "python"))
    for name in (storage.FILE_NAME, *manifest.sources, *manifest.memories):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    expected = Manifest.read(first)
    assert (manifest.model, manifest.accuracy) == (expected.model, expected.accuracy)
    assert manifest.quality == expected.quality
    assert [one for one in manifest.warnings if "chance" in one] == [
        one for one in expected.warnings if "chance" in one
    ]
    assert (manifest.frame_interval, manifest.latency) == (expected.frame_interval, expected.latency)


def test_layers_are_chosen_as_in_a_settings_file(data: dict[str, np.ndarray], tmp_path: Path) -> None:
    text = "[default]\nweight_bits = 7\n[layers.conv2d]\nweight_bits = 4\nfrac = 3\n"
    (tmp_path / "settings.toml").write_text(text)
    built = kerilog(
        "build", "tiny.keras", "--data", "samples.npz", "-o", tmp_path / "command", "--integer-only",
        "--config", tmp_path / "settings.toml",
    )  # fmt: skip
    assert built.status == 0, built.error
    for chosen in ({"weight_bits": np.int64(4), "frac": 3}, api.LayerSettings(weight_bits=4, frac=3)):
        network = api.convert(
            "tiny.keras", data["x_train"], weight_bits=7, layers={"conv2d": chosen}, verbose=False
        )
        saved = network.save(tmp_path / "python")
        assert isinstance(saved, IntegerManifest)
        command = (tmp_path / "command" / storage.FILE_NAME).read_bytes()
        assert command == (tmp_path / "python" / storage.FILE_NAME).read_bytes()


def test_predict_is_run_in_real_numbers(tiny: api.IntegerModel, data: dict[str, np.ndarray]) -> None:
    codes = tiny.quantize_input(data["x_test"])
    logits = tiny.output_format.dequantize(tiny.run(codes))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    found = tiny.predict(data["x_test"])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, powers / powers.sum(axis=1, keepdims=True), rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(codes, tiny.quantize_input(data["x_test"] / np.float32(255)))


def test_evaluate_and_compare(tiny: api.IntegerModel, data: dict[str, np.ndarray]) -> None:
    x, y = data["x_test"], data["y_test"]
    found = tiny.evaluate(x, y)
    right = np.mean(tiny.predict(x).argmax(axis=1) == y)
    assert found["integer"]["accuracy"] == pytest.approx(right)
    assert set(found) == {"float", "integer"} and "accuracy" in found["float"]
    records = tiny.compare(x)
    assert records[0].layer == "input"
    assert {"conv2d", "dense", "logits"} <= {record.layer for record in records}
    last = next(record for record in records if record.layer == "logits")
    assert last.rmse > 0 and last.snr_db is not None and last.correlation is not None
    assert last.snr_db > 15 and last.correlation > 0.98
    without = tiny.evaluate(x)
    assert "accuracy" not in without["integer"] and without["integer"]["rmse"] == pytest.approx(last.rmse)


def test_several_inputs_by_name_and_as_a_list() -> None:
    left, right = floats(30, 6), floats(30, 4, seed=1)
    by_name = api.convert("pair.keras", {"left": left, "right": right}, verbose=False)
    listed = api.convert("pair.keras", [left, right], verbose=False)
    assert storage.digest(by_name.graph) == storage.digest(listed.graph)
    expected = by_name.predict({"right": right, "left": left})
    np.testing.assert_array_equal(listed.predict([left, right]), expected)
    assert expected.shape == (30, 3)


def test_several_outputs_come_by_name() -> None:
    x = floats(30, *SHAPE)
    network = api.convert("heads.keras", x, verbose=False)
    assert network.output_names == ("kind", "sign", "gate")
    answers, codes = network.predict(x), network.run(network.quantize_input(x))
    assert {name: array.shape for name, array in answers.items()} == {
        "kind": (30, 3), "sign": (30, 2), "gate": (30, 1),
    }  # fmt: skip
    assert set(codes) == set(answers) and all(array.dtype == np.int64 for array in codes.values())
    np.testing.assert_allclose(answers["kind"].sum(axis=1), 1, rtol=1e-5)
    labels = {"kind": answers["kind"].argmax(axis=1)}
    assert network.evaluate(x, labels)["integer"]["kind_accuracy"] == 1.0


def test_run_gives_the_codes_of_codes(tiny: api.IntegerModel) -> None:
    x = floats(3, *SHAPE)
    codes = tiny.quantize_input(x)
    assert codes.shape == (3, *SHAPE) and codes.dtype == np.int64
    np.testing.assert_array_equal(tiny.run(codes), tiny.run(codes.astype(np.int8)))
    np.testing.assert_array_equal(tiny.run(x), tiny.run(codes))  # floats are quantized


def test_uint8_is_raw_or_codes_and_never_guessed(tiny: api.IntegerModel, data: dict[str, np.ndarray]) -> None:
    x = data["x_test"]
    with pytest.raises(api.KerilogError, match="inputs: uint8 may be codes or raw samples: say which"):
        tiny.run(x)
    np.testing.assert_array_equal(tiny.run(x, "raw"), tiny.run(tiny.quantize_input(x)))
    small = (x // 2).astype(np.uint8)
    np.testing.assert_array_equal(tiny.run(small, "codes"), tiny.run(small.astype(np.int64)))
    assert tiny.scaling["input"].told.endswith("divided by 255")
    with pytest.raises(api.KerilogError, match="x: how raw int64 is scaled is not known"):
        tiny.predict(x.astype(np.int64))


def test_the_scale_that_is_given_holds_for_all_samples(data: dict[str, np.ndarray]) -> None:
    x = data["x_train"]
    given = api.convert("tiny.keras", x.astype(np.int64), input_scale=1 / 255, verbose=False)
    usual = api.convert("tiny.keras", x, verbose=False)
    np.testing.assert_allclose(given.predict(x.astype(np.float64)), usual.predict(x), atol=1e-3)


def test_what_is_doubtful_is_a_warning(data: dict[str, np.ndarray], tmp_path: Path) -> None:
    """Of Python's own, at the caller's line; in the object; in the manifest."""
    with pytest.warns(api.KerilogWarning, match="rounding 'single' has no effect") as seen:
        network = api.convert("tiny.keras", data["x_train"], rounding="single", verbose=False)
    assert [Path(one.filename).name for one in seen] == [Path(__file__).name]
    with pytest.warns(api.KerilogWarning, match="look like pixels"):
        unscaled = api.convert("tiny.keras", data["x_train"].astype(np.float32), verbose=False)
    assert len(network.warnings) == len(unscaled.warnings) == 1
    saved = unscaled.save(tmp_path / "saved")
    with pytest.warns(api.KerilogWarning, match="float accuracy .* is near or below chance") as seen:
        network.evaluate(data["x_test"], data["y_test"])
    assert [Path(one.filename).name for one in seen] == [Path(__file__).name]
    assert saved.warnings == unscaled.warnings and "look like pixels" in unscaled._repr_html_()


def test_a_network_that_saw_no_samples_says_what_it_makes_of_them() -> None:
    """As one of a TFLite file that came without any."""
    graph = api.convert("tiny.keras", floats(30, *SHAPE), verbose=False).graph
    alone = api.IntegerModel(graph)
    x = floats(4, *SHAPE)
    np.testing.assert_array_equal(alone.quantize_input(x), graph.inputs[0].format.quantize(x))
    pixels = (255 * x).round()
    with pytest.warns(api.KerilogWarning, match="look like pixels") as seen:
        alone.predict(pixels)
    assert [Path(one.filename).name for one in seen] == [Path(__file__).name]


def test_bars_are_drawn_where_they_can_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a notebook that has ipywidgets; not in one without, nor where nobody asked for them."""
    shown: list[bool] = []

    class Recorded(rich.progress.Progress):
        def __init__(self, *columns: Any, disable: bool, **options: Any) -> None:
            shown.append(not disable)
            super().__init__(*columns, disable=True)

    monkeypatch.setattr(rich.progress, "Progress", Recorded)
    monkeypatch.setattr(rich.console.Console, "is_terminal", False)
    for notebook, widgets, asked in (
        (True, True, True), (True, False, True), (True, True, False), (False, True, True),
    ):  # fmt: skip
        monkeypatch.setattr(rich.console, "_is_jupyter", lambda notebook=notebook: notebook)
        monkeypatch.setattr(importlib.util, "find_spec", lambda name, there=widgets: there or None)
        with progress.show_progress("title", asked):
            pass
    assert shown == [True, False, False, False]


def test_plan_says_what_build_writes(tiny: api.IntegerModel, tmp_path: Path) -> None:
    plan = tiny.plan(60)
    assert plan.interval <= 60 and plan is tiny.plan(60)
    text = str(plan)
    assert "a frame every 60 cycles" in text and f"{plan.area.lut:,} LUT" in text and "conv2d" in text
    assert f"{plan.interval} cycles per frame" in repr(plan) and "\n" not in repr(plan)
    assert plan.frames_per_second(100.0) == pytest.approx(1e8 / plan.interval)
    manifest = tiny.build(tmp_path / "design", 60)
    assert (manifest.frame_interval, manifest.latency) == (plan.interval, plan.latency)
    assert (manifest.multipliers, manifest.predicted["xc7"]) == (plan.multipliers, plan.area)
    assert tiny.plan(60, unroll="dense") is tiny.plan(60, unroll=["dense"])
    assert manifest.data is not None and "40 calibration samples" in str(manifest.data)


def test_simulate_and_report_without_a_build(data: dict[str, np.ndarray]) -> None:
    """Both use one temporary folder, which goes when the object does."""
    before = set(Path(tempfile.gettempdir()).glob("kerilog_*"))
    network = api.convert("tiny.keras", data["x_train"], verbose=False)
    codes = network.quantize_input(data["x_test"][:2])
    found = network.simulate(codes, "icarus")
    assert (found.mismatches, found.passed, found.differences) == (0, True, ())
    np.testing.assert_array_equal(found.codes, network.run(codes))
    assert (found.interval, found.latency) == (found.planned_interval, found.planned_latency)
    assert "0 mismatches" in repr(found)
    page = network.report()
    assert page.is_file() and "conv2d" in page.read_text(encoding="utf-8")
    mine = set(Path(tempfile.gettempdir()).glob("kerilog_*")) - before
    assert any(folder in page.parents for folder in mine)
    del network
    gc.collect()
    assert not page.exists()


def test_simulate_uses_what_was_built(data: dict[str, np.ndarray], tmp_path: Path) -> None:
    network = api.convert("tiny.keras", data["x_train"], verbose=False)
    network.build(tmp_path / "mine", multipliers=4)
    found = network.simulate(network.quantize_input(data["x_test"][:1]), "icarus")
    assert found.passed and found.planned_interval == Manifest.read(tmp_path / "mine").frame_interval
    assert network.report() == tmp_path / "mine" / "report" / "index.html"
    network.save(tmp_path / "saved")  # has no hardware: what was built is still there
    assert network.simulate(network.quantize_input(data["x_test"][:1]), "icarus").passed
    assert network.report() == tmp_path / "saved" / "report" / "index.html"


def test_without_hardware() -> None:
    network = api.convert("inner.keras", floats(30, *SHAPE), verbose=False)
    for attempt in (
        network.plan, lambda: network.build("nowhere"), lambda: network.simulate(floats(1, *SHAPE)),
    ):  # fmt: skip
        with pytest.raises(api.Unsupported, match="layer 'wide': hardware supports tables of up to"):
            attempt()
    assert not Path("nowhere").exists()
    assert network.report().is_file()
    assert "No hardware: layer &#39;wide&#39;" in network._repr_html_()


def test_repr_is_one_short_line(tiny: api.IntegerModel) -> None:
    assert repr(tiny) == "<kerilog.IntegerModel tiny: fixed, input 6x5x1 -> logits 3, 63 bytes>"


def test_html_shows_pipeline_formats_and_quality(tiny: api.IntegerModel, data: dict[str, np.ndarray]) -> None:
    tiny.evaluate(data["x_test"], data["y_test"])
    page = tiny._repr_html_()
    assert 'src="data:image/svg+xml;base64,' in page and "<script" not in page
    for layer in tiny.formats():
        assert layer.layer in page and str(layer.output).replace("<", "&lt;").replace(">", "&gt;") in page
    assert "accuracy" in page and f"{tiny.evaluated['integer']['accuracy']:.2%}" in page  # type: ignore[index]
    assert tiny.last_plan is not None and tiny.last_plan.goal in page
    assert f"{tiny.calibration_errors[-1].snr_db:.1f}" in page
    assert "<img" in tiny.plan()._repr_html_()


def test_html_is_escaped(data: dict[str, np.ndarray]) -> None:
    network = api.convert("tiny.keras", data["x_train"], verbose=False)
    network.name = "<script>alert(1)</script>"
    network.warnings = ("<img src=x onerror=alert(2)>",)
    network.evaluated = {"float": {}, "integer": {"why_no_accuracy": "<b>3</b>"}}
    page = network._repr_html_()
    assert "<script>" not in page and "<img src=x" not in page and "<b>" not in page
    assert "&lt;script&gt;" in page


BAD: dict[str, tuple[Any, str]] = {
    "no samples": (lambda x: api.convert("tiny.keras"), "x_calibration: expected samples to choose .*"),
    "another type": (lambda x: api.convert(7, x), "model: expected a Keras model, the path of .*, found int"),
    "not there": (lambda x: api.convert("none.keras", x), "none.keras: no such file"),
    "another file": (lambda x: api.convert("samples.npz", x), "samples.npz: expected a model file .*"),
    "not TFLite": (lambda x: api.convert(b"not a model", x), "TFLite bytes: expected a TFLite file .*"),
    "broken": (lambda x: api.convert(b"\0\0\0\0TFL3\xff\xff", x), "TFLite bytes: expected .*"),
    "shape": (lambda x: api.convert("tiny.keras", x[:, 1:]), ".*expected samples of 6x5x1, got 5x5x1"),
    "words": (lambda x: api.convert("tiny.keras", ["a"]), ".*expected real numbers, got dtype <U1"),
    "ragged": (lambda x: api.convert("tiny.keras", [[1, 2], [3]]), "x_calibration: expected an array of .*"),
    "objects": (lambda x: api.convert("tiny.keras", object()), "x_calibration: expected an array of .*"),
    "NaN": (lambda x: api.convert("tiny.keras", x * np.nan), ".*40 samples hold NaN or infinity.*"),
    "name": (lambda x: api.convert("tiny.keras", {"image": x}), "x_calibration: .* 'input'; found 'image'"),
    "too few": (lambda x: api.convert("pair.keras", x), "x_calibration: expected 2 arrays, .* left, right.*"),
    "counts": (
        lambda x: api.convert("pair.keras", [floats(3, 6), floats(4, 4)]),
        "x_calibration: expected as many samples for each input, found 3 for 'left', 4 for 'right'",
    ),
    "scheme": (lambda x: api.convert("tiny.keras", x, "int8"), "unknown scheme 'int8'; choose one of .*"),
    "rounding": (
        lambda x: api.convert("tiny.keras", x, rounding="up"),  # type: ignore[arg-type]
        "unknown rounding 'up'; choose one of reference, single",
    ),
    "bits": (lambda x: api.convert("tiny.keras", x, weight_bits=40), "weight_bits: .*, found 40"),
    "layer": (
        lambda x: api.convert("tiny.keras", x, layers={"conv": {"frac": 3}}),
        "settings: layer 'conv' is not in the model; the nearest is 'conv2d'",
    ),
    "setting": (
        lambda x: api.convert("tiny.keras", x, layers={"conv2d": {"weight_bit": 4}}),
        "convert: layers.conv2d: there is no setting \"weight_bit\"; the nearest is 'weight_bits'",
    ),
    "layers": (lambda x: api.convert("tiny.keras", x, layers=["conv2d"]), "layers: expected a mapping .*"),  # type: ignore[arg-type]
    "two intervals": (
        lambda x: api.convert("tiny.keras", x).plan(9, fps=9, clock_mhz=1),
        "interval and fps bound the same: expected one of them",
    ),
    "bounds": (
        lambda x: api.convert("tiny.keras", x).plan(30, multipliers=4),
        "no folding with 4 multipliers gives a frame every 30 cycles: the shortest interval with 4 .*",
    ),
    "fill": (
        lambda x: api.convert("tiny.keras", x).plan(fill=50), "fill is for device: name the device as well"
    ),
    "no clock": (
        lambda x: api.convert("tiny.keras", x).plan(fps=9), "fps needs the clock as well: .* clock_mhz in MHz"
    ),
    "unroll": (
        lambda x: api.convert("tiny.keras", x).plan(device="xc7s6", unroll=["dense"]),
        "unroll goes with interval or fps, not with a budget",
    ),
    "target": (
        lambda x: api.convert("tiny.keras", x).synthesize("xc7", seed=3),
        "seed is for the targets ecp5, ice40, gowin, nexus, gatemate; xc7 is not placed on any",
    ),
    "simulator": (
        lambda x: api.convert("tiny.keras", x).simulate(x[:1] / 255.0, "vcs"),  # type: ignore[arg-type]
        "unknown simulator 'vcs'; choose one of verilator, icarus",
    ),
    "codes": (
        lambda x: api.convert("tiny.keras", x).run(np.full((1, *SHAPE), 300)),
        r"inputs: integer codes must lie in -128\.\.127, found 300\.\.300; .*",
    ),
    "labels": (
        lambda x: api.convert("tiny.keras", x).evaluate(x, np.zeros(3)), "y: expected 40 labels, found 3"
    ),
    "y without x": (
        lambda x: api.convert("tiny.keras", x).save("nowhere", y_test=np.zeros(3)),
        "y_test: expected x_test with it, found none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attempt, message", BAD.values(), ids=BAD)
def test_errors_speak_of_arguments(attempt: Any, message: str, data: dict[str, np.ndarray]) -> None:
    with pytest.raises(api.KerilogError) as raised:
        attempt(data["x_train"])
    text = str(raised.value)
    assert re.fullmatch(message, text), text
    assert "\n" not in text and "--" not in text and tempfile.gettempdir() + "/kerilog_" not in text
    assert not Path("nowhere").exists()


def test_the_manifest_of_a_model_without_a_file(data: dict[str, np.ndarray], tmp_path: Path) -> None:
    graph = api.load("tiny.keras")
    assert not isinstance(graph, api.IntegerModel)
    network = api.convert(graph, data["x_train"], verbose=False)
    network.save(tmp_path / "saved")
    about = json.loads((tmp_path / "saved" / "manifest.json").read_text())
    assert about["model"] == {"file": "tiny", "sha256": storage.digest(network.graph)}
    assert about["no_hardware"] == []


def test_what_was_changed_by_hand_is_replaced_by_force_alone(tiny: api.IntegerModel, tmp_path: Path) -> None:
    top = tmp_path / "mine" / tiny.build(tmp_path / "mine").sources[-1]
    written = top.read_text()
    top.write_text("// by hand")
    with pytest.raises(api.KerilogError, match=r"was changed since .* or give force=True to replace it"):
        tiny.build(tmp_path / "mine")
    assert top.read_text() == "// by hand"
    tiny.build(tmp_path / "mine", force=True)
    assert top.read_text() == written
