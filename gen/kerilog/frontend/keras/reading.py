# SPDX-License-Identifier: Apache-2.0
"""The steps of a model to nodes, one by one, past those that are not supported: all are found at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend.keras.calls import Call, Converter, Nodes, UnknownInputError
from kerilog.frontend.keras.functions import activation_of
from kerilog.frontend.keras.libraries import QACTIVATION
from kerilog.frontend.keras.nesting import Source, Step
from kerilog.frontend.keras.options import Key, Layer
from kerilog.frontend.keras.plain import nothing
from kerilog.frontend.keras.weights import Weights
from kerilog.graph import Input, Node
from kerilog.names import Names, shown


class Reading:
    """The graph under construction; ``converters`` by Keras class, ``names`` of all layers."""

    def __init__(self, converters: Mapping[str, Converter], weights: Weights, names: Iterable[str]) -> None:
        self.nodes: list[Node] = []
        self._converters = converters
        self._weights = weights
        self._names = Names(names)
        self._made: dict[Source, Node | None] = {}  # None where nobody knows its shape
        self._seen: dict[Key, Layer] = {}
        self._unknown: list[tuple[Layer, str]] = []
        self._broken: list[tuple[Layer, KerilogError]] = []

    def add(self, step: Step) -> None:
        """Append the nodes of ``step``, or note what stands against it."""
        layer = step.layer
        self._seen.setdefault(layer.key, layer)
        nodes = self._read(step) if self._is_known(step) else ()
        self._made[layer.key, step.index] = nodes[-1] if nodes and layer.shape_is_known else None
        self.nodes.extend(nodes)

    def raise_refusals(self) -> None:
        """Raise Unsupported with all that was refused, or KerilogError for the first fault of the file."""
        reasons = [(layer.name, text) for layer in self._seen.values() for text in self._texts(layer)]
        if reasons:
            faults = [
                (layer.name, str(error).removeprefix(f"{layer}: ")) for layer, error in self._broken[:1]
            ]
            raise Unsupported.together([*reasons, *faults])
        if self._broken:
            raise self._broken[0][1]

    def output(self, source: Source) -> str:
        """The name of the node that makes ``source``, after ``raise_refusals``."""
        node = self._made[source]
        assert node
        return node.name

    def _is_known(self, step: Step) -> bool:
        """Whether the layer is one of Keras' own, or of Kerilog's, that is known here; notes it otherwise."""
        layer = step.layer
        if layer.kind == "InputLayer" or (layer.kind in self._converters and step.own):
            return True
        why = " (a custom class)" if layer.kind in self._converters else ""
        text = f"{shown(layer.kind)}{why} is not supported"
        layer.refuse(text)
        self._unknown.append((layer, text))
        return False

    def _texts(self, layer: Layer) -> list[str]:
        """What stands against ``layer``; on the last unknown one follows what is supported instead."""
        last, text = self._unknown[-1] if self._unknown else (None, "")
        computing = (kind for kind, make in self._converters.items() if make is not nothing)
        shown_kinds = ", ".join(kind for kind in computing if not kind.endswith("1D") and ">" not in kind)
        known = f"{text}; supported: {shown_kinds}, those of 2D in 1D, and layers for training alone"
        return [known if layer is last and found == text else found for found in layer.refused]

    def _read(self, step: Step) -> Nodes:
        layer = step.layer
        sources = [self._made[source] for source in step.inputs]
        known = tuple(source for source in sources if source)
        try:
            if layer.kind != QACTIVATION:  # whose option is a quantizer
                activation_of(layer)  # is refused whatever is known of the input
            return self._convert(step, known if len(known) == len(sources) else None)
        except UnknownInputError:
            return ()
        except KerilogError as error:
            # What a refused option leaves behind is not the file's fault.
            if not layer.refused:
                self._broken.append((layer, error))
            return ()

    def _convert(self, step: Step, inputs: Nodes | None) -> Nodes:
        layer = step.layer
        if layer.kind == "InputLayer":
            return (_input(layer),)
        name = layer.name
        if step.index:
            name = self._names.take(f"{name}/call{step.index + 1}")
        return self._converters[layer.kind](Call(layer, name, inputs, self._weights, self._names))


def _input(layer: Layer) -> Node:
    shape = layer.get("batch_shape", layer.get("batch_input_shape", None))
    if not isinstance(shape, list) or len(shape) < 2:
        layer.wrong("batch_shape", "a batch axis and at least one more", shape)
    if not all(type(size) is int for size in shape[1:]):
        layer.wrong("batch_shape", "fixed sizes after the batch axis", shape)
    for key in ("sparse", "ragged", "optional"):
        if layer.flag(key, False):
            layer.unsupported(key, True, "false")
    layer.check_shape(tuple(shape[1:]), "the input")
    return Node(layer.name, Input(), (), tuple(shape[1:]))
