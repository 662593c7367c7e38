# SPDX-License-Identifier: Apache-2.0
"""What better rounding brings to networks that are not trained again: ``--refine``, pass by pass.

    python benchmarks/rounding.py --data mnist.npz [--only NETWORK ...] [--dry]

The MNIST CNN of this repository in few bits, with 8-bit results and without; a network of depthwise
convolutions, which is trained here, with weights of 4 bits; and the three networks that
``models/compare_with_tflite.py`` compares, in 8 bits, two of them trained here, shortly. Passes and formats
see training images without their labels; nothing is chosen by the test images, on which all is measured.
Writes the table into docs/quantization.md. Trained networks and figures are kept in build/bench, by what they
were made from.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import kerilog
from kerilog import floating
from kerilog.data import MNIST_SHAPE, Dataset, load_dataset
from kerilog.errors import KerilogError
from kerilog.graph import Graph
from kerilog.quantize.settings import RefinePass
from runs import ROOT

sys.path.insert(0, str(ROOT / "benchmarks" / "hardware"))
sys.path.insert(0, str(ROOT / "models"))

import page
from store import WORK, Values, digest, recall, say

import compare_with_tflite

PAGE = ROOT / "docs" / "quantization.md"
FOLDER = WORK / "rounding"
SOURCES = sorted((ROOT / "gen" / "kerilog" / "refine").glob("*.py"))
DEPTHWISE = "depthwise"
SAMPLES = 1000
EPOCHS, TRAINING = 3, 60_000  # of the network of depthwise convolutions: epochs, and images in each
FEW_EPOCHS, FEW_TRAINING = 1, 20_000  # of the others

PASSES: tuple[tuple[RefinePass, ...], ...] = (
    (),
    ("equalize",),
    ("correct-bias",),
    ("equalize", "correct-bias"),
    ("learn-rounding",),
    ("equalize", "learn-rounding", "correct-bias"),
)


@dataclasses.dataclass(frozen=True)
class Row:
    """A network in one choice of formats; ``results`` names the layer whose results have as few bits, too."""

    network: str
    weights: int = 8
    activations: int = 8
    scheme: str = "fixed"
    results: str | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of ``kerilog.convert``."""
        if self.scheme == "affine":
            return {"scheme": self.scheme}
        few = {self.results: {"activation_bits": self.activations}} if self.results else None
        return {"weight_bits": self.weights, "activation_bits": self.activations, "layers": few}


ROWS = (
    Row("mnist_cnn", 3),
    Row("mnist_cnn", 4, 4, results="digit"),
    Row("mnist_cnn", 4, 4),
    Row(DEPTHWISE, 4),
    Row(DEPTHWISE, 4, 4),
    *(
        Row(name, scheme=scheme)
        for name in ("mnist_cnn", "conv_norm_relu", "residual")
        for scheme in ("fixed", "affine")
    ),
)


def depthwise_network() -> Any:
    """Depthwise convolutions, each followed by one over channels, with batch normalization."""
    import keras

    layers = keras.layers
    image = keras.Input(MNIST_SHAPE, name="image")
    x = image
    for index, (filters, stride) in enumerate(((16, 2), (32, 2), (32, 1), (48, 2))):
        if index:
            x = layers.DepthwiseConv2D(3, stride, "same", use_bias=False, name=f"depthwise{index}")(x)
            x = layers.BatchNormalization(momentum=0.9, name=f"norm{index}a")(x)
            x = layers.ReLU(name=f"relu{index}a")(x)
        size, step = (1, 1) if index else (3, stride)
        x = layers.Conv2D(filters, size, step, "same", use_bias=False, name=f"conv{index}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{index}")(x)
        x = layers.ReLU(name=f"relu{index}")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="digit")(x), name=DEPTHWISE)


def makers(data: Dataset) -> dict[str, Callable[[], Any]]:
    """How to come by each network, by name."""
    known = compare_with_tflite.networks(data, FEW_TRAINING, FEW_EPOCHS)
    return {
        **known,
        DEPTHWISE: lambda: compare_with_tflite.train(depthwise_network, data, TRAINING, EPOCHS),
    }


