# SPDX-License-Identifier: Apache-2.0
"""The border: padded beats, register slices, marks that delay results, all in the planned cycles."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from kerilog import area
from kerilog.errors import KerilogError
from kerilog.hardware.design import Design
from kerilog.integer import model as integer
from kerilog.manifest import Manifest
from kerilog.plan import plan
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph
from kerilog.quantize import read_settings
from kerilog.verify import icarus, verilator
from kerilog.verify.look import Look, taps
from support.designs import assert_codes_equal, check, generate
from support.networks import Chain, draw_codes


def early() -> QGraph:
    """The last row and the last column of the input do nothing."""
    return Chain("early", "fixed", (7, 5, 1), 31).pool((2, 2)).graph


def very_early() -> QGraph:
    """One result, long before the end of the input."""
    return Chain("very_early", "fixed", (9, 3, 1), 32).pool((2, 2), (9, 3)).graph


def narrow() -> QGraph:
    """Codes of 5 bits, three in a beat."""
    return Chain("narrow", "fixed", (6, 5, 3), 33, bits=5).conv(3, (2, 2)).pool().graph


def dense() -> QGraph:
    """All results in one beat or one by one."""
    return Chain("dense", "affine", (12,), 34).dense(6).dense(5, relu=False).graph


NETWORKS = {"early": (early, 35), "very_early": (very_early, 27), "narrow": (narrow, 30), "dense": (dense, 6)}


@pytest.mark.parametrize("registered", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_cycles_are_as_planned(name: str, registered: bool, tmp_path: Path) -> None:
    make, interval = NETWORKS[name]
    graph = make()
    design = plan(graph, interval, registered=registered)
    check(graph, design, tmp_path / "design", f"{name}, registered: {registered}")


def test_the_last_beat_waits_for_the_end_of_the_input() -> None:
    assert plan(very_early(), 27).cycles.latency == 27


@pytest.mark.parametrize("name", NETWORKS)
def test_slices_add_two_cycles_and_no_interval(name: str) -> None:
    make, interval = NETWORKS[name]
    bare, sliced = (plan(make(), interval, registered=registered) for registered in (False, True))
    assert sliced.cycles.frame_interval == bare.cycles.frame_interval
    assert sliced.cycles.latency == bare.cycles.latency + 2
    assert area.of(sliced).ff > area.of(bare).ff


def designs(goal: Goal) -> list[Design]:
    return [design_for(narrow(), dataclasses.replace(goal, register_borders=on)) for on in (False, True)]


@pytest.mark.parametrize("goal", [Goal(), Goal(interval=40), Goal(latency=90), Goal(device="xc7s6")])
def test_every_goal_has_register_slices(goal: Goal) -> None:
    bare, sliced = designs(goal)
    assert (bare.registered, sliced.registered) == (False, True)


def test_the_latency_that_is_asked_for_counts_the_slices() -> None:
    bare, sliced = designs(Goal(interval=30))
    bound = Goal(interval=30, latency=bare.cycles.latency, register_borders=True)
    assert sliced.cycles.latency > bare.cycles.latency
    assert design_for(narrow(), bound).cycles.latency <= bare.cycles.latency


def test_settings_have_register_borders(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("register_borders = true\n")
    assert read_settings(path).register_borders
    path.write_text("register_borders = 1\n")
    with pytest.raises(KerilogError, match="register_borders: expected true or false"):
        read_settings(path)


# ---- the reset ----


@pytest.mark.parametrize("registered", [False, True])
def test_an_active_low_reset_changes_nothing_else(registered: bool, tmp_path: Path) -> None:
    high, low = (
        design_for(narrow(), Goal(interval=30, register_borders=registered, reset=reset))
        for reset in ("active-high", "active-low")
    )
    assert (high.cycles, area.of(high)) == (low.cycles, area.of(low))
    check(narrow(), low, tmp_path / "design", f"active low, registered: {registered}")
    manifest = Manifest.read(tmp_path / "design")
    assert (manifest.reset, manifest.reset_port) == ("active-low", "aresetn")
    top = (tmp_path / "design/rtl/narrow.v").read_text()
    assert "input  wire aresetn," in top and "input  wire rst" not in top


def test_active_low_in_icarus_and_from_inside(tmp_path: Path) -> None:
    graph = early()
    design = design_for(graph, Goal(interval=35, reset="active-low"))
    manifest = generate(graph, tmp_path, design=design)
    codes = draw_codes(graph, 3)
    for run in (icarus.simulate, verilator.simulate):
        look = Look(taps(manifest, graph))
        assert_codes_equal(run(tmp_path, codes, look=look).outputs[0], integer.run(graph, codes), run)
        assert all(len(look.beats[tap.name]) == 3 * tap.beats for tap in look.taps)


def test_settings_have_a_reset(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('reset = "active-low"\n')
    assert read_settings(path).reset == "active-low"
    path.write_text('reset = "low"\n')
    with pytest.raises(KerilogError, match="reset: expected"):
        read_settings(path)


def test_a_reset_that_is_none() -> None:
    with pytest.raises(KerilogError, match="reset must be active-high or active-low, found 'low'"):
        Goal(reset="low")


def test_a_layer_named_like_the_reset(tmp_path: Path) -> None:
    graph = Chain("aresetn", "affine", (12,), 34).dense(6, "rst").dense(5, "aresetn", relu=False).graph
    check(graph, design_for(graph, Goal(interval=6, reset="active-low")), tmp_path / "design", "names")


def test_tdata_is_whole_bytes() -> None:
    port = plan(narrow(), 30).inputs[0]
    assert (port.width, port.tdata_bits, port.pad_bits) == (15, 16, 1)
