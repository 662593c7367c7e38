# SPDX-License-Identifier: Apache-2.0
"""krl_axi_lite: the fewest words, all of an address range, and gaps."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "ADDRESS_BITS WORDS MAPPED WRITABLE",
    (12, 16, 0x5FF3, 0x0182),
    (3, 2, 3, 2),
    (5, 8, 0xFF, 0xFF),
    (6, 4, 0b1011, 0b0001),
)

BUGS = [
    Bug("writes what is read-only", "may_write", "&& WRITABLE[write_word]"),
    Bug("reads what is not there", "may_read", "&& MAPPED[read_word]"),
    Bug(
        "addresses above come around, writes",
        "write_is_beyond",
        "!= 0",
        "!= s_axi_awaddr >> (INDEX_BITS + 2)",
    ),
    Bug(
        "addresses above come around, reads", "read_is_beyond", "!= 0", "!= s_axi_araddr >> (INDEX_BITS + 2)"
    ),
    Bug("a bad write is OKAY", "s_axi_bresp", "bad_write ? SLVERR : OKAY", "OKAY"),
    Bug("a refused write is OKAY", "bad_write", "&& !refused[write_word]"),
    Bug("a bad read is OKAY", "s_axi_rresp", "may_read ? OKAY : SLVERR", "OKAY"),
    Bug("a bad read gives what stands there", "s_axi_rdata", "may_read ?", "1'b1 ?"),
    Bug("a bad write is not told", "bad_write", "!(may_write && !refused[write_word])", "1'b0"),
    Bug("a bad read is not told", "bad_read", "!may_read", "1'b0"),
    Bug("enables are ignored", "enables", "s_axi_wstrb", "4'hf"),
    Bug("takes an address without data", "takes_write", "&& s_axi_wvalid"),
    Bug("takes a write twice", "takes_write", "&& !takes_write"),
    Bug("takes a read twice", "takes_read", "&& !takes_read"),
    Bug("a response is lost, writes", "takes_write", "&& (!s_axi_bvalid || s_axi_bready)"),
    Bug("a response is lost, reads", "takes_read", "&& (!s_axi_rvalid || s_axi_rready)"),
    Bug("a response does not wait, writes", "s_axi_bvalid", "|| (s_axi_bvalid && !s_axi_bready)"),
    Bug("a response does not wait, reads", "s_axi_rvalid", "|| (s_axi_rvalid && !s_axi_rready)"),
    Bug("a response stays, writes", "s_axi_bvalid", "&& !s_axi_bready"),
    Bug("a response stays, reads", "s_axi_rvalid", "&& !s_axi_rready"),
    Bug("rdata changes while it waits", "s_axi_rdata", "if (takes_read)", "if (takes_read || s_axi_rvalid)"),
    survives_reset("takes_write", "1'b0"),
    survives_reset("takes_read", "1'b0"),
    survives_reset("s_axi_bvalid", "1'b0"),
    survives_reset("s_axi_rvalid", "1'b0"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    index_bits = rng.randint(1, 4)
    words = 1 << index_bits
    mapped = rng.getrandbits(words) | 1
    bits = rng.randint(index_bits + 2, 14)
    return {
        "ADDRESS_BITS": bits,
        "WORDS": words,
        "MAPPED": mapped,
        "WRITABLE": mapped & rng.getrandbits(words),
    }


test_krl_axi_lite, test_a_seeded_bug_is_caught = module_tests(
    "krl_axi_lite", EDGES, draw, BUGS, drawn=3, full=20
)
