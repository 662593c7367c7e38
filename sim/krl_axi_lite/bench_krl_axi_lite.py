# SPDX-License-Identifier: Apache-2.0
"""krl_axi_lite: accesses of every kind by cocotbext-axi's master; the words stand in the bench."""

from random import Random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, Combine, RisingEdge, Timer

from common.axi_lite import OKAY, SLVERR, Rules, bus_master, pause
from common.bench import PARAMETERS, PAUSES, random_for, start_clock, test
from common.stream import SETTLE_NS, number

WORDS, MAPPED, WRITABLE, ADDRESS_BITS = (
    PARAMETERS[name] for name in ("WORDS", "MAPPED", "WRITABLE", "ADDRESS_BITS")
)
SIZE = 1 << ADDRESS_BITS
REFUSED = WRITABLE & random_for("refused").getrandbits(WORDS)
"""Words that take nothing."""


def has(mask: int, word: int) -> bool:
    """Whether a word is in a mask."""
    return bool(mask >> word & 1)


class Words:
    """Words that are written as the module says, and what it said of bad accesses."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.words = [0] * WORDS
        self.bad = {"write": 0, "read": 0}
        dut.refused.value = REFUSED
        self.show()
        cocotb.start_soon(self._run())

    def show(self) -> None:
        """Put the words where the module reads them."""
        self.dut.values.value = sum(word << (32 * place) for place, word in enumerate(self.words))

    async def _run(self) -> None:
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            if number(dut.rst):
                continue
            written = number(dut.written)
            self.bad["write"] += number(dut.bad_write)
            self.bad["read"] += number(dut.bad_read)
            assert written & (written - 1) == 0, "two words at once"
            assert written & ~WRITABLE == 0, "a word that cannot be written"
            if written & ~REFUSED:
                place = written.bit_length() - 1
                self.words[place] = merged(self.words[place], number(dut.data), number(dut.enables))
                self.show()


def merged(old: int, new: int, enables: int) -> int:
    """A word with some of its bytes written."""
    mask = sum(255 << (8 * byte) for byte in range(4) if enables >> byte & 1)
    return (old & ~mask) | (new & mask)


class Bench:
    """The module with a master, and what the words must be."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.words = Words(dut)
        self.rules = Rules(dut)
        self.expected = [0] * WORDS
        self.bad = {"write": 0, "read": 0}
        self.master = bus_master(dut, dut.rst)

    async def start(self, rng: Random) -> None:
        """Start the clock, reset, and put something else into every word."""
        start_clock(self.dut)
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 3)
        self.words.words = [rng.getrandbits(32) for _ in range(WORDS)]
        self.expected = list(self.words.words)
        self.words.show()
        self.dut.rst.value = 0
        await ClockCycles(self.dut.clk, 2)

    async def write(self, address: int, data: bytes) -> None:
        """Write up to four bytes of one word and check the response."""
        word, byte = divmod(address, 4)
        legal = word < WORDS and has(WRITABLE & ~REFUSED, word)
        done = await self.master.write(address, data)
        assert done.resp == (OKAY if legal else SLVERR), f"write of {address:#x}: {done.resp}"
        if legal:
            new = int.from_bytes(data, "little") << (8 * byte)
            enables = ((1 << len(data)) - 1) << byte
            self.expected[word] = merged(self.expected[word], new, enables)
        self.bad["write"] += not legal

    async def read(self, address: int, expected: int | None = None) -> None:
        """Read one word and check the response; ``expected``: another value than the word has now."""
        word = address // 4
        legal = word < WORDS and has(MAPPED, word)
        done = await self.master.read(address & ~3, 4)
        assert done.resp == (OKAY if legal else SLVERR), f"read of {address:#x}: {done.resp}"
        wanted = (self.expected[word] if expected is None else expected) if legal else 0
        assert int.from_bytes(done.data, "little") == wanted, f"{address:#x}"
        self.bad["read"] += not legal

    def check(self) -> None:
        """All words are what they should be, and every bad access was told."""
        assert self.words.words == self.expected
        assert self.words.bad == self.bad


