# SPDX-License-Identifier: Apache-2.0
"""The range report: its numbers, its file, and the page itself in a real browser."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from kerilog import build, cli, storage
from kerilog.calibrate import Observation
from kerilog.errors import KerilogError
from kerilog.formats import Affine, Binary, Fixed, Format, Sign, Ternary
from kerilog.graph import Dense, Graph, Input, Node
from kerilog.integer.model import run
from kerilog.manifest import Model
from kerilog.qgraph import QGraph
from kerilog.quality.heads import confusion
from kerilog.quantize import calibrate, quantize
from kerilog.report import heat, page, ranges, record, words
from kerilog.report.conversion import Conversion, Error, compare, convert, covered_powers
from kerilog.report.record import Answers, Record
from kerilog.report.tensors import Tensor, tensors
from support.browser import in_browser
from support.manifests import make_manifest, make_stream
from support.paths import MODELS

MODEL = MODELS / "mnist_cnn.keras"


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set that needs no download: 200 random images, of 10 classes."""
    draw = np.random.default_rng(1)
    images = draw.integers(0, 256, (200, 28, 28, 1)).astype(np.uint8)
    path = tmp_path_factory.mktemp("data") / "samples.npz"
    np.savez(path, x=images, y=np.arange(200) % 10)
    return path


