# SPDX-License-Identifier: Apache-2.0
"""Folders with files that are no files, names that no file can have, and faults that must show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kerilog import listed, regular, storage
from kerilog.report import record
from support.command import contents, kerilog
from support.keras_files import SHAPE, write_samples, write_tiny

NO_FILE = "is no regular file"
LIMIT = 60  # seconds: to wait for a pipe takes for ever

with_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tiny(tmp_path / "tiny.keras")
    write_samples(tmp_path / "samples.npz")
    np.save(tmp_path / "x.npy", np.zeros((2, *SHAPE), np.float32))
    built = kerilog(
        "build", tmp_path / "tiny.keras", "-o", tmp_path / "d", "--data", tmp_path / "samples.npz"
    )
    assert built.status == 0, built.error
    return tmp_path


def in_time(*command: object) -> tuple[int, str]:
    """The status and the error stream of ``kerilog`` in a process of its own, which a pipe cannot hold up."""
    code = "from kerilog.cli import main; main(prog_name='kerilog')"
    line = [sys.executable, "-c", code, *map(str, command)]
    ended = subprocess.run(line, capture_output=True, text=True, timeout=LIMIT, check=False)
    return ended.returncode, ended.stderr


@with_pipes
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("manifest.json", ("show",)),
        (listed.FILE_NAME, ("report",)),
        (storage.FILE_NAME, ("report",)),
        (record.FILE_NAME, ("report",)),
    ],
)
def test_a_named_pipe_in_a_design_folder(folder: Path, name: str, command: tuple[str, ...]) -> None:
    (folder / "d" / name).unlink()
    os.mkfifo(folder / "d" / name)
    status, error = in_time(*command, folder / "d")
    assert status == 2, error
    assert error.startswith("kerilog: error: ") and error.count("\n") == 1
    assert name in error and NO_FILE in error


@with_pipes
def test_a_named_pipe_in_the_way_of_a_build(folder: Path) -> None:
    (folder / "d" / "manifest.json").unlink()
    os.mkfifo(folder / "d" / "manifest.json")
    status, error = in_time(
        "build", folder / "tiny.keras", "-o", folder / "d", "--data", folder / "samples.npz"
    )
    assert (status, "was changed since Kerilog wrote it" in error) == (2, True), error


@with_pipes
def test_only_regular_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    assert regular.content(tmp_path / "link") == b"abc"
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ".", "missing"):
        with pytest.raises(OSError):
            regular.content(tmp_path / name)


def test_a_name_that_is_too_long(folder: Path) -> None:
    before = contents(folder)
    found = kerilog(
        "build", folder / "tiny.keras", "-o", folder / ("a" * 300), "--data", folder / "samples.npz"
    )
    assert found.status == 2
    assert found.error.count("\n") == 1 and "cannot be written: File name too long" in found.error
    assert contents(folder) == before


@pytest.mark.skipif(sys.platform != "linux", reason="no fork there")
def test_a_fault_of_ours_is_not_silent() -> None:
    """A fork that ends by ``os._exit`` prints no traceback of itself."""
    code = "from kerilog.cli.supervise import run; import sys; sys.exit(run(lambda: 1 // 0))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Traceback" in ended.stderr and "ZeroDivisionError" in ended.stderr


def test_a_manifest_that_is_a_folder(folder: Path) -> None:
    (folder / "d" / "manifest.json").unlink()
    (folder / "d" / "manifest.json").mkdir()
    found = kerilog("show", folder / "d")
    assert (found.status, found.error.count("\n")) == (2, 1)
    assert "manifest.json: cannot be read as JSON: Is a directory" in found.error


def test_reasons_have_one_line_and_no_path() -> None:
    assert regular.reason(OSError(22, "bad\nthing", "/some/where")) == "bad thing"
    assert regular.reason(ValueError()) == "ValueError"
