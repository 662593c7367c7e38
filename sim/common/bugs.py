# SPDX-License-Identifier: Apache-2.0
"""Seeded bugs: one change to a Verilog module, anchored by a name and by tokens.

A bench is worth what it catches, so every bench lists bugs that it must fail on. An anchor names a signal,
parameter, instance, function or labelled block; the tokens to replace are looked for only where that name is
declared or assigned, and in the conditions in front of that. White space, comments and what stands elsewhere
in the module do not matter. An anchor that is missing or ambiguous is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

_LEXER = re.compile(
    r"""(?P<skipped>\s+|//[^\n]*|/\*.*?\*/|`(?:default_nettype|timescale|ifdef|else|endif)\b[^\n]*
      | \(\*(?!\s*\)).*?\*\))
      | "(?:\\.|[^"\\])*"
      | (?:\d+\s*)?'[sS]?[bodhBODH]\s*\w+ | \d[\w.]*
      | [$A-Za-z_][\w$]*
      | <<< | >>> | === | !== | <= | >= | == | != | && | \|\| | << | >> | \*\* | [+\-]: | \S""",
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")


class AnchorError(ValueError):
    """A bug has no place in the module, or more than one."""


@dataclass(frozen=True)
class Bug:
    """What to get wrong, in one place of a module.

    `at` is the anchor; a label before it, as in `g_block.read_data`, selects one of several blocks. `old`
    must occur exactly once there and becomes `new`. `module` is the module with the bug where that is not the
    one under test.
    """

    name: str
    at: str
    old: str
    new: str = ""
    module: str = ""

    def of(self, module: str) -> Bug:
        """Return the same bug as seen from the bench of another module that instantiates `module`."""
        return replace(self, module=self.module or module)

    def apply(self, text: str) -> str:
        """Return the text of a module with the bug in it; raise AnchorError unless it has one place."""
        read = list(tokens(text))
        places = list(self._places(read))
        if len(places) != 1:
            lines = ", ".join(str(text.count("\n", 0, read[at].start) + 1) for at in places)
            found = f"occurs {len(places)} times, in lines {lines}" if places else "does not occur"
            raise AnchorError(f"bug {self.name!r}: {self.old!r} {found} where {self.at!r} is defined")
        first, last = read[places[0]], read[places[0] + len(_words(self.old)) - 1]
        return f"{text[: first.start]} {self.new} {text[last.end :]}"

    def _places(self, read: Sequence[Token]) -> Iterator[int]:
        *labels, name = self.at.split(".")
        old = _words(self.old)
        if not old or old == _words(self.new):
            raise AnchorError(f"bug {self.name!r} changes nothing")
        items = [item for item in _Reader(read).items if item.is_called(name, labels)]
        if not items:
            raise AnchorError(f"bug {self.name!r}: nothing is called {self.at!r}")
        region = frozenset[int]().union(*(item.region for item in items))
        texts = [token.text for token in read]
        for at in sorted(region):
            if texts[at : at + len(old)] == old and region.issuperset(range(at, at + len(old))):
                yield at


def survives_reset(at: str, value: str = "0", module: str = "") -> Bug:
    """Return the bug of a register that is reset to `value` at the start only, while it is still unknown."""
    name = at.split(".")[-1]
    reset = f"{name} <= {value};"
    return Bug(f"{name} survives reset", at, reset, f"if (^{name} === 1'bx) {reset}", module)


@dataclass(frozen=True)
class Token:
    """A word of Verilog, white space taken out, and where it stands."""

    text: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """Yield the words of a Verilog text; comments, attributes and directives are none."""
    for match in _LEXER.finditer(text):
        if match["skipped"] is None:
            yield Token("".join(match[0].split()) if match[0][0] != '"' else match[0], *match.span())


def _words(text: str) -> list[str]:
    return [token.text for token in tokens(text)]


@dataclass(frozen=True)
class _Item:
    """What one name, or a few in one statement, stand for, and the tokens that say so."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    region: frozenset[int]

    def is_called(self, name: str, labels: Sequence[str]) -> bool:
        return name in self.names and set(labels) <= set(self.labels)


@dataclass(frozen=True)
class _Context:
    """The labelled blocks around a statement, and the tokens of the conditions that it depends on."""

    labels: tuple[str, ...] = ()
    guards: frozenset[int] = frozenset()

    def guarded_by(self, first: int, end: int) -> _Context:
        return replace(self, guards=self.guards | set(range(first, end)))


