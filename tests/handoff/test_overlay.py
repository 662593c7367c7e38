# SPDX-License-Identifier: Apache-2.0
"""``kerilog vivado --board``: the Tcl under the stub, and PYNQ's driver against a simulated logic."""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import pytest

from kerilog import frames, storage
from kerilog.errors import KerilogError
from kerilog.formats import Format
from kerilog.handoff import overlay
from kerilog.handoff.vivado import write_vivado
from kerilog.integer.model import run_outputs
from kerilog.manifest import Manifest, Scaling, Stream
from kerilog.plan import plan
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph
from kerilog.verify import design
from support.command import contents, kerilog
from support.designs import draw_all, generate
from support.golden import NETWORKS
from support.loading import write_loads
from support.networks import Chain
from support.pynq_stand_in import Logic, Pynq
from support.two_ports import two_images

HERE = Path(__file__).parent
BOARD = "pynq-z2"
EVERY = pytest.mark.parametrize("board", overlay.BOARDS)
# 5 bits with 3 lanes in 2 bytes, beats of several bytes, the number of a class, zero points
DRAWN = ("one_bit", "narrow", "three", "parallel", "classes", "affine", "fixed")


def narrow() -> QGraph:
    """Fifteen bits a beat, which leave one of two bytes; nine bytes become sixteen."""
    chain = Chain("narrow", "fixed", (3, 3, 3), 31, bits=5).conv(3, (2, 2))
    return chain.flatten().dense(4, relu=False).graph


def three() -> QGraph:
    """Three bytes a beat at both ends, which become four."""
    return Chain("three", "fixed", (2, 3, 3), 32).conv(3, (1, 1), relu=False).graph


def made(name: str, where: Path, **options: Any) -> QGraph:
    """A design with its overlay in ``where``."""
    make, interval = DESIGNS[name]
    graph = make()
    generate(graph, where, design=dataclasses.replace(plan(graph, interval), **options))
    write_vivado(where, board=BOARD)
    return graph


DESIGNS = {**NETWORKS, "narrow": (narrow, 9), "three": (three, 6)}


