# SPDX-License-Identifier: Apache-2.0
"""Two folders side by side."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from support.command import kerilog
from support.keras_files import write_samples, write_tiny


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("workshop")
    write_tiny(root / "tiny.keras")
    write_samples(root / "samples.npz")
    build = ("build", root / "tiny.keras", "--data", root / "samples.npz", "--name", "tiny", "-o")
    assert kerilog(*build, root / "a").status == 0
    assert kerilog(*build, root / "b", "--activation-bits", 6, "--interval", 300).status == 0
    assert kerilog(*build, root / "alone", "--integer-only").status == 0
    return root


def compared(a: Path, b: Path) -> dict[str, Any]:
    found = kerilog("compare", a, b, "--json")
    assert (found.status, found.error) == (0, "")
    values: dict[str, Any] = json.loads(found.output)
    return values


def test_a_folder_and_its_copy_are_the_same(workshop: Path, tmp_path: Path) -> None:
    shutil.copytree(workshop / "a", tmp_path / "x")
    found = compared(workshop / "a", tmp_path / "x")
    assert found["formats"] == []
    assert [fact for fact in found["facts"] if fact["a"] != fact["b"]] == []
    files = found["files"]
    assert (files["only_a"], files["only_b"], files["differ"]) == ([], [], [])
    assert files["same"] == sum(path.is_file() for path in (tmp_path / "x").rglob("[!.]*")) - 1  # its list
    shown = kerilog("compare", workshop / "a", tmp_path / "x").output
    assert "differs" not in shown


def test_two_designs_side_by_side(workshop: Path) -> None:
    found = compared(workshop / "a", workshop / "b")
    manifests = [json.loads((workshop / side / "manifest.json").read_text()) for side in "ab"]
    for side, manifest in zip("ab", manifests, strict=True):
        assert {key: found[side][key] for key in manifest} == manifest
        assert found[side]["folder"] == (workshop / side).as_posix()
    facts = {fact["what"]: (fact["a"], fact["b"]) for fact in found["facts"]}
    for what, key in (
        ("cycles per frame", "frame_interval"),
        ("latency, cycles", "latency"),
        ("multipliers", "multipliers"),
    ):
        assert facts[what] == tuple(manifest[key] for manifest in manifests)
    predicted = [manifest["predicted"]["xc7"] for manifest in manifests]
    assert facts["LUT, predicted"] == tuple(area["lut"] + area["lutram"] for area in predicted)
    accuracy = facts["accuracy of logits, integer"]
    assert accuracy == tuple(manifest["accuracies"]["logits"]["integer"] for manifest in manifests)
    formats = {one["what"]: (one["a"], one["b"]) for one in found["formats"]}
    assert formats["format of conv2d"][0].startswith("fixed<8") and formats["format of conv2d"][1].startswith(
        "fixed<6"
    )
    assert "weights of conv2d" not in formats
    assert "manifest.json" in found["files"]["differ"]
    assert "report/measured.npz" in found["files"]["differ"]
    shown = " ".join(kerilog("compare", workshop / "a", workshop / "b").output.split())
    a, b = facts["cycles per frame"]
    assert f"cycles per frame {a:,} {b:,} {(b - a) / a:+.1%}" in shown


def test_files_in_one_folder_alone(workshop: Path, tmp_path: Path) -> None:
    shutil.copytree(workshop / "a", tmp_path / "x")
    (tmp_path / "x/notes.txt").write_text("mine")
    for folder in ("vivado", "model", "hls", "board", "project"):
        (tmp_path / "x" / folder).mkdir()
        (tmp_path / "x" / folder / "work").write_text("of a later command")
    (tmp_path / "x/rtl/tiny.v").write_text("// changed\n")
    files = compared(workshop / "a", tmp_path / "x")["files"]
    assert (files["only_a"], files["only_b"], files["differ"]) == ([], ["notes.txt"], ["rtl/tiny.v"])
    files = compared(tmp_path / "x", workshop / "a")["files"]
    assert (files["only_a"], files["only_b"]) == (["notes.txt"], [])


def test_a_design_beside_an_integer_model_alone(workshop: Path) -> None:
    shown = kerilog("compare", workshop / "a", workshop / "alone")
    assert shown.status == 0
    assert "the integer model alone was asked for" in shown.output
    found = compared(workshop / "a", workshop / "alone")
    facts = {fact["what"]: (fact["a"], fact["b"]) for fact in found["facts"]}
    assert facts["multipliers"][0] > 0 and facts["multipliers"][1] is None
    assert found["formats"] == []


def test_what_is_no_folder_of_a_build_is_refused(workshop: Path, tmp_path: Path) -> None:
    found = kerilog("compare", workshop / "a", tmp_path)
    assert (found.status, found.output) == (2, "")
    assert "no manifest.json; give a directory made by 'kerilog build'" in found.error
    assert found.error.count("\n") == 1
