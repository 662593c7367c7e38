# SPDX-License-Identifier: Apache-2.0
"""Networks to measure with: the shapes of well-known ones, weights and samples drawn from a seed.

    python benchmarks/networks.py NAME ... [-o FILE.keras or FOLDER] [--samples 8] [--seed 1]

writes FILE.keras, as Keras saves it, and FILE.npz beside it, with as many samples to calibrate as to test; or
a pair of files named after each network into FOLDER, by default build/networks.

Nothing is downloaded and nothing is trained. Weights are scaled so that values stay of one size from layer to
layer; images are smooth shapes with noise, and the right answers are those of the network itself, so that the
accuracy that `kerilog build` prints is how often the integers agree with it.

NAME is one of the MLPerf Tiny networks (kws_dscnn, ic_resnet8, vww_mobilenet, ad_autoencoder, sww_dscnn1d),
lenet5, residual or residual-HEIGHTxWIDTH, or one of a family that grows in one way only:

    image-N      a small network on N x N images
    weights-N    about N weights, on 32 x 32 images
    depth-N      N layers with weights, on 128 x 128 images
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError

SEED = 1
SAMPLES = 8
RESIDUAL = (480, 640)
DEPTH_IMAGE = 128
DEPTH_CHANNELS = 8
STATISTICS = 1 << 22  # numbers of samples that batch normalizations are settled on

Layer = Callable[[Any], Any]


@dataclasses.dataclass(frozen=True)
class Network:
    """``make`` builds the Keras model of one input; ``signed`` samples are floats around 0, others pixels."""

    make: Callable[[], Any]
    signed: bool = False


# ---- the networks ----


def _keras() -> Any:
    """Keras, which takes seconds to import."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    return keras


def _conv(filters: int, size: int | tuple[int, int], strides: int = 1, padding: str = "same") -> Layer:
    """A convolution, its batch normalization and ReLU."""
    layers = _keras().layers
    parts = (
        layers.Conv2D(filters, size, strides=strides, padding=padding),
        layers.BatchNormalization(),
        layers.ReLU(),
    )
    return lambda x: parts[2](parts[1](parts[0](x)))


def _depthwise(
    size: int | tuple[int, int], strides: int = 1, padding: str = "same", normal: bool = True
) -> Layer:
    """A depthwise convolution, with batch normalization and ReLU where ``normal``."""
    layers = _keras().layers
    first = layers.DepthwiseConv2D(size, strides=strides, padding=padding)
    if not normal:
        return lambda x: first(x)
    second, third = layers.BatchNormalization(), layers.ReLU()
    return lambda x: third(second(first(x)))


def _classifier(x: Any, classes: int) -> Any:
    """The mean over the image, and class probabilities."""
    layers = _keras().layers
    x = layers.AveragePooling2D(tuple(x.shape[1:3]))(x)
    return layers.Dense(classes, activation="softmax")(layers.Flatten()(x))


def _model(shape: tuple[int, ...], body: Layer) -> Any:
    keras = _keras()
    source = keras.Input(shape)
    return keras.Model(source, body(source))


def kws_dscnn() -> Any:
    """Keyword spotting: the depthwise separable CNN of MLPerf Tiny."""

    def body(x: Any) -> Any:
        x = _conv(64, (10, 4), 2)(x)
        for _ in range(4):
            x = _conv(64, 1)(_depthwise(3)(x))
        return _classifier(x, 12)

    return _model((49, 10, 1), body)


def sww_dscnn1d() -> Any:
    """Streaming wake word: a DS-CNN along time only, said in 2-D; its width is 1."""

    def body(x: Any) -> Any:
        for size, filters in ((3, 128), (5, 128), (10, 128)):
            x = _conv(filters, 1)(_depthwise((size, 1), padding="valid", normal=False)(x))
        x = _conv(32, 1)(_depthwise((15, 1), padding="valid", normal=False)(x))
        layers = _keras().layers
        return layers.Dense(3, activation="softmax")(layers.Flatten()(x))

    return _model((30, 1, 40), body)


def ic_resnet8() -> Any:
    """Image classification: the ResNet of MLPerf Tiny, a ReLU after each sum."""
    layers = _keras().layers

    def block(x: Any, filters: int, strides: int) -> Any:
        y = _conv(filters, 3, strides)(x)
        y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(y))
        if strides > 1:
            x = layers.Conv2D(filters, 1, strides=strides, padding="same")(x)
        return layers.ReLU()(layers.Add()([x, y]))

    def body(x: Any) -> Any:
        x = _conv(16, 3)(x)
        for filters, strides in ((16, 1), (32, 2), (64, 2)):
            x = block(x, filters, strides)
        return _classifier(x, 10)

    return _model((32, 32, 3), body)


