# SPDX-License-Identifier: Apache-2.0
"""Names of layers: harmless whatever a file holds, unique, and found by those who type them."""

from __future__ import annotations

import random
import re
import time

import pytest

from kerilog.errors import KerilogError, Unsupported
from kerilog.names import LONGEST, Names, chosen, harmless, printable, shown, unique_names


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        ("conv2d_1", "conv2d_1"),
        ("a/conv", "a/conv"),
        ("my first conv (1)", "my first conv (1)"),
        ("1st", "1st"),
        ("-x.y", "-x.y"),
        ("café au lait", "cafe au lait"),
        ("卷积_1", "u5377u79ef_1"),
        ("module; endmodule //", "module_ endmodule"),
        ("a\nendmodule\nb", "a_endmodule_b"),
        ("x */ y", "x _/ y"),
        ("\x1b[31mred", "__31mred"),
        ('say "it\'s" `so`\\', "say _it_s_ _so__"),
        ("[bold]a[/bold]", "_bold_a_/bold_"),
        ("../../x", "__/__/x"),
        ("a/./b", "a/_/b"),
        ("v1..2", "v1..2"),
        ("/absolute/", "absolute"),
        ("😀", "_"),
        ("\ud800", "_"),
        ("", "_"),
        ("  ", "_"),
        ("x" * 5000, "x" * 64),
    ],
)
def test_what_a_file_calls_a_layer_becomes_harmless(stored: str, name: str) -> None:
    assert harmless(stored) == name


@pytest.mark.parametrize("seed", range(20))
def test_any_text_becomes_harmless_once_and_for_all(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(300):
        top = draw.choice((0x7F, 0x2FF, 0xFFFF, 0x10FFFF))
        text = "".join(chr(draw.randint(0, top)) for _ in range(draw.randint(0, 90)))
        text = draw.choice(("", "../", "a/../")) + text
        name = harmless(text)
        assert re.fullmatch(r"[A-Za-z0-9_.()+-]([A-Za-z0-9_./ ()+-]*[A-Za-z0-9_.()+-])?", name), (seed, text)
        assert len(name) <= LONGEST, (seed, text)
        assert not {".", ".."} & set(name.split("/")), (seed, text)
        assert harmless(name) == name, (seed, text)


def test_a_taken_name_is_counted_up() -> None:
    names = Names({"a", "a_2", "x" * LONGEST})
    assert [names.take(name) for name in ("b", "a", "a", "é", "a_2", "a")] == [
        "b",
        "a_3",
        "a_4",
        "e",
        "a_2_2",
        "a_5",
    ]
    assert names.take("x" * 1000) == "x" * (LONGEST - 2) + "_2"


def test_a_hundred_thousand_of_one_name_take_no_time() -> None:
    names, started = Names(), time.process_time()
    assert len({names.take("conv") for _ in range(100_000)}) == 100_000
    assert time.process_time() - started < 5


def test_harmless_names_stay_and_others_make_way() -> None:
    assert unique_names(["é", "e", "b!", "b?", "b_", "a/b"]) == ["e_2", "e", "b__2", "b__3", "b_", "a/b"]
    assert unique_names([]) == []


def test_a_layer_is_found_by_its_name_or_by_a_part_that_no_other_has() -> None:
    names = ["a/conv", "b/conv", "b/conv/relu", "dense", "dense/relu", "convolution", "c/d/e"]
    found = {
        asked: chosen(asked, names, "") for asked in ("a/conv", "a", "dense", "dense/relu", "d/e", "c/d", "e")
    }
    assert found == {
        "a/conv": "a/conv",
        "a": "a/conv",
        "dense": "dense",
        "dense/relu": "dense/relu",
        "d/e": "c/d/e",
        "c/d": "c/d/e",
        "e": "c/d/e",
    }
    with pytest.raises(KerilogError, match=r"^layer 'conv': could be a/conv or b/conv; give the whole name$"):
        chosen("conv", names, "")
    for asked in ("con", "c/e", "/", ""):
        with pytest.raises(KerilogError, match=f"^layer '{asked}': is not there$"):
            chosen(asked, names, "is not there")


def test_what_errors_repeat_of_a_file_is_printable() -> None:
    assert shown("a\n\x1b[é") == r"'a\n\x1b[\xe9'"
    assert shown("x" * 100) == "'" + "x" * 76 + "..."
    assert printable("a\nb \x1b[31m é 😀") == r"a b \x1b[31m \xe9 \U0001f600"
    assert len(printable("x" * 1000)) == 200


def test_reasons_come_together_and_survive() -> None:
    error = Unsupported.together([("a", "LSTM is not supported"), ("b/c", "no")])
    assert str(error) == "layer 'a': LSTM is not supported; layer 'b/c': no"
    assert error.reasons == (("a", "LSTM is not supported"), ("b/c", "no"))
    assert Unsupported("x").reasons == (("", "x"),)
