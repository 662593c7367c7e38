# SPDX-License-Identifier: Apache-2.0
"""The manifest: what is written is read back, and nothing unchecked gets in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kerilog.errors import KerilogError
from kerilog.manifest import Manifest


def test_round_trip(tiny_design) -> None:
    design = tiny_design()
    read = Manifest.read(design.directory)
    assert read == design.manifest
    assert read.to_json() == (design.directory / "manifest.json").read_text()
    assert (read.input.elements, read.input.beats, read.input.width) == (12, 4, 24)


def test_further_keys_are_kept(tiny_design) -> None:
    design = tiny_design()
    path = design.directory / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"goal": {"interval": 784}}))
    read = Manifest.read(design.directory)
    assert read.extra == {"goal": {"interval": 784}}
    assert json.loads(read.to_json()) == json.loads(path.read_text())
    assert read.layers[0].extra == {"cycles": 4}


CHANGES: list[tuple[str, Any, str]] = [
    ("top", "top; $finish", "'top' must be a Verilog identifier"),
    ("name", "../up", "'name' must be a Verilog identifier"),
    ("sources", ["/etc/passwd.v"], "'sources' must be a list of relative paths to .v files"),
    ("sources", ["../rtl/x.v"], "'sources' must be a list of relative paths"),
    ("sources", ["rtl/a b.v"], "'sources' must be a list of relative paths"),
    ("sources", ["-o.v"], "'sources' must be a list of relative paths"),
    ("sources", [], "'sources' must be at least one file"),
    ("sources", ["rtl/gone.v"], "names the file rtl/gone.v, which is missing"),
    ("memories", "rom/offsets.mem", "'memories' must be a list"),
    ("frame_interval", 0, "'frame_interval' must be an integer of at least 1, found 0"),
    ("latency", True, "'latency' must be an integer"),
    ("multipliers", None, "'multipliers' must be an integer of at least 0, found null"),
    ("layers", [1], "'layers' must be a list of objects"),
    ("layers", [{"kind": "add"}], r"layers\[0\]: 'name' must be a string, found nothing"),
    ("input", 3, "'input' must be an object"),
]


@pytest.mark.parametrize(("key", "value", "message"), CHANGES)
def test_bad_values(tiny_design, key: str, value: Any, message: str) -> None:
    design = tiny_design()
    path = design.directory / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(KerilogError, match=message):
        Manifest.read(design.directory)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("shape", [], "'shape' must be a list of positive integers"),
        ("bits", 33, "'bits' must be at most 32"),
        ("lanes", 5, "'lanes' must be a divisor of the 12 elements"),
        ("signed", 1, "'signed' must be true or false"),
        ("scale", 0, "'scale' must be a positive number"),
        ("zero_point", 0.5, "'zero_point' must be an integer"),
    ],
)
def test_bad_streams(tiny_design, key: str, value: Any, message: str) -> None:
    design = tiny_design()
    path = design.directory / "manifest.json"
    values = json.loads(path.read_text())
    values["output"][key] = value
    path.write_text(json.dumps(values))
    with pytest.raises(KerilogError, match=f"manifest.json: output: {message}"):
        Manifest.read(design.directory)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\x00"])
def test_corrupt_manifest(tiny_design, text: str) -> None:
    design = tiny_design()
    (design.directory / "manifest.json").write_text(text)
    with pytest.raises(KerilogError, match=r"manifest.json: (cannot be read as JSON|must be a JSON object)"):
        Manifest.read(design.directory)


def test_no_manifest(tmp_path) -> None:
    with pytest.raises(KerilogError, match=r"no manifest\.json; give a directory made by 'kerilog build'"):
        Manifest.read(tmp_path)
