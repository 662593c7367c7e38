# SPDX-License-Identifier: Apache-2.0
"""The parts of `benchmarks/planning.py` that need no time of their own."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerilog
from kerilog.errors import KerilogError
from support.keras_files import SHAPE, write_tiny
from support.paths import ROOT


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the benchmarks by its name."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "hardware"))
    return importlib.import_module


def timed(seconds: float, gib: float, *command: str) -> Any:
    """What `timed.py` tells of a command."""
    script = [sys.executable, "-I", "-S", str(ROOT / "benchmarks" / "timed.py"), str(seconds), str(gib)]
    return json.loads(subprocess.run([*script, *command], capture_output=True, check=True).stdout)


def test_a_command_is_timed() -> None:
    code = "import sys, time; x = bytearray(1 << 27); time.sleep(0.3); print('out'); sys.exit('err')"
    found = timed(60, 4, sys.executable, "-I", "-S", "-c", code)
    assert (found["status"], found["expired"]) == (1, False)
    assert (found["out"], found["err"]) == ("out\n", "err\n")
    assert found["seconds"] > 0.3 and 128 < found["mib"] < 160
    assert 0 < found["processors"] < found["seconds"] + 1


def test_a_small_command_is_not_charged_with_what_starts_it() -> None:
    assert np.ones(1 << 25).sum() > 0  # 256 MiB that this process has touched
    assert timed(60, 4, sys.executable, "-I", "-S", "-c", "pass")["mib"] < 40


def test_a_command_that_takes_too_long_is_ended_with_its_children() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(99)'])"
    found = timed(0.5, 4, sys.executable, "-c", code)
    assert found["expired"] and found["status"] == -9
    assert 0.5 < found["seconds"] < 20


def test_memory_has_a_limit() -> None:
    found = timed(60, 0.5, sys.executable, "-I", "-S", "-c", "bytearray(1 << 30)")
    assert found["status"] == 1 and "MemoryError" in found["err"]


def test_this_checkout_is_what_runs(bench: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    runs = bench("runs")
    monkeypatch.setattr(runs, "WORK", tmp_path)
    for _ in range(2):  # the second time the links are there
        checkout = runs.Checkout(ROOT)
    where = "import kerilog, kerilog.hw, kerilog.templates; print(kerilog.__file__)"
    found = checkout.run(["-c", where], runs.Limits(60, 4))
    assert found["status"] == 0, found
    assert Path(found["out"].strip()).resolve() == Path(kerilog.__file__).resolve()
    assert tmp_path in Path(found["out"].strip()).parents
    with pytest.raises(KerilogError, match="no checkout of Kerilog"):
        runs.Checkout(tmp_path)


def test_size_is_counted_in_beats_and_weights(bench: Any, tmp_path: Path) -> None:
    samples = tmp_path / "tiny.npz"
    np.savez(samples, x=np.random.default_rng(1).random((4, *SHAPE), np.float32))
    size = bench("planning").size_of(write_tiny(tmp_path / "tiny.keras"), samples)
    # 4 x 3 places of 2 channels one by one, and again from a queue; 2 pooled places of 2 alike; 5 units, and
    # from a queue; 3 classes
    assert size["work"] == 24 + 24 + 4 + 4 + 5 + 5 + 3
    assert size["stages"] == 7
    assert size["weights"] == 18 + 20 + 15
    assert size["interval"] == 30  # a pixel per cycle; 512 multipliers would allow less


def point(work: float, weights: float, seconds: float, status: int = 0, **more: Any) -> Any:
    run = {
        "seconds": seconds,
        "mib": 100.0,
        "status": status,
        "expired": False,
        "limit": 60,
        "reason": "",
        **more,
    }
    return {"family": "image", "count": 1, "stages": 2, "work": work, "weights": weights, "runs": [run]}


def test_the_fit_finds_what_the_points_are_made_of(bench: Any) -> None:
    planning = bench("planning")
    sizes = [(1e3, 1e4), (1e5, 1e4), (1e6, 1e4), (1e3, 1e6), (3e4, 5e6)]
    points = [point(w, c, 0.5 + 4e-6 * w + 6e-7 * c) for w, c in sizes]
    found = planning.fit([*points, point(1e9, 1e9, 1.0, status=1)], "seconds")
    assert (found.a, found.b, found.c) == pytest.approx((0.5, 4e-6, 6e-7))
    low, high, count = planning.spread(points, found, "work")
    assert (low, high) == pytest.approx((4e-6, 4e-6)) and count == 1
    slower = [*points, point(2e6, 1e4, 2 * 8 + 0.5)]
    low, high, count = planning.spread(slower, found, "work")
    assert high / low == pytest.approx(2, rel=0.01) and count == 2
    assert planning.spread(points[:1], found, "weights") is None


def test_no_coefficient_is_below_zero(bench: Any) -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        points = [
            point(*rng.uniform(1, 1e6, 2), seconds) for seconds in 3 - rng.uniform(0, 2, 6)
        ]  # nothing grows
        found = bench("planning").fit(points, "seconds")
        assert min(found.a, found.b, found.c) >= 0
        assert found.a > 0


def test_what_was_not_reached_is_told(bench: Any) -> None:
    planning = bench("planning")
    refused = point(1, 1, 1.5, status=2, reason="kerilog: error: too small")["runs"][0]
    late = point(1, 1, 2.0, status=-9, expired=True)["runs"][0]
    failed = point(1, 1, 3.0, status=1, reason="MemoryError")["runs"][0]
    rows = [{"title": "one `x`", "goal": 3, "gib": 1.5, "runs": [run]} for run in (refused, late, failed)]
    text = planning.table_text(rows, ["abc"])
    assert "| one `x` | 1.50 s, refused | 100 MiB, refused | 3 s, 1.5 GiB |" in text
    assert "| one `x` | > 60 s | > 60 s | 3 s, 1.5 GiB |" in text
    assert "| one `x` | failed (1) | failed (1) | 3 s, 1.5 GiB |" in text
    assert "- one `x` (abc): kerilog: error: too small" in text


def test_the_study_is_written_and_drawn(bench: Any, tmp_path: Path) -> None:
    planning = bench("planning")
    rows = []
    for family, counts in planning.GROWING.items():
        for count in counts:
            work, weights = (1000.0, count) if family == "weights" else (1000.0 * count, 5000.0)
            row = point(work, weights, 0.6 + 1e-6 * work + 1e-7 * weights) | {
                "family": family,
                "count": count,
            }
            rows.append(row | {"interval": 5, "runs": [*row["runs"], None]})
    text = planning.scaling_text(rows, ["now", "before"])
    assert text.count("\n| ") == len(rows) and "+0%" in text
    assert "seconds = 0.60 + 1.00 x millions of stages x beats + 0.10 x millions of weights" in text
    planning.draw(rows, ["now", "before"], tmp_path / "planning.svg")
    assert (tmp_path / "planning.svg").read_text().count("layers with weights") == 2


def test_what_is_asked_for_is_chosen(bench: Any) -> None:
    planning = bench("planning")
    rows, points = planning.chosen([], False)
    assert len(rows) == len(planning.TABLE)
    assert {("image", 16), ("image", 512), ("weights", 5_000_000), ("depth", 60)} <= set(points)
    assert planning.chosen(["depth-60"], False) == ([], [("depth", 60)])
    assert [row.model for row in planning.chosen(["residual"], False)[0]] == ["residual", "residual"]
    assert all(row.small for row in planning.chosen([], True)[0])
    with pytest.raises(KerilogError, match="nothing is called x"):
        planning.chosen(["x"], False)


def test_the_page_has_a_place_for_the_study() -> None:
    text = (ROOT / "docs" / "performance.md").read_text()
    for name in ("planning table", "planning scaling"):
        assert text.count(f"<!-- bench: {name} -->\n") == text.count(f"<!-- end: {name} -->\n") == 1