def driver(where: Path) -> ModuleType:
    """The driver in ``where`` as a module of its own."""
    (path,) = where.rglob("*_pynq.py")
    spec = importlib.util.spec_from_file_location("driver", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def beat_bytes(stream: Stream) -> int:
    return next(size for size in (1, 2, 4, 8, 16, 32, 64, 128) if 8 * size >= stream.tdata_bits)


def elements(content: bytes, stream: Stream) -> np.ndarray:
    """The codes of a frame, lane by lane, out of its beats as whole numbers."""
    size, codes = beat_bytes(stream), []
    assert len(content) == size * stream.beats
    for start in range(0, len(content), size):
        beat = int.from_bytes(content[start : start + size], "little")
        assert beat >> stream.payload_bits == 0
        for lane in range(stream.lanes):
            code = (beat >> (lane * stream.bits)) % (1 << stream.bits)
            codes.append(code - (1 << stream.bits) if code > stream.maximum else code)
    return np.array(codes).reshape(stream.shape)


def in_bytes(codes: np.ndarray, stream: Stream) -> bytes:
    """Beats of a frame, the other way round."""
    found = b""
    for lanes in codes.reshape(-1, stream.lanes).tolist():
        beat = sum((code % (1 << stream.bits)) << (lane * stream.bits) for lane, code in enumerate(lanes))
        found += beat.to_bytes(beat_bytes(stream), "little")
    return found


def by_model(graph: QGraph, manifest: Manifest) -> Logic:
    """A logic that is the integer model."""

    def logic(content: bytes) -> bytes:
        codes = elements(content, manifest.input)[np.newaxis]
        return in_bytes(run_outputs(graph, {graph.inputs[0].name: codes})[0][0], manifest.output)

    return logic


class Icarus:
    """A logic that is the Verilog of the overlay in ``where``, with a simulation for each frame and for each
    read of a register, in which all accesses to registers before it are made anew.
    """

    def __init__(self, where: Path, work: Path) -> None:
        self.manifest, self.work = Manifest.read(where), work
        self.source = where / "vivado/overlay/src"
        # without any, the inputs of a bus would be open
        self.accesses = [] if self.manifest.control == "none" else [0]
        self.writes = 0
        for memory in self.source.glob("*.mem"):
            (work / memory.name).write_bytes(memory.read_bytes())

    def _run(self, beats: list[str]) -> str:
        """What the bench prints."""
        entry, leave = beat_bytes(self.manifest.input), beat_bytes(self.manifest.output)
        macros = {"TOP": f"{self.manifest.top}_overlay", "IN_BITS": 8 * entry, "OUT_BITS": 8 * leave}
        macros["IN_BEATS"] = len(beats)
        if self.accesses:
            macros["ACCESSES"] = len(self.accesses)
        (self.work / "accesses.mem").write_text("".join(f"{access:012x}\n" for access in self.accesses))
        (self.work / "input.mem").write_text("\n".join(beats) + "\n")
        words = [f"-D{name}={value}" for name, value in macros.items()]
        sources = [*sorted(self.source.glob("*.v")), HERE / "overlay_bench.v"]
        command = ["iverilog", "-g2005", *words, "-s", "overlay_bench", "-o", "bench.vvp", *sources]
        subprocess.run(command, cwd=self.work, check=True)
        ran = subprocess.run(
            ["vvp", "-n", "bench.vvp"], cwd=self.work, capture_output=True, text=True, check=True
        )
        assert "last" in ran.stdout and "refused" not in ran.stdout, ran.stdout
        return ran.stdout

    def __call__(self, content: bytes) -> bytes:
        entry = beat_bytes(self.manifest.input)
        beats = [content[start : start + entry][::-1].hex() for start in range(0, len(content), entry)]
        found = re.findall(r"^beat (\w+)$", self._run(beats), re.MULTILINE)
        frame = b"".join(bytes.fromhex(beat)[::-1] for beat in found)
        # zeros above the codes
        assert in_bytes(elements(frame, self.manifest.output), self.manifest.output) == frame
        return frame

    def write(self, address: int, value: int) -> None:
        assert 0 <= value < 1 << 32
        self.accesses.append(1 << 44 | address << 32 | value)
        self.writes += 1

    def read(self, address: int) -> int:
        self.accesses.append(address << 32)
        return int(re.findall(r"^read (\w+)$", self._run([]), re.MULTILINE)[-1], 16)


def codes_of(graph: QGraph, count: int) -> np.ndarray:
    return draw_all(graph, count)[graph.inputs[0].name]


@pytest.mark.parametrize("name", DRAWN)
def test_the_driver_gives_what_the_model_gives(name: str, tmp_path: Path, monkeypatch) -> None:
    graph = made(name, tmp_path)
    manifest, module = Manifest.read(tmp_path), driver(tmp_path)
    pynq = Pynq(by_model(graph, manifest))
    monkeypatch.setitem(sys.modules, "pynq", pynq)
    network = module.Network()
    assert pynq.bitfile == str(tmp_path.resolve() / f"vivado/overlay/{manifest.top}.bit")
    codes = codes_of(graph, 7)
    (expected,) = run_outputs(graph, {graph.inputs[0].name: codes})
    for count in (1, 2, 7):
        found = network.run(codes[:count])
        assert found.shape == (count, *manifest.output.shape)
        assert np.array_equal(found, expected[:count])
    reals = graph.inputs[0].format.dequantize(codes)
    numbers = expected if name == "classes" else graph[graph.outputs[0]].format.dequantize(expected)
    assert np.array_equal(network.predict(reals), numbers)
    assert pynq.downloads == 1


@pytest.mark.parametrize("name", ["narrow", "three", "parallel", "classes"])
def test_the_driver_against_the_verilog(name: str, tmp_path: Path, monkeypatch) -> None:
    """The overlay's module in Icarus, under a core of either reset."""
    graph = made(name, tmp_path / "design", reset="active-low" if name == "classes" else "active-high")
    (tmp_path / "work").mkdir()
    logic = Icarus(tmp_path / "design", tmp_path / "work")
    monkeypatch.setitem(sys.modules, "pynq", Pynq(logic))
    codes = codes_of(graph, 3)
    (expected,) = run_outputs(graph, {graph.inputs[0].name: codes})
    assert np.array_equal(driver(tmp_path / "design").Network().run(codes), expected)


def loadable() -> tuple[QGraph, int]:
    """A network whose weights can be loaded, and an interval for it."""
    make, interval = NETWORKS["affine"]
    return make(), interval


@pytest.mark.parametrize("double_buffer", [False, True], ids=["one set", "two sets"])
def test_weights_are_loaded(double_buffer: bool, tmp_path: Path, monkeypatch) -> None:
    """The overlay of a core with registers, in Icarus, computes with what was loaded last; a file that is not
    for it is refused before anything is written.
    """
    (graph, interval), where = loadable(), tmp_path / "design"
    goal = Goal(interval=interval, control="axi-lite", loadable=("all",), double_buffer=double_buffer)
    generate(graph, where, design=design_for(graph, goal))
    write_vivado(where, board=BOARD)
    write_loads(graph, Manifest.read(where), tmp_path / "loads", ("drawn", "flipped"))
    (tmp_path / "work").mkdir()
    logic = Icarus(where, tmp_path / "work")
    monkeypatch.setitem(sys.modules, "pynq", Pynq(logic, logic))
    module, codes = driver(where), codes_of(graph, 2)
    network = module.Network()
    other = {path.stem: storage.load(path) for path in (tmp_path / "loads").glob("*.npz")}
    expected = {name: run_outputs(one, {graph.inputs[0].name: codes})[0] for name, one in other.items()}
    assert len({values.tobytes() for values in expected.values()}) == 2
    assert np.array_equal(network.run(codes), run_outputs(graph, {graph.inputs[0].name: codes})[0])
    for name in ("0_drawn", "1_flipped"):
        network.load(tmp_path / f"loads/{name}.bin")
        assert np.array_equal(network.run(codes), expected[name]), name

    writes, whole = logic.writes, (tmp_path / "loads/0_drawn.bin").read_bytes()
    for bad, message in (
        (whole[:-4], "damaged"),
        (whole[:-5], "damaged"),
        (whole[:40] + bytes([whole[40] ^ 1]) + whole[41:], "damaged"),
        (b"", "expected a file of `kerilog weights`"),
        (bytes(len(whole)), "expected a file of `kerilog weights`"),
        (resealed(whole[:4] + bytes([whole[4] ^ 1]) + whole[5:-4]), "for another design"),
    ):
        (tmp_path / "bad.bin").write_bytes(bad)
        with pytest.raises(ValueError, match=message):
            network.load(tmp_path / "bad.bin")
    assert logic.writes == writes


def resealed(text: bytes) -> bytes:
    """A file with the right checksum."""
    return text + zlib.crc32(text).to_bytes(4, "little")


def test_an_interrupted_load_is_made_anew(tmp_path: Path, monkeypatch) -> None:
    """What was half written is gone with the download; the weights before it come back."""
    (graph, interval), where = loadable(), tmp_path / "design"
    goal = Goal(interval=interval, control="axi-lite", loadable=("all",))
    generate(graph, where, design=design_for(graph, goal))
    write_vivado(where, board=BOARD)
    manifest = Manifest.read(where)
    write_loads(graph, manifest, tmp_path / "loads", ("drawn", "flipped"))
    assert manifest.loadable
    core = Registers(by_model(graph, manifest), int(manifest.loadable.layout, 16))
    pynq = Pynq(core, core)
    monkeypatch.setitem(sys.modules, "pynq", pynq)
    network = driver(where).Network()
    network.load(tmp_path / "loads/0_drawn.bin")
    first = list(core.words)
    core.left = 5
    with pytest.raises(KeyboardInterrupt):
        network.load(tmp_path / "loads/1_flipped.bin")
    core.words.clear()
    network.run(codes_of(graph, 1))
    assert (core.words, pynq.downloads) == (first, 2)


class Registers:
    """Those of a load, as far as a driver needs them; it is interrupted when ``left`` words have come."""

    def __init__(self, logic: Logic, layout: int) -> None:
        self.logic, self.layout = logic, layout
        self.words: list[int] = []
        self.left, self.holds = 1 << 30, False

    def __call__(self, content: bytes) -> bytes:
        assert not self.holds
        return self.logic(content)

    def write(self, address: int, value: int) -> None:
        if address == 0x34:
            self.holds = bool(value & 2)
        else:
            assert address == 0x30 and self.holds
            self.left -= 1
            if not self.left:
                self.left = 1 << 30
                raise KeyboardInterrupt
            self.words.append(value)

    def read(self, address: int) -> int:
        return {0x34: 4, 0x38: self.layout, 0x3C: self.words[-1] if self.words else 0}[address]


@pytest.mark.parametrize("control", ["none", "axi-lite"])
def test_the_overlay_passes_lint(control: str, tmp_path: Path) -> None:
    made("narrow", tmp_path, control=control)
    folder = tmp_path / "vivado/overlay"
    sources = sorted(path.relative_to(folder) for path in (folder / "src").glob("*.v"))
    words = ["-Wall", "-Wno-UNUSED", "-Wno-PINCONNECTEMPTY", "--top-module", "narrow_overlay"]
    command = ["verilator", "--lint-only", *words, *sources]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")


def driver_for(design_folder: Path, rule: Scaling | None, where: Path) -> ModuleType:
    """The driver of a design whose build left ``rule`` for its samples."""
    found = design.read(design_folder)
    rules = msgspec.UNSET if rule is None else {found.manifest.input.name: rule}
    changed = dataclasses.replace(found, manifest=msgspec.structs.replace(found.manifest, scaling=rules))
    name, content = next(
        item for item in overlay.files(changed, design_folder, BOARD, 100.0).items() if "_pynq" in item[0]
    )
    where.mkdir()
    (where / name).write_bytes(content)
    return driver(where)


PIXELS = Scaling(dtype="uint8", minimum=0.0, maximum=255.0, factor=1 / 255)
RULES = {
    "pixels": PIXELS,
    "as they are": Scaling(dtype="uint8", minimum=0.0, maximum=255.0, why="the model scales it"),
    "given": Scaling(dtype="int16", minimum=-3.0, maximum=900.0, factor=0.3, given=True),
    "floats": Scaling(dtype="float32", minimum=-1.0, maximum=1.0),
    "none": None,
}


@pytest.mark.parametrize("name", ["affine", "fixed", "narrow", "one_bit"])
def test_the_driver_quantizes_as_kerilog(name: str, tmp_path: Path) -> None:
    """Every element of samples of every type, ties and what saturates among them; or both refuse."""
    make, interval = DESIGNS[name]
    graph = make()
    generate(graph, tmp_path / "design", interval)
    source = graph.inputs[0]
    samples = samples_for(source.format, (40, *source.shape))
    for place, (told, rule) in enumerate(RULES.items()):
        quantize = driver_for(tmp_path / "design", rule, tmp_path / str(place)).quantize
        rules = {} if rule is None else {source.name: rule}
        taken = 0
        for array in samples:
            try:
                expected = frames.codes_of(graph, {source.name: array}, "raw", rules)[source.name]
            except KerilogError:
                with pytest.raises(ValueError, match="is scaled is not known"):
                    quantize(array)
                continue
            taken += 1
            assert np.array_equal(quantize(array), expected), (told, array.dtype)
        assert taken >= 6, told


def samples_for(format: Format, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Floats on ties, beside them and far beyond, and integers."""
    rng = np.random.default_rng(5)
    step = float(format.scales)
    ties = rng.integers(-300, 300, shape) * step / 2
    near = np.nextafter(ties, rng.choice([-1e9, 1e9], shape))
    whole = rng.integers(0, 256, shape)
    floats = [ties, near, near.astype(np.float32), ties * 1e6, rng.normal(0, 60 * step, shape)]
    floats += [rng.uniform(0, 1, shape).astype(np.float16)]
    return [*floats, whole, whole.astype(np.uint8), -whole.astype(np.int16), whole > 9]


def test_what_the_driver_refuses(tmp_path: Path, monkeypatch) -> None:
    graph = made("fixed", tmp_path)
    module = driver(tmp_path)
    monkeypatch.setitem(sys.modules, "pynq", Pynq(by_model(graph, Manifest.read(tmp_path))))
    network = module.Network()
    good = np.zeros((2, *graph.inputs[0].shape))
    for bad, message in (
        (good[:, 1:], r"expected shape \(count, 5, 6, 3\), found"),
        (good[0], "expected shape"),
        (good[:0], "expected shape"),
        (np.zeros(()), "expected shape"),
        (good * np.nan, "not finite"),
        (good + np.inf, "not finite"),
        (good.astype(np.uint8), "how uint8 is scaled is not known"),
        (good.astype(object), "expected floats"),
    ):
        with pytest.raises(ValueError, match=message):
            network.predict(bad)
    for bad in (good, good.astype(int) + 128, good.astype(int) - 129):
        with pytest.raises(ValueError, match="expected integer codes from -128 to 127"):
            network.run(bad)


def test_what_was_interrupted_is_cleared(tmp_path: Path, monkeypatch) -> None:
    graph = made("fixed", tmp_path)
    logic, broken = by_model(graph, Manifest.read(tmp_path)), [True]

    def interrupted(content: bytes) -> bytes:
        if broken and broken.pop():
            raise KeyboardInterrupt
        return logic(content)

    pynq = Pynq(interrupted)
    monkeypatch.setitem(sys.modules, "pynq", pynq)
    network, codes = driver(tmp_path).Network(), codes_of(graph, 3)
    with pytest.raises(KeyboardInterrupt):
        network.run(codes)
    (expected,) = run_outputs(graph, {graph.inputs[0].name: codes})
    assert np.array_equal(network.run(codes), expected)
    assert pynq.downloads == 2


def test_the_vectors_on_the_board(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    graph = made("affine", tmp_path)
    manifest, module = Manifest.read(tmp_path), driver(tmp_path)
    logic = by_model(graph, manifest)
    monkeypatch.setitem(sys.modules, "pynq", Pynq(logic))
    assert module.main() == 0

    def broken(content: bytes) -> bytes:
        first, *rest = logic(content)
        return bytes([first ^ 1, *rest])

    monkeypatch.setitem(sys.modules, "pynq", Pynq(broken))
    assert module.main() == 1
    assert capsys.readouterr().out == "8 frames, 0 of 24 codes are wrong\n8 frames, 8 of 24 codes are wrong\n"


def test_the_driver_needs_numpy_and_pynq_alone(tmp_path: Path) -> None:
    made("fixed", tmp_path)
    (path,) = (tmp_path / "vivado/overlay").glob("*_pynq.py")
    tree = ast.walk(ast.parse(path.read_text()))
    names = [alias.name for node in tree if isinstance(node, ast.Import) for alias in node.names]
    assert sorted(names) == ["numpy", "pynq", "sys"]


def tcl(folder: Path, slack: str = "0.2") -> subprocess.CompletedProcess[str]:
    command = ["tclsh", str(HERE / "vivado_stub.tcl"), "overlay.tcl"]
    environment = {**os.environ, "STUB_SLACK": slack}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


@EVERY
def test_the_tcl_makes_a_bitstream(board: str, tmp_path: Path) -> None:
    generate(narrow(), tmp_path, 9)
    assert kerilog("vivado", tmp_path, "--board", board, "--clock", 80).status == 0
    folder = tmp_path / "vivado/overlay"
    done = tcl(folder)
    assert done.returncode == 0, done.stderr
    ran = done.stdout.splitlines()
    part = overlay.BOARDS[board].part
    assert f"create_project -force project project -part {part}" in ran
    assert f"-part {part} " in (tmp_path / "vivado/run.tcl").read_text()
    clock = "PCW_FPGA0_PERIPHERAL_FREQMHZ 80" if "020" in part else "PL0_REF_CTRL__FREQMHZ 80"
    assert any(clock in line for line in ran)
    assert any("c_m_axis_mm2s_tdata_width 16 CONFIG.c_m_axi_s2mm_data_width 32" in line for line in ran)
    assert ran[-1] == "kerilog: narrow.bit and narrow.hwh, worst slack 0.2 ns at 80 MHz"
    assert {"narrow.bit", "narrow.hwh"} <= {path.name for path in folder.iterdir()}


@EVERY
def test_the_bus_of_a_control_block_is_connected(board: str, tmp_path: Path) -> None:
    generate(narrow(), tmp_path, design=dataclasses.replace(plan(narrow(), 9), control="axi-lite"))
    write_vivado(tmp_path, board=board)
    script = tmp_path / "vivado/overlay/overlay.tcl"
    done = tcl(script.parent)
    assert done.returncode == 0, done.stderr
    script.write_text(script.read_text().replace("bus control/M01_AXI core/s_axi\n", ""))
    assert "core/s_axi is open" in tcl(script.parent).stderr


def test_no_bitstream_where_the_clock_is_not_met(tmp_path: Path) -> None:
    made("narrow", tmp_path)
    done = tcl(tmp_path / "vivado/overlay", "-0.1")
    assert done.returncode == 1
    assert "100 MHz are not met, worst slack -0.1 ns; choose a slower --clock" in done.stderr
    assert not list((tmp_path / "vivado/overlay").glob("*.bit"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("wire ps/FCLK_RESET0_N reset/ext_reset_in\n", "", "validate_bd_design: ps/FCLK_RESET0_N is open"),
        (" dma/m_axi_s2mm_aclk", "", "validate_bd_design: dma/m_axi_s2mm_aclk is open"),
        ("dma/M_AXIS_MM2S core/s_axis", "dma/M_AXIS_MM2S core/s_axes", "core has no s_axes"),
        ("dma/M_AXI_S2MM memory/S01_AXI", "dma/M_AXI_S2MM memory/S00_AXI", "memory/S00_AXI is connected"),
        ("-reference narrow_overlay", "-reference net_wide", "no source of module net_wide"),
        ("[ip axi_dma dma]", "[ip axi_dna dma]", "get_ipdefs: no IP for"),
        ("CONFIG.c_include_sg", "CONFIG.c_include_gs", "set_property: dma has no CONFIG.c_include_gs"),
        ("assign_bd_address\n", "", "validate_bd_design: comes before assign_bd_address"),
    ],
)
def test_the_stub_catches_a_wrong_block_design(old: str, new: str, message: str, tmp_path: Path) -> None:
    made("narrow", tmp_path)
    script = tmp_path / "vivado/overlay/overlay.tcl"
    assert script.read_text().count(old) == 1
    script.write_text(script.read_text().replace(old, new))
    done = tcl(script.parent)
    assert done.returncode == 1
    assert message in done.stderr


def test_output_is_reproducible(tmp_path: Path) -> None:
    made("fixed", tmp_path / "one")
    made("fixed", tmp_path / "other")
    found = contents(tmp_path / "one/vivado")
    assert found == contents(tmp_path / "other/vivado")
    write_vivado(tmp_path / "one", board=BOARD)
    assert contents(tmp_path / "one/vivado") == found
    write_vivado(tmp_path / "one")
    assert not (tmp_path / "one/vivado/overlay").exists()


def test_boards_that_cannot_be(tmp_path: Path) -> None:
    generate(narrow(), tmp_path, 9)
    before = contents(tmp_path)
    for options, message in (
        (
            ("--board", "pynq-z3"),
            "unknown board 'pynq-z3', the nearest is pynq-z2; known are pynq-z2, ",
        ),
        (("--board", "kv260", "--part", "xc7z020"), "--part and --board exclude each other"),
    ):
        found = kerilog("vivado", tmp_path, *options)
        assert (found.status, found.output) == (2, "")
        assert message in found.error
    assert contents(tmp_path) == before


def test_designs_that_cannot_be(tmp_path: Path) -> None:
    generate(two_images(), tmp_path / "two", 40)
    with pytest.raises(KerilogError, match="one input and one output, found 2 and 1"):
        write_vivado(tmp_path / "two", board=BOARD)
    assert not (tmp_path / "two/vivado").exists()


def test_beats_and_frames_that_are_too_large(tiny_design) -> None:
    wide = tiny_design(lanes=129)
    with pytest.raises(KerilogError, match=r"a beat of s_axis has 1,032 bits, a DMA takes 1,024; build"):
        write_vivado(wide.directory, board=BOARD)
    assert not (wide.directory / "vivado").exists()
    entry = wide.manifest.input
    fields = {"shape": (1 << 20, 65), "frame_beats": 65 << 20}
    huge = msgspec.structs.replace(entry, **fields, lanes=1, payload_bits=8, tdata_bits=8)
    manifest = msgspec.structs.replace(wide.manifest, inputs=(huge,), only_input=huge)
    with pytest.raises(KerilogError, match=r"a frame of s_axis has 68,157,440 bytes, a DMA takes 67,108,863"):
        overlay._check(manifest, BOARD)
