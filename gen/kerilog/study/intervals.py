# SPDX-License-Identifier: Apache-2.0
"""Confidence intervals of 95 % for accuracies and for losses against float.

An accuracy is a share of independent samples: Wilson's score interval. A loss compares two networks on the
same samples, so only those count on which one is right and the other wrong; their interval is far narrower
than the difference of two accuracies would suggest.
"""

from __future__ import annotations

import math

CONFIDENCE = 0.95
Z = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""

FORMULAS = {
    "accuracy": "Wilson's score interval: (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)",
    "loss_points": (
        "paired against float32 (Agresti and Min, 2005): d -+ z sqrt(l + g - (l-g)^2/m) / m "
        "with l = lost + 1/2, g = gained + 1/2, m = n + 2, d = (l-g) / m"
    ),
}


def wilson(right: int, samples: int) -> tuple[float, float]:
    """The interval (low, high), 0..1, of the share ``right`` of ``samples``; (0, 1) of none."""
    if samples == 0:
        return 0.0, 1.0
    share, scale = right / samples, Z * Z / samples
    middle = share + scale / 2
    half = Z * math.sqrt(share * (1 - share) / samples + scale / (4 * samples))
    return max(0.0, (middle - half) / (1 + scale)), min(1.0, (middle + half) / (1 + scale))


def paired(lost: int, gained: int, samples: int) -> tuple[float, float]:
    """The interval (low, high), -1..1, of the loss of accuracy (lost - gained) / samples.

    ``lost``: samples that only the reference classifies correctly; ``gained``: those that only the other
    network does.
    """
    size, left, won = samples + 2, lost + 0.5, gained + 0.5
    middle = (left - won) / size
    half = Z * math.sqrt(left + won - (left - won) ** 2 / size) / size
    return max(-1.0, middle - half), min(1.0, middle + half)
