# SPDX-License-Identifier: Apache-2.0
"""The bus of a control block as the outside sees it: the ports of an AXI4-Lite subordinate."""

from __future__ import annotations

import dataclasses

from kerilog.manifest import ControlBus

BUS = "s_axi"
"""What the ports begin with."""
INTERRUPT = "irq"
FOLDER = "control"
"""Where a design's folder has the description of the registers, and what was made of it."""
ADDRESS_BITS = 12
"""Of a byte address: 4 KiB, the least that a bus gives a block."""


@dataclasses.dataclass(frozen=True)
class Port:
    """A port of the bus: ``signal`` as AXI4 calls it, of ``width`` bits."""

    signal: str
    width: int
    is_input: bool

    @property
    def name(self) -> str:
        return f"{BUS}_{self.signal.lower()}"


_PORTS = (
    Port("AWADDR", ADDRESS_BITS, True),
    Port("AWVALID", 1, True),
    Port("AWREADY", 1, False),
    Port("WDATA", 32, True),
    Port("WSTRB", 4, True),
    Port("WVALID", 1, True),
    Port("WREADY", 1, False),
    Port("BRESP", 2, False),
    Port("BVALID", 1, False),
    Port("BREADY", 1, True),
    Port("ARADDR", ADDRESS_BITS, True),
    Port("ARVALID", 1, True),
    Port("ARREADY", 1, False),
    Port("RDATA", 32, False),
    Port("RRESP", 2, False),
    Port("RVALID", 1, False),
    Port("RREADY", 1, True),
)


def ports(control: ControlBus) -> tuple[Port, ...]:
    """The ports of the bus; none without a control block."""
    return () if control == "none" else _PORTS


def interfaces(control: ControlBus) -> tuple[str, ...]:
    """The names of the interfaces that a control block brings to a core."""
    return () if control == "none" else (BUS, INTERRUPT)
