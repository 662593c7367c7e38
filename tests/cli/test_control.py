# SPDX-License-Identifier: Apache-2.0
"""``kerilog build --control``: the design, its folder and what other commands make of it follow."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from kerilog.manifest import Manifest
from support.command import kerilog
from support.paths import TESTS

BUILD = ("build", TESTS / "cli" / "tiny.tflite", "-o", "design")


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_design_with_control_goes_through_the_commands() -> None:
    built = kerilog(*BUILD, "--control", "axi-lite")
    assert built.status == 0, built.error
    assert "axi-lite, port s_axi, registers in control/" in built.output
    shape = Manifest.read("design").input.shape
    np.save("codes.npy", np.random.default_rng(1).integers(-128, 128, (3, *shape)))
    checked = kerilog("sim", "design", "--inputs", "codes.npy", "--codes", "--compare-layers")
    assert checked.status == 0, checked.error
    assert kerilog("vivado", "design").status == 0
    # what was written goes with the design
    assert kerilog(*BUILD).status == 0
    assert not Path("design/control").exists()
    assert not Path("design/rtl/tiny_control.v").exists()


@pytest.mark.parametrize(("given", "control"), [((), "axi-lite"), (("--control", "none"), "none")])
def test_the_command_line_goes_before_the_settings(given: tuple[str, ...], control: str) -> None:
    Path("settings.toml").write_text('control = "axi-lite"\n')
    assert kerilog(*BUILD, "--config", "settings.toml", *given).status == 0
    assert Manifest.read("design").control == control


def test_another_bus_is_refused() -> None:
    found = kerilog(*BUILD, "--control", "wishbone")
    assert found.status == 2
    assert "'wishbone' is not one of 'none', 'axi-lite'" in found.error


def test_without_its_libraries_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "systemrdl", None)
    found = kerilog(*BUILD, "--control", "axi-lite")
    assert found.status == 2
    assert "needs systemrdl" in found.error and "pip install 'kerilog[control]'" in found.error
    assert not Path("design").exists()
