# SPDX-License-Identifier: Apache-2.0
"""Folders that commands write to: nothing that is not Kerilog's is lost, and an interruption is seen."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kerilog import listed, manifest, outputs
from kerilog.errors import KerilogError
from support.command import contents

BUILD = outputs.Writer("build", ("build", "report"), ("manifest.json",))
REPORT = outputs.Writer("report", ("report",), ("report/index.html",))
VIVADO = outputs.Writer("vivado", ("vivado",))
FIRST = {"manifest.json": "1", "rtl/a.v": "a1", "rtl/deep/b.v": "b1", "rom/x.mem": "x1"}
SECOND = {"manifest.json": "2", "rtl/a.v": "a2", "rtl/c.v": "c2"}


def write(target: Path, files: Mapping[str, str], writer: outputs.Writer = BUILD, **options: Any) -> None:
    with outputs.folder(target, writer, **options) as root:
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)


def texts(target: Path) -> dict[str, str]:
    """All files but the list."""
    found = (path for path in target.rglob("*") if path.is_file())
    named = {path.relative_to(target).as_posix(): path.read_text() for path in found}
    return {name: text for name, text in named.items() if name != listed.FILE_NAME}


def refused(message: str, target: Path, files: Mapping[str, str] = SECOND, **options: Any) -> None:
    before = contents(target)
    with pytest.raises(KerilogError, match=message) as caught:
        write(target, files, **options)
    assert "\n" not in str(caught.value)
    assert contents(target) == before


@pytest.fixture
def target(tmp_path: Path) -> Path:
    write(tmp_path / "out", FIRST)
    return tmp_path / "out"


def test_the_list_has_every_file_with_its_hash(target: Path) -> None:
    assert texts(target) == FIRST
    assert {name: (file.sha256, file.by) for name, file in listed.read(target).files.items()} == {
        name: (hashlib.sha256(text.encode()).hexdigest(), "build") for name, text in FIRST.items()
    }
    assert sorted(path.name for path in (target / ".kerilog").iterdir()) == ["files.json"]


def test_what_is_unchanged_is_replaced_or_removed(target: Path) -> None:
    write(target, SECOND)
    assert texts(target) == SECOND
    assert not (target / "rtl/deep").exists() and not (target / "rom").exists()
    assert set(listed.read(target).files) == set(SECOND)


def test_what_is_not_in_the_list_stays(target: Path) -> None:
    mine = {"notes.txt": "years", "rtl/deep/mine.v": "m", "vivado/top.xpr": "routed", ".git/config": "c"}
    for name, text in mine.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text)
    (target / "empty").mkdir()
    write(target, SECOND)
    assert texts(target) == SECOND | mine and (target / "empty").is_dir()


def test_what_was_changed_stops_the_build_and_is_named(target: Path) -> None:
    (target / "rtl/deep/b.v").write_text("by hand")
    with pytest.raises(
        KerilogError, match=r"out/rtl/deep/b\.v: was changed since Kerilog wrote it; .*force=True"
    ):
        outputs.check(target, BUILD)
    refused(r"out/rtl/deep/b\.v: was changed since", target)
    write(target, SECOND, force=True)
    assert texts(target) == SECOND


def test_what_is_in_the_way_stops_the_build(target: Path) -> None:
    (target / "rtl/c.v").write_text("mine")
    refused(r"out/rtl/c\.v: was there before and is not Kerilog's; .* force=True", target)
    write(target, SECOND, force=True)
    assert texts(target) == SECOND


def test_the_same_by_chance_is_no_trouble(target: Path) -> None:
    (target / "rtl/c.v").write_text(SECOND["rtl/c.v"])
    write(target, SECOND)
    assert texts(target) == SECOND


def test_a_file_that_the_user_removed_is_no_trouble(target: Path) -> None:
    (target / "rtl/a.v").unlink()
    write(target, SECOND)
    assert texts(target) == SECOND


def test_a_folder_of_a_former_version_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(KerilogError, match=r"manifest\.json: was there before and is not Kerilog's"):
        outputs.check(tmp_path, BUILD)
    outputs.check(tmp_path, BUILD, force=True)


def test_commands_add_to_a_folder(target: Path) -> None:
    """A hand-off stays when the design is built again, and what is found out of the design goes."""
    write(target, {"report/index.html": "r"}, REPORT)
    write(target, {"vivado/run.tcl": "v", "vivado/rtl/a.v": "a1"}, VIVADO)
    write(target, SECOND)
    assert texts(target) == SECOND | {"vivado/run.tcl": "v", "vivado/rtl/a.v": "a1"}
    (target / "vivado/rtl/a.v").write_text("by hand")
    write(target, SECOND)
    refused(r"vivado/rtl/a\.v: was changed", target, {"vivado/run.tcl": "w"}, writer=VIVADO)


def test_a_merged_file_may_be_changed_and_stays_so(target: Path) -> None:
    synth = outputs.Writer("synth", ())
    write(target, {"manifest.json": "1+", "report/s.json": "s"}, synth, merged=("manifest.json",))
    outputs.check(target, BUILD)  # Kerilog wrote both
    (target / "manifest.json").write_text("by hand")
    write(target, {"manifest.json": "by hand+"}, synth, merged=("manifest.json",))
    refused(r"out/manifest\.json: was changed since", target)


def test_a_merged_file_that_is_not_in_the_list_does_not_get_there(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("old")
    write(tmp_path, {"manifest.json": "old+"}, outputs.Writer("synth", ()), merged=("manifest.json",))
    assert texts(tmp_path) == {"manifest.json": "old+"} and not listed.read(tmp_path).files


def test_the_working_folder(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(target)
    before = target.stat().st_ino
    write(Path(), SECOND)
    assert texts(target) == SECOND and target.stat().st_ino == before


def test_a_link_to_a_folder(target: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(target)
    write(tmp_path / "link", SECOND)
    assert (tmp_path / "link").is_symlink() and texts(target) == SECOND


@pytest.mark.parametrize("name", ["rtl", ".kerilog"])
def test_a_link_that_leaves_the_folder_is_not_followed(target: Path, tmp_path: Path, name: str) -> None:
    (target / name).rename(tmp_path / "elsewhere")
    (target / name).symlink_to(tmp_path / "elsewhere")
    before = contents(tmp_path / "elsewhere")
    for force in (False, True):
        refused(f"{name}.*link", target, force=force)
    assert contents(tmp_path / "elsewhere") == before


def test_a_folder_of_another_file_system(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename between two of them fails; files are copied instead."""
    real = Path.replace

    def replace(path: Path, to: Path) -> Path:
        if path.parent != Path(to).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return real(path, to)

    monkeypatch.setattr(Path, "replace", replace)
    write(target, SECOND)
    assert texts(target) == SECOND


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda target: (target / "rtl/c.v").mkdir(),
            r"rtl/c\.v: is a folder, where a file is to be written",
        ),
        (lambda target: (target / "report").write_text(""), "report: is a file, where a folder is"),
    ],
)
def test_files_and_folders_in_each_others_place(target: Path, make: Any, message: str) -> None:
    make(target)
    refused(message, target, SECOND | {"report/a.json": "r"}, force=True)


