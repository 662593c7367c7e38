# SPDX-License-Identifier: Apache-2.0
"""Compare the accuracy of Kerilog's integer networks with that of TensorFlow's own int8 converter.

Three networks: the MNIST CNN of the README, and two with batch normalization that are trained here in a
minute or two. Both tools choose their formats from the same samples of the training images; TensorFlow's file
is run by the reference kernels of LiteRT's interpreter.

    python models/compare_with_tflite.py --data mnist.npz
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import kerilog
from kerilog import floating
from kerilog.data import MNIST_SHAPE, Dataset, load_dataset
from kerilog.graph import Graph
from kerilog.scales import Rounding

HERE = Path(__file__).parent
SEED = 2024
CHUNK = 500
COLUMNS = ("float", "TFLite int8", "affine", "affine, single", "fixed")


def plain_network() -> keras.Model:
    """Batch normalization between a convolution and its ReLU, where it folds away."""
    layers = keras.layers
    stages: list[keras.layers.Layer] = [keras.Input(MNIST_SHAPE, name="image")]
    for index, filters in enumerate((8, 16, 24)):
        stages += [
            layers.Conv2D(filters, 3, strides=2 if index else 1, use_bias=False, name=f"conv{index}"),
            layers.BatchNormalization(momentum=0.9, name=f"norm{index}"),
            layers.ReLU(name=f"relu{index}"),
        ]
    stages += [
        layers.Flatten(name="flatten"),
        layers.Dense(10, activation="softmax", name="digit"),
    ]
    return keras.Sequential(stages, name="conv_norm_relu")


def residual_network() -> keras.Model:
    """Batch normalization before a ReLU that follows a pool or a sum, where it does not fold away."""
    layers = keras.layers
    image = keras.Input(MNIST_SHAPE, name="image")
    x = layers.Conv2D(12, 3, padding="same", name="stem")(image)
    x = layers.MaxPooling2D(2, name="pool")(x)
    for index in range(2):
        y = layers.ReLU(name=f"relu{index}")(layers.BatchNormalization(momentum=0.9, name=f"norm{index}")(x))
        y = layers.Conv2D(12, 3, padding="same", name=f"conv{index}")(y)
        x = layers.Add(name=f"sum{index}")([x, y])
    x = layers.ReLU(name="relu")(layers.BatchNormalization(momentum=0.9, name="norm")(x))
    x = layers.AveragePooling2D(2, name="average")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="digit")(x), name="residual")


def train(make: Callable[[], keras.Model], data: Dataset, count: int, epochs: int) -> keras.Model:
    """The network of ``make`` after ``epochs`` of the first ``count`` training images."""
    keras.utils.set_random_seed(SEED)
    assert data.y_train is not None  # MNIST has labels
    model = make()
    model.compile(keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy")
    model.fit(data.x_train[:count], data.y_train[:count], batch_size=64, epochs=epochs, verbose=0)
    return model


def networks(data: Dataset, count: int, epochs: int) -> dict[str, Callable[[], keras.Model]]:
    """How to come by each network, by name; see ``train``."""
    return {
        "mnist_cnn": lambda: keras.models.load_model(HERE / "mnist_cnn.keras"),
        "conv_norm_relu": lambda: train(plain_network, data, count, epochs),
        "residual": lambda: train(residual_network, data, count, epochs),
    }


def convert(model: keras.Model, samples: np.ndarray) -> bytes:
    """``model`` as a full-integer TFLite file, its ranges those of ``samples``."""

    def each() -> Iterator[list[np.ndarray]]:
        for index in range(len(samples)):
            yield [samples[index : index + 1]]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = each
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def run_tflite(file: bytes, x: np.ndarray) -> np.ndarray:
    """Output codes (count, classes) of the reference kernels for images ``x``."""
    kernels = OpResolverType.BUILTIN_REF
    interpreter = Interpreter(model_content=file, experimental_op_resolver_type=kernels)
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = source["quantization"]
    answers = []
    for start in range(0, len(x), CHUNK):
        part = x[start : start + CHUNK]
        interpreter.resize_tensor_input(source["index"], part.shape)
        interpreter.allocate_tensors()
        codes = np.clip(np.round(part / np.float32(scale)) + zero, -128, 127).astype(np.int8)
        interpreter.set_tensor(source["index"], codes)
        interpreter.invoke()
        answers.append(interpreter.get_tensor(target["index"]))
    return np.concatenate(answers)


def answers_of(model: keras.Model, data: Dataset, count: int) -> list[np.ndarray]:
    """The digit for each test image, in the order of COLUMNS; formats from ``count`` training images."""
    samples, x = data.x_train[:count], data.x_test
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        graph = kerilog.load(path)
    assert isinstance(graph, Graph)
    chunks = [x[start : start + CHUNK] for start in range(0, len(x), CHUNK)]
    answers = [np.concatenate([floating.run(graph, chunk)[0] for chunk in chunks])]
    answers.append(run_tflite(convert(model, samples), x))
    settings: list[tuple[str, Rounding]]
    settings = [("affine", "reference"), ("affine", "single"), ("fixed", "reference")]
    for scheme, rounding in settings:
        answers.append(kerilog.quantize(graph, samples, scheme, rounding, count=None).run(x))
    return [answer.argmax(axis=1) for answer in answers]


def main() -> None:
    """Print two rows a network: right answers, and answers that are those of the float network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, help="MNIST as a Keras NPZ (default: as `kerilog build` finds it)"
    )
    parser.add_argument(
        "--samples", type=int, default=1000, help="training images that formats are chosen from"
    )
    parser.add_argument("--train", type=int, default=60_000, help="images to train the two networks on")
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    data = load_dataset(args.data or "mnist", MNIST_SHAPE)
    print(
        f"{data.source}; {args.samples} samples; right answers in percent of {len(data.x_test):,} test images"
    )
    print(f"{'':16}" + "".join(f"{name:>16}" for name in COLUMNS))
    for name, make in networks(data, args.train, args.epochs).items():
        start = time.monotonic()
        answers = answers_of(make(), data, args.samples)
        show(name, [answer == data.y_test for answer in answers])
        show("  as in float", [answer == answers[0] for answer in answers])
        print(f"  {time.monotonic() - start:.0f} s", flush=True)


def show(name: str, right: list[np.ndarray]) -> None:
    """One row: the part of each of ``right`` that is True."""
    print(f"{name:16}" + "".join(f"{100 * np.mean(one):16.2f}" for one in right))


if __name__ == "__main__":
    main()
