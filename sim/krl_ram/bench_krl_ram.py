# SPDX-License-Identifier: Apache-2.0
"""krl_ram: random reads and writes, never of the same word at once, and a read word that holds."""

from typing import Any

from cocotb.triggers import RisingEdge
from cocotb.types import LogicArray

from common.bench import PARAMETERS, random_for, start_clock, test
from common.stream import number

WIDTH, DEPTH = PARAMETERS["WIDTH"], PARAMETERS["DEPTH"]


async def write(dut: Any, address: int, data: int) -> None:
    """Write a word and read none."""
    dut.write_enable.value, dut.write_address.value, dut.write_data.value = 1, address, data
    dut.read_enable.value, dut.read_address.value = 0, 0
    await RisingEdge(dut.clk)


@test()
async def keeps_what_is_written(dut: Any) -> None:
    """Fill it, then read and write at random."""
    rng = random_for("ram")
    start_clock(dut)
    words = [rng.getrandbits(WIDTH) for _ in range(DEPTH)]
    for address, word in enumerate(words):
        await write(dut, address, word)
    expected: int | None = None
    for _ in range(400):
        read, place = rng.random() < 0.6, rng.randrange(DEPTH)
        target, word = rng.randrange(DEPTH), rng.getrandbits(WIDTH)
        store = rng.random() < 0.6 and not (read and target == place)
        dut.write_enable.value, dut.write_address.value = store, target
        dut.write_data.value = word if store else LogicArray("X" * WIDTH)
        dut.read_enable.value, dut.read_address.value = read, place
        await RisingEdge(dut.clk)
        if expected is not None:
            assert number(dut.read_data) == expected
        expected = words[place] if read else expected
        if store:
            words[target] = word
