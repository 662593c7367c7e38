# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas that are shipped are those of the types, and hold for what Kerilog writes."""

from __future__ import annotations

import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kerilog import build, schemas
from kerilog.plan import plan
from support.designs import MODEL, generate
from support.networks import Chain

MANIFEST, SETTINGS = "manifest.json", "settings.json"


def validator(name: str) -> jsonschema.Draft202012Validator:
    """Of the shipped file."""
    schema = json.loads((resources.files("kerilog.schemas") / name).read_text(encoding="ascii"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", [MANIFEST, SETTINGS])
def test_the_shipped_schema_is_that_of_the_types(name: str) -> None:
    shipped = (resources.files("kerilog.schemas") / name).read_text(encoding="ascii")
    assert shipped == schemas.texts()[name], "if this is meant, run python -m kerilog.schemas"


def test_nothing_else_is_shipped() -> None:
    files = {path.name for path in Path(schemas.__file__).parent.glob("*.json")}
    assert files == set(schemas.texts())


def manifest_of(folder: Path) -> dict[str, Any]:
    """Of a small design with a queue, a window, weights in a memory and a layer of constants."""
    chain = Chain("net", "fixed", (5, 6, 3), 12).pool((2, 3), (1, 2), "same").conv(3, (2, 2), (2, 1))
    graph = chain.flatten().dense(10, "hidden").dense(4, "logits").graph
    generate(graph, folder, design=plan(graph, 30, unroll=("logits",)))
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    return found


def test_a_manifest_fits_its_schema(tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path / "design")
    validator(MANIFEST).validate(manifest)
    assert {"depth", "peak", "windows", "constants", "macs"} <= {
        key for layer in manifest["layers"] for key in layer
    }


def test_the_manifest_of_an_integer_model_fits_its_schema(tmp_path: Path) -> None:
    graph = Chain("net", "affine", (4,), 3).dense(2).graph
    told = build.about(graph, MODEL)
    build.generate_model(graph, tmp_path / "model", told, "net", (("a", "no"), ("", "never")))
    manifest = json.loads((tmp_path / "model" / MANIFEST).read_text())
    validator(MANIFEST).validate(manifest)
    assert manifest["no_hardware"] == [{"layer": "a", "reason": "no"}, {"layer": None, "reason": "never"}]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("top", "top; $finish"),
        ("top", "top\n"),
        ("sources", []),
        ("sources", ["../x.v"]),
        ("memories", ["rom/a.mem\n"]),
        ("bytes", {"float": "many", "integer": 3}),
        ("schema", 2),
        ("accuracy", {"samples": 3, "original": 1.5, "integer": 0, "naive": 0}),
    ],
)
def test_what_is_no_manifest_does_not_fit(key: str, value: Any, tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path / "design")
    assert not validator(MANIFEST).is_valid(manifest | {key: value})


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('[default]\nweight_bits = 4\nbias_bits = "accumulator"\n[layers."a/b"]\nrange = "msb"\n', True),
        ("", True),
        ('[default]\nweight_bits = 1\nweight_scale = "channel"\n[layers.a]\nweight_bits = "ternary"\n', True),
        ("[default]\nweight_bits = 0\n", False),
        ("[default]\nactivation_bits = 0\n", False),
        ("[default]\nweight_bit = 4\n", False),
        ("[layers]\nconv = 4\n", False),
        ("[layer.conv]\nfrac = 4\n", False),
    ],
)
def test_settings_fit_their_schema_or_do_not(text: str, fits: bool) -> None:
    assert validator(SETTINGS).is_valid(tomllib.loads(text)) is fits
