# SPDX-License-Identifier: Apache-2.0
"""krl_rom: every word of the file, one cycle after its address, held while enable is low."""

from pathlib import Path
from typing import Any

from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, random_for, start_clock, test
from common.stream import number


@test()
async def reads_the_file(dut: Any) -> None:
    """All addresses in order, then at random with pauses."""
    rng = random_for("rom")
    words = [int(line, 16) for line in Path(PARAMETERS["FILE"]).read_text().split()]
    addresses = [*range(len(words)), *(rng.randrange(len(words)) for _ in range(200))]
    start_clock(dut)
    dut.enable.value, dut.address.value = 1, 0
    await RisingEdge(dut.clk)
    expected = words[0]
    for address in addresses:
        enable = rng.random() < 0.7
        dut.enable.value, dut.address.value = enable, address
        await RisingEdge(dut.clk)
        assert number(dut.data) == expected, f"before address {address}"
        expected = words[address] if enable else expected
