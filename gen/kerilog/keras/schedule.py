# SPDX-License-Identifier: Apache-2.0
"""Fewer bits from epoch to epoch, while a model with converters is trained."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from kerilog.errors import KerilogError
from kerilog.frontend.keras.converters import MAX_BITS
from kerilog.keras.converters import Converter
from kerilog.keras.layers import ROLES


class LowerWidths(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback of ``fit``: more bits at first than the model's converters have.

    ``bits``: from an epoch on, counted from 0, no converter has fewer bits. ``{0: 8, 3: 4, 6: 1}`` trains
    three epochs with 8 bits at the least, three with 4, and the rest with the widths of the model, which it
    has again when training ends; where training is broken off, from the next one on. Ranges stay: a converter
    with more bits has finer steps, and one of few levels or of signs rounds between its outermost ones.
    Affine converters keep their 8 bits. What is saved meanwhile has the model's own widths.

    Raises KerilogError for epochs or widths that cannot be, and for widths that do not fall.
    """

    def __init__(self, bits: Mapping[int, int]) -> None:
        super().__init__()
        self.bits = dict(sorted(bits.items()))
        if not self.bits or any(type(epoch) is not int or epoch < 0 for epoch in self.bits):
            raise KerilogError(f"LowerWidths: expected epochs from 0 on, each with its bits, got {bits}")
        if any(type(width) is not int or not 1 <= width <= MAX_BITS for width in self.bits.values()):
            raise KerilogError(f"LowerWidths: expected widths of 1..{MAX_BITS} bits, got {bits}")
        if any(before <= after for before, after in itertools.pairwise(self.bits.values())):
            raise KerilogError(f"LowerWidths: expected fewer bits from epoch to epoch, got {bits}")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Give the converters the widths of ``epoch``."""
        least = [width for start, width in self.bits.items() if start <= epoch]
        self._widen(least[-1] if least else 1)

    def on_train_end(self, logs: Any = None) -> None:
        """Give the converters their own widths."""
        self._widen(1)

    def _widen(self, least: int) -> None:
        converters = list(converters_of(self.model))
        changed = [converter.widen(least) for converter in converters]
        if any(changed):
            # Keras' functions hold what they were traced with
            self.model.make_train_function(force=True)
            self.model.test_function = self.model.predict_function = None


def converters_of(model: Any) -> Iterator[Converter]:
    """The converters of ``model``: of tensors, weights, biases and scales, in nested models too."""
    for layer in model.layers:
        if isinstance(layer, Converter):
            yield layer
        elif isinstance(layer, keras.Model):
            yield from converters_of(layer)
        else:
            found = (getattr(layer, role, None) for role in ROLES)
            yield from (converter for converter in found if converter is not None)
