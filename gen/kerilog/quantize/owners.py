# SPDX-License-Identifier: Apache-2.0
"""Which tensors take the format of a concatenation, a maximum or a minimum.

All inputs of these must have the format of the result. A layer that feeds nothing else may as well make its
result in that format at once: it costs no hardware and rounds once, where a requantization would round again.
"""

from __future__ import annotations

from collections import Counter

from kerilog.graph import (
    Activation,
    AveragePooling2D,
    Concatenate,
    GlobalMaxPooling2D,
    Graph,
    Input,
    Maximum,
    MaxPooling2D,
    Minimum,
    Node,
    Permute,
    Reshape,
    ResizeBilinear,
    Slice,
    UpSampling2D,
    ZeroPadding2D,
)
from kerilog.tables import PRESCRIBED

KEEPS_FORMAT = (
    *(MaxPooling2D, AveragePooling2D, GlobalMaxPooling2D, Reshape, ZeroPadding2D, Slice, UpSampling2D),
    *(Permute, ResizeBilinear),
)
"""Operations whose output has the format of their input."""

ONE_FORMAT = (Concatenate, Maximum, Minimum)
"""Operations all of whose inputs must have the format of their output."""


def format_owners(graph: Graph, own: frozenset[str]) -> dict[str, str]:
    """For each node that takes the format of one of ``ONE_FORMAT``, the name of the latter.

    Looks back from each of them through ``KEEPS_FORMAT`` and others of them to the layers that
    choose a format and that nobody else uses. Inputs, sigmoids and tanh (whose range is known) and the nodes
    named in ``own`` are left alone.
    """
    uses = Counter(name for node in graph for name in node.inputs)
    uses.update(graph.outputs)
    owners: dict[str, str] = {}
    for node in reversed(graph.nodes):
        owner = _owner(node, owners)
        for name in node.inputs:
            source = graph[name]
            if owner and uses[name] == 1 and name not in own and _chooses(source):
                owners[name] = owner
    return owners


def _owner(node: Node, owners: dict[str, str]) -> str | None:
    """The node whose format the inputs of ``node`` should have."""
    if isinstance(node.op, ONE_FORMAT):
        return owners.get(node.name, node.name)
    return owners.get(node.name) if isinstance(node.op, KEEPS_FORMAT) else None


def _chooses(node: Node) -> bool:
    return not isinstance(node.op, Input) and not (
        isinstance(node.op, Activation) and node.op.function in (*PRESCRIBED, "softmax")
    )