def vww_mobilenet() -> Any:
    """Visual wake words: MobileNetV1 with a quarter of its channels."""

    def body(x: Any) -> Any:
        x = _conv(8, 3, 2)(x)
        pairs = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1)]
        for filters, strides in pairs:
            x = _conv(filters, 1)(_depthwise(3, strides)(x))
        return _classifier(x, 2)

    return _model((96, 96, 3), body)


def ad_autoencoder() -> Any:
    """Anomaly detection: the dense autoencoder of MLPerf Tiny."""
    layers = _keras().layers

    def body(x: Any) -> Any:
        for units in (128, 128, 128, 128, 8, 128, 128, 128, 128):
            x = layers.ReLU()(layers.BatchNormalization()(layers.Dense(units)(x)))
        return layers.Dense(640)(x)

    return _model((640,), body)


def lenet5() -> Any:
    """LeCun's network, with ReLU and maxima."""
    layers = _keras().layers

    def body(x: Any) -> Any:
        x = layers.MaxPooling2D(2)(layers.Conv2D(6, 5, padding="same", activation="relu")(x))
        x = layers.MaxPooling2D(2)(layers.Conv2D(16, 5, activation="relu")(x))
        x = layers.Flatten()(x)
        for units in (120, 84):
            x = layers.Dense(units, activation="relu")(x)
        return layers.Dense(10, activation="softmax")(x)

    return _model((28, 28, 1), body)


def residual(height: int, width: int) -> Any:
    """Three residual blocks with the batch normalizations first, on (height, width, 3) images."""
    layers = _keras().layers

    def half(x: Any, filters: int, strides: int) -> Any:
        # a momentum that a short training follows
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        return layers.Conv2D(filters, 3, strides=strides, padding="same")(x)

    def body(x: Any) -> Any:
        x = layers.Conv2D(32, 5, strides=2, padding="same")(x)
        x = layers.MaxPooling2D(3, strides=2)(x)
        for filters in (32, 64, 128):
            y = half(half(x, filters, 2), filters, 1)
            x = layers.Add()([layers.Conv2D(filters, 1, strides=2, padding="same")(x), y])
        x = layers.Dropout(0.5)(layers.ReLU()(layers.Flatten()(x)))
        return layers.Dense(3)(x)

    return _model((height, width, 3), body)


# ---- families ----


def image(size: int) -> Any:
    """``size`` x ``size`` pixels, always the same ten layers with weights."""

    def body(x: Any) -> Any:
        x = _conv(8, 3, 2)(x)
        for filters, strides in ((16, 1), (16, 2), (32, 1), (32, 2)):
            x = _conv(filters, 1)(_depthwise(3, strides)(x))
        layers = _keras().layers
        x = layers.GlobalAveragePooling2D()(x)
        return layers.Dense(10, activation="softmax")(x)

    return _model((size, size, 3), body)


