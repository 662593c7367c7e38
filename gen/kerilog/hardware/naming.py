# SPDX-License-Identifier: Apache-2.0
"""Verilog identifiers for the names that a model file gives, which nobody has vetted."""

from __future__ import annotations

import re
from collections.abc import Sequence

# IEEE 1364-2005, annex B, and those words of IEEE 1800 that a tool in SystemVerilog mode would trip over
KEYWORDS = frozenset(
    """
    alias always always_comb always_ff always_latch and assert assign assume automatic begin bind bit
    break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking cmos config const
    constraint context continue cover covergroup cross deassign default defparam design disable dist do
    edge else end endcase endclass endconfig endfunction endgenerate endgroup endinterface endmodule
    endpackage endprimitive endprogram endproperty endsequence endspecify endtable endtask enum event
    expect export extends extern final first_match for force foreach forever fork function generate
    genvar highz0 highz1 if iff ifnone import incdir include initial inout input inside instance int
    integer interface intersect join join_any join_none large let liblist library local localparam logic
    longint macromodule matches medium modport module nand negedge nettype new nmos nor noshowcancelled
    not notif0 notif1 null or output package packed parameter pmos posedge primitive priority program
    property protected pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand
    randc rcmos real realtime ref reg release repeat return rnmos rpmos rtran rtranif0 rtranif1 scalared
    sequence shortint shortreal showcancelled signed small solve specify specparam static string strong0
    strong1 struct super supply0 supply1 table tagged task this throughout time timeprecision timeunit
    tran tranif0 tranif1 tri tri0 tri1 triand trior trireg type typedef union unique unsigned use uwire
    var vectored virtual void wait wait_order wand weak0 weak1 while wildcard wire with within wor xnor
    xor
    """.split()  # noqa: SIM905 - two hundred words read better as text
)
# names that the top module uses itself
BORDER = ("frame_guard", "frame_mark", "guarded", "input_register", "marked", "output_register", "registered")
CONTROL = ("control", "core_rst", "irq", "soft_reset")
LOADING = ("load_from", "load_to", "load_write", "load_address", "load_column", "load_data")
PORTS = frozenset({"clk", "rst", "aresetn", "frame_error", "frame_last", *BORDER, *CONTROL, *LOADING})


def verilog_name(text: str) -> str:
    """A plain identifier made of ``text``.

    Lower case, starting with a letter, no keyword, no library module.
    """
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:64].rstrip("_")
    taken = plain in KEYWORDS | PORTS | {"krl"} or plain.startswith(("krl_", "s_axi", "m_axis"))
    return f"net_{plain}".rstrip("_") if taken or not re.match(r"[a-z]", plain) else plain


def ports(side: str, names: Sequence[str]) -> tuple[str, ...]:
    """What the signals of each tensor's port begin with: ``side``, "s_axis" or "m_axis", alone, or with one
    of ``names`` behind if there are several.
    """
    if len(names) == 1:
        return (side,)
    found: list[str] = []
    for name in names:
        base = port = f"{side}_{verilog_name(name)}"
        count = 1
        while port in found:
            count += 1
            port = f"{base}_{count}"
        found.append(port)
    return tuple(found)
