# SPDX-License-Identifier: Apache-2.0
"""Layers that are tables in hardware: functions of one code, the same for all channels or one for each."""

from __future__ import annotations

import dataclasses
import math

from kerilog.exact import lookup
from kerilog.formats import IntArray
from kerilog.hardware import memories
from kerilog.hardware.design import LayerStage
from kerilog.hardware.kind import Flow, Frame, Wiring, title
from kerilog.hardware.module import Module
from kerilog.hardware.modules.channel_lookup import ChannelLookup
from kerilog.hardware.modules.lookup import Lookup
from kerilog.qgraph import QNode

MOST_WORDS = 1 << 20
"""Of all tables of a layer."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LookupStage(LayerStage):
    """A ``krl_lookup``."""

    lookup: Lookup

    template = "stages/lookup.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.lookup,)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ChannelLookupStage(LayerStage):
    """A ``krl_channel_lookup`` and a memory per lane."""

    lookup: ChannelLookup

    template = "stages/channel_lookup.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.lookup,)


def too_large(tables: int, bits: int) -> str | None:
    """What stands against so many ``tables`` of codes of ``bits``."""
    words = tables << bits
    if words <= MOST_WORDS:
        return None
    return f"hardware supports tables of up to {MOST_WORDS:,} words in all, found {tables:,} of {1 << bits:,}"


def place(node: QNode, flow: Flow, wiring: Wiring, tables: IntArray) -> Flow:
    """Put ``node`` into the network: ``tables`` (period, codes) of ``flow``'s elements.

    Element n of a frame takes row n modulo period; words are in the order of the codes' bits.
    """
    lanes = wiring.fewest_lanes(flow.tensor)
    if flow.lanes is None or flow.lanes > lanes:
        flow = wiring.cut(flow, lanes, title(node))
    lanes = flow.tensor.lanes
    frame = Frame.of(node, wiring, (flow,), lanes)
    codes = lookup.image_of(tables, flow.codes)
    if len(tables) == 1:
        stage: LayerStage = LookupStage(**vars(frame), lookup=_lookup(node, flow, frame, tables[0]))
    else:
        stage = ChannelLookupStage(**vars(frame), lookup=_channel_lookup(node, flow, frame, tables))
    return wiring.append(stage, codes)


def _lookup(node: QNode, flow: Flow, frame: Frame, words: IntArray) -> Lookup:
    bits = node.format.bits
    table = memories.column(frame.memory("table"), words, bits, f"word = bits of the code; {bits} bits")
    return Lookup(flow.tensor.lanes, flow.tensor.bits, bits, table)


def _channel_lookup(node: QNode, flow: Flow, frame: Frame, tables: IntArray) -> ChannelLookup:
    bits, lanes = node.format.bits, flow.tensor.lanes
    period = math.lcm(len(tables), lanes) // lanes
    rows = [[(beat * lanes + lane) % len(tables) for beat in range(period)] for lane in range(lanes)]
    files = [
        memories.column(
            frame.memory(f"table_{lane}"),
            tables[rows[lane]].reshape(-1),
            bits,
            f"word = (beat, bits of the code); {bits} bits",
        )
        for lane in range(lanes)
    ]
    return ChannelLookup(period, flow.tensor.bits, bits, tuple(files))
