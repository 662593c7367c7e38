# SPDX-License-Identifier: Apache-2.0
"""The cache of compiled simulators: private, whole, and not larger than it says."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from kerilog.errors import KerilogError
from kerilog.verify import cache, simulate, verilator
from kerilog.verify.design import read


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, in a folder whose name has a blank and an accent."""
    monkeypatch.setenv("KERILOG_CACHE", str(tmp_path / "mon cach\u00e9"))
    return tmp_path / "mon cach\u00e9/simulators"


def fill(text: str = "x", calls: list[str] | None = None):
    def make(folder: Path) -> None:
        if calls is not None:
            calls.append(text)
        (folder / "a").mkdir()
        (folder / "a/b").write_text(text)

    return make


def test_an_entry_is_made_once(place: Path) -> None:
    calls: list[str] = []
    for _ in range(2):
        found = cache.entry("one", fill("x", calls))
        assert found == place / "one" and (found / "a/b").read_text() == "x"
    assert calls == ["x"]
    assert place.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: (entry / "a/b").write_text("y"),
        lambda entry: (entry / "a/b").unlink(),
        lambda entry: (entry / "c").write_text("more"),
        lambda entry: (entry / "entry.json").write_text("{"),
        lambda entry: (entry / "entry.json").write_text("{}"),
        lambda entry: (entry / "entry.json").write_bytes(b"\xff"),
        lambda entry: (entry / "entry.json").unlink(),
    ],
)
def test_a_damaged_entry_is_made_again(place: Path, damage) -> None:
    damage(cache.entry("one", fill()))
    found = cache.entry("one", fill("again"))
    assert (found / "a/b").read_text() == "again" and not (found / "c").exists()
    assert sorted(path.name for path in place.iterdir()) == ["one"]


def test_a_folder_that_others_can_write_to_is_refused(place: Path) -> None:
    place.parent.mkdir()
    place.parent.chmod(0o777)
    with pytest.raises(
        KerilogError, match="others can write to it; set KERILOG_CACHE to a folder of your own"
    ):
        cache.entry("one", fill())


def test_a_cache_that_others_could_read_becomes_private(place: Path) -> None:
    place.mkdir(parents=True)
    place.chmod(0o777)
    cache.entry("one", fill())
    assert place.stat().st_mode & 0o777 == 0o700


def test_a_link_is_no_cache(place: Path, tmp_path: Path) -> None:
    place.parent.mkdir()
    (tmp_path / "elsewhere").mkdir()
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KerilogError, match="belongs to somebody else, or is a link"):
        cache.entry("one", fill())


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners here")
def test_the_cache_of_somebody_else_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.mkdir(parents=True)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(KerilogError, match="belongs to somebody else"):
        cache.entry("one", fill())


def test_without_a_place_it_lasts_as_long_as_the_process(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERILOG_CACHE", str(tmp_path / "file"))
    calls: list[str] = []
    name = f"entry of {tmp_path.name}"
    found = [cache.entry(name, fill("x", calls)) for _ in range(2)]
    assert found[0] == found[1] and (found[0] / "a/b").read_text() == "x" and calls == ["x"]


def test_what_was_used_longest_ago_goes_first(place: Path) -> None:
    for age, name in enumerate(("new", "old", "oldest")):
        entry = cache.entry(name, fill("x" * 1000))
        os.utime(entry / "entry.json", (1e9 - age, 1e9 - age))
    cache.prune(place, place / "new", 2500)
    assert sorted(path.name for path in place.iterdir()) == ["new", "old"]
    cache.prune(place, place / "old", 10)
    assert sorted(path.name for path in place.iterdir()) == ["old"]


def test_what_a_killed_process_left_goes_after_a_day(place: Path) -> None:
    entry = cache.entry("one", fill())
    for name, age in (("building_a", 0), ("building_b", 100_000)):
        (place / name).mkdir()
        then = (place / name).stat().st_mtime - age
        os.utime(place / name, (then, then))
    cache.prune(place, entry)
    assert sorted(path.name for path in place.iterdir()) == ["building_a", "one"]


def test_the_usual_variables_move_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERILOG_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.root() == tmp_path / "kerilog/simulators"


def test_a_library_in_a_design_folder_is_not_loaded(tiny_design, place: Path) -> None:
    """Where former versions kept theirs, under the very name; one damaged in the cache is compiled anew."""
    design = tiny_design()
    entry = verilator.build(read(design.directory))
    assert entry.parent == place
    for name in (entry.name, "verilator_0123456789abcdef"):
        (design.directory / "sim" / name).mkdir(parents=True)
        (design.directory / "sim" / name / "libkrl.so").write_bytes(b"no library")
    (entry / "libkrl.so").write_bytes(b"no library")
    codes = design.codes(3)
    stages: list[str] = []
    found = simulate(design.directory, codes, progress=lambda stage, _: stages.append(stage))
    assert np.array_equal(found.codes, design.expected(codes))
    assert "compiling with Verilator" in stages
