# SPDX-License-Identifier: Apache-2.0
"""The calls of a Keras model, in an order in which each comes after those that it needs.

Reads the four dialects of the architecture: Sequential and functional models, each of Keras 3 and of Keras 2.
"""

from __future__ import annotations

import dataclasses
import heapq
from typing import Any

from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend.keras.converters import KINDS, PACKAGE
from kerilog.frontend.keras.options import Layer, checked_name
from kerilog.names import harmless, shown, unique_names

MAX_LAYERS = 4096
Source = tuple[str, int]


@dataclasses.dataclass(frozen=True)
class Step:
    """Call number ``index`` of a layer on other calls' outputs. ``own``: the class is Keras' own or ours."""

    layer: Layer
    index: int
    inputs: tuple[Source, ...]
    own: bool


@dataclasses.dataclass(frozen=True)
class _Entry:
    """A layer of the file with its class and its calls, as yet unread."""

    layer: Layer
    own: bool
    inbound: Any


@dataclasses.dataclass(frozen=True)
class Model:
    """``layers`` in the file's order, ``steps`` in an order of computation, the steps that are ``outputs``.

    ``name`` is as in the file, unchecked, or None.
    """

    layers: tuple[Layer, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Source, ...]
    name: object


def read_model(config: dict[str, Any]) -> Model:
    """The model of a Keras configuration; raises Unsupported or KerilogError when there is none to be had."""
    kind, model = config.get("class_name"), config.get("config")
    if kind not in ("Sequential", "Functional", "Model"):
        raise Unsupported(
            f"model of class {shown(kind)} is not supported, only Sequential and functional models"
        )
    if isinstance(model, list):
        # Keras 2.2 and older keep the bare list of layers here.
        model = {"layers": model}
    if not isinstance(model, dict):
        raise KerilogError(f"model: expected a configuration, got {shown(model)}")
    entries = _entries(model.get("layers"))
    if kind == "Sequential":
        steps, outputs = _sequential(entries, model, config)
    else:
        steps, outputs = _functional(entries, model)
    return Model(tuple(entry.layer for entry in entries), tuple(steps), tuple(outputs), model.get("name"))


def _entries(layers: object) -> list[_Entry]:
    if not isinstance(layers, list) or not layers:
        raise KerilogError(f"model: expected a list of layers, got {shown(layers)}")
    if len(layers) > MAX_LAYERS:
        raise KerilogError(f"model: expected at most {MAX_LAYERS} layers, got {len(layers)}")
    entries = [_entry(layer, position) for position, layer in enumerate(layers)]
    names = unique_names([entry.layer.key for entry in entries])
    return [
        dataclasses.replace(entry, layer=dataclasses.replace(entry.layer, name=name))
        for entry, name in zip(entries, names, strict=True)
    ]


def _entry(stored: object, position: int) -> _Entry:
    if not isinstance(stored, dict) or not isinstance(stored.get("config"), dict):
        raise KerilogError(f"layer number {position}: expected a layer, got {shown(stored)}")
    kind, options = stored.get("class_name"), stored["config"]
    if not isinstance(kind, str):
        raise KerilogError(f"layer number {position}: expected a class name, got {shown(kind)}")
    name = checked_name(options.get("name", stored.get("name")), f"layer number {position}: name")
    if stored.get("name", name) != name:
        raise KerilogError(f"layer {shown(name)}: expected one name, got {shown(stored['name'])} too")
    registered = stored.get("registered_name")
    if kind.startswith(f"{PACKAGE}>"):
        # All that an .h5 file says of a registered class.
        kind, registered = kind.removeprefix(f"{PACKAGE}>"), kind
    own = _is_own(stored.get("module"), registered, kind)
    return _Entry(Layer(harmless(name), kind, options, name), own, stored.get("inbound_nodes"))


def _is_own(module: object, registered: object, kind: str) -> bool:
    """Whether the class is Keras' own or Kerilog's, which register theirs.

    .h5 files name no module of Keras, and no registered class has a plain name.
    """
    if kind in KINDS:
        return registered == f"{PACKAGE}>{kind}"
    return module in (None, "keras.layers") and registered in (None, kind)


def _sequential(
    entries: list[_Entry], model: dict[str, Any], config: dict[str, Any]
) -> tuple[list[Step], list[Source]]:
    """One chain. The input may be a layer, an option of the first layer, or what the model was built with."""
    if entries[0].layer.kind != "InputLayer":
        shape = _built_shape(entries[0].layer, model, config)
        name = _free_name("input", entries)
        entries = [_Entry(Layer(name, "InputLayer", {"batch_shape": shape}, name), True, None), *entries]
    steps: list[Step] = []
    for entry in entries:
        inputs = ((steps[-1].layer.key, 0),) if steps else ()
        if steps and entry.layer.kind == "InputLayer":
            raise KerilogError(f"{entry.layer}: expected an input only at the head of the model")
        steps.append(Step(entry.layer, 0, inputs, entry.own))
    _check_names(entries)
    return steps, [(steps[-1].layer.key, 0)]


def _built_shape(first: Layer, model: dict[str, Any], config: dict[str, Any]) -> object:
    build = config.get("build_config")
    candidates = (
        first.options.get("batch_shape"),
        first.options.get("batch_input_shape"),
        model.get("build_input_shape"),
        build.get("input_shape") if isinstance(build, dict) else None,
    )
    for shape in candidates:
        if shape is not None:
            return shape
    raise KerilogError(f"{first}: the model has no input shape; build it (call it once) before it is saved")


def _free_name(name: str, entries: list[_Entry]) -> str:
    taken = {name for entry in entries for name in (entry.layer.name, entry.layer.key)}
    while name in taken:
        name += "_"
    return name


