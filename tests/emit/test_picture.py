# SPDX-License-Identifier: Apache-2.0
"""The picture of the pipeline, read back: every connection once, nothing over anything else."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from PIL import ImageFont

from kerilog.emit import layout, picture
from kerilog.emit.lettering import SMALLEST, fit, width_of
from kerilog.hardware.connectors import FifoStage, ForkStage
from kerilog.hardware.design import INPUT, Design
from kerilog.plan import plan
from kerilog.qgraph import QGraph
from support.blocks import MODELS, block
from support.branches import Branches
from support.networks import Chain

SVG = "{http://www.w3.org/2000/svg}"
LONG = "global_average_pooling2d_of_the_second_branch_of_the_third_block"
Point = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Area:
    """A rectangle, in pixels."""

    left: int
    top: int
    right: int
    bottom: int

    def meets(self, other: Area) -> bool:
        """Whether the insides overlap; those of a line count although they are empty."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


@dataclasses.dataclass(frozen=True)
class Drawn:
    """What the SVG shows: boxes and streams by their names, and the places of all texts."""

    boxes: dict[str, Area]
    streams: list[tuple[str, list[Point]]]
    box_texts: list[tuple[str, Area]]
    labels: list[Area]
    size: tuple[int, int]


def read(svg: str) -> Drawn:
    root = ElementTree.fromstring(svg)
    boxes, box_texts, streams, labels = {}, [], [], []
    for group in root.iter(f"{SVG}g"):
        name = group.findtext(f"{SVG}title") or ""
        texts = [text_area(text) for text in group.iter(f"{SVG}text")]
        if group.get("class") == "stage":
            name = name.rpartition("module ")[2]
            rect = group.find(f"{SVG}rect")
            assert rect is not None
            x, y, width, height = (int(rect.get(key, "")) for key in ("x", "y", "width", "height"))
            boxes[name] = Area(x, y, x + width, y + height)
            box_texts += [(name, area) for area in texts]
        else:
            line = group.find(f"{SVG}polyline")
            assert line is not None
            corners = [tuple(map(int, corner.split(","))) for corner in line.get("points", "").split()]
            streams.append((name, corners))
            labels += texts
    assert len(boxes) == len(list(root.iter(f"{SVG}rect"))) - 1, "two boxes of one name"
    width, height = (int(number) for number in root.get("viewBox", "").split()[2:])
    return Drawn(boxes, streams, box_texts, labels, (width, height))  # type: ignore[arg-type]


