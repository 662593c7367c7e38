# SPDX-License-Identifier: Apache-2.0
"""Generated Verilog: silent in the tools, legal whatever the layers are called, memories as planned."""

from __future__ import annotations

import errno
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerilog import build, outputs
from kerilog.emit.writer import memory_text
from kerilog.errors import KerilogError
from kerilog.exact import packing
from kerilog.hardware.memories import Memory
from kerilog.hardware.naming import KEYWORDS, verilog_name
from kerilog.integer.model import run
from kerilog.manifest import Manifest
from kerilog.plan import plan
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QDense, QGraph
from kerilog.verify import simulate
from support.designs import generate, weighted_stages
from support.loading import with_weights
from support.networks import Chain, draw_case, draw_codes


def names_of_keywords() -> QGraph:
    """Layers and a model that are called like Verilog's own words."""
    chain = Chain("and", "fixed", (4, 4, 1), input_name="input").conv(2, (2, 2), name="reg")
    return chain.pool(name="module").flatten("wire").dense(3, "endmodule").dense(2, "always").graph


def names_that_collide() -> QGraph:
    """Layers whose names are equal once they are identifiers."""
    chain = (
        Chain("model.v2", "affine", (4, 4, 1)).conv(2, (2, 2), name="a.b").pool((2, 2), (1, 1), name="a-b")
    )
    chain.flatten("a_b").dense(3, "a/b").dense(3, "A B").dense(3, "a_b_2")
    return chain.dense(2, "x/a_b/y").graph


def names_of_the_library() -> QGraph:
    """Layers and a model that are called like modules, ports and wires around them."""
    chain = Chain("krl", "fixed", (4, 4, 1)).conv(2, (2, 2), name="window").pool((2, 2), (1, 1), name="max")
    chain.flatten("krl_fifo").dense(3, "dot").dense(3, "krl_matvec").dense(3, "fifo")
    return chain.dense(3, "guarded").dense(2, "s_axis").graph


def names_of_attackers() -> QGraph:
    """Layers whose names try to leave their place."""
    chain = Chain("../../x", "affine", (4, 4, 1)).conv(2, (2, 2), name="module; endmodule //")
    chain.flatten("").dense(3, "../../../y").dense(3, '`include "z"\n').dense(3, "$finish */")
    return chain.dense(3, "été").dense(2, "9" * 300).graph


def names_of_constants() -> QGraph:
    """Layers whose weights are constants, called like the modules, instances and signals that they become."""
    chain = Chain("krl", "fixed", (6,)).dense(4, "a").dense(3, "a_products").dense(3, "issue_products")
    chain.dense(3, "issue").dense(3, "control").dense(2, "products").dense(2, "result_tdata")
    return chain.dense(2, "t0").dense(2, "x").graph


def names_with_lines() -> QGraph:
    """A name that would end a comment and go on as Verilog."""
    return Chain("lines", "fixed", (3,)).dense(2, "a\nendmodule\nmodule b").dense(2, "c\\").graph


def narrow() -> QGraph:
    """One pixel, one channel, one unit, two bits."""
    return Chain("narrow", "fixed", (1, 1, 1), bits=4, weight_bits=2).conv(1, (1, 1)).pool((1, 1)).graph


def signs() -> QGraph:
    """Sums of an image of signs, and of one of eight bits, beside thresholds of other widths."""
    chain = Chain("signs", "fixed", (4, 4, 3), 5, bits=1, weight_bits=1, input_bits=8)
    return chain.conv(4, (2, 2)).conv(3, (2, 2)).flatten().dense(3).graph


def corrected() -> QGraph:
    """Rescaling by gemmlowp's two roundings, which needs the negative correction."""
    return Chain("corrected", "affine", (6, 6, 3), 5).conv(5, (3, 3), (2, 2), "same").flatten().dense(4).graph


