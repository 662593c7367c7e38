# SPDX-License-Identifier: Apache-2.0
"""Hundreds of damaged manifests: every command that reads one ends in one line and status 2.

The shipped JSON Schema, by a library of its own, says what is damaged.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import numpy as np
import pytest

from support.command import contents, kerilog
from support.keras_files import SHAPE, write_samples, write_tiny, write_without_hardware

SEED = int(os.environ.get("KERILOG_SEED", "7"))
DAMAGED = 300
COMMANDS = ("show", "report", "eval", "sim", "synth", "vivado", "cpp", "hls")
VALUES: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 3.5, 1e300, 10**16, 10**40, "", "x", "x\ny", "[/]", "../x", "\u00e9",
    "\x1b[2J", [], {}, [[]], [None], {"a": 1}, {"": None}, "0" * 64, ["rtl/x.v"],
)  # fmt: skip


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A design, an integer model, and frames for both."""
    root = tmp_path_factory.mktemp("fuzz")
    write_samples(root / "samples.npz")
    for name, write in (("design", write_tiny), ("model", write_without_hardware)):
        write(root / f"{name}.keras")
        kerilog("build", root / f"{name}.keras", "--data", root / "samples.npz", "-o", root / name)
        assert (root / name / "manifest.json").is_file()
    np.save(root / "x.npy", np.random.default_rng(5).random((2, *SHAPE)))
    return root


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member of every object and list: what holds it, and its key."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


def mutant(rng: Random, manifest: dict[str, Any]) -> dict[str, Any]:
    """``manifest`` with a value or three replaced or gone."""
    changed = copy.deepcopy(manifest)
    for _ in range(rng.choice((1, 1, 1, 3))):
        found = list(places(changed))
        if not found:
            break
        holder, key = rng.choice(found)
        if rng.random() < 0.2:
            del holder[key]
        else:
            holder[key] = rng.choice(VALUES)
    return changed


def damaged_texts(rng: Random, text: str) -> Iterator[str]:
    """Files that are no JSON: cut short, or with a mark too many."""
    while True:
        place = rng.randrange(1, len(text) - 2)
        yield rng.choice((text[:place], text[:place] + "}" + text[place:], text + "x", "[" * 5000))


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def run(command: str, folder: Path) -> tuple[int, str, str]:
    options = ("--inputs", folder.parent / "x.npy", "--outputs", folder.parent / "y.npy")
    found = kerilog(command, folder, *(options if command in ("eval", "sim") else ()))
    return found.status, found.output, found.error


@pytest.mark.parametrize("kind", ["design", "model"])
def test_a_damaged_manifest_is_refused_in_one_line_by_every_command(kind: str, workshop: Path) -> None:
    rng = Random(f"{SEED} {kind}")
    schema = json.loads((resources.files("kerilog.schemas") / "manifest.json").read_text())
    legal = jsonschema.Draft202012Validator(schema).is_valid
    path = workshop / kind / "manifest.json"
    text = path.read_text()
    manifest, before = json.loads(text), contents(workshop)
    broken = damaged_texts(rng, text)
    count = 0
    while count < DAMAGED // 2:
        changed = mutant(rng, manifest) if rng.random() < 0.9 else None
        damage = next(broken) if changed is None else json.dumps(changed)
        if legal(changed) if changed is not None else is_json(damage):
            continue
        count += 1
        path.write_text(damage)
        for command in COMMANDS:
            status, output, error = run(command, workshop / kind)
            what = f"KERILOG_SEED={SEED}, mutant {count}, {command}: {damage[:2000]}"
            assert (status, output) == (2, ""), what
            assert re.fullmatch(r"kerilog: error: [^\n]+\n", error), what
            assert "Traceback" not in error, what
    path.write_text(text)
    assert contents(workshop) == before


@pytest.mark.parametrize("kind", ["design", "model"])
def test_show_survives_what_the_schema_allows(kind: str, workshop: Path) -> None:
    """Numbers that contradict each other, strange names: a table or one line, but no traceback."""
    rng = Random(f"{SEED} {kind} legal")
    schema = json.loads((resources.files("kerilog.schemas") / "manifest.json").read_text())
    legal = jsonschema.Draft202012Validator(schema).is_valid
    path = workshop / kind / "manifest.json"
    text = path.read_text()
    manifest = json.loads(text)
    count = 0
    while count < 40:
        changed = mutant(rng, manifest)
        if not legal(changed) or changed == manifest:
            continue
        count += 1
        path.write_text(json.dumps(changed))
        status, output, error = run("show", workshop / kind)
        what = f"KERILOG_SEED={SEED}, mutant {count}: {json.dumps(changed)[:2000]}"
        assert status in (0, 2), what
        assert (error == "") == (status == 0) and "\x1b" not in output, what
    path.write_text(text)
