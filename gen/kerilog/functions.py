# SPDX-License-Identifier: Apache-2.0
"""The functions of one number that networks use as activations, in NumPy, by Keras 3's names for them.

Each works in the precision of what it is given. Parameters have the order and the defaults of Keras' own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def _relu(x: Floats) -> Floats:
    return np.maximum(x, 0)


def _relu6(x: Floats) -> Floats:
    return np.clip(x, 0, 6)


def _bounded_relu(x: Floats, negative_slope: float, threshold: float, max_value: float) -> Floats:
    """Keras' ReLU with all its options; without a maximum, that is infinite."""
    above: Floats = np.minimum(np.where(x > threshold, x, 0), max_value)
    return above - negative_slope * np.maximum(threshold - x, 0) if negative_slope else above


def _leaky_relu(x: Floats, negative_slope: float = 0.2) -> Floats:
    return np.where(x < 0, negative_slope * x, x)


def _elu(x: Floats, alpha: float = 1.0) -> Floats:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _celu(x: Floats, alpha: float = 1.0) -> Floats:
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0) / alpha)


def _selu(x: Floats) -> Floats:
    return _SELU_SCALE * _elu(x, _SELU_ALPHA)


def _sigmoid(x: Floats) -> Floats:
    # exp of a negative number cannot overflow.
    power = np.exp(-np.abs(x))
    above: Floats = np.where(x >= 0, np.ones_like(power), power)
    result: Floats = above / (power + 1)
    return result


def _hard_sigmoid(x: Floats, slope: float = 1 / 6) -> Floats:
    """Keras 2 has a slope of 0.2."""
    return np.clip(slope * x + 0.5, 0, 1)


def _silu(x: Floats) -> Floats:
    return np.multiply(x, _sigmoid(x))


def _hard_silu(x: Floats) -> Floats:
    return x * _hard_sigmoid(x)


def _gelu(x: Floats) -> Floats:
    # erfc, since 1 + erf loses all digits of large negative numbers
    tail = np.asarray(_erfc(x * -math.sqrt(0.5)), np.float64)
    return (0.5 * x * tail).astype(x.dtype)


_erfc = np.frompyfunc(math.erfc, 1, 1)


def _gelu_tanh(x: Floats) -> Floats:
    """Keras' gelu with ``approximate=True``."""
    result: Floats = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    return result


def _softplus(x: Floats) -> Floats:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _log_sigmoid(x: Floats) -> Floats:
    return -_softplus(-x)


def _mish(x: Floats) -> Floats:
    return x * np.tanh(_softplus(x))


def _softsign(x: Floats) -> Floats:
    result: Floats = x / (1 + np.abs(x))
    return result


def _squareplus(x: Floats, b: float = 4.0) -> Floats:
    # The plain sum loses all digits of large negative numbers.
    root = np.hypot(x, math.sqrt(b))
    return np.where(x >= 0, (x + root) / 2, b / 2 / (root + np.abs(x)))


def _hard_tanh(x: Floats) -> Floats:
    return np.clip(x, -1, 1)


def _tanh_shrink(x: Floats) -> Floats:
    return x - np.tanh(x)


def _hard_shrink(x: Floats, threshold: float = 0.5) -> Floats:
    return np.where(np.abs(x) > threshold, x, 0)


def _soft_shrink(x: Floats, threshold: float = 0.5) -> Floats:
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


def _sparse_plus(x: Floats) -> Floats:
    return np.where(x >= 1, x, np.square(np.maximum(x + 1, 0)) / 4)


def _sparse_sigmoid(x: Floats) -> Floats:
    return np.clip(0.5 * (x + 1), 0, 1)


FUNCTIONS: dict[str, Callable[..., Floats]] = {
    "relu": _relu,
    "relu6": _relu6,
    "bounded_relu": _bounded_relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "celu": _celu,
    "selu": _selu,
    "sigmoid": _sigmoid,
    "hard_sigmoid": _hard_sigmoid,
    "tanh": np.tanh,
    "silu": _silu,
    "hard_silu": _hard_silu,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "softplus": _softplus,
    "softsign": _softsign,
    "exponential": np.exp,
    "log_sigmoid": _log_sigmoid,
    "mish": _mish,
    "squareplus": _squareplus,
    "hard_tanh": _hard_tanh,
    "tanh_shrink": _tanh_shrink,
    "hard_shrink": _hard_shrink,
    "soft_shrink": _soft_shrink,
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": _sparse_sigmoid,
}
"""Every function by its name; the first two are also done by the requantizer of the layer before them."""


def apply(function: str, parameters: Sequence[float], x: Floats) -> Floats:
    """``function`` of every element of ``x``, in its shape and precision. KeyError for an unknown one."""
    with np.errstate(over="ignore", under="ignore"):
        result: Floats = np.asarray(FUNCTIONS[function](x, *parameters), x.dtype)
    return result
