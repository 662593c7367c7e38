# SPDX-License-Identifier: Apache-2.0
"""The hand-off to PYNQ: a block design of processor, DMA and core, its bitstream, a driver in Python."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
from msgspec import UNSET

from kerilog import axi_lite
from kerilog.errors import KerilogError, unknown
from kerilog.handoff import ip, vectors
from kerilog.manifest import Manifest, Stream
from kerilog.verify import tools
from kerilog.verify.design import Snapshot

FOLDER = "overlay"
_WIDEST = 1024  # bits of a beat of an AXI DMA
_LONGEST = (1 << 26) - 1  # bytes of its transfer


@dataclasses.dataclass(frozen=True)
class PynqBoard:
    """A board that runs PYNQ, with the FPGA ``part``.

    ``is_zynq``: Zynq-7000, else Zynq UltraScale+. ``address_bits``: of its memory. The rest are pins of its
    processor: clock and reset of the fabric, the bus that controls a DMA and the one to memory, their clocks.
    """

    title: str
    part: str
    is_zynq: bool
    address_bits: int
    clock: str
    reset: str
    control: str
    control_clock: str
    memory: str
    memory_clock: str


def _zynq(title: str, part: str) -> PynqBoard:
    return PynqBoard(
        title=title,
        part=part,
        is_zynq=True,
        address_bits=32,
        clock="FCLK_CLK0",
        reset="FCLK_RESET0_N",
        control="M_AXI_GP0",
        control_clock="M_AXI_GP0_ACLK",
        memory="S_AXI_HP0",
        memory_clock="S_AXI_HP0_ACLK",
    )


def _ultrascale(title: str, part: str) -> PynqBoard:
    return PynqBoard(
        title=title,
        part=part,
        is_zynq=False,
        address_bits=40,
        clock="pl_clk0",
        reset="pl_resetn0",
        control="M_AXI_HPM0_FPD",
        control_clock="maxihpm0_fpd_aclk",
        memory="S_AXI_HP0_FPD",
        memory_clock="saxihp0_fpd_aclk",
    )


BOARDS = {
    "pynq-z2": _zynq("PYNQ-Z2", "xc7z020clg400-1"),
    "arty-z7-20": _zynq("Arty Z7-20", "xc7z020clg400-1"),
    "kv260": _ultrascale("Kria KV260", "xck26-sfvc784-2LV-c"),
    "zcu104": _ultrascale("ZCU104", "xczu7ev-ffvc1156-2-e"),
}


def board_of(name: str) -> PynqBoard:
    """The board ``name``. Raises KerilogError where there is none."""
    if name in BOARDS:
        return BOARDS[name]
    raise unknown("board", name, BOARDS)


def files(found: Snapshot, directory: Path, name: str, clock_mhz: float) -> dict[str, bytes]:
    """What is in the files of the overlay for the board ``name``, by their paths.

    Raises KerilogError for a design that has not one input and one output, and for beats or frames that a DMA
    does not take.
    """
    manifest, board = found.manifest, board_of(name)
    _check(manifest, name)
    (entry,), (leave,) = manifest.inputs, manifest.outputs
    around = f"{manifest.top}_overlay"
    values = {
        "name": around,
        "top": manifest.top,
        "board": board,
        "clock_mhz": f"{clock_mhz:g}",
        "reset_port": manifest.reset_port,
        "input": entry,
        "output": leave,
        "input_bits": 8 * _beat_bytes(entry),
        "output_bits": 8 * _beat_bytes(leave),
        # of what the DMA has at memory: 32 at the least
        "input_memory_bits": max(32, 8 * _beat_bytes(entry)),
        "output_memory_bits": max(32, 8 * _beat_bytes(leave)),
        "input_bytes": _beat_bytes(entry),
        "output_bytes": _beat_bytes(leave),
        "output_pad": 8 * _beat_bytes(leave) - leave.tdata_bits,
        "shapes": [repr(tuple(stream.shape)) for stream in (entry, leave)],
        "scales": [repr(stream.scale) for stream in (entry, leave)],
        "scaling": _scaling(manifest),
        "bus_ports": axi_lite.ports(manifest.control),
        "loadable": manifest.loadable or None,
    }
    contents = ip.flat(found)
    contents[f"src/{around}.v"] = tools.render("vivado/overlay.v.j2", **values).encode("ascii")
    script = tools.render("vivado/overlay.tcl.j2", sources=list(contents), **values)
    driver = tools.render("vivado/pynq.py.j2", **values)
    return contents | {
        "overlay.tcl": script.encode("ascii"),
        f"{manifest.top}_pynq.py": driver.encode("ascii"),
        "vectors.npz": _vectors(directory, manifest),
    }


def _check(manifest: Manifest, name: str) -> None:
    if len(manifest.inputs) != 1 or len(manifest.outputs) != 1:
        raise KerilogError(
            f"{manifest.top}: an overlay for {name} takes designs of one input and one output, found "
            f"{len(manifest.inputs)} and {len(manifest.outputs)}"
        )
    for stream in (*manifest.inputs, *manifest.outputs):
        if stream.tdata_bits > _WIDEST:
            raise KerilogError(
                f"{manifest.top}: a beat of {stream.port} has {stream.tdata_bits:,} bits, a DMA takes "
                f"{_WIDEST:,}; build it with a longer --interval"
            )
        if stream.beats * _beat_bytes(stream) > _LONGEST:
            raise KerilogError(
                f"{manifest.top}: a frame of {stream.port} has {stream.beats * _beat_bytes(stream):,} bytes, "
                f"a DMA takes {_LONGEST:,}"
            )


def _beat_bytes(stream: Stream) -> int:
    """Bytes of a beat of the DMA: the power of two that holds one of the core."""
    return 1 << (stream.tdata_bits // 8 - 1).bit_length()


def _scaling(manifest: Manifest) -> str:
    """How raw samples of the input are scaled, in Python: type, factor, whether that is the user's."""
    rules = {} if manifest.scaling is UNSET else manifest.scaling
    rule = rules.get(manifest.input.name)
    return ascii((None, 1.0, False) if rule is None else (rule.dtype, rule.factor, rule.given))


def _vectors(directory: Path, manifest: Manifest) -> bytes:
    drawn, archive = vectors.of_design(directory, manifest), io.BytesIO()
    (inputs,), (outputs,) = drawn.inputs, drawn.outputs
    np.savez(archive, inputs=inputs.astype(np.int32), outputs=outputs.astype(np.int32))
    return archive.getvalue()
