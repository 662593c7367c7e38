# SPDX-License-Identifier: Apache-2.0
"""What a loop over weights costs against NumPy: binary and ternary weights, as ``kerilog study`` makes them.

    python benchmarks/binarize.py [--weights 16777216]

The loop runs over a slice of the array, and its time is scaled up to all of it.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import time
from collections.abc import Callable

import numpy as np

from kerilog.study.approximate import binary, ternary

CHANNELS = 1024
SLICE = 1 << 17  # weights that the loop does
ROUNDS = 5


def loop(kernel: np.ndarray, threshold: float) -> np.ndarray:
    """-a, 0 or +a for each weight of each channel, one at a time; no weight is 0 without a threshold."""
    result = np.empty_like(kernel)
    for channel in range(kernel.shape[1]):
        mean = sum(abs(float(w)) for w in kernel[:, channel]) / len(kernel)
        kept = [abs(float(w)) for w in kernel[:, channel] if abs(float(w)) > threshold * mean]
        scale = sum(kept) / max(len(kept), 1)
        for row, weight in enumerate(kernel[:, channel]):
            inside = threshold > 0 and abs(float(weight)) <= threshold * mean
            result[row, channel] = 0.0 if inside else -scale if weight < 0 else scale
    return result


def seconds(function: Callable[[], object]) -> float:
    """Median of a few runs."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--weights", type=int, default=1 << 24, help="weights of the array (default: 2**24)")
    count = parser.parse_args().weights // CHANNELS * CHANNELS
    kernel = np.random.default_rng(0).normal(size=(count // CHANNELS, CHANNELS)).astype(np.float32)
    part = kernel[:, : max(SLICE * CHANNELS // count, 1)]
    print(f"{count:,} weights; the loop over {part.size:,} of them, its time times {count / part.size:.0f}")
    for name, function, threshold in (("binary", binary, 0.0), ("ternary", ternary, 0.7)):
        np.testing.assert_allclose(loop(part, threshold), function(part), rtol=1e-4)
        slow = seconds(functools.partial(loop, part, threshold)) * count / part.size
        fast = seconds(functools.partial(function, kernel))
        print(f"{name:8} loop {slow:8.2f} s (extrapolated)   NumPy {fast:6.3f} s   {slow / fast:6.0f} times")


if __name__ == "__main__":
    main()
