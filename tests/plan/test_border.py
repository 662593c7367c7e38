# SPDX-License-Identifier: Apache-2.0
"""The border: padded beats, register slices, marks that delay results, all in the planned cycles."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from kerilog import area
from kerilog.errors import KerilogError
from kerilog.hardware.design import Design
from kerilog.plan import plan
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph
from kerilog.quantize import read_settings
from support.designs import check
from support.networks import Chain


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


def test_tdata_is_whole_bytes() -> None:
    port = plan(narrow(), 30).inputs[0]
    assert (port.width, port.tdata_bits, port.pad_bits) == (15, 16, 1)
