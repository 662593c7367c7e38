# SPDX-License-Identifier: Apache-2.0
"""The first layer, pixel and channel that differ: found where a fault was put, in every kind of stage."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from kerilog.errors import KerilogError
from kerilog.integer.model import run_all
from kerilog.manifest import Manifest
from kerilog.verify import layers, look
from kerilog.verify.layers import Difference, first_difference
from kerilog.verify.look import Tap
from support.designs import generate
from support.golden import NETWORKS
from support.networks import draw_codes

FRAMES = 4


def made(name: str, directory: Path) -> tuple[look.QGraph, np.ndarray, tuple[Tap, ...]]:
    make, interval = NETWORKS[name]
    graph = make()
    generate(graph, directory, interval)
    return graph, draw_codes(graph, FRAMES), look.taps(Manifest.read(directory), graph)


def inject(directory: Path, tap: Tap, code: int) -> None:
    """Flip the lowest bit of lane 0 in the stream of ``tap`` wherever it carries ``code``."""
    manifest = Manifest.read(directory)
    path = directory / manifest.sources[-1]
    text = path.read_text()
    wire = re.search(rf"^  wire (.*) {tap.name}_tdata;$", text, re.MULTILINE)
    assert wire is not None, tap.name
    raw = f"{tap.name}_right"
    lane = f"{raw}[{tap.bits - 1}:0] == {tap.bits}'d{code % 2**tap.bits}"
    fault = f"  wire {wire[1]} {raw};\n  assign {tap.name}_tdata = {raw} ^ ({lane});"
    text = text.replace(wire[0], f"{wire[0]}\n{fault}")
    head, mark, tail = text.partition(f".m_axis_tdata({tap.name}_tdata)")
    assert mark, tap.name
    path.write_text(f"{head}.m_axis_tdata({raw}){tail}")


@pytest.mark.parametrize("name", NETWORKS)
def test_a_right_design_has_no_difference(name: str, tmp_path: Path) -> None:
    graph, codes, _ = made(name, tmp_path / "x")
    assert first_difference(tmp_path / "x", graph, codes, "icarus") is None


@pytest.mark.parametrize("name", NETWORKS)
def test_a_fault_is_found_in_the_stage_that_has_it(name: str, tmp_path: Path) -> None:
    graph, codes, taps = made(name, tmp_path / "x")
    tensors = run_all(graph, codes)
    top = tmp_path / "x" / Manifest.read(tmp_path / "x").sources[-1]
    right = top.read_text()
    for tap in {tap.kind: tap for tap in taps}.values():
        expected = tensors[tap.tensor].reshape(FRAMES, tap.elements)
        first_lane = expected[:, :: tap.lanes]
        code = int(first_lane[1, -1])  # comes up somewhere, perhaps earlier
        frame, beat = (int(found[0]) for found in np.nonzero(first_lane == code))
        top.write_text(right)
        inject(tmp_path / "x", tap, code)
        found = first_difference(tmp_path / "x", graph, codes, "icarus")
        assert found is not None, tap.name
        place = np.unravel_index(beat * tap.lanes, tensors[tap.tensor].shape[1:])
        assert (found.stage, found.kind, found.frame) == (tap.name, tap.kind, frame), found
        assert found.place == tuple(map(int, place)), found
        flipped = ~code if tap.bits == 1 else code ^ 1  # of 1 bit the lowest is the sign
        assert (found.expected, found.found) == (code, flipped), found


def flip(path: Path, line: int) -> None:
    """Flip the second highest bit of the lowest weight of a word in a memory file."""
    lines = path.read_text().splitlines()
    lines[line] = f"{int(lines[line], 16) ^ 0x40:0{len(lines[line])}x}"
    path.write_text("\n".join(lines) + "\n")


def test_a_flipped_bit_of_a_memory_is_found(tmp_path: Path) -> None:
    graph, codes, _ = made("affine", tmp_path / "x")
    memories = Manifest.read(tmp_path / "x").memories
    (weights,) = [name for name in memories if "dense_weights" in name]
    flip(tmp_path / "x" / weights, 2)
    found = first_difference(tmp_path / "x", graph, codes, "icarus")
    assert found is not None
    assert (found.layer, found.kind) == ("dense", "Dense")
    assert found.told.startswith("the first difference is in layer 'dense' (Dense): frame 0, channel ")
    right = run_all(graph, codes)["dense"][(found.frame, *found.place)]
    assert found.expected == right != found.found


def test_unknown_bits_are_a_difference(tmp_path: Path) -> None:
    graph, codes, _ = made("fixed", tmp_path / "x")
    path = next((tmp_path / "x/rtl").glob("*_conv2d.v"))
    (weights,) = [name for name in Manifest.read(tmp_path / "x").memories if "conv2d_weights" in name]
    text = (tmp_path / "x" / weights).read_text().splitlines()
    assert path.is_file()
    (tmp_path / "x" / weights).write_text("\n".join(text[:-1]) + "\n")  # the last word is missing
    found = first_difference(tmp_path / "x", graph, codes, "icarus")
    assert found is not None
    assert (found.layer, found.found) == ("conv2d", None)
    assert "unknown bits" in found.told


def test_verilator_finds_what_icarus_finds(tmp_path: Path) -> None:
    graph, codes, taps = made("parallel", tmp_path / "x")
    tap = next(tap for tap in taps if tap.kind == "MaxPooling2D")
    expected = run_all(graph, codes)[tap.tensor]
    inject(tmp_path / "x", tap, int(expected.reshape(FRAMES, -1)[0, tap.lanes]))
    one, other = (first_difference(tmp_path / "x", graph, codes, tool) for tool in ("icarus", "verilator"))
    assert one == other
    assert one is not None and one.stage == tap.name
    assert "row " in one.told and ", column " in one.told and ", channel " in one.told


def test_frames_go_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "_BYTES", 1)
    graph, codes, taps = made("affine", tmp_path / "x")
    assert first_difference(tmp_path / "x", graph, codes, "icarus") is None
    expected = run_all(graph, codes)["logits"].reshape(FRAMES, -1)
    tap = taps[-1]
    assert tap.lanes == 1
    code = next(int(code) for code in expected[2] if code not in expected[:2])
    inject(tmp_path / "x", tap, code)
    found = first_difference(tmp_path / "x", graph, codes, "icarus")
    assert found is not None and found.frame == 2 and found.expected == code


def test_a_design_that_hangs_is_compared_as_far_as_it_went(tmp_path: Path) -> None:
    graph, codes, taps = made("affine", tmp_path / "x")
    tap = next(tap for tap in taps if tap.layer == "max_pooling2d" and tap.kind == "MaxPooling2D")
    inject(tmp_path / "x", tap, int(run_all(graph, codes)[tap.tensor].reshape(-1)[0]))
    path = tmp_path / "x" / Manifest.read(tmp_path / "x").sources[-1]
    text = path.read_text()
    last = ".m_axis_tvalid(logits_tvalid)"
    assert last in text
    path.write_text(
        text.replace(last, ".m_axis_tvalid()").replace(
            "assign m_axis_tvalid = marked_tvalid;", "assign m_axis_tvalid = 1'b0;"
        )
    )
    found = first_difference(tmp_path / "x", graph, codes, "icarus")
    assert found is not None and found.stage == tap.name


def test_old_folders_are_to_be_built_again(tmp_path: Path) -> None:
    graph, codes, _ = made("fixed", tmp_path / "x")
    path = tmp_path / "x/manifest.json"
    manifest = json.loads(path.read_text())
    for stage in manifest["layers"]:
        del stage["tensor"], stage["lanes"]
    path.write_text(json.dumps(manifest))
    with pytest.raises(KerilogError, match="build the design again"):
        first_difference(tmp_path / "x", graph, codes, "icarus")


def test_codes_of_a_tap_are_signed_and_whole_frames() -> None:
    tap = Tap("x", "Dense", "x", "x", elements=3, bits=5, lanes=2)
    assert (tap.width, tap.words, tap.beats) == (10, 1, 2)
    beats = np.array([[0b11111_00001], [0b00000_10000], [0b00010_00001]], "<u4")
    assert tap.codes(beats).tolist() == [[1, -1, -16]]


def test_places_have_names() -> None:
    one = Difference("s", "Fifo", "l", "t", 1, (2, 3), 4, None, 5, 6)
    assert one.told == (
        "the first difference is in the queue 's', behind 't': frame 1, position 2, channel 3: "
        "expected 4, found unknown bits; 5 of its 6 values differ"
    )
