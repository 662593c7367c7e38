# SPDX-License-Identifier: Apache-2.0
"""Binary parameters of networks that are trained: what they become, and what a study says of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kerilog import floating, frontend
from kerilog.graph import BatchNormalization, Conv2D, Dense, Graph, Learned
from kerilog.study.approximate import around_one, signs
from kerilog.study.binarize import binarized, present, steps
from support.command import kerilog
from support.keras_files import CLASSES, SHAPE, label_as, write_samples, write_tiny
from support.paths import MODELS


def loaded(path: Path) -> Graph:
    graph = frontend.load(path)
    assert isinstance(graph, Graph)
    return graph


def test_zero_counts_as_plus_one_and_gamma_is_around_one() -> None:
    values = np.array([-2.0, -0.0, 0.0, 1e-30, 0.99, 1.0, 3.0], np.float32)
    assert signs(values).tolist() == [-1, 1, 1, 1, 1, 1, 1]
    assert signs(values).dtype == np.float32
    assert around_one(values).tolist() == [0, 0, 0, 0, 0, 2, 2]


def test_only_what_is_asked_for_changes() -> None:
    graph = loaded(MODELS / "mnist_cnn.keras")
    assert present(graph) == ("kernel", "bias")
    changed = binarized(graph, ["kernel"])
    for before, after in zip(graph, changed, strict=True):
        if isinstance(before.op, Conv2D | Dense):
            assert isinstance(after.op, Conv2D | Dense)
            assert np.array_equal(after.op.kernel, np.where(before.op.kernel < 0, -1, 1))
            assert np.array_equal(after.op.bias, before.op.bias)
        else:
            assert after.op is before.op or vars(after.op) == vars(before.op)


def test_gamma_and_beta_keep_mean_and_deviation() -> None:
    learned = Learned(np.array([1.5, 0.5]), None, np.array([1.0, -2.0]), np.array([2.0, 4.0]))
    scale, offset = learned.combined()
    assert (scale.tolist(), offset.tolist()) == ([0.75, 0.125], [-0.75, 0.25])
    norm = BatchNormalization(scale.astype(np.float32), offset.astype(np.float32), learned)
    graph = loaded(MODELS / "mnist_cnn.keras")
    node = graph.nodes[-1]
    graph = type(graph)(**{**vars(graph), "nodes": (type(node)(**{**vars(node), "op": norm}),)})
    assert present(graph) == ("gamma",)
    (changed,) = binarized(graph, ["gamma", "beta"])
    assert isinstance(changed.op, BatchNormalization)
    assert changed.op.scale.tolist() == [1.0, 0.0]
    assert changed.op.offset.tolist() == [-1.0, 0.0]


def test_each_step_counts_the_answers_of_its_network(tmp_path: Path) -> None:
    graph = loaded(write_tiny(tmp_path / "tiny.keras"))
    x = np.random.default_rng(3).random((50, *SHAPE)).astype(np.float32)
    labels = floating.run(graph, x)[0].argmax(axis=-1)
    first, *rest = steps(graph, x, labels)
    assert first.kinds == () and first.accuracy == 1 and first.title == "none"
    assert [step.kinds for step in rest] == [("kernel",), ("kernel", "bias")]
    for step in rest:
        answers = floating.run(binarized(graph, step.kinds), x)[0].argmax(axis=-1)
        for truth in range(CLASSES):
            counted = np.bincount(answers[labels == truth], minlength=CLASSES)
            assert step.matrix[truth].tolist() == counted.tolist()


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_tiny(Path("tiny.keras"))
    write_samples(Path("samples.npz"))
    label_as(Path("tiny.keras"), Path("samples.npz"))
    found = kerilog("study", "tiny.keras", "--data", "samples.npz", "--binarize", "--samples", 20)
    assert found.status == 0, found.error
    written = json.loads(Path("build/tiny-binary/binarize.json").read_text())
    assert [step["binary"] for step in written["steps"]] == [[], ["kernel"], ["kernel", "bias"]]
    assert written["samples"] == 20
    assert all(np.sum(step["confusion"]) == 20 for step in written["steps"])
    assert "confusion matrix, binary: kernel, bias; rows: the true class" in found.output
    refused = kerilog("study", "tiny.keras", "--binarize", "--samples", 0)
    assert (refused.status, refused.error) == (
        2, "kerilog: error: --samples must be at least 1, found 0\n",
    )  # fmt: skip
