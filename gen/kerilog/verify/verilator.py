# SPDX-License-Identifier: Apache-2.0
"""Simulate a design with Verilator, built as a shared library and driven from NumPy: whole data sets."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import os
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerilog import axi_lite
from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.manifest import Manifest
from kerilog.progress import Progress, silent
from kerilog.verify import cache, design, result, tools
from kerilog.verify.design import Snapshot
from kerilog.verify.look import NOTHING, Look, Tap

_CHUNK_CYCLES = 200_000  # between two calls of the progress, some 50 ms
LIBRARY = "libkrl.so"
_DRIVER, _PROBE_FILE, _PROBE = "driver.cpp", "probe.v", "krl_probe"
# A module that a design has many times is compiled once, which takes no more time to simulate.
_FAST = ("-O3", "--x-assign", "fast", "--x-initial", "unique", "--inline-mult", "1")
# One process may load the libraries of several designs: none may see the symbols of another.
_CFLAGS = "-fPIC -fno-gnu-unique -std=gnu++17"
_STATE = ("cycle", "idle", "frame_error", "tuser", "output")
_OF_INPUTS, _OF_OUTPUTS = ("beats_in", "in_ready"), ("beats_out", "out_valid")
_HOOKS = " ".join(f"-DVL_USER_{hook}" for hook in ("FINISH", "STOP", "FATAL", "WARN"))


@functools.cache
def _structures(inputs: int, outputs: int) -> tuple[type[ctypes.Structure], type[ctypes.Structure]]:
    """``struct State`` and ``struct Job`` of the driver of so many ports; a job's arrays must outlive it."""
    words = ctypes.c_uint64 * inputs, ctypes.c_uint64 * outputs
    pointers = ctypes.c_void_p * inputs, ctypes.c_void_p * outputs

    class State(ctypes.Structure):
        _fields_ = (
            *((name, ctypes.c_uint64) for name in _STATE),
            *((name, words[0]) for name in _OF_INPUTS),
            *((name, words[1]) for name in _OF_OUTPUTS),
        )

    class Job(ctypes.Structure):
        _fields_ = (
            ("input", pointers[0]),
            ("output", pointers[1]),
            ("first_in", pointers[0]),
            ("first_out", pointers[1]),
            ("last_out", pointers[1]),
            *((name, ctypes.c_uint64) for name in ("frames", "watchdog", "drain", "seed")),
            *((name, ctypes.c_uint32) for name in ("source_threshold", "sink_threshold")),
            ("trace", ctypes.c_char_p),
            *((name, ctypes.c_uint64) for name in ("trace_first", "trace_stop")),
        )

    return State, Job


