# SPDX-License-Identifier: Apache-2.0
"""Class numbers for those who only count the largest output as the answer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kerilog.graph import Array, Shape
from kerilog.quality.labels import Head, Target, target


def class_labels(labels: Array | None, shape: Shape) -> npt.NDArray[np.int64] | None:
    """Labels (count,) of an output of ``shape`` as class numbers from 0; None if they are none.

    They may be numbers, from 0 or from 1, or one-hot rows; see ``labels.target``.
    """
    if labels is None or len(shape) != 1 or shape[0] < 2:
        return None
    goal = target(labels, Head(shape, "softmax"))
    return goal.truth(0, len(labels))[:, 0] if isinstance(goal, Target) else None
