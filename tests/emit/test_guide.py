# SPDX-License-Identifier: Apache-2.0
"""A design folder explains itself, and its bench finds what is wrong, wherever a simulator is started."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from kerilog import build
from kerilog.emit import guide
from kerilog.formats import IntArray
from kerilog.integer.model import run, run_outputs
from kerilog.manifest import Manifest, Model, Reset, Scaling
from kerilog.plan import plan
from kerilog.qgraph import QGraph, QNode, QSoftmax
from support.designs import generate
from support.golden import NETWORKS
from support.networks import Chain
from support.two_ports import heads, two_images

EVERY = pytest.mark.parametrize("name", NETWORKS)


def command(where: Path, *words: str) -> str:
    """What a program prints that is started in ``where``; it must succeed."""
    found = subprocess.run(words, cwd=where, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout + found.stderr


def sources(directory: Path) -> list[str]:
    return [str(path) for part in ("sim", "rtl") for path in sorted((directory / part).glob("*.v"))]


def icarus(directory: Path, where: Path, place: Path | None = None) -> str:
    """What the bench prints in Icarus, compiled and run in ``where``; ``place``: the macro's value."""
    bench = f"krl_bench_{Manifest.read(directory).top}"
    macro = [] if place is None else [f'-DKRL_DESIGN_DIR="{place}"']
    log = command(
        where, "iverilog", "-g2005", "-Wall", *macro, "-s", bench, "-o", "bench.vvp", *sources(directory)
    )
    assert log == ""
    return command(where, "vvp", "-n", "bench.vvp")


def verdict(printed: str) -> str:
    """The one line of a bench that says how it went; Verilator prints another behind it."""
    (line,) = (line for line in printed.splitlines() if line.startswith(("PASS", "FAIL")))
    return line


@pytest.mark.parametrize("registered", [False, True])
def test_a_folder_with_an_active_low_reset(registered: bool, tmp_path: Path) -> None:
    make, interval = NETWORKS["affine"]
    design = dataclasses.replace(plan(make(), interval, registered=registered), reset="active-low")
    generate(make(), tmp_path, design=design)
    assert verdict(icarus(tmp_path, tmp_path)).startswith("PASS")
    assert "One rising edge of `clk` with `aresetn` low resets" in (tmp_path / "README.md").read_text()
    veo = (tmp_path / "golden_affine.veo").read_text()
    assert "wire aresetn;  // synchronous, active low" in veo and "rst" not in veo


@EVERY
def test_the_bench_passes_and_is_silent(name: str, tmp_path: Path) -> None:
    make, interval = NETWORKS[name]
    directory = tmp_path / "a design"
    found = generate(make(), directory, interval)
    printed = icarus(directory, tmp_path, directory)
    frames = {"reading": 3, "apart": 2}.get(name, guide.FRAMES)  # the longest intervals
    assert printed == f"PASS: 2 x {frames} frames, latency {found.latency} cycles\n"


def test_the_bench_in_the_folder_itself(tmp_path: Path) -> None:
    make, interval = NETWORKS["fixed"]
    generate(make(), tmp_path, interval)
    assert verdict(icarus(tmp_path, tmp_path)).startswith("PASS")


@pytest.mark.parametrize(("make", "interval"), [(two_images, 40), (heads, 24)])
def test_several_inputs_or_outputs(make: Callable[[], QGraph], interval: int, tmp_path: Path) -> None:
    directory = tmp_path / "design"
    found = generate(make(), directory, interval)
    assert verdict(icarus(directory, tmp_path, directory)).startswith("PASS")
    assert len(list((directory / "sim").glob("*.mem"))) == len((*found.inputs, *found.outputs)) > 2


@pytest.mark.parametrize("name", ["affine", pytest.param("difference", marks=pytest.mark.full)])
def test_the_bench_in_verilator(name: str, tmp_path: Path) -> None:
    make, interval = NETWORKS[name]
    directory = tmp_path / "design"
    generate(make(), directory, interval)
    bench = f"krl_bench_{Manifest.read(directory).top}"
    macro = f'-DKRL_DESIGN_DIR="{directory}"'
    words = ("--timing", macro, "--top-module", bench, *sources(directory))
    assert command(tmp_path, "verilator", "--lint-only", "-Wall", *words) == ""
    command(tmp_path, "verilator", "--binary", "--Mdir", "built", "-CFLAGS", "-O0", *words)
    printed = command(tmp_path, str(tmp_path / "built" / f"V{bench}"))
    assert any(line.startswith("PASS: 2 x 8 frames") for line in printed.splitlines())


# ---- what is wrong is found ----


def flip(path: Path, line: int) -> None:
    """Change the last digit of a line of a memory file."""
    lines = path.read_text().splitlines()
    lines[line] = lines[line][:-1] + ("1" if lines[line][-1] == "0" else "0")
    path.write_text("\n".join(lines) + "\n")


