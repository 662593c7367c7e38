# SPDX-License-Identifier: Apache-2.0
"""The MNIST CNN with weights of 1 bit and with ternary ones, from its training to its RTL.

    python benchmarks/few_levels.py --data mnist.npz [--only ROW ...] [--dry]

Trains the shipped network further with the hidden layer's weights, 97 % of all, in 1 bit or ternary, a scale
for each channel; the convolution and the last layer keep 8 bits. Beside them stands the network with 8 bits
everywhere, as conversion makes it. The epoch is chosen on 10,000 training images that are held back; the test
images choose nothing. Prints the accuracies, how many elements of all tensors differ between the integer
model and Keras, and the design at 784 cycles: its predicted area, and on how many frames its RTL in Verilator
gave every logit of the integer model, in the planned cycles. Writes the table into docs/quantization.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

import kerilog
from kerilog.data import Dataset, load_dataset
from kerilog.errors import KerilogError
from kerilog.manifest import Manifest
from kerilog.verify.steady import simulate_steady
from runs import ROOT

sys.path.insert(0, str(ROOT / "benchmarks" / "hardware"))

import page
from store import WORK, Values, say

PAGE = ROOT / "docs" / "quantization.md"
MODEL = ROOT / "models" / "mnist_cnn.keras"
FOLDER = WORK / "few_levels"
ROWS: dict[str, int | str] = {"8 bits": 8, "ternary": "ternary", "1 bit": 1}
KEPT = ("conv", "digit")
HELD_BACK = 10_000
SAMPLES = 1000
SEED = 2024
BATCH = 256
EPOCHS = 4
RATE = 3e-3
INTERVAL = 784
FRAMES = 1000  # of the RTL


def accuracy(model: Any, x: np.ndarray, y: np.ndarray | None) -> float:
    """The share of the images whose largest output is the right one."""
    assert y is not None
    return float(np.mean(model.predict(x, batch_size=1000, verbose=0).argmax(axis=1) == y))


def converted(data: Dataset, bits: int | str) -> Any:
    """The shipped network with converters, its hidden layer in ``bits``."""
    import keras

    from kerilog.keras import insert_converters

    model = keras.models.load_model(MODEL)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    few: dict[str, Any] = {"weight_bits": bits, "weight_scale": "channel"} if bits != 8 else {}
    kept = {name: kerilog.LayerSettings(weight_bits=8) for name in KEPT} if few else None
    return insert_converters(model, data.x_train[:SAMPLES], layers=kept, **few)


def train(model: Any, data: Dataset, epochs: int) -> tuple[int, float]:
    """Train, and leave the weights of the epoch that is best on what is held back: its number, and that."""
    import keras

    keras.utils.set_random_seed(SEED)
    assert data.y_train is not None
    x, y = data.x_train[:-HELD_BACK], data.y_train[:-HELD_BACK]
    held = data.x_train[-HELD_BACK:], data.y_train[-HELD_BACK:]
    rate = keras.optimizers.schedules.CosineDecay(RATE, epochs * -(-len(x) // BATCH))
    model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy")
    best: tuple[float, int, Any] = (-1.0, 0, None)
    for epoch in range(1, epochs + 1):
        model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
        found = accuracy(model, *held)
        say(f"  epoch {epoch}: {found:.2%} of the images held back")
        if found > best[0]:
            best = (found, epoch, model.get_weights())
    model.set_weights(best[2])
    return best[1], best[0]


def trained(name: str, data: Dataset, epochs: int) -> tuple[Path, Values]:
    """The trained network in a file, and what is known of it in Keras."""
    from kerilog.keras import compare

    model = converted(data, ROWS[name])
    after = accuracy(model, data.x_test, data.y_test)
    say(f"{name}: {after:.2%} after conversion")
    told: Values = {"after": after}
    if ROWS[name] != 8:
        told["epoch"], told["held"] = train(model, data, epochs)
        told["trained"] = accuracy(model, data.x_test, data.y_test)
    seen = compare(model, data.x_test)
    path = FOLDER / f"{name.replace(' ', '_')}.keras"
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    return path, {
        **told,
        "differing": sum(seen.mismatches.values()),
        "elements": sum(seen.elements.values()),
        "exact": seen.exact,
    }


def design(name: str, path: Path, data: Dataset) -> Values:
    """The figures of the design, after its RTL was held to the integer model."""
    network = kerilog.convert(path, data.x_train[:SAMPLES], verbose=False)
    folder = FOLDER / name.replace(" ", "_")
    manifest = network.build(folder, interval=INTERVAL, force=True)
    codes = network.quantize_input(data.x_test[:FRAMES])
    steady = simulate_steady(folder, codes)
    wrong = int(np.count_nonzero(steady.result.codes != network.run(codes)))
    troubles = list(steady.differences(Manifest.read(folder)))
    if wrong or troubles:
        raise KerilogError(f"{folder.name}: {wrong} of {steady.result.codes.size} logits differ {troubles}")
    right = network.predict(data.x_test).argmax(axis=1) == data.y_test
    need = manifest.predicted["xc7"]
    return {
        "integer": float(np.mean(right)),
        "bytes": network.bytes.in_integers,
        "interval": manifest.frame_interval,
        "latency": manifest.latency,
        "multipliers": manifest.multipliers,
        "lut": round(need.lut),
        "lutram": round(need.lutram),
        "ff": round(need.ff),
        "bram18": need.bram18,
        "dsp": need.dsp,
        "frames": len(codes),
    }


COLUMNS: list[page.Column] = [
    ("weights of `hidden`", lambda row: row["name"]),
    ("accuracy, converted after training", page.points("after")),
    ("trained", page.points("trained")),
    ("epoch", page.whole("epoch")),
    ("held back", page.points("held")),
    ("integer model", page.points("integer")),
    ("elements that differ from Keras", lambda row: f"{row['differing']} of {row['elements']:,}"),
    ("bytes", page.whole("bytes")),
    ("cycles", page.whole("interval")),
    ("latency", page.whole("latency")),
    ("LUT", page.whole("lut")),
    ("as memory", page.whole("lutram")),
    ("FF", page.whole("ff")),
    ("RAMB18", page.whole("bram18")),
    ("DSP", page.whole("dsp")),
    ("frames equal in Verilator", page.whole("frames")),
]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="MNIST as a Keras NPZ (default: downloaded)")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--only", nargs="+", default=list(ROWS), choices=list(ROWS), metavar="ROW")
    parser.add_argument("--dry", action="store_true", help="print, but leave the page as it is")
    parser.add_argument("--train-only", action="store_true", help="no design")
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    data = load_dataset(arguments.data or "mnist", (28, 28, 1))
    original = accuracy(keras.models.load_model(MODEL), data.x_test, data.y_test)
    rows: list[Values] = []
    for name in arguments.only:
        path, found = trained(name, data, arguments.epochs)
        say(f"{name}: {found}")
        rows.append({"name": name, **found, **({} if arguments.train_only else design(name, path, data))})
    if arguments.train_only:
        return
    text = f"In float {100 * original:.2f} %.\n\n{page.table(COLUMNS, rows)}"
    print(f"\n{text}")
    if not arguments.dry:
        page.replace(PAGE, "few_levels", text)


if __name__ == "__main__":
    try:
        main()
    except KerilogError as error:
        raise SystemExit(f"few_levels: error: {error}") from None
