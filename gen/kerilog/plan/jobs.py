# SPDX-License-Identifier: Apache-2.0
"""The multiplications of a network, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator

from kerilog.hardware.folding import MatrixJob
from kerilog.hardware.stages import KINDS
from kerilog.qgraph import QDense, QGraph, QInput, QNode


def jobs(graph: QGraph) -> Iterator[tuple[QNode, MatrixJob]]:
    """The layers with multipliers."""
    for node in graph:
        job = None if isinstance(node.op, QInput) else KINDS[type(node.op)].job(node)
        if job is not None:
            yield node, job


def is_dense(graph: QGraph) -> bool:
    """Whether most products are those of dense layers."""
    found = [(job.macs, isinstance(node.op, QDense)) for node, job in jobs(graph)]
    return 2 * sum(macs for macs, dense in found if dense) > sum(macs for macs, _ in found)
