# SPDX-License-Identifier: Apache-2.0
"""One model of a Keras configuration: its layers, and their calls in an order in which each comes after those
that it needs. A layer may be a model itself.

Reads the four dialects of the architecture: Sequential and functional models, each of Keras 3 and of Keras 2.
"""

from __future__ import annotations

import dataclasses
import heapq
from typing import Any

from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend.keras.converters import KINDS, PACKAGE
from kerilog.frontend.keras.libraries import library_of
from kerilog.frontend.keras.options import Key, Layer, checked_name, readable
from kerilog.names import shown

AUGMENTATION = (
    *("RandomFlip", "RandomRotation", "RandomZoom"),
    *("RandomTranslation", "RandomContrast", "RandomBrightness", "RandomShear", "RandomHue"),
    *("RandomSaturation", "RandomSharpness", "RandomColorJitter", "RandomColorDegeneration"),
    *("RandomPosterization", "RandomGrayscale", "RandomInvert", "RandomErasing", "RandomPerspective"),
    *("RandomGaussianBlur", "RandomElasticTransform", "RandAugment", "AugMix", "MixUp", "CutMix"),
    *("RandomHeight", "RandomWidth"),
)
"""Layers that change images in training, and do nothing at inference."""
SAME_SIZE = ("Resizing", "CenterCrop", "RandomCrop")
"""Layers that are nothing where the image has the size they are for already."""

MAX_LAYERS = 4096
MODELS = ("Sequential", "Functional", "Model")
Endpoint = tuple[str, int, int]
"""(layer, call, tensor) of one model, the layer by its own name."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A layer of the file; ``own``: the class is Keras' own or ours. ``model`` is what a nested model holds.

    ``shared`` is the number that Keras gives an object which the file describes more than once, or None.
    """

    layer: Layer
    own: bool
    inbound: Any = None
    model: Blueprint | None = None
    shared: int | None = None


@dataclasses.dataclass(frozen=True)
class LayerCall:
    """Call number ``index`` of a layer on tensors of the same model."""

    entry: Entry
    index: int
    inputs: tuple[Endpoint, ...]

    @property
    def name(self) -> str:
        """The layer's name within its model."""
        return self.entry.layer.key[-1]

    @property
    def tensors(self) -> int:
        """How many tensors it makes."""
        return 1 if self.entry.model is None else len(self.entry.model.outputs)


@dataclasses.dataclass(frozen=True)
class Blueprint:
    """One model: ``entries`` in the file's order, ``calls`` in an order of computation.

    ``name`` is as in the file, unchecked, or None.
    """

    entries: tuple[Entry, ...]
    calls: tuple[LayerCall, ...]
    inputs: tuple[Endpoint, ...]
    outputs: tuple[Endpoint, ...]
    name: object


def read_blueprint(config: dict[str, Any], path: Key = ()) -> Blueprint:
    """The model of a Keras configuration, at ``path`` in the whole one, which is () itself.

    Raises Unsupported or KerilogError when there is none to be had.
    """
    kind, model = config.get("class_name"), config.get("config")
    if kind not in MODELS:
        raise Unsupported(
            f"model of class {shown(kind)} is not supported, only Sequential and functional models"
        )
    if isinstance(model, list):
        # Keras 2.2 and older keep the bare list of layers here.
        model = {"layers": model}
    if not isinstance(model, dict):
        raise KerilogError(f"{_title(path)}: expected a configuration, got {shown(model)}")
    entries = _entries(model.get("layers"), path)
    if kind == "Sequential":
        entries, calls = _sequential(entries, model, config, path)
        inputs, outputs = [(calls[0].name, 0, 0)], [(calls[-1].name, 0, 0)]
    else:
        calls, inputs, outputs = _functional(entries, model, path)
    return Blueprint(tuple(entries), tuple(calls), tuple(inputs), tuple(outputs), model.get("name"))


def _title(path: Key) -> str:
    return f"model '{readable(path)}'" if path else "model"


def _entries(layers: object, path: Key) -> list[Entry]:
    if not isinstance(layers, list) or not layers:
        raise KerilogError(f"{_title(path)}: expected a list of layers, got {shown(layers)}")
    if len(layers) > MAX_LAYERS:
        raise KerilogError(f"{_title(path)}: expected at most {MAX_LAYERS} layers, got {len(layers)}")
    return [_entry(layer, position, path) for position, layer in enumerate(layers)]


