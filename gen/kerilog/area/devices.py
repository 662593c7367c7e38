# SPDX-License-Identifier: Apache-2.0
"""What FPGAs hold.

Xilinx: the feature summaries of DS180 (7 Series FPGAs Data Sheet: Overview) and DS190 (Zynq-7000 SoC Data
Sheet: Overview); a slice has 4 LUTs and 8 flip-flops, a block RAM of 36 Kbit is two of 18. Lattice: the
resources that the maker's own mapper reports for the ECP5 devices, which are those of FPGA-DS-02012. iCE40,
Gowin, Nexus, GateMate: what nextpnr reports of each.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Protocol

from kerilog.errors import unknown


@dataclasses.dataclass(frozen=True)
class Device:
    """One FPGA. ``dsp``: DSP48E1, or multipliers of 18 x 18 or (iCE40) 16 x 16 bits; ``bram18``: block RAMs
    of 18 Kbit, of iCE40 4, of GateMate 20 Kbit; ``lut``: look-up tables of 6 inputs (7-series) or 4; ``ff``:
    flip-flops.
    """

    name: str
    dsp: int
    bram18: int
    lut: int
    ff: int


class Need(Protocol):
    """An area: LUTs of logic and as memory, flip-flops, RAMB18 and DSP48E1."""

    @property
    def lut(self) -> float: ...
    @property
    def lutram(self) -> float: ...
    @property
    def ff(self) -> float: ...
    @property
    def bram18(self) -> int: ...
    @property
    def dsp(self) -> int: ...


def _xilinx(name: str, slices: int, dsp: int, bram36: int) -> Device:
    return Device(name, dsp, 2 * bram36, 4 * slices, 8 * slices)


_SEVEN_SERIES = (
    # Spartan-7
    _xilinx("xc7s6", 938, 10, 5),
    _xilinx("xc7s15", 2000, 20, 10),
    _xilinx("xc7s25", 3650, 80, 45),
    _xilinx("xc7s50", 8150, 120, 75),
    _xilinx("xc7s75", 12000, 140, 90),
    _xilinx("xc7s100", 16000, 160, 120),
    # Artix-7
    _xilinx("xc7a12t", 2000, 40, 20),
    _xilinx("xc7a15t", 2600, 45, 25),
    _xilinx("xc7a25t", 3650, 80, 45),
    _xilinx("xc7a35t", 5200, 90, 50),
    _xilinx("xc7a50t", 8150, 120, 75),
    _xilinx("xc7a75t", 11800, 180, 105),
    _xilinx("xc7a100t", 15850, 240, 135),
    _xilinx("xc7a200t", 33650, 740, 365),
    # Zynq-7000, the programmable logic
    _xilinx("xc7z007s", 3600, 66, 50),
    _xilinx("xc7z010", 4400, 80, 60),
    _xilinx("xc7z020", 13300, 220, 140),
    _xilinx("xc7z045", 54650, 900, 545),
    # Kintex-7
    _xilinx("xc7k70t", 10250, 240, 135),
    _xilinx("xc7k160t", 25350, 600, 325),
    _xilinx("xc7k325t", 50950, 840, 445),
    _xilinx("xc7k355t", 55650, 1440, 715),
    _xilinx("xc7k410t", 63550, 1540, 795),
    _xilinx("xc7k420t", 65150, 1680, 835),
    _xilinx("xc7k480t", 74650, 1920, 955),
)
_ECP5 = (
    Device("25k", 28, 56, 24288, 24288),
    Device("45k", 72, 108, 43848, 43848),
    Device("85k", 156, 208, 83640, 83640),
)

SEVEN_SERIES = {device.name: device for device in _SEVEN_SERIES}
ECP5 = {device.name: device for device in _ECP5}  # as nextpnr calls them, from the smallest
ICE40 = {
    device.name: device for device in (Device("up5k", 8, 30, 5280, 5280), Device("hx8k", 0, 32, 7680, 7680))
}
GOWIN = {
    device.name: device for device in (Device("9k", 20, 26, 8640, 6480), Device("20k", 48, 46, 20736, 15552))
}
GATEMATE = {device.name: device for device in (Device("a1", 568, 64, 40960, 40960),)}
"""20,480 CPEs, each two look-up tables and two flip-flops; a product of 8 x 8 bits takes some 36 of them, and
there are no others."""
NEXUS = {device.name: device for device in (Device("40k", 56, 84, 32256, 32256),)}
PLACED = {"ecp5": ECP5, "ice40": ICE40, "gowin": GOWIN, "nexus": NEXUS, "gatemate": GATEMATE}
"""The devices that nextpnr places on, by target and name, from the smallest."""
PARTS = {
    "ecp5": {name: f"LFE5U-{name}" for name in ECP5},
    "ice40": {"up5k": "iCE40UP5K-SG48", "hx8k": "iCE40HX8K-CT256"},
    "gowin": {"9k": "GW1NR-LV9QN88PC6/I5", "20k": "GW2AR-LV18QN88C8/I7"},
    "nexus": {"40k": "LIFCL-40-9BG400C"},
    "gatemate": {"a1": "CCGM1A1"},
}
"""What their makers call these devices, where it matters with package and speed grade."""


LUT_SHARE = 0.8
"""Part of a device's LUTs and flip-flops that a design may be predicted to take unless another is asked for:
the prediction is good to some 15 %, less so with many windows side by side, and a full device cannot be
routed."""
REFERENCE = SEVEN_SERIES["xc7z020"]
"""The device whose resources weigh those of a design against each other where none is named."""


def shortfall(need: Need, device: Device, share: float = LUT_SHARE) -> dict[str, tuple[int, int]]:
    """For each kind of resource of which ``device`` has too few, the need and the supply: all of its DSPs and
    block RAMs, the part ``share`` (above 0, up to 1) of its LUTs and flip-flops.
    """
    pairs = {
        "DSP": (need.dsp, device.dsp),
        "RAMB18": (need.bram18, device.bram18),
        "LUT": (round(need.lut + need.lutram), math.floor(share * device.lut)),
        "FF": (round(need.ff), math.floor(share * device.ff)),
    }
    return {kind: pair for kind, pair in pairs.items() if pair[0] > pair[1]}


def occupancy(need: Need, device: Device = REFERENCE) -> float:
    """How much of ``device`` is taken: the sum of the shares of its LUTs, flip-flops, block RAMs and DSPs.

    One number for an area, which grows with each resource, the scarcer the more.
    """
    pairs = (
        (need.lut + need.lutram, device.lut),
        (need.ff, device.ff),
        (need.bram18, device.bram18),
        (need.dsp, device.dsp),
    )
    return sum(wanted / max(there, 1) for wanted, there in pairs)


def holding(need: Need, share: float = LUT_SHARE) -> list[str]:
    """The 7-series devices that hold ``need``, the one with the fewest LUTs first.

    The part ``share`` of their LUTs and flip-flops may be taken.
    """
    fitting = [device for device in SEVEN_SERIES.values() if not shortfall(need, device, share)]
    return [device.name for device in sorted(fitting, key=lambda device: device.lut)]


def seven_series(name: str) -> Device:
    """The 7-series device ``name``; package and speed grade may follow (xc7a35tcpg236-1).

    Raises KerilogError that lists the known ones.
    """
    text = name.lower()
    fitting = [known for known in SEVEN_SERIES if text.startswith(known)]
    rest = text[len(max(fitting, key=len)) :] if fitting else ""
    if fitting and (not rest or not rest[0].isdigit()):
        return SEVEN_SERIES[max(fitting, key=len)]
    raise unknown("device", name, SEVEN_SERIES)