@pytest.mark.parametrize("after", range(9))
def test_a_disk_that_fills_or_a_folder_that_is_read_only(
    target: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Whichever file it is that cannot be moved: all is as it was before."""
    real, left = Path.replace, after

    def replace(path: Path, to: Path) -> Path:
        nonlocal left
        left -= 1
        if left == -1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, to)

    monkeypatch.setattr(Path, "replace", replace)
    before = contents(target)
    with pytest.raises(KerilogError, match="out: cannot be written: No space left on device"):
        write(target, SECOND)
    assert contents(target) == before


def test_a_failure_leaves_no_new_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), outputs.folder(tmp_path / "new/deep/x", BUILD) as root:
        (root / "a").write_text("a")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def killed_while_moving(target: Path, files: Mapping[str, str], after: int) -> None:
    """A process that is killed when it has moved ``after`` files."""
    child = os.fork()
    if child == 0:
        real, left = Path.replace, after

        def replace(path: Path, to: Path) -> Path:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(path, to)

        Path.replace = replace  # type: ignore[method-assign]
        write(target, files)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("after", range(1, 9))
def test_an_interrupted_build_is_recognized_and_cleared_up(target: Path, after: int) -> None:
    (target / "notes.txt").write_text("years")
    killed_while_moving(target, SECOND, after)
    with pytest.raises(KerilogError, match="holds what an interrupted build left; build it again"):
        manifest.read(target)
    third = {"manifest.json": "3", "rtl/d.v": "d3"}
    write(target, third)
    assert texts(target) == third | {"notes.txt": "years"}
    assert sorted(path.name for path in (target / ".kerilog").iterdir()) == ["files.json"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_what_is_changed_after_an_interruption_is_not_lost(target: Path) -> None:
    killed_while_moving(target, SECOND, 7)
    (target / "rtl/c.v").write_text("by hand")
    refused(r"rtl/c\.v: was changed since", target, {"manifest.json": "3"})


def test_an_interrupt_waits_until_all_is_moved(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.replace

    def replace(path: Path, to: Path) -> Path:
        if path.name == "c.v":
            signal.raise_signal(signal.SIGINT)
        return real(path, to)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        write(target, SECOND)
    assert texts(target) == SECOND and not listed.read(target).writing
    assert sorted(path.name for path in (target / ".kerilog").iterdir()) == ["files.json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("[]", r"\$: expected an object"),
        ('{"schema": 1}', r"\$\.files: expected an object, found nothing"),
        ('{"schema": 2, "files": {}}', r"\$\.schema: expected 1"),
        ('{"schema": 1, "files": {"a": 3}}', r"\$\.files.*: expected an object, found 3"),
        ('{"schema": 1, "files": {"a": {"sha256": "0", "by": "build"}}}', r"\$\.files\.a\.sha256: expected"),
    ],
)
def test_a_damaged_list_is_refused(target: Path, text: str, message: str) -> None:
    (target / listed.FILE_NAME).write_text(text)
    refused(rf"\.kerilog/files\.json: {message}.*; force=True does without it", target)
    write(target, SECOND, force=True)
    assert texts(target) == {"rtl/deep/b.v": "b1", "rom/x.mem": "x1"} | SECOND


@pytest.mark.parametrize("name", ["../secret", "/secret", "a/../../secret", "", "a//b", ".ssh/id", "a\nb"])
def test_a_list_from_a_stranger_reaches_no_other_folder(target: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("s")
    digest = hashlib.sha256(b"s").hexdigest()
    files = {name: {"sha256": digest, "by": "build"}}
    (target / listed.FILE_NAME).write_text(json.dumps({"schema": 1, "files": files}))
    refused(r"\$\.files: expected relative paths, found ", target)
    write(target, SECOND, force=True)
    assert (tmp_path / "secret").read_text() == "s"


def test_two_commands_at_once_follow_each_other(target: Path) -> None:
    """Neither clears up what the other is about to move."""
    began, failed = threading.Event(), []

    def second() -> None:
        began.set()
        try:
            write(target, SECOND)
        except KerilogError as error:
            failed.append(error)

    other = threading.Thread(target=second)
    with outputs.folder(target, BUILD) as root:
        for name, text in FIRST.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        other.start()
        began.wait()
        time.sleep(0.2)  # for it to get as far as it can
        assert (root / "manifest.json").read_text() == FIRST["manifest.json"]
    other.join(30)
    assert not other.is_alive() and failed == []
    assert texts(target) == SECOND
