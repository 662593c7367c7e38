# SPDX-License-Identifier: Apache-2.0
"""Warnings about options of a build that have no effect on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

SAMPLES = 1000
"""Calibration samples, where nothing else is asked for."""


def unused_by_keras(
    given: Collection[str], scheme: str, rounding: str, samples: int, available: int
) -> Iterator[str]:
    """For a float model that ``available`` samples calibrate; ``given`` names the options that were given."""
    if rounding != "reference" and scheme != "affine":
        yield f"--rounding {rounding} has no effect: it belongs to --scheme affine"
    if samples > available and (samples != SAMPLES or "samples" in given):
        yield f"--samples {samples}: there are {available:,} calibration samples, which are all used"


def unused_by_tflite(given: Collection[str], scheme: str, samples: int) -> Iterator[str]:
    """For a TFLite file, whose formats are final."""
    why = "a TFLite file has its formats already"
    if scheme != "affine" and "scheme" in given:
        yield f"--scheme {scheme} has no effect: {why}"
    if samples != SAMPLES or "samples" in given:
        yield f"--samples has no effect: {why}"
