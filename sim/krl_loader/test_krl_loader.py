# SPDX-License-Identifier: Apache-2.0
"""krl_loader: few and many memories, of one word and of several columns; one bank and two."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests


def loader(shapes: list[tuple[int, int]], banks: int, layout: int) -> dict[str, Any]:
    """The parameters for memories of so many words of so many columns."""
    address_bits = max(1, *((words - 1).bit_length() for words, _ in shapes))
    column_bits = max(1, *((columns - 1).bit_length() for _, columns in shapes))
    return {
        "MEMORIES": len(shapes),
        "ADDRESS_BITS": address_bits,
        "COLUMN_BITS": column_bits,
        "LAST_WORDS": sum((words - 1) << address_bits * place for place, (words, _) in enumerate(shapes)),
        "LAST_COLUMNS": sum(
            (columns - 1) << column_bits * place for place, (_, columns) in enumerate(shapes)
        ),
        "LAYOUT": layout,
        "WORDS": sum(words * columns for words, columns in shapes),
        "BANKS": banks,
    }


EDGES = [
    loader([(5, 3), (2, 1)], 1, 0x12345678),
    loader([(5, 3), (2, 1)], 2, 0x7FFFFFFF),
    loader([(1, 1), (1, 1), (4, 2)], 2, 1),
    loader([(3, 1), (1, 4)], 1, 0),
]

BUGS = [
    Bug("any word begins", "expected", "MAGIC", "word"),
    Bug("any layout", "expected", "LAYOUT", "word"),
    Bug("any length", "expected", "WORDS", "word"),
    Bug("any checksum", "expected", ": ~crc", ": word"),
    Bug("begins with frames under way", "may_begin", "(BANKS == 2 || quiet)", "1'b1"),
    Bug("begins while a change is pending", "may_begin", "!pending &&"),
    Bug("takes parts of words", "right", "word_whole &&"),
    Bug("a cancel is not told", "failed", "|| (cancel && loading)"),
    Bug("a cancel of nothing is told", "failed", "&& loading"),
    Bug("no hold while it loads", "hold", "|| (BANKS == 1 && loading)"),
    Bug("no hold of what is cut off", "hold", "|| incomplete"),
    Bug("no hold for a change", "hold", "pending ||"),
    Bug("goes on after a wrong word", "state", "if (failed) state <= IDLE;"),
    Bug("goes on after a reset", "state", "if (rst) state <= IDLE;"),
    Bug("columns go on from the last load", "column", "column <= 0;"),
    Bug("words go on from the last load", "address", "address <= 0;"),
    Bug("writes the header", "write", "&& state == FILL"),
    Bug("the checksum begins with the last one", "crc", "if (rst || (state == IDLE && !takes))", "if (rst)"),
    Bug("the checksum leaves out half", "joins", "half ? write_data[31:16] :", "half ? word[15:0] :"),
    Bug("another polynomial", "POLYNOMIAL", "32'hedb88320", "32'hedb88321"),
    Bug("writes what is read", "write_bank", "!bank", "bank"),
    Bug("changes at once", "g_two_banks.bank", "if (held)", "if (1'b1)"),
    Bug("changes back and forth", "g_two_banks.bank", "if (pending)"),
    Bug("what is cut off is whole", "g_one_bank.incomplete", "incomplete <= 1'b1;"),
    Bug("a load tells the last one's checksum", "g_one_bank.loaded", "loaded <= word;"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    shapes = [(rng.randint(1, 9), rng.randint(1, 4)) for _ in range(rng.randint(2, 5))]
    return loader(shapes, rng.randint(1, 2), rng.getrandbits(31))


test_krl_loader, test_a_seeded_bug_is_caught = module_tests("krl_loader", EDGES, draw, BUGS, drawn=2, full=10)
