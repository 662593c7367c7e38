# SPDX-License-Identifier: Apache-2.0
"""Several designs in one Verilator build: a module of our own instantiates them, one driver feeds them all.

Modules and memories of a design begin with its name, and library modules are the same in all, so designs of
different names stand side by side; each has its own ports, and Verilator's work and the compiler's start-up
are paid for once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.manifest import Manifest, Stream
from kerilog.verify import NO_STALLS, Stalls, design, result, verilator
from kerilog.verify.design import Snapshot
from kerilog.verify.result import CycleArray

TOP = "fuzz_batch"


@dataclasses.dataclass(frozen=True)
class Seen:
    """What one design gave: codes by output, and the cycles of every frame."""

    outputs: tuple[IntArray, ...]
    first_in: CycleArray
    first_out: CycleArray
    last_out: CycleArray


class Batch:
    """The compiled designs of ``folders``, whose names differ."""

    def __init__(self, folders: Sequence[Path]) -> None:
        found = [design.read(folder) for folder in folders]
        self.manifests = [one.manifest for one in found]
        self.whole = _together(self.manifests)
        files: dict[str, bytes] = {}
        for one in found:
            for name, content in one.files.items():
                if files.setdefault(name, content) != content:
                    raise KerilogError(f"{name}: differs between two designs of one batch")
        files[self.whole.sources[-1]] = _top(self.whole, self.manifests).encode("ascii")
        self.place = verilator.build(Snapshot(self.whole, files), quick=True)

    def run(self, codes: Sequence[Sequence[IntArray]], stalls: Stalls = NO_STALLS) -> list[Seen]:
        """Stream ``codes``, of every input of every design, the same number of frames each.

        Raises KerilogError where one of them hangs, breaks the protocol or marks a frame that is good.
        """
        flat = [array for of_design in codes for array in of_design]
        limit = result.watchdog_cycles(self.whole, stalls)
        run = verilator.Run(self.whole, flat, stalls, limit, verilator.NOTHING)
        found = run.execute(run.load(self.place / verilator.LIBRARY), self.place)
        if found.frame_error or found.tuser:
            raise KerilogError(f"{TOP}: frame_error or m_axis_tuser was high, though every frame was good")
        outputs, entered, left = (
            iter(found.outputs),
            iter(run.first_in),
            iter(zip(run.first_out, run.last_out, strict=True)),
        )
        seen = []
        for manifest in self.manifests:
            first_in = np.min([next(entered) for _ in manifest.inputs], axis=0)
            times = [next(left) for _ in manifest.outputs]
            seen.append(
                Seen(
                    tuple(next(outputs) for _ in manifest.outputs),
                    first_in,
                    np.min([first for first, _ in times], axis=0),
                    np.max([last for _, last in times], axis=0),
                )
            )
        return seen


def _named(streams: Sequence[Stream], number: int) -> tuple[Stream, ...]:
    """``streams`` of the design ``number``, with names and ports that no other design has."""
    return tuple(
        msgspec.structs.replace(stream, name=f"{number} {stream.name}", port=_port(stream, number))
        for stream in streams
    )


def _port(stream: Stream, number: int) -> str:
    side = stream.port[: len("s_axis")]
    return f"{side}_{number}{stream.port[len(side) :]}"


def _together(manifests: Sequence[Manifest]) -> Manifest:
    """One manifest for all designs, as the driver reads it."""
    sources = [name for manifest in manifests for name in manifest.sources]
    ports = {
        side: tuple(
            stream
            for number, manifest in enumerate(manifests)
            for stream in _named(getattr(manifest, side), number)
        )
        for side in ("inputs", "outputs")
    }
    return msgspec.structs.replace(
        manifests[0],
        name=TOP,
        top=TOP,
        sources=(*dict.fromkeys(sources), f"rtl/{TOP}.v"),
        memories=tuple(name for manifest in manifests for name in manifest.memories),
        frame_interval=max(manifest.frame_interval for manifest in manifests),
        latency=max(manifest.latency for manifest in manifests),
        control="none",  # what stands beside a core is left alone
        only_input=msgspec.UNSET,
        only_output=msgspec.UNSET,
        **ports,
    )


def _top(whole: Manifest, manifests: Sequence[Manifest]) -> str:
    """The text of the module around the designs."""
    ports = ["input wire clk", "input wire rst", "output wire frame_error"]
    for stream in whole.inputs:
        wide, port = f"[{stream.tdata_bits}-1:0]", stream.port
        ports += [f"input wire {wide} {port}_tdata", f"input wire {port}_tvalid, {port}_tlast"]
        ports += [f"output wire {port}_tready"]
    for stream in whole.outputs:
        wide, port = f"[{stream.tdata_bits}-1:0]", stream.port
        ports += [
            f"output wire {wide} {port}_tdata",
            f"output wire {port}_tvalid, {port}_tlast, {port}_tuser",
        ]
        ports += [f"input wire {port}_tready"]
    lines = ["`default_nettype none", f"module {TOP} (", "  " + ",\n  ".join(ports), ");"]
    lines += [f"  wire [{len(manifests)}-1:0] errors;", "  assign frame_error = |errors;"]
    for number, manifest in enumerate(manifests):
        wires = [".clk(clk)", ".rst(rst)", f".frame_error(errors[{number}])"]
        for stream in (*manifest.inputs, *manifest.outputs):
            signals = ["tdata", "tvalid", "tready", "tlast"]
            signals += ["tuser"] if stream.port.startswith("m_axis") else []
            wires += [f".{stream.port}_{signal}({_port(stream, number)}_{signal})" for signal in signals]
        lines += [f"  {manifest.top} design_{number} (", "    " + ",\n    ".join(wires), "  );"]
    return "\n".join([*lines, "endmodule", "`default_nettype wire", ""])