_RUNNING, _DONE, _HUNG, _COMPLAINT, _LAST, _UNSTABLE, _EXTRA = range(7)


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
    The compiled library stays in the user's cache (``cache``); nothing is written to ``directory``.

    Raises KerilogError when Verilator is missing or refuses the design, for codes that do not fit the input,
    and when the design hangs, breaks the stream protocol, stops the simulation or lacks a memory file.
    """
    found = design.read(directory)
    checked = result.check_inputs(codes, found.manifest)
    place = build(found, progress, look)
    limit = result.watchdog_cycles(found.manifest, stalls) if watchdog is None else watchdog
    run = Run(found.manifest, checked, stalls, limit, look)
    return run.execute(run.load(place / LIBRARY), place, progress)


def build(found: Snapshot, progress: Progress = silent, look: Look = NOTHING, quick: bool = False) -> Path:
    """Compile the design ``found`` and its driver; returns a folder with the library and the memories.

    It comes out of the user's cache if the same was compiled before. ``quick``: compiled in a third of the
    time, for few frames, which take longer.
    """
    tools.find_tool("verilator")
    texts = {_DRIVER: _driver(found.manifest, look)}
    if look.taps:
        texts[_PROBE_FILE] = _probe(found.manifest, look.taps)
    arguments = _arguments(found.manifest, look, quick)

    def make(place: Path) -> None:
        progress("compiling with Verilator", None)
        _compile(found, arguments, texts, place)

    return cache.entry(_key(found, arguments, texts), make)


def _driver(manifest: Manifest, look: Look) -> str:
    return tools.render(
        "bench/verilator_driver.cpp.j2",
        top=manifest.top,
        reset_port=manifest.reset_port,
        **_ports(manifest),
        taps=[tap.words for tap in look.taps],
        trace="" if look.trace is None else "fst" if look.trace.is_fst else "vcd",
    )


def _ports(manifest: Manifest) -> dict[str, Any]:
    """What templates must know of the ports."""
    return {
        "inputs": [result.port_of(stream) for stream in manifest.inputs],
        "outputs": [result.port_of(stream) for stream in manifest.outputs],
        "bus_ports": axi_lite.ports(manifest.control),
    }


def _probe(manifest: Manifest, taps: tuple[Tap, ...]) -> str:
    """The text of a module around the top module that brings the streams ``taps`` out."""
    placed, low = [], 0
    for tap in taps:
        placed.append({"name": tap.name, "low": low, "padded": 32 * tap.words})
        low += 32 * tap.words
    return tools.render(
        "bench/probe.v.j2",
        probe=_PROBE,
        top=manifest.top,
        reset_port=manifest.reset_port,
        **_ports(manifest),
        taps=placed,
        tap_width=low,
    )


def _arguments(manifest: Manifest, look: Look, quick: bool = False) -> tuple[str, ...]:
    """The command, to be run in a folder with the design and, in ``.work``, the driver."""
    language = ["--language", "1364-2005", "--no-timing"]
    options = ["--cc", "--exe", "--build", *language, *_FAST, "-j", "2", "-Wno-fatal"]
    flags = [
        "-CFLAGS",
        f"{'-O0' if quick else '-O2'} {_CFLAGS} {_HOOKS}",
        "-LDFLAGS",
        "-shared -Wl,-Bsymbolic",
    ]
    if look.trace is not None:
        options.append("--trace-fst" if look.trace.is_fst else "--trace")
    top, probe = (_PROBE, [f".work/{_PROBE_FILE}"]) if look.taps else (manifest.top, [])
    names = ["--top-module", top, "--prefix", f"V{manifest.top}"]
    place = ["--Mdir", ".work", "-o", LIBRARY, _DRIVER]
    return ("verilator", *options, *flags, *names, *place, *manifest.sources, *probe)


def _key(found: Snapshot, arguments: tuple[str, ...], texts: Mapping[str, str]) -> str:
    """A name for all that the library depends on: what is compiled, by what, how and for which machine."""
    facts = (_versions(), platform.platform(), platform.machine(), *arguments, *texts.values())
    digest = hashlib.sha256("\0".join(facts).encode())
    found.update(digest)
    return f"verilator_{digest.hexdigest()[:32]}"


@functools.cache
def _versions() -> str:
    """Of Verilator and of the compiler that it calls."""
    places = tools.find_tool("verilator"), tools.find_tool("g++")
    return "\n".join(tools.run_tool([place, "--version"], cwd=Path.cwd()) for place in places)


def _compile(found: Snapshot, arguments: tuple[str, ...], texts: Mapping[str, str], place: Path) -> None:
    """Compile in a folder of its own, with relative paths: make knows no blanks. Then fill ``place``."""
    with tools.work_folder() as root:
        work = root / ".work"
        work.mkdir()
        found.write(root)
        for name, text in texts.items():
            (work / name).write_text(text, encoding="ascii")
        tools.run_tool(arguments, cwd=root)
        shutil.move(work / LIBRARY, place / LIBRARY)
    found.write(place, found.manifest.memories)


class Run:
    """One simulation: the arrays that it reads and fills, and the loop with its progress."""

    def __init__(
        self,
        manifest: Manifest,
        codes: Sequence[IntArray],
        stalls: result.Stalls,
        watchdog: int,
        look: Look,
    ) -> None:
        frames = len(codes[0])
        self.look = look
        trace = look.trace
        self.manifest = manifest
        inputs, outputs = manifest.inputs, manifest.outputs
        self.inputs = [result.pack(array, stream) for array, stream in zip(codes, inputs, strict=True)]
        self.outputs = [
            np.zeros((frames * stream.beats, result.words(stream)), np.uint32) for stream in outputs
        ]
        self.first_in = np.full((len(inputs), frames), -1, np.int64)
        self.first_out, self.last_out = np.full((2, len(outputs), frames), -1, np.int64)
        self.state, job = _structures(len(inputs), len(outputs))
        arrays = self.inputs, self.outputs, self.first_in, self.first_out, self.last_out
        self.job = job(
            *(tuple(array.ctypes.data for array in of_ports) for of_ports in arrays),
            frames,
            watchdog,
            result.DRAIN_CYCLES,
            stalls.seed,
            _threshold(stalls.source),
            _threshold(stalls.sink),
            None if trace is None else os.fsencode(trace.path.absolute()),
            0 if trace is None else trace.first,
            0 if trace is None else trace.stop,
        )

    def load(self, path: Path) -> ctypes.CDLL:
        """The compiled design and driver."""
        library = ctypes.CDLL(str(path))
        library.krl_create.restype = ctypes.c_void_p
        library.krl_create.argtypes = (ctypes.POINTER(type(self.job)),)
        library.krl_run.restype = ctypes.c_int
        library.krl_run.argtypes = (ctypes.c_void_p, ctypes.c_uint64)
        library.krl_state.restype = ctypes.POINTER(self.state)
        library.krl_state.argtypes = (ctypes.c_void_p,)
        library.krl_message.restype = ctypes.c_char_p
        library.krl_destroy.argtypes = (ctypes.c_void_p,)
        library.krl_tap.restype = ctypes.POINTER(ctypes.c_uint32)
        library.krl_tap.argtypes = (ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(ctypes.c_uint64))
        return library

    def execute(
        self, library: ctypes.CDLL, place: Path, progress: Progress = silent
    ) -> result.SimulationResult:
        start = time.perf_counter()
        # The memories are read in the first evaluation, by their path in the design: from their copy.
        with contextlib.chdir(place):
            simulation = library.krl_create(ctypes.byref(self.job))
        try:
            status = _RUNNING
            state = library.krl_state(simulation).contents
            while status == _RUNNING:
                progress("simulating with Verilator", state.beats_out[-1] / self.outputs[-1].shape[0])
                status = library.krl_run(simulation, _CHUNK_CYCLES)
            values: dict[str, Any] = {name: int(getattr(state, name)) for name in _STATE}
            values |= {name: list(getattr(state, name)) for name in (*_OF_INPUTS, *_OF_OUTPUTS)}
            message = library.krl_message().decode(errors="replace")
            self.fetch(library, simulation)
        finally:
            library.krl_destroy(simulation)
        if status != _DONE:
            raise KerilogError(self.failure(status, values, message))
        return self.outcome(values, time.perf_counter() - start)

    def fetch(self, library: ctypes.CDLL, simulation: int) -> None:
        """Copy what the taps have seen."""
        for number, tap in enumerate(self.look.taps):
            count = ctypes.c_uint64()
            found = library.krl_tap(simulation, number, ctypes.byref(count))
            words = np.ctypeslib.as_array(found, (count.value,)).copy() if count.value else np.empty(0, "<u4")
            self.look.beats[tap.name] = words.reshape(-1, tap.words)

    def failure(self, status: int, state: dict[str, Any], message: str) -> str:
        if status == _HUNG:
            return result.hang_message(self.manifest, state)
        top, stream = self.manifest.top, self.manifest.outputs[state["output"]]
        port, place = stream.port, result.place_of(stream, state["beats_out"][state["output"]])
        changed = f"{port}_tvalid, tdata, tlast or tuser changed"
        return {
            _COMPLAINT: f"{top}: the simulation stopped at cycle {state['cycle']}: {message}",
            _LAST: f"{top}: {port}_tlast is wrong on {place}",
            _UNSTABLE: f"{top}: {changed} before {port}_tready came, on {place}",
            _EXTRA: f"{top}: a beat came out after the last frame",
        }[status]

    def outcome(self, state: dict[str, Any], seconds: float) -> result.SimulationResult:
        return result.SimulationResult(
            tuple(map(result.unpack, self.outputs, self.manifest.outputs)),
            self.first_in.min(axis=0),
            self.first_out.min(axis=0),
            self.last_out.max(axis=0),
            frame_error=bool(state["frame_error"]),
            cycles=state["cycle"],
            seconds=seconds,
            tuser=bool(state["tuser"]),
        )


def _threshold(probability: float) -> int:
    """A probability as the bound that a uniform 32-bit number must stay under."""
    return round(probability * 2**32)
