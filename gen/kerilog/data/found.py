# SPDX-License-Identifier: Apache-2.0
"""What a source of data holds, as arrays under the names that Keras' own layout has."""

from __future__ import annotations

import dataclasses

import numpy as np

from kerilog.data.arrays import Arrays, RawArray

TEST_SHARE = 5  # one sample in so many is for test
FEWEST = 10  # samples that are split
SEED = 2024


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """``arrays`` by name, unchecked. ``source`` names the source in one line, ``note`` says what is special.

    ``classes`` are the names of the classes where labels count them in alphabetical order.
    """

    arrays: Arrays
    source: str
    note: str = ""
    classes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def split(x: RawArray, y: RawArray | None) -> tuple[Arrays, str]:
    """One set of samples and labels as two, for calibration and for test, the same ones each time.

    Says in words what was done; too few samples serve for both.
    """
    count = len(x)
    if count < FEWEST or (y is not None and y.shape[:1] != (count,)):  # which an error will tell of
        return {"x": x} | ({} if y is None else {"y": y}), ""
    order = np.random.default_rng(SEED).permutation(count)
    parts = {"train": order[count // TEST_SHARE :], "test": order[: count // TEST_SHARE]}
    arrays = {f"x_{name}": x[places] for name, places in parts.items()}
    if y is not None:
        arrays |= {f"y_{name}": y[places] for name, places in parts.items()}
    return arrays, f"one sample in {TEST_SHARE}, drawn by Kerilog, is for test"


def class_note(classes: tuple[str, ...], most: int = 6) -> str:
    """The first of the classes in words."""
    count = f"{len(classes)} class{'' if len(classes) == 1 else 'es'}"
    more = f" and {len(classes) - most} more" if len(classes) > most else ""
    return f"{count}: {', '.join(map(plain, classes[:most]))}{more}"


def plain(text: object) -> str:
    """``text`` that a file or its name brought, on one line."""
    return "".join(sign if sign.isprintable() else "?" for sign in str(text))


def notes(*parts: str) -> str:
    """Those that say something, in one line."""
    return "; ".join(part for part in parts if part)
