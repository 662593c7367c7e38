# SPDX-License-Identifier: Apache-2.0
"""What there is to choose: the bits of each layer's weights and those of each tensor."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from numbers import Integral
from typing import Literal

import msgspec

from kerilog.errors import KerilogError
from kerilog.graph import Activation, Conv2D, Dense, DepthwiseConv2D, Graph, Node
from kerilog.quantize import LayerSettings, Settings
from kerilog.quantize.fixed import DEFAULT_BITS
from kerilog.quantize.owners import KEEPS_FORMAT, format_owners
from kerilog.quantize.rewrite import results
from kerilog.quantize.settings import MAX_BITS, MIN_BITS

Key = Literal["weight_bits", "activation_bits"]
Widths = tuple[int, ...]
"""Bits, one number for each choice."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """Which setting of which layer is chosen; ``widths``: the bits that it may have, ascending."""

    layer: str
    key: Key
    widths: Widths


def parsed(text: str, option: str) -> Widths:
    """The widths that ``text`` names, as ``2-8`` or ``4,6,8``, ascending.

    Raises KerilogError, which calls them ``option``, unless they are whole numbers of 2 to 16.
    """
    found: set[int] = set()
    for part in text.split(","):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or not all(end.isascii() and end.isdecimal() and len(end) <= 2 for end in ends):
            raise KerilogError(_refusal(option, part.strip()))
        low, high = int(ends[0]), int(ends[-1])
        for width in (low, high):
            if not MIN_BITS <= width <= MAX_BITS:
                raise KerilogError(_refusal(option, str(width)))
        if low > high:
            raise KerilogError(_refusal(option, part.strip()))
        found.update(range(low, high + 1))
    return tuple(sorted(found))


def widths_of(values: Iterable[int], name: str) -> Widths:
    """``values``, the argument ``name``, ascending. Raises KerilogError as ``parsed``."""
    found = list(values) if isinstance(values, Iterable) else [values]
    for width in found:
        if not isinstance(width, Integral) or not MIN_BITS <= width <= MAX_BITS:
            raise KerilogError(_refusal(name, str(width)))
    if not found:
        raise KerilogError(_refusal(name, ""))
    return tuple(sorted({int(width) for width in found}))


def _refusal(option: str, came: str) -> str:
    return (
        f"{option}: expected widths of {MIN_BITS} to {MAX_BITS} bits, as 2-8 or 4,6,8, found {came!r}; "
        "weights of fewer bits, for which a network is trained, are set for single layers by --config"
    )


def choices(graph: Graph, settings: Settings, weights: Widths, activations: Widths) -> tuple[Choice, ...]:
    """What is left to choose in simplified ``graph``: what ``settings`` say of single layers stays.

    Layers that were trained with converters have their formats, too. Raises KerilogError where the settings
    give all layers widths, and where nothing is left.
    """
    for key in ("weight_bits", "activation_bits"):
        if getattr(settings.default, key) is not None:
            raise KerilogError(
                f"settings: {key}: is chosen here; expected it for single layers only, which then keep it"
            )
    taken = format_owners(graph, settings.own)  # these have the format of a layer further on
    found: list[Choice] = []
    for node in graph:
        own = settings.layers.get(node.name, LayerSettings())
        if _has_weights(node) and own.weight_bits is None:
            found.append(Choice(node.name, "weight_bits", weights))
        if _has_format(node) and own.activation_bits is None and node.name not in taken:
            found.append(Choice(node.name, "activation_bits", activations))
    if not found:
        raise KerilogError(f"model '{graph.name}': no width is left to choose: all layers have theirs")
    return tuple(found)


def _has_weights(node: Node) -> bool:
    """Whether ``node`` has weights whose format is open."""
    return isinstance(node.op, Conv2D | DepthwiseConv2D | Dense) and node.op.kernel_format is None


def _has_format(node: Node) -> bool:
    """Whether the result of ``node`` has a format of its own, which is open."""
    softmax = isinstance(node.op, Activation) and node.op.function == "softmax"
    return node.format is None and not softmax and not isinstance(node.op, KEEPS_FORMAT)


def uniform(graph: Graph, found: Sequence[Choice], weights: int, activations: int) -> Widths:
    """One width for all weights and one for all tensors; results keep 8 bits, as ``build`` has it."""
    ends = results(graph)

    def width(choice: Choice) -> int:
        if choice.key == "weight_bits":
            return weights
        return max(activations, DEFAULT_BITS) if choice.layer in ends else activations

    return tuple(width(choice) for choice in found)


def settings_with(settings: Settings, found: Sequence[Choice], widths: Widths) -> Settings:
    """``settings`` with the ``widths`` of what was chosen, each layer by its name."""
    layers = dict(settings.layers)
    for choice, width in zip(found, widths, strict=True):
        own = layers.get(choice.layer, LayerSettings())
        layers[choice.layer] = msgspec.structs.replace(own, **{choice.key: width})
    return msgspec.structs.replace(settings, layers=layers)


def narrower(choice: Choice, width: int) -> Iterator[int]:
    """The widths below ``width``, the nearest first."""
    return reversed([one for one in choice.widths if one < width])


def wider(choice: Choice, width: int) -> Iterator[int]:
    """The widths above ``width``, the nearest first."""
    return iter([one for one in choice.widths if one > width])
