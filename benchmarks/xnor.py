# SPDX-License-Identifier: Apache-2.0
"""784-256-256-256-10 with signs for inputs, weights and activations, from its training to its area, and the
same 1,024 wide.

    python benchmarks/xnor.py --data mnist.npz [--hidden N ...] [--epochs N] [--frames N] [--area] [--dry]

Images are black and white: pixels from half of the range on are +1, others -1. The networks are trained with
converters from their beginning, with a batch normalization before each sign, on images that are moved by up
to a pixel; the epoch is the best one on 10,000 training images that are held back, and the test images
choose nothing. Each takes 15 to 30 minutes on one processor; what is trained is kept in build/bench. Prints
the accuracies, how many elements of all tensors differ between the integer model and Keras, and the designs
at 16 cycles an image: the predicted area, and of those 256 wide on how many frames the RTL in Verilator gave
every logit of the integer model, in the planned cycles, and with --area what Yosys counts. Wider ones are too
much for both. Writes the table into docs/quantization.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np

import kerilog
from kerilog.data import load_dataset
from kerilog.errors import KerilogError
from kerilog.handoff.synth import synthesize
from kerilog.manifest import Manifest
from kerilog.verify.steady import simulate_steady
from runs import ROOT

sys.path.insert(0, str(ROOT / "benchmarks" / "hardware"))

import page
from store import WORK, Values, digest, recall, say

PAGE = ROOT / "docs" / "quantization.md"
FOLDER = WORK / "xnor"
SIDE = 28
LAYERS = 3
CLASSES = 10
EPOCHS = {256: 200, 1024: 120}  # by the width of the hidden layers
MOST_UNROLLED = 256  # the widest that is simulated and synthesized
HELD_BACK = 10_000
SAMPLES = 1000
SEED = 2024
BATCH = 256
RATE = 5e-3
DROPPED = 0.1  # of the inputs of each layer, while it trains
FIRST_SCALE = 0.05  # of the logits
INTERVAL = 16
FRAMES = 200  # of the RTL

Images = np.ndarray[Any, np.dtype[np.float32]]


def network(hidden: int, dropout: Callable[[], Any] | None = None) -> Any:
    """Signs, and layers of binary weights with a normalization and signs behind each but the last; with a
    layer ``dropout`` before each but the last while it trains.
    """
    import keras

    from kerilog.keras import Binary, FixedPoint, QuantDense, Sign

    stack: list[Any] = [keras.Input((SIDE * SIDE,)), Sign()]
    for _ in range(LAYERS):
        stack += [
            *([dropout()] if dropout else []),
            QuantDense(hidden, use_bias=False, kernel_converter=Binary()),
            keras.layers.BatchNormalization(),
            Sign(),
        ]
    last = QuantDense(
        CLASSES,
        kernel_converter=Binary(),
        bias_converter=FixedPoint(9, 0),
        scale_converter=FixedPoint(9, 11),
        name="digit",
    )
    model = keras.Sequential([*stack, last, FixedPoint(8, 3), keras.layers.Softmax()])
    last.scale.assign(np.full(CLASSES, FIRST_SCALE))
    return model


def black_and_white(images: Images) -> Images:
    """Images (count, height, width, 1) of 0 to 1 as signs (count, pixels)."""
    return np.where(images >= 0.5, 1, -1).astype(np.float32).reshape(len(images), -1)


def moved(x: Images, draw: np.random.Generator) -> Images:
    """Each image by up to a pixel, up or down and to a side."""
    images = x.reshape(-1, SIDE, SIDE)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), constant_values=-1)
    made = np.empty_like(images)
    steps = draw.integers(0, 3, (len(images), 2))
    for row, column in np.ndindex(3, 3):
        some = (steps == (row, column)).all(axis=1)
        made[some] = padded[some, row : row + SIDE, column : column + SIDE]
    return made.reshape(len(x), -1)


def right(model: Any, x: Images, y: Any) -> float:
    """The share of the images whose largest output is the right one."""
    return float(np.mean(model.predict(x, batch_size=1000, verbose=0).argmax(axis=1) == y))


def dropout() -> Any:
    """As ``keras.layers.Dropout``, whose random numbers take many times as long as the rest under XLA."""
    import keras
    import tensorflow as tf

    class Dropout(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any, training: bool = False) -> Any:
            return tf.nn.dropout(x, DROPPED) if training else x

    return Dropout()


def compiled(model: Any, rate: Any) -> Callable[[Images, Any], None]:
    """A step of Adam as one function of XLA, several times as fast on a processor as Keras' own."""
    import keras
    import tensorflow as tf

    optimizer, loss = keras.optimizers.Adam(rate), keras.losses.SparseCategoricalCrossentropy()

    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            wrong = loss(y, model(x, training=True))
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(wrong, weights), weights)

    optimizer.build(model.trainable_variables)
    return cast(Callable[[Images, Any], None], tf.function(step, jit_compile=True))


def train(model: Any, x: Images, y: Any, epochs: int) -> Values:
    """Train, and leave the weights of the epoch that is best on what is held back."""
    import keras

    draw = np.random.default_rng(SEED)
    held = x[-HELD_BACK:], y[-HELD_BACK:]
    x, y = x[:-HELD_BACK], y[:-HELD_BACK]
    batches = len(x) // BATCH
    step = compiled(model, keras.optimizers.schedules.CosineDecay(RATE, epochs * batches))
    best: tuple[float, int, Any] = (-1.0, 0, None)
    for epoch in range(1, epochs + 1):
        images = moved(x, draw)
        for some in draw.permutation(len(x))[: batches * BATCH].reshape(batches, BATCH):
            step(images[some], y[some])
        found = right(model, *held)
        say(f"  epoch {epoch}: {found:.2%} of the images held back")
        if found > best[0]:
            best = (found, epoch, model.get_weights())
    model.set_weights(best[2])
    return {"held": best[0], "epoch": best[1]}


