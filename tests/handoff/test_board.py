# SPDX-License-Identifier: Apache-2.0
"""``kerilog board``: what is written for a board, what is refused, what the host's script makes of bytes."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import msgspec
import numpy as np
import pytest

from kerilog.errors import KerilogError
from kerilog.handoff import board
from kerilog.handoff.boards import BOARDS
from kerilog.manifest import Manifest
from kerilog.verify import tools
from support.command import contents, kerilog
from support.designs import generate
from support.golden import NETWORKS
from support.networks import Chain
from support.two_ports import two_images

EVERY = pytest.mark.parametrize("name", BOARDS)


@pytest.fixture
def unmade(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a tool were missing: no bitstream is made."""
    monkeypatch.setattr(board, "_missing", lambda _: "'a tool' is not installed; install it")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with a small design of 8 bits."""
    chain = Chain("small", "fixed", (2, 3, 2), 30).conv(2, (2, 2)).flatten()
    generate(chain.dense(3, relu=False).graph, tmp_path / "small")
    return tmp_path / "small"


def host_of(folder: Path) -> ModuleType:
    """The host's script as a module."""
    spec = importlib.util.spec_from_file_location("host", folder / "host.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lint(folder: Path) -> str:
    found = subprocess.run(
        ["verilator", "--lint-only", "-Wall", "-y", "rtl", "krl_board_top.v"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stderr


@EVERY
def test_what_is_written(name: str, small: Path, unmade) -> None:
    found = board.write_board(name, small)
    assert found.folder == small.resolve() / "board" / name
    assert (found.bitstream, found.missing) == (None, "'a tool' is not installed; install it")
    pins = f"pins.{BOARDS[name].placer.constraints}"
    files = {path.name for path in found.folder.iterdir() if path.is_file()}
    assert files == {"krl_board_top.v", "build.sh", "host.py", "vectors.npz", pins}
    ports = set(
        re.findall(r"^ +(?:input|output) +wire +(?:\[3:0\] )?(\w+)", top_of(found.folder), re.MULTILINE)
    )
    constrained = {re.sub(r"\[\d\]", "", pin.port) for pin in BOARDS[name].pins}
    assert ports == constrained
    assert all(pin.port in (found.folder / pins).read_text() for pin in BOARDS[name].pins)
    assert len({pin.site for pin in BOARDS[name].pins}) == len(BOARDS[name].pins)
    subprocess.run(["sh", "-n", str(found.folder / "build.sh")], check=True)
    before = contents(found.folder)
    board.write_board(name, small)
    assert contents(found.folder) == before


def top_of(folder: Path) -> str:
    text = (folder / "krl_board_top.v").read_text()
    return text[: text.index("// ---- reset")]


@pytest.mark.skipif(shutil.which("verilator") is None, reason="Verilator is not installed")
@pytest.mark.parametrize("network", ["fixed", "parallel", "one_bit", "affine"])
def test_the_top_is_clean(network: str, tmp_path: Path, unmade) -> None:
    make, interval = NETWORKS[network]
    generate(make(), tmp_path / "design", interval)
    for name in ("tangnano9k", "icebreaker"):
        assert lint(board.write_board(name, tmp_path / "design").folder) == ""


@EVERY
def test_the_host_reads_what_it_wrote(name: str, small: Path, unmade) -> None:
    host = host_of(board.write_board(name, small).folder)
    with np.load(small / "board" / name / "vectors.npz") as vectors:
        inputs, outputs = vectors["inputs"], vectors["outputs"]
    sent = host.request(7, inputs[0])
    assert sent[0] == 0xA5 and sent[1] == 7 and len(sent) == 4 + inputs[0].size
    content = bytes([7]) + outputs[0].astype(np.int8).tobytes() + b"\0"
    good = b"\x5a" + content + host.checksum(content)
    assert len(good) == host.answer_size()
    assert np.array_equal(host.answer(good, 7), outputs[0])
    assert host.answer(good, 8) is None
    assert host.answer(good[:-1], 7) is None
    for place in range(len(good)):
        assert host.answer(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :], 7) is None
    with pytest.raises(ValueError, match="expected codes"):
        host.request(0, inputs[0] + 1000)


class _Port:
    """A board that answers with what ``results`` says, and breaks the first answer of each frame."""

    def __init__(self, host: ModuleType, results: np.ndarray) -> None:
        self.host, self.results, self.left, self.asked = host, results, b"", 0

    def write(self, content: bytes) -> None:
        self.asked += 1
        number = content[1]
        body = bytes([number]) + self.results[number].astype(np.int8).tobytes() + b"\0"
        self.left = b"\x5a" + body + self.host.checksum(body)
        if self.asked % 2:
            self.left = self.left[:-2]

    def read(self, count: int) -> bytes:
        found, self.left = self.left[:count], self.left[count:]
        return found

    def reset_input_buffer(self) -> None:
        self.left = b""


def test_the_host_asks_again_and_counts(
    small: Path, unmade, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = host_of(board.write_board("ulx3s", small).folder)
    monkeypatch.setattr(host.time, "sleep", lambda _: None)
    with np.load(small / "board/ulx3s/vectors.npz") as vectors:
        inputs, outputs = vectors["inputs"], vectors["outputs"].copy()
    port = _Port(host, outputs.copy())
    assert host.compare(port, inputs, outputs) == 0
    assert port.asked == 2 * len(inputs)
    outputs[1].flat[0] += 1
    assert host.compare(_Port(host, port.results), inputs, outputs) == 1
    assert "frame 1: expected" in capsys.readouterr().out


def test_unknown_boards(small: Path) -> None:
    before = contents(small)
    found = kerilog("board", "ulx4s", small)
    assert (found.status, found.output) == (2, "")
    assert found.error == (
        "kerilog: error: unknown board 'ulx4s', the nearest is ulx3s; "
        "known are ulx3s, tangnano9k, tangnano20k, icebreaker\n"
    )
    assert kerilog("board", "../x", small).status == 2
    assert contents(small) == before


def test_several_ports_are_refused(tmp_path: Path) -> None:
    generate(two_images(), tmp_path / "two")
    with pytest.raises(KerilogError, match="ulx3s takes designs of one input and one output, found 2 and"):
        board.write_board("ulx3s", tmp_path / "two")
    assert not (tmp_path / "two/board").exists()


def test_rates(small: Path, unmade) -> None:
    assert board.write_board("ulx3s", small).baud == 1_000_000
    assert board.write_board("ulx3s", small, baud=115_200).baud == 115_200
    assert ".BIT_CLOCKS(BIT_CLOCKS)" in (small / "board/ulx3s/krl_board_top.v").read_text()
    assert "BIT_CLOCKS = 217" in (small / "board/ulx3s/krl_board_top.v").read_text()
    assert "BAUD = 115200" in (small / "board/ulx3s/host.py").read_text()
    for baud in (0, -1, 9_999_999):
        with pytest.raises(
            KerilogError, match=r"^baud -?\d+ cannot be made from 25 MHz; try one of 1000000, "
        ):
            board.write_board("ulx3s", small, baud=baud)
    with pytest.raises(KerilogError, match=r"^baud must be at least 9600, found 999$"):
        board.write_board("ulx3s", small, baud=999)
    found = kerilog("board", "icebreaker", small, "--baud", "5000000")
    assert found.status == 2 and "--baud 5000000 cannot be made from 12 MHz" in found.error


def test_slow_designs_get_a_slow_line(small: Path) -> None:
    manifest = Manifest.read(small)
    for interval, rate in ((1, 1_000_000), (8_000, 250_000), (200_000, 9_600)):
        assert board._rate(_with_interval(manifest, interval), BOARDS["ulx3s"], None) == rate
    with pytest.raises(KerilogError, match="too long for a line of 9,600 bits a second"):
        board._rate(_with_interval(manifest, 10**6), BOARDS["ulx3s"], None)
    with pytest.raises(
        KerilogError, match="faster than the core takes them, one every 8000 cycles; at the most"
    ):
        board._rate(_with_interval(manifest, 8_000), BOARDS["ulx3s"], 1_000_000)


def _with_interval(manifest: Manifest, interval: int) -> Manifest:
    return msgspec.structs.replace(manifest, frame_interval=interval)


def test_a_board_that_is_too_small(small: Path) -> None:
    manifest, icebreaker, nano = Manifest.read(small), BOARDS["icebreaker"], BOARDS["tangnano9k"]
    device = icebreaker.placer.devices["up5k"]
    available = {"LUT": device.lut, "FF": device.ff, "block RAM": device.bram18, "DSP": device.dsp}
    fits = {"LUT": 5280, "FF": 5280, "block RAM": 30, "DSP": 8}
    board._check_fit(manifest, icebreaker, device, fits, available)
    with pytest.raises(
        KerilogError,
        match=r"^net_small: icebreaker does not hold the design: it needs 5,281 LUT for 5,280, "
        r"32 block RAM of 4 Kbit for 30; build it with fewer --multipliers or a longer --interval, "
        r"or fewer --weight-bits$",
    ):
        board._check_fit(manifest, icebreaker, device, fits | {"LUT": 5281, "block RAM": 32}, available)
    with pytest.raises(KerilogError, match=r"larger is tangnano20k \(GW2AR-LV18QN88C8/I7\)$"):
        board._check_fit(manifest, nano, nano.placer.devices["9k"], fits | {"block RAM": 99}, available)


def test_missing_tools(small: Path, without_tools, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin/python"))
    found = kerilog("--json", "board", "icebreaker", small)
    assert found.status == 3
    assert found.error == (
        "kerilog: no bitstream: 'yosys' is not installed; install the Debian package 'yosys' "
        "(apt-get install yosys)\n"
    )
    told = json.loads(found.output)
    assert (told["bitstream"], told["fmax_mhz"]) == (None, None)
    assert (small / "board/icebreaker/krl_board_top.v").is_file()


def test_changed_files_stay(small: Path, unmade) -> None:
    place = board.write_board("ulx3s", small).folder / "host.py"
    place.write_text("mine")
    with pytest.raises(KerilogError, match="was changed since Kerilog wrote it"):
        board.write_board("ulx3s", small)
    assert place.read_text() == "mine"
    board.write_board("ulx3s", small, force=True)
    assert place.read_text() != "mine"


def test_boards_stand_side_by_side(small: Path, unmade) -> None:
    for name in BOARDS:
        board.write_board(name, small)
    assert {path.name for path in (small / "board").iterdir()} == set(BOARDS)


def test_a_clock_that_is_not_reached(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written; nextpnr itself does not run."""
    run: Callable[..., str] = tools.run_tool

    def pretended(command: list[str], cwd: Path) -> str:
        if command[0] == "yosys":
            return run(command, cwd)
        timing = {"fmax": {"clk": {"achieved": 24.9}}}
        (cwd / ".timing.json").write_text(json.dumps(timing))
        return ""

    monkeypatch.setattr(board, "_missing", lambda _: None)
    monkeypatch.setattr(tools, "run_tool", pretended)
    with pytest.raises(
        KerilogError, match=r"ulx3s has a clock of 25 MHz, on which the design reaches 24\.9 MHz"
    ):
        board.write_board("ulx3s", small)
    assert not (small / "board").exists()


@pytest.mark.full
@EVERY
def test_the_bitstream(name: str, small: Path) -> None:
    missing = board._missing(BOARDS[name])
    if missing:
        pytest.skip(missing)
    found = board.write_board(name, small)
    assert found.bitstream is not None
    assert found.bitstream.stat().st_size > 10_000
    assert found.fmax_mhz is not None and found.fmax_mhz > found.clock_mhz
    report = json.loads((found.folder / "report.json").read_text())
    assert report["used"] == found.used
    assert report["used"]["LUT"] > 100


def test_the_script_is_python(small: Path, unmade) -> None:
    ast.parse((board.write_board("ulx3s", small).folder / "host.py").read_text())
