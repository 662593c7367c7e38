# SPDX-License-Identifier: Apache-2.0
"""Simulate a generated design with Icarus Verilog and a plain Verilog bench: a few frames, by a second tool.

Unlike Verilator it knows unknown bits: what is read before it was written, or is not connected, shows as x.
vvp exits with 0 on most errors, so that its text and the log of the bench decide.
"""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

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
_BENCH, _PROGRAM, _INPUT, _LOG = ".bench.v", ".bench.vvp", ".input.hex", ".log.txt"
_TAPS, _TRACE = ".taps.txt", ".trace"
_DUMP = re.compile(r"(VCD|FST) info:")
_END_FIELDS = ("cycle", "idle", "beats_in", "beats_out", "frame_error")


def simulate(
    directory: str | Path,
    codes: npt.ArrayLike,
    progress: Progress = silent,
    stalls: result.Stalls = result.NO_STALLS,
    watchdog: int | None = None,
    look: Look = NOTHING,
) -> result.SimulationResult:
    """Stream ``codes`` (frames, *input shape), integers, through the design in ``directory``.

    ``watchdog``: clock cycles without a beat that count as a hang; by default what the manifest makes sure.

    Raises KerilogError when Icarus is missing or refuses the design, for codes that do not fit the input, and
    when the design hangs, breaks the stream protocol, gives unknown bits or lacks a memory file.
    """
    directory = Path(directory).resolve()
    found = design.read(directory)
    manifest = found.manifest
    checked = result.check_codes(codes, manifest.input)
    limit = result.watchdog_cycles(manifest, stalls) if watchdog is None else watchdog
    tools.find_tool("vvp")
    with tools.work_folder() as work:
        found.write(work)
        _compile(manifest, work, _bench(manifest, work, checked, stalls, limit, look))
        start = time.perf_counter()
        try:
            _run(directory.name, work, checked.shape[0], progress, look)
        finally:
            _fetch(work, look)
        seconds = time.perf_counter() - start
        return _Log(manifest, checked.shape[0], seconds).read(work / _LOG)


def _bench(
    manifest: Manifest, work: Path, codes: IntArray, stalls: result.Stalls, watchdog: int, look: Look
) -> str:
    """Write the input beats to ``work``; returns the text of the bench."""
    (work / _INPUT).write_text(_hex(codes, manifest.input), encoding="ascii")
    return tools.render(
        "bench/icarus_bench.v.j2",
        top=manifest.top,
        frames=codes.shape[0],
        input_beats=manifest.input.beats,
        output_beats=manifest.output.beats,
        input_width=manifest.input.width,
        output_width=manifest.output.width,
        drain=result.DRAIN_CYCLES,
        watchdog=watchdog,
        source_idle=round(stalls.source * 65536),
        sink_idle=round(stalls.sink * 65536),
        seed=stalls.seed & 0x7FFFFFFF,
        input_file=_INPUT,
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
    digits, used = 8 * beats.shape[1], (stream.width + 3) // 4
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
    """Reads the log of the bench: ``in CYCLE``, ``out CYCLE TLAST HEX`` and one closing line."""

    def __init__(self, manifest: Manifest, frames: int, seconds: float) -> None:
        self.manifest = manifest
        self.seconds = seconds
        self.total = frames * manifest.output.beats
        self.lines: dict[str, list[list[str]]] = {"in": [], "out": []}

    def read(self, path: Path) -> result.SimulationResult:
        end: list[str] = []
        for line in path.read_text(encoding="ascii").splitlines() if path.is_file() else []:
            kind, *fields = line.split()
            if kind in self.lines:
                self.lines[kind].append(fields)
            else:
                end = [kind, *fields]
        self.check_end(end)
        return self.outcome(cycles=int(end[1]), frame_error=end[5] != "0")

    def check_end(self, end: list[str]) -> None:
        """Raise KerilogError unless the closing line says that every beat came, and no more."""
        if not end:
            raise KerilogError(f"{self.manifest.top}: the simulation in Icarus ended before the last frame")
        if end[0] == "done":
            return
        state = dict(zip(_END_FIELDS, map(int, end[1:6]), strict=True))
        if end[0] == "hung":
            ports = {"in_ready": end[6] == "1", "out_valid": end[7] == "1"}
            raise KerilogError(result.hang_message(self.manifest, state | ports))
        beats = self.manifest.output.beats
        place = f"frame {state['beats_out'] // beats} beat {state['beats_out'] % beats}"
        raise KerilogError(f"{self.manifest.top}: {_ENDS[end[0]].format(place=place, cycle=state['cycle'])}")

    def outcome(self, cycles: int, frame_error: bool) -> result.SimulationResult:
        times = np.array([int(fields[0]) for fields in self.lines["out"]], np.int64)
        times = times.reshape(-1, self.manifest.output.beats)
        first_in = np.array([int(fields[0]) for fields in self.lines["in"]], np.int64)
        codes = self.codes([fields[1:] for fields in self.lines["out"]])
        first_out, last_out = times[:, 0], times[:, -1]
        return result.SimulationResult(
            codes, first_in, first_out, last_out, frame_error, cycles, self.seconds
        )

    def codes(self, beats: list[list[str]]) -> IntArray:
        """Codes (frames, *shape) of all beats (tlast, hex); KerilogError for x, z and a wrong tlast."""
        count = self.manifest.output.beats
        size = 4 * result.words(self.manifest.output)
        raw = bytearray()
        for index, (last, digits) in enumerate(beats):
            place = f"frame {index // count} beat {index % count}"
            if not re.fullmatch("[0-9a-f]+", digits):
                raise KerilogError(f"{self.manifest.top}: m_axis_tdata is unknown ({digits}) on {place}")
            if last != str(int(index % count == count - 1)):
                raise KerilogError(f"{self.manifest.top}: m_axis_tlast is wrong ({last}) on {place}")
            raw += int(digits, 16).to_bytes(size, "little")
        return result.unpack(np.frombuffer(bytes(raw), "<u4").reshape(-1, size // 4), self.manifest.output)


_ENDS = {
    "unknown": "s_axis_tready, m_axis_tvalid or frame_error is unknown (x) at cycle {cycle}",
    "unstable": "m_axis_tvalid or m_axis_tdata changed before m_axis_tready came, on {place}",
    "extra": "a beat came out after the last frame",
}