def broken(tmp_path: Path, change: Callable[[Path], None]) -> str:
    make, interval = NETWORKS["affine"]
    generate(make(), tmp_path / "design", interval)
    change(tmp_path / "design")
    return verdict(icarus(tmp_path / "design", tmp_path, tmp_path / "design"))


def test_a_wrong_result_fails(tmp_path: Path) -> None:
    said = broken(tmp_path, lambda root: flip(root / "sim/golden_affine_m_axis.mem", 16))
    assert re.fullmatch(r"FAIL: m_axis frame 5, beat 1: expected \w\w, found \w\w", said)


def test_a_wrong_weight_fails(tmp_path: Path) -> None:
    def change(root: Path) -> None:
        path = root / "rom/golden_affine_logits_weights.mem"
        lines = path.read_text().splitlines()
        path.write_text("\n".join([lines[0], *("7f" for _ in lines[1:])]) + "\n")

    assert broken(tmp_path, change).startswith("FAIL: m_axis frame 0, beat")


def test_missing_vectors_fail(tmp_path: Path) -> None:
    said = broken(tmp_path, lambda root: (root / "sim/golden_affine_m_axis.mem").unlink())
    assert said == "FAIL: sim/golden_affine_m_axis.mem was not read"


def test_another_latency_fails(tmp_path: Path) -> None:
    def change(root: Path) -> None:
        path = root / "sim/krl_bench_golden_affine.v"
        path.write_text(path.read_text().replace("LATENCY = 154", "LATENCY = 153"))

    assert broken(tmp_path, change) == "FAIL: latency 154 cycles, planned 153"


def test_a_core_that_hangs_fails(tmp_path: Path) -> None:
    def change(root: Path) -> None:
        path = root / "rtl/golden_affine.v"
        path.write_text(
            path.read_text().replace("assign m_axis_tvalid = marked_tvalid", "assign m_axis_tvalid = 0")
        )

    assert broken(tmp_path, change).startswith("FAIL: nothing moves since cycle")


# ---- the instance ----


@pytest.mark.parametrize("reset", ["active-high", "active-low"])
@pytest.mark.parametrize("make", [NETWORKS["affine"][0], two_images])
def test_the_instance_fits(make: Callable[[], QGraph], reset: Reset, tmp_path: Path) -> None:
    found = generate(make(), tmp_path, design=dataclasses.replace(plan(make(), 70), reset=reset))
    text = (tmp_path / f"{found.top}.veo").read_text()
    (tmp_path / "user.v").write_text(f"`default_nettype none\nmodule user;\n{text}endmodule\n")
    log = command(tmp_path, "iverilog", "-g2005", "-Wall", "-s", "user", "-o", "x", "user.v", *found.sources)
    assert log == ""
    assert set(re.findall(r"\.(\w+_t\w+)\(", text)) == {
        f"{port.port}_{signal}"
        for port in (*found.inputs, *found.outputs)
        for signal in ("tdata", "tvalid", "tready", "tlast", "tuser")
        if signal != "tuser" or port in found.outputs
    }


@pytest.mark.parametrize("reset", ["active-high", "active-low"])
def test_a_folder_with_control(reset: Reset, tmp_path: Path) -> None:
    design = dataclasses.replace(plan(two_images(), 40), reset=reset, control="axi-lite")
    found = generate(two_images(), tmp_path, design=design)
    assert verdict(icarus(tmp_path, tmp_path)) == f"PASS: 2 x 8 frames, latency {found.latency} cycles"
    text = (tmp_path / "two.veo").read_text()
    (tmp_path / "user.v").write_text(f"`default_nettype none\nmodule user;\n{text}endmodule\n")
    log = command(tmp_path, "iverilog", "-g2005", "-Wall", "-s", "user", "-o", "x", "user.v", *found.sources)
    assert log == ""
    readme = (tmp_path / "README.md").read_text()
    assert "## Control and counters" in readme and f"{found.latency} for the first frame" in readme
    words = ("--lint-only", "-Wall", "--language", "1364-2005", "--top-module", "two", *found.sources)
    assert command(tmp_path, "verilator", *words) == ""


# ---- vectors ----


def read_codes(directory: Path, place: int = 0) -> tuple[IntArray, IntArray]:
    """The signed codes of one-lane 8-bit vectors at the input and at the output."""
    found = []
    for stream in (Manifest.read(directory).inputs[place], Manifest.read(directory).outputs[place]):
        name = f"sim/{Manifest.read(directory).top}_{stream.port}.mem"
        words = np.array([int(line, 16) for line in (directory / name).read_text().split()])
        found.append(((words + 128) % 256 - 128).reshape(-1, *stream.shape))
    return found[0], found[1]


def test_vectors_are_those_of_the_integer_model(tmp_path: Path) -> None:
    graph = NETWORKS["affine"][0]()
    generate(graph, tmp_path, 70)
    x, y = read_codes(tmp_path)
    assert x.shape == (8, 6, 5, 1)
    assert x.min() == -128 and (x[-1] == 127).all()
    assert np.array_equal(run(graph, x), y)


