# SPDX-License-Identifier: Apache-2.0
"""The manifest: what is written is read back, and nothing unchecked gets in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerilog import manifest as manifests
from kerilog.errors import KerilogError
from kerilog.hardware.naming import ports
from kerilog.manifest import IntegerManifest, Manifest, Resources
from support.manifests import make_manifest, make_stream

RESOURCES = Resources(
    target="ecp5", device="d", tool="t", lut=3, lutram=0, ff=0, latch=0, bram18=0, dsp=0, fmax_mhz=None,
    critical_path=None,
)  # fmt: skip


def change(directory: Path, **values: Any) -> None:
    path = directory / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_round_trip(tiny_design) -> None:
    design = tiny_design()
    read = Manifest.read(design.directory)
    assert read == design.manifest == manifests.read(design.directory)
    assert read.to_json() == (design.directory / "manifest.json").read_text()
    assert (read.input.elements, read.input.beats, read.input.width) == (12, 4, 24)


def test_one_input_stands_alone_as_well(tiny_design) -> None:
    values = json.loads((tiny_design().directory / "manifest.json").read_text())
    assert values["inputs"] == [values["input"]] and values["outputs"] == [values["output"]]
    assert values["schema"] == 1
    assert values["input"] == {
        "name": "x", "port": "s_axis", "shape": [4, 3], "bits": 8, "lanes": 3, "signed": True, "scale": 0.5,
        "zero_point": 0, "payload_bits": 24, "tdata_bits": 24, "frame_beats": 4,
    }  # fmt: skip


def test_several_inputs_and_outputs_are_lists_only(tiny_design) -> None:
    names = ("left image", "left_image")
    found = ports("s_axis", names)
    assert found == ("s_axis_left_image", "s_axis_left_image_2")
    streams = [make_stream((6,), 8, 2, name=name, port=port) for name, port in zip(names, found, strict=True)]
    manifest = make_manifest(
        streams[0], make_stream((2,), 8, 1, name="y", port="m_axis"), name="two", top="two",
        sources=("rtl/tiny_adder.v",), inputs=tuple(streams),
    )  # fmt: skip
    directory = tiny_design().directory
    (directory / "manifest.json").write_text(manifest.to_json())
    values = json.loads(manifest.to_json())
    assert "input" not in values and values["output"] == values["outputs"][0]
    read = Manifest.read(directory)
    assert read == manifest
    with pytest.raises(KerilogError, match="two: expected one input, found 2"):
        _ = read.input


def test_further_keys_are_kept(tiny_design) -> None:
    """Readers ignore them; who adds something leaves them where they are."""
    design = tiny_design()
    path = design.directory / "manifest.json"
    values = json.loads(path.read_text()) | {"wish": {"interval": 784}}
    values["layers"][0]["cycles"] = 4
    path.write_text(json.dumps(values))
    assert Manifest.read(design.directory) == design.manifest
    after = json.loads(manifests.recorded(design.directory, {"ecp5": RESOURCES}))
    assert after.pop("resources")["ecp5"]["lut"] == 3
    assert after == values


CHANGES: list[tuple[str, Any, str]] = [
    ("top", "top; $finish", r'\$\.top: expected a Verilog identifier, found "top; \$finish"'),
    ("top", "top\n", r'\$\.top: expected a Verilog identifier, found "top\\n"'),
    ("name", "../up", r"\$\.name: expected a Verilog identifier"),
    ("sources", ["/etc/passwd.v"], r"\$\.sources\[0\]: expected a relative path to a \.v file"),
    ("sources", ["../rtl/x.v"], r"\$\.sources\[0\]: expected a relative path"),
    ("sources", ["rtl/../../x.v"], r"\$\.sources\[0\]: expected a relative path"),
    ("sources", ["rtl/a b.v"], r"\$\.sources\[0\]: expected a relative path"),
    ("sources", ["rtl/tiny_adder.v", "-o.v"], r"\$\.sources\[1\]: expected a relative path"),
    ("sources", ["rtl/x.v\n"], r"\$\.sources\[0\]: expected a relative path"),
    ("sources", ["rtl/x.mem"], r"\$\.sources\[0\]: expected a relative path to a \.v file"),
    ("sources", [], r"\$\.sources: expected a list that is not empty, found \[\]"),
    ("sources", ["rtl/gone.v"], r"names the file rtl/gone\.v, which is missing"),
    ("memories", "rom/offsets.mem", r"\$\.memories: expected a list, found \"rom/offsets\.mem\""),
    ("memories", ["rom/x.v"], r"\$\.memories\[0\]: expected a relative path to a \.mem file"),
    ("frame_interval", 0, r"\$\.frame_interval: expected an integer from 1 to \d+, found 0"),
    ("frame_interval", 10**30, r"\$\.frame_interval: expected an integer from 1 to \d+, found 10{30}"),
    ("latency", True, r"\$\.latency: expected an integer from 0 to \d+, found true"),
    ("multipliers", None, r"\$\.multipliers: expected an integer from 0 to \d+, found null"),
    ("layers", [1], r"\$\.layers\[0\]: expected an object, found 1"),
    ("layers", [{"kind": "add"}], r"\$\.layers\[0\]\.name: expected a Verilog identifier, found nothing"),
    ("layers", [{"name": "a", "kind": "b", "macs": "c"}], r"\$\.layers\[0\]\.macs: expected an integer"),
    ("layers", [{"name": "a", "kind": "b", "output_shape": [0]}], r"\$\.layers\[0\]\.output_shape\[0\]"),
    ("inputs", [], r"\$\.inputs: expected a list that is not empty"),
    ("inputs", {}, r"\$\.inputs: expected a list"),
    ("input", 3, r"\$\.input: expected an object, found 3"),
    ("scheme", "octal", r'\$\.scheme: expected one of "affine", "fixed", found "octal"'),
    ("model", {"file": "x"}, r"\$\.model\.sha256: expected a SHA-256"),
    ("bytes", {"float": "many", "integer": 3}, r"\$\.bytes\.float: expected an integer from 0"),
    ("bytes", 7, r"\$\.bytes: expected an object, found 7"),
    ("data", ["x"], r"\$\.data: expected a string"),
    ("accuracy", {"samples": 3}, r"\$\.accuracy\.original: expected a number"),
    ("accuracies", {"a b": {"samples": 0}}, r'\$\.accuracies\["a b"\]\.samples: expected an integer from 1'),
    ("quality", {"y": {"rmse": 1}}, r"\$\.quality\.y\.samples: expected an integer from 0"),
    ("quality", {"y": {"samples": 1, "rmse": -1}}, r"\$\.quality\.y\.rmse: expected a number of at least 0"),
    ("quality", {"y": {"samples": 1, "snr_db": "x"}}, r"\$\.quality\.y\.snr_db: expected a number"),
    ("quality", {"y": {"samples": 1, "correlation": 2}}, r"\$\.quality\.y\.correlation: expected a number"),
    ("quality", {"y": {"samples": 1, "accuracy": {"float": 1}}}, r"\$\.quality\.y\.accuracy\.integer: "),
    ("quality", {"y": {"samples": 1, "rule": ""}}, r"\$\.quality\.y\.rule: expected a string"),
    ("warnings", [3], r"\$\.warnings\[0\]: expected a string, found 3"),
    ("predicted", {"xc7": {"lut": 3.5}}, r"\$\.predicted\.xc7\.lut: expected an integer"),
    ("resources", {"xc7": 3}, r"\$\.resources\.xc7: expected an object, found 3"),
    ("schema", 2, r"\$\.schema: expected 1, found 2; build again with this version of Kerilog"),
    ("schema", "1", r'\$\.schema: expected 1, found "1"'),
    ("schema", True, r"\$\.schema: expected 1, found true"),
]


@pytest.mark.parametrize(("key", "value", "message"), CHANGES)
def test_bad_values(tiny_design, key: str, value: Any, message: str) -> None:
    design = tiny_design()
    change(design.directory, **{key: value})
    with pytest.raises(KerilogError, match=rf"manifest\.json: {message}") as caught:
        Manifest.read(design.directory)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["schema", "name", "top", "sources", "inputs", "outputs", "frame_interval", "bytes", "macs"]
)
def test_what_is_missing_is_named(tiny_design, key: str) -> None:
    design = tiny_design()
    path = design.directory / "manifest.json"
    values = json.loads(path.read_text())
    del values[key]
    path.write_text(json.dumps(values))
    with pytest.raises(KerilogError, match=rf"manifest\.json: \$\.{key}: expected .*, found nothing"):
        Manifest.read(design.directory)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("shape", [], r"shape: expected a list of positive integers, found \[\]"),
        ("shape", [4, -3], r"shape\[1\]: expected an integer from 1"),
        ("shape", [1] * 9, r"shape: expected a list of positive integers"),
        ("bits", 33, "bits: expected an integer from 1 to 32, found 33"),
        ("lanes", 5, "lanes: expected a divisor of the 12 elements, found 5"),
        ("lanes", "three", 'lanes: expected an integer from 1 to .*, found "three"'),
        ("signed", 1, "signed: expected true or false, found 1"),
        ("scale", 0, "scale: expected a number above 0, found 0"),
        ("scale", "1", "scale: expected a number above 0"),
        ("zero_point", 0.5, "zero_point: expected an integer from .*, found 0.5"),
        ("payload_bits", 32, "payload_bits: expected 24, bits times lanes, found 32"),
        ("tdata_bits", 32, "tdata_bits: expected 24, whole bytes for the payload, found 32"),
        ("frame_beats", 5, "frame_beats: expected 4, elements over lanes, found 5"),
        ("port", "m axis", "port: expected a Verilog identifier"),
        ("name", "", "name: expected a string that is not empty"),
    ],
)
def test_bad_streams(tiny_design, key: str, value: Any, message: str) -> None:
    design = tiny_design()
    path = design.directory / "manifest.json"
    values = json.loads(path.read_text())
    values["outputs"][0][key] = value
    path.write_text(json.dumps(values))
    with pytest.raises(KerilogError, match=rf"manifest\.json: \$\.outputs\[0\]\.{message}"):
        Manifest.read(design.directory)


def test_the_output_is_that_of_the_list(tiny_design) -> None:
    design = tiny_design()
    other = json.loads((design.directory / "manifest.json").read_text())["output"] | {"zero_point": 3}
    change(design.directory, output=other)
    with pytest.raises(KerilogError, match=r"\$\.output: expected what outputs\[0\] is"):
        Manifest.read(design.directory)


def test_ports_have_names_of_their_own(tiny_design) -> None:
    design = tiny_design()
    values = json.loads((design.directory / "manifest.json").read_text())
    same = values["output"] | {"port": "s_axis"}
    change(design.directory, outputs=[same], output=same)
    with pytest.raises(KerilogError, match="expected ports of different names, found s_axis, s_axis"):
        Manifest.read(design.directory)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read as JSON"),
        ("{", "cannot be read as JSON"),
        ("\x00", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ('{"schema": 1, "latency": 1e999}', "cannot be read as JSON"),
        ('{"schema": 1, "latency": NaN}', "cannot be read as JSON"),
        ("[]", r"\$: expected an object, found \[\]"),
        ("null", r"\$: expected an object, found null"),
        ('"x"', r'\$: expected an object, found "x"'),
        ("{}", r"\$\.schema: expected 1, found nothing"),
    ],
    ids=lambda text: text[:20],
)
def test_corrupt_manifest(tiny_design, text: str, message: str) -> None:
    design = tiny_design()
    (design.directory / "manifest.json").write_text(text)
    with pytest.raises(KerilogError, match=rf"manifest\.json: {message}"):
        Manifest.read(design.directory)


def test_no_manifest(tmp_path) -> None:
    with pytest.raises(KerilogError, match=r"no manifest\.json; give a directory made by 'kerilog build'"):
        Manifest.read(tmp_path)


def integer_only(reasons: list[Any]) -> dict[str, Any]:
    tensor = {"name": "x", "shape": [4], "bits": 8, "signed": True, "scale": 0.5, "zero_point": 0}
    return {
        "schema": 1, "kerilog": "0.1.0", "scheme": "fixed", "model": {"file": "x", "sha256": "0" * 64},
        "bytes": {"float": 0, "integer": 0}, "name": "a net", "inputs": [tensor], "outputs": [tensor],
        "no_hardware": reasons,
    }  # fmt: skip


def test_an_integer_model_is_no_design(tmp_path) -> None:
    reasons = [{"layer": "conv", "reason": "dilation"}, {"layer": None, "reason": "two inputs"}]
    (tmp_path / "manifest.json").write_text(json.dumps(integer_only(reasons)))
    found = manifests.read(tmp_path)
    assert isinstance(found, IntegerManifest) and found == IntegerManifest.read(tmp_path)
    assert found.why == "layer 'conv': dilation; two inputs"
    with pytest.raises(
        KerilogError, match="holds an integer model and no hardware: layer 'conv': dilation; two"
    ):
        Manifest.read(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps(integer_only([])))
    with pytest.raises(KerilogError, match="no hardware: the integer model alone was asked for"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize(
    ("reasons", "message"),
    [
        ("dilation", r'\$\.no_hardware: expected a list, found "dilation"'),
        ([3], r"\$\.no_hardware\[0\]: expected an object, found 3"),
        ([{"layer": 3, "reason": "x"}], r"\$\.no_hardware\[0\]\.layer: expected a string, found 3"),
        ([{"layer": None}], r"\$\.no_hardware\[0\]\.reason: expected a string that is not empty"),
    ],
)
def test_bad_reasons(tmp_path, reasons: Any, message: str) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(integer_only(reasons)))
    with pytest.raises(KerilogError, match=message):
        manifests.read(tmp_path)
