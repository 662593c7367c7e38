# SPDX-License-Identifier: Apache-2.0
"""``docs/api.md`` is what the docstrings say, and nothing public goes without one."""

from __future__ import annotations

import inspect

import pytest

import kerilog
from kerilog.reference import OLD_NAMES, PAGE, SECTIONS
from support.paths import ROOT

pytest.importorskip("griffe", reason="griffe makes the reference: pip install 'kerilog[test]'")


def test_the_page_is_printed_from_the_docstrings() -> None:
    from kerilog.reference import page

    root = ROOT
    assert (root / PAGE).read_text(encoding="utf-8") == page(), "python -m kerilog.reference"


def test_every_public_name_has_its_place() -> None:
    told = [name for names in SECTIONS.values() for name in names]
    assert sorted([*told, *OLD_NAMES]) == sorted(kerilog.__all__)


def test_every_method_of_the_network_has_a_docstring_and_a_signature() -> None:
    methods = {
        name: item
        for name, item in vars(kerilog.IntegerModel).items()
        if inspect.isfunction(item) and not name.startswith("_")
    }
    assert {
        "predict",
        "run",
        "evaluate",
        "compare",
        "plan",
        "build",
        "simulate",
        "synthesize",
        "report",
    } <= set(methods)
    for name, method in methods.items():
        signature = inspect.signature(method)
        assert method.__doc__, name
        assert signature.return_annotation is not inspect.Signature.empty, name
        parameters = list(signature.parameters.values())[1:]
        assert all(one.annotation is not inspect.Parameter.empty for one in parameters), name
