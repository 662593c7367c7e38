# SPDX-License-Identifier: Apache-2.0
"""The frame interval that a design settles to, and whether it is what the plan promised.

The first frames pass at another pace: queues fill up. The interval *stands* where the frames repeat: over
the last frames that came out while the input still went in, both the first beat in and the last beat out of
every frame lie the same number of cycles after those of the frame one period before. As much then goes in as
comes out, and nothing fills up any more. Frames that are too few for that are sent again, as often as it
takes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kerilog.manifest import Manifest
from kerilog.progress import Progress, silent
from kerilog.verify import simulate
from kerilog.verify.result import Codes, CycleArray, SimulationResult, check_inputs

MOST_FRAMES = 512
"""Frames after which nothing new is expected."""
MOST_CYCLES = {"verilator": 5_000_000, "icarus": 300_000}
"""Cycles, as planned, up to which frames are sent again: some ten seconds of a large design."""
_SPARE = 8  # frames beyond those that are under way at the same time
_FEWEST = 4  # frames that must repeat


@dataclasses.dataclass(frozen=True)
class SteadyResult:
    """A simulation of the given frames (``result``), of ``frames`` in all, those sent again included.

    ``interval``: cycles between the last beats of consecutive frames once it stands, the longest where frames
    take turns; None where it does not stand.
    """

    result: SimulationResult
    frames: int
    interval: int | None

    def differences(self, manifest: Manifest) -> Iterator[str]:
        """What the plan promised and the simulation does not show, one line each."""
        found = {
            "frame interval": (self.interval, manifest.frame_interval),
            "latency": (self.result.latency, manifest.latency),
            "latency of the first output beat": (self.result.first_latency, manifest.first_output),
        }
        for what, (simulated, planned) in found.items():
            if simulated not in (None, planned):
                yield f"the {what} is {simulated} cycles, planned are {planned}"
        if self.result.frame_error:
            yield "frame_error was raised, though every frame had the right length"
        if self.result.tuser:
            yield "m_axis_tuser was high, though every frame had the right length"


def simulate_steady(
    directory: str | Path, codes: Codes, simulator: str = "verilator", progress: Progress = silent
) -> SteadyResult:
    """Stream ``codes`` (frames, *input shape), of several inputs by name, through the design in
    ``directory`` until its interval stands.

    An interval that stands at another length than planned is looked at again over twice as many frames.
    Raises KerilogError as ``simulate``.
    """
    manifest = Manifest.read(directory)
    checked = check_inputs(codes, manifest)
    given = total = len(checked[0])
    wanted = -(-manifest.latency // manifest.frame_interval) + _SPARE
    if _affordable(wanted, manifest, simulator):
        total = max(given, wanted)
    before: int | None = None
    while True:
        again = np.arange(total) % given
        sent = {one.name: array[again] for one, array in zip(manifest.inputs, checked, strict=True)}
        result = simulate(directory, sent, simulator, progress)
        interval = standing(result.first_in, result.last_out)
        settled = interval is not None and interval in (manifest.frame_interval, before)
        if settled or 2 * total > MOST_FRAMES or not _affordable(2 * total, manifest, simulator):
            return SteadyResult(_of_the_first(result, given), total, interval)
        before, total = interval, 2 * total


def _affordable(frames: int, manifest: Manifest, simulator: str) -> bool:
    return frames * manifest.frame_interval + manifest.latency <= MOST_CYCLES.get(simulator, 0)


def _of_the_first(result: SimulationResult, frames: int) -> SimulationResult:
    """Of the first ``frames`` alone, but for the length of the simulation."""
    return dataclasses.replace(
        result,
        outputs=tuple(codes[:frames] for codes in result.outputs),
        first_in=result.first_in[:frames],
        first_out=result.first_out[:frames],
        last_out=result.last_out[:frames],
    )


def standing(first_in: CycleArray, last_out: CycleArray) -> int | None:
    """The interval at which frames pass, from the cycles of their first beat in and their last beat out.

    None where it does not stand.
    """
    seen = int(np.count_nonzero(last_out <= first_in[-1]))
    entered, left = first_in[:seen], last_out[:seen]
    period = 1
    while max(2 * period, _FEWEST) + period <= seen:
        frames = max(2 * period, _FEWEST)
        steps = [times[-frames:] - times[-frames - period : -period] for times in (entered, left)]
        if np.all(np.concatenate(steps) == steps[0][0]):
            return int(np.diff(left[-period - 1 :]).max())
        period += 1
    return None
