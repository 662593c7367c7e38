# SPDX-License-Identifier: Apache-2.0
"""What the Verilog of a design folder may say before a tool compiles it: what Kerilog's own generator writes.

A design folder may come from anybody, and Verilog can open files, run programs and hold C. So everything is
refused that the generator never writes: system tasks (``$fopen``, ``$system``, ``$c``), directives
(`` `include``), reserved words (``import``, ``bind``), comments that command a tool, escaped identifiers.
Memories are read from the files that the manifest lists, and from no other place: what reaches ``$readmemh``
is followed back through the parameters to the texts that it can be.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, NoReturn

from kerilog.errors import KerilogError
from kerilog.hardware.naming import KEYWORDS

SYSTEM = frozenset(("$clog2", "$readmemh", "$signed", "$unsigned"))
"""System tasks and functions that are legal: none of them leaves the design but ``$readmemh``."""

_SYNTHESIS = "keep logic_block ram_style ramstyle rom_style romstyle shreg_extract use_dsp"
_ATTRIBUTES = frozenset((*_SYNTHESIS.split(), "X_INTERFACE_INFO", "X_INTERFACE_PARAMETER"))
_WORDS_TEXT = """
always and assign begin case casez default else end endcase endfunction endgenerate endmodule for
function generate genvar if initial inout input integer localparam module negedge not or output
parameter posedge reg signed wire xor
"""
_WORDS = frozenset(_WORDS_TEXT.split())  # those of the language that the generator writes
# What krl_rom says for tools that others start: where the macro is defined, which it never is here.
_BRANCHES = (
    *("`ifdef", "KRL_DESIGN_DIR"),
    *("localparam", "PLACE", "=", "{", "`KRL_DESIGN_DIR", ",", '"/"', ",", "FILE", "}", ";"),
    *("`else", "localparam", "PLACE", "=", "FILE", ";", "`endif"),
)
_TAKEN = slice(_BRANCHES.index("`else") + 1, -1)
_COMMANDS = re.compile(r"\W*verilator|.*\b(translate_o|parallel_case|full_case)", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(
    r"(?P<blank>[ \t\n]+|//(?P<line>[\t -~]*)|/\*(?P<block>(?:[\t\n -)+-~]|\*(?!/))*)\*/)"
    r'|(?P<text>"[ !#-[\]-~]*")'
    r"|(?P<directive>`\w*)"
    r"|(?P<system>\$[\w$]*)"
    r"|(?P<word>[A-Za-z_][\w$]*)"
    r"|(?P<number>\d[\d_]*(?:\.\d+)?|'[sS]?[bBoOdDhH][ \t]*[0-9a-fA-F_xXzZ?]+)"
    r"|(?P<attribute>\(\*(?!\s*\)))"
    r"|(?P<mark>[-!#%&()*+,.:;<=>?@\[\]^{|}~]|/(?!\*))",
    re.ASCII,
)


class _Token(NamedTuple):
    kind: str
    text: str
    place: int


Parameter = tuple[str, str]  # the name of a module and of a parameter of it


def check(sources: Mapping[str, str], memories: Collection[str]) -> None:
    """Raises KerilogError unless the Verilog of ``sources``, by their paths, is of the generator's kind.

    ``memories``: the paths of the files that it may read.
    """
    files = [_File(name, text) for name, text in sources.items()]
    for file in files:
        file.check_words()
    paths: set[Parameter] = set()  # what names a memory file
    while more := {parameter for file in files for parameter in file.named_by(paths)} - paths:
        paths |= more
    for file in files:
        file.check_paths(paths, frozenset(memories))


def _here(tokens: tuple[_Token, ...]) -> tuple[_Token, ...]:
    """``tokens`` with that branch alone of ``_BRANCHES``, word for word, that is taken here."""
    found: list[_Token] = []
    place = 0
    while place < len(tokens):
        part = tokens[place : place + len(_BRANCHES)]
        is_choice = tuple(token.text for token in part) == _BRANCHES
        found += part[_TAKEN] if is_choice else part[:1]
        place += len(part) if is_choice else 1
    return tuple(found)


class _File:
    """One source file as tokens."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text.replace("\r\n", "\n")
        self.tokens = _here(tuple(self._scan()))
        self.owners = self._owners()

    def _scan(self) -> Iterator[_Token]:
        """The tokens; comments are looked at and left out."""
        place = 0
        while place < len(self.text):
            found = _TOKEN.match(self.text, place)
            if found is None:
                self._refuse(place, f"{self.text[place]!a} is nothing that Kerilog writes there")
            if found["blank"] is None:
                yield _Token(found.lastgroup or "", found.group(), place)
            elif _COMMANDS.match(found["line"] or found["block"] or ""):
                self._refuse(place, "a comment that commands a tool")
            place = found.end()

    def _refuse(self, place: int, why: str) -> NoReturn:
        line = self.text.count("\n", 0, place) + 1
        raise KerilogError(
            f"{self.name}:{line}: {why}; only Verilog of the kind that Kerilog generates is given to a tool"
        )

    def _at(self, index: int) -> str:
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def check_words(self) -> None:
        """Refuse what the generator never writes, token by token."""
        for index, (kind, text, place) in enumerate(self.tokens):
            if kind == "system" and text not in SYSTEM:
                self._refuse(place, f"the system task '{text}'")
            elif kind == "directive":
                self._check_directive(index)
            elif kind == "word" and text in KEYWORDS and text not in _WORDS:
                self._refuse(place, f"the word '{text}'")
            elif kind == "attribute" and self._at(index + 1) not in _ATTRIBUTES:
                self._refuse(place, f"the attribute '{self._at(index + 1)}'")
            elif text == "#":
                self._check_parameters(index)

    def _check_directive(self, index: int) -> None:
        if self._at(index) != "`default_nettype" or self._at(index + 1) not in ("none", "wire"):
            self._refuse(self.tokens[index].place, f"the directive '{self._at(index)}'")

    def _check_parameters(self, index: int) -> None:
        """Parameters are given by name, so that it shows which of them name a file."""
        if self._at(index + 1) != "(" or self._at(index + 2) not in (".", "parameter"):
            self._refuse(self.tokens[index].place, "a delay, or parameters without names")

    def _owners(self) -> tuple[str, ...]:
        """For each token the module that a parameter of its name would belong to.

        It is the module that is being described, and in the parentheses of ``name #(.PARAMETER(value))``,
        for what stands behind a dot, the one that is placed.
        """
        owners, module, placed, depth = [], "", "", 0
        for index, (kind, text, _) in enumerate(self.tokens):
            before = self._at(index - 1)
            if before == "module":
                module = text
            if text == "(" or kind == "attribute":
                if before == "#" and self._at(index - 3) != "module":
                    placed, depth = self._at(index - 2), 0
                depth += 1
            elif text == ")":
                depth -= 1
                placed = placed if depth else ""
            owners.append(placed if before == "." and placed else module)
        return tuple(owners)

    def named_by(self, paths: Collection[Parameter]) -> Iterator[Parameter]:
        """The parameters whose value reaches ``$readmemh``, or one of the parameters ``paths``, directly."""
        for index, (_, text, _) in enumerate(self.tokens[:-3]):
            known = (self.owners[index], text) in paths and self._at(index + 1) in ("(", "=")
            if (known or text == "$readmemh") and self.tokens[index + 2].kind == "word":
                yield self.owners[index + 2], self._at(index + 2)

    def check_paths(self, paths: Collection[Parameter], memories: Collection[str]) -> None:
        """Each way of a path to ``$readmemh`` begins at a text that is one of ``memories``, or empty."""
        good: set[int] = set()  # where a parameter of ``paths`` stands as it should
        for index, (kind, text, place) in enumerate(self.tokens):
            before, behind = self._at(index - 1), self._at(index + 1)
            known = kind == "word" and (self.owners[index], text) in paths
            if text == "$readmemh" and behind == "(":
                ends: tuple[str, ...] = (",",)
            elif known and before == "." and behind == "(":
                ends = (")",)
            elif known and before in ("parameter", "localparam") and behind == "=":
                ends = (",", ";", ")")
            elif (known and index not in good) or text == "$readmemh":
                self._refuse(place, f"'{text}' where no memory file is named")
            else:
                continue
            self._check_value(index + 2, ends, paths, memories)
            good |= {index + 2}

    def _check_value(
        self, index: int, ends: tuple[str, ...], paths: Collection[Parameter], memories: Collection[str]
    ) -> None:
        """The token at ``index`` is one of ``paths`` or a text that is legal, and the value ends there."""
        value = self.tokens[min(index, len(self.tokens) - 1)]
        if self._at(index + 1) not in ends:
            self._refuse(value.place, "the file of a memory is put together")
        if value.kind == "text" and value.text[1:-1] not in {"", *memories}:
            self._refuse(value.place, f"reads {value.text[1:-1]!a}, which is no memory of the manifest")
        if value.kind != "text" and (value.kind != "word" or (self.owners[index], value.text) not in paths):
            self._refuse(value.place, f"'{value.text}' is no file of a memory")
