# SPDX-License-Identifier: Apache-2.0
"""Whether compiled copies of this package's modules may stand for their sources; ``setup.py`` makes them.

Imported from nowhere but ``setup.py`` and the package itself, and never compiled.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import warnings
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
NATIVE = SOURCES / "native"  # the compiled files, and the fingerprint of what they were compiled from
FINGERPRINT = "fingerprint"
NOT_COMPILED = ("__init__.py", "compiled.py")


def fingerprint() -> str:
    """What the compiled files must come from: these sources, for this interpreter."""
    digest = hashlib.sha256(importlib.machinery.EXTENSION_SUFFIXES[0].encode())
    for path in sources():
        digest.update(b"\0" + path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def sources() -> list[Path]:
    """The modules that are compiled."""
    return sorted(path for path in SOURCES.glob("*.py") if path.name not in NOT_COMPILED)


def is_current() -> bool:
    """Whether there are compiled files, and of these very sources; warns of others."""
    try:
        built = (NATIVE / FINGERPRINT).read_text()
    except OSError:
        return False
    if built == fingerprint():
        return True
    warnings.warn(
        f"{NATIVE} was compiled from other sources and is not used: planning is slow. "
        "`make .venv/installed` compiles it anew",
        stacklevel=2,
    )
    return False
