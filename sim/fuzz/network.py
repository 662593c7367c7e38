# SPDX-License-Identifier: Apache-2.0
"""From a description to a model file with samples, by Keras and, for TFLite, its converter."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import math
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuzz.draw import OF_TFLITE, Description
from fuzz.layers import Net, append

Array = npt.NDArray[np.float32]
SAMPLES = 16


@dataclasses.dataclass(frozen=True)
class Made:
    """A model of Keras', its file, and samples (count, *shape) for each input in the order of the model."""

    model: Any
    path: Path
    samples: list[Array]

    @property
    def names(self) -> list[str]:
        """Of the inputs."""
        return [tensor.name for tensor in self.model.inputs]


@functools.cache
def keras() -> Any:
    """Keras on TensorFlow, which takes seconds to import; it says nothing but errors."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    import tensorflow as tf

    return tf.keras  # its converter of models needs Keras by this name


def make(description: Description, folder: Path) -> Made:
    """The model of ``description``, saved into ``folder``."""
    random = np.random.default_rng(description["seed"])
    keras().utils.clear_session()
    model = model_of(description)
    weigh(model, random)
    samples = [draw(tensor.shape[1:], description["samples"], random) for tensor in model.inputs]
    options = description["source"].get("tflite")
    path = folder / ("model.keras" if options is None else "model.tflite")
    if options is None:
        model.save(path)
    else:
        path.write_bytes(converted(model, samples, options))
    return Made(model, path, samples)


def model_of(description: Description) -> Any:
    """The layers one behind another; what no layer takes is an output."""
    # TensorFlow's converter wants names of Python's kind
    blank = "_" if "tflite" in description["source"] else " "
    inputs = [
        keras().Input(tuple(shape), name=f"input{blank}{place}")
        for place, shape in enumerate(description["inputs"])
    ]
    net = Net(keras(), inputs)
    for options in description["layers"]:
        append(net, plain(options) if "tflite" in description["source"] else options)
    leaves = [tensor for tensor in net.tensors if id(tensor) not in net.used]
    outputs = [tensor for tensor in leaves if all(tensor is not source for source in inputs)]
    if not outputs:
        outputs = [net.layers.Activation("relu")(inputs[0])]
    if description["softmax"]:
        outputs = [net.layers.Softmax()(x) if len(x.shape) == 2 and x.shape[1] > 1 else x for x in outputs]
    # an input that nothing takes is left out
    used = [source for source in inputs if id(source) in net.used] or inputs[:1]
    return keras().Model(used, outputs, name="fuzz")


def plain(options: dict[str, Any]) -> dict[str, Any]:
    """A layer with a function that TFLite has, where the one drawn is none."""
    replaced: dict[str, Any] = {"alpha": 1.0, "threshold": 0.0}
    for key in ("activation", "function"):
        if key in options and options[key] not in OF_TFLITE:
            replaced[key] = OF_TFLITE[len(options[key]) % len(OF_TFLITE)]
    return {key: replaced.get(key, value) for key, value in options.items()}


def weigh(model: Any, random: np.random.Generator) -> None:
    """Weights that keep values of one size from layer to layer; now and then those of a filter are zero."""
    for layer in model.layers:
        values = [weight(one.path.rsplit("/", 1)[-1], tuple(one.shape), random) for one in layer.weights]
        if values:
            layer.set_weights(values)


def weight(name: str, shape: tuple[int, ...], random: np.random.Generator) -> npt.NDArray[Any]:
    """One array; ``name`` is Keras' own for it."""
    if name in ("gamma", "moving_variance", "variance"):
        return random.uniform(0.5, 1.5, shape)
    if not name.endswith("kernel"):
        return random.normal(0.0, 0.3, shape)
    values = random.normal(0.0, np.sqrt(1.5 / max(1, math.prod(shape[:-1]))), shape)
    if random.random() < 0.2:
        values[..., int(random.integers(shape[-1]))] = 0.0
    return values


def draw(shape: tuple[int, ...], kind: str, random: np.random.Generator) -> Array:
    """Samples of one input."""
    x = random.normal(0.0, 1.0, (SAMPLES, *shape))
    if kind == "positive":
        x = np.abs(x)
    elif kind == "constant":
        x = np.full_like(x, 0.5)
    return x.astype(np.float32)


def converted(model: Any, samples: list[Array], options: dict[str, Any]) -> bytes:
    """``model`` as a TFLite file of int8 operators, calibrated on ``samples``."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    names = [tensor.name for tensor in model.inputs]  # the converter has them in an order of its own
    converter.representative_dataset = lambda: (
        {name: x[place : place + 1] for name, x in zip(names, samples, strict=True)}
        for place in range(SAMPLES)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.as_dtype(options["ends"])
    converter._experimental_disable_per_channel = not options["per_channel"]
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content: bytes = converter.convert()
    return content
