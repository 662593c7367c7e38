# SPDX-License-Identifier: Apache-2.0
"""The memories of a design that are loaded at run time, and what else must be the same for what they are
loaded with.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json

from kerilog.hardware.design import Design, Stage
from kerilog.hardware.memories import Memory
from kerilog.hardware.module import Module
from kerilog.qgraph import QGraph


@dataclasses.dataclass(frozen=True)
class LoadableGraph(QGraph):
    """A network whose layers ``loadable`` have their weights in memories that are written at run time, in
    ``banks`` sets.
    """

    loadable: frozenset[str]
    banks: int


def layout(design: Design) -> int:
    """32 bits of a digest of everything that ``design`` computes but for what is loaded: shapes, formats,
    parameters, the contents of all other memories.
    """
    text = json.dumps([_stage(stage) for stage in design.stages], sort_keys=True)
    return int(hashlib.sha256(text.encode("ascii")).hexdigest()[:8], 16)


def _stage(stage: Stage) -> object:
    tensors = [[list(one.shape), repr(one.format)] for one in (*stage.inputs, stage.output)]
    unrolled = stage.facts.unrolled
    constants = None if unrolled is None else hashlib.sha256(unrolled.kernel.tobytes()).hexdigest()
    modules = [_module(module) for module in stage.modules]
    return [stage.kind, tensors, constants, modules, [_memory(one) for one in stage.memories]]


def _module(module: Module) -> object:
    return [module.library, {name: str(value) for name, value in module.parameters().items()}]


def _memory(memory: Memory) -> object:
    held = "" if memory.banks else hashlib.sha256(memory.packed.tobytes()).hexdigest()
    return [memory.depth, memory.width, held]
