# SPDX-License-Identifier: Apache-2.0
"""Several inputs and outputs: RTL equal to the integer model, cycles as planned, ports by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from kerilog.emit import picture
from kerilog.errors import KerilogError, Unsupported
from kerilog.integer.model import run_outputs
from kerilog.manifest import Manifest
from kerilog.plan import plan
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph, QInput, QNode
from kerilog.verify import layers, look, simulate
from kerilog.verify.steady import simulate_steady
from support.branches import Branches
from support.designs import assert_all_equal, check, draw_all, generate
from support.two_ports import ends_in, heads, two_images, with_input


def inputs_that_meet_at_once() -> QGraph:
    """A sum of the inputs themselves."""
    net = Branches("meet", "affine", (4, 4, 2), 42, input_name="a")
    return with_input(net, "b", (4, 4, 2)).add("a").graph


def apart() -> QGraph:
    """Two networks that have nothing in common, one of which ends long before its input."""
    net = Branches("apart", "fixed", (7, 3, 1), 44, input_name="x").pool((2, 2), name="first")
    with_input(net, "y", (8,)).dense(4, "second")
    return ends_in(net, "first", "second")


def through() -> QGraph:
    """An input that is an output as well."""
    net = Branches("through", "fixed", (3, 4, 2), 45, input_name="x").conv(2, (1, 1), name="y")
    return ends_in(net, "x", "y")


NETWORKS: dict[str, tuple[Callable[[], QGraph], int]] = {
    "two images": (two_images, 40),
    "narrow": (lambda: two_images(bits=5), 30),
    "meet": (inputs_that_meet_at_once, 16),
    "heads": (heads, 24),
    "apart": (apart, 21),
    "through": (through, 12),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_data_and_cycles(name: str, tmp_path: Path) -> None:
    make, interval = NETWORKS[name]
    graph = make()
    registered = name in ("narrow", "heads")
    check(graph, plan(graph, interval, registered=registered), tmp_path / "design", name)


@pytest.mark.parametrize("name", ["two images", "heads"])
def test_verilator_and_a_look_inside(name: str, tmp_path: Path) -> None:
    make, interval = NETWORKS[name]
    graph = make()
    design = plan(graph, interval)
    generate(graph, tmp_path, design=design)
    codes = draw_all(graph, 9)
    found = simulate_steady(tmp_path, codes)
    assert_all_equal(found.result, run_outputs(graph, codes), name)
    assert list(found.differences(Manifest.read(tmp_path))) == []
    for simulator in ("verilator", "icarus"):
        assert layers.first_difference(tmp_path, graph, codes, simulator) is None


def test_ports_have_the_names_of_layers(tmp_path: Path) -> None:
    manifest = generate(two_images(), tmp_path, 40)
    assert [(one.name, one.port) for one in manifest.inputs] == [
        ("left image", "s_axis_left_image"),
        ("right.image", "s_axis_right_image"),
    ]
    assert [one.port for one in manifest.outputs] == ["m_axis"]
    top = (tmp_path / "rtl/two.v").read_text()
    for signal in ("s_axis_left_image_tdata", "s_axis_right_image_tlast", "m_axis_tuser"):
        assert f" {signal}" in top
    taps = look.taps(manifest, two_images())
    assert [tap.name for tap in taps[:2]] == ["guarded_left_image", "guarded_right_image"]


def test_names_that_the_top_module_uses_are_avoided(tmp_path: Path) -> None:
    net = Branches("names", "fixed", (3, 3, 1), 46, input_name="a")
    net.conv(1, (1, 1), name="guarded b", relu=False)
    with_input(net, "b", (3, 3, 1)).conv(1, (1, 1), name="frame_guard_a", relu=False)
    net.add("guarded b").flatten("f").dense(2, "marked")
    graph = net.graph
    check(graph, plan(graph, 12), tmp_path / "design", "names")


def test_every_goal_and_a_picture() -> None:
    graph = two_images()
    for goal in (Goal(), Goal(interval=60), Goal(device="xc7s6"), Goal(multipliers=4)):
        design = design_for(graph, goal)
        assert [port.name for port in design.inputs] == ["s_axis_left_image", "s_axis_right_image"]
        assert "5 x 4 x 3" in picture.render(design) or "5x4x3" in picture.render(design)


def test_frames_of_every_input_are_needed(tmp_path: Path) -> None:
    graph = two_images()
    generate(graph, tmp_path, 40)
    codes = draw_all(graph, 2)
    with pytest.raises(KerilogError, match=r"expected an array 'right\.image', found 'left image'"):
        simulate(tmp_path, {"left image": codes["left image"]}, "icarus")
    with pytest.raises(KerilogError, match="as many frames for each input, found 1 of 'left image', 2 of"):
        simulate(tmp_path, {**codes, "left image": codes["left image"][:1]}, "icarus")


def test_an_input_that_nothing_uses_is_refused() -> None:
    net = Branches("idle", "fixed", (4,), 47).dense(2, "y")
    graph = dataclasses.replace(net.graph, nodes=(*net.nodes, QNode("z", QInput(), (), (3,), net._format())))
    with pytest.raises(Unsupported, match="layer 'z': hardware does not support an input that nothing uses"):
        plan(graph)
