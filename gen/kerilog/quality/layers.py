# SPDX-License-Identifier: Apache-2.0
"""The error of the integer network layer by layer: where it comes from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from kerilog import floating
from kerilog.floating import Samples
from kerilog.graph import Array, Graph
from kerilog.integer.finish import Codes
from kerilog.integer.model import prepared
from kerilog.parallel import results
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph
from kerilog.quality import batches
from kerilog.quality.moments import Moments, moments
from kerilog.transforms import simplify


@dataclasses.dataclass(frozen=True)
class LayerError:
    """A layer's output in the integer network, with all that came before it, against the float network's.

    ``rmse`` is in the unit of the tensor. ``snr_db`` is infinite where nothing differs, None where the float
    tensor is 0 everywhere; ``correlation`` (-1..1) is None where either tensor is constant.
    """

    layer: str
    rmse: float
    snr_db: float | None
    correlation: float | None


def compare(graph: Graph, integer: QGraph, x: Samples, progress: Progress = silent) -> list[LayerError]:
    """The error of every layer over samples ``x`` (count, *input shape), in the order of the network.

    ``integer`` is what ``graph`` was quantized to; ``x`` are real values, by name for several inputs. Inputs
    have an entry, for they are quantized too. Layers that became parts of others (batch normalization,
    dropout, a fused activation, a softmax at an output) have none. Raises KerilogError where ``x`` does not
    fit the inputs.
    """
    original = simplify(graph)
    by_name = batches.named(integer, x)
    total = floating.count(by_name)
    size = floating.batch_size(original)
    floats = {node.name for node in original}
    compared = [node.name for node in integer if node.name in floats]

    def work(start: int) -> dict[str, Moments]:
        ((_, part),) = batches.batches(integer, floating.part(by_name, start, start + size), size)
        return {
            name: moments(values, integer[name].format.dequantize(codes))
            for name, values, codes in together(original, integer, part)
            if values is not None
        }

    found = dict.fromkeys(compared, Moments())
    starts = range(0, total, size)
    for start, batch in zip(starts, results(starts, work), strict=True):
        progress("comparing layers", start / total)
        for name, one in batch.items():
            found[name] += one
    return [LayerError(name, one.rmse, one.snr_db, one.correlation) for name, one in found.items()]


def together(
    original: Graph | None, integer: QGraph, part: Mapping[str, Array]
) -> Iterator[tuple[str, Array | None, Codes]]:
    """Name, float values and codes of every tensor of ``integer``, over a few samples ``part`` of each input.

    Values are None where ``original`` has no such tensor. Both networks walk on side by side, so that no more
    is held than either needs to go on; what is handed out is good until the next one.
    """
    walk = iter(()) if original is None else floating.each(original, part)
    wanted = {node.name for node in integer} & {node.name for node in original or ()}
    waiting: dict[str, Array] = {}
    for name, codes in prepared(integer).each(batches.codes_of(integer, part)):
        while name in wanted and name not in waiting:
            made, values = next(walk)
            if made in wanted:
                waiting[made] = values
        yield name, waiting.pop(name, None), codes