def _entry(stored: object, position: int, path: Key) -> Entry:
    where = f"layer number {position}" + (f" of {_title(path)}" if path else "")
    if not isinstance(stored, dict):
        raise KerilogError(f"{where}: expected a layer, got {shown(stored)}")
    kind, options = stored.get("class_name"), stored.get("config")
    if kind in MODELS and isinstance(options, list):
        options = {"layers": options}  # as Keras 2.2 and older keep it
    if not isinstance(options, dict):
        raise KerilogError(f"{where}: expected a layer, got {shown(stored)}")
    if not isinstance(kind, str):
        raise KerilogError(f"{where}: expected a class name, got {shown(kind)}")
    name = checked_name(options.get("name", stored.get("name")), f"{where}: name")
    if stored.get("name", name) != name:
        raise KerilogError(f"layer {shown(name)}: expected one name, got {shown(stored['name'])} too")
    registered, module = stored.get("registered_name"), stored.get("module")
    if kind.startswith(f"{PACKAGE}>"):
        # All that an .h5 file says of a registered class.
        kind, registered = kind.removeprefix(f"{PACKAGE}>"), kind
    library = library_of(kind, module, registered, options)
    if library is not None:
        kind, module, registered = f"{library}>{kind}", None, None
    key = (*path, name)
    layer = Layer(readable(key), kind, options, key)
    shared = stored.get("shared_object_id")
    model = (
        read_blueprint({**stored, "config": options}, key) if _is_model(module, registered, kind) else None
    )
    own = model is not None or _is_own(module, registered, kind)
    return Entry(layer, own, stored.get("inbound_nodes"), model, shared if type(shared) is int else None)


def _is_own(module: object, registered: object, kind: str) -> bool:
    """Whether the class is Keras' own or Kerilog's, which register theirs.

    .h5 files name no module of Keras, and no registered class has a plain name.
    """
    if kind in KINDS:
        return registered == f"{PACKAGE}>{kind}"
    return module in (None, "keras.layers") and registered in (None, kind)


def _is_model(module: object, registered: object, kind: str) -> bool:
    """Whether the layer is a model of one of Keras' own classes, not of one derived from them."""
    if kind not in MODELS or registered not in (None, kind):
        return False
    return module is None or (isinstance(module, str) and module.split(".")[0] in ("keras", "tf_keras"))


def _sequential(
    entries: list[Entry], model: dict[str, Any], config: dict[str, Any], path: Key
) -> tuple[list[Entry], list[LayerCall]]:
    """One chain. The input may be a layer, an option of the first layer, or what the model was built with."""
    if entries[0].layer.kind != "InputLayer":
        # A nested model gets its input from outside, whatever it was built with.
        shape = None if path else _built_shape(entries[0], model, config)
        key = (*path, _free_name("input", entries))
        head = Entry(Layer(readable(key), "InputLayer", {"batch_shape": shape}, key), True)
        calls = _chain([head, *entries])
    else:
        calls = _chain(entries)
    _check_names([call.entry for call in calls])
    return entries, calls


def _chain(entries: list[Entry]) -> list[LayerCall]:
    calls: list[LayerCall] = []
    for entry in entries:
        inputs = ((calls[-1].name, 0, 0),) if calls else ()
        if calls and entry.layer.kind == "InputLayer":
            raise KerilogError(f"{entry.layer}: expected an input only at the head of the model")
        call = LayerCall(entry, 0, inputs)
        if call.tensors != 1:
            entry.layer.wrong("outputs of a model in a Sequential one", "one", call.tensors)
        calls.append(call)
    return calls


def _built_shape(first: Entry, model: dict[str, Any], config: dict[str, Any]) -> object:
    build = config.get("build_config")
    candidates = [
        first.layer.options.get("batch_shape"),
        first.layer.options.get("batch_input_shape"),
        model.get("build_input_shape"),
        build.get("input_shape") if isinstance(build, dict) else None,
    ]
    while first.model is not None:
        candidates.append(first.layer.options.get("build_input_shape"))
        first = first.model.entries[0]
        candidates += [first.layer.options.get(key) for key in ("batch_shape", "batch_input_shape")]
    for shape in candidates:
        if shape is not None:
            return shape
    raise KerilogError(
        f"{first.layer}: the model has no input shape; build it (call it once) before it is saved"
    )


def _free_name(name: str, entries: list[Entry]) -> str:
    taken = {name for entry in entries for name in (entry.layer.name, entry.layer.key[-1])}
    while name in taken:
        name += "_"
    return name


def _check_names(entries: list[Entry]) -> None:
    seen: set[Key] = set()
    for entry in entries:
        if entry.layer.key in seen:
            raise KerilogError(f"{entry.layer}: expected a name of its own, got one that is taken")
        seen.add(entry.layer.key)


Known = dict[tuple[str, int], LayerCall]


def _functional(
    entries: list[Entry], model: dict[str, Any], path: Key
) -> tuple[list[LayerCall], list[Endpoint], list[Endpoint]]:
    """The calls of a functional model: the inputs in the model's order, then each call when it is ready."""
    _check_names(entries)
    inputs = _endpoints(model.get("input_layers"), "input_layers", path)
    outputs = _endpoints(model.get("output_layers"), "output_layers", path)
    calls = [call for entry in entries for call in _calls(entry)]
    known = {(call.name, call.index): call for call in calls}
    for source in (*inputs, *outputs):
        if not _is_made(source, known):
            raise KerilogError(f"{_title(path)}: output or input {shown(source[0])} is made by no layer")
    heads = [known[source[:2]] for source in dict.fromkeys(inputs)]
    for call in heads:
        if call.entry.layer.kind != "InputLayer":
            call.entry.layer.wrong("model input", "an InputLayer", call.entry.layer.kind)
    listed = set(map(id, heads))
    return _ordered(heads + [call for call in calls if id(call) not in listed], known), inputs, outputs


