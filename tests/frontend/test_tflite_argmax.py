# SPDX-License-Identifier: Apache-2.0
"""ARG_MAX at the end of a TFLite file: the interpreter's number for every frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerilog import build
from kerilog.errors import KerilogError, Unsupported
from kerilog.formats import ClassNumber
from kerilog.frontend.tflite import load_tflite
from kerilog.integer.model import run
from kerilog.manifest import Manifest
from kerilog.scales import ROUNDINGS, Rounding
from support.one_operator import OneOperator, interpreted

SHAPES = [(1, 10), (1, 3, 7), (1, 4, 5, 3)]


def arg_max(
    shape: tuple[int, ...], axis: int = -1, result: str = "INT64", kind: str = "int32"
) -> OneOperator:
    target = shape[:axis] + shape[axis:][1:]
    return OneOperator("ARG_MAX", shape, np.array(axis, kind), target, result=result)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_interpreter(shape: tuple[int, ...], rounding: Rounding, tmp_path: Path) -> None:
    one = arg_max(shape, result="INT32" if rounding == "single" else "INT64")
    (tmp_path / "m.tflite").write_bytes(one.written())
    graph = load_tflite(tmp_path / "m.tflite", rounding)
    rng = np.random.default_rng(1)
    # few values, so that many are equal
    x = np.concatenate([rng.integers(-128, 128, (100, *shape[1:])), rng.integers(-2, 2, (100, *shape[1:]))])
    wanted = interpreted(one.written(), x, rounding)
    np.testing.assert_array_equal(run(graph, x).reshape(wanted.shape), wanted)
    node = graph[graph.outputs[0]]
    assert node.format == ClassNumber.of(shape[-1]) and node.shape == (shape[1:-1] or (1,))


def test_hardware_ends_in_the_class(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(arg_max((1, 10), kind="int64").written())
    built = build.build(tmp_path / "m.tflite", tmp_path / "design", build.Options())
    assert isinstance(built, Manifest)
    assert (built.outputs[0].kind, built.outputs[0].classes) == ("class", 10)
    again = build.build(tmp_path / "m.tflite", tmp_path / "design", build.Options(argmax=True))
    assert again.outputs == built.outputs


def test_other_axes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(arg_max((1, 4, 5, 3), axis=1).written())
    with pytest.raises(Unsupported, match=r"argmax with axis 1 of \(1, 4, 5, 3\) is not supported"):
        load_tflite(tmp_path / "m.tflite")


def test_other_types_are_refused(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(arg_max((1, 10), result="INT8").written())
    with pytest.raises(KerilogError, match="expected int32 or int64, found int8"):
        load_tflite(tmp_path / "m.tflite")
