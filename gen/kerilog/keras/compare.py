# SPDX-License-Identifier: Apache-2.0
"""Hold the integer model to the Keras model with converters, on every element of every tensor."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from kerilog.formats import Format, IntArray
from kerilog.graph import Array, Converter, Dropout, Graph, MaxPooling2D, Node, Reshape, ZeroPadding2D
from kerilog.integer.model import Model
from kerilog.keras.bounds import EXACT, accumulator_bounds
from kerilog.keras.insert import read_graph
from kerilog.qgraph import QGraph
from kerilog.quantize import calibrate, quantize
from kerilog.transforms.converters_after_relu import commutes

KEEP_CODES = (MaxPooling2D, Reshape, ZeroPadding2D, Dropout)
_BATCH = 256


@dataclasses.dataclass(frozen=True)
class Comparison:
    """``mismatches`` counts the elements of each tensor that differ, out of ``elements``.

    ``bounds`` is the largest sum of each layer in steps; float32 is exact, whatever the input, while all are
    below 2**24.
    """

    mismatches: Mapping[str, int]
    elements: Mapping[str, int]
    bounds: Mapping[str, int]

    @property
    def equal(self) -> bool:
        """Whether no element differs."""
        return not any(self.mismatches.values())

    @property
    def exact(self) -> bool:
        """Whether the bounds prove that none ever can."""
        return all(bound < EXACT for bound in self.bounds.values())


def compare(model: Any, samples: Array) -> Comparison:
    """Run ``model``, of the scheme "fixed", in Keras and in integers on ``samples`` (count, *input shape).

    Tensors are compared in steps, Keras' times ``2**frac``; they go by the names of the layers.
    """
    raw = read_graph(model)
    x = np.asarray(samples, np.float32)
    graph = quantize(calibrate(raw, x[:_BATCH]))
    names = compared_layers(raw, graph)
    keras_part = keras.Model(model.inputs, [model.get_layer(layer).output for layer in names.values()])
    integer_part = Model(graph)
    mismatches = dict.fromkeys(names, 0)
    elements = dict.fromkeys(names, 0)
    for start in range(0, len(x), _BATCH):
        batch = x[start : start + _BATCH]
        floats = keras.tree.flatten(keras_part([batch], training=False))
        codes = integer_part.tensors(graph.inputs[0].format.quantize(batch), tuple(names))
        for name, tensor in zip(names, floats, strict=True):
            format = graph[name].format
            steps = np.asarray(tensor, np.float64) / format.scales
            mismatches[name] += _differing(steps, format.steps(codes[name]))
            elements[name] += steps.size
    return Comparison(mismatches, elements, accumulator_bounds(graph))


def compared_layers(raw: Graph, graph: QGraph) -> dict[str, str]:
    """For each tensor of the integer graph, the Keras layer whose output it is.

    Left out are those that Keras never rounds: where a converter stands after a pool, what the pool takes.
    """
    made = {node.name for node in graph}
    owner: dict[str, str] = {}
    rounded: dict[str, str] = {}
    for node in raw:
        owner[node.name] = node.name if node.name in made else owner[node.inputs[0]]
        held = graph[owner[node.name]]
        if held.shape != node.shape:
            continue  # a padding that a convolution has taken in: it has no tensor of its own
        kept = node.inputs and node.inputs[0] in rounded.values()
        if isinstance(node.op, Converter) or (kept and _keeps(node, held.format)):
            rounded[held.name] = node.name
    return rounded


def _keeps(node: Node, format: Format) -> bool:
    """Whether codes of ``format`` go through ``node`` as such."""
    return isinstance(node.op, KEEP_CODES) or commutes(node, format)


def _differing(steps: np.ndarray[Any, Any], whole: IntArray) -> int:
    """How many of the numbers are not the integers."""
    return int(np.count_nonzero(steps.reshape(whole.shape) != whole))
