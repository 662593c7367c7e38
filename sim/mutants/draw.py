# SPDX-License-Identifier: Apache-2.0
"""Mutants of a Verilog module: one token is another, a condition is negated, or an assignment is gone."""

from __future__ import annotations

import dataclasses
import difflib
import itertools
import random
import re
from collections.abc import Iterator, Sequence

from common.bugs import Token, tokens

# `<=` is left alone, for it may be an assignment
SWAPS = {
    "+": ("-",),
    "-": ("+",),
    "*": ("+",),
    "&&": ("||",),
    "||": ("&&",),
    "&": ("|",),
    "|": ("&",),
    "==": ("!=",),
    "!=": ("==",),
    "<": (">=", "<="),
    ">": ("<=", ">="),
    ">=": ("<", ">"),
    "<<": (">>",),
    ">>": ("<<",),
    ">>>": (">>",),
    "!": ("",),
    "~": ("",),
    "1'b0": ("1'b1",),
    "1'b1": ("1'b0",),
    "0": ("1",),
    "1": ("0", "2"),
    "2": ("1", "3"),
}
# what is not logic: widths, which may be larger, refused parameters, signals that nothing reads
IDLE = re.compile(
    r"localparam \w*BITS = [^;]*;|\[[^\[\]]*:[^\[\]]*\]"
    r"|if \([^;]*?\) begin : g_(?:il)?legal.*?end\b|wire unused_\w+[^;]*;",
    re.DOTALL,
)


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One replacement in the text of a module."""

    module: str
    start: int
    end: int
    new: str

    @property
    def name(self) -> str:
        """A name of its own among the mutants of the module."""
        return f"{self.start}-{self.end}-{self.new}"

    def of(self, module: str) -> Mutant:
        """As for seeded bugs: a mutant knows its module."""
        return self

    def apply(self, text: str) -> str:
        """Return the text of the module with the mutant in it."""
        return f"{text[: self.start]}{self.new}{text[self.end :]}"

    def change(self, text: str) -> tuple[str, str]:
        """Return the lines that it changes and what they become, white space being a blank."""
        first = text.rfind("\n", 0, self.start) + 1
        last = text.find("\n", self.end)
        old = text[first:last]
        new = f"{text[first : self.start]}{self.new}{text[self.end : last]}"
        return " ".join(old.split()), " ".join(new.split())

    def diff(self, text: str) -> str:
        """Return what `diff -u` prints."""
        lines = difflib.unified_diff(
            text.splitlines(), self.apply(text).splitlines(), self.module, "mutant", lineterm="", n=1
        )
        return "\n".join(lines)


def mutants(module: str, text: str) -> list[Mutant]:
    """Every mutant of a module, behind its ports."""
    idle = [match.span() for match in IDLE.finditer(text)]
    found = list(tokens(text))
    # parameters have their values from those who instantiate the module
    body = next(at for at, token in enumerate(found) if token.text == ";") + 1
    live = [token for token in found[body:] if not any(start <= token.start < end for start, end in idle)]
    return [*_of_tokens(module, live), *_of_conditions(module, live, text), *_of_assignments(module, live)]


def drawn(module: str, text: str, seed: str) -> list[Mutant]:
    """All mutants of a module in random order."""
    order = mutants(module, text)
    random.Random(f"{seed}/{module}").shuffle(order)
    return order


def _of_tokens(module: str, live: Sequence[Token]) -> Iterator[Mutant]:
    for before, token in itertools.pairwise(live):
        # of a replication a digit is a width
        if token.text.isdigit() and before.text == "{":
            continue
        for new in SWAPS.get(token.text, ()):
            yield Mutant(module, token.start, token.end, new)


def _of_conditions(module: str, live: Sequence[Token], text: str) -> Iterator[Mutant]:
    for at, token in enumerate(live[:-1]):
        if token.text == "if":
            start, end = live[at + 1].start, live[_closing(live, at + 1)].end
            yield Mutant(module, start, end, f"(!{text[start:end]})")


def _of_assignments(module: str, live: Sequence[Token]) -> Iterator[Mutant]:
    for at, token in enumerate(live):
        first = at - 1
        if token.text != "<=" or first < 1:
            continue
        while first > 0 and live[first].text != "[" and live[at - 1].text == "]":
            first -= 1
        first -= live[first].text == "["
        if live[first - 1].text in (";", "begin", "end", ")", "else", ":"):
            end = next(place for place in range(at, len(live)) if live[place].text == ";")
            yield Mutant(module, live[first].start, live[end].end, ";")


def _closing(live: Sequence[Token], at: int) -> int:
    depth = 0
    for place in range(at, len(live)):
        depth += (live[place].text == "(") - (live[place].text == ")")
        if depth == 0:
            return place
    raise ValueError("a bracket is not closed")
