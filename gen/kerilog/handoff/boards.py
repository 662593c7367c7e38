# SPDX-License-Identifier: Apache-2.0
"""The boards that ``kerilog board`` knows: what is on them, and at which pins."""

from __future__ import annotations

import dataclasses

from kerilog.handoff.families import FAMILIES, Family, Pin, Placer


@dataclasses.dataclass(frozen=True)
class Board:
    """A board with an FPGA, a clock, a serial line to the host, a button that resets, and LEDs.

    ``device``: of the family ``target``, as ``kerilog synth`` calls it. ``pins``: of ``clk``, ``button``,
    ``uart_rx`` (to the FPGA), ``uart_tx``, ``code_led[0..3]``, ``error_led``, ``alive_led``, and of ``high``,
    outputs that are always 1. ``pressed``, ``lit_code``, ``lit_status``: the level of a pressed button,
    and of an LED that is on. ``pack``: the command that makes the bitstream, with ``{routed}`` and
    ``{bitstream}`` for file names; ``routed``: nextpnr's option for the first of them. ``load``: what writes
    the bitstream to the board.
    """

    name: str
    title: str
    target: str
    device: str
    clock_hz: int
    pins: tuple[Pin, ...]
    pressed: int
    lit_code: int
    lit_status: int
    routed: tuple[str, ...]
    pack: tuple[str, ...]
    bitstream: str
    load: str
    high: tuple[str, ...] = ()

    @property
    def family(self) -> Family:
        return FAMILIES[self.target]

    @property
    def placer(self) -> Placer:
        placer = self.family.placer
        assert placer is not None, "boards are for what can be placed"
        return placer

    @property
    def part(self) -> str:
        """The FPGA, as its maker calls it."""
        return self.placer.parts[self.device]

    @property
    def clock_mhz(self) -> str:
        return f"{self.clock_hz / 1e6:g}"


def _leds(code: tuple[str, str, str, str], error: str, alive: str, standard: str = "LVCMOS33") -> list[Pin]:
    bits = [Pin(f"code_led[{place}]", site, "", standard) for place, site in enumerate(code)]
    return [*bits, Pin("error_led", error, "", standard), Pin("alive_led", alive, "", standard)]


def _tang(name: str, title: str, device: str, pins: list[Pin], pressed: int, packed: str) -> Board:
    return Board(
        name=name,
        title=title,
        target="gowin",
        device=device,
        clock_hz=27_000_000,
        pins=tuple(pins),
        pressed=pressed,
        lit_code=0,
        lit_status=0,
        routed=("--write", "{routed}"),
        pack=("gowin_pack", "-d", packed, "-o", "{bitstream}", "{routed}"),
        bitstream=f"{name}.fs",
        load=f"openFPGALoader -b {name} {name}.fs",
    )


_ULX3S = Board(
    name="ulx3s",
    title="ULX3S with an ECP5-85F",
    target="ecp5",
    device="85k",
    clock_hz=25_000_000,
    pins=(
        Pin("clk", "G2"),
        Pin("button", "R1", "down"),  # FIRE1
        Pin("uart_rx", "M1", "up"),
        Pin("uart_tx", "L4"),
        *_leds(("B2", "C2", "C1", "D2"), "E1", "H3"),
        Pin("wifi_gpio0", "L2"),
    ),
    pressed=1,
    lit_code=1,
    lit_status=1,
    routed=("--textcfg", "{routed}"),
    pack=("yowasp-ecppack", "--compress", "{routed}", "{bitstream}"),
    bitstream="ulx3s.bit",
    load="openFPGALoader -b ulx3s ulx3s.bit",
    high=("wifi_gpio0",),  # low would let the board's other processor restart it
)
_TANG_9K = _tang(
    "tangnano9k",
    "Tang Nano 9K",
    "9k",
    [
        Pin("clk", "52"),
        Pin("button", "4", "up", "LVCMOS18"),  # S1
        Pin("uart_rx", "18", "up"),
        Pin("uart_tx", "17"),
        *_leds(("10", "11", "13", "14"), "15", "16", "LVCMOS18"),
    ],
    0,
    "GW1N-9C",
)
_TANG_20K = _tang(
    "tangnano20k",
    "Tang Nano 20K",
    "20k",
    [
        Pin("clk", "4"),
        Pin("button", "88", "down"),  # S1
        Pin("uart_rx", "70", "up"),
        Pin("uart_tx", "69"),
        *_leds(("15", "16", "17", "18"), "19", "20"),
    ],
    1,
    "GW2A-18C",
)
_ICEBREAKER = Board(
    name="icebreaker",
    title="iCEBreaker",
    target="ice40",
    device="up5k",
    clock_hz=12_000_000,
    pins=(
        Pin("clk", "35"),
        Pin("button", "10", "up"),
        Pin("uart_rx", "6", "up"),
        Pin("uart_tx", "9"),
        *_leds(("27", "25", "21", "23"), "11", "37"),
    ),
    pressed=0,
    lit_code=1,
    lit_status=0,
    routed=("--asc", "{routed}"),
    pack=("yowasp-icepack", "{routed}", "{bitstream}"),
    bitstream="icebreaker.bin",
    load="openFPGALoader -b ice40_generic icebreaker.bin",
)
BOARDS = {board.name: board for board in (_ULX3S, _TANG_9K, _TANG_20K, _ICEBREAKER)}
