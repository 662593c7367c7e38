# SPDX-License-Identifier: Apache-2.0
"""Scripts by edalize, which knows how the tools of many makers want their files named."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def script(tool: Any, description: Mapping[str, Any], name: str) -> str:
    """The text of the file ``name`` that ``tool``, a class of edalize, writes for ``description``.

    The text depends on the description alone: blanks at the ends of lines and runs of empty lines are gone.
    """
    with tempfile.TemporaryDirectory() as work, _alone():
        tool(edam=dict(description), work_root=work).configure()
        text = (Path(work) / name).read_text(encoding="utf-8")
    lines = (line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Nothing of what edalize asks the machine matters to what is kept of it, and so it may not complain."""
    logger, level = logging.getLogger("edalize"), logging.getLogger("edalize").level
    missing = "EFINITY_HOME" not in os.environ
    os.environ.setdefault("EFINITY_HOME", "")
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
        if missing:
            del os.environ["EFINITY_HOME"]
