# SPDX-License-Identifier: Apache-2.0
"""What the template of a constant matrix prints: every element of an adder graph as a line of Verilog."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from kerilog.exact.shift_add import AdderGraph, Element, Sum


@dataclasses.dataclass(frozen=True)
class Line:
    """A wire or register of ``bits`` bits, what it is given, and a word about it."""

    name: str
    bits: int
    value: str
    comment: str


@dataclasses.dataclass(frozen=True)
class Cycle:
    """The registers that are there ``number`` cycles after the inputs."""

    number: int
    registers: tuple[Line, ...]


@dataclasses.dataclass(frozen=True)
class Products:
    """A module of constant multipliers; ``sums`` holds the outputs, the last one first.

    ``unused``: there are bits of inputs that nothing uses. ``registers``: how many there are.
    """

    inputs: tuple[Line, ...]
    unused: bool
    registers: int
    cycles: tuple[Cycle, ...]
    sums: tuple[str, ...]


def products_of(graph: AdderGraph, x_bits: int, sum_bits: int) -> Products:
    """The lines of ``graph``, its inputs in lanes of ``x_bits``, its outputs of ``sum_bits``."""
    registers: list[list[Line]] = [[] for _ in range(graph.depth)]
    for number, element in enumerate(graph.elements):
        if isinstance(element, Sum):
            name, value = _name(graph, number), _sum(graph, element)
            registers[element.level - 1].append(Line(name, element.bits, value, _interval(element)))
        for age, bits in enumerate(filter(None, graph.delays[number])):
            value = _low_bits(graph, number, age, bits)
            registers[element.level + age].append(Line(_name(graph, number, age + 1), bits, value, ""))
    inputs = tuple(_inputs(graph, x_bits))
    return Products(
        inputs=inputs,
        unused=sum(line.bits for line in inputs) < len(graph.inputs) * x_bits,
        registers=sum(len(lines) for lines in registers),
        cycles=tuple(Cycle(number, tuple(lines)) for number, lines in enumerate(registers, 1)),
        sums=tuple(_output(graph, unit, sum_bits) for unit in reversed(range(len(graph.outputs)))),
    )


def _inputs(graph: AdderGraph, x_bits: int) -> Iterator[Line]:
    """The inputs that have a weight, as many bits of each as its codes need."""
    used = {operand for node in graph.sums for operand in node.operands}
    used |= {output.element for output in graph.outputs if output.element is not None}
    for number, element in enumerate(graph.inputs):
        if number in used:
            low = number * x_bits
            value = f"x[{low + element.bits - 1}:{low}]"
            yield Line(_name(graph, number), element.bits, value, _interval(element))


def _name(graph: AdderGraph, number: int, age: int = 0) -> str:
    """The name of an element, ``age`` cycles after it is there."""
    first = len(graph.inputs)
    name = f"x{number}" if number < first else f"t{number - first}"
    return f"{name}_{age}" if age else name


def _low_bits(graph: AdderGraph, number: int, age: int, bits: int) -> str:
    """The lowest bits of an element, ``age`` cycles after it is there."""
    width = graph.delays[number][age - 1] if age else graph.elements[number].bits
    name = _name(graph, number, age)
    return name if width == bits else f"{name}[{bits - 1}:0]"


def _sum(graph: AdderGraph, node: Sum) -> str:
    """The expression of a sum, all operands as wide as it."""
    right = _operand(graph, node.right, node.level - 1, node.shift, node.bits)
    if not node.left_sign:
        return f"{node.bits}'d0 - {right}"
    left = _operand(graph, node.left, node.level - 1, 0, node.bits)
    if node.left_sign < 0:
        return f"{right} - {left}"
    return f"{left} {'+' if node.right_sign > 0 else '-'} {right}"


def _operand(graph: AdderGraph, number: int, level: int, shift: int, bits: int) -> str:
    """``element << shift`` in ``bits`` bits, sign extended, ``level`` cycles after the inputs."""
    if shift >= bits:
        return f"{bits}'d0"
    element = graph.elements[number]
    age = level - element.level
    above = bits - shift - element.bits
    parts = [_low_bits(graph, number, age, element.bits + min(above, 0))]
    if above > 0:
        sign = f"{{{above}{{{_name(graph, number, age)}[{element.bits - 1}]}}}}"
        parts.insert(0, sign if element.signed else f"{above}'d0")
    if shift:
        parts.append(f"{shift}'d0")
    return "{" + ", ".join(parts) + "}" if len(parts) > 1 else parts[0]


def _output(graph: AdderGraph, unit: int, bits: int) -> str:
    output = graph.outputs[unit]
    if output.element is None:
        return f"{bits}'d0"
    return _operand(graph, output.element, graph.depth, output.shift, bits)


def _interval(element: Element) -> str:
    return f"{element.low} to {element.high}"
