# SPDX-License-Identifier: Apache-2.0
"""Tensors joined with constants, and functions that differ by channel: tables in hardware, simulated."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerilog.errors import Unsupported
from kerilog.exact import lookup
from kerilog.hardware.tabled import ChannelLookupStage, LookupStage
from kerilog.plan import plan
from kerilog.qgraph import QAdd, QGraph, QMaximum, QMinimum, QMultiply, QOp, QSubtract
from support.branches import Branches
from support.designs import check

SCHEMES = ("affine", "fixed")
JOINS: dict[str, type[QOp]] = {
    "sum": QAdd,
    "difference": QSubtract,
    "product": QMultiply,
    "larger": QMaximum,
    "smaller": QMinimum,
}


def with_constant(
    kind: type[QOp], scheme: str, shape: tuple[int, ...], first: bool = False, bits: int = 8
) -> QGraph:
    """A convolution, a join with a constant of ``shape``, in front with ``first``, and a convolution."""
    net = Branches("net", scheme, (3, 4, 2), len(shape) + first, bits=bits).conv(6, (1, 1), relu=False)
    extreme = issubclass(kind, QMaximum)
    name = net.constant(shape, net.here.format if extreme else None)
    if issubclass(kind, QAdd):
        net.add(name, kind)
    else:
        assert issubclass(kind, QMultiply | QMaximum)
        net.join(name, kind)
    return (net.swap() if first and not extreme else net).conv(2, (1, 1)).graph


@pytest.mark.parametrize("shape", [(6,), (), (4, 6), (3, 1, 6), (3, 4, 1)], ids=str)
@pytest.mark.parametrize("name", JOINS)
def test_a_constant_is_tables(name: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    scheme = SCHEMES[len(shape) % 2]
    graph = with_constant(JOINS[name], scheme, shape, first=name == "difference")
    design = plan(graph, 40)
    kind = LookupStage if shape == () else ChannelLookupStage
    assert any(isinstance(stage, kind) for stage in design.stages)
    check(graph, design, tmp_path, (name, scheme, shape))


@pytest.mark.parametrize("interval", [4, 6, 12, 30, 72])
def test_lanes_share_the_channels_out(interval: int, tmp_path: Path) -> None:
    """More lanes than channels, as many, and fewer."""
    graph = with_constant(QMultiply, "affine", (6,))
    design = plan(graph, interval)
    (stage,) = (stage for stage in design.stages if isinstance(stage, ChannelLookupStage))
    assert stage.lookup.lanes * stage.lookup.period == max(6, stage.lookup.lanes)
    check(graph, design, tmp_path, interval)


@pytest.mark.parametrize("period", [1, 5, 20])
def test_functions_of_each_channel(period: int, tmp_path: Path) -> None:
    graph = Branches("net", "affine", (2, 4, 5), period).slopes(period).conv(2, (1, 1)).graph
    check(graph, plan(graph, 25), tmp_path, period)


def test_a_constant_with_two_users(tmp_path: Path) -> None:
    net = Branches("net", "affine", (3, 3, 2), 8).conv(4, (1, 1), relu=False)
    name = net.constant((4,))
    graph = net.add(name).join(name, QMultiply).graph
    check(graph, plan(graph, 40), tmp_path, "two users")


def test_codes_of_few_bits(tmp_path: Path) -> None:
    graph = with_constant(QAdd, "fixed", (6,), bits=5)
    check(graph, plan(graph, 30), tmp_path, "5 bits")


def test_the_period_of_a_constant_is_the_shortest() -> None:
    net = Branches("net", "fixed", (3, 4, 2), 8)
    constants = [(net.constant(shape), period) for shape, period in [((), 1), ((2,), 2), ((4, 2), 8)]]
    nodes = {node.name: node for node in net.nodes}
    assert [lookup.period_of(nodes[name], (3, 4, 2)) for name, _ in constants] == [p for _, p in constants]


def test_tables_that_are_too_large_are_refused() -> None:
    net = Branches("net", "fixed", (2, 2, 40), 8, bits=15).conv(40, (1, 1), relu=False)
    wide = net.add(net.constant((40,))).graph
    message = r"layer 'add_3': hardware supports tables of up to 1,048,576 words in all, found 40 of 32,768"
    with pytest.raises(Unsupported, match=message):
        plan(wide, 400)


def test_two_constants_are_refused() -> None:
    net = Branches("net", "fixed", (2, 2, 2), 8)
    one, other = net.constant((2, 2, 2)), net.constant((2, 2, 2))
    with pytest.raises(Unsupported, match="hardware joins tensors, found two constants"):
        plan(net.at(one).add(other).graph, 400)
