# SPDX-License-Identifier: Apache-2.0
"""Samples and labels of networks with any number of inputs and outputs, by the names of their layers.

An NPZ file holds an array for each input under the layer's name, NAME, which then serves for both calibration
and test, or x_train_NAME and x_test_NAME. Labels of an output are NAME or y_test_NAME. A network with one
input, or one output, may have them in Keras' own layout instead; see ``kerilog.data``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from kerilog.data import PLAIN, Arrays, Dataset, labels_of, load_dataset, read_npz, samples_of
from kerilog.errors import KerilogError
from kerilog.graph import Array, Shape

_PARTS = ("train", "test")
Key = Callable[[str, str], str]  # of a part and a layer's name: the name of an array


@dataclasses.dataclass(frozen=True, eq=False)
class NamedData:
    """Samples (count, *shape) float32 of each input and test labels of outputs, by the names of their layers.

    ``y_test`` and ``y_train`` lack the outputs that the data has no labels for. ``source`` is one line that
    says which data this is; ``note`` is what is unusual about it.
    """

    x_train: dict[str, Array]
    x_test: dict[str, Array]
    y_test: dict[str, Array]
    source: str
    note: str = ""
    y_train: Mapping[str, Array] = dataclasses.field(default_factory=dict)


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


def load_named(
    npz: Path | None, inputs: Mapping[str, Shape], outputs: Sequence[str], input_scale: float | None = None
) -> NamedData:
    """Samples of ``inputs``, shapes (no batch axis) by name, and labels of ``outputs``.

    Inputs of one shape that find only one array x, or x_train and x_test, all get these samples. Raises
    KerilogError when the file or its arrays cannot be used, or when there is no data.
    """
    if npz is None:
        return _without_file(inputs, outputs, input_scale)
    source = str(npz)
    arrays = read_npz(npz, PLAIN | set(_names(inputs, outputs)))
    layout = _layout(arrays, inputs, source)
    train, test = (_Part(part, arrays, layout, source, inputs) for part in _PARTS)
    x_train, x_test = train.samples(input_scale), test.samples(input_scale)
    counts = [_count(x_train, source), _count(x_test, source)]
    y_train = train.labels(outputs, counts[0])
    y_test = test.labels(outputs, counts[1])
    told = " + ".join(f"{count:,}" for count in counts[: 1 + (train.keys != test.keys)])
    note = "the same samples for every input" if layout.shared and len(inputs) > 1 else ""
    return NamedData(x_train, x_test, y_test, f"{source} ({told} samples)", note, y_train)


def _without_file(inputs: Mapping[str, Shape], outputs: Sequence[str], scale: float | None) -> NamedData:
    if len(inputs) != 1:
        raise KerilogError(
            f"no samples for the model inputs {', '.join(inputs)}: give an NPZ file with --data"
        )
    ((name, shape),) = inputs.items()
    data: Dataset = load_dataset(None, shape, scale)
    y_test, y_train = (
        {} if labels is None or len(outputs) != 1 else {outputs[0]: labels}
        for labels in (data.y_test, data.y_train)
    )
    return NamedData({name: data.x_train}, {name: data.x_test}, y_test, data.source, y_train=y_train)


def _names(inputs: Iterable[str], outputs: Iterable[str]) -> Iterable[str]:
    """The names that arrays may have beside the plain ones."""
    for name in inputs:
        yield from (name, *(f"x_{part}_{name}" for part in _PARTS))
    for name in outputs:
        yield from (name, *(f"y_{part}_{name}" for part in _PARTS))


def _layout(arrays: Arrays, inputs: Mapping[str, Shape], source: str) -> _Layout:
    """The first layout of which all arrays are there. Raises KerilogError if there is none."""
    alone = len(inputs) == 1
    for layout in (*_SHARED, *_NAMED) if alone else (*_NAMED, *_SHARED):
        if all(layout.samples(part, name) in arrays for part in _PARTS for name in inputs):
            return layout
    names = "arrays x_train and x_test (and labels), or x"
    if not alone:
        names = f"an array for each of the inputs {', '.join(inputs)}, under its name"
    found = ", ".join(sorted(arrays)) or "none of them"
    raise KerilogError(f"{source}: expected {names}; found {found}")


def _count(samples: Mapping[str, Array], source: str) -> int:
    counts = {name: len(values) for name, values in samples.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count:,} for {name}" for name, count in counts.items())
        raise KerilogError(f"{source}: expected as many samples for each input, got {told}")
    return next(iter(counts.values()))


@dataclasses.dataclass(frozen=True)
class _Part:
    """The arrays of the samples for calibration ("train") or for test, and of their labels."""

    name: str
    arrays: Arrays
    layout: _Layout
    source: str
    inputs: Mapping[str, Shape]

    @property
    def keys(self) -> dict[str, str]:
        """The arrays of the samples by the names of the inputs."""
        return {name: self.layout.samples(self.name, name) for name in self.inputs}

    def samples(self, scale: float | None) -> dict[str, Array]:
        """The samples by the names of the inputs."""
        return {
            name: samples_of(self.arrays[key], f"{self.source}: {key}", self.inputs[name], scale)
            for name, key in self.keys.items()
        }

    def labels(self, outputs: Sequence[str], count: int) -> dict[str, Array]:
        """The labels, ``count`` of them, of each output that has some."""
        plain = [key.format(part=self.name) for key in self.layout.labels] if len(outputs) == 1 else []
        found = {name: self._first((*plain, f"y_{self.name}_{name}", name), count) for name in outputs}
        return {name: labels for name, labels in found.items() if labels is not None}

    def _first(self, keys: Iterable[str], count: int) -> Array | None:
        for key in keys:
            if key in self.arrays and key not in self.keys.values():
                return labels_of(self.arrays[key], f"{self.source}: {key}", count)
        return None
