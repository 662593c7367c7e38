# SPDX-License-Identifier: Apache-2.0
"""Simulate a generated design with Icarus Verilog and a plain Verilog bench: a few frames, by a second tool.

Unlike Verilator it knows unknown bits: what is read before it was written, or is not connected, shows as x.
vvp exits with 0 on most errors, so that its text and the log of the bench decide.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kerilog import axi_lite
from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.manifest import Manifest, Stream
from kerilog.progress import Progress, silent
from kerilog.verify import design, result, tools
from kerilog.verify.look import NOTHING, Look, Tap

_FRAME = re.compile(r"krl: frame (\d+)")
_TROUBLE = re.compile(r"\bERROR\b|\bFATAL\b|WARNING:.*\$readmem|VCD Error")
_BAD_PORT = re.compile(r"warning: Port \d+ .*", re.IGNORECASE)
# in the folder of a run; a design has nothing that begins with a dot
_BENCH, _PROGRAM, _INPUT, _LOG = ".bench.v", ".bench.vvp", ".input", ".log.txt"
_TAPS, _TRACE = ".taps.txt", ".trace"
_DUMP = re.compile(r"(VCD|FST) info:")


def simulate(
    directory: str | Path,
    codes: result.Codes,
    progress: Progress = silent,
    stalls: result.Stalls = result.NO_STALLS,
    watchdog: int | None = None,
    look: Look = NOTHING,
) -> result.SimulationResult:
    """Stream integer ``codes`` (frames, *input shape), of several inputs by name, through ``directory``.

    ``watchdog``: clock cycles without a beat that count as a hang; by default what the manifest makes sure.

    Raises KerilogError when Icarus is missing or refuses the design, for codes that do not fit the input, and
    when the design hangs, breaks the stream protocol, gives unknown bits or lacks a memory file.
    """
    directory = Path(directory).resolve()
    found = design.read(directory)
    manifest = found.manifest
    checked = result.check_inputs(codes, manifest)
    limit = result.watchdog_cycles(manifest, stalls) if watchdog is None else watchdog
    tools.find_tool("vvp")
    with tools.work_folder() as work:
        found.write(work)
        _compile(manifest, work, _bench(manifest, work, checked, stalls, limit, look))
        start = time.perf_counter()
        try:
            _run(directory.name, work, len(checked[0]), progress, look)
        finally:
            _fetch(work, look)
        seconds = time.perf_counter() - start
        return _Log(manifest, seconds).read(work / _LOG)


def _bench(
    manifest: Manifest,
    work: Path,
    codes: Sequence[IntArray],
    stalls: result.Stalls,
    watchdog: int,
    look: Look,
) -> str:
    """Write the input beats to ``work``; returns the text of the bench."""
    entries = []
    for number, (stream, array) in enumerate(zip(manifest.inputs, codes, strict=True)):
        file = f"{_INPUT}.{number}.hex"
        (work / file).write_text(_hex(array, stream), encoding="ascii")
        entries.append({**result.port_of(stream), "file": file})
    return tools.render(
        "bench/icarus_bench.v.j2",
        top=manifest.top,
        reset_port=manifest.reset_port,
        bus_ports=axi_lite.ports(manifest.control),
        frames=len(codes[0]),
        inputs=entries,
        outputs=[result.port_of(stream) for stream in manifest.outputs],
        drain=result.DRAIN_CYCLES,
        watchdog=watchdog,
        source_idle=round(stalls.source * 65536),
        sink_idle=round(stalls.sink * 65536),
        seed=stalls.seed & 0x7FFFFFFF,
        output_file=_LOG,
        taps=[tap.name for tap in look.taps],
        taps_file=_TAPS,
        trace=look.trace,
        trace_file=_TRACE,
    )


def _hex(codes: IntArray, stream: Stream) -> str:
    """One line of hex digits a beat, the high digits first."""
    beats = result.pack(codes, stream)[:, ::-1].astype(">u4")
    text = np.ascontiguousarray(beats).tobytes().hex()
    digits, used = 8 * beats.shape[1], stream.tdata_bits // 4
    return "\n".join(text[end - used : end] for end in range(digits, len(text) + 1, digits)) + "\n"


def _compile(manifest: Manifest, work: Path, bench: str) -> None:
    (work / _BENCH).write_text(bench, encoding="ascii")
    options = ["-g2005", "-Wall", "-s", "krl_bench", "-o", _PROGRAM]
    log = tools.run_tool(["iverilog", *options, _BENCH, *manifest.sources], cwd=work)
    if port := _BAD_PORT.search(log):
        raise KerilogError(f"{manifest.top}: the ports do not fit the manifest: {port.group()}")


def _run(name: str, work: Path, frames: int, progress: Progress, look: Look) -> None:
    """Run the compiled bench of the design ``name`` and watch what it prints.

    Raises KerilogError at the first line of trouble.
    """
    progress("simulating with Icarus", 0.0)
    printed = []
    kind = ["-fst"] if look.trace is not None and look.trace.is_fst else []
    with tools.started([tools.find_tool("vvp"), "-n", _PROGRAM, *kind], work) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if frame := _FRAME.fullmatch(line.strip()):
                progress("simulating with Icarus", int(frame.group(1)) / frames)
            elif not _DUMP.match(line):
                printed.append(line.strip())
    trouble = [line for line in printed if _TROUBLE.search(line)]
    if process.returncode or trouble:
        message = (trouble or printed or ["no message"])[0]
        raise KerilogError(f"{name}: the simulation in Icarus failed: {message}")


def _fetch(work: Path, look: Look) -> None:
    """What the taps have seen, and the trace, also of a simulation that failed."""
    if look.taps:
        lines: list[list[str]] = [[] for _ in look.taps]
        text = (work / _TAPS).read_text(encoding="ascii") if (work / _TAPS).is_file() else ""
        for line in text.splitlines():
            number, _, digits = line.partition(" ")
            lines[int(number)].append(digits)
        for tap, beats in zip(look.taps, lines, strict=True):
            look.beats[tap.name] = _beats(tap, beats, look)
    if look.trace is not None and (work / _TRACE).is_file():
        shutil.move(work / _TRACE, look.trace.path)


def _beats(tap: Tap, lines: list[str], look: Look) -> npt.NDArray[np.uint32]:
    """Beats (count, words) of hex ``lines``; a beat with x or z is noted in ``look`` and taken as 0."""
    raw = bytearray()
    for number, digits in enumerate(lines):
        known = re.fullmatch("[0-9a-f]+", digits) is not None
        if not known:
            look.unknown.setdefault(tap.name, number)
        raw += (int(digits, 16) if known else 0).to_bytes(4 * tap.words, "little")
    return np.frombuffer(bytes(raw), "<u4").reshape(-1, tap.words)


class _Log:
    """Reads the log of the bench: ``in PORT CYCLE``, ``out PORT CYCLE TLAST HEX`` and one closing line."""

    def __init__(self, manifest: Manifest, seconds: float) -> None:
        self.manifest = manifest
        self.seconds = seconds
        self.entered: list[list[int]] = [[] for _ in manifest.inputs]
        self.left: list[list[list[str]]] = [[] for _ in manifest.outputs]

    def read(self, path: Path) -> result.SimulationResult:
        end: list[str] = []
        for line in path.read_text(encoding="ascii").splitlines() if path.is_file() else []:
            kind, *fields = line.split()
            if kind == "in":
                self.entered[int(fields[0])].append(int(fields[1]))
            elif kind == "out":
                self.left[int(fields[0])].append(fields[1:])
            else:
                end = [kind, *fields]
        self.check_end(end)
        return self.outcome(end)

    def check_end(self, end: list[str]) -> None:
        """Raise KerilogError unless the closing line says that every beat came, and no more."""
        top = self.manifest.top
        if not end:
            raise KerilogError(f"{top}: the simulation in Icarus ended before the last frame")
        if end[0] == "done":
            return
        counts, wires = end[6::2], [wire == "1" for wire in end[7::2]]
        inputs = len(self.manifest.inputs)
        state = {
            "cycle": int(end[1]),
            "idle": int(end[2]),
            "beats_in": [int(count) for count in counts[:inputs]],
            "beats_out": [int(count) for count in counts[inputs:]],
            "in_ready": wires[:inputs],
            "out_valid": wires[inputs:],
        }
        if end[0] == "hung":
            raise KerilogError(result.hang_message(self.manifest, state))
        stream = self.manifest.outputs[int(end[5])]
        place = result.place_of(stream, int(counts[inputs + int(end[5])]))
        told = _ENDS[end[0]].format(place=place, cycle=end[1], port=stream.port)
        raise KerilogError(f"{top}: {told}")

    def outcome(self, end: list[str]) -> result.SimulationResult:
        times = [
            np.array([int(beat[0]) for beat in beats], np.int64).reshape(-1, stream.beats)
            for beats, stream in zip(self.left, self.manifest.outputs, strict=True)
        ]
        codes = map(self.codes, self.manifest.outputs, self.left)
        return result.SimulationResult(
            tuple(codes),
            np.min([np.array(cycles, np.int64) for cycles in self.entered], axis=0),
            np.min([of_port[:, 0] for of_port in times], axis=0),
            np.max([of_port[:, -1] for of_port in times], axis=0),
            frame_error=end[3] != "0",
            cycles=int(end[1]),
            seconds=self.seconds,
            tuser=end[4] != "0",
        )

    def codes(self, stream: Stream, beats: list[list[str]]) -> IntArray:
        """Codes (frames, *shape) of all beats (cycle, tlast, hex); KerilogError for x, z, a wrong tlast."""
        size = 4 * result.words(stream)
        raw = bytearray()
        for index, (_, last, digits) in enumerate(beats):
            place = f"on {result.place_of(stream, index)}"
            if not re.fullmatch("[0-9a-f]+", digits):
                raise KerilogError(f"{self.manifest.top}: {stream.port}_tdata is unknown ({digits}) {place}")
            if last != str(int(index % stream.beats == stream.beats - 1)):
                raise KerilogError(f"{self.manifest.top}: {stream.port}_tlast is wrong ({last}) {place}")
            raw += int(digits, 16).to_bytes(size, "little")
        return result.unpack(np.frombuffer(bytes(raw), "<u4").reshape(-1, size // 4), stream)


_ENDS = {
    "unknown": "s_axis_tready, m_axis_tvalid or frame_error is unknown (x) at cycle {cycle}",
    "unstable": "{port}_tvalid, tdata, tlast or tuser changed before {port}_tready came, on {place}",
    "extra": "a beat came out after the last frame",
}
