# SPDX-License-Identifier: Apache-2.0
"""The compiled timing model gives what its sources give, and is never run for other sources."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import kerilog
from kerilog import timing
from kerilog.plan import plan
from kerilog.timing import compiled
from support.paths import TESTS
from support.shapes import draw_deep

SEEDS = (1, 2, 3)
SCRIPT = """
from kerilog import timing
from timing.test_compiled import SEEDS, promises
assert not timing.COMPILED
print([promises(seed) for seed in SEEDS])
"""


def promises(seed: int) -> tuple[object, ...]:
    """Cycles and the depth and peak of every queue of a deep random network."""
    graph, _ = draw_deep(seed)
    design = plan(graph)
    return str(design.cycles), *((stage.name, stage.facts.depth, stage.facts.peak) for stage in design.stages)


@pytest.mark.skipif(not timing.COMPILED, reason="kerilog.timing is not compiled here")
def test_the_sources_give_the_same_cycles(tmp_path: Path) -> None:
    shutil.copytree(
        Path(kerilog.__file__).parent,
        tmp_path / "kerilog",
        ignore=shutil.ignore_patterns("native", "__pycache__"),
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(TESTS)])}
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == str([promises(seed) for seed in SEEDS])


def test_other_sources_are_not_taken_for_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / compiled.FINGERPRINT).write_text("of something else")
    monkeypatch.setattr(compiled, "NATIVE", tmp_path)
    with pytest.warns(UserWarning, match="was compiled from other sources and is not used"):
        assert not compiled.is_current()
    (tmp_path / compiled.FINGERPRINT).write_text(compiled.fingerprint())
    assert compiled.is_current()
