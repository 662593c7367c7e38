# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of what Kerilog writes and reads, made from the types that it checks files against.

``python -m kerilog.schemas`` writes ``manifest.json`` and ``settings.json`` in this folder anew. A TOML file
of settings is checked as the JSON object that it stands for.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from kerilog.manifest import IntegerManifest, Manifest
from kerilog.quantize.settings import Settings

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def texts() -> dict[str, str]:
    """The files of this folder by their names."""
    return {
        "manifest.json": _text(
            "manifest.json of a folder that kerilog build wrote", (Manifest, IntegerManifest)
        ),
        "settings.json": _text("settings of number formats, for kerilog build --config", (Settings,)),
    }


def _text(title: str, kinds: Sequence[type[msgspec.Struct]]) -> str:
    references, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    whole: dict[str, Any] = references[0]
    for part in parts.values():
        part["description"] = inspect.cleandoc(part["description"])
    if len(kinds) > 1:  # told apart by a key that the others lack
        parts["Manifest"]["not"] = {"required": ["no_hardware"]}
        whole = {"anyOf": list(references)}
    schema = {"$schema": _DIALECT, "title": title, **whole, "$defs": dict(sorted(parts.items()))}
    return json.dumps(schema, indent=2) + "\n"


def write(folder: Path) -> None:
    """Write the files to ``folder``."""
    for name, text in texts().items():
        (folder / name).write_text(text, encoding="ascii")