def side_by_side() -> QGraph:
    """Several windows of a pool and of a convolution in a beat, with columns between them that none holds."""
    chain = Chain("side", "affine", (8, 12, 3)).pool((2, 2), (3, 3)).conv(3, (2, 2), (1, 2))
    return chain.flatten().dense(3).graph


DESIGNS: dict[str, tuple[Callable[[], QGraph], int]] = {
    "keywords": (names_of_keywords, 20),
    "collisions": (names_that_collide, 20),
    "library": (names_of_the_library, 20),
    "attackers": (names_of_attackers, 20),
    "lines": (names_with_lines, 20),
    "constants": (names_of_constants, 1),
    "narrow": (narrow, 1),
    "signs": (signs, 60),
    "corrected": (corrected, 60),
    "corrected_slow": (corrected, 600),
    "side_by_side": (side_by_side, 8),
}


def tool(directory: Path, *command: str) -> str:
    """All that a tool prints about the sources of a design."""
    manifest = Manifest.read(directory)
    found = subprocess.run(
        [*command, *manifest.sources], cwd=directory, capture_output=True, text=True, check=False
    )
    return found.stdout + found.stderr + (f"exit status {found.returncode}" if found.returncode else "")


def assert_silent(directory: Path) -> None:
    """Neither Verilator nor Icarus has anything to say."""
    top = Manifest.read(directory).top
    assert tool(directory, "verilator", "--lint-only", "-Wall", "--top-module", top) == ""
    assert tool(directory, "iverilog", "-g2005", "-Wall", "-s", top, "-o", "design.vvp") == ""


@pytest.mark.parametrize("double_buffer", [False, True])
@pytest.mark.parametrize("name", ["corrected", "lines"])
def test_tools_are_silent_about_weights_to_load(name: str, double_buffer: bool, tmp_path: Path) -> None:
    """Words of more than 32 bits, and of fewer, of both schemes."""
    make, interval = DESIGNS[name]
    goal = Goal(interval=interval, control="axi-lite", loadable=("all",), double_buffer=double_buffer)
    graph = with_weights(make(), "drawn", 1)
    generate(graph, tmp_path / "design", design=design_for(graph, goal))
    assert_silent(tmp_path / "design")


@pytest.mark.parametrize("name", DESIGNS)
def test_tools_are_silent_and_results_equal(name: str, tmp_path: Path) -> None:
    make, interval = DESIGNS[name]
    graph = make()
    directory = tmp_path / "design"
    generate(graph, directory, interval)
    assert_silent(directory)
    codes = draw_codes(graph, 3)
    assert np.array_equal(simulate(directory, codes, "icarus").codes, run(graph, codes))


@pytest.mark.parametrize(
    # in that of seed 20 the columns of windows are queued in fewer places than they are turned in
    "seed",
    [*range(6), 20, *(pytest.param(n, marks=pytest.mark.full) for n in range(6, 60) if n != 20)],
)
def test_tools_are_silent_on_random_networks(seed: int, tmp_path: Path) -> None:
    case = draw_case(seed)
    generate(case.graph, tmp_path / "design", design=case.design)
    assert_silent(tmp_path / "design")


@pytest.mark.parametrize("name", DESIGNS)
def test_one_module_a_file_and_nothing_outside(name: str, tmp_path: Path) -> None:
    make, interval = DESIGNS[name]
    manifest = generate(make(), tmp_path / "inside" / "design", interval)
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]
    assert len(set(manifest.sources)) == len(manifest.sources)
    for source in manifest.sources:
        assert re.fullmatch(r"rtl/[a-z][a-z0-9_]*\.v", source)
        text = (tmp_path / "inside/design" / source).read_text(encoding="ascii")
        code = re.sub(r"//[^\n]*", "", text)
        assert re.findall(r"^\s*module\s+(\w+)", code, re.MULTILINE) == [Path(source).stem]
    for memory in manifest.memories:
        assert re.fullmatch(r"rom/[a-z][a-z0-9_]*\.mem", memory)


