# SPDX-License-Identifier: Apache-2.0
"""Yosys' simulation models of 7-series cells, with what block RAMs do, which Yosys leaves out."""

from __future__ import annotations

import re
from pathlib import Path

BLOCK_RAM = Path(__file__).resolve().parents[1] / "handoff" / "xc7_block_ram.v"
_SIZES = {"RAMB18E1": 18, "RAMB36E1": 36}


def with_block_rams(cells: str) -> str:
    """The text of ``cells_sim.v`` with bodies in its modules of block RAMs, which need ``BLOCK_RAM``."""
    for name, kilobits in _SIZES.items():
        cells, count = re.subn(
            rf"(\nmodule {name} \(.*?)(\nendmodule)",
            lambda found, kilobits=kilobits: found[1] + _body(kilobits) + found[2],
            cells,
            flags=re.DOTALL,
        )
        assert count == 1, f"Yosys has another form of {name}"
    return cells


def _body(kilobits: int) -> str:
    """An instance of the model. Words as wide as both ports together have the bits of A below those of B."""
    half = kilobits == 18
    data, parity = (16, 2) if half else (32, 4)
    rows = 64 if half else 128
    return f"""
  localparam integer SDP = RAM_MODE == "SDP";
  localparam integer WIDE_READ = SDP && READ_WIDTH_A == {2 * kilobits};
  localparam integer WIDE_WRITE = SDP && WRITE_WIDTH_B == {2 * kilobits};
  wire [63:0] do_a, do_b;
  wire [7:0] dop_a, dop_b;
  assign DOADO = do_a[{data - 1}:0];
  assign DOBDO = WIDE_READ ? do_a[{2 * data - 1}:{data}] : do_b[{data - 1}:0];
  assign DOPADOP = dop_a[{parity - 1}:0];
  assign DOPBDOP = WIDE_READ ? dop_a[{2 * parity - 1}:{parity}] : dop_b[{parity - 1}:0];
  xc7_block_ram #(
    .HALF({int(half)}),
    .DATA({{{", ".join(f"INIT_{row:02X}" for row in reversed(range(rows)))}}}),
    .PARITY({{{", ".join(f"INITP_{row:02X}" for row in reversed(range(rows // 8)))}}}),
    .READ_A(READ_WIDTH_A), .READ_B(READ_WIDTH_B), .WRITE_A(WRITE_WIDTH_A), .WRITE_B(WRITE_WIDTH_B),
    .MODE_A(WRITE_MODE_A), .MODE_B(WRITE_MODE_B),
    .INIT_A({_word(("INIT_B", "INIT_A"), data, parity)}), .INIT_B({_word(("INIT_B",), data, parity)}),
    .SRVAL_A({_word(("SRVAL_B", "SRVAL_A"), data, parity)}), .SRVAL_B({_word(("SRVAL_B",), data, parity)})
  ) u_ram (
    .clk_a(CLKARDCLK), .en_a(ENARDEN), .en_b(ENBWREN), .rst_a(RSTRAMARSTRAM), .rst_b(RSTRAMB),
    .addr_a({"{1'b0, ADDRARDADDR}" if half else "ADDRARDADDR[14:0]"}),
    .addr_b({"{1'b0, ADDRBWRADDR}" if half else "ADDRBWRADDR[14:0]"}),
    .di_a({{32'd0, DIADI}}), .di_b(WIDE_WRITE ? {{DIBDI, DIADI}} : {{32'd0, DIBDI}}),
    .dip_a({{4'd0, DIPADIP}}), .dip_b(WIDE_WRITE ? {{DIPBDIP, DIPADIP}} : {{4'd0, DIPBDIP}}),
    .we_a(SDP ? 8'd0 : {{4'd0, WEA}}), .we_b(WEBWE),
    .do_a(do_a), .do_b(do_b), .dop_a(dop_a), .dop_b(dop_b)
  );"""


def _word(names: tuple[str, ...], data: int, parity: int) -> str:
    """What latches hold, of parameters that have parity above data: 8 bits of parity above 64 of data."""
    parts = []
    for width, high, low in ((8, data + parity - 1, data), (64, data - 1, 0)):
        bits = len(names) * (high - low + 1)
        parts += [f"{width - bits}'d0"] if width > bits else []
        parts += [f"{name}[{high}:{low}]" for name in names]
    return f"{{{', '.join(parts)}}}"
