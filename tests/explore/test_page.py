# SPDX-License-Identifier: Apache-2.0
"""The interactive page of ``explore``: its figures as text, its charts in a real browser (chromium)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from kerilog.area import Area
from kerilog.errors import KerilogError
from kerilog.explore import interactive, results
from kerilog.explore.points import Point
from support.browser import Element, dom, parse, widths_needed

pytest.importorskip("altair", reason="kerilog[explore] is not installed")
pytest.importorskip("vl_convert", reason="kerilog[explore] is not installed")

NAME = "</script><script>document.title='stolen'</script>&"


def design(interval: int, multipliers: int, used: float | None = 0.9) -> Point:
    area = Area(lut=1000 * multipliers, lutram=20, ff=900.4, dsp=multipliers // 2, bram_bits=18_000, bram18=3)
    return Point(interval, 2 * interval, multipliers, area, used)


POINTS = [design(100, 64), design(1234, 8), design(20_000, 1)]


def page(points: list[Point] = POINTS, clock_mhz: float | None = 100.0, name: str = "net") -> str:
    return interactive.render(results.rows(points, clock_mhz), name, clock_mhz, "0.1.0")


def table(root: Element) -> list[list[str]]:
    (body,) = root.all("tbody")
    return [[cell.text for cell in row.children] for row in body.all("tr")]


def test_every_figure_is_in_the_table() -> None:
    assert table(parse(page()))[1] == [
        "1,234", "81,037.3", "2,468", "18.8%", "8", "90.0%", "8,020", "900", "3", "4",
    ]  # fmt: skip
    assert [len(row) for row in table(parse(page(clock_mhz=None)))] == [9, 9, 9]


def test_an_engine_that_dies_is_told_and_leaves_no_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(interactive.sys, "executable", "false")
    with pytest.raises(KerilogError, match="vl-convert ended with status 1"):
        results.write(POINTS, tmp_path / "front.html", "net", None)
    assert not (tmp_path / "front.html").exists()
    told: list[str] = []
    files = results.write(POINTS, tmp_path / "front", "net", None, say=told.append)
    assert ["vl-convert ended with status 1" in line for line in told] == [True]
    assert {"front.csv", "front.json"} <= {file.name for file in files}
    assert "front.html" not in {file.name for file in files}
    assert all(file.is_file() for file in files)


def test_the_page_is_one_file_of_reasonable_size() -> None:
    text = page()
    assert len(text) < 1_200_000
    assert "default-src 'none'" in text
    elements = [element for element in parse(text).all() if {"src", "href"} & set(element.attributes)]
    assert [element.attributes for element in elements] == [{"class": "skip", "href": "#main"}]
    assert page() == text


def test_the_charts_draw_every_design(tmp_path: Path) -> None:
    path = tmp_path / "front.html"
    path.write_text(page(name=NAME), encoding="utf-8")
    root = parse(dom(path))
    (html,) = root.all("html")
    assert (html.attributes["data-errors"], html.attributes["data-ready"]) == ("", "yes")
    assert NAME in root.all("title")[0].text
    for chart, marks in (("share", 3), ("area", 3 * 3 + 2)):  # the smallest design has no DSP
        (place,) = (e for e in root.all("div") if e.attributes.get("id") == chart)
        assert (
            len([e for e in place.all("path") if e.attributes.get("aria-roledescription") == "point"])
            == marks
        )
    texts = {e.attributes["id"]: e.text for e in root.all("output", "code") if "id" in e.attributes}
    assert texts["picked"].startswith(
        "100 cycles per frame, 1,000,000 frames per second, latency 200, 64 multipliers"
    )
    assert texts["command"] == "kerilog build MODEL --interval 100 --latency 200"
    chosen = [
        row.attributes["data-index"]
        for row in root.all("tr")
        if row.attributes.get("aria-selected") == "true"
    ]
    assert chosen == ["0"]


def test_the_slider_picks_a_design(tmp_path: Path) -> None:
    path = tmp_path / "front.html"
    move = "const s = document.getElementById('pick'); s.value = 2; s.dispatchEvent(new Event('input'));"
    start, _, end = page().rpartition("</body>")
    path.write_text(f"{start}<script>{{ {move} }}</script></body>{end}", encoding="utf-8")
    root = parse(dom(path))
    assert root.all("html")[0].attributes["data-errors"] == ""
    assert "kerilog build MODEL --interval 1234 --latency 2468" in root.all("section")[0].text


def test_without_multipliers(tmp_path: Path) -> None:
    path = tmp_path / "front.html"
    path.write_text(page([design(100, 0, None)], None), encoding="utf-8")
    root = parse(dom(path))
    assert root.all("html")[0].attributes["data-errors"] == ""


def test_one_cycle_is_singular(tmp_path: Path) -> None:
    path = tmp_path / "front.html"
    path.write_text(page([design(1, 64), design(2, 32)], None), encoding="utf-8")
    (picked,) = (e for e in parse(dom(path)).all("output") if e.attributes.get("id") == "picked")
    assert picked.text.startswith("1 cycle per frame, latency 2, 64 multipliers")


def test_it_never_scrolls_sideways(tmp_path: Path) -> None:
    path = tmp_path / "front.html"
    path.write_text(page(), encoding="utf-8")
    assert widths_needed(path, (375,), tmp_path) == [375]


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "altair" else found(name))
    with pytest.raises(KerilogError, match=r"pip install 'kerilog\[explore\]'"):
        results.check(tmp_path / "front.html")
    with pytest.raises(KerilogError, match=r"pip install 'kerilog\[explore\]'"):
        page()
    written = results.write(POINTS, tmp_path / "front", "net", None)
    assert {path.suffix for path in written} == {".svg", ".png", ".csv", ".json"}
    names = {path.name for path in (tmp_path / "front").iterdir() if path.is_file()}
    assert names == {path.name for path in written}
