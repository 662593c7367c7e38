# SPDX-License-Identifier: Apache-2.0
"""The layer kinds that have hardware, one file each; whatever lies in this folder is found.

A file defines the stage of a kind (what is generated) and a ``LayerKind`` (how a node of the integer graph
becomes that stage). Nothing else lists the kinds.
"""

from __future__ import annotations

import importlib
import pkgutil

from kerilog.hardware.kind import LayerKind
from kerilog.qgraph import QOp


def _found() -> dict[type[QOp], LayerKind]:
    """The layer kinds of all modules of this package, by operation, in alphabetical order."""
    kinds: dict[type[QOp], LayerKind] = {}
    for module in pkgutil.iter_modules(__path__):
        names = vars(importlib.import_module(f"{__name__}.{module.name}"))
        for kind in names.values():
            if isinstance(kind, LayerKind):
                kinds |= dict.fromkeys(kind.operations, kind)
    return kinds


KINDS = _found()
"""The layer kind of every operation that has hardware."""