def model_file(name: str, make: Callable[[], Any]) -> Path:
    """The file of the network ``name``, trained unless an earlier run has done so."""
    if name == "mnist_cnn":
        return ROOT / "models" / "mnist_cnn.keras"
    path = FOLDER / f"{name}.keras"
    if not path.is_file():
        say(f"{name}: training")
        model = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save(path)
    return path


def answers_in_float(path: Path, x: np.ndarray) -> np.ndarray:
    """The class (count,) that the float network answers for each image."""
    graph = kerilog.load(path)
    assert isinstance(graph, Graph)
    found: np.ndarray = floating.run(graph, x)[0].argmax(axis=1)
    return found


def right_in_float(path: Path, data: Dataset) -> float:
    """The share of the test images that the float network answers right."""

    def work() -> Values:
        return {"right": float(np.mean(answers_in_float(path, data.x_test) == data.y_test))}

    found = recall("rounding", digest([path], data.source), f"{path.stem}, in float", work)
    return float(found["right"])


def measured(path: Path, row: Row, passes: tuple[RefinePass, ...], data: Dataset) -> Values:
    """Right answers, and those that are the float network's, as shares of the test images."""
    start = time.monotonic()
    network = kerilog.convert(path, data.x_train[:SAMPLES], refine=passes, verbose=False, **row.options)
    seconds = time.monotonic() - start
    answers = network.predict(data.x_test).argmax(axis=1)
    same = answers == answers_in_float(path, data.x_test)
    told: Values = {
        "right": float(np.mean(answers == data.y_test)),
        "same": float(np.mean(same)),
        "seconds": seconds,
    }
    if network.refined:
        told["snr"] = [one.snr_db for one in network.refined]
    return told


def activations(row: Row) -> str:
    return f"{row.activations} bits" + (", results too" if row.results else "")


def cell(passes: tuple[RefinePass, ...]) -> Callable[[Values], str]:
    def text(row: Values) -> str:
        found = row["found"][passes]
        return f"{100 * found['right']:.2f} % ({100 * found['same']:.2f})"

    return text


COLUMNS: list[page.Column] = [
    ("network", lambda row: str(row["row"].network)),
    ("scheme", lambda row: f"`{row['row'].scheme}`"),
    ("weights", lambda row: f"{row['row'].weights} bits"),
    (
        "activations",
        lambda row: f"{row['row'].activations} bits" + (", results too" * bool(row["row"].results)),
    ),
    ("float", lambda row: f"{100 * row['float']:.2f} %"),
    *((" + ".join(passes) or "to nearest", cell(passes)) for passes in PASSES),
]


def of_row(row: Row, path: Path, data: Dataset) -> Values:
    """All figures of a row of the table."""
    found = {}
    for passes in PASSES:
        what = (
            f"{row.network}, {row.scheme} {row.weights}/{row.activations}, {' + '.join(passes) or 'nearest'}"
        )
        key = digest([path, *SOURCES], repr(row), repr(passes), data.source)
        work = functools.partial(measured, path, row, passes, data)
        found[passes] = recall("rounding", key, what, work)
        say(f"  {found[passes]['right']:.2%} right, {found[passes]['same']:.2%} as in float")
    return {"row": row, "float": right_in_float(path, data), "found": found}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="MNIST as a Keras NPZ (default: downloaded)")
    names = sorted({row.network for row in ROWS})
    parser.add_argument("--only", nargs="+", default=names, choices=names, metavar="NETWORK")
    parser.add_argument("--dry", action="store_true", help="print, but leave the page as it is")
    arguments = parser.parse_args()
    data = load_dataset(arguments.data or "mnist", MNIST_SHAPE)
    make = makers(data)
    chosen = [row for row in ROWS if row.network in arguments.only]
    files = {name: model_file(name, make[name]) for name in dict.fromkeys(row.network for row in chosen)}
    text = page.table(COLUMNS, [of_row(row, files[row.network], data) for row in chosen])
    print(f"\n{text}")
    if not arguments.dry:
        page.replace(PAGE, "rounding", text)


if __name__ == "__main__":
    try:
        main()
    except KerilogError as error:
        raise SystemExit(f"rounding: error: {error}") from None
