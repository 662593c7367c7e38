# SPDX-License-Identifier: Apache-2.0
"""krl_store: the words of the file, then those that are written, column by column, into each bank."""

from pathlib import Path
from random import Random
from typing import Any

from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, random_for, start_clock, test
from common.stream import number

WIDTH, DEPTH, BANKS = (PARAMETERS[name] for name in ("WIDTH", "DEPTH", "BANKS"))
COLUMNS = -(-WIDTH // 32)


class Store:
    """What the memory must hold; None where nothing was written."""

    def __init__(self) -> None:
        words = [int(line, 16) for line in Path(PARAMETERS["FILE"]).read_text().split()]
        self.banks: list[list[int | None]] = [list(words), [None] * DEPTH][:BANKS]

    def write(self, bank: int, address: int, column: int, data: int) -> None:
        """32 bits of a word, as far as it has them."""
        place = bank % BANKS
        low = 32 * column
        mask = (0xFFFFFFFF << low) & ((1 << WIDTH) - 1)
        old = self.banks[place][address]
        if old is not None:
            self.banks[place][address] = (old & ~mask) | (data << low & mask)

    def fill(self, bank: int) -> None:
        """As if all of a bank had been written, which then is."""
        self.banks[bank] = [0 if word is None else word for word in self.banks[bank]]


async def write(dut: Any, store: Store, bank: int, address: int, column: int, data: int) -> None:
    """Write 32 bits in one cycle, while nothing is read."""
    dut.enable.value, dut.write.value, dut.write_bank.value = 0, 1, bank
    dut.write_address.value, dut.write_column.value, dut.write_data.value = address, column, data
    await RisingEdge(dut.clk)
    store.write(bank, address, column, data)
    dut.write.value = 0


async def compare(dut: Any, store: Store, rng: Random) -> None:
    """Read all words of all banks, one after the other, and then some with pauses."""
    places = [(bank, address) for bank in range(BANKS) for address in range(DEPTH)]
    reads = [*places, *(rng.choice(places) for _ in range(50))]
    expected: int | None = None
    for count, (bank, address) in enumerate([*reads, reads[0]]):
        enable = count < len(places) or rng.random() < 0.7
        dut.enable.value, dut.bank.value, dut.address.value = enable, bank, address
        # what is beside the words to read makes no difference
        dut.write_address.value = rng.randrange(DEPTH)
        dut.write_data.value = rng.getrandbits(32)
        await RisingEdge(dut.clk)
        if expected is not None:
            assert number(dut.data) == expected, f"before bank {bank}, word {address}"
        expected = store.banks[bank][address] if enable else expected


@test()
async def reads_and_writes(dut: Any) -> None:
    """The file; then every column of every word; then a few of them."""
    rng, store = random_for("store"), Store()
    start_clock(dut)
    dut.write.value = 0
    dut.write_bank.value = dut.write_column.value = 0
    await compare(dut, store, rng)
    for bank in range(BANKS):
        store.fill(bank)
        for address in range(DEPTH):
            for column in range(COLUMNS):
                await write(dut, store, bank, address, column, rng.getrandbits(32))
        await compare(dut, store, rng)
    for _ in range(20):
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(BANKS), rng.randrange(DEPTH), rng.randrange(COLUMNS)
            await write(dut, store, *place, rng.getrandbits(32))
        await compare(dut, store, rng)
