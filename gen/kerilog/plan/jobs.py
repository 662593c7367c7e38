# SPDX-License-Identifier: Apache-2.0
"""The multiplications of a network, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator

from kerilog.hardware.folding import MatrixJob
from kerilog.hardware.stages import KINDS
from kerilog.qgraph import QGraph, QInput, QNode


def jobs(graph: QGraph) -> Iterator[tuple[QNode, MatrixJob]]:
    """The layers with multipliers."""
    for node in graph:
        job = None if isinstance(node.op, QInput) else KINDS[type(node.op)].job(node)
        if job is not None:
            yield node, job
