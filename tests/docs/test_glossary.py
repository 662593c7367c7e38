# SPDX-License-Identifier: Apache-2.0
"""The glossary has every term that tables, report and Verilog headers use, and the citation this version."""

from __future__ import annotations

import re
import tomllib

import pytest

from kerilog.manifest import Area, Layer
from support.paths import ROOT

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
TERMS = re.findall(r"^\| ([^|]+?) \| ", GLOSSARY, re.MULTILINE)
WORDS = {word.strip().lower() for term in TERMS for word in term.split(",")}


def test_terms_are_in_order_and_once() -> None:
    tables = [re.findall(r"^\| ([^|]+?) \| ", part, re.MULTILINE)[1:] for part in GLOSSARY.split("\n## ")[1:]]
    assert [len(table) > 10 for table in tables] == [True, True, True]
    for table in tables:
        terms = [term.lower() for term in table]
        assert terms == sorted(terms)
        assert len(set(terms)) == len(terms)


def test_terms_of_the_table_in_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+?) \|", text.split("## Words")[1], re.MULTILINE)
    found = {word.strip() for row in rows if row not in ("word", "---") for word in row.split(",")}
    assert len(found) >= 8
    assert found - WORDS == set()


def test_terms_of_the_report() -> None:
    page = (ROOT / "templates" / "report" / "report.html.j2").read_text(encoding="utf-8")
    found = {word.strip() for term in re.findall(r"<dt>([\w ,-]+)</dt>", page) for word in term.split(",")}
    assert len(found) >= 7
    assert {word.lower() for word in found} - WORDS == set()


@pytest.mark.parametrize("field", ["pe", "simd", "macs", "constants", "windows"])
def test_terms_of_the_manifest(field: str) -> None:
    assert field in Layer.__struct_fields__
    assert WORDS & {field, field.removesuffix("s")}


def test_units_of_area() -> None:
    names = {"lut": "lut", "lutram": "lutram", "ff": "ff", "bram18": "ramb18", "dsp": "dsp"}
    assert {names[field] for field in Area.__struct_fields__} <= WORDS


@pytest.mark.parametrize(
    "term", ["beat", "lane", "latency", "frame", "window", "credit", "group", "fold", "stream"]
)
def test_terms_of_the_headers(term: str) -> None:
    headers = " ".join(path.read_text() for path in (ROOT / "hw" / "rtl").glob("*.v")).lower()
    assert term in headers and term in WORDS


def test_the_citation_is_of_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    fields = dict(re.findall(r"^([\w-]+): (.+)$", citation, re.MULTILINE))
    assert (fields["version"], fields["license"]) == (project["version"], "Apache-2.0")
    assert fields["cff-version"] == "1.2.0" and "authors:" in citation
