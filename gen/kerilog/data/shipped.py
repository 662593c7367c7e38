# SPDX-License-Identifier: Apache-2.0
"""Models that come with Kerilog, known by their contents: MNIST is what they are built on by default.

``shipped.json`` holds the SHA-256 of each file; ``models/train_mnist_cnn.py`` writes it anew with the model.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

_LIST = Path(__file__).with_name("shipped.json")


def is_shipped(model: Path) -> bool:
    """Whether the file ``model`` is one of them, whatever it is called; False if it cannot be read."""
    try:
        return _digest(model) in _listed().values()
    except OSError:
        return False


def record(model: Path) -> None:
    """List the file ``model`` in the place of a former one of its name."""
    listed = _listed() | {model.name: _digest(model)}
    _LIST.write_text(json.dumps(listed, indent=2) + "\n", encoding="ascii")


def _listed() -> dict[str, str]:
    found: dict[str, str] = json.loads(_LIST.read_bytes())
    return found


def _digest(model: Path) -> str:
    with model.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
