# SPDX-License-Identifier: Apache-2.0
"""What goes into a simulation and what comes out of it, the same for every simulator."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.manifest import Manifest, Stream

Codes = npt.ArrayLike | Mapping[str, npt.ArrayLike]
"""Of the one input, or of each by the name of its layer."""
CycleArray = npt.NDArray[np.int64]
DRAIN_CYCLES = 256
"""Clock cycles that a simulation goes on after the last beat, to see a beat or a frame error too many."""


@dataclasses.dataclass(frozen=True)
class Stalls:
    """Random pauses: in a cycle the source (sink) is idle with probability ``source`` (``sink``)."""

    seed: int = 1
    source: float = 0.5
    sink: float = 0.5

    def __post_init__(self) -> None:
        for name in ("source", "sink"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise KerilogError(
                    f"stalls: '{name}' must be at least 0 and below 1, found {getattr(self, name)}"
                )

    @property
    def slowdown(self) -> float:
        """How many times longer a beat takes in the mean, at most."""
        return 1.0 / ((1.0 - self.source) * (1.0 - self.sink))


NO_STALLS = Stalls(source=0.0, sink=0.0)


@dataclasses.dataclass(frozen=True)
class SimulationResult:
    """Outputs and times of a simulation of N frames. A cycle is a rising clock edge after the reset, from 0.

    ``outputs``: (N, *output shape) int64 of each, in the order of the manifest. ``first_in``, ``first_out``,
    ``last_out``: (N,) int64, the cycle in which the first beat of a frame went in, its first beat came out,
    its last beat came out: of several ports the first, the first and the last one. ``frame_error``: whether
    the design ever raised it. ``cycles``: length of the whole simulation. ``seconds``: what the simulator
    took for it on the clock, without compiling. ``tuser``: whether a beat ever came out with m_axis_tuser.
    """

    outputs: tuple[IntArray, ...]
    first_in: CycleArray
    first_out: CycleArray
    last_out: CycleArray
    frame_error: bool
    cycles: int
    seconds: float
    tuser: bool = False

    @property
    def codes(self) -> IntArray:
        """The codes (N, *shape) of the one output. Raises KerilogError if there are several."""
        if len(self.outputs) != 1:
            raise KerilogError(f"simulate: expected one output, found {len(self.outputs)}")
        return self.outputs[0]

    @property
    def frames(self) -> int:
        """How many went through."""
        return len(self.last_out)

    @property
    def elements(self) -> int:
        """Elements of all outputs."""
        return sum(codes.size for codes in self.outputs)

    @property
    def cycles_per_second(self) -> float:
        """Clock cycles simulated in a second."""
        return self.cycles / self.seconds

    @property
    def first_latency(self) -> int:
        """Cycles from the first beat in to the first beat out of frame 0."""
        return int(self.first_out[0] - self.first_in[0])

    @property
    def latency(self) -> int:
        """Cycles from the first beat in to the last beat out of frame 0."""
        return int(self.last_out[0] - self.first_in[0])

    @property
    def interval(self) -> int | None:
        """Cycles between the ends of consecutive frames, the longest of the second half; None below 2 frames.

        The first half is left out because buffers that fill up let the first frames pass at another pace.
        """
        gaps = np.diff(self.last_out)
        return int(gaps[gaps.size // 2 :].max()) if gaps.size else None


def check_inputs(codes: Codes, manifest: Manifest) -> tuple[IntArray, ...]:
    """``codes`` of every input, in the order of ``manifest``: one array where there is one, else by name.

    Raises KerilogError as ``check_codes``, for an input that is missing, and for counts that differ.
    """
    streams = manifest.inputs
    given = codes if isinstance(codes, Mapping) else {streams[0].name: codes}
    missing = [stream.name for stream in streams if stream.name not in given]
    if missing:
        found = ", ".join(f"'{name}'" for name in given) if isinstance(codes, Mapping) else "one array"
        raise KerilogError(f"simulate: expected an array '{missing[0]}', found {found}")
    checked = tuple(check_codes(given[stream.name], stream) for stream in streams)
    counts = [len(array) for array in checked]
    if len(set(counts)) > 1:
        told = ", ".join(f"{count} of '{one.name}'" for count, one in zip(counts, streams, strict=True))
        raise KerilogError(f"simulate: expected as many frames for each input, found {told}")
    return checked


def check_codes(codes: npt.ArrayLike, stream: Stream) -> IntArray:
    """``codes`` as (frames, *shape) int64.

    Raises KerilogError for another shape or type, for no frame at all, and for a code out of range.
    """
    array = np.asarray(codes)
    if not np.issubdtype(array.dtype, np.integer):
        raise KerilogError(f"simulate: the input must be integer codes, found {array.dtype}")
    if array.shape[1:] != stream.shape or array.shape[0] == 0:
        expected = ", ".join(str(size) for size in stream.shape)
        raise KerilogError(f"simulate: the input must have shape (frames, {expected}), found {array.shape}")
    if array.min() < stream.minimum or array.max() > stream.maximum:
        raise KerilogError(
            f"simulate: input codes must lie in {stream.minimum}..{stream.maximum}, "
            f"found {array.min()}..{array.max()}"
        )
    return array.astype(np.int64, copy=False)


def watchdog_cycles(manifest: Manifest, stalls: Stalls) -> int:
    """How many cycles without a beat on either side are too many for a design that keeps its promises."""
    return int((1000 + 4 * manifest.frame_interval + 4 * manifest.latency) * stalls.slowdown)


def words(stream: Stream) -> int:
    """32-bit words that hold one beat."""
    return (stream.tdata_bits + 31) // 32


def port_of(stream: Stream) -> dict[str, str | int]:
    """What a bench must know of the port of ``stream``; ``words`` hold a beat."""
    return {
        "name": stream.port,
        "width": stream.tdata_bits,
        "beats": stream.beats,
        "words": words(stream),
    }


def pack(codes: IntArray, stream: Stream) -> npt.NDArray[np.uint32]:
    """Codes (frames, *shape) as beats (frames * beats, words) of uint32, low word and lane first."""
    kind = next(kind for kind in ("<u1", "<u2", "<u4") if np.dtype(kind).itemsize * 8 >= stream.bits)
    raw = codes.astype(kind).reshape(-1, 1).view(np.uint8)
    bits = np.unpackbits(raw, axis=1, count=stream.bits, bitorder="little").reshape(-1, stream.width)
    beats = np.zeros((bits.shape[0], words(stream) * 4), np.uint8)
    beats[:, : (stream.width + 7) // 8] = np.packbits(bits, axis=1, bitorder="little")
    return beats.view("<u4")


def unpack(beats: npt.NDArray[np.uint32], stream: Stream) -> IntArray:
    """The inverse of ``pack``: beats (frames * beats, words) of uint32 as int64 codes (frames, *shape)."""
    raw = np.ascontiguousarray(beats, "<u4").view(np.uint8)
    bits = np.unpackbits(raw, axis=1, count=stream.width, bitorder="little").reshape(-1, stream.bits)
    wide = np.zeros((bits.shape[0], 4), np.uint8)
    packed = np.packbits(bits, axis=1, bitorder="little")
    wide[:, : packed.shape[1]] = packed
    codes = wide.view("<u4").reshape(-1).astype(np.int64)
    if stream.signed:
        codes -= (codes > stream.maximum).astype(np.int64) << stream.bits
    return codes.reshape(-1, *stream.shape)


def place_of(stream: Stream, beats: int) -> str:
    """Which beat comes next at ``stream`` after so many ``beats``, in words."""
    return f"frame {beats // stream.beats} beat {beats % stream.beats}"


def hang_message(manifest: Manifest, state: Mapping[str, Any]) -> str:
    """One line that says where a simulation stopped moving.

    ``state``: ``cycle`` (of the hang), ``idle`` (cycles without a beat), and of every input and output
    ``beats_in`` and ``beats_out`` (so far), ``in_ready`` and ``out_valid`` (now).
    """

    def told(streams: Sequence[Stream], counts: Sequence[int], wires: Sequence[int], wire: str) -> str:
        return ", ".join(
            f"{place_of(stream, int(count))} ({stream.port}_{wire} {int(bool(now))})"
            for stream, count, now in zip(streams, counts, wires, strict=True)
        )

    into = told(manifest.inputs, state["beats_in"], state["in_ready"], "tready")
    out = told(manifest.outputs, state["beats_out"], state["out_valid"], "tvalid")
    return (
        f"{manifest.top}: the simulation hangs at cycle {state['cycle']}, after {state['idle']} without a "
        f"beat; next in is {into}, next out is {out}"
    )
