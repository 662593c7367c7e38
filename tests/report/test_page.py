# SPDX-License-Identifier: Apache-2.0
"""The report as people read it: on a phone, in the dark, on paper, by keyboard, unseen (chromium)."""

from __future__ import annotations

import colorsys
import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from kerilog.formats import Fixed
from kerilog.graph import Dense, Graph, Input, Node
from kerilog.manifest import Accuracy, Bytes, IntegerManifest, Manifest, Model, Reason, Tensor
from kerilog.quantize import calibrate, quantize
from kerilog.report import heat, page, record, templating, words
from kerilog.report.record import Answers, Record
from support.browser import Element, browse, parse, widths_needed
from support.manifests import make_manifest, make_stream

LONG = "a_very_long_layer_name_that_fits_no_phone/block_17/separable_depthwise_convolution"
WARNING = "data lie outside of what calibration saw: 12 values of layer 'x' saturate <b>&"
# text and the ground that it may stand on, as variables of the theme
PAIRS = [(ink, ground) for ink in ("ink", "soft", "bad", "link") for ground in ("page", "card")]
PAIRS += [("ink", "bad-soft"), ("bad", "bad-soft"), ("soft", "cell"), ("page", "ink")]
PAIRS += [("figure", ground) for ground in ("cell", "heat", "over", "card")]
RED = {"over", "bad", "bad-soft"}


def parts(manifest: Manifest | IntegerManifest) -> str:
    """A page of a dense network with labels, its accuracy worse in integers."""
    draw = np.random.default_rng(7)
    kernel = draw.normal(size=(6, 3)).astype(np.float32)
    nodes = (
        Node("x", Input(), (), (6,)),
        Node(LONG, Dense(kernel, np.zeros(3, np.float32)), ("x",), (3,)),
    )
    graph = Graph("small", nodes, (LONG,))
    x = draw.normal(size=(64, 6)).astype(np.float32)
    integer = quantize(calibrate(graph, x))
    before, after = np.diag([30, 20, 10]), np.array([[28, 2, 0], [0, 20, 0], [0, 0, 10]])
    saved = Record(60, record.measure(integer, x * 4, graph), graph, (Answers(LONG, before, after),))
    return page.render(manifest, integer, saved, ())


def design(**fields: object) -> Manifest:
    ends = make_stream((6,), 8, 1), make_stream((3,), 8, 1, port="m_axis")
    return make_manifest(*ends, name="small", top="small", sources=("rtl/a.v",), **fields)


def integer_only() -> IntegerManifest:
    tensor = Tensor(name="x", shape=(6,), bits=8, signed=True, scale=0.5, zero_point=0)
    return IntegerManifest(
        schema=1,
        kerilog="0.1.0",
        scheme="fixed",
        model=Model(file="small.keras", sha256="0" * 64),
        bytes=Bytes(in_float=84, in_integers=21),
        accuracies={LONG: Accuracy(samples=60, original=1.0, integer=0.97, naive=0.5)},
        warnings=(WARNING,),
        name="small",
        inputs=(tensor,),
        outputs=(tensor,),
        no_hardware=(Reason(layer=LONG, reason="a kernel of 3 dimensions"),),
    )


MANIFESTS = {"design": design(warnings=(WARNING, "second")), "integer only": integer_only()}


@pytest.fixture(params=MANIFESTS)
def text(request: pytest.FixtureRequest) -> str:
    return parts(MANIFESTS[request.param])


def by_id(root: Element) -> dict[str, Element]:
    found = [
        (element.attributes["id"] or "", element) for element in root.all() if "id" in element.attributes
    ]
    assert len(dict(found)) == len(found), "an id is there twice"
    return dict(found)


def test_warnings_come_first(text: str) -> None:
    root = parse(text)
    first = root.all("section")[0]
    assert first.attributes["id"] == "warnings" and WARNING in first.text
    assert text.index('id="warnings"') < text.index('class="cards"')


def test_no_warnings_no_section() -> None:
    assert 'id="warnings"' not in parts(design()) and "#warnings" not in parts(design())


