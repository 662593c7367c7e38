# SPDX-License-Identifier: Apache-2.0
"""Paths with blanks, quotes, dollars, accents and dashes in front reach the commands whole, from make too."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from support.command import kerilog
from support.keras_files import SHAPE, write_samples, write_tiny
from support.paths import ROOT

NAMES = ("my dir", "it's mine", 'a "b" c', "a$HOME", "-o", "--force", "\u00fcn\u00ef\u6728", "a;b&c", "*")


def planned(target: str, **variables: str) -> list[list[str]]:
    """The kerilog commands that make would run, as words."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    values = [f"{name}={text.replace('$', '$$')}" for name, text in variables.items()]
    done = subprocess.run(
        [make, "--dry-run", "--no-print-directory", "--old-file=.venv/installed", target, *values],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = done.stdout.replace("\\\n", " ")
    return [shlex.split(line)[1:] for line in text.splitlines() if line.startswith(".venv/bin/kerilog")]


@pytest.mark.parametrize("name", NAMES)
def test_make_hands_paths_on_whole(name: str) -> None:
    assert planned("rtl", MODEL=f"{name}.keras", OUT=name, DATA=f"{name}.npz") == [
        ["build", "-o", name, "--data", f"{name}.npz", "--", f"{name}.keras"]
    ]
    assert planned("rtl", MODEL=f"x y/{name}.keras")[0][1:3] == ["-o", f"build/{name}"]
    assert planned("synth", OUT=name)[-1] == ["synth", "--target", "xc7", "--", name]
    assert planned("vivado", OUT=name)[-1][-2:] == ["--", name]


@pytest.mark.parametrize("name", ["-o", 'it\'s "my" $HOME;* \u00fc\u6728'])
def test_every_command_takes_such_paths(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_tiny(tmp_path / f"{name}.keras")
    write_samples(tmp_path / f"{name}.npz")
    np.save(tmp_path / f"{name}.npy", np.random.default_rng(5).random((2, *SHAPE)))
    for command in (
        ("build", "--data", f"{name}.npz", "-o", name, "--", f"{name}.keras"),
        ("show", "--", name),
        ("eval", "--inputs", f"{name}.npy", "--outputs", f"{name}.out.npy", "--", name),
        ("report", "--", name),
        ("vivado", "--", name),
        ("explore", "--data", f"{name}.npz", "-o", f"{name} front", "--", f"{name}.keras"),
        ("build", "--data", f"{name}.npz", "-o", name, "--", f"{name}.keras"),
    ):
        found = kerilog(*command)
        assert found.status == 0, found.error
    assert (tmp_path / name / "manifest.json").is_file()
    assert (tmp_path / f"{name}.out.npy").is_file()


def test_simulators_and_synthesis_take_such_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the cache and the folder for temporary files at such a place, too, as a home folder may be."""
    home = tmp_path / "it's my h\u00f6me $x"
    (home / "t m p").mkdir(parents=True)
    monkeypatch.chdir(home)
    monkeypatch.setenv("KERILOG_CACHE", str(home / "a cache"))
    monkeypatch.setenv("TMPDIR", str(home / "t m p"))
    monkeypatch.setattr("tempfile.tempdir", None)
    write_tiny(home / "a b.keras")
    write_samples(home / "a b.npz")
    np.save(home / "a b.npy", np.random.default_rng(5).random((2, *SHAPE)))
    assert kerilog("build", "a b.keras", "--data", "a b.npz", "-o", "-d e").status == 0
    for simulator in ("icarus", "verilator"):
        found = kerilog(
            "sim", "--inputs", "a b.npy", "--outputs", "y.npy", "--simulator", simulator, "--", "-d e"
        )
        assert found.status == 0, found.error
    found = kerilog("synth", "--", "-d e")
    assert found.status == 0, found.error
    assert os.listdir(home / "t m p") == []  # noqa: PTH208 - names alone
