# SPDX-License-Identifier: Apache-2.0
"""Models within models, flattened: the calls of layers that are no models, on each other's outputs.

A model that is called twice has all its layers called twice, with the same weights.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import Any

from kerilog.errors import KerilogError
from kerilog.frontend.keras.options import Key, Layer
from kerilog.frontend.keras.topology import MAX_LAYERS, Blueprint, Endpoint, Entry, read_blueprint
from kerilog.frontend.keras.weights import Stored
from kerilog.names import unique_names

MAX_CALLS = 1 << 14
Source = tuple[Key, int]


@dataclasses.dataclass(frozen=True)
class Step:
    """Call number ``index`` of a layer on other calls' outputs. ``own``: the class is Keras' own or ours."""

    layer: Layer
    index: int
    inputs: tuple[Source, ...]
    own: bool


@dataclasses.dataclass(frozen=True)
class Model:
    """``stored``: all layers and nested models in the file's order, which is that of their weights.

    ``steps`` in an order of computation, the steps that are ``outputs``, the ``names`` of all layers.
    ``name`` is as in the file, unchecked, or None.
    """

    stored: tuple[Stored, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Source, ...]
    names: tuple[str, ...]
    name: object


def read_model(config: dict[str, Any]) -> Model:
    """The model of a Keras configuration; raises Unsupported or KerilogError when there is none to be had."""
    blueprint = read_blueprint(config)
    entries = list(_all_entries(blueprint))
    if len(entries) > MAX_LAYERS:
        raise KerilogError(f"model: expected at most {MAX_LAYERS} layers, got {len(entries)}")
    flat = _Flat(_named(blueprint, entries))
    outputs = flat.call(blueprint, None)
    stored = tuple(
        Stored(entry.layer.key, entry.layer.kind.split(">")[-1], entry.shared) for entry in entries
    )
    return Model(stored, tuple(flat.steps), outputs, tuple(flat.names.values()), blueprint.name)


def _all_entries(blueprint: Blueprint) -> Iterator[Entry]:
    """All layers, each nested model before its own."""
    for entry in blueprint.entries:
        yield entry
        if entry.model is not None:
            yield from _all_entries(entry.model)


def _named(blueprint: Blueprint, entries: list[Entry]) -> dict[Key, str]:
    """A unique name for each layer that is no model and no input of one."""
    layers = [entry.layer for entry in entries if entry.model is None and not _is_inner_input(entry.layer)]
    head = blueprint.calls[0].entry.layer
    if all(layer.key != head.key for layer in layers) and head.kind == "InputLayer":
        layers.append(head)  # made up, for a Sequential model without one
    # A layer of the outermost model goes by what the file says, so that a harmless name stays as it is.
    wanted = [layer.key[0] if len(layer.key) == 1 else layer.name for layer in layers]
    return {layer.key: name for layer, name in zip(layers, unique_names(wanted), strict=True)}


def _is_inner_input(layer: Layer) -> bool:
    return layer.kind == "InputLayer" and len(layer.key) > 1


class _Flat:
    """The steps made so far, and how often each layer has been called; ``names`` by layer."""

    def __init__(self, names: dict[Key, str]) -> None:
        self.names = names
        self.steps: list[Step] = []
        self._calls: Counter[Key] = Counter()
        self._layers: dict[Key, Layer] = {}
        self._count = 0

    def call(self, model: Blueprint, given: tuple[Source, ...] | None) -> tuple[Source, ...]:
        """Append the steps of ``model``, its inputs ``given`` from outside; the sources of its outputs."""
        self._one_more()
        made: dict[Endpoint, Source] = dict(zip(model.inputs, given or (), strict=given is not None))
        for call in model.calls:
            layer, place = call.entry.layer, (call.name, call.index)
            if (*place, 0) in made:
                continue
            sources = tuple(made[source] for source in call.inputs)
            if call.entry.model is None:
                made[*place, 0] = self._step(call.entry, sources)
                continue
            if len(sources) != len(call.entry.model.inputs):
                layer.wrong("inputs", f"{len(call.entry.model.inputs)} tensors", len(sources))
            for number, source in enumerate(self.call(call.entry.model, sources)):
                made[*place, number] = source
        return tuple(made[source] for source in model.outputs)

    def _step(self, entry: Entry, sources: tuple[Source, ...]) -> Source:
        key = entry.layer.key
        if entry.layer.kind == "InputLayer" and len(key) > 1:
            entry.layer.wrong("inputs", "one that the nested model is called with", "none")
        self._one_more()
        layer = self._layers.setdefault(key, dataclasses.replace(entry.layer, name=self.names[key]))
        index = self._calls[key]
        self._calls[key] += 1
        self.steps.append(Step(layer, index, sources, entry.own))
        return key, index

    def _one_more(self) -> None:
        """Models that call models twice, which call models twice, are a small file and a huge network."""
        self._count += 1
        if self._count > MAX_CALLS:
            raise KerilogError(f"model: expected at most {MAX_CALLS} calls of layers and models, got more")
