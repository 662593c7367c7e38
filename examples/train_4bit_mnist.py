# SPDX-License-Identifier: Apache-2.0
"""Take a trained MNIST network to 4 bits, and train back what that costs.

    python examples/train_4bit_mnist.py --data mnist.npz -o trained_4bit.keras
    kerilog build trained_4bit.keras -o build/trained_4bit

Prints the accuracy on the 10,000 test images in float, and at 8 and at 4 bits, converted after training and
trained with converters; and whether the integer model equals the trained Keras model on every element
of every tensor. Only the training images are used to choose formats and to train.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerilog import LayerSettings
from kerilog.data import Dataset, load_dataset
from kerilog.keras import Comparison, compare, insert_converters

ROOT = Path(__file__).resolve().parents[1]
SEED = 2024
BATCH = 64
LEARNING_RATES = {8: 1e-3, 4: 3e-3}
SAMPLES = 1000


@dataclasses.dataclass(frozen=True)
class Results:
    """Accuracies on the test images, and the trained model held to its integer model."""

    original: float
    at_8_bits: float
    trained_at_8_bits: float
    at_4_bits: float
    trained_at_4_bits: float
    comparison: Comparison

    @property
    def recovered(self) -> float:
        """The share of what 4 bits cost after training that training with converters wins back."""
        return (self.trained_at_4_bits - self.at_4_bits) / (self.original - self.at_4_bits)


def accuracy(model: Any, data: Dataset) -> float:
    """The share of test images whose largest output is the right one."""
    assert data.y_test is not None
    answers = model.predict(data.x_test, batch_size=1000, verbose=0).argmax(axis=1)
    return float(np.mean(answers == data.y_test))


def train(model: Any, data: Dataset, epochs: int, learning_rate: float) -> None:
    """Train as any Keras model is; the learning rate falls to 0 along a cosine.

    Without dropout: the weights start from a trained network, and rounding is noise enough.
    """
    keras.utils.set_random_seed(SEED)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    steps = epochs * -(-len(data.x_train) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy")
    model.fit(data.x_train, data.y_train, batch_size=BATCH, epochs=epochs, verbose=2)


def run(model: Any, data: Dataset, epochs: int) -> tuple[Any, Results]:
    """The model trained at 4 bits, and its figures."""
    found: list[float] = []
    for bits, share in ((8, 2), (4, 1)):
        print(f"training at {bits} bits")
        # the results have as few bits, too, which by default keep 8
        results = {model.layers[-1].name: LayerSettings(activation_bits=bits)}
        narrow = insert_converters(model, data.x_train[:SAMPLES], bits, bits, layers=results)
        found.append(accuracy(narrow, data))
        train(narrow, data, -(-epochs // share), LEARNING_RATES[bits])
        found.append(accuracy(narrow, data))
    at_8, trained_at_8, at_4, trained_at_4 = found
    comparison = compare(narrow, data.x_test)
    return narrow, Results(accuracy(model, data), at_8, trained_at_8, at_4, trained_at_4, comparison)


def show(results: Results) -> None:
    """Print the table."""
    rows = (
        ("float", results.original),
        ("8 bits, converted after training", results.at_8_bits),
        ("8 bits, trained with converters", results.trained_at_8_bits),
        ("4 bits, converted after training", results.at_4_bits),
        ("4 bits, trained with converters", results.trained_at_4_bits),
    )
    for name, value in rows:
        print(f"{name:34}{100 * value:7.2f} %")
    print(f"{'share of the loss recovered':34}{100 * results.recovered:7.1f} %")
    seen = results.comparison
    different, elements = sum(seen.mismatches.values()), sum(seen.elements.values())
    print(
        f"integer model against Keras: {different} of {elements} elements of {len(seen.elements)} tensors "
        f"differ; largest sum {max(seen.bounds.values())}, {'' if seen.exact else 'NOT '}below 2**24"
    )


def main(arguments: Sequence[str] | None = None) -> Results:
    """Convert, train, report and save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="MNIST as a Keras NPZ (default: downloaded)")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "mnist_cnn.keras")
    parser.add_argument("--epochs", type=int, default=12, help="at 4 bits; half as many at 8")
    parser.add_argument("-o", "--output", type=Path, default=Path("mnist_4bit.keras"))
    args = parser.parse_args(arguments)
    model = keras.models.load_model(args.model)
    data = load_dataset(args.data or "mnist", tuple(model.input_shape[1:]))
    trained, results = run(model, data, args.epochs)
    show(results)
    trained.save(args.output)
    print(f"wrote {args.output}")
    return results


if __name__ == "__main__":
    main()
