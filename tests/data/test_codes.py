# SPDX-License-Identifier: Apache-2.0
"""What ``eval``, ``sim`` and ``run`` take arrays for: real numbers, codes, or raw samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerilog
from kerilog import frames, storage
from kerilog.errors import KerilogError
from kerilog.formats import Affine, IntArray
from kerilog.graph import Graph
from kerilog.integer.model import run
from kerilog.manifest import IntegerManifest, Scaling
from kerilog.qgraph import QConcatenate, QGraph, QInput, QNode
from support import command
from support.keras_files import SHAPE, write_samples, write_tiny

FORMAT = Affine(8, 1 / 100, -128)
IMAGES = np.random.default_rng(7).integers(0, 128, (4, *SHAPE)).astype(np.uint8)
DIVIDED = {"x": Scaling(dtype="uint8", minimum=0, maximum=255, factor=1 / 255)}


def network(*names: str) -> QGraph:
    nodes = [QNode(name, QInput(), (), (2,), FORMAT) for name in names]
    nodes.append(QNode("both", QConcatenate(), names, (2 * len(names),), FORMAT))
    return QGraph("net", "affine", tuple(nodes), ("both",))


def codes(x: Any, kind: frames.Kind | None = None, **options: Any) -> list[list[int]]:
    return frames.codes_of(network("x"), {"x": np.asarray(x)}, kind, **options)["x"].tolist()


def test_floats_are_quantized_and_integers_are_codes() -> None:
    assert codes([[0.0, 1.0]]) == [[-128, -28]]
    assert codes([[0, 1]]) == codes([[0, 1]], "codes") == [[0, 1]]
    assert codes(np.array([[0, 1]], np.uint8), "codes") == [[0, 1]]
    assert codes(np.array([[0, 1]], np.uint16)) == [[0, 1]]


def test_raw_samples_are_scaled_as_the_build_scaled_them() -> None:
    raw = np.array([[0, 255]], np.uint8)
    assert codes(raw, "raw", scaling=DIVIDED) == [[-128, -28]]
    assert codes([[0.0, 1.0]], "raw", scaling=DIVIDED) == [[-128, -28]]  # floats are taken as they are
    given = {"x": Scaling(dtype="float32", minimum=0, maximum=1, factor=0.01, given=True)}
    for dtype in (np.uint8, np.int32, np.float32):
        assert codes(np.array([[0, 100]], dtype), "raw", scaling=given) == [[-128, -28]]


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "uint8": (
        lambda: codes(np.zeros((1, 2), np.uint8)),
        'inputs: uint8 may be codes or raw samples: say which, kind="codes" or kind="raw"',
    ),
    "floats for codes": (lambda: codes([[0.5, 1]], "codes"), "inputs: expected integer codes, found float64"),
    "codes out of range": (lambda: codes([[0, 200]], "codes"), "integer codes must lie in -128..127"),
    "raw samples as codes": (
        lambda: codes([[0, 200]]),
        "found 0..200; give floats to have them quantized, or say whether these are codes or raw samples, "
        'kind="codes" or kind="raw"',
    ),
    "raw, no rule": (
        lambda: codes(np.zeros((1, 2), np.uint8), "raw"),
        "how raw uint8 is scaled is not known: the network was made without samples; give floats",
    ),
    "raw, other type": (
        lambda: codes([[0, 1]], "raw", scaling=DIVIDED),
        "how raw int64 is scaled is not known: the network was made with samples of uint8",
    ),
    "raw, not finite": (lambda: codes([[0.0, np.nan]], "raw", scaling=DIVIDED), "1 samples hold NaN"),
    "single number": (lambda: codes(np.uint8(1), "codes"), "expected shape (frames, 2,)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_told_apart_is_refused(case: str) -> None:
    attempt, message = REFUSED[case]
    with pytest.raises(KerilogError) as caught:
        attempt()
    assert message in str(caught.value)


def test_several_inputs_may_be_of_several_kinds() -> None:
    graph = network("a", "b")
    x = {"a": np.array([[0.0, 1.0]]), "b": np.array([[1, 2]], np.int8)}
    assert frames.codes_of(graph, x)["a"].tolist() == [[-128, -28]]
    assert frames.taken_as_codes(graph, x) == "inputs: taken as codes: 'b' (int8)"
    with pytest.raises(KerilogError, match="input 'b': uint8 may be codes or raw samples"):
        frames.codes_of(graph, x | {"b": np.zeros((1, 2), np.uint8)})


# ---- the commands ----


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("codes")
    write_tiny(root / "tiny.keras")
    write_samples(root / "samples.npz")
    built = command.kerilog(
        "build", root / "tiny.keras", "--data", root / "samples.npz", "-o", root / "design",
        "--scheme", "affine",
    )  # fmt: skip
    assert built.status == 0
    return root


def evaluate(bench: Path, x: np.ndarray, *options: str) -> tuple[command.Outcome, IntArray | None]:
    np.save(bench / "x.npy", x)
    (bench / "y.npy").unlink(missing_ok=True)
    found = command.kerilog(
        "eval", bench / "design", "--inputs", bench / "x.npy", "--outputs", bench / "y.npy", *options
    )
    return found, np.load(bench / "y.npy") if found.status == 0 else None


def test_eval_says_when_it_takes_integers_for_codes(bench: Path) -> None:
    graph = storage.load(bench / "design" / storage.FILE_NAME)
    expected = run(graph, IMAGES.astype(np.int64))
    found, answer = evaluate(bench, IMAGES.astype(np.int32))
    assert found.error == "kerilog: inputs: int32, taken as codes\n" and np.array_equal(answer, expected)
    for dtype in (np.int32, np.uint8):
        found, answer = evaluate(bench, IMAGES.astype(dtype), "--codes")
        assert found.error == "" and np.array_equal(answer, expected)


def test_eval_refuses_uint8_and_takes_raw_samples(bench: Path) -> None:
    found, _ = evaluate(bench, IMAGES)
    message = "kerilog: error: inputs: uint8 may be codes or raw samples: say which, --codes or --raw\n"
    assert (found.status, found.error) == (2, message)
    found, answer = evaluate(bench, IMAGES, "--raw")
    assert found.error == ""
    assert np.array_equal(answer, evaluate(bench, IMAGES / np.float32(255))[1])
    assert not np.array_equal(answer, evaluate(bench, IMAGES, "--codes")[1])
    found, _ = evaluate(bench, IMAGES.astype(np.int16), "--raw")
    assert found.status == 2 and "the network was made with samples of uint8" in found.error


def test_a_folder_built_without_samples_knows_no_scaling(bench: Path) -> None:
    graph = kerilog.load(bench / "tiny.keras")
    assert isinstance(graph, Graph)
    made = kerilog.quantize(graph, IMAGES)
    made_from_graph = kerilog.Quantized(made.graph)
    with pytest.raises(KerilogError, match="the network was made without samples"):
        made_from_graph.run(IMAGES, "raw")


def test_run_in_python_follows_the_same_rule(bench: Path) -> None:
    graph = kerilog.load(bench / "tiny.keras")
    assert isinstance(graph, Graph)
    made = kerilog.quantize(graph, np.load(bench / "samples.npz")["x_train"], "affine")
    _, raw = evaluate(bench, IMAGES, "--raw")
    _, plain = evaluate(bench, IMAGES, "--codes")
    assert np.array_equal(made.run(IMAGES, "raw"), raw)
    assert np.array_equal(made.run(IMAGES, kind="codes"), plain)
    assert np.array_equal(made.run(IMAGES.astype(np.int8)), plain)
    assert np.array_equal(made.run_outputs({"input": IMAGES}, "raw")["logits"], raw)
    with pytest.raises(KerilogError, match='say which, kind="codes" or kind="raw"'):
        made.run(IMAGES)


def test_a_design_made_in_python_keeps_the_scaling(bench: Path, tmp_path: Path) -> None:
    graph = kerilog.load(bench / "tiny.keras")
    assert isinstance(graph, Graph)
    made = kerilog.quantize(graph, np.load(bench / "samples.npz")["x_train"] // 200)
    manifest = kerilog.generate(made, tmp_path / "design", name="tiny")
    assert manifest.scaling == made.scaling
    assert manifest.warnings == made.warnings and "few values for an image" in manifest.warnings[0]


def test_sim_has_the_options_too(bench: Path) -> None:
    np.save(bench / "image.npy", IMAGES)
    found = command.kerilog(
        "sim", bench / "design", "--inputs", bench / "image.npy", "--outputs", bench / "z.npy"
    )
    assert found.status == 2 and "say which, --codes or --raw" in found.error
    found = command.kerilog(
        "sim", bench / "design", "--inputs", bench / "image.npy", "--outputs", bench / "z.npy",
        "--raw", "--simulator", "icarus",
    )  # fmt: skip
    assert found.status == 0
    assert np.array_equal(np.load(bench / "z.npy"), evaluate(bench, IMAGES, "--raw")[1])


def test_a_damaged_rule_is_refused(bench: Path, tmp_path: Path) -> None:
    text = (bench / "design" / "manifest.json").read_text()
    assert '"factor": 0.00392156862745098' in text
    (tmp_path / "manifest.json").write_text(text.replace("0.00392156862745098", '"all"'))
    with pytest.raises(KerilogError, match=r"\.scaling.*factor: expected a number"):
        IntegerManifest.read(tmp_path)
