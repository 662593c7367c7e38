# SPDX-License-Identifier: Apache-2.0
"""Numbers as a reader likes them."""

from __future__ import annotations

import math
from collections.abc import Iterable

TIMES = "\N{MULTIPLICATION SIGN}"
NONE = "\N{EN DASH}"
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def shape(sizes: Iterable[int]) -> str:
    """Sizes with a sign between them."""
    return f" {TIMES} ".join(map(str, sizes))


def layer(name: str) -> str:
    """The end of a long path, as TensorFlow names tensors: ``conv/Relu`` of ``cnn/conv/Relu;cnn/Add``."""
    return "/".join(name.split(";")[0].split("/")[-2:])


def power(exponent: int) -> str:
    """2⁻³."""
    return "2" + str(exponent).translate(_SUPERSCRIPTS)


def minus(text: str) -> str:
    """``text`` with a real minus sign, as long as a plus."""
    return text.replace("-", "\N{MINUS SIGN}")


def count(value: int) -> str:
    """12,345; a point for none, so that what is there stands out."""
    return f"{value:,}" if value else "·"


def percent(share: float, digits: int = 2) -> str:
    return f"{100 * share:.{digits}f} %"


def decibel(value: float | None) -> str:
    """An SNR; ∞ where nothing is lost."""
    if value is None:
        return NONE
    return "∞" if math.isinf(value) else f"{value:.1f}"


def scientific(value: float) -> str:
    """1.2·10⁻⁵."""
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def points(change: float) -> str:
    """A change of a share, in points: +0.12."""
    rounded = round(100 * change, 2)
    return "±0.00" if rounded == 0 else minus(f"{rounded:+.2f}")


def microseconds(value: float) -> str:
    return f"{value:,.1f} µs" if value < 1e4 else f"{value / 1e3:,.1f} ms"