def test_vectors_of_samples(tmp_path: Path) -> None:
    graph = NETWORKS["affine"][0]()
    samples = np.random.default_rng(3).uniform(-2, 2, (20, 6, 5, 1)).astype(np.float32)
    told = build.about(graph, Model(file="x.keras", sha256="0" * 64))
    build.generate(graph, plan(graph, 70), tmp_path, told, samples={"input": samples})
    x, y = read_codes(tmp_path)
    assert np.array_equal(x, graph.inputs[0].format.quantize(samples[:8]))
    assert np.array_equal(run(graph, x), y)
    assert "sends 8 frames (calibration samples)" in (tmp_path / "README.md").read_text()


def test_a_long_interval_fits_the_integers_of_the_bench(tmp_path: Path) -> None:
    make, interval = NETWORKS["affine"]
    manifest = generate(make(), tmp_path / "design", interval)
    slow = msgspec.structs.replace(manifest, frame_interval=200_000_000, latency=300_000_000)
    text = guide.files(slow, guide.vectors_of(make(), interval))["sim/krl_bench_golden_affine.v"]
    assert "localparam integer WATCHDOG = 2147483647;" in text


def test_large_frames_are_fewer() -> None:
    graph = Chain("large", "fixed", (250, 300, 2), 1).pool((50, 50)).graph
    vectors = guide.vectors_of(graph, 100)
    assert vectors.frames == 1
    assert np.array_equal(run_outputs(graph, vectors.inputs[0])[0], vectors.outputs[0])


def test_long_intervals_have_fewer_frames() -> None:
    graph = NETWORKS["affine"][0]()
    assert [guide.vectors_of(graph, cycles).frames for cycles in (1, 2048, 2049, 9880, 10**9)] == [
        8,
        8,
        7,
        1,
        1,
    ]


def test_vectors_stop_before_the_softmax() -> None:
    graph = NETWORKS["affine"][0]()
    logits = graph["logits"]
    table = np.arange(256, 0, -1, np.int64) << 20
    soft = QNode("softmax", QSoftmax(table), ("logits",), logits.shape, logits.format)
    whole = QGraph(graph.name, graph.scheme, (*graph.nodes, soft), ("softmax",))
    assert np.array_equal(guide.vectors_of(whole, 9).outputs[0], guide.vectors_of(graph, 9).outputs[0])


# ---- the README ----


def test_the_example_holds(tmp_path: Path) -> None:
    graph = NETWORKS["affine"][0]()
    scaling = {"input": Scaling(dtype="uint8", minimum=0, maximum=255, factor=1 / 255)}
    told = build.about(graph, Model(file="x.keras", sha256="0" * 64), scaling=scaling)
    build.generate(graph, plan(graph, 70), tmp_path, told)
    text = (tmp_path / "README.md").read_text()
    assert "The samples were uint8 0..255; divided by 255." in text
    code = int(graph.inputs[0].format.quantize(128 / 255))
    assert "the raw sample 128 is the number 0.501961; " in text
    assert f"plus the zero point\n{code}, which `tdata` carries as `8'h{code & 255:02x}`" in text
    first = int(read_codes(tmp_path)[1].reshape(-1)[0])
    number = graph["logits"].format.dequantize(first)
    assert (
        f"`8'h{first & 255:02x}` at its first place, the code {first}, which is the number\n{number:.6g}."
        in text
    )


def test_saturation_is_told(tmp_path: Path) -> None:
    graph = NETWORKS["affine"][0]()
    scaling = {"input": Scaling(dtype="float32", minimum=0, maximum=100)}
    told = build.about(graph, Model(file="x.keras", sha256="0" * 64), scaling=scaling)
    build.generate(graph, plan(graph, 70), tmp_path, told)
    assert ", saturated 127, which `tdata` carries as `8'h7f`" in (tmp_path / "README.md").read_text()


def test_names_of_others_are_harmless(tmp_path: Path) -> None:
    graph = NETWORKS["affine"][0]()
    told = build.about(graph, Model(file="a`\n<script>.keras", sha256="0" * 64))
    build.generate(graph, plan(graph, 70), tmp_path, told)
    text = (tmp_path / "README.md").read_text()
    assert "The network `a___script_.keras` as a Verilog core" in text


def test_the_commands_of_the_readme_run(tmp_path: Path) -> None:
    make, interval = NETWORKS["affine"]
    directory = tmp_path / "the design"
    generate(make(), directory, interval)
    text = (directory / "README.md").read_text()
    lines = [line.strip() for line in text.splitlines() if line.startswith(("    iverilog", "    vvp"))]
    assert len(lines) == 2
    for line in lines:
        printed = command(tmp_path, "bash", "-c", f'DIR="$1"; {line}', "bash", str(directory))
    assert verdict(printed).startswith("PASS")
