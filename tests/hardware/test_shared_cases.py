# SPDX-License-Identifier: Apache-2.0
"""Files of ../shared/cases with joins, constants and slopes: hardware, equal to the integer model."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerilog.frontend.tflite import load_tflite
from kerilog.plan import plan
from kerilog.quantize import strip_softmax
from support.designs import check
from support.paths import SHARED

FILES = {
    "leaky_prelu/d03_hsig.tflite": 400,
    "leaky_prelu/d03_prelu.tflite": 400,
    "tflite_bn_after_pool/d08_batch1_sep.tflite": 100,
}
"""With a frame interval for each."""


@pytest.mark.parametrize("name", FILES)
def test_the_hardware_equals_the_integer_model(name: str, tmp_path: Path) -> None:
    path = SHARED / "cases" / name
    if not path.is_file():
        pytest.skip("needs ../shared/cases")
    graph = strip_softmax(load_tflite(path))
    check(graph, plan(graph, FILES[name]), tmp_path, name)
