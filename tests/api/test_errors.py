# SPDX-License-Identifier: Apache-2.0
"""One error for Python and for the command line: each calls the argument as its user does."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from kerilog.errors import ArgumentError
from kerilog.plan.goals import Goal
from support.command import kerilog


def test_names_of_arguments() -> None:
    error = ArgumentError("{0} is not {1}, found {found:g}", "fps", "clock_mhz", found=2.5)
    assert str(error) == "fps is not clock_mhz, found 2.5"
    assert error.naming(str.upper) == "FPS is not CLOCK_MHZ, found 2.5"


def test_values_are_no_templates() -> None:
    """A value with braces is text."""
    error = ArgumentError("{0}: found {found}", "name", found="{0} {evil}")
    assert str(error) == "name: found {0} {evil}"
    assert error.naming(str.upper) == "NAME: found {0} {evil}"


def test_comes_back_whole_from_another_process() -> None:
    with pytest.raises(ArgumentError) as raised:
        Goal(fps=3)
    back = pickle.loads(pickle.dumps(raised.value))
    assert (type(back), str(back)) == (ArgumentError, "fps needs the clock as well: give clock_mhz in MHz")
    assert back.naming(lambda name: f"<{name}>").startswith("<fps> needs")


def test_the_command_names_its_options(shared_design, tmp_path: Path) -> None:
    directory: Path = shared_design.directory
    found = kerilog("synth", directory, "--target", "xc7", "--device", "25k")
    assert (found.status, found.error) == (
        2,
        "kerilog: error: --device is for the targets ecp5, ice40, gowin, nexus, gatemate; "
        "xc7 is not placed on any\n",
    )
