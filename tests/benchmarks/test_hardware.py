# SPDX-License-Identifier: Apache-2.0
"""The parts of `make bench` that need no slow tool."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import kerilog
from kerilog.errors import KerilogError, UnreachedError
from kerilog.graph import Conv2D, Dense, Graph
from kerilog.plan import goals, plan
from kerilog.plan.front import front
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph
from support.networks import Chain
from support.paths import ROOT


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the benchmark by its name."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "hardware"))
    return importlib.import_module


def test_a_table_takes_its_place_and_only_that(bench: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- bench: x -->\nold \\1\n<!-- end: x -->\nb\n")
    for _ in range(2):  # the second time nothing changes
        bench("page").replace(page, "x", "| new \\1 |\n")
        assert page.read_text() == "a\n<!-- bench: x -->\n\n| new \\1 |\n\n<!-- end: x -->\nb\n"
    with pytest.raises(KerilogError, match="needs '<!-- bench: y -->'"):
        bench("page").replace(page, "y", "text")


def test_the_page_has_a_place_for_every_table() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    for name in ("source", "comparison", "ratios", "use", "multipliers", "sizes", "speed", "clock"):
        assert page.count(f"<!-- bench: {name} -->\n") == page.count(f"<!-- end: {name} -->\n") == 1


def test_what_was_not_synthesized_is_a_dash(bench: Any) -> None:
    page = bench("page")
    row = {"title": "one", "interval": 1000, "latency": 1, "lines": 2, "seconds": 0.1, "accuracy": 1.0}
    cells = page.table(page.COMPARISON, [row]).splitlines()[2].split(" | ")
    assert cells[3:9] == ["-"] * 6
    assert cells[-3:] == ["1,000", "-", "- |"]
    area = {"lut": 1100, "inverters": 200, "lutram": 100, "ff": 1, "bram18": 1, "dsp": 4}
    cells = page.table(page.COMPARISON, [row | area]).splitlines()[2].split(" | ")
    assert cells[-2:] == ["250.0", "1,000.0 |"]
    unknown, known = page.ratios([row, row | area], [row | area]).splitlines()[2:]
    assert unknown == "| one | one | 1 | - | - | - | - | 1 |"
    assert known == "| one | one | 1 | 1 | 1 | 1 | 1 | 1 |"


def test_the_budgets_are_those_of_the_product(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where an interval is reached only a cycle later than the layers' foldings let hope."""
    graph = Chain("small", "fixed", (5, 5, 1), 5).conv(3, (2, 2)).flatten().dense(4).graph
    late = front(graph)[2]

    def slower(graph: QGraph, interval: int | None = None, name: str | None = None) -> object:
        if interval == late.interval:
            raise UnreachedError("conv", late.interval, late.interval + 1)
        return plan(graph, interval, name)

    best_interval = bench("growth").best_interval
    before = best_interval(graph, late.multipliers)
    monkeypatch.setattr(goals, "plan", slower)
    design = design_for(graph, Goal(multipliers=late.multipliers))
    assert best_interval(graph, late.multipliers) == design.cycles.frame_interval >= before
    assert best_interval(graph, 1) is None


def test_a_synthesis_that_took_too_long_is_tried_again_with_more_time(
    bench: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    area = bench("area")
    monkeypatch.setattr(bench("store"), "_CACHE", tmp_path / "cache")
    (tmp_path / "fake_yosys").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "fake_yosys").chmod(0o755)
    monkeypatch.setattr(area, "find_tool", lambda _: str(tmp_path / "fake_yosys"))
    monkeypatch.setattr(area, "version", lambda: "Yosys")
    source = tmp_path / "one.v"
    source.write_text("module one; endmodule\n")
    for _ in range(2):
        assert set(area.of_verilog([source], [], "one", tmp_path, "one", 1).values()) == {None}
    monkeypatch.setattr(area, "_run", lambda *_: {"lut": 1})
    assert area.of_verilog([source], [], "one", tmp_path, "one", 1) == dict.fromkeys(area._FIELDS)
    assert area.of_verilog([source], [], "one", tmp_path, "one", 60) == {"lut": 1}


def test_the_clock_names_the_ends_of_its_path(bench: Any) -> None:
    page = bench("page")
    row = {"title": "one", "by_seed": [121.96, 130], "lut": 3016, "lutram": 604}
    row |= {"ff": 1, "bram18": 2, "dsp": 5}
    row["critical_path"] = "u_a.word_FF_Q_3 to u_b.held_FF_Q: 8.2 ns, 4.7 of them routing"
    cells = page.table(page.CLOCK, [row]).splitlines()[2].strip("| ").split(" | ")
    assert cells[:4] == ["one", "122.0, 130.0", "3,016", "604"]
    assert cells[-3:] == ["`u_a.word_FF_Q_3`", "`u_b.held_FF_Q`", "8.2 ns, 4.7 of them routing"]
    cells = page.table(page.CLOCK, [row | {"critical_path": None}]).splitlines()[2].strip("| ").split(" | ")
    assert cells[-3:] == ["-"] * 3


def test_the_clock_is_of_all_seeds_and_the_path_of_the_slowest(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = bench("clock")
    found = iter([130.0, 121.5, 140.0, 125.0])
    monkeypatch.setattr(clock, "recall", lambda *_: {"fmax_mhz": (mhz := next(found)), "critical_path": mhz})
    monkeypatch.setattr(clock, "digest", lambda *_: "")
    monkeypatch.setattr(clock.area, "version", lambda: "Yosys")
    monkeypatch.setattr(clock.importlib.metadata, "version", lambda _: "1")
    manifest = SimpleNamespace(sources=(), memories=(), frame_interval=1784)
    monkeypatch.setattr(kerilog, "generate", lambda *_: manifest)
    graph = SimpleNamespace(scheme="fixed")
    network = SimpleNamespace(folder="f", name="n", title="t", quantized=SimpleNamespace(graph=graph))
    (row,) = clock.measure([network])
    assert row["title"] == "Kerilog, `fixed`, 1,784"
    assert row["by_seed"] == [130.0, 121.5, 140.0, 125.0]
    assert row["critical_path"] == 121.5


def test_without_nextpnr_the_clock_stays_as_it_is(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = bench("clock")
    monkeypatch.setattr(clock, "TOOL", "kerilog-no-such-package")
    assert "kerilog-no-such-package is not installed" in clock.missing()


@pytest.mark.parametrize("size", [1, 2, 4, 8, 16, 32, 64])
def test_a_network_grows_by_its_size(bench: Any, size: int) -> None:
    growth = bench("growth")
    original = kerilog.load(ROOT / "models" / "mnist_cnn.keras")
    assert isinstance(original, Graph)
    graph, again = (growth.scaled(original, *growth.shape_of(size)) for _ in range(2))
    kernels = [
        [node.op.kernel for node in network if isinstance(node.op, (Conv2D, Dense))]
        for network in (graph, again)
    ]
    assert kernels[0][1].size == size * 338 * 128
    assert all(np.array_equal(one, other) for one, other in zip(*kernels, strict=True))
    assert [node.shape for node in graph][-1] == (10,)
