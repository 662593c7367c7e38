# SPDX-License-Identifier: Apache-2.0
"""The integer model as one C++14 header: a call of a kernel for each layer, integers alone; by DPI, too."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from kerilog.emit.cpp_calls import Value, Writer, storage_type
from kerilog.emit.verilog import environment
from kerilog.formats import Sign
from kerilog.hardware.naming import verilog_name
from kerilog.names import harmless
from kerilog.qgraph import (
    QAdd,
    QConstant,
    QConv2D,
    QGraph,
    QInput,
    QMaximum,
    QMultiply,
    QNode,
    QReshape,
    QZeroPadding2D,
)
from kerilog.quantize import strip_softmax

_JOINS = (QAdd, QMaximum, QMultiply)
_NO_PADDING = ((0, 0), (0, 0))
_DPI = {
    f"std::{'' if signed else 'u'}int{bits}_t": name + ("" if signed else " unsigned")
    for bits, name in ((8, "byte"), (16, "shortint"), (32, "int"), (64, "longint"))
    for signed in (True, False)
}


@dataclasses.dataclass(frozen=True)
class Tensor:
    """What the header says of a tensor: its variable, C++ type, shape, count, layer and format."""

    variable: str
    type: str
    shape: tuple[int, ...]
    size: int
    name: str
    format: str

    @property
    def dpi(self) -> str:
        """The SystemVerilog type of an element."""
        return _DPI[self.type]


def header(graph: QGraph, name: str) -> str:
    """The header of ``graph``, up to its softmax, in ASCII; ``name`` becomes part of the namespace.

    Raises KerilogError, with the layer's name, where a layer has no kernel in C++ or its numbers would pass
    64 bits.
    """
    return files(graph, name)[f"{verilog_name(name)}.h"]


def files(graph: QGraph, name: str) -> dict[str, str]:
    """The header of ``graph``, and the package and the source that make a DPI function of it, by file name.

    Raises as ``header``.
    """
    network = strip_softmax(graph)
    program = _Program(network)
    plain = verilog_name(name)
    values = {
        "name": harmless(name),
        "plain": plain,
        "scheme": harmless(network.scheme),
        "namespace": f"krl_{plain}",
        "guard": f"KRL_{plain.upper()}_H",
        "inputs": program.inputs,
        "outputs": program.outputs,
        "ends": [*program.inputs, *program.outputs],
        "tensors": program.tensors,
        "arrays": program.writer.arrays,
        "calls": program.writer.calls,
    }
    jinja = environment()
    return {
        file: jinja.get_template(f"cpp/{template}").render(values)
        for file, template in (
            (f"{plain}.h", "model.h.j2"),
            (f"{plain}_dpi.sv", "dpi.sv.j2"),
            (f"{plain}_dpi.cpp", "dpi.cpp.j2"),
        )
    }


class _Program:
    """The variables and calls of a network."""

    def __init__(self, graph: QGraph) -> None:
        self.writer = Writer()
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.tensors: list[Tensor] = []
        self.values: dict[str, Value] = {}
        for node in graph:
            self.values[node.name] = self._value(node)
        for place, name in enumerate(graph.outputs):
            node, value = graph[name], self.values[name]
            target = _tensor(f"y{place}", node)
            self.outputs.append(target)
            self.writer.call("copy", (target.size,), (value.variable, target.variable))

    def _value(self, node: QNode) -> Value:
        """The tensor of ``node``, and what makes it."""
        if isinstance(node.op, QInput):
            self.inputs.append(_tensor(f"x{len(self.inputs)}", node))
            return Value(self.inputs[-1].variable, node.shape, node.format)
        if isinstance(node.op, QConstant):
            values = np.broadcast_to(node.op.values, node.shape)
            return Value(self.writer.array(storage_type(node.format), values), node.shape, node.format)
        sources = [self.values[name] for name in node.inputs]
        if isinstance(node.op, QReshape):
            return Value(sources[0].variable, node.shape, node.format)
        if isinstance(node.op, _JOINS):
            sources = [self._spread(node, source) for source in sources]
        if isinstance(node.op, QConv2D) and isinstance(sources[0].format, Sign) and np.any(node.op.padding):
            node, sources = self._padded(node, node.op, sources[0])
        value = self._new(node)
        self.writer.add(node, sources, value)
        return value

    def _padded(self, node: QNode, op: QConv2D, source: Value) -> tuple[QNode, list[Value]]:
        """A convolution of signs, around which something else stands than 0, without its padding; and what it
        is of.
        """
        height, width, channels = source.shape
        rows, columns = (sum(ends) for ends in op.padding)
        shape = height + rows, width + columns, channels
        padding = QZeroPadding2D(op.padding, code=op.border(source.format))
        around = dataclasses.replace(node, op=padding, shape=shape, format=source.format)
        value = self._new(around)
        self.writer.add(around, [source], value)
        return dataclasses.replace(node, op=dataclasses.replace(op, padding=_NO_PADDING)), [value]

    def _spread(self, node: QNode, source: Value) -> Value:
        """An operand in the shape of the result."""
        if source.shape == node.shape:
            return source
        value = self._new(dataclasses.replace(node, format=source.format))
        self.writer.broadcast(node, source, value)
        return value

    def _new(self, node: QNode) -> Value:
        self.tensors.append(_tensor(f"t{len(self.tensors)}", node))
        return Value(self.tensors[-1].variable, node.shape, node.format)


def _tensor(variable: str, node: QNode) -> Tensor:
    shape, format = tuple(map(int, node.shape)), node.format
    scale = repr(float(format.scales))
    told = f"{int(format.bits)} bits, scale {scale}, zero point {int(format.zero_point)}"
    if isinstance(format, Sign):
        told = f"1 bit, 0 for +{scale} and -1 for -{scale}"
    return Tensor(variable, storage_type(format), shape, math.prod(shape), harmless(node.name), told)
