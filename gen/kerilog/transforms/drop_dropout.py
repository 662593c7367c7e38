# SPDX-License-Identifier: Apache-2.0
"""Remove the layers that do nothing at inference."""

from __future__ import annotations

from kerilog.graph import Dropout, Graph
from kerilog.transforms.rewrite import drop


def drop_dropout(graph: Graph) -> Graph:
    """``graph`` without Dropout nodes."""
    return drop(graph, lambda node: isinstance(node.op, Dropout))