@dataclass
class _Reader:
    """Finds the named items of a module: as much of a parser as that needs."""

    tokens: Sequence[Token]
    items: list[_Item] = field(default_factory=list)
    at: int = 0

    def __post_init__(self) -> None:
        while self._word not in ("module", ""):
            self.at += 1
        start = self.at
        name = self.tokens[self.at + 1].text if self._word else ""
        self._header()
        while self._word not in ("endmodule", ""):
            self._statement(_Context())
        self._add((name,), _Context(), start)

    @property
    def _word(self) -> str:
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def _add(self, names: Sequence[str], context: _Context, start: int) -> None:
        region = context.guards | set(range(start, self.at))
        self.items.append(_Item(tuple(names), context.labels, region))

    def _header(self) -> None:
        """Read the parameters and ports: a list in parentheses is as good as statements of their own."""
        while self._word not in (";", ""):
            if self._word == "(":
                end = self._behind_group(self.at)
                for first, last in self._split(self.at + 1, end - 1):
                    self.at = last
                    self._add(self._names(first, last), _Context(), first)
                self.at = end
            else:
                self.at += 1
        self.at += 1

    def _statement(self, context: _Context) -> None:
        """Read one statement, of a procedure or of the module, with what it contains."""
        start, word = self.at, self._word
        if word == "begin":
            self._block(context, start)
        elif word in ("generate", "endgenerate"):
            self.at += 1
        elif word in ("always", "initial"):
            self.at += 1
            if self._word == "@":
                self.at += 1
                self._skip_group()
            self._statement(context.guarded_by(start, self.at))
        elif word in ("if", "for", "while", "repeat"):
            self._controlled(context, start)
        elif word in ("case", "casez", "casex"):
            self._case(context, start)
        elif word == "function":
            self._function(context, start)
        else:
            self._leaf(context, start)

    def _block(self, context: _Context, start: int) -> None:
        self.at += 1
        inside = context.guarded_by(start, self.at)
        if self._word == ":":
            label = self.tokens[self.at + 1].text
            self.at += 2
            inside = replace(inside, labels=(*context.labels, label))
        while self._word not in ("end", ""):
            self._statement(inside)
        self.at += 1
        if inside.labels != context.labels:
            self._add(inside.labels[-1:], context, start)

    def _controlled(self, context: _Context, start: int) -> None:
        self.at += 1
        self._skip_group()
        self._statement(context.guarded_by(start, self.at))
        if self.tokens[start].text == "if" and self._word == "else":
            self.at += 1
            self._statement(context.guarded_by(self.at - 1, self.at))

    def _case(self, context: _Context, start: int) -> None:
        self.at += 1
        self._skip_group()
        inside = context.guarded_by(start, self.at)
        while self._word not in ("endcase", ""):
            arm = self.at
            while self._word not in (":", ""):
                self._skip_group()
            self.at += 1
            self._statement(inside.guarded_by(arm, self.at))
        self.at += 1

    def _function(self, context: _Context, start: int) -> None:
        while self._word not in ("(", ";", ""):
            self._skip_group()
        names = self._names(start, self.at)
        while self._word not in ("endfunction", ""):
            self.at += 1
        self.at += 1
        self._add(names, context, start)

    def _leaf(self, context: _Context, start: int) -> None:
        while self._word not in (";", ""):
            self._skip_group()
        parts = list(self._split(start, self.at))
        self.at += 1
        self._add([name for first, end in parts for name in self._names(first, end)], context, start)

    def _names(self, first: int, end: int) -> list[str]:
        """Find what is declared, assigned or instantiated: the last word before `=`, or those in braces."""
        words, at = [], first
        while at < end and self.tokens[at].text not in ("=", "<="):
            text = self.tokens[at].text
            if text in ("(", "["):
                at = self._behind_group(at)
                continue
            words.append(text)
            at += 1
        if "{" in words:
            words = words[words.index("{") :]
            return [word for word in words if word[0].isalpha()]
        return words[-1:]

    def _split(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Cut at the commas that stand in no brackets."""
        at = first
        while at < end:
            if self.tokens[at].text == ",":
                yield first, at
                first = at + 1
            at = self._behind_group(at)
        yield first, end

    def _skip_group(self) -> None:
        self.at = self._behind_group(self.at)

    def _behind_group(self, at: int) -> int:
        """Step over a token, or over all up to the bracket that closes it."""
        depth = 0
        while at < len(self.tokens):
            depth += (self.tokens[at].text in _OPENING) - (self.tokens[at].text in _CLOSING)
            at += 1
            if depth <= 0:
                break
        return at