def test_every_template_names_its_layer(tmp_path: Path) -> None:
    graph = Chain("named", "fixed", (4, 4, 1)).conv(2, name="My Conv").pool((2, 2), name="My Pool").flatten()
    generate(graph.dense(2, "My Dense").graph, tmp_path / "design", 20)
    text = "".join(path.read_text() for path in (tmp_path / "design/rtl").glob("named_*.v"))
    for name, kind in (("My Conv", "Conv2D"), ("My Pool", "MaxPooling2D"), ("My Dense", "Dense")):
        assert f'Generated by Kerilog for layer "{name}" ({kind}) of named.' in text


# ---- names ----


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dense_1", "dense_1"),
        ("Conv2D", "conv2d"),
        ("a.b/c-d", "a_b_c_d"),
        ("module; endmodule //", "module_endmodule"),
        ("../../x", "x"),
        ("reg", "net_reg"),
        ("krl_fifo", "net_krl_fifo"),
        ("krl", "net_krl"),
        ("clk", "net_clk"),
        ("9lives", "net_9lives"),
        ("", "net"),
        ("été", "t"),
        ("a" * 100, "a" * 64),
    ],
)
def test_names_become_identifiers(text: str, name: str) -> None:
    assert verilog_name(text) == name


def test_no_keyword_stays() -> None:
    assert [word for word in KEYWORDS if verilog_name(word) in KEYWORDS] == []


# ---- memories ----


@pytest.mark.parametrize("name", ["corrected", "keywords"])
def test_memories_read_back(name: str, tmp_path: Path) -> None:
    make, interval = DESIGNS[name]
    design = plan(make(), interval)
    generate(make(), tmp_path / "design", design=design)
    for memory in design.memories:
        text = (tmp_path / "design" / memory.file).read_text()
        numbers = [int(line, 16) for line in text.splitlines()[1:]]
        assert tuple(numbers) == memory.words
        assert len(numbers) == memory.depth
        assert all(0 <= word < 1 << memory.width for word in numbers)
        assert np.array_equal(packing.read(text, memory.width), memory.packed)
        assert {len(line) for line in text.splitlines()[1:]} == {-(-memory.width // 4)}


def test_weights_stand_where_the_hardware_looks() -> None:
    graph = Chain("weights", "fixed", (7,), 4).dense(5, "dense").graph
    op = graph.nodes[-1].op
    assert isinstance(op, QDense)
    for interval in (2, 3, 7, 20, 35):
        (stage,) = weighted_stages(plan(graph, interval))
        pe, simd, bits = stage.matvec.pe, stage.matvec.simd, stage.matvec.w_bits
        found = np.zeros((stage.matvec.beats_per_vector * simd, stage.matvec.groups * pe), int)
        for number, word in enumerate(stage.matvec.memories[0].words):
            beat, group = divmod(number, stage.matvec.groups)
            for lane in range(pe * simd):
                code = (word >> (lane * bits)) & ((1 << bits) - 1)
                place = beat * simd + lane % simd, group * pe + lane // simd
                found[place] = code - ((code >> (bits - 1)) << bits)
        assert np.array_equal(found[:7, :5], op.kernel)
        assert not found[7:].any() and not found[:, 5:].any()


def test_a_memory_that_does_not_read_back_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lossy(memory: Memory) -> str:
        return memory_text(memory).replace("f", "e")

    monkeypatch.setattr("kerilog.emit.writer.memory_text", lossy)
    with pytest.raises(KerilogError, match=r"_weights\.mem: does not read back as it was written"):
        generate(names_of_keywords(), tmp_path / "design", 20)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_no_new_parents(tmp_path: Path) -> None:
    with (
        pytest.raises(KerilogError, match="No space left"),
        outputs.folder(tmp_path / "new/deep/x", build.WRITER),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []
