# SPDX-License-Identifier: Apache-2.0
"""The integer graph in a file: comes back whole, the same bytes each time; anything else is refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog import storage
from kerilog.errors import KerilogError
from kerilog.formats import Affine, Fixed
from kerilog.integer.model import run
from kerilog.qgraph import (
    QAdd,
    QConcatenate,
    QConstant,
    QGraph,
    QInput,
    QNode,
    QSoftmax,
    Shift,
)
from support.networks import Chain, draw_codes, draw_graph, multiplier_of


def assert_same(one: Any, other: Any) -> None:
    """Equal in structure, type and every number."""
    assert type(one) is type(other)
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, tuple):
        assert len(one) == len(other)
        for first, second in zip(one, other, strict=True):
            assert_same(first, second)
    else:
        assert one == other


def elementwise() -> QGraph:
    """Operations and values that chains lack: two inputs, negative numbers, an axis, a table."""
    format = Affine(8, 0.1, -3)
    nodes = (
        QNode("a", QInput(), (), (4,), format),
        QNode("b", QConstant(np.arange(-2, 2)), (), (4,), Fixed(8, (1, 2, 3, 4))),
        QNode(
            "sum",
            QAdd(multiplier_of([0.5]), multiplier_of([0.25]), Shift(np.array([-2])), (-5, 5), 20),
            ("a", "b"),
            (4,),
            format,
        ),
        QNode("both", QConcatenate(0), ("a", "sum"), (8,), format),
        QNode("soft", QSoftmax(np.arange(256)), ("both",), (8,), Affine(8, 1 / 256, -128)),
    )
    return QGraph("elementwise", "affine", nodes, ("soft", "sum"))


@pytest.mark.parametrize("seed", range(6))
def test_a_graph_comes_back(seed: int, tmp_path: Path) -> None:
    graph = draw_graph(seed)
    storage.save(graph, tmp_path / "graph.npz")
    found = storage.load(tmp_path / "graph.npz")
    assert_same(graph, found)
    codes = draw_codes(graph, 3)
    assert np.array_equal(run(graph, codes), run(found, codes))


def test_every_kind_of_value_comes_back(tmp_path: Path) -> None:
    storage.save(elementwise(), tmp_path / "graph.npz")
    assert_same(elementwise(), storage.load(tmp_path / "graph.npz"))


def test_names_come_back_whatever_they_are(tmp_path: Path) -> None:
    graph = Chain("model; é", "fixed", (3,)).dense(2, name="../../x\n'\"").graph
    storage.save(graph, tmp_path / "graph.npz")
    assert [node.name for node in storage.load(tmp_path / "graph.npz")] == ["input", "../../x\n'\""]


def test_the_same_graph_is_the_same_bytes(tmp_path: Path) -> None:
    for copy in ("one", "two"):
        storage.save(draw_graph(3), tmp_path / copy)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def save_structure(path: Path, structure: object, **arrays: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("structure.json", json.dumps(structure))
        for name, content in arrays.items():
            archive.writestr(f"{name}.npy", content)
    return path


def damaged(path: Path, how: str) -> Path:
    storage.save(draw_graph(1), path)
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("no archive")
    return path


@pytest.mark.parametrize("how", ["missing", "truncated", "empty", "text"])
def test_a_damaged_file_is_refused(how: str, tmp_path: Path) -> None:
    with pytest.raises(KerilogError, match=r"graph\.npz: is no integer model"):
        storage.load(damaged(tmp_path / "graph.npz", how))


@pytest.mark.parametrize(
    "structure",
    [
        [],
        3,
        {"type": "QInput", "fields": {}},
        {"type": "Path", "fields": {}},
        {"type": "QGraph", "fields": {"name": "x"}},
        {"type": "QGraph", "fields": {"nobody": 1}},
        {"array": "gone"},
    ],
    ids=str,
)
def test_another_structure_is_refused(structure: object, tmp_path: Path) -> None:
    with pytest.raises(KerilogError, match="is no integer model"):
        storage.load(save_structure(tmp_path / "graph.npz", structure))


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    array = np.array([Bomb()], object)
    with (tmp_path / "bomb.npy").open("wb") as file:
        np.save(file, array, allow_pickle=True)
    assert pickle.dumps(Bomb())
    path = save_structure(
        tmp_path / "graph.npz", {"array": "bomb"}, bomb=(tmp_path / "bomb.npy").read_bytes()
    )
    with pytest.raises(KerilogError, match="is no integer model"):
        storage.load(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("seed", range(4))
def test_a_file_with_wrong_bytes_is_refused_in_one_line_or_is_whole(seed: int, tmp_path: Path) -> None:
    path, rng = tmp_path / "graph.npz", np.random.default_rng(seed)
    storage.save(draw_graph(1), path)
    content = path.read_bytes()
    refused = 0
    for trial in range(100):
        wrong = bytearray(content)
        for place in rng.integers(0, len(content), rng.choice([1, 1, 6])):
            wrong[place] = rng.integers(0, 256)
        path.write_bytes(bytes(wrong))
        try:
            assert_same(draw_graph(1), storage.load(path))
        except KerilogError as error:
            refused += 1
            assert "graph.npz: is no integer model" in str(error), f"seed {seed}, trial {trial}"
            assert "\n" not in str(error), f"seed {seed}, trial {trial}"
    assert refused > 50, f"seed {seed}"


def test_the_digest_is_that_of_the_file_and_of_every_number(tmp_path: Path) -> None:
    graph = elementwise()
    storage.save(graph, tmp_path / "graph.npz")
    assert storage.digest(graph) == hashlib.sha256((tmp_path / "graph.npz").read_bytes()).hexdigest()
    constant = dataclasses.replace(graph["b"], op=QConstant(np.arange(-1, 3)))
    nodes = tuple(constant if node.name == "b" else node for node in graph)
    assert storage.digest(dataclasses.replace(graph, nodes=nodes)) != storage.digest(graph)
