# SPDX-License-Identifier: Apache-2.0
"""The area that a design will take on Xilinx 7-series, predicted without synthesis.

DSPs and block RAMs follow from how Yosys maps multiplications and memories. Look-up tables and flip-flops
are sums of counts that the structure of a module gives (bits of its registers, adders and multiplexers), each
with a weight that was fitted to what Yosys 0.23 makes of the module over many parameters:
``benchmarks/area_model.py`` draws them, fits ``weights.json`` anew and compares the prediction with Yosys.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Iterable, Mapping

from kerilog.exact.caching import by_owner
from kerilog.hardware import border
from kerilog.hardware.border import Border
from kerilog.hardware.design import Design, Stage
from kerilog.hardware.module import Area, Counts, Module
from kerilog.hardware.modules.store import holder

__all__ = ["Area", "fitted", "of", "of_module", "of_stage", "of_stages", "without_memories"]

Weights = Mapping[str, Mapping[str, float]]
"""By resource (``lut``; ``ff``; ``srl``, the shift registers among the LUTs) the weight of each count."""


def of(design: Design) -> Area:
    """The area of a whole design, with its border."""
    return of_stages(design.stages, border.of(design))


def of_stages(stages: Iterable[Stage], around: Border) -> Area:
    """The area of ``stages`` and of what stands ``around`` them."""
    edge = sum((of_module(module) for module in around.modules), Area())
    return sum((of_stage(stage) for stage in stages), edge)


def of_stage(stage: Stage) -> Area:
    """The area of one stage, with its ROMs."""
    return sum((of_module(module) for module in stage.modules), Area())


def of_module(module: Module) -> Area:
    """The area of one library module, with the ROMs that it reads."""
    roms = sum((of_module(holder(memory)) for memory in module.memories), Area())
    return without_memories(module) + roms * module.copies


@by_owner
def without_memories(module: Module) -> Area:
    """The area of one library module alone: ROMs that stand beside it are not counted."""
    inside = sum((without_memories(part) * count for part, count in module.parts), Area())
    return fitted(module.library, module.counts()) + module.primitives() + inside


def fitted(module: str, counts: Counts) -> Area:
    """LUTs, shift registers and flip-flops from the counts of a module."""
    weights = fitted_weights()[module]

    def total(resource: str) -> float:
        of_kind = weights[resource]
        return sum(of_kind.get(name, 0.0) * count for name, count in counts.items())

    return Area(lut=total("lut"), lutram=total("srl"), ff=total("ff"))


@functools.cache
def fitted_weights() -> Mapping[str, Weights]:
    """The weights of every library module, from ``weights.json``."""
    text = importlib.resources.files(__name__).joinpath("weights.json").read_text(encoding="ascii")
    weights: dict[str, Weights] = json.loads(text)
    return weights
