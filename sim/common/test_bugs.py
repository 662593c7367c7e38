# SPDX-License-Identifier: Apache-2.0
"""Anchors of seeded bugs: what they find, what they refuse, and that every bench's bugs have their place."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from common.bugs import AnchorError, Bug
from common.runner import RTL, SIM

MODULE = """
// a comment that says level <= 0;
`default_nettype none
module counter #(
  parameter WIDTH = (1 > 0) ? 8 : 4,  // bits
  parameter LIMIT = 5
) (
  input  wire             clk, rst,
  input  wire [WIDTH-1:0] step,
  output reg  [WIDTH-1:0] level
);
  localparam integer LAST = LIMIT - 1;
  wire full = level == LAST[WIDTH-1:0], empty = level == 0;
  wire [1:0] pair;
  assign {pair[0], pair[1]} = {full, empty};
  function [WIDTH-1:0] next(input [WIDTH-1:0] value);
    next = value + 1'b1;
  endfunction
  always @(posedge clk) begin
    if (full && !rst) begin
      level <= 0; // full
    end else level <= level + step;
    case (pair)
      2'd1: level <= 1;
      default: if (empty) level <= 2;
    endcase
    if (rst) level <= 0;
  end
  generate
    if (WIDTH > 4) begin : g_wide
      reg held;
      always @(posedge clk) held <= full;
      buffer #(.WIDTH(WIDTH)) out (.clk(clk), .in(held));
    end else begin : g_narrow
      (* keep = "yes" *)
      reg held;
      always @(posedge clk) if (full) held <= empty;
    end
  endgenerate
endmodule
`default_nettype wire
"""

# the name, the tokens there, what replaces them, and the line that comes of it
PLACES = [
    ("LIMIT", "5", "6", "parameter LIMIT = 6"),
    ("step", "[WIDTH-1:0]", "[WIDTH:0]", "input wire [WIDTH:0] step,"),
    ("LAST", "LIMIT - 1", "LIMIT", "localparam integer LAST = LIMIT;"),
    ("full", "level == LAST", "level >= LAST", "wire full = level >= LAST[WIDTH-1:0], empty = level == 0;"),
    ("pair", "{full, empty}", "0", "assign {pair[0], pair[1]} = 0;"),
    ("next", "value + 1'b1", "value", "next = value;"),
    ("level", "full && !rst", "full", "if (full) begin"),
    ("level", "2'd1:", "2'd2:", "2'd2: level <= 1;"),
    ("level", "if (empty)", "", "default: level <= 2;"),
    ("level", "if (rst) level <= 0;", "", "level <= 2; endcase end generate"),
    ("g_wide.held", "<= full", "<= empty", "always @(posedge clk) held <= empty; buffer"),
    ("g_narrow.held", "if (full)", "", "always @(posedge clk) held <= empty;"),
    ("g_wide", "WIDTH > 4", "WIDTH > 3", "if (WIDTH > 3) begin : g_wide"),
    ("g_narrow", "(posedge clk)", "(negedge clk)", "always @(negedge clk) if (full) held <= empty;"),
    ("out", ".in(held)", ".in(1'b0)", "buffer #(.WIDTH(WIDTH)) out (.clk(clk), .in(1'b0));"),
    ("counter", "posedge clk) begin", "negedge clk) begin", "always @(negedge clk) begin if (full"),
]


def squeezed(text: str) -> str:
    """Leave out all white space, comments and attributes."""
    return re.sub(r"//[^\n]*|\(\* keep.*?\*\)|\s", "", text)


@pytest.mark.parametrize(("at", "old", "new", "result"), PLACES, ids=str)
def test_a_bug_finds_its_place(at: str, old: str, new: str, result: str) -> None:
    """The tokens are replaced where the name is defined, and nothing else changes."""
    mutant = Bug("a bug", at, old, new).apply(MODULE)
    assert squeezed(result) in squeezed(mutant)
    assert squeezed(result) not in squeezed(MODULE)
    change = len(squeezed(new)) - len(squeezed(old))
    assert len(squeezed(mutant)) - len(squeezed(MODULE)) == change


def respaced(text: str) -> str:
    """Break the lines at every bracket and operator, with a comment in each gap."""
    start = text.index("module counter")
    body = re.sub(r"//.*", "", text[start : text.index("`default_nettype wire")])
    # (* and *) are one symbol each
    return text[:start] + re.sub(r"([;{},\[\]]|\((?!\*)|(?<!\*)\)|<=|==|&&|\+)", r"\n \1 /* , */\n", body)


@pytest.mark.parametrize(("at", "old", "new"), [place[:3] for place in PLACES], ids=str)
def test_a_reformatted_module_still_matches(at: str, old: str, new: str) -> None:
    """White space and comments are no part of an anchor."""
    bug = Bug("a bug", at, old, new)
    mutant = bug.apply(respaced(MODULE)).replace("/* , */", "")
    assert squeezed(mutant) == squeezed(bug.apply(MODULE).replace("`default_nettype wire", ""))


@pytest.mark.parametrize(
    ("bug", "message"),
    [
        (Bug("lost", "levle", "0", "1"), "nothing is called 'levle'"),
        (Bug("elsewhere", "full", "if (rst)"), "'if (rst)' does not occur where 'full' is defined"),
        (
            Bug("twice", "level", "level <= 0;"),
            "'level <= 0;' occurs 2 times, in lines 21, 27 where 'level' is",
        ),
        (
            Bug("two blocks", "held", "held <=", "held <= !"),
            "'held <=' occurs 2 times, in lines 32, 37 where",
        ),
        (Bug("wrong block", "g_wide.held", "if (full)"), "'if (full)' does not occur where 'g_wide.held' is"),
        (Bug("comment", "counter", "says level", "x"), "'says level' does not occur where 'counter' is"),
        (Bug("part of a word", "full", "leve"), "'leve' does not occur where 'full' is defined"),
        (Bug("same", "full", "level == LAST", "level  ==LAST"), "changes nothing"),
        (Bug("empty", "full", " ", "level"), "changes nothing"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_an_anchor_without_one_place_is_refused(bug: Bug, message: str) -> None:
    """The error names the bug, the tokens, the anchor and the lines."""
    with pytest.raises(AnchorError, match=re.escape(f"bug {bug.name!r}") + ":? " + re.escape(message)):
        bug.apply(MODULE)


def test_a_condition_is_only_part_of_what_it_guards() -> None:
    """Statements beside the one that is named do not count, though they stand in the same block."""
    text = "module m; always @(posedge clk) begin if (go) a <= x; if (go) b <= x; end endmodule"
    assert squeezed("begin a <= x; if (go) b") in squeezed(Bug("a", "a", "if (go)").apply(text))
    with pytest.raises(AnchorError, match="does not occur"):
        Bug("both", "a", "a <= x; if (go)").apply(text)


def test_a_bug_of_another_module_keeps_it() -> None:
    """A bench may list the bugs of what its module instantiates, and of what that instantiates."""
    assert Bug("a", "x", "1", "2").of("inner").module == "inner"
    assert Bug("a", "x", "1", "2", module="innermost").of("inner").module == "innermost"


def bugs_of(bench: Path) -> Sequence[Bug]:
    """Import the tests of a bench for the bugs that they seed."""
    spec = importlib.util.spec_from_file_location(f"bugs_of_{bench.stem}", bench)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    bugs: Sequence[Bug] = module.BUGS
    return bugs


@pytest.mark.parametrize("bench", sorted(SIM.glob("krl_*/test_*.py")), ids=lambda path: path.parent.name)
def test_every_seeded_bug_has_its_place(bench: Path) -> None:
    """Every bench seeds bugs, under names of their own, and each still fits the library as it is now."""
    bugs = bugs_of(bench)
    assert bugs
    names = [bug.name for bug in bugs]
    assert sorted(set(names)) == sorted(names)
    for bug in bugs:
        bug.apply((RTL / f"{bug.module or bench.parent.name}.v").read_text())