def text_area(text: ElementTree.Element) -> Area:
    """Where a text centred at its place is at most."""
    x, y, size = (int(text.get(key, "")) for key in ("x", "y", "font-size"))
    assert text.get("text-anchor") == "middle"
    half = -(-width_of(text.text or "", size, text.get("font-weight") == "bold") // 2)
    return Area(x - half, y - size, x + half, y + size // 4)


def segments(drawn: Drawn) -> Iterator[tuple[str, Area]]:
    """Every straight piece of every stream, one pixel wide on either side."""
    for name, corners in drawn.streams:
        for (x0, y0), (x1, y1) in itertools.pairwise(corners):
            assert x0 == x1 or y0 == y1, f"{name} is oblique"
            yield name, Area(min(x0, x1) - 1, min(y0, y1) - 1, max(x0, x1) + 1, max(y0, y1) + 1)


def image(scheme: str = "fixed") -> Branches:
    return Branches("net", scheme, (6, 6, 2), 4)


def conv(net: Branches, name: str) -> Branches:
    net.conv(2, padding="same", name=name)
    return net


def nested() -> QGraph:
    """A block within a block within a block; the outermost tensor is added twice."""
    net = image()
    for name in ("stem", "a", "b", "c"):
        conv(net, name)
    return net.add("b").add("a").add("stem").add("stem").graph


def inside_the_shortcut() -> QGraph:
    """The shorter branch has branches of its own."""
    net = conv(conv(conv(conv(image(), "stem"), "a"), "b"), "c")
    long = net.head
    conv(net.at("stem"), "d").look_up().add("d")
    return net.add(long).graph


def crossed() -> QGraph:
    """Branches that do not nest: the second begins inside the first and ends behind it."""
    net = conv(conv(conv(image(), "stem"), "a"), "b").add("stem")
    first = net.head
    return conv(net.at("a"), LONG).add(first).mean().graph


def from_the_input() -> QGraph:
    """The input itself is shared, and a sum takes one tensor twice."""
    net = image("affine").look_up().add("input")
    return net.add(net.head).graph


def several() -> QGraph:
    """Three users of one tensor, all of them layers."""
    net = conv(image(), "stem")
    heads = [conv(net.at("stem"), name).head for name in ("a", "b", "c")]
    return net.at(heads[0]).add(heads[1]).add(heads[2]).graph


def drawn_at_random(seed: int) -> QGraph:
    """Layers that take whatever was there before."""
    rng = np.random.default_rng(seed)
    net = conv(image(), "first")
    for _ in range(9):
        names = [node.name for node in net.nodes[1:]]
        net.at(names[max(0, len(names) - int(rng.integers(1, 4)))])
        net.add(str(rng.choice(names))) if rng.random() < 0.5 else net.look_up()
    unused = [node.name for node in net.nodes if not any(node.name in n.inputs for n in net.nodes)]
    net.at(unused[0])
    for name in unused[1:]:
        net.add(name)
    return net.graph


BLOCKS = {name: functools.partial(block, name, "fixed") for name in MODELS}
NETWORKS: dict[str, Callable[[], QGraph]] = {
    "nested": nested,
    "inside the shortcut": inside_the_shortcut,
    "crossed": crossed,
    "from the input": from_the_input,
    "several": several,
    **BLOCKS,
    **{f"random {seed}": functools.partial(drawn_at_random, seed) for seed in range(8)},
}


@functools.cache
def design_of(name: str) -> Design:
    return plan(NETWORKS[name]())


@functools.cache
def drawn_of(name: str) -> Drawn:
    return read(picture.render(design_of(name)))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_connection_is_drawn_once(name: str) -> None:
    design, drawn = design_of(name), drawn_of(name)
    sources = {stream: stage.name for stage in design.stages for stream in stage.streams}
    targets = {stream: stage.name for stage in design.stages for stream in stage.sources}
    assert sorted(drawn.boxes) == sorted(stage.name for stage in design.stages)
    assert sorted(stream for stream, _ in drawn.streams) == sorted(sources.keys() | targets.keys())
    for stream, corners in drawn.streams:
        (x0, y0), (x1, y1) = corners[0], corners[-1]
        if stream != INPUT:
            box = drawn.boxes[sources[stream]]
            assert x0 == box.right and box.top < y0 < box.bottom, stream
        if stream != design.stages[-1].name:
            box = drawn.boxes[targets[stream]]
            assert box.left - 5 < x1 < box.left and box.top < y1 < box.bottom, stream
        assert x0 < x1


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_lies_over_anything_else(name: str) -> None:
    drawn = drawn_of(name)
    whole = Area(0, 0, *drawn.size)
    for one, other in itertools.combinations([*drawn.boxes.values(), *drawn.labels], 2):
        assert not one.meets(other)
    for box in [*drawn.boxes.values(), *drawn.labels]:
        assert whole.left <= box.left and box.right <= whole.right and box.bottom <= whole.bottom
    for stream, piece in segments(drawn):
        inner = [Area(b.left + 2, b.top, b.right - 2, b.bottom) for b in drawn.boxes.values()]
        assert not any(piece.meets(area) for area in [*inner, *drawn.labels]), stream


@pytest.mark.parametrize("name", NETWORKS)
def test_lines_cross_but_do_not_run_together(name: str) -> None:
    for (one, first), (other, second) in itertools.combinations(segments(drawn_of(name)), 2):
        if one != other and first.meets(second):
            flat = [area.bottom - area.top == 2 for area in (first, second)]
            assert flat[0] != flat[1], f"{one} and {other}"


@pytest.mark.parametrize("name", NETWORKS)
def test_lines_of_one_box_do_not_cross_there(name: str) -> None:
    design, drawn = design_of(name), drawn_of(name)
    corners = dict(drawn.streams)
    for stage in design.stages:
        leaving = [(stream, corners[stream][:4]) for stream in stage.streams if len(stage.streams) > 1]
        coming = [(stream, corners[stream][-4:]) for stream in stage.sources]
        for ends in (leaving, coming):
            parts = Drawn({}, ends, [], [], drawn.size)
            for (one, first), (other, second) in itertools.combinations(segments(parts), 2):
                assert one == other or not first.meets(second), f"{one} and {other}"


@pytest.mark.parametrize("name", NETWORKS)
def test_texts_fit_their_boxes(name: str) -> None:
    drawn = drawn_of(name)
    for box, text in drawn.box_texts:
        area = drawn.boxes[box]
        assert area.left < text.left and text.right < area.right, box
        assert area.top < text.top and text.bottom < area.bottom, box


def test_the_longest_way_is_straight_and_the_shortcut_below() -> None:
    design = design_of("residual")
    rows = dict(zip((stage.name for stage in design.stages), layout.arrange(design.stages).rows, strict=True))
    straight = ("stem", "block1_conv1", "block1_conv2", "block1_add", "block2_conv1", "block2_conv2")
    assert {rows[name] for name in straight} == {0}
    assert {rows["block2_shortcut"], rows["block1_add_fifo"]} == {1}


def test_queues_have_names_of_their_own() -> None:
    svg = ElementTree.fromstring(picture.render(design_of("residual")))
    texts = [text.text for text in svg.iter(f"{SVG}text")]
    names = [stage.name for stage in design_of("residual").stages if isinstance(stage, FifoStage | ForkStage)]
    assert len(names) > 4 and all(texts.count(name) == 1 for name in names)


@pytest.mark.parametrize("name", ["lenet5", "separable"])
def test_a_chain_is_one_row(name: str) -> None:
    drawn = drawn_of(name)
    assert {box.top for box in drawn.boxes.values()} == {30}
    assert {point[1] for _, corners in drawn.streams for point in corners} == {73}
    assert drawn.size[1] == 150
    lefts = [box.left for box in drawn.boxes.values()]
    assert lefts == sorted(lefts)


def test_a_long_name_is_shortened_and_whole_in_the_tooltip() -> None:
    svg = picture.render(design_of("crossed"))
    assert f"<title>{LONG}, Conv2D, module " in svg
    assert f">{LONG}<" not in svg and ">global_a" in svg


def test_any_name_is_legal_xml() -> None:
    chain = Chain("net", "fixed", (4,)).dense(3, "first").dense(2, "second")
    design = plan(chain.graph)
    odd = dataclasses.replace(design.stages[0], layer="größe <&> \x01 ")
    svg = picture.render(dataclasses.replace(design, stages=(odd, *design.stages[1:])))
    assert svg.isascii()
    titles = [title.text for title in ElementTree.fromstring(svg).iter(f"{SVG}title")]
    assert f"größe <&> ? , {odd.kind}, module {odd.name}" in titles


def test_a_short_pipeline_has_room_for_its_caption() -> None:
    design = plan(Chain("a_network_of_a_rather_long_name" * 3, "fixed", (4,)).dense(3).graph)
    svg = picture.render(design)
    caption = list(ElementTree.fromstring(svg).iter(f"{SVG}text"))[-1].text or ""
    assert caption.startswith(design.name)
    assert 10 + width_of(caption, 12) <= read(svg).size[0]


def test_no_text_is_wider_than_the_estimate() -> None:
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for file, bold in (("DejaVuSans.ttf", False), ("DejaVuSans-Bold.ttf", True)):
        font = ImageFont.truetype(str(fonts / file), 1000)
        for letter in string.ascii_letters + string.digits + string.punctuation + " ":
            assert font.getlength(letter) <= width_of(letter, 1000, bold), letter


@pytest.mark.parametrize("room", [20, 60, 100, 150, 400])
def test_a_text_fits_its_room(room: int) -> None:
    text = fit(LONG, 12, room, bold=True)
    assert text.width == width_of(text.text, text.size, bold=True) <= room
    assert SMALLEST <= text.size <= 12
    start, _, end = text.text.partition("...")
    assert LONG.startswith(start) and LONG.endswith(end)


def test_a_text_with_room_stays_as_it_is() -> None:
    assert fit("conv", 12, 100).text == "conv" and fit("conv", 12, 100).size == 12
