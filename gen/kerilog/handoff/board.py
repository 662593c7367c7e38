# SPDX-License-Identifier: Apache-2.0
"""The hand-off to a board: a top module around a core, its pins, a bitstream, and a script for the host.

Frames come by a serial line and results go back the same way. The folder holds its own copy of the sources
and memories, so that it can be moved or sent without the rest.
"""

from __future__ import annotations

import dataclasses
import importlib.resources
import io
import json
import math
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kerilog import axi_lite, outputs
from kerilog.area.devices import Device
from kerilog.errors import ArgumentError, KerilogError, unknown
from kerilog.formats import IntArray
from kerilog.handoff import synth, vectors
from kerilog.handoff.boards import BOARDS, Board
from kerilog.manifest import Manifest, Stream
from kerilog.progress import Progress, silent
from kerilog.verify import design, tools
from kerilog.verify.design import Snapshot

FOLDER = "board"
TOP = "krl_board_top"
RATES = (1_000_000, 500_000, 250_000, 115_200, 57_600, 38_400, 19_200, 9_600)
"""Bits a second that are tried; each board's clock makes them to 1 %."""
IDLE_SECONDS = 0.05
"""Silence on the line that ends a frame; a USB adapter may pause some 16 ms between two bytes."""
_LEAST_CLOCKS = 4  # of a bit
_MOST_ERROR = 0.02  # of a rate; both ends together may be 5 % apart in the middle of a stop bit
_HEAD_AND_SUM = 4  # bytes of a request beside its elements
_ROUTED, _NETLIST, _REPORT = ".routed", ".netlist.json", "report.json"


@dataclasses.dataclass(frozen=True)
class BoardFolder:
    """What was written for a board.

    ``bitstream`` is None, and ``missing`` says what to install, where a tool for it was not found. ``used``
    and ``available``: resources by name. ``fmax_mhz`` stands beside ``clock_mhz``, which the board has.
    """

    board: str
    folder: Path
    bitstream: Path | None
    missing: str | None
    baud: int
    clock_mhz: float
    fmax_mhz: float | None
    used: Mapping[str, int]
    available: Mapping[str, int]