def _check_names(entries: list[_Entry]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.layer.key in seen:
            raise KerilogError(f"{entry.layer}: expected a name of its own, got one that is taken")
        seen.add(entry.layer.key)


def _functional(entries: list[_Entry], model: dict[str, Any]) -> tuple[list[Step], list[Source]]:
    """The calls of a functional model: the inputs in the model's order, then each call when it is ready."""
    _check_names(entries)
    inputs = _endpoints(model.get("input_layers"), "input_layers")
    outputs = _endpoints(model.get("output_layers"), "output_layers")
    steps = [step for entry in entries for step in _calls(entry)]
    known = {(step.layer.key, step.index): step for step in steps}
    for source in (*inputs, *outputs):
        if source not in known:
            raise KerilogError(f"model: output or input {shown(source[0])} is made by no layer")
    heads = [known[source] for source in dict.fromkeys(inputs)]
    for step in heads:
        if step.layer.kind != "InputLayer":
            step.layer.wrong("model input", "an InputLayer", step.layer.kind)
    listed = set(map(id, heads))
    return _ordered(heads + [step for step in steps if id(step) not in listed], known), outputs


def _ordered(steps: list[Step], known: dict[Source, Step]) -> list[Step]:
    """``steps`` such that each comes after those it takes; raises KerilogError on a gap or a cycle."""
    place = {(step.layer.key, step.index): number for number, step in enumerate(steps)}
    for step in steps:
        for source in step.inputs:
            if source not in known:
                step.layer.wrong("input", "the output of a layer", source)
    users: dict[int, list[int]] = {}
    missing = [len(set(step.inputs)) for step in steps]
    for number, step in enumerate(steps):
        for source in set(step.inputs):
            users.setdefault(place[source], []).append(number)
    # As if the list were gone through again and again, and whatever is ready taken out: (round, place).
    ready = [(0, number) for number, count in enumerate(missing) if count == 0]
    ordered: list[Step] = []
    while ready:
        turn, number = heapq.heappop(ready)
        ordered.append(steps[number])
        for user in users.get(number, ()):
            missing[user] -= 1
            if missing[user] == 0:
                heapq.heappush(ready, (turn + (user < number), user))
    if len(ordered) < len(steps):
        raise KerilogError(
            f"{_on_cycle(steps, place, missing)}: expected a graph without cycles, got one through this layer"
        )
    return ordered


def _on_cycle(steps: list[Step], place: dict[Source, int], missing: list[int]) -> Layer:
    """A layer on a cycle: backwards from any step that is never ready, one comes past it twice."""
    number = next(number for number, count in enumerate(missing) if count)
    seen: set[int] = set()
    while number not in seen:
        seen.add(number)
        number = next(place[source] for source in steps[number].inputs if missing[place[source]])
    return steps[number].layer


def _calls(entry: _Entry) -> list[Step]:
    if entry.layer.kind == "InputLayer":
        return [Step(entry.layer, 0, (), entry.own)]
    inbound = entry.inbound
    if not isinstance(inbound, list) or not inbound:
        entry.layer.wrong("inbound_nodes", "a list of calls", inbound)
    return [
        Step(entry.layer, i, tuple(_sources(entry.layer, call)), entry.own) for i, call in enumerate(inbound)
    ]


def _sources(layer: Layer, call: object) -> list[Source]:
    """The tensors of one call: {"args", "kwargs"} of Keras 3, or a list of [name, call, tensor, kwargs]."""
    if isinstance(call, dict):
        _check_arguments(layer, call.get("kwargs"))
        found = _tensors(layer, call.get("args"))
    elif isinstance(call, list):
        entries = [call] if call and isinstance(call[0], str) else call
        for entry in entries:
            _check_arguments(layer, entry[3] if isinstance(entry, list) and len(entry) > 3 else None)
        found = [_source(layer, entry) for entry in entries]
    else:
        found = []
    if not found:
        layer.wrong("inbound_nodes", "tensors", call)
    return found


def _tensors(layer: Layer, argument: object) -> list[Source]:
    """All tensors in the arguments of a call, in order."""
    if isinstance(argument, list):
        return [source for item in argument for source in _tensors(layer, item)]
    if isinstance(argument, dict) and argument.get("class_name") == "__keras_tensor__":
        history = argument.get("config")
        return [_source(layer, history.get("keras_history") if isinstance(history, dict) else None)]
    if argument is None:
        return []
    return layer.wrong("inbound_nodes", "tensors", argument)


def _source(layer: Layer, history: object) -> Source:
    if not isinstance(history, list) or len(history) < 3 or not isinstance(history[0], str):
        layer.wrong("inbound_nodes", "[layer, call, tensor]", history)
    name, index, tensor = history[:3]
    if type(index) is not int or type(tensor) is not int or tensor != 0:
        layer.wrong("inbound_nodes", "[layer, call, 0]", history)
    return name, index


def _check_arguments(layer: Layer, arguments: object) -> None:
    """Keyword arguments may say nothing, or ``training=False``: with True, dropout would drop."""
    if arguments is None or arguments == {}:
        return
    if not isinstance(arguments, dict):
        layer.wrong("inbound_nodes", "keyword arguments", arguments)
    for key, value in arguments.items():
        if value is not None and value is not False:
            layer.unsupported(f"call argument {shown(key)} =", value, "none")


def _endpoints(stored: object, what: str) -> list[Source]:
    """[name, call, 0], a list of such, or a dict or a nest of such."""
    if isinstance(stored, dict):
        stored = list(stored.values())
    if not isinstance(stored, list) or not stored:
        raise KerilogError(f"model: {what}: expected [layer, call, tensor], got {shown(stored)}")
    if isinstance(stored[0], str):
        return [_source(Layer("model", what, {}, "model"), stored)]
    return [source for item in stored for source in _endpoints(item, what)]
