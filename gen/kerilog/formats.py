# SPDX-License-Identifier: Apache-2.0
"""Number formats: how an integer code q stands for a real number r.

Formats are signed two's complement of ``bits`` bits, but for weights of few levels, and share one interface,
``r = scale * steps(q)``, where ``steps(q)`` is ``q - zero_point`` but for ``Sign``.
"""

from __future__ import annotations

import abc
import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.floating]

_CHUNK = 1 << 15  # numbers that are worked on at a time, so that all steps find them in the cache


def round_half_away(x: FloatArray) -> FloatArray:
    """Round to the nearest integer, ties away from zero (``std::round``)."""
    return np.trunc(x + np.copysign(0.5, x))


@dataclasses.dataclass(frozen=True)
class Format(abc.ABC):
    """The interface of all formats: a range of codes, a scale and a zero point."""

    bits: int

    @property
    def minimum(self) -> int:
        """Smallest code."""
        return -(1 << (self.bits - 1))

    @property
    def maximum(self) -> int:
        """Largest code."""
        return (1 << (self.bits - 1)) - 1

    @property
    @abc.abstractmethod
    def scales(self) -> npt.NDArray[np.float64]:
        """Real value of one step: shape () for one per tensor, (channels,) for one per last-axis channel."""

    @property
    def zero_point(self) -> int:
        """The code that stands for 0.0."""
        return 0

    def quantize(self, real: npt.ArrayLike) -> IntArray:
        """Nearest codes of ``real`` (any shape), ties away from zero, saturated; NaN is a bug."""
        values, scales = np.asarray(real), self.scales
        if values.size <= _CHUNK or scales.shape not in ((), values.shape[-1:]):
            return self._quantize(values)
        rows = values.reshape(-1, *scales.shape)
        codes = np.empty(rows.shape, np.int64)
        step = max(_CHUNK // max(scales.size, 1), 1)
        for start in range(0, len(rows), step):
            codes[start : start + step] = self._quantize(rows[start : start + step])
        return codes.reshape(values.shape)

    def _quantize(self, values: npt.NDArray[Any]) -> IntArray:
        """As ``quantize``, all at once."""
        steps = round_half_away(values.astype(np.float64) / self.scales)
        steps += self.zero_point
        return np.clip(steps, self.minimum, self.maximum).astype(np.int64)

    def steps(self, codes: npt.ArrayLike) -> IntArray:
        """How many steps of the scale ``codes`` (any shape) stand for: linear, in whole numbers."""
        return np.asarray(codes, np.int64) - self.zero_point

    @property
    def line(self) -> tuple[int, int]:
        """``(a, b)`` with ``steps(q) == a * q + b`` for every code q."""
        origin, second = self.steps([0, 1]).tolist()
        return second - origin, origin

    def dequantize(self, codes: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The real numbers that ``codes`` (any shape) stand for."""
        return self.scales * self.steps(codes)


@dataclasses.dataclass(frozen=True)
class Fixed(Format):
    """Binary fixed point, ``r = q * 2**-frac``. ``frac`` may be negative, or exceed ``bits``.

    A tuple of ``frac`` gives each last-axis channel its own binary point (weights only).
    """

    frac: int | tuple[int, ...]

    @property
    def scales(self) -> npt.NDArray[np.float64]:
        return np.exp2(-np.asarray(self.frac, np.float64))

    def __str__(self) -> str:
        frac = self.frac if isinstance(self.frac, int) else f"{min(self.frac)}..{max(self.frac)}"
        return f"fixed<{self.bits}, frac {frac}>"


@dataclasses.dataclass(frozen=True)
class Affine(Format):
    """TFLite's ``r = scale * (q - zero)`` (Jacob et al., CVPR 2018, eq. 1).

    A tuple of ``scale`` gives each last-axis channel its own scale (weights only, where ``zero`` is 0).
    """

    scale: float | tuple[float, ...]
    zero: int = 0

    @property
    def scales(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.scale, np.float64)

    @property
    def zero_point(self) -> int:
        return self.zero

    def __str__(self) -> str:
        scales = np.atleast_1d(self.scales)
        span = f"{scales[0]:.6g}" if scales.size == 1 else f"{scales.min():.6g}..{scales.max():.6g}"
        return f"affine<{self.bits}, scale {span}, zero {self.zero}>"


@dataclasses.dataclass(frozen=True)
class UnsignedAffine(Affine):
    """``Affine`` with codes from 0 on, TFLite's uint8: at the ends of a network only, behind or before a
    ``QRequantize`` that makes them signed ones.
    """

    @property
    def minimum(self) -> int:
        return 0

    @property
    def maximum(self) -> int:
        return (1 << self.bits) - 1

    def __str__(self) -> str:
        return f"unsigned {super().__str__()}"


@dataclasses.dataclass(frozen=True)
class FewLevels(Format):
    """Weights of few levels: codes -1, +1 and perhaps 0, times ``scale``.

    A tuple of ``scale`` gives each last-axis channel its own; all are positive.
    """

    bits: int = 2
    scale: float | tuple[float, ...] = 1.0

    @property
    def minimum(self) -> int:
        return -1

    @property
    def maximum(self) -> int:
        return 1

    @property
    def scales(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.scale, np.float64)

    @property
    def frac(self) -> int | None:
        """The binary point, if the scale is one power of two."""
        fraction, exponent = np.frexp(self.scales)
        return 1 - int(exponent) if self.scales.ndim == 0 and fraction == 0.5 else None

    def __str__(self) -> str:
        scales = np.atleast_1d(self.scales)
        span = f"{scales[0]:.6g}" if scales.size == 1 else f"{scales.min():.6g}..{scales.max():.6g}"
        return f"{type(self).__name__.lower()}<scale {span}>"


@dataclasses.dataclass(frozen=True)
class Ternary(FewLevels):
    """Weights that are -scale, 0 or +scale, two bits each."""


@dataclasses.dataclass(frozen=True)
class Binary(FewLevels):
    """Weights that are -scale or +scale, one bit each; 0 counts as +scale."""

    bits: int = 1

    def _quantize(self, values: npt.NDArray[Any]) -> IntArray:
        return np.where(values < 0, -1, 1).astype(np.int64)


@dataclasses.dataclass(frozen=True)
class Sign(Format):
    """A tensor of one bit, the sign: code 0 stands for ``2**-frac``, code -1 for its negative.

    So two's complement keeps their order, and 0.0, which no code stands for, counts as positive.
    """

    bits: int = 1
    frac: int = 0

    @property
    def scales(self) -> npt.NDArray[np.float64]:
        return np.exp2(-np.asarray(self.frac, np.float64))

    def steps(self, codes: npt.ArrayLike) -> IntArray:
        """+1 or -1."""
        return 2 * np.asarray(codes, np.int64) + 1

    @property
    def widened(self) -> Fixed:
        """The same numbers in two bits, which hold 0.0, too."""
        return Fixed(2, self.frac)

    def _quantize(self, values: npt.NDArray[Any]) -> IntArray:
        return np.where(values < 0, -1, 0).astype(np.int64)

    def __str__(self) -> str:
        return f"sign<frac {self.frac}>"


@dataclasses.dataclass(frozen=True)
class ClassNumber(Format):
    """The number of one of ``classes`` classes, from 0, in as few bits as hold the last: the end of a network
    that answers with a class.
    """

    classes: int

    @classmethod
    def of(cls, classes: int) -> ClassNumber:
        """That of ``classes``, at least 2."""
        return cls((classes - 1).bit_length(), classes)

    @property
    def minimum(self) -> int:
        return 0

    @property
    def maximum(self) -> int:
        return self.classes - 1

    @property
    def scales(self) -> npt.NDArray[np.float64]:
        return np.ones(())

    def __str__(self) -> str:
        return f"class 0..{self.classes - 1}"