def _is_made(source: Endpoint, known: Known) -> bool:
    return source[:2] in known and source[2] < known[source[:2]].tensors


def _check_sources(steps: list[LayerCall], known: Known) -> None:
    for step in steps:
        for source in step.inputs:
            if source[:2] not in known:
                step.entry.layer.wrong("input", "the output of a layer", source[:2])
            if not _is_made(source, known):
                last = known[source[:2]].tensors - 1
                tensor = f"0..{last}" if last else "0"
                step.entry.layer.wrong("inbound_nodes", f"[layer, call, {tensor}]", list(source))


def _ordered(steps: list[LayerCall], known: Known) -> list[LayerCall]:
    """``steps`` such that each comes after those it takes; raises KerilogError on a gap or a cycle."""
    place = {(step.name, step.index): number for number, step in enumerate(steps)}
    _check_sources(steps, known)
    users: dict[int, list[int]] = {}
    needs = [{place[source[:2]] for source in step.inputs} for step in steps]
    missing = [len(sources) for sources in needs]
    for number, makers in enumerate(needs):
        for maker in makers:
            users.setdefault(maker, []).append(number)
    # As if the list were gone through again and again, and whatever is ready taken out: (round, place).
    ready = [(0, number) for number, count in enumerate(missing) if count == 0]
    ordered: list[LayerCall] = []
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


def _on_cycle(steps: list[LayerCall], place: dict[tuple[str, int], int], missing: list[int]) -> Layer:
    """A layer on a cycle: backwards from any step that is never ready, one comes past it twice."""
    number = next(number for number, count in enumerate(missing) if count)
    seen: set[int] = set()
    while number not in seen:
        seen.add(number)
        number = next(place[source[:2]] for source in steps[number].inputs if missing[place[source[:2]]])
    return steps[number].entry.layer


def _calls(entry: Entry) -> list[LayerCall]:
    if entry.layer.kind == "InputLayer":
        return [LayerCall(entry, 0, ())]
    inbound = entry.inbound
    if not isinstance(inbound, list) or not inbound:
        entry.layer.wrong("inbound_nodes", "a list of calls", inbound)
    return [LayerCall(entry, i, tuple(_sources(entry.layer, call))) for i, call in enumerate(inbound)]


def _sources(layer: Layer, call: object) -> list[Endpoint]:
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


def _tensors(layer: Layer, argument: object) -> list[Endpoint]:
    """All tensors in the arguments of a call, in order."""
    if isinstance(argument, list):
        return [source for item in argument for source in _tensors(layer, item)]
    if isinstance(argument, dict) and argument.get("class_name") == "__keras_tensor__":
        history = argument.get("config")
        return [_source(layer, history.get("keras_history") if isinstance(history, dict) else None)]
    if argument is None:
        return []
    return layer.wrong("inbound_nodes", "tensors", argument)


def _source(layer: Layer, history: object) -> Endpoint:
    if not isinstance(history, list) or len(history) < 3 or not isinstance(history[0], str):
        layer.wrong("inbound_nodes", "[layer, call, tensor]", history)
    name, index, tensor = history[:3]
    if type(index) is not int or type(tensor) is not int or tensor < 0:
        layer.wrong("inbound_nodes", "[layer, call, tensor]", history)
    return name, index, tensor


def _check_arguments(layer: Layer, arguments: object) -> None:
    """Keyword arguments may say nothing, or ``training=False``: with True, dropout would drop.

    Keras writes True for layers that change images, whose default it is; a prediction overrides it.
    """
    if arguments is None or arguments == {}:
        return
    if not isinstance(arguments, dict):
        layer.wrong("inbound_nodes", "keyword arguments", arguments)
    for key, value in arguments.items():
        by_default = key == "training" and value is True and layer.kind in (*AUGMENTATION, *SAME_SIZE)
        if value is not None and value is not False and not by_default:
            layer.unsupported(f"call argument {shown(key)} =", value, "none")


def _endpoints(stored: object, what: str, path: Key) -> list[Endpoint]:
    """[name, call, tensor], a list of such, or a dict or a nest of such."""
    if isinstance(stored, dict):
        stored = list(stored.values())
    if not isinstance(stored, list) or not stored:
        raise KerilogError(f"{_title(path)}: {what}: expected [layer, call, tensor], got {shown(stored)}")
    if isinstance(stored[0], str):
        return [_source(Layer(readable(path) or "model", what, {}, path), stored)]
    return [source for item in stored for source in _endpoints(item, what, path)]
