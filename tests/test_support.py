# SPDX-License-Identifier: Apache-2.0
"""The table of supported layers is what the registries say, and leaves nothing out."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerilog import support
from kerilog.emit.verilog import environment
from kerilog.hardware import stages
from kerilog.hardware.kind import LayerKind
from kerilog.hardware.stages import KINDS
from kerilog.integer import steps
from kerilog.qgraph import QOp
from support.paths import ROOT


def test_the_page_is_printed_from_the_registries() -> None:
    printed = (ROOT / support.PAGE).read_text(encoding="utf-8")
    assert printed == support.page(), "run python -m kerilog.support"


def test_every_operation_has_hardware_or_a_reason() -> None:
    assert set(support.operations()) == set(KINDS) | set(support.NO_HARDWARE)
    assert not set(KINDS) & set(support.NO_HARDWARE)


def test_everything_that_is_read_is_explained() -> None:
    assert support.unexplained() == set()


@pytest.mark.parametrize("operation", support.operations(), ids=lambda kind: kind.__name__)
def test_the_integer_model_has_every_operation(operation: type) -> None:
    text = Path(steps.__file__).read_text()
    assert any(kind.__name__ in text for kind in operation.__mro__ if kind is not QOp)


def test_every_file_of_the_registry_has_a_kind() -> None:
    (folder,) = stages.__path__
    files = {path.stem for path in Path(folder).glob("*.py")} - {"__init__"}
    assert {type(kind).__module__.rpartition(".")[2] for kind in KINDS.values()} == files
    assert all(isinstance(kind, LayerKind) and kind.supported for kind in KINDS.values())


def test_every_stage_has_its_template() -> None:
    known = set(environment().list_templates())
    named = {stage.template for stage in _stages() if stage.template}
    assert len(named) >= 8 and named <= known


def _stages() -> set[type]:
    found, waiting = set(), [stages.conv2d.LayerStage]
    while waiting:
        kind = waiting.pop()
        found.add(kind)
        waiting += kind.__subclasses__()
    return found