def drawn_address(rng: Random) -> int:
    """Draw the address of a word, in half of the draws one that could be there."""
    return 4 * rng.choice(
        (rng.randrange(WORDS), rng.randrange(SIZE // 4), SIZE // 4 - 1, WORDS % (SIZE // 4))
    )


@test(timeout_time=5)
async def accesses_of_every_kind(dut: Any) -> None:
    """Words and parts of words, mapped or not, read-only or not, with pauses on all channels."""
    bench = Bench(dut)
    rng = random_for("accesses")
    await bench.start(rng)
    for kind, pauses in PAUSES.items():
        pause(bench.master, pauses, kind)
        for _ in range(40):
            address = drawn_address(rng)
            if rng.random() < 0.5:
                byte = rng.randrange(4)
                await bench.write(address + byte, rng.randbytes(rng.randint(1, 4 - byte)))
            else:
                await bench.read(address)
    for word in range(WORDS):
        await bench.read(4 * word)
    bench.check()
    assert bench.rules.answers == 40 * len(PAUSES) + WORDS


@test(timeout_time=5)
async def writes_and_reads_side_by_side(dut: Any) -> None:
    """Many at once, in both directions; none is lost, none overtakes another."""
    bench = Bench(dut)
    rng = random_for("side by side")
    await bench.start(rng)
    for kind, pauses in PAUSES.items():
        pause(bench.master, pauses, kind)
        before = list(bench.words.words)

        async def write() -> None:
            for _ in range(8):
                await bench.write(drawn_address(rng), rng.randbytes(4))

        async def read(constant: list[int] = before) -> None:
            for _ in range(8):
                word = rng.randrange(WORDS)
                if has(WRITABLE, word):  # what it gives depends on the writes, but must stand still
                    await bench.master.read(4 * word, 4)
                    bench.bad["read"] += not has(MAPPED, word)
                else:
                    await bench.read(4 * word, constant[word])

        # several of each, so that the next one is offered before the last one is answered
        await Combine(*(cocotb.start_soon(task()) for task in (write, read) for _ in range(3)))
    assert bench.rules.waiting == {"b": 0, "r": 0}
    bench.check()


@test()
async def takes_two_cycles(dut: Any) -> None:
    """An access is taken in the second cycle of its address, and answered in the third."""
    bench = Bench(dut)
    await bench.start(random_for("latency"))
    for channel, response in (("aw", "b"), ("ar", "r")):
        valid = getattr(dut, f"s_axi_{channel}valid")
        ready, answer = getattr(dut, f"s_axi_{channel}ready"), getattr(dut, f"s_axi_{response}valid")
        cocotb.start_soon(bench.write(0, b"\0") if channel == "aw" else bench.read(0))
        while not number(valid):
            await RisingEdge(dut.clk)
            await Timer(SETTLE_NS, "ns")
        if channel == "aw":
            assert number(dut.s_axi_wvalid)
        seen = []
        for _ in range(3):
            seen.append((number(ready), number(answer)))
            await RisingEdge(dut.clk)
            await Timer(SETTLE_NS, "ns")
        assert seen == [(0, 0), (1, 0), (0, 1)], f"{channel}: {seen}"
        await ClockCycles(dut.clk, 4)


@test(timeout_time=5)
async def resets_at_any_time(dut: Any) -> None:
    """Whatever is under way, a reset ends it, and all behind it is right."""
    bench = Bench(dut)
    rng = random_for("resets")
    await bench.start(rng)
    for round in range(30):
        pause(bench.master, PAUSES[rng.choice(list(PAUSES))], f"round {round}")
        tasks = [
            cocotb.start_soon(bench.master.write(4 * rng.randrange(WORDS), rng.randbytes(4))),
            cocotb.start_soon(bench.master.read(4 * rng.randrange(WORDS), 4)),
        ]
        await ClockCycles(dut.clk, rng.randint(1, 8))
        dut.rst.value = 1
        await ClockCycles(dut.clk, 1)
        await Timer(SETTLE_NS, "ns")
        for name in ("bvalid", "rvalid", "awready", "arready"):
            assert number(getattr(dut, f"s_axi_{name}")) == 0, f"{name} behind an edge in reset"
        await ClockCycles(dut.clk, 1)
        for task in tasks:
            task.cancel()
        dut.rst.value = 0
        await ClockCycles(dut.clk, 2)
        bench.expected = list(bench.words.words)
        bench.bad = dict(bench.words.bad)
        for _ in range(3):
            await bench.write(drawn_address(rng), rng.randbytes(4))
            await bench.read(drawn_address(rng))
        bench.check()


@test()
async def valid_in_reset(dut: Any) -> None:
    """A master that learns of a reset at its edge still offers there: nothing is taken, then or behind it."""
    start_clock(dut)
    master = ("awvalid", "wvalid", "arvalid", "bready", "rready", "awaddr", "araddr", "wdata", "wstrb")
    for name in master:
        getattr(dut, f"s_axi_{name}").value = int(name[-5:] in ("valid", "ready"))
    dut.values.value = 0
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    for running in range(1, 9):
        dut.rst.value = 0
        await ClockCycles(dut.clk, running)
        dut.rst.value = 1
        await ClockCycles(dut.clk, 1)
        for _ in range(3):
            await Timer(SETTLE_NS, "ns")
            for name in ("awready", "wready", "arready", "bvalid", "rvalid"):
                assert number(getattr(dut, f"s_axi_{name}")) == 0, f"{name} in reset"
            await ClockCycles(dut.clk, 1)
