# SPDX-License-Identifier: Apache-2.0
"""Samples and labels of networks with any number of inputs and outputs, by the names of their layers.

An NPZ file holds an array for each input under the layer's name, NAME, which then serves for both calibration
and test, or x_train_NAME and x_test_NAME. Labels of an output are NAME or y_test_NAME. A network with one
input, or one output, may have them in Keras' own layout instead: x_train, y_train, x_test and y_test, or x
and y, which serve for both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping

from kerilog.data import scaling
from kerilog.data.arrays import Arrays, RawArray
from kerilog.data.found import Found, notes
from kerilog.data.intake import Intake
from kerilog.data.samples import labels_of, samples_of
from kerilog.errors import KerilogError
from kerilog.graph import Array, Shape
from kerilog.manifest import Scaling

_PARTS = ("train", "test")
Key = Callable[[str, str], str]  # of a part and a layer's name: the name of an array


@dataclasses.dataclass(frozen=True, eq=False)
class NamedData:
    """Samples (count, *shape) float32 of each input and test labels of outputs, by the names of their layers.

    ``y_test`` and ``y_train`` lack the outputs that the data has no labels for. ``source`` is one line that
    says which data this is; ``note`` is what is unusual about it. ``scaling`` says for each input what the
    samples were and what was done to them, ``warnings`` what is doubtful about that.
    """

    x_train: dict[str, Array]
    x_test: dict[str, Array]
    y_test: dict[str, Array]
    source: str
    note: str = ""
    y_train: Mapping[str, Array] = dataclasses.field(default_factory=dict)
    scaling: Mapping[str, Scaling] = dataclasses.field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Layout:
    """Where the samples of a part stand in a file, and the labels of a network with one output.

    ``shared``: every input gets the same samples.
    """

    samples: Key
    labels: tuple[str, ...]  # of the part, to be filled in
    shared: bool = False


_NAMED = (
    _Layout(lambda part, name: f"x_{part}_{name}", ("y_{part}", "y")),
    _Layout(lambda _, name: name, ("y_{part}", "y")),
)
_SHARED = (
    _Layout(lambda part, _: f"x_{part}", ("y_{part}",), True),
    _Layout(lambda *_: "x", ("y",), True),
)


def named(
    found: Found, inputs: Mapping[str, Intake], outputs: Mapping[str, Shape], scale: float | None = None
) -> NamedData:
    """The arrays of ``found`` as samples of ``inputs`` and labels of ``outputs``, checked and scaled.

    ``scale`` is the user's factor on all samples. Inputs of one shape that find only one array x, or x_train
    and x_test, all get these samples. Raises KerilogError when the arrays do not fit.
    """
    layout = _layout(found.arrays, inputs, found.source)
    train, test = (_Part(part, found, layout, inputs) for part in _PARTS)
    raw_train, raw_test = train.samples(), test.samples()
    counts = [_count(raw_train, found.source), _count(raw_test, found.source)]
    same = train.keys == test.keys
    rules = {name: _rules(raw_train[name], raw_test[name], inputs[name], scale) for name in inputs}
    x_train = train.scaled(raw_train, {name: rules[name][0].factor for name in inputs})
    x_test = x_train if same else test.scaled(raw_test, {name: rules[name][1].factor for name in inputs})
    told = " + ".join(f"{count:,}" for count in counts[: 1 + (not same)])
    shared = "the same samples for every input" if layout.shared and len(inputs) > 1 else ""
    labelled, about_labels = _labelled(found, outputs)
    return NamedData(
        x_train,
        x_test,
        test.labels(labelled, counts[1]),
        f"{found.source} ({told} samples)",
        notes(found.note, shared),
        train.labels(labelled, counts[0]),
        {name: _whole_rule(*rules[name]) for name in inputs},
        (*found.warnings, *about_labels, *_doubts(rules, raw_train, inputs)),
    )


def _rules(train: RawArray, test: RawArray, intake: Intake, scale: float | None) -> tuple[Scaling, Scaling]:
    one = scaling.scaling_of(train, intake, scale)
    return one, one if train is test else scaling.scaling_of(test, intake, scale)


def _whole_rule(train: Scaling, test: Scaling) -> Scaling:
    return scaling.together(train, test) if train.dtype == test.dtype else train


def _doubts(
    rules: Mapping[str, tuple[Scaling, Scaling]], raw: Mapping[str, RawArray], inputs: Mapping[str, Intake]
) -> Iterator[str]:
    for name, (train, test) in rules.items():
        if train.dtype != test.dtype:
            yield f"input '{name}': calibration samples are {train.dtype}, test samples are {test.dtype}"
        yield from scaling.doubts(name, _whole_rule(train, test), inputs[name], raw[name])


def _labelled(found: Found, outputs: Mapping[str, Shape]) -> tuple[tuple[str, ...], list[str]]:
    """The outputs that may have labels, and warnings where labels go unused."""
    names = tuple(outputs)
    plain = [key for key in ("y_test", "y") if key in found.arrays]
    if len(names) > 1:
        own = [name for name in names if name in found.arrays or f"y_test_{name}" in found.arrays]
        if own or not plain:
            return names, []
        unused = f"{found.source}: labels {plain[0]} are not used: the model has outputs {', '.join(names)}"
        return names, [f"{unused}; name an array after each"]
    count = len(found.classes)
    shape = outputs[names[0]] if names else ()
    if count and shape and not (shape == (count,) or (shape == (1,) and count == 2)):
        shown = "x".join(map(str, shape))
        text = (
            f"{found.source}: {count} classes do not fit the model's output of {shown}: labels are not used"
        )
        return (), [text]
    return names, []


def _layout(arrays: Arrays, inputs: Mapping[str, Intake], source: str) -> _Layout:
    """The first layout of which all arrays are there. Raises KerilogError if there is none."""
    alone = len(inputs) == 1
    for layout in (*_SHARED, *_NAMED) if alone else (*_NAMED, *_SHARED):
        if all(layout.samples(part, name) in arrays for part in _PARTS for name in inputs):
            return layout
    names = "arrays x_train and x_test (and labels), or x"
    if not alone:
        names = f"an array for each of the inputs {', '.join(inputs)}, under its name"
    listed = ", ".join(sorted(arrays)) or "none"
    raise KerilogError(f"{source}: expected {names}; found {listed}")


def wanted(inputs: Iterable[str], outputs: Iterable[str]) -> frozenset[str]:
    """The names that arrays may have."""
    names = {*(f"{kind}_{part}" for kind in "xy" for part in _PARTS), "x", "y"}
    for kind, layers in (("x", inputs), ("y", outputs)):
        for name in layers:
            names |= {name, *(f"{kind}_{part}_{name}" for part in _PARTS)}
    return frozenset(names)


def _count(samples: Mapping[str, RawArray], source: str) -> int:
    counts = {name: len(values) for name, values in samples.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count:,} for {name}" for name, count in counts.items())
        raise KerilogError(f"{source}: expected as many samples for each input, got {told}")
    return next(iter(counts.values()))


@dataclasses.dataclass(frozen=True)
class _Part:
    """The arrays of the samples for calibration ("train") or for test, and of their labels."""

    name: str
    found: Found
    layout: _Layout
    inputs: Mapping[str, Intake]

    @property
    def keys(self) -> dict[str, str]:
        """The arrays of the samples by the names of the inputs."""
        return {name: self.layout.samples(self.name, name) for name in self.inputs}

    def samples(self) -> dict[str, RawArray]:
        """The samples by the names of the inputs, as they are."""
        return {
            name: samples_of(self.found.arrays[key], self._where(key), self.inputs[name].shape)
            for name, key in self.keys.items()
        }

    def scaled(self, raw: Mapping[str, RawArray], factors: Mapping[str, float]) -> dict[str, Array]:
        """The samples ``raw`` as the network gets them."""
        return {
            name: scaling.scaled(raw[name], self._where(key), factors[name])
            for name, key in self.keys.items()
        }

    def labels(self, outputs: Iterable[str], count: int) -> dict[str, Array]:
        """The labels, ``count`` of them, of each output that has some."""
        names = tuple(outputs)
        plain = [key.format(part=self.name) for key in self.layout.labels] if len(names) == 1 else []
        found = {name: self._first((*plain, f"y_{self.name}_{name}", name), count) for name in names}
        return {name: labels for name, labels in found.items() if labels is not None}

    def _first(self, keys: Iterable[str], count: int) -> Array | None:
        arrays = self.found.arrays
        for key in keys:
            if key in arrays and key not in self.keys.values():
                return labels_of(arrays[key], self._where(key), count)
        return None

    def _where(self, key: str) -> str:
        return f"{self.found.source}: {key}"
