# SPDX-License-Identifier: Apache-2.0
"""``kerilog build --reset``: the design, its folder and what other commands make of it follow."""

from __future__ import annotations

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


def test_an_active_low_design_goes_through_the_commands() -> None:
    built = kerilog(*BUILD, "--reset", "active-low")
    assert built.status == 0, built.error
    assert "active-low, port aresetn" in built.output
    shape = Manifest.read("design").input.shape
    np.save("codes.npy", np.random.default_rng(1).integers(-128, 128, (3, *shape)))
    checked = kerilog("sim", "design", "--inputs", "codes.npy", "--codes", "--compare-layers")
    assert checked.status == 0, checked.error
    assert kerilog("vivado", "design").status == 0
    assert "POLARITY ACTIVE_LOW" in next(Path("design/vivado/ip/src").glob("tiny.v")).read_text()


@pytest.mark.parametrize(
    ("given", "reset"), [((), "active-low"), (("--reset", "active-high"), "active-high")]
)
def test_the_command_line_goes_before_the_settings(given: tuple[str, ...], reset: str) -> None:
    Path("settings.toml").write_text('reset = "active-low"\n')
    assert kerilog(*BUILD, "--config", "settings.toml", *given).status == 0
    assert Manifest.read("design").reset == reset


def test_another_word_is_refused() -> None:
    found = kerilog(*BUILD, "--reset", "low")
    assert found.status == 2
    assert "'low' is not one of 'active-high', 'active-low'" in found.error
