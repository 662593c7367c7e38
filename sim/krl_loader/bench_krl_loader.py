# SPDX-License-Identifier: Apache-2.0
"""krl_loader: whole loads, and all that may be wrong with one; the memories stand in the bench."""

from __future__ import annotations

import zlib
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge, Timer

from common.bench import PARAMETERS, random_for, start_clock, test
from common.stream import SETTLE_NS, number

BANKS, WORDS, LAYOUT = (PARAMETERS[name] for name in ("BANKS", "WORDS", "LAYOUT"))
MAGIC = int.from_bytes(b"KRLW", "big")


def fields(name: str, bits: str) -> list[int]:
    """The numbers of each memory in a parameter, the first in the low bits."""
    width = PARAMETERS[bits]
    return [PARAMETERS[name] >> width * place & ((1 << width) - 1) for place in range(PARAMETERS["MEMORIES"])]


SHAPES = [
    (words + 1, columns + 1)
    for words, columns in zip(
        fields("LAST_WORDS", "ADDRESS_BITS"), fields("LAST_COLUMNS", "COLUMN_BITS"), strict=True
    )
]


def load_of(rng: Random) -> list[int]:
    """A whole load of random words."""
    words = [MAGIC, LAYOUT, WORDS, *(rng.getrandbits(32) for _ in range(WORDS))]
    text = b"".join(word.to_bytes(4, "little") for word in words)
    return [*words, zlib.crc32(text)]


Contents = dict[tuple[int, int, int], int]


def contents_of(load: list[int]) -> Contents:
    """What a load puts where: by memory, word and column."""
    places = [
        (memory, address, column)
        for memory, (words, columns) in enumerate(SHAPES)
        for address in range(words)
        for column in range(columns)
    ]
    return dict(zip(places, load[3:-1], strict=True))


