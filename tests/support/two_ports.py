# SPDX-License-Identifier: Apache-2.0
"""Networks with several inputs and outputs."""

from __future__ import annotations

import dataclasses

from kerilog.qgraph import QGraph, QInput, QNode
from support.branches import Branches


def with_input(net: Branches, name: str, shape: tuple[int, ...]) -> Branches:
    """``net`` with one more input, from which it goes on."""
    net.nodes.append(QNode(name, QInput(), (), shape, net._format()))
    return net.at(name)


def ends_in(net: Branches, *outputs: str) -> QGraph:
    return dataclasses.replace(net.graph, outputs=outputs)


def two_images(scheme: str = "fixed", bits: int = 8) -> QGraph:
    """Two inputs of different shapes that meet in a sum."""
    net = Branches("two", scheme, (6, 5, 2), 41, bits=bits, input_name="left image")
    net.conv(2, (2, 2), name="of_left", relu=False)
    with_input(net, "right.image", (5, 4, 3)).conv(2, (1, 1), name="of_right", relu=False)
    return net.add("of_left").flatten("flatten").dense(3, "answer", relu=False).graph


def heads() -> QGraph:
    """Three outputs, one of which goes on."""
    net = Branches("heads", "affine", (5, 4, 1), 43).conv(2, (2, 2), name="trunk")
    net.flatten("flatten").dense(3, "kind", relu=False)
    net.at("flatten").dense(2, "sign", relu=False)
    return ends_in(net, "kind", "trunk", "sign")