def test_headings_have_no_gaps(text: str) -> None:
    levels = [int(heading.tag[1]) for heading in parse(text).all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_table_says_what_it_is(text: str) -> None:
    tables = parse(text).all("table")
    assert len(tables) >= 5
    for table in tables:
        assert table.children[0].tag == "caption" and table.children[0].text
        assert {cell.attributes.get("scope") for cell in table.all("th")} <= {"row", "col"}
        for row in table.all("tbody")[0].all("tr"):
            assert row.children[0].attributes.get("scope") == "row"


def test_every_wide_table_scrolls_by_keyboard(text: str) -> None:
    for table in parse(text).all("table"):
        box = table.parent
        assert box is not None and box.has_class("scroll")
        assert box.attributes["tabindex"] == "0" and box.attributes["role"] == "region"
        assert {"aria-label", "aria-labelledby"} & set(box.attributes)


def test_links_and_labels_lead_somewhere(text: str) -> None:
    root = parse(text)
    names = by_id(root)
    links = [link.attributes["href"] or "" for link in root.all("a")]
    assert links[0] == "#main" and len(links) >= 6
    labels = [
        "#" + (e.attributes["aria-labelledby"] or "") for e in root.all() if "aria-labelledby" in e.attributes
    ]
    assert {link for link in (*links, *labels) if link.removeprefix("#") not in names} == set()


def test_everything_in_a_tip_is_on_the_page_as_text(text: str) -> None:
    root = parse(text)
    shown = by_id(root)["figures"].text
    rows = by_id(root)["ranges"].all("table")[0].all("tbody")[0].all("tr")
    assert len(rows) == 4
    for row in rows:
        format_tip = next(c.attributes["data-tip"] or "" for c in row.children if c.has_class("format"))
        exact, span = format_tip.split("; values ")
        assert exact in shown
        assert all(end in shown for end in span.split(" … "))
        cells = [cell for cell in row.children if cell.has_class("c")]
        assert all(bool(cell.text) == cell.has_class("some") for cell in cells)
        powers = [
            re.findall(r"top bit .*2\^(-?\d+)", c.attributes["data-tip"] or "") for c in cells if c.text
        ]
        assert all(words.power(int(power)) in shown for found in powers for power in found)


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.0, ""),
        (1e-6, "<.1"),
        (0.00099, "<.1"),
        (0.001, ".1"),
        (0.0094, ".9"),
        (0.0096, "1"),
        (0.314, "31"),
        (1.0, "100"),
    ],
)
def test_shares_fit_a_cell(share: float, shown: str) -> None:
    assert heat.share_text(share) == shown


def test_a_loss_is_marked_and_a_gain_is_not() -> None:
    root = parse(parts(design()))
    assert [
        card.all("dt")[0].text for card in root.all("div") if card.has_class("card") and card.has_class("bad")
    ] == ["Accuracy"]
    changes = [c for c in by_id(root)["classes-1"].all("td") if c.has_class("bad")]
    assert [cell.text for cell in changes] == ["\N{MINUS SIGN}6.67"]


def colours() -> dict[str, dict[str, str]]:
    """The variables of the theme by scheme; paper and the dark change some of those of the light."""
    theme = templating.template("report/theme.css.j2").render()
    light, dark, paper = re.findall(r":root \{(.*?)\}", theme, re.DOTALL)
    sets = {
        name: dict(re.findall(r"--([\w-]+): (#\w{6})", css))
        for name, css in (("light", light), ("dark", dark))
    }
    return sets | {"paper": sets["light"] | dict(re.findall(r"--([\w-]+): (#\w{6})", paper))}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_as_wcag_has_it() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark", "paper"])
def test_text_has_contrast(scheme: str) -> None:
    theme = colours()[scheme]
    low = {pair: round(contrast(theme[pair[0]], theme[pair[1]]), 2) for pair in PAIRS}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}
    assert min(contrast(theme["focus"], theme[ground]) for ground in ("page", "card")) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark", "paper"])
def test_only_what_is_wrong_has_a_colour(scheme: str) -> None:
    def saturation(colour: str) -> float:
        """HSV saturation times value: how far the colour is from a grey."""
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        return colorsys.rgb_to_hsv(*channels)[1] * max(channels)

    strong = {name for name, colour in colours()[scheme].items() if saturation(colour) > 0.15}
    assert strong - {"focus"} <= RED and {"over", "bad"} <= strong


def test_css_has_no_colours_of_its_own() -> None:
    sheet = templating.template("report/report.css.j2").render()
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![\w-]*[ ,{.])", sheet) == []


def test_the_page_never_scrolls_sideways(text: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    assert widths_needed(path, (320, 375, 768), tmp_path) == [320, 375, 768]


def test_a_page_that_does_would_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text('<!doctype html><body style="margin:0"><p style="width:600px">wide</p>', encoding="utf-8")
    assert widths_needed(path, (375,), tmp_path) == [600]


def test_it_prints(text: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    browse(f"--print-to-pdf={tmp_path / 'page.pdf'}", path.as_uri())
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


def test_wide_maps_leave_their_figures_to_the_table() -> None:
    """A map of more columns than there is room for figures has them hidden from the eye alone."""
    assert "map dense" not in parts(design())
    assert heat.MOST_COLUMNS > page._MOST_FIGURES
    assert str(Fixed(8, 3)) == "fixed<8, frac 3>"