def trained(hidden: int, epochs: int, x: Images, y: Any) -> tuple[Path, Values]:
    """The file of the trained network, without its dropout, and what ``train`` told; made once."""
    path = FOLDER / f"hidden_{hidden}_{epochs}.keras"
    told = path.with_suffix(".json")
    if not (path.is_file() and told.is_file()):
        import keras

        keras.utils.set_random_seed(SEED)
        learning = network(hidden, dropout)
        row = train(learning, x, y, epochs)
        model = network(hidden)
        model.set_weights(learning.get_weights())
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save(path)
        told.write_text(json.dumps(row), encoding="ascii")
    return path, cast(Values, json.loads(told.read_text(encoding="ascii")))


def design(path: Path, x: Images, samples: Images, y: Any, frames: int, area: bool) -> Values:
    """The figures of the design, after its RTL was held to the integer model."""
    network = kerilog.convert(path, samples, verbose=False)
    folder = FOLDER / path.stem
    manifest = network.build(folder, interval=INTERVAL, force=True)
    told: Values = {"integer": float(np.mean(network.predict(x).argmax(axis=1) == y))}
    if frames:
        codes = network.quantize_input(x[:frames])
        steady = simulate_steady(folder, codes)
        wrong = int(np.count_nonzero(steady.result.codes != network.run(codes)))
        troubles = list(steady.differences(Manifest.read(folder)))
        if wrong or troubles:
            raise KerilogError(f"{wrong} of {steady.result.codes.size} logits differ {troubles}")
    need = manifest.predicted["xc7"]
    if area:
        key = digest([folder / file for file in (*manifest.sources, *manifest.memories)])
        told |= recall("xnor", key, "Yosys, a quarter of an hour", lambda: measured(folder))
    return {
        **told,
        "bytes": network.bytes.in_integers,
        "interval": manifest.frame_interval,
        "latency": manifest.latency,
        "lut": round(need.lut),
        "lutram": round(need.lutram),
        "ff": round(need.ff),
        "bram18": need.bram18,
        "dsp": need.dsp,
        **({"frames": frames} if frames else {}),
    }


def measured(folder: Path) -> Values:
    """What Yosys counts."""
    found = synthesize(folder)
    return {"yosys_lut": found.lut, "yosys_lutram": found.lutram}


def measure(
    width: int, images: tuple[Images, Images], labels: tuple[Any, Any], arguments: argparse.Namespace
) -> Values:
    """The row of the network ``width`` wide; images and labels to train with, and to test with."""
    import keras

    from kerilog.keras import compare

    (x_train, x_test), (y_train, y_test) = images, labels
    epochs = arguments.epochs or EPOCHS.get(width, max(EPOCHS.values()))
    path, row = trained(width, epochs, x_train, y_train)
    model = keras.models.load_model(path)
    seen = compare(model, x_test)
    row |= {
        "name": f"784-{width}-{width}-{width}-10",
        "trained": right(model, x_test, y_test),
        "differing": sum(seen.mismatches.values()),
        "elements": sum(seen.elements.values()),
    }
    say(f"{row}")
    unrolled = width <= MOST_UNROLLED
    frames = arguments.frames if unrolled else 0
    return row | design(path, x_test, x_train[:SAMPLES], y_test, frames, arguments.area and unrolled)


COLUMNS: list[page.Column] = [
    ("network", lambda row: row["name"]),
    ("Keras", page.points("trained")),
    ("epoch", page.whole("epoch")),
    ("held back", page.points("held")),
    ("integer model", page.points("integer")),
    ("elements that differ from Keras", lambda row: f"{row['differing']} of {row['elements']:,}"),
    ("bytes", page.whole("bytes")),
    ("cycles", page.whole("interval")),
    ("latency", page.whole("latency")),
    ("LUT", page.whole("lut")),
    ("as memory", page.whole("lutram")),
    ("LUT by Yosys", page.whole("yosys_lut")),
    ("as memory", page.whole("yosys_lutram")),
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
    parser.add_argument("--hidden", type=int, nargs="+", default=list(EPOCHS), metavar="N", help="widths")
    parser.add_argument("--epochs", type=int, help="(default: 200 of 256 wide, 120 of 1,024)")
    parser.add_argument("--frames", type=int, default=FRAMES, help="of the RTL; 0: none")
    parser.add_argument("--area", action="store_true", help="synthesize the design with Yosys, too")
    parser.add_argument("--dry", action="store_true", help="print, but leave the page as it is")
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    data = load_dataset(arguments.data or "mnist", (SIDE, SIDE, 1))
    images = black_and_white(data.x_train), black_and_white(data.x_test)
    rows = [measure(width, images, (data.y_train, data.y_test), arguments) for width in arguments.hidden]
    text = page.table(COLUMNS, rows)
    print(f"\n{text}")
    if not arguments.dry:
        page.replace(PAGE, "xnor", text)


if __name__ == "__main__":
    try:
        main()
    except KerilogError as error:
        raise SystemExit(f"xnor: error: {error}") from None