@pytest.fixture(scope="module")
def design(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built design."""
    target = tmp_path_factory.mktemp("report") / "mnist"
    build.build(MODEL, target, build.Options(data=samples))
    return target


def test_the_classic_example() -> None:
    format = Fixed(8, 3)
    values = np.array([0.03125, 2.1, 16.25])
    assert covered_powers(format) == (-3, 3)
    assert format.dequantize(format.quantize(values)).tolist() == [0.0, 2.125, 15.875]
    found = [convert(value, format) for value in values]
    assert [(c.underflow, c.inexact, c.overflow) for c in found] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]


def test_a_value_is_counted_once() -> None:
    format = Fixed(4, 1)
    values = np.array([0.0, 0.5, -4.0, -4.25, -4.26, 3.74, 3.75, 0.24, 0.25, -0.1])
    found = convert(values, format)
    assert (found.overflow, found.underflow, found.inexact) == (3, 2, 2)
    assert found.error == compare(values, format.dequantize(format.quantize(values)))


def test_counts_per_channel_use_the_step_of_the_channel() -> None:
    format = Affine(8, (0.5, 0.125))
    found = convert(np.array([[0.5, 0.5], [0.2, 0.2], [60.0, 60.0]]), format)
    assert (found.overflow, found.underflow, found.inexact) == (1, 1, 1)
    assert covered_powers(format) == (-3, 6)


def test_parts_add_up_to_the_whole() -> None:
    values = np.random.default_rng(3).normal(size=1000)
    whole = convert(values, Fixed(6, 4))
    parts = convert(values[:300], Fixed(6, 4)) + convert(values[300:], Fixed(6, 4))
    assert dataclasses.replace(parts, error=whole.error) == whole
    assert parts.error.noise == pytest.approx(whole.error.noise)


def test_snr() -> None:
    assert compare([3.0, 4.0], [3.0, 4.5]).snr == pytest.approx(20.0)
    assert compare([1.0], [1.0]).snr == np.inf
    assert compare([0.0], [1.0]).snr is None
    assert Error().mse == 0.0
    assert (Conversion() + Conversion(1, 2, 3)).inexact == 3


def test_the_map_shows_every_value_once() -> None:
    values = np.random.default_rng(5).normal(size=10_000).astype(np.float32) ** 3
    seen = Observation()
    seen.add(values)
    tensor = Tensor("layer", "Dense", "weights", (10_000,), Fixed(8, 7), seen, convert(values, Fixed(8, 7)))
    powers = heat.columns([tensor])
    row = heat.cells(tensor, powers)
    assert sum(cell.count for cell in row) + seen.zeros == 10_000
    assert [cell.power for cell in row if cell.place == "in"] == [-1, -2, -3, -4, -5, -6, -7]
    assert [cell.power for cell in row if cell.first] == [-1]
    assert [cell.power for cell in row if cell.last] == [-7]
    over = sum(cell.count for cell in row if cell.place == "over")
    assert tensor.alone is not None and over == np.count_nonzero(np.abs(values) >= 1) > 0
    assert max(cell.level for cell in row) == 1.0


def test_a_wide_bias_does_not_stretch_the_map() -> None:
    seen = Observation()
    seen.add(np.array([0.5, 0.25], np.float32))
    narrow = Tensor("a", "Dense", "weights", (2,), Fixed(8, 7), seen)
    wide = Tensor("a", "Dense", "bias", (2,), Affine(32, 2.0**-20), seen)
    assert heat.columns([narrow, wide]) == heat.columns([narrow])
    row = heat.cells(wide, heat.columns([narrow]))
    assert {cell.place for cell in row} == {"in"}
    assert not any(cell.first or cell.last for cell in row)


def test_confusion() -> None:
    labels, answers = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0])
    assert confusion(labels, answers, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]


def test_words() -> None:
    assert words.layer("cnn/conv/Relu;cnn/conv/BiasAdd") == "conv/Relu"
    assert words.points(-0.00123) == "\N{MINUS SIGN}0.12"
    assert ranges.format_text(Fixed(8, -2)) == "8 bits, step 2²"


def small_network(name: str) -> tuple[Graph, QGraph, np.ndarray]:
    """A dense layer called ``name``, its integer form, and samples."""
    draw = np.random.default_rng(7)
    kernel = draw.normal(size=(6, 3)).astype(np.float32)
    nodes = (
        Node("x", Input(), (), (6,)),
        Node(name, Dense(kernel, np.zeros(3, np.float32)), ("x",), (3,)),
    )
    graph = Graph("small", nodes, (name,))
    x = draw.normal(size=(64, 6)).astype(np.float32)
    return graph, quantize(calibrate(graph, x)), x


def test_record_comes_back_whole(tmp_path: Path) -> None:
    graph, integer, x = small_network("dense")
    eye = np.eye(3, dtype=np.int64)
    saved = Record(64, record.measure(integer, x, graph), graph, (Answers("dense", eye, 2 * eye),))
    record.save(saved, tmp_path)
    loaded = record.load(tmp_path)
    assert loaded.activations[1].alone == saved.activations[1].alone
    assert loaded.activations[1].seen.msb.tolist() == saved.activations[1].seen.msb.tolist()
    assert loaded.original is not None
    (answers,) = loaded.answers
    assert (answers.output, answers.after.tolist()) == ("dense", (2 * eye).tolist())
    assert [tensor.alone for tensor in tensors(integer, loaded)] == [t.alone for t in tensors(integer, saved)]


@pytest.mark.parametrize(
    "format", [Fixed(6, 2), Affine(8, 0.5, 3), Binary(scale=0.5), Ternary(scale=0.5), Sign(frac=1)], ids=str
)
def test_formats_that_a_float_network_was_trained_with_are_read_again(format: Format, tmp_path: Path) -> None:
    graph, _, _ = small_network("dense")
    original = dataclasses.replace(graph, nodes=tuple(dataclasses.replace(n, format=format) for n in graph))
    record.save(Record(0, (), original), tmp_path)
    loaded = record.load(tmp_path).original
    assert loaded is not None and [node.format for node in loaded] == [format] * len(graph.nodes)


def test_network_error_is_that_of_the_integer_model() -> None:
    graph, integer, x = small_network("dense")
    output = record.measure(integer, x, graph)[1]
    exact = x @ graph["dense"].op.kernel
    codes = run(integer, build.codes_of(integer, x))
    assert output.network is not None
    assert output.network.mse == pytest.approx(
        np.mean((integer["dense"].format.dequantize(codes) - exact) ** 2)
    )


def test_broken_record(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / record.FILE_NAME).write_bytes(b"PK nothing")
    with pytest.raises(KerilogError, match="record of a build"):
        record.load(tmp_path)


def test_no_design(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.main, ["report", str(tmp_path)])
    assert result.exit_code == 2
    assert "give a directory made by 'kerilog build'" in result.output


def test_build_leaves_the_same_bytes(design: Path, samples: Path, tmp_path: Path) -> None:
    build.build(MODEL, tmp_path / "again", build.Options(data=samples))
    assert (tmp_path / "again" / record.FILE_NAME).read_bytes() == (design / record.FILE_NAME).read_bytes()


def expected_rows(directory: Path) -> list[tuple[str, str]]:
    graph = storage.load(directory / storage.FILE_NAME)
    return [(tensor.layer, tensor.kind) for tensor in tensors(graph, record.load(directory))]


def test_the_page_in_a_browser(design: Path) -> None:
    result = CliRunner().invoke(cli.main, ["report", str(design)])
    assert result.exit_code == 0, result.output
    path = design / "report" / "index.html"
    assert str(path) in result.output
    page = in_browser(path)
    assert page.root["data-errors"] == ""
    assert page.root["data-ready"] == "yes"
    assert page.tensors == expected_rows(design)
    assert ("hidden", "weights") in page.tensors and len(page.tensors) == 12


def test_a_script_error_would_be_seen(tmp_path: Path) -> None:
    text = render("dense").replace("const buttons", "undefined_function(); const buttons")
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    assert "undefined_function" in (in_browser(tmp_path / "page.html").root["data-errors"] or "")


def render(name: str) -> str:
    """The page of a small network whose layer is called ``name``."""
    graph, integer, x = small_network(name)
    manifest = make_manifest(
        make_stream((6,), 8, 1),
        make_stream((6,), 8, 1, port="m_axis"),
        name="small",
        top="small",
        model=Model(file=name, sha256="0" * 64),
        sources=("rtl/a.v",),
    )
    return page.render(manifest, integer, Record(64, record.measure(integer, x, graph), graph), ())


def test_names_cannot_become_markup(tmp_path: Path) -> None:
    name = "\"><script>document.title='stolen'</script>"
    (tmp_path / "page.html").write_text(render(name), encoding="utf-8")
    assert "<script>document.title" not in render(name)
    page = in_browser(tmp_path / "page.html")
    assert page.root["data-errors"] == ""
    assert (name, "weights") in page.tensors


def test_the_page_asks_nothing_of_the_network(design: Path) -> None:
    CliRunner().invoke(cli.main, ["report", str(design)])
    text = (design / "report" / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"https?://|src=|@import|url\(", text) == []
    assert "default-src 'none'" in text
    assert "Before: float" in text and "After: integers" in text


def test_without_a_record_the_page_has_the_integers(design: Path, tmp_path: Path) -> None:
    copy = tmp_path / "design"
    shutil.copytree(design, copy)
    (copy / record.FILE_NAME).unlink()
    result = CliRunner().invoke(cli.main, ["report", str(copy)])
    assert result.exit_code == 0, result.output
    text = (copy / "report" / "index.html").read_text(encoding="utf-8")
    assert "Error against float" not in text and "give it --data" in text
