# SPDX-License-Identifier: Apache-2.0
"""Widths that fall while a model is trained: what is rounded to in each epoch, and what is left after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog.errors import KerilogError

keras = pytest.importorskip("keras")
converters = pytest.importorskip("kerilog.keras")
converters_of = pytest.importorskip("kerilog.keras.schedule").converters_of
layers = keras.layers

STAGES = {0: 8, 2: 3, 4: 1}
EPOCHS = 6


def converted(weight_bits: Any, activation_bits: int) -> Any:
    """A small network with converters."""
    keras.utils.set_random_seed(3)
    stack = [layers.Dense(6, name="first"), layers.Dense(5, name="second"), layers.Dense(3, name="last")]
    model = keras.Sequential([keras.Input((6,)), *stack])
    return converters.insert_converters(model, samples(), weight_bits, activation_bits)


def samples() -> np.ndarray:
    return np.random.default_rng(4).normal(0, 0.5, (64, 6)).astype(np.float32)


def steps_in(values: np.ndarray) -> int:
    """The fewest bits after the binary point that hold ``values``."""
    return next(bits for bits in range(40) if np.all(np.ldexp(values.astype(np.float64), bits) % 1 == 0))


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """How fine the model's results are, epoch by epoch, by what ``predict`` and ``train`` have of it."""

    def __init__(self) -> None:
        super().__init__()
        self.fineness: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.fineness.append(steps_in(self.model.predict(samples(), verbose=0)))


def fit(model: Any, *callbacks: Any, epochs: int = EPOCHS) -> None:
    model.compile(keras.optimizers.SGD(0.05), loss="mse")
    model.fit(samples(), samples()[:, :3], epochs=epochs, callbacks=list(callbacks), verbose=0)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_converter_has_finer_steps_over_the_same_range(bits: int) -> None:
    x = np.linspace(-3, 3, 4001, dtype=np.float32)
    converter = converters.Sign(1) if bits == 1 else converters.FixedPoint(bits, bits - 2)
    before = np.asarray(converter.convert(x))
    assert converter.widen(6) and not converter.widen(6)
    found = np.asarray(converter.convert(x))
    own = converter.format.scales * (1 if bits == 1 else 2 ** (bits - 1))
    step = own / 32
    assert found.min() == -own and found.max() == own - step
    inside = (x > -own) & (x < own - step)
    assert np.all(np.abs(found - x)[inside] <= step / 2) and np.all(found / step % 1 == 0)
    assert converter.widen(bits)
    np.testing.assert_array_equal(np.asarray(converter.convert(x)), before)


@pytest.mark.parametrize(("weight_bits", "activation_bits"), [(2, 2), (1, 4), ("ternary", 3), (1, 1)])
def test_results_are_as_fine_as_the_epoch(weight_bits: Any, activation_bits: int) -> None:
    model, watch = converted(weight_bits, activation_bits), Watch()
    before = steps_in(model.predict(samples(), verbose=0))
    fit(model, converters.LowerWidths(STAGES), watch)
    (first, second), (third, fourth), (fifth, last) = np.reshape(watch.fineness, (3, 2)).tolist()
    assert first == second >= third == fourth >= fifth == last == before
    assert first > last or activation_bits >= 8 or weight_bits == activation_bits == 1
    assert steps_in(model.predict(samples(), verbose=0)) == before


def test_what_is_trained_is_what_is_rounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The train function, too, is made anew: with steps that are too coarse for any change nothing is learned
    until the widths rise, here by a schedule that is turned round.
    """
    model = converted(4, 4)
    schedule = converters.LowerWidths({0: 12})
    schedule.bits = {0: 1, 1: 12}
    losses: list[float] = []

    class Losses(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            losses.append(logs["loss"])

    model.compile(keras.optimizers.SGD(0.0), loss="mse")
    model.fit(samples(), samples()[:, :3], epochs=2, batch_size=64, callbacks=[schedule, Losses()], verbose=0)
    assert losses[0] != losses[1]


def test_the_models_own_widths_are_saved_and_come_back(tmp_path: Path) -> None:
    model = converted(2, 2)

    class Save(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.save(tmp_path / f"{epoch}.keras")
            if epoch == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(model, converters.LowerWidths({0: 8}), Save())
    wide = model.predict(samples(), verbose=0)
    kept = keras.models.load_model(tmp_path / "1.keras")
    assert steps_in(kept.predict(samples(), verbose=0)) < steps_in(wide)
    fit(model, converters.LowerWidths({0: 8}), epochs=1)
    assert steps_in(model.predict(samples(), verbose=0)) == steps_in(kept.predict(samples(), verbose=0))


def test_it_is_built_as_what_it_computes() -> None:
    model = converted(1, 4)
    fit(model, converters.LowerWidths(STAGES))
    seen = converters.compare(model, samples())
    assert sum(seen.mismatches.values()) == 0 and sum(seen.elements.values()) > 0


def test_converters_of_a_model_within_a_model_are_found() -> None:
    inner = converted(2, 2)
    outer = keras.Sequential([keras.Input((6,)), inner])
    assert len(list(converters_of(inner))) == len(list(converters_of(outer))) == 4 + 3 + 3


@pytest.mark.parametrize(
    ("bits", "message"),
    [
        ({}, "expected epochs from 0 on"),
        ({-1: 4}, "expected epochs from 0 on"),
        ({0: 4, 1: 4}, "expected fewer bits from epoch to epoch"),
        ({1: 4, 0: 2}, "expected fewer bits from epoch to epoch"),
        ({0: 0}, "expected widths of 1.."),
        ({0: 2.5}, "expected widths of 1.."),
    ],
)
def test_schedules_that_cannot_be(bits: dict[int, Any], message: str) -> None:
    with pytest.raises(KerilogError, match=message):
        converters.LowerWidths(bits)
