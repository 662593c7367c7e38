# SPDX-License-Identifier: Apache-2.0
"""Generated designs held to golden copies, so that every change of output is seen in review.

KERILOG_UPDATE_GOLDEN=1 writes the copies anew.
"""

from __future__ import annotations

import difflib
import os
import shutil
from pathlib import Path

import pytest

from kerilog import listed
from kerilog.emit import cpp
from kerilog.manifest import Manifest
from kerilog.plan import plan
from support.designs import generate
from support.golden import NETWORKS
from support.paths import GOLDEN, ROOT
from support.two_ports import two_images

UPDATE = "KERILOG_UPDATE_GOLDEN"


KINDS = {
    *("Conv2D", "Dense", "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D"),
    *("Add", "Subtract", "Average", "Multiply", "Maximum"),
    *("Cropping", "ZeroPadding2D", "UpSampling2D", "GlobalMaxPooling2D"),
    *("ArgMax", "Permute", "ResizeBilinear"),
    *("Requantize", "Concatenate", "Lookup", "ChannelLookup", "Broadcast", "Fork", "Fifo", "Lanes"),
    "Register",
}
"""Every kind of stage."""

GUIDED = ("affine", "fixed", "classes")
"""Networks whose README, bench, vectors and instance are kept: all have them from the same templates."""


def is_golden(path: str, library: set[str], guided: bool) -> bool:
    """Whether a file is kept: what was generated for this network alone."""
    name = Path(path).name
    if path.startswith("sim/") or name == "README.md" or name.endswith(".veo"):
        return guided
    kept = path.startswith(("rtl/", "rom/")) or "/" not in path
    return kept and name not in library and not name.endswith(".npz")


def files_of(directory: Path, guided: bool) -> dict[str, str]:
    """The golden files of a design by their path."""
    library = {path.name for path in directory.glob("rtl/krl_*.v")}
    paths = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if path.is_file()}
    paths.pop(listed.FILE_NAME, None)
    return {
        name: path.read_text() for name, path in sorted(paths.items()) if is_golden(name, library, guided)
    }


def update(golden: Path, found: dict[str, str]) -> None:
    """Write the golden copy anew."""
    shutil.rmtree(golden, ignore_errors=True)
    for name, text in found.items():
        (golden / name).parent.mkdir(parents=True, exist_ok=True)
        (golden / name).write_text(text)


def difference(expected: dict[str, str], found: dict[str, str]) -> str:
    """What differs, as a patch."""
    lines: list[str] = []
    for name in sorted({*expected, *found}):
        old, new = (files.get(name, "").splitlines(keepends=True) for files in (expected, found))
        lines += difflib.unified_diff(old, new, f"golden/{name}", f"generated/{name}", n=1)
    return "".join(lines)


@pytest.mark.parametrize("name", NETWORKS)
def test_output_is_golden(name: str, tmp_path: Path) -> None:
    make, interval = NETWORKS[name]
    generate(make(), tmp_path / "design", interval)
    found = files_of(tmp_path / "design", name in GUIDED)
    golden = GOLDEN / name
    if os.environ.get(UPDATE):
        update(golden, found)
    expected = files_of(golden, guided=True)
    assert difference(expected, found) == "", f"if this is meant, run again with {UPDATE}=1"


@pytest.mark.parametrize("name", NETWORKS)
def test_two_builds_are_the_same_bytes(name: str, tmp_path: Path) -> None:
    make, interval = NETWORKS[name]
    for copy in ("one", "two"):
        generate(make(), tmp_path / copy, interval)
    one, two = (
        {
            path.relative_to(tmp_path / copy): path.read_bytes()
            for path in (tmp_path / copy).rglob("*")
            if path.is_file()
        }
        for copy in ("one", "two")
    )
    assert one == two
    assert len(one) > 15


def test_the_dpi_wrapper_is_golden() -> None:
    texts = cpp.files(two_images(), "two")
    found = {name: text for name, text in texts.items() if "_dpi." in name}
    golden = GOLDEN / "dpi"
    if os.environ.get(UPDATE):
        update(golden, found)
    expected = {path.name: path.read_text() for path in golden.iterdir()}
    assert difference(expected, found) == "", f"if this is meant, run again with {UPDATE}=1"
    assert len(found) == 2


def test_the_golden_networks_cover_the_stages() -> None:
    stages = [stage for make, interval in NETWORKS.values() for stage in plan(make(), interval).stages]
    assert {stage.kind for stage in stages} == KINDS
    assert {"krl_lanes", "krl_gearbox"} <= {stage.module for stage in stages}
    templates = {f"stages/{path.name}" for path in (ROOT / "templates" / "stages").glob("*.v.j2")}
    assert templates <= {stage.template for stage in stages}
    assert any(stage.facts.unrolled for stage in stages)
    assert any(stage.facts.pairs for stage in stages)
    assert any((stage.facts.windows or 1) > 1 for stage in stages)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_golden_manifest_is_legal(name: str, tmp_path: Path) -> None:
    make, interval = NETWORKS[name]
    written = generate(make(), tmp_path / "design", interval)
    assert Manifest.read(tmp_path / "design").to_json() == written.to_json()
