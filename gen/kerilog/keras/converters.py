# SPDX-License-Identifier: Apache-2.0
"""Layers that round a tensor to what a number format can hold, with a gradient that passes through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerilog import formats
from kerilog.errors import KerilogError
from kerilog.formats import Format
from kerilog.frontend.keras.converters import MAX_BITS, MAX_FRAC, PACKAGE


class Converter(keras.layers.Layer):  # type: ignore[misc]
    """What FixedPoint and Affine share: rounding, saturation and the straight-through estimator.

    Forward, every number becomes the nearest one that ``format`` holds, ties away from zero. Backward,
    the gradient passes as if nothing had happened inside the range of the format, and is 0 outside, where the
    tensor saturates.
    """

    def __init__(self, format: Format, **options: Any) -> None:
        super().__init__(**options)
        self.format = format
        self._wider: Format | None = None  # what it rounds to instead, for a while
        self.built = True

    def widen(self, bits: int) -> bool:
        """Round to ``bits`` bits over the same range while ``format`` has fewer, else to ``format``.

        Returns whether that is a change. What was traced before holds what it was.
        """
        wider = self._with_bits(bits) if bits > self.format.bits else None
        changed, self._wider = wider != self._wider, wider
        return changed

    def _with_bits(self, bits: int) -> Format | None:
        """``format`` with finer steps; None where there is none."""
        return None

    def convert(self, x: Any) -> Any:
        """``x``, a tensor or a variable of any shape, rounded: for weights, inside a layer's call."""
        x = ops.convert_to_tensor(x)
        if not keras.backend.is_float_dtype(x.dtype):
            x = ops.cast(x, "float32")
        format = self._wider or self.format
        scale = format.scales.astype(np.float32)
        low, high = format.steps([format.minimum, format.maximum]).tolist()
        steps = ops.clip(x / scale, float(low), float(high))
        codes = round_half_away(steps) if self._wider else self._nearest(steps)
        # The difference is exactly 0, so that the sum is the codes; clip's gradient is 0 where it saturates.
        return (ops.stop_gradient(codes) + (steps - ops.stop_gradient(steps))) * scale

    def _nearest(self, steps: Any) -> Any:
        """The codes that are nearest to ``steps``, which lie in the range of the format."""
        return round_half_away(steps)

    def call(self, inputs: Any) -> Any:
        """Round the output of a layer."""
        return self.convert(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input."""
        return input_shape


def round_half_away(steps: Any) -> Any:
    """To the nearest integer, ties away from zero; exact for every float, where floor(x + 0.5) is not."""
    magnitude = ops.abs(steps)
    whole = ops.floor(magnitude)
    up = ops.cast(magnitude - whole >= 0.5, steps.dtype)
    return ops.sign(steps) * (whole + up)


@keras.saving.register_keras_serializable(package=PACKAGE)
class FixedPoint(Converter):
    """Binary fixed point: ``bits`` bits with a sign, ``frac`` of them after the binary point.

    ``frac`` may be negative or exceed ``bits``; a sequence gives each last-axis channel its own (weights and
    biases only). Raises KerilogError for numbers out of range.
    """

    def __init__(self, bits: int, frac: int | Sequence[int], **options: Any) -> None:
        _check("FixedPoint", "bits", bits, 2, MAX_BITS)
        for place in frac if isinstance(frac, Sequence) else (frac,):
            _check("FixedPoint", "frac", place, -MAX_FRAC, MAX_FRAC)
        self._places = tuple(frac) if isinstance(frac, Sequence) else frac
        super().__init__(formats.Fixed(bits, self._places), **options)
        self.bits = bits

    def _with_bits(self, bits: int) -> Format:
        places = self._places if isinstance(self._places, tuple) else (self._places,)
        finer = tuple(place + bits - self.bits for place in places)
        return formats.Fixed(bits, finer if isinstance(self._places, tuple) else finer[0])

    def get_config(self) -> dict[str, Any]:
        """The options of the constructor."""
        frac = self._places if isinstance(self._places, int) else list(self._places)
        return {**super().get_config(), "bits": self.bits, "frac": frac}


@keras.saving.register_keras_serializable(package=PACKAGE)
class Affine(Converter):
    """TFLite's ``scale * (q - zero_point)``; a sequence gives each last-axis channel a scale (weights only).

    Scales are float32. Raises KerilogError for numbers out of range.
    """

    def __init__(
        self, scale: float | Sequence[float], zero_point: int = 0, bits: int = 8, **options: Any
    ) -> None:
        _check("Affine", "bits", bits, 2, MAX_BITS)
        _check("Affine", "zero_point", zero_point, -(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        scales = np.asarray(scale, np.float64).astype(np.float32)
        if scales.ndim > 1 or scales.size == 0 or not np.all((scales >= 1e-30) & (scales <= 1e30)):
            raise KerilogError(f"Affine: scale: expected numbers from 1e-30 to 1e30, got {scale}")
        exact = tuple(scales.tolist()) if scales.ndim else float(scales)
        super().__init__(formats.Affine(bits, exact, zero_point), **options)
        self.zero_point = zero_point
        self.bits = bits

    def get_config(self) -> dict[str, Any]:
        """The options of the constructor."""
        return {
            **super().get_config(),
            "scale": self.format.scales.tolist(),
            "zero_point": self.zero_point,
            "bits": self.bits,
        }


@keras.saving.register_keras_serializable(package=PACKAGE)
class Sign(Converter):
    """``2**-frac`` times +1 or -1, one bit: the sign of an activation, 0 counting as +1. For tensors only.

    The gradient is 0 beyond ``2**-frac`` on either side. Raises KerilogError for a number out of range.
    """

    def __init__(self, frac: int = 0, **options: Any) -> None:
        _check("Sign", "frac", frac, -MAX_FRAC, MAX_FRAC)
        super().__init__(formats.Sign(frac=frac), **options)
        self.frac = frac

    def _with_bits(self, bits: int) -> Format:
        return formats.Fixed(bits, self.frac + bits - 1)

    def get_config(self) -> dict[str, Any]:
        """The options of the constructor."""
        return {**super().get_config(), "frac": self.frac}

    def _nearest(self, steps: Any) -> Any:
        return ops.where(steps < 0, -1.0, 1.0)


class Levels(Converter):
    """What Binary and Ternary share: weights of few levels, ``2**-frac`` or its negative the outermost."""

    def __init__(self, kind: type[formats.FewLevels], frac: int, **options: Any) -> None:
        _check(kind.__name__, "frac", frac, -MAX_FRAC, MAX_FRAC)
        super().__init__(kind(scale=2.0**-frac), **options)
        self.frac = frac

    def _with_bits(self, bits: int) -> Format:
        return formats.Fixed(bits, self.frac + bits - 1)

    @property
    def limit(self) -> float:
        """The largest magnitude of a weight, converted or not: beyond it no gradient would pass."""
        return float(2.0**-self.frac)

    def get_config(self) -> dict[str, Any]:
        """The options of the constructor."""
        return {**super().get_config(), "frac": self.frac}


@keras.saving.register_keras_serializable(package=PACKAGE)
class Binary(Levels):
    """``2**-frac`` times +1 or -1, one bit: the sign of a weight, 0 counting as +1. For kernels only.

    Raises KerilogError for a number out of range.
    """

    def __init__(self, frac: int = 0, **options: Any) -> None:
        super().__init__(formats.Binary, frac, **options)

    def _nearest(self, steps: Any) -> Any:
        return ops.where(steps < 0, -1.0, 1.0)


@keras.saving.register_keras_serializable(package=PACKAGE)
class Ternary(Levels):
    """``2**-frac`` times -1, 0 or +1, whichever is nearest. For kernels only.

    Raises KerilogError for a number out of range.
    """

    def __init__(self, frac: int = 0, **options: Any) -> None:
        super().__init__(formats.Ternary, frac, **options)


def converter_for(format: Format, name: str | None = None) -> Converter:
    """The layer that rounds to ``format``; of weights of few levels, but for scales that are no powers of
    two.
    """
    if isinstance(format, formats.FewLevels):
        kind = Binary if isinstance(format, formats.Binary) else Ternary
        return kind(format.frac or 0, name=name)
    if isinstance(format, formats.Sign):
        return Sign(format.frac, name=name)
    if isinstance(format, formats.Fixed):
        return FixedPoint(format.bits, format.frac, name=name)
    return Affine(format.scales.tolist(), format.zero_point, format.bits, name=name)


def _check(kind: str, key: str, value: object, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        raise KerilogError(f"{kind}: {key}: expected an integer in {low}..{high}, got {value!r}")
