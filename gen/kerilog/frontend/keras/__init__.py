# SPDX-License-Identifier: Apache-2.0
"""Keras models (``.keras`` and whole-model ``.h5``) to float graphs, without Keras.

The file's configuration is walked against a list of known layers. Nothing in the file can name code to run,
and TensorFlow is not needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend.keras import converters, plain, weighted
from kerilog.frontend.keras.archive import open_model
from kerilog.frontend.keras.calls import Call, Converter
from kerilog.frontend.keras.options import Layer, checked_name, shown
from kerilog.frontend.keras.topology import Step, read_model
from kerilog.frontend.keras.trial import probe
from kerilog.frontend.keras.weights import Weights
from kerilog.graph import Graph, Input, Node

CONVERTERS: dict[str, Converter] = {
    "Conv2D": weighted.conv2d,
    "DepthwiseConv2D": weighted.depthwise_conv2d,
    "SeparableConv2D": weighted.separable_conv2d,
    "Dense": weighted.dense,
    "BatchNormalization": weighted.batch_normalization,
    "Rescaling": weighted.rescaling,
    "MaxPooling2D": plain.pooling,
    "AveragePooling2D": plain.pooling,
    "GlobalAveragePooling2D": plain.global_average_pooling2d,
    "Activation": plain.activation,
    "ReLU": plain.relu,
    "Softmax": plain.softmax,
    "Flatten": plain.flatten,
    "Reshape": plain.reshape,
    "Add": plain.merge,
    "Subtract": plain.merge,
    "Multiply": plain.merge,
    "Concatenate": plain.concatenate,
    "ZeroPadding2D": plain.zero_padding2d,
    "Dropout": plain.nothing,
    "SpatialDropout2D": plain.nothing,
    "AlphaDropout": plain.nothing,
    "GaussianDropout": plain.nothing,
    "GaussianNoise": plain.nothing,
    "ActivityRegularization": plain.nothing,
    "Identity": plain.nothing,
    "FixedPoint": converters.converter,
    "Affine": converters.converter,
    "QuantConv2D": converters.matrix,
    "QuantDepthwiseConv2D": converters.matrix,
    "QuantDense": converters.matrix,
}


def load_keras(path: Path) -> Graph:
    """The float graph of the Keras model in ``path``, float32 weights.

    Raises Unsupported for a layer or an option that is not taken, KerilogError for an unusable file.
    """
    probe(path, read_graph)
    return read_graph(path)


def read_graph(path: Path) -> Graph:
    """``load_keras`` without the trial that keeps a damaged file from hanging or crashing this process."""
    try:
        with open_model(path) as (config, weights):
            return _graph(config, weights, path)
    except RecursionError:
        raise KerilogError(f"{path}: the configuration is nested too deeply") from None
    except OSError as error:
        raise KerilogError(f"{path}: cannot be read: {error.strerror or type(error).__name__}") from None


def _graph(config: dict[str, Any], weights: Weights, path: Path) -> Graph:
    model = read_model(config)
    for step in model.steps:
        _check_kind(step)
        step.layer.activation()
    weights.register((layer.name, layer.kind) for layer in model.layers)
    made: dict[tuple[str, int], Node] = {}
    nodes: list[Node] = []
    for step in model.steps:
        taken = tuple(made[source] for source in step.inputs)
        new = _convert(step, taken, weights)
        made[step.layer.name, step.index] = new[-1]
        nodes.extend(new)
    _check_unique(nodes)
    title = path.stem if model.name is None else checked_name(model.name, "model")
    return Graph(title, tuple(nodes), tuple(made[source].name for source in model.outputs))


def _check_kind(step: Step) -> None:
    """Raise Unsupported unless the layer is one of Keras' own, or of Kerilog's, that is known here."""
    kind = step.layer.kind
    if kind == "InputLayer" or (kind in CONVERTERS and step.own):
        return
    why = " (a custom class)" if kind in CONVERTERS else ""
    raise Unsupported(
        f"layer {step.layer.name!r}: {shown(kind)}{why} is not supported; supported: " + ", ".join(CONVERTERS)
    )


def _convert(step: Step, inputs: tuple[Node, ...], weights: Weights) -> tuple[Node, ...]:
    layer = step.layer
    if layer.kind == "InputLayer":
        return (_input(layer),)
    name = layer.name if step.index == 0 else f"{layer.name}/call{step.index + 1}"
    return CONVERTERS[layer.kind](Call(layer, name, inputs, weights))


def _input(layer: Layer) -> Node:
    shape = layer.get("batch_shape", layer.get("batch_input_shape", None))
    if not isinstance(shape, list) or len(shape) < 2:
        layer.wrong("batch_shape", "a batch axis and at least one more", shape)
    if not all(type(size) is int for size in shape[1:]):
        layer.wrong("batch_shape", "fixed sizes after the batch axis", shape)
    for key in ("sparse", "ragged", "optional"):
        if layer.flag(key, False):
            layer.unsupported(key, True, "false")
    layer.check_shape(tuple(shape[1:]), "the input")
    return Node(layer.name, Input(), (), tuple(shape[1:]))


def _check_unique(nodes: list[Node]) -> None:
    seen: set[str] = set()
    for node in nodes:
        if node.name in seen:
            raise KerilogError(f"layer {node.name!r}: expected a name of its own, got one that is taken")
        seen.add(node.name)
