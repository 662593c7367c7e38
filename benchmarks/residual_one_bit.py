# SPDX-License-Identifier: Apache-2.0
"""The residual network of `residual.py`, on images of 480 x 640 pixels, with weights of 1 bit.

    python benchmarks/residual_one_bit.py [--passes N] [--frames N] [--dry]

Trains the network in float, if `residual.py` has not, then further with converters: weights of 1 bit with a
scale for each channel; the first convolution and the dense layer keep 8 bits. The pass is the best one on
images that are drawn for nothing else; the test images choose nothing. Beside it stands the network with 8
bits everywhere, as conversion makes it. Prints the accuracies, how many elements of all tensors differ
between the integer model and Keras, and the design at a pixel in a cycle: its predicted area, and on how
many whole frames its RTL in Verilator gave every logit of the integer model, in the planned cycles. Writes
the table into docs/quantization.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

import drawings
import kerilog
import residual
from kerilog.errors import KerilogError
from residual import FULL, Classes, Goal, Images
from runs import ROOT

sys.path.insert(0, str(ROOT / "benchmarks" / "hardware"))

import page
from store import Values, say

PAGE = ROOT / "docs" / "quantization.md"
GOAL = Goal("a pixel in a cycle", {"interval": 310_000})
SEED = 100  # of images; those of `residual.py` have lower ones
PASSES = 2
TRAINED = 240  # images of a pass
HELD = 90
BATCH = 8
RATE = 5e-4
COMPARED = 4  # test images, every element of every tensor

Floats = np.ndarray[Any, np.dtype[np.float32]]


def floats(images: Images) -> Floats:
    return images.astype(np.float32) / np.float32(255)


def converted(path: Path, samples: Images) -> Any:
    """The float network with converters: 1 bit but for its first and its last layer."""
    import keras

    from kerilog.keras import insert_converters

    model = keras.models.load_model(path, compile=False)
    kinds = keras.layers.Conv2D, keras.layers.Dense
    weighted = [layer.name for layer in model.layers if isinstance(layer, kinds)]
    kept = {name: kerilog.LayerSettings(weight_bits=8) for name in (weighted[0], weighted[-1])}
    return insert_converters(model, floats(samples), weight_bits=1, weight_scale="channel", layers=kept)


def right(model: Any, images: Images, labels: Classes) -> float:
    """The share of the answers that are right."""
    batches = np.array_split(images, -(-len(images) // BATCH))
    found = [model.predict_on_batch(floats(some)).argmax(axis=1) for some in batches]
    return float(np.mean(np.concatenate(found) == labels))


def train(model: Any, passes: int) -> tuple[int, float]:
    """Train, and leave the weights of the best pass on what is held back: its number, and that."""
    import keras

    keras.utils.set_random_seed(SEED)
    held = drawings.draw(HELD, FULL.height, FULL.width, SEED)
    rate = keras.optimizers.schedules.CosineDecay(RATE, passes * TRAINED // BATCH)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss)
    best: tuple[float, int, Any] = (-1.0, 0, None)
    for passing in range(1, passes + 1):
        images, labels = drawings.draw(TRAINED, FULL.height, FULL.width, SEED + passing)
        order = np.random.default_rng(passing).permutation(TRAINED)
        for some in np.array_split(order, TRAINED // BATCH):
            model.train_on_batch(floats(images[some]), labels[some])
        found = right(model, *held)
        say(f"  pass {passing}: {found:.1%} of the images held back")
        if found > best[0]:
            best = (found, passing, model.get_weights())
    model.set_weights(best[2])
    return best[1], best[0]


def one_bit(path: Path, samples: Images, tests: tuple[Images, Classes], passes: int) -> tuple[Path, Values]:
    """The trained network in a file, and what is known of it in Keras."""
    from kerilog.keras import compare

    model = converted(path, samples)
    told: Values = {"after": right(model, *tests)}
    say(f"1 bit: {told['after']:.1%} after conversion")
    told["pass"], told["held"] = train(model, passes)
    told["trained"] = right(model, *tests)
    kept = path.with_name(f"{path.stem}_one_bit.keras")
    model.save(kept)
    seen = compare(model, floats(tests[0][:COMPARED]))
    told["differing"] = sum(seen.mismatches.values())
    return kept, {**told, "elements": sum(seen.elements.values())}


def measure(name: str, path: Path, samples: Images, tests: tuple[Images, Classes], frames: int) -> Values:
    """The figures of the integer network and of its design."""
    network = kerilog.convert(path, samples, verbose=False)
    images, labels = tests
    found = network.predict(images).argmax(axis=1)
    goal = Goal(GOAL.title, GOAL.bounds, simulated=bool(frames))
    say(f"{name}: {goal.title}")
    return {
        "name": name,
        "integer": float(np.mean(found == labels)),
        "bytes": network.bytes.in_integers,
        **residual.design(network, name.replace(" ", "_"), goal, images),
    }


COLUMNS: list[page.Column] = [
    ("weights", lambda row: row["name"]),
    ("converted after training", page.points("after", 1)),
    ("trained", page.points("trained", 1)),
    ("pass", page.whole("pass")),
    ("held back", page.points("held", 1)),
    ("integer model", page.points("integer", 1)),
    ("bytes", page.whole("bytes")),
    ("cycles per frame", page.whole("interval")),
    ("latency", page.whole("latency")),
    ("frames per second at 150 MHz", lambda row: f"{residual.CLOCK / row['interval']:,.1f}"),
    ("LUT", page.whole("lut")),
    ("as memory", page.whole("lutram")),
    ("FF", page.whole("ff")),
    ("RAMB18", page.whole("bram18")),
    ("DSP", page.whole("dsp")),
    ("smallest device", lambda row: row["smallest"]),
    ("whole frames equal in Verilator", page.whole("frames")),
]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--passes", type=int, default=PASSES)
    parser.add_argument("--frames", type=int, default=residual.FRAMES, help="of the RTL; 0: none")
    parser.add_argument("--dry", action="store_true", help="print, but leave the page as it is")
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    path, samples, tests = residual.trained(FULL)
    kept, told = one_bit(path, samples, tests, arguments.passes)
    say(f"1 bit: {told}")
    rows = [
        measure("8 bits", path, samples, tests, 0),
        {**told, **measure("1 bit", kept, samples, tests, arguments.frames)},
    ]
    notes = (
        f"In float {100 * right_in_float(path, tests):.1f} %. On {COMPARED} images {told['differing']} of "
        f"{told['elements']:,} elements of all tensors of the 1-bit network differ from Keras."
    )
    text = f"{notes}\n\n{page.table(COLUMNS, rows)}"
    print(f"\n{text}")
    if not arguments.dry:
        page.replace(PAGE, "residual_one_bit", text)


def right_in_float(path: Path, tests: tuple[Images, Classes]) -> float:
    """The share of the float network's answers that are right."""
    return float((residual.in_float(path, tests[0]) == tests[1]).mean())


if __name__ == "__main__":
    try:
        main()
    except KerilogError as error:
        raise SystemExit(f"residual_one_bit: error: {error}") from None
