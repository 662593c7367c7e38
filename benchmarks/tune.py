# SPDX-License-Identifier: Apache-2.0
"""What widths that choose themselves save, against the cheapest uniform pair within the same loss.

    python benchmarks/tune.py --data mnist.npz [--only NETWORK ...] [--dry]

The MNIST CNN of this repository and networks that are trained here, shortly: convolutions with batch
normalization, depthwise ones, and the Conv1D network of the zoo (`zoo_models.py`) on rows of images. Each is
tuned as ``kerilog tune`` does by default, at the interval of its widest form. Widths are chosen on training
images; the test images confirm. Writes the table into docs/quantization.md. Trained networks and figures are
kept in build/bench, by what they were made from.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import rounding
import zoo_models
from kerilog import build
from kerilog.data import MNIST_SHAPE, Dataset, load_dataset
from kerilog.errors import KerilogError
from kerilog.tune import results
from kerilog.tune.command import Asked, tune
from runs import ROOT

sys.path.insert(0, str(ROOT / "benchmarks" / "hardware"))

import page
from store import WORK, Values, digest, recall, say

PAGE = ROOT / "docs" / "quantization.md"
FOLDER = WORK / "tune"
SOURCES = sorted((ROOT / "gen" / "kerilog" / "tune").glob("*.py"))
ROWS = (
    ("mnist_cnn", 0.5),
    ("mnist_cnn", 1.0),
    ("conv_norm_relu", 1.0),
    ("depthwise", 1.0),
    ("keyword1d", 0.5),
    ("keyword1d", 1.0),
)
SEED, RATE, BATCH, EPOCHS = 2024, 2e-3, 64, 4  # of their training


def keyword1d(data: Dataset) -> Any:
    """The keyword network of the zoo on the rows of images of MNIST, trained at a rate that falls to 0, so
    that the statistics of its batch normalizations become those of the weights that stay.
    """
    import keras

    keras.utils.set_random_seed(SEED)
    image = keras.Input(MNIST_SHAPE, name="image")
    logits = zoo_models.keyword1d(keras, MNIST_SHAPE[:2])(keras.layers.Reshape(MNIST_SHAPE[:2])(image))
    model = keras.Model(image, keras.layers.Softmax()(logits), name="keyword1d")
    rate = keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * -(-len(data.x_train) // BATCH))
    model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy")
    model.fit(data.x_train, data.y_train, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return model


def of_row(name: str, bound: float, path: Path, data: Path) -> Values:
    """All figures of a row of the table."""

    def work() -> Values:
        start = time.monotonic()
        options = build.Options(data=data, force=True)
        report = tune(path, FOLDER / f"{name}-{bound:g}", options, Asked(max_loss=bound), warn=say)
        told: Values = results.summary(report)
        return told | {"seconds": time.monotonic() - start, "tried": len(report.points)}

    key = digest([path, *SOURCES], f"{bound}")
    return {"name": name, **recall("tune", key, f"{name}, {bound:g} points", work)}


def cost(point: str) -> Any:
    return lambda row: f"{row[point]['cost']:,}" if point in row else "none"


def lost(point: str) -> Any:
    """On validation images, and on test images."""

    def text(row: Values) -> str:
        if point not in row:
            return ""
        found, test = row[point], row[point]["test_loss"]
        seen = f"{found['loss_points']:.2f} +- {found['loss_standard_error']:.2f}"
        return f"{seen}, {test['points']:.2f} +- {test['standard_error']:.2f}"

    return text


def widths(row: Values) -> str:
    """Bits of the weights, and of the results, of every layer in the order of the network."""
    parts = []
    for key in ("weight_bits", "activation_bits"):
        found = [str(bits) for name, bits in row["best"].items() if name.endswith(f".{key}")]
        parts.append(" ".join(found))
    return "; ".join(parts)


COLUMNS: list[page.Column] = [
    ("network", lambda row: str(row["name"])),
    ("points allowed", lambda row: f"{row['max_loss_points']:g}"),
    ("cycles", page.whole("interval")),
    ("8 bits", cost("widest")),
    ("cheapest uniform pair", cost("uniform")),
    ("it loses: validation, test", lost("uniform")),
    ("tuned", cost("best")),
    ("it loses", lost("best")),
    ("saved", lambda row: f"{row['saved_percent']:.1f} %" if row["saved_percent"] is not None else ""),
    ("bits of weights; of results", widths),
    ("sets tried", page.whole("tried")),
]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = sorted({name for name, _ in ROWS})
    parser.add_argument("--data", type=Path, required=True, help="MNIST as a Keras NPZ")
    parser.add_argument("--only", nargs="+", default=names, choices=names, metavar="NETWORK")
    parser.add_argument("--dry", action="store_true", help="print, but leave the page as it is")
    arguments = parser.parse_args()
    data = load_dataset(arguments.data, MNIST_SHAPE)
    makers = rounding.makers(data) | {"keyword1d": lambda: keyword1d(data)}
    rows = []
    for name, bound in ROWS:
        if name in arguments.only:
            rows.append(of_row(name, bound, rounding.model_file(name, makers[name]), arguments.data))
            say(f"{rows[-1]}")
    text = page.table(COLUMNS, rows)
    print(f"\n{text}")
    if not arguments.dry:
        page.replace(PAGE, "tune", text)


if __name__ == "__main__":
    try:
        main()
    except KerilogError as error:
        raise SystemExit(f"tune: error: {error}") from None
