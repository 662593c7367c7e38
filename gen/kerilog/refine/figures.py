# SPDX-License-Identifier: Apache-2.0
"""How near an integer network is to the float one on the samples that it was made with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from msgspec import UNSET

from kerilog import floating
from kerilog.floating import Samples
from kerilog.graph import Graph
from kerilog.manifest import Refined
from kerilog.qgraph import QGraph
from kerilog.quality import batches
from kerilog.quality.layers import together
from kerilog.quality.moments import Moments, moments
from kerilog.quantize.settings import RefinePass

SAMPLES = 1000


def figures(
    after: RefinePass | Literal["nearest"], original: Graph, integer: QGraph, samples: Samples
) -> Iterator[Refined]:
    """Of each output of ``integer``, which was made of simplified ``original``, on the first ``samples``."""
    count = min(floating.count(samples), SAMPLES)
    found = dict.fromkeys(integer.outputs, Moments())
    same, answers = dict.fromkeys(integer.outputs, 0), dict.fromkeys(integer.outputs, 0)
    for _, part in batches.batches(integer, floating.part(samples, 0, count), floating.batch_size(original)):
        for name, values, codes in together(original, integer, part):
            if name in found and values is not None:
                real = integer[name].format.dequantize(codes)
                found[name] += moments(values, real)
                equal = values.argmax(axis=-1) == real.argmax(axis=-1)
                same[name] += int(np.count_nonzero(equal))
                answers[name] += equal.size
    for name in found:
        noise = found[name].snr_db
        yield Refined(
            after=after,
            output=name,
            samples=count,
            snr_db=None if noise is None or np.isinf(noise) else noise,
            agreement=same[name] / answers[name] if integer[name].shape[-1] > 1 else UNSET,
        )