def write_board(
    name: str,
    directory: str | Path,
    baud: int | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> BoardFolder:
    """Write ``directory/board/<name>`` for the design in ``directory``, with a bitstream where tools allow.

    ``baud``: bits a second of the serial line, by default the fastest of ``RATES`` at which a frame takes
    twice the design's frame interval. ``force``: replace files that were changed since.

    Raises KerilogError for an unknown board, a design that has not one input and one output, that the board
    does not hold or cannot clock, a rate that cannot be, and for what ``design.read`` refuses. Nothing is
    then written.
    """
    board = _board(name)
    directory = Path(directory)
    found = design.read(directory)
    _check_ports(found.manifest, board)
    rate = _rate(found.manifest, board, baud)
    writer = outputs.Writer(f"board{board.name}", (f"board{board.name}",))
    place = f"{FOLDER}/{board.name}"
    outputs.check(directory, writer, force)
    missing = _missing(board)
    with tools.work_folder() as work:
        names = _sources(found, board, rate, work)
        texts = _guide(found, directory, board, rate, names)
        made = None if missing else _build(found.manifest, board, names, work, progress)
        kept = [*names, *found.manifest.memories, _pins_name(board), *((board.bitstream,) if made else ())]
        contents = {name: (work / name).read_bytes() for name in kept} | texts
    if made:
        contents[_REPORT] = made.to_json()
    with outputs.folder(directory, writer, force) as root:
        for relative, content in contents.items():
            path = root / place / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    folder = directory.resolve() / place
    return BoardFolder(
        board=board.name,
        folder=folder,
        bitstream=folder / board.bitstream if made else None,
        missing=missing,
        baud=rate,
        clock_mhz=board.clock_hz / 1e6,
        fmax_mhz=made.fmax_mhz if made else None,
        used=made.used if made else {},
        available=made.available if made else {},
    )


def _board(name: str) -> Board:
    if name in BOARDS:
        return BOARDS[name]
    raise unknown("board", name, BOARDS)


def _check_ports(manifest: Manifest, board: Board) -> None:
    if len(manifest.inputs) != 1 or len(manifest.outputs) != 1:
        raise KerilogError(
            f"{manifest.top}: {board.name} takes designs of one input and one output, found "
            f"{len(manifest.inputs)} and {len(manifest.outputs)}"
        )


def _rate(manifest: Manifest, board: Board, baud: int | None) -> int:
    """The bits a second of the line. A core that takes longer for a frame than the line would lose bytes."""
    bits = 10 * (_HEAD_AND_SUM + _line_bytes(manifest.inputs[0]))
    most = bits * board.clock_hz / max(1, manifest.frame_interval)
    fitting = [rate for rate in RATES if _is_possible(board, rate) and 2 * rate <= most]
    if baud is None:
        if not fitting:
            raise KerilogError(
                f"{manifest.top}: a frame takes {manifest.frame_interval:,} cycles of {board.clock_mhz} MHz, "
                f"too long for a line of {RATES[-1]:,} bits a second; build it with a shorter --interval"
            )
        return fitting[0]
    if not _is_possible(board, baud):
        raise ArgumentError(
            "{0} {baud} cannot be made from {clock} MHz; try one of {rates}",
            "baud",
            baud=baud,
            clock=board.clock_mhz,
            rates=", ".join(str(rate) for rate in RATES if _is_possible(board, rate)),
        )
    if baud < RATES[-1]:  # a byte would take as long as the silence that ends a frame
        raise ArgumentError("{0} must be at least {least}, found {baud}", "baud", least=RATES[-1], baud=baud)
    if baud > most:
        raise ArgumentError(
            "{0} {baud} brings frames faster than the core takes them, one every {interval} cycles; "
            "at the most {most}",
            "baud",
            baud=baud,
            interval=manifest.frame_interval,
            most=math.floor(most),
        )
    return baud


def _is_possible(board: Board, rate: int) -> bool:
    clocks = round(board.clock_hz / rate) if rate > 0 else 0
    return clocks >= _LEAST_CLOCKS and abs(board.clock_hz / clocks / rate - 1) <= _MOST_ERROR


def _line_bytes(stream: Stream) -> int:
    """Bytes of a frame on the line."""
    return stream.elements * _element_bytes(stream)


def _element_bytes(stream: Stream) -> int:
    return -(-stream.bits // 8)


def _missing(board: Board) -> str | None:
    """What to install before a bitstream can be made; None if all is there."""
    for program in ("yosys", board.placer.program, board.pack[0]):
        if tools.locate(program) is None:
            return f"'{program}' is not installed; install {tools.how_to_get(program)}"
    return None


def _sources(found: Snapshot, board: Board, rate: int, work: Path) -> list[str]:
    """Write all sources, memories and pins to ``work``; returns the paths of the Verilog, the top last."""
    names = []
    for name in synth.sources(found, board.target, work):
        names.append(_visible(name, work))
    for file in sorted(
        (importlib.resources.files("kerilog.hw") / "board").iterdir(), key=lambda file: file.name
    ):
        if file.name.endswith(".v"):
            (work / "rtl").mkdir(exist_ok=True)
            (work / "rtl" / file.name).write_text(file.read_text(encoding="ascii"), encoding="ascii")
            names.append(f"rtl/{file.name}")
    (work / f"{TOP}.v").write_text(_top(found, board, rate), encoding="ascii")
    synth.constrained(board.placer, board.pins, work, board.clock_mhz)
    return [*names, f"{TOP}.v"]


def _visible(name: str, work: Path) -> str:
    """A source of ours among those of the design, without a folder that begins with a dot."""
    if not name.startswith("."):
        return name
    place = f"rtl/{Path(name).name}"
    (work / "rtl").mkdir(exist_ok=True)
    (work / name).replace(work / place)
    return place


def _top(found: Snapshot, board: Board, rate: int) -> str:
    manifest = found.manifest
    (entry,), (leave,) = manifest.inputs, manifest.outputs
    return tools.render(
        "board/top.v.j2",
        board=board,
        top=manifest.top,
        baud=rate,
        bit_clocks=round(board.clock_hz / rate),
        idle_clocks=round(board.clock_hz * IDLE_SECONDS),
        input=entry,
        output=leave,
        input_bytes=_element_bytes(entry),
        output_bytes=_element_bytes(leave),
        input_pad=entry.tdata_bits - entry.payload_bits,
        output_pad=leave.tdata_bits - leave.payload_bits,
        reset_port=manifest.reset_port,
        bus_ports=axi_lite.ports(manifest.control),
        single=bool(synth.overrides(found, board.target)),
    )


def _pins_name(board: Board) -> str:
    return f"pins.{board.placer.constraints}"


def _guide(
    found: Snapshot, directory: Path, board: Board, rate: int, names: Sequence[str]
) -> dict[str, bytes]:
    """The scripts, and vectors of random codes with what the integer model makes of them."""
    manifest = found.manifest
    (entry,), (leave,) = manifest.inputs, manifest.outputs
    drawn = vectors.of_design(directory, manifest)
    (inputs,), (results,) = drawn.inputs, drawn.outputs
    script = tools.render(
        "board/host.py.j2",
        board=board,
        top=manifest.top,
        baud=rate,
        idle_seconds=IDLE_SECONDS,
        idle_ms=round(1000 * IDLE_SECONDS),
        seconds=_seconds(manifest, board),
        input=entry,
        output=leave,
        input_bytes=_element_bytes(entry),
        output_bytes=_element_bytes(leave),
    )
    build = tools.render("board/build.sh.j2", board=board, commands=_commands(board, names))
    archive = io.BytesIO()
    np.savez(archive, inputs=_small(inputs), outputs=_small(results))
    return {
        "host.py": script.encode("ascii"),
        "build.sh": build.encode("ascii"),
        "vectors.npz": archive.getvalue(),
    }


def _seconds(manifest: Manifest, board: Board) -> float:
    """What a host waits for an answer beside the time on the line: the latency, and a margin for USB."""
    return round(0.5 + 2 * manifest.latency / board.clock_hz, 2)


def _small(codes: IntArray) -> IntArray:
    return codes.astype(np.int32)


def _commands(board: Board, names: Sequence[str]) -> list[str]:
    """The lines of a shell that make the bitstream, in the folder of the sources."""
    files = {"routed": "routed", "bitstream": board.bitstream}
    yosys = ["yosys", "-q", "-p", _script(board, names, "netlist.json")]
    placer, options = board.placer, _placing(board, "netlist.json")
    routed = [word.format(**files) for word in board.routed]
    pack = [word.format(**files) for word in board.pack]
    return [
        shlex.join(line)
        for line in (yosys, [placer.program, *options, *routed, "--report", "timing.json"], pack)
    ]


def _script(board: Board, names: Sequence[str], netlist: str) -> str:
    family = board.family
    read = [f"read_verilog -lib -specify {family.library}"] if family.library else []
    read += [f"read_verilog -defer {' '.join(names)}", f"hierarchy -check -top {TOP}"]
    return "; ".join([*read, f"{family.passes} -top {TOP} -json {netlist}"])


def _placing(board: Board, netlist: str) -> list[str]:
    pins = [word.format(file=_pins_name(board)) for word in board.placer.given]
    goal = ["--freq", board.clock_mhz, "--timing-allow-fail", "--seed", "1", "--quiet"]
    return [*board.placer.arguments[board.device], *pins, *goal, "--json", netlist]


@dataclasses.dataclass(frozen=True)
class _Made:
    """What building found."""

    clock_mhz: float
    fmax_mhz: float
    used: Mapping[str, int]
    available: Mapping[str, int]

    def to_json(self) -> bytes:
        return (json.dumps(dataclasses.asdict(self), indent=2) + "\n").encode("ascii")


def _build(manifest: Manifest, board: Board, names: Sequence[str], work: Path, progress: Progress) -> _Made:
    """Make the bitstream in ``work``. Raises KerilogError if the board does not hold or clock the design."""
    progress(f"Yosys, {board.title}", None)
    statistics = ".stat.json"
    script = f"{_script(board, names, _NETLIST)}; tee -q -o {statistics} stat -json"
    tools.run_tool(["yosys", "-q", "-p", script], cwd=work)
    cells = synth.flat_cells(work / statistics, TOP)
    used = synth.counted(board.target, "yosys", cells).needs
    device = board.placer.devices[board.device]
    available = synth.held_by(device)
    _check_fit(manifest, board, device, used, available)
    progress(f"nextpnr, {board.title}", None)
    routed = [word.format(routed=_ROUTED) for word in board.routed]
    command = [board.placer.program, *_placing(board, _NETLIST), *routed, "--report", ".timing.json"]
    tools.run_tool(command, cwd=work)
    timing = json.loads((work / ".timing.json").read_text(encoding="utf-8"))
    fmax = round(min(clock["achieved"] for clock in timing["fmax"].values()), 1)
    if fmax < board.clock_hz / 1e6:
        raise KerilogError(
            f"{manifest.top}: {board.name} has a clock of {board.clock_mhz} MHz, on which the design reaches "
            f"{fmax} MHz; build it with a longer --interval or fewer --multipliers"
        )
    progress("bitstream", None)
    pack = [word.format(routed=_ROUTED, bitstream=board.bitstream) for word in board.pack]
    tools.run_tool(pack, cwd=work)
    return _Made(board.clock_hz / 1e6, fmax, used, available)


_ADVICE = {
    "LUT": "fewer --multipliers or a longer --interval",
    "FF": "fewer --multipliers or a longer --interval",
    "block RAM": "fewer --weight-bits",
    "DSP": "fewer --multipliers",
}


def _check_fit(
    manifest: Manifest, board: Board, device: Device, used: Mapping[str, int], available: Mapping[str, int]
) -> None:
    """Raises KerilogError that says by how much ``device`` is too small, and what takes less of that."""
    short = [kind for kind in used if used[kind] > available[kind]]
    if not short:
        return
    memory = f"block RAM of {board.family.block}"
    words = [
        f"{used[kind]:,} {memory if kind == 'block RAM' else kind} for {available[kind]:,}" for kind in short
    ]
    larger = [
        f"{name} ({other.part})"
        for name, other in BOARDS.items()
        if other.target == board.target and other.placer.devices[other.device].lut > device.lut
    ]
    what = ", or ".join(dict.fromkeys(_ADVICE[kind] for kind in short))
    instead = f"; larger is {', '.join(larger)}" if larger else ""
    raise KerilogError(
        f"{manifest.top}: {board.name} does not hold the design: it needs {', '.join(words)}; "
        f"build it with {what}{instead}"
    )
