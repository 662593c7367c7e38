# SPDX-License-Identifier: Apache-2.0
"""Where register slices stand: between stages whose readies would make one long path.

The pipeline at the end of a layer stands still as a whole. Its registers wait for the ready of the stage
behind, and so do the counters in front of it; where that ready is worked out in the same cycle, from the
places of a window or the free places behind a multiplier, the two are one path.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware import connectors
from kerilog.hardware.connectors import FifoStage, ForkStage
from kerilog.hardware.design import LayerStage, Stage
from kerilog.hardware.tabled import ChannelLookupStage, LookupStage

QUICK = FifoStage, ForkStage, LookupStage, ChannelLookupStage
"""Stages whose ready is registers and hardly any logic, or no more than one register before another stage's.
Behind a fork are queues.
"""


def sliced(stages: Sequence[Stage]) -> list[Stage]:
    """``stages``, which have all the queues that they will have, with a register slice behind every layer but
    those that a queue, a fork or a table follows.
    """
    layers = {stage.name: stage for stage in stages if isinstance(stage, LayerStage)}
    names = {name for stage in stages for name in (stage.name, *stage.streams)}
    found: list[Stage] = []
    for stage in stages:
        sources = list(stage.sources)
        for place, source in enumerate(sources):
            if source in layers and not isinstance(stage, QUICK):
                slice = connectors.register(_free(f"{source}_slice", names), layers[source])
                names.add(slice.name)
                found.append(slice)
                sources[place] = slice.name
        found.append(dataclasses.replace(stage, sources=tuple(sources)))
    return found


def _free(base: str, names: set[str]) -> str:
    """``base``, or with a number behind it, as none of ``names`` is called."""
    name, count = base, 1
    while name in names:
        count += 1
        name = f"{base}_{count}"
    return name
