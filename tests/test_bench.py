# SPDX-License-Identifier: Apache-2.0
"""The parts of `make bench` that need no slow tool."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerilog
from kerilog.errors import KerilogError
from kerilog.graph import Conv2D, Dense, Graph

ROOT = Path(__file__).parents[1]


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
    for name in ("source", "comparison", "ratios", "use", "multipliers", "sizes", "speed"):
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
    assert len(page.ratios([row, row | area], [row | area]).splitlines()) == 3


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
