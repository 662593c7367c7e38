# SPDX-License-Identifier: Apache-2.0
"""The names of a network's tensors, and their files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerilog import frames
from kerilog.errors import KerilogError
from kerilog.formats import Affine
from kerilog.qgraph import QConcatenate, QGraph, QInput, QLookup, QNode

FORMAT = Affine(8, 0.5, 3)
CODES = {"a": np.arange(6).reshape(2, 3), "dir/b:0": np.array([[-7], [120]])}


def network(*outputs: str) -> QGraph:
    table = QLookup(np.arange(256))
    nodes = (
        QNode("a", QInput(), (), (3,), FORMAT),
        QNode("b", QInput(), (), (2, 2, 1), FORMAT),
        QNode("dense", QConcatenate(), ("a",), (3,), FORMAT),
        QNode("dense/sigmoid", table, ("dense",), (3,), FORMAT),
        QNode("dense/sigmoid/tanh", table, ("dense",), (3,), FORMAT),
        QNode("dense/both", QConcatenate(), ("dense",), (3,), FORMAT),
    )
    return QGraph("net", "affine", nodes, outputs)


@pytest.mark.parametrize(
    ("outputs", "names"),
    [
        (("dense",), ("dense",)),
        (("dense/sigmoid",), ("dense",)),
        (("dense/sigmoid", "a"), ("dense", "a")),
        (("dense/sigmoid", "dense"), ("dense/sigmoid", "dense")),
        (("dense/both",), ("dense/both",)),
        (("dense/sigmoid/tanh",), ("dense/sigmoid/tanh",)),
        (("dense", "dense"), ("dense", "dense")),
    ],
)
def test_an_output_has_the_name_of_its_layer(outputs: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert frames.output_names(network(*outputs)) == names
    assert frames.input_names(network(*outputs)) == ("a", "b")


def test_codes_come_back(tmp_path: Path) -> None:
    frames.write(tmp_path / "new/y.npz", CODES)
    found = frames.read(tmp_path / "new/y.npz", tuple(CODES))
    assert set(found) == set(CODES)
    for name, codes in CODES.items():
        assert found[name].dtype == np.int32 and np.array_equal(found[name], codes)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["y.npz"]


def test_an_archive_is_the_same_bytes_each_time_and_numpys_own_form(tmp_path: Path) -> None:
    for name in ("one", "two"):
        frames.write(tmp_path / f"{name}.npz", CODES)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz", allow_pickle=False) as archive:
        assert set(archive) == set(CODES)


def test_one_tensor_is_plain_unless_the_file_is_an_archive(tmp_path: Path) -> None:
    for name in ("y.npy", "y.npz", "y"):
        frames.write(tmp_path / name, {"a": CODES["a"]})
        assert np.array_equal(frames.read(tmp_path / name, ("a",))["a"], CODES["a"])
    assert isinstance(np.load(tmp_path / "y"), np.ndarray)
    with pytest.raises(
        KerilogError, match=r"y\.npy: expected a file that ends in \.npz, for the outputs 'a'"
    ):
        frames.write(tmp_path / "y.npy", CODES)


def test_what_else_an_archive_holds_is_left_alone(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=CODES["a"], labels=np.array([{}], object))
    assert set(frames.read(tmp_path / "x.npz", ("a",))) == {"a"}
    with pytest.raises(KerilogError, match=r"x\.npz: labels: holds Python objects \(a pickle\)"):
        frames.read(tmp_path / "x.npz", ("labels",))


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    frames.write(tmp_path / "y.npz", {"a": np.arange(30_000).reshape(10, -1)})
    content = (tmp_path / "y.npz").read_bytes()
    for size in (0, 1, 30, 1000, len(content) - 30):
        (tmp_path / "y.npz").write_bytes(content[:size])
        with pytest.raises(KerilogError, match=r"y\.npz: cannot be read as \.npy or \.npz: ") as caught:
            frames.read(tmp_path / "y.npz", ("a",))
        assert "\n" not in str(caught.value)


def test_floats_and_codes_of_several_inputs() -> None:
    a = np.array([[0.0, 0.26, 1e9]])
    found = frames.codes_of(network("dense"), {"a": a, "b": np.ones((1, 2, 2), np.int8)})
    assert found["a"].tolist() == [[3, 4, 127]]
    assert found["b"].shape == (1, 2, 2, 1)
    with pytest.raises(KerilogError, match="inputs: expected an array 'b', found 'a', 'c'"):
        frames.codes_of(network("dense"), {"a": a, "c": a})