def weights(wanted: int) -> Any:
    """About ``wanted`` weights: three convolutions and two dense layers, of widths in multiples of four."""
    layers = _keras().layers
    # 9 * 3 * w/4 + 9 * w/4 * w/2 + 9 * w/2 * w + 16 * w * 2w + 2w * 10
    width = min(range(8, 2048, 4), key=lambda w: abs(37.625 * w * w + 26.75 * w - wanted))

    def body(x: Any) -> Any:
        for filters in (width // 4, width // 2, width):
            x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
        x = layers.Dense(2 * width, activation="relu")(layers.Flatten()(x))
        return layers.Dense(10, activation="softmax")(x)

    return _model((32, 32, 3), body)


def depth(count: int) -> Any:
    """``count`` layers with weights: pairs of convolutions with a sum around each, on one size of image."""
    layers = _keras().layers

    def body(x: Any) -> Any:
        x = _conv(DEPTH_CHANNELS, 3)(x)
        for _ in range((count - 2) // 2):
            y = layers.Conv2D(DEPTH_CHANNELS, 3, padding="same")(_conv(DEPTH_CHANNELS, 3)(x))
            x = layers.ReLU()(layers.Add()([x, layers.BatchNormalization()(y)]))
        if count % 2:
            x = _conv(DEPTH_CHANNELS, 3)(x)
        x = layers.GlobalAveragePooling2D()(x)
        return layers.Dense(10, activation="softmax")(x)

    return _model((DEPTH_IMAGE, DEPTH_IMAGE, 3), body)


FIXED = {
    "kws_dscnn": Network(kws_dscnn, signed=True),
    "ic_resnet8": Network(ic_resnet8),
    "vww_mobilenet": Network(vww_mobilenet),
    "ad_autoencoder": Network(ad_autoencoder, signed=True),
    "sww_dscnn1d": Network(sww_dscnn1d, signed=True),
    "lenet5": Network(lenet5),
    "residual": Network(lambda: residual(*RESIDUAL)),
}
FAMILIES: dict[str, tuple[Callable[[int], Any], int, int]] = {
    "image": (image, 16, 2048),
    "weights": (weights, 5_000, 50_000_000),
    "depth": (depth, 3, 500),
}


def network(name: str) -> Network:
    """The network called ``name``; see the top of this file. Raises KerilogError for an unknown name."""
    if name in FIXED:
        return FIXED[name]
    sized = re.fullmatch(r"residual-(\d{2,4})x(\d{2,4})", name)
    if sized:
        height, width = int(sized[1]), int(sized[2])
        if min(height, width) >= 32:
            return Network(lambda: residual(height, width))
        raise KerilogError(f"{name}: expected at least 32 x 32 pixels")
    grown = re.fullmatch(r"([a-z]+)-(\d{1,9})", name)
    if grown and grown[1] in FAMILIES:
        make, least, most = FAMILIES[grown[1]]
        count = int(grown[2])
        if least <= count <= most:
            return Network(lambda: make(count))
        raise KerilogError(f"{name}: expected {grown[1]}-{least} to {grown[1]}-{most}")
    sizes = ["residual-HEIGHTxWIDTH", *(f"{family}-N" for family in FAMILIES)]
    raise KerilogError(f"unknown network '{name}'; choose one of {', '.join([*FIXED, *sizes])}")


# ---- weights and samples ----


def draw_weights(model: Any, random: np.random.Generator) -> None:
    """New weights for every layer of ``model``, drawn by NumPy and not by Keras."""
    for layer in model.layers:
        values = [_drawn(weight.path.rsplit("/", 1)[-1], weight.shape, random) for weight in layer.weights]
        if values:
            layer.set_weights(values)


def _drawn(name: str, shape: tuple[int, ...], random: np.random.Generator) -> npt.NDArray[np.float32]:
    """One array: ``name`` is Keras' own for it."""
    match name:
        case "kernel" | "depthwise_kernel":  # He et al., 2015: the variance passes a ReLU unchanged
            inputs = np.prod(shape[:-1] if name == "kernel" else shape[:2])
            values = random.normal(0.0, np.sqrt(2 / inputs), shape)
        case "gamma" | "moving_variance":
            values = random.uniform(0.7, 1.3, shape)
        case "bias" | "beta" | "moving_mean":
            values = random.normal(0.0, 0.1, shape)
        case _:
            raise KerilogError(f"no distribution is known for weights called '{name}'")
    return values.astype(np.float32)


def draw_samples(
    shape: tuple[int, ...], count: int, signed: bool, random: np.random.Generator
) -> npt.NDArray[np.generic]:
    """``count`` samples of ``shape``: waves and a bright box on them, with noise.

    uint8 over the whole range of pixels; where ``signed``, float32 of mean 0 and deviation 1.
    """
    height, width, channels = {1: (1, shape[0], 1), 3: shape}[len(shape)]
    down, across = (np.linspace(0.0, 1.0, n, dtype=np.float32) for n in (height, width))
    samples = np.empty((count, *shape), np.float32 if signed else np.uint8)
    for sample in samples:
        picture = random.normal(0.0, 0.15, (height, width, channels)).astype(np.float32)
        for channel in range(channels):
            for pace, phase in zip(random.uniform(-3, 3, (3, 2)), random.uniform(0, 1, 3), strict=True):
                wave = pace[0] * down[:, np.newaxis] + pace[1] * across + phase
                picture[..., channel] += np.sin(2 * np.pi * wave)
        (top, bottom), (left, right) = (np.sort(random.integers(0, n + 1, 2)) for n in (height, width))
        picture[top:bottom, left:right] += random.normal(0.0, 2.0, channels).astype(np.float32)
        if signed:
            picture = (picture - picture.mean()) / picture.std()
        else:
            picture = (picture - picture.min()) / np.ptp(picture) * 255
        sample[...] = picture.reshape(shape)
    return samples


def settle(model: Any, samples: npt.NDArray[np.generic]) -> None:
    """Give every batch normalization the mean and the variance that it finds on ``samples``."""
    normal = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    usual = [layer.momentum for layer in normal]
    for layer in normal:
        layer.momentum = 0.0
    few = max(2, STATISTICS // int(np.prod(samples.shape[1:])))
    model(_real(samples[:few]), training=True)
    for layer, momentum in zip(normal, usual, strict=True):
        layer.momentum = momentum
        gamma, beta, mean, variance = layer.get_weights()
        layer.set_weights([gamma, beta, _rounded(mean), _rounded(variance)])


def label(model: Any, samples: npt.NDArray[np.generic]) -> npt.NDArray[np.int64] | None:
    """The answers of ``model``, whose last layer is scaled such that no class is the answer to everything.

    None where the last layer gives no classes but a tensor like the input.
    """
    last = model.layers[-1]
    if model.output_shape == model.input_shape:
        return None
    features = _keras().Model(model.input, last.input).predict(_real(samples), batch_size=4, verbose=0)
    scores = features @ last.get_weights()[0]
    kernel = _rounded(2 * last.get_weights()[0] / scores.std(axis=0))
    bias = _rounded(-(features @ kernel).mean(axis=0))
    last.set_weights([kernel, bias])
    answers: npt.NDArray[np.int64] = (features @ kernel + bias).argmax(axis=1).astype(np.int64)
    return answers


def _real(samples: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """The numbers that the network is given: pixels are divided by 255, as `kerilog build` does."""
    return samples.astype(np.float32) / np.float32(255 if samples.dtype == np.uint8 else 1)


def _rounded(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """``values`` to ten bits, so that they are the same in whatever order they were added up."""
    mantissa, exponent = np.frexp(values)
    rounded: npt.NDArray[np.floating] = np.ldexp(np.round(mantissa * 1024) / 1024, exponent)
    return rounded.astype(np.float32)


def make(name: str, samples: int = SAMPLES, seed: int = SEED) -> tuple[Any, dict[str, npt.NDArray[Any]]]:
    """The Keras model ``name``, and the arrays of its samples as in Keras' data sets."""
    known = network(name)
    _keras().utils.clear_session()  # the same names of layers in each call
    model = known.make()
    random = np.random.default_rng(seed)
    draw_weights(model, random)
    x = draw_samples(model.input_shape[1:], 2 * samples, known.signed, random)
    settle(model, x)
    y = label(model, x)
    arrays: dict[str, npt.NDArray[Any]] = {"x_train": x[:samples], "x_test": x[samples:]}
    if y is not None:
        arrays |= {"y_train": y[:samples], "y_test": y[samples:]}
    return model, arrays


def write(name: str, path: Path, samples: int = SAMPLES, seed: int = SEED) -> Path:
    """Write the network ``name`` to ``path`` (.keras) and its samples beside it, whose path is returned."""
    if path.suffix != ".keras":
        raise KerilogError(f"{path}: expected a file that ends in .keras")
    if samples < 1:
        raise KerilogError(f"--samples must be at least 1, found {samples}")
    model, arrays = make(name, samples, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    np.savez(path.with_suffix(".npz"), allow_pickle=False, **arrays)
    return path.with_suffix(".npz")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", metavar="NAME", nargs="+")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("build") / "networks", help="file or folder"
    )
    parser.add_argument("--samples", type=int, default=SAMPLES, help=f"of each kind (default: {SAMPLES})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"default: {SEED}")
    arguments = parser.parse_args()
    single = arguments.output.suffix == ".keras"
    if single and len(arguments.names) > 1:
        raise KerilogError(f"{arguments.output}: expected a folder for {len(arguments.names)} networks")
    for name in arguments.names:
        network(name)  # refuse what is unknown before anything is written
    for name in arguments.names:
        target = arguments.output if single else arguments.output / f"{name}.keras"
        data = write(name, target, arguments.samples, arguments.seed)
        print(f"{target}\n{data}")


if __name__ == "__main__":
    try:
        main()
    except KerilogError as error:
        raise SystemExit(f"networks: error: {error}") from None
