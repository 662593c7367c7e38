# SPDX-License-Identifier: Apache-2.0
"""Put converters into a trained Keras model, with the formats that post-training quantization chooses."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from kerilog import frontend
from kerilog.errors import KerilogError
from kerilog.graph import Array, Graph
from kerilog.keras.bounds import EXACT, accumulator_bounds
from kerilog.keras.replace import Replacements
from kerilog.names import harmless, shown
from kerilog.qgraph import QGraph
from kerilog.quantize import Calibration, LayerSettings, Settings, calibrate, quantize
from kerilog.quantize.settings import WeightScale

_NOISE_SAMPLES = 64
_NOISE_SEED = 2024


def insert_converters(
    model: Any,
    samples: Array | None = None,
    weight_bits: int | Literal["ternary"] = 8,
    activation_bits: int = 8,
    bias_bits: int = 8,
    scheme: str = "fixed",
    per_channel: bool = False,
    weight_scale: WeightScale | None = None,
    layers: Mapping[str, LayerSettings] | None = None,
) -> Any:
    """A new Keras model that computes what ``model`` would in hardware, and that can be trained.

    ``model`` is a Sequential or a functional model with one input. There is a FixedPoint (or, for the scheme
    "affine", an Affine) layer after the input and after every layer that makes new numbers, and kernels and
    biases go through converters too (under "affine", biases have 32 bits and stay floats). Layers that only
    move or choose elements need none: max pooling, flatten, padding, dropout. Batch normalization is folded
    into its neighbours. The weights are copied; the model is compiled as ``model`` was, if it was.

    The formats are those that ``kerilog build`` chooses from the same ``samples`` (count, *input shape).
    Without samples the ranges are seen on noise between 0 and 1: better than nothing, and no more.
    ``per_channel`` gives the weights of each output channel a binary point of their own. ``layers`` has other
    choices for single layers, by name.

    Weights of 1 bit are +1 and -1, "ternary" ones these and 0, times a power of two, or, with the
    ``weight_scale`` "channel", times a variable for each output channel that is trained with them, rounded to
    8 bits. What is trained stays within the outermost levels.

    With 1 bit, what convolutions and dense layers give becomes signs, by a Sign layer, but for the outputs; a
    layer behind one with a ReLU is refused.

    Raises Unsupported or KerilogError, naming the layer, for what cannot be built, for a layer called twice
    and for a model that has converters already. Warns where sums are too large to be exact in float32.
    """
    raw = read_graph(model)
    _check_new(raw)
    calibration = calibrate(raw, _noise(raw) if samples is None else np.asarray(samples, np.float32))
    bits = {"weight_bits": weight_bits, "activation_bits": activation_bits, "bias_bits": bias_bits}
    if scheme != "affine" and weight_scale == "channel":
        # what joins sums that are scaled afterwards costs nothing to have in full
        del bits["bias_bits"]
    chosen = _quantized(
        calibration, scheme, {**bits, "per_channel": per_channel, "weight_scale": weight_scale}, layers
    )
    _warn_of_large_sums(chosen)
    replacements = Replacements(raw, calibration.graph, chosen)
    is_chain = isinstance(model, keras.Sequential)
    converted = _sequential(model, replacements) if is_chain else _functional(model, replacements)
    replacements.set_weights(converted)
    return converted


def read_graph(model: Any) -> Graph:
    """The float graph of a Keras model, by way of a file: there is one reader of Keras models."""
    if not isinstance(model, keras.Model) or not model.built:
        raise KerilogError(f"expected a Keras model that is built, got {type(model).__name__}")
    for layer in model.layers:
        if layer.name != harmless(layer.name):
            raise KerilogError(f"layer {shown(layer.name)}: expected a name like '{harmless(layer.name)}'")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        loaded = frontend.load(path)
    assert isinstance(loaded, Graph)
    return loaded


def _check_new(raw: Graph) -> None:
    for node in raw:
        given = (getattr(node.op, key, None) for key in ("format", "kernel_format", "bias_format"))
        if any(format is not None for format in given):
            raise KerilogError(f"layer '{node.name}': the model has converters already")


def _noise(raw: Graph) -> Array:
    shape = (_NOISE_SAMPLES, *raw.inputs[0].shape)
    return np.random.default_rng(_NOISE_SEED).random(shape, np.float32)


def _quantized(
    calibration: Calibration,
    scheme: str,
    chosen: Mapping[str, Any],
    layers: Mapping[str, LayerSettings] | None,
) -> QGraph:
    if scheme == "affine":
        if layers or any(value not in (8, False, None) for value in chosen.values()):
            raise KerilogError("scheme 'affine': expected the 8 bits of TFLite, which has no other formats")
        return quantize(calibration, scheme)
    return quantize(calibration, scheme, settings=Settings(LayerSettings(**chosen), dict(layers or {})))


def _warn_of_large_sums(graph: QGraph) -> None:
    for name, bound in accumulator_bounds(graph).items():
        if bound >= EXACT:
            warnings.warn(
                f"layer '{name}': its sums can reach {bound} steps, and float32 is exact below {EXACT} only: "
                "Keras may differ from the integer model in the last bit; take fewer bits",
                stacklevel=3,
            )


def _sequential(model: Any, replacements: Replacements) -> Any:
    layers = [_input(model, replacements), replacements.input_converter()]
    for layer in model.layers:
        layers.extend(replacements.of(layer))
    converted = keras.Sequential(layers, name=model.name)
    if model.compiled:
        converted.compile_from_config(model.get_compile_config())
    return converted


def _functional(model: Any, replacements: Replacements) -> Any:
    image = _input(model, replacements)
    rounded = replacements.input_converter()(image)

    def call(layer: Any, *arguments: Any, **options: Any) -> Any:
        arguments = keras.tree.map_structure(lambda x: rounded if x is image else x, arguments)
        first, *rest = replacements.of(layer) or [None]
        if first is None:
            return arguments[0]
        # What stands in for a batch normalization does not take its options, such as a mask.
        x = first(*arguments, **(options if isinstance(first, type(layer)) else {}))
        for following in rest:
            x = following(x)
        return x

    # The layers themselves are made at the call, which may be of several or of none.
    inputs = keras.tree.map_structure(lambda _: image, model.input)
    return keras.models.clone_model(model, inputs, clone_function=lambda layer: layer, call_function=call)


def _input(model: Any, replacements: Replacements) -> Any:
    """A new input like the model's one."""
    old = model.inputs[0]
    return keras.Input(batch_shape=old.shape, dtype=old.dtype, name=replacements.input_name)
