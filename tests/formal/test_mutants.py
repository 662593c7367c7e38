# SPDX-License-Identifier: Apache-2.0
"""Random mutants of modules: where they are, and that some are killed; see sim/mutants."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from mutants import __main__ as runner
from mutants import trial
from mutants.draw import Mutant, drawn, mutants
from mutants.equivalent import EQUIVALENT
from proofs.engine import RTL

needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus is not installed")
SOURCES = {path.stem: path.read_text() for path in sorted(RTL.glob("*.v"))}
TOY = """\
module toy #(parameter WIDTH = 8) (input wire [WIDTH-1:0] a, output reg b);
  localparam COUNT_BITS = WIDTH + 1;
  reg [1:0] c;
  wire unused_bits = !a;
  generate
    if (!(WIDTH >= 2)) begin : g_legal
      toy_needs_width illegal ();
    end
  endgenerate
  always @(posedge clk) begin
    if (rst && a[0] <= c) b <= 1'b0;
  end
endmodule
"""


def changes(text: str) -> Iterator[str]:
    return (mutant.change(text)[1] for mutant in mutants("toy", text))


def test_every_kind_of_mutant_and_no_other() -> None:
    assert list(changes(TOY)) == [
        "if (rst || a[0] <= c) b <= 1'b0;",
        "if (rst && a[1] <= c) b <= 1'b0;",
        "if (rst && a[0] <= c) b <= 1'b1;",
        "if (!(rst && a[0] <= c)) b <= 1'b0;",
        "if (rst && a[0] <= c) ;",
    ]


def test_mutants_of_all_modules_differ_from_each_other() -> None:
    for module, text in SOURCES.items():
        texts = {mutant.apply(text) for mutant in mutants(module, text)}
        assert texts and text not in texts, module
        assert len(texts) == len(mutants(module, text)), module


def test_a_seed_is_an_order() -> None:
    text = SOURCES["krl_fifo"]
    assert drawn("krl_fifo", text, "1") == drawn("krl_fifo", text, "1") != drawn("krl_fifo", text, "2")


def test_what_is_argued_equivalent_is_a_mutant() -> None:
    listed = {
        (module, *mutant.change(text)) for module, text in SOURCES.items() for mutant in mutants(module, text)
    }
    assert set(EQUIVALENT) - listed == set()
    assert all(EQUIVALENT.values())


def number_of(module: str, old: str, new: str) -> int:
    """The number of the mutant with that line in the order of seed 1."""
    text = SOURCES[module]
    order: list[Mutant] = drawn(module, text, "1")
    return next(at for at, mutant in enumerate(order) if mutant.change(text) == (old, new))


@needs_icarus
def test_mutants_that_are_killed() -> None:
    """Among them the one that used to survive, with PE 3, LANES 1, OUTPUTS 4."""
    line = "localparam SLICES_OF_LAST_GROUP = (OUTPUTS - (GROUPS - 1) * PE) / LANES;"
    for new in (
        line.replace("(GROUPS - 1) * PE", "(GROUPS + 1) * PE"),
        line.replace("OUTPUTS -", "OUTPUTS +"),
    ):
        assert trial.main("krl_serializer", "1", number_of("krl_serializer", line, new)).startswith(
            "killed by the bench"
        )


@needs_icarus
def test_a_mutant_is_tried_in_its_own_process(capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main(["--only", "krl_frame_last", "--minutes", "0.001", "--jobs", "1", "--seed", "1"]) == 0
    assert "1 killed, 0 argued equivalent" in capsys.readouterr().out
