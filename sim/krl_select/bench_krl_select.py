# SPDX-License-Identifier: Apache-2.0
"""krl_select: every index, random words."""

from typing import Any

from cocotb.triggers import Timer

from common.bench import PARAMETERS, pack, random_for, test
from common.stream import number

COUNT, BITS = PARAMETERS["COUNT"], PARAMETERS["BITS"]


@test()
async def selects_the_word_of_the_index(dut: Any) -> None:
    """All indices in random order, the words changing in between."""
    rng = random_for("select")
    for _ in range(5):
        for index in rng.sample(range(COUNT), COUNT):
            words = [rng.getrandbits(BITS) for _ in range(COUNT)]
            dut.words.value, dut.index.value = pack(words, BITS), index
            await Timer(1, "ns")
            assert number(dut.word) == words[index], f"index {index}"
