# SPDX-License-Identifier: Apache-2.0
"""Keras models (``.keras`` and whole-model ``.h5``) to float graphs, without Keras.

The file's configuration is walked against a list of known layers. Nothing in the file can name code to run,
and TensorFlow is not needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerilog.errors import KerilogError
from kerilog.frontend.keras import converters, functions, libraries, moving, plain, scaling, slopes, weighted
from kerilog.frontend.keras.archive import open_model
from kerilog.frontend.keras.calls import Converter
from kerilog.frontend.keras.nesting import read_model
from kerilog.frontend.keras.options import checked_name
from kerilog.frontend.keras.reading import Reading
from kerilog.frontend.keras.sequences import on_sequences
from kerilog.frontend.keras.topology import AUGMENTATION, SAME_SIZE
from kerilog.frontend.keras.trial import probe
from kerilog.frontend.keras.weights import Weights
from kerilog.graph import Graph
from kerilog.names import harmless

TRAINING_ONLY = (
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise"),
    *("ActivityRegularization", "Identity"),
    *AUGMENTATION,
)
"""Layers that are nothing at inference: what they do is for training."""

CONVERTERS: dict[str, Converter] = {
    "Conv2D": weighted.conv2d,
    "DepthwiseConv2D": weighted.depthwise_conv2d,
    "SeparableConv2D": weighted.separable_conv2d,
    "Dense": weighted.dense,
    "BatchNormalization": scaling.batch_normalization,
    "Rescaling": scaling.rescaling,
    "Normalization": scaling.normalization,
    "MaxPooling2D": plain.pooling,
    "AveragePooling2D": plain.pooling,
    "GlobalAveragePooling2D": plain.global_average_pooling2d,
    "Activation": plain.activation,
    **dict.fromkeys(functions.LAYERS, plain.function),
    "PReLU": slopes.prelu,
    "Softmax": plain.softmax,
    "Flatten": plain.flatten,
    "Reshape": plain.reshape,
    **dict.fromkeys(plain.MERGES, plain.merge),
    "Concatenate": plain.concatenate,
    "ZeroPadding2D": plain.zero_padding2d,
    "Conv1D": on_sequences(weighted.conv2d),
    "DepthwiseConv1D": on_sequences(weighted.depthwise_conv2d),
    "SeparableConv1D": on_sequences(weighted.separable_conv2d),
    "MaxPooling1D": on_sequences(plain.pooling),
    "AveragePooling1D": on_sequences(plain.pooling),
    "GlobalAveragePooling1D": on_sequences(plain.global_average_pooling2d),
    "GlobalMaxPooling2D": moving.global_max_pooling2d,
    "GlobalMaxPooling1D": on_sequences(moving.global_max_pooling2d),
    "Cropping2D": moving.cropping2d,
    "Cropping1D": moving.cropping1d,
    "UpSampling2D": moving.up_sampling2d,
    "UpSampling1D": on_sequences(moving.up_sampling2d),
    "Permute": moving.permute,
    "Conv2DTranspose": moving.conv2d_transpose,
    "Conv1DTranspose": on_sequences(moving.conv2d_transpose),
    "ZeroPadding1D": on_sequences(plain.zero_padding2d, pads=("padding",)),
    **dict.fromkeys(TRAINING_ONLY, plain.nothing),
    **dict.fromkeys(SAME_SIZE, plain.same_size),
    "FixedPoint": converters.converter,
    "Affine": converters.converter,
    "Sign": converters.converter,
    "QuantConv2D": converters.matrix,
    "QuantDepthwiseConv2D": converters.matrix,
    "QuantDense": converters.matrix,
    **{f"{libraries.LARQ}>{kind}": libraries.larq for kind in libraries.LAYERS[libraries.LARQ]},
    **{f"{libraries.QKERAS}>{kind}": libraries.qkeras for kind in ("QDense", "QConv2D")},
    libraries.QACTIVATION: libraries.qactivation,
}


def load_keras(path: Path) -> Graph:
    """The float graph of the Keras model in ``path``, float32 weights.

    Raises Unsupported for all layers and options that are not supported, KerilogError for an unusable file.
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
    weights.register(model.stored)
    reading = Reading(CONVERTERS, weights, model.names)
    for step in model.steps:
        reading.add(step)
    reading.raise_refusals()
    title = path.stem if model.name is None else checked_name(model.name, "model")
    return Graph(harmless(title), tuple(reading.nodes), tuple(map(reading.output, model.outputs)))