class Memories:
    """The memories of both banks, and the events that were told."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.banks: list[Contents] = [{}, {}]
        self.done = self.failed = 0
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            if number(dut.rst):
                continue
            write = number(dut.write)
            assert write & (write - 1) == 0, "two memories at once"
            if write:
                place = write.bit_length() - 1, number(dut.write_address), number(dut.write_column)
                assert BANKS == 1 or number(dut.write_bank) != number(dut.bank), "the bank that is read"
                self.banks[number(dut.write_bank)][place] = number(dut.write_data)
            self.done += number(dut.done)
            self.failed += number(dut.failed)


class Bench:
    """The loader, its memories and frames that come and go."""

    def __init__(self, dut: Any) -> None:
        self.dut, self.memories = dut, Memories(dut)
        self.rng = random_for("loader")

    async def start(self) -> None:
        dut = self.dut
        start_clock(dut)
        dut.word_valid.value = dut.word_whole.value = dut.word.value = dut.cancel.value = 0
        dut.quiet.value = dut.held.value = 0
        dut.rst.value = 1
        await ClockCycles(dut.clk, 3)
        dut.rst.value = 0
        await RisingEdge(dut.clk)

    async def put(self, word: int, refused: bool = False, whole: bool = True) -> None:
        """One word, in one cycle; then a cycle or more without."""
        dut = self.dut
        dut.word_valid.value, dut.word_whole.value, dut.word.value = 1, int(whole), word
        await Timer(SETTLE_NS, "ns")
        assert bool(number(dut.refused)) == refused, f"{word:08x}"
        await RisingEdge(dut.clk)
        dut.word_valid.value = 0
        dut.word.value = self.rng.getrandbits(32)
        await ClockCycles(dut.clk, self.rng.choice((1, 1, 1, 2, 5)))

    async def put_all(self, words: list[int]) -> None:
        for word in words:
            await self.put(word)

    def flags(self) -> tuple[int, int, int, int]:
        """hold, loading, incomplete, pending."""
        dut = self.dut
        return tuple(number(getattr(dut, name)) for name in ("hold", "loading", "incomplete", "pending"))

    async def settle(self) -> None:
        await Timer(SETTLE_NS, "ns")

    async def idle(self) -> None:
        """From here on no frame is under way, and all are held."""
        self.dut.quiet.value = self.dut.held.value = 1
        await RisingEdge(self.dut.clk)

    async def whole(self, load: list[int]) -> None:
        """A load that comes to its end and is used."""
        before = number(self.dut.bank)
        await self.idle()
        self.dut.held.value = 0
        await self.put_all(load[:-1])
        await self.settle()
        assert self.flags() == (int(BANKS == 1), 1, int(BANKS == 1), 0)
        done = self.memories.done
        await self.put(load[-1])
        await self.settle()
        assert self.memories.done == done + 1
        if BANKS == 2:
            assert self.flags() == (1, 0, 0, 1) and number(self.dut.bank) == before
            await self.put(MAGIC, refused=True)
            self.dut.held.value = 1
            await ClockCycles(self.dut.clk, 1)
            await self.settle()
            assert number(self.dut.bank) != before
        assert self.flags() == (0, 0, 0, 0)
        self.check(load)

    def check(self, load: list[int]) -> None:
        """What is read is this load."""
        dut = self.dut
        assert self.memories.banks[number(dut.bank)] == contents_of(load)
        assert number(dut.loaded) == load[-1]


@test(timeout_time=5)
async def whole_loads(dut: Any) -> None:
    """One after the other, each read when it has come to its end."""
    bench = Bench(dut)
    await bench.start()
    await bench.settle()
    assert number(dut.loaded) == 0 and number(dut.bank) == 0 and bench.flags() == (0, 0, 0, 0)
    for _ in range(4):
        await bench.whole(load_of(bench.rng))
    assert bench.memories.failed == (4 if BANKS == 2 else 0)


@test(timeout_time=5)
async def wrong_words(dut: Any) -> None:
    """Of the header, of the end, in part: refused, told, and nothing of it is read."""
    bench = Bench(dut)
    await bench.start()
    rng = bench.rng
    good = load_of(rng)
    await bench.whole(good)
    for place in (0, 1, 2, 3 + rng.randrange(WORDS), len(good) - 1):
        for whole in (True, False):
            if whole and 3 <= place < len(good) - 1:
                continue
            await bench.idle()
            failed, done = bench.memories.failed, bench.memories.done
            before = dict(bench.memories.banks[number(dut.bank)])
            load = load_of(rng)
            await bench.put_all(load[:place])
            flip = 1 << rng.randrange(32) if whole else 0
            await bench.put(load[place] ^ flip, refused=True, whole=whole)
            await bench.settle()
            torn = int(BANKS == 1 and place > 3)
            assert bench.flags()[:3] == (torn, 0, torn), place
            assert (bench.memories.failed, bench.memories.done) == (failed + 1, done)
            if not torn:
                assert bench.memories.banks[number(dut.bank)] == before
            await bench.whole(load_of(rng))
    # one wrong bit anywhere shows at the end
    for _ in range(6):
        load = load_of(rng)
        load[3 + rng.randrange(WORDS)] ^= 1 << rng.randrange(32)
        await bench.put_all(load[:-1])
        await bench.put(load[-1], refused=True)
    await bench.whole(load_of(rng))


@test(timeout_time=5)
async def cancels_and_resets(dut: Any) -> None:
    """Both end a load; what the memories hold is told as before."""
    bench = Bench(dut)
    await bench.start()
    rng = bench.rng
    good = load_of(rng)
    await bench.whole(good)
    for signal in ("cancel", "rst"):
        for count in (1, 3, 4, 3 + WORDS):
            await bench.idle()
            await bench.put_all(load_of(rng)[:count])
            failed = bench.memories.failed
            getattr(dut, signal).value = 1
            await RisingEdge(dut.clk)
            getattr(dut, signal).value = 0
            await ClockCycles(dut.clk, 2)
            await bench.settle()
            torn = int(BANKS == 1 and count > 3)
            assert bench.flags() == (torn, 0, torn, 0), (signal, count)
            assert bench.memories.failed == failed + (signal == "cancel")
            assert number(dut.loaded) == good[-1]
            if not torn:
                bench.check(good)
            else:
                await bench.whole(good)
    dut.cancel.value = 1
    failed = bench.memories.failed
    await ClockCycles(dut.clk, 2)
    dut.cancel.value = 0
    await RisingEdge(dut.clk)
    assert bench.memories.failed == failed, "there was nothing to cancel"
    bench.check(good)


@test(timeout_time=5)
async def frames_under_way(dut: Any) -> None:
    """With one bank a load waits for them; with two the change does, also over a reset."""
    bench = Bench(dut)
    await bench.start()
    dut.quiet.value = dut.held.value = 0
    if BANKS == 1:
        await bench.put(MAGIC, refused=True)
        await bench.settle()
        assert bench.flags() == (0, 0, 0, 0)
        dut.quiet.value = 1
        await bench.put(MAGIC)
        await bench.settle()
        assert bench.flags() == (1, 1, 0, 0)
        return
    load, before = load_of(bench.rng), number(dut.bank)
    await bench.put_all(load)
    await ClockCycles(dut.clk, 20)
    assert bench.flags() == (1, 0, 0, 1) and number(dut.bank) == before
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 2)
    await bench.settle()
    assert bench.flags() == (1, 0, 0, 1) and number(dut.bank) == before
    dut.held.value = 1
    await ClockCycles(dut.clk, 1)
    await bench.settle()
    assert bench.flags() == (0, 0, 0, 0) and number(dut.bank) != before
    bench.check(load)
