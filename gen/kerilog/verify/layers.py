# SPDX-License-Identifier: Apache-2.0
"""Which stage of the hardware is the first to give another value than the integer model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.integer.model import run_all
from kerilog.manifest import Manifest
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph
from kerilog.verify import look, simulate
from kerilog.verify.look import Look, Tap
from kerilog.verify.result import Codes, check_inputs

_BYTES = 1 << 26  # of beats that are kept at once
_CONNECTORS = {
    "Fifo": "queue",
    "Register": "register slice",
    "Lanes": "converter of lanes",
    "FrameGuard": "frame guard",
}
_AXES = {1: ("channel",), 2: ("position", "channel"), 3: ("row", "column", "channel")}


@dataclasses.dataclass(frozen=True)
class Difference:
    """The first value that differs: of the first stage, its first frame, the first place in NHWC order.

    ``place`` has an index per axis of the tensor; ``found`` is None for unknown bits. ``different`` of the
    ``compared`` values of the stage differ, over the frames that were looked at.
    """

    stage: str
    kind: str
    layer: str
    tensor: str
    frame: int
    place: tuple[int, ...]
    expected: int
    found: int | None
    different: int
    compared: int

    @property
    def told(self) -> str:
        """One line."""
        axes = _AXES.get(len(self.place), tuple(f"axis {axis}" for axis in range(len(self.place))))
        where = ", ".join(f"{axis} {index}" for axis, index in zip(axes, self.place, strict=True))
        value = "unknown bits" if self.found is None else f"{self.found}"
        return (
            f"the first difference is in {self._who}: frame {self.frame}, {where}: expected "
            f"{self.expected}, found {value}; {self.different:,} of its {self.compared:,} values differ"
        )

    @property
    def _who(self) -> str:
        """The stage in words."""
        if connector := _CONNECTORS.get(self.kind):
            return f"the {connector} '{self.stage}', behind '{self.tensor}'"
        return f"layer '{self.layer}' ({self.kind})"


def first_difference(
    directory: str | Path,
    graph: QGraph,
    codes: Codes,
    simulator: str = "verilator",
    progress: Progress = silent,
) -> Difference | None:
    """Stream ``codes`` (frames, *input shape), of several inputs by name, through the design in
    ``directory``, and compare what leaves each stage with ``graph``, its integer model up to a softmax; None
    if all is the same.

    A simulation that fails is compared as far as it went. Raises KerilogError for a design that does not fit
    ``graph``, and as ``simulate`` where nothing differs before that.
    """
    manifest = Manifest.read(directory)
    taps = look.taps(manifest, graph)
    size = max(1, _BYTES // max(1, sum(4 * tap.words * tap.beats for tap in taps)))
    arrays = check_inputs(codes, manifest)
    frames = len(arrays[0])
    for start in range(0, frames, size):
        part = {
            stream.name: array[start : start + size]
            for stream, array in zip(manifest.inputs, arrays, strict=True)
        }
        looking = Look(taps)
        failure: KerilogError | None = None
        try:
            simulate(directory, part, simulator, progress, look=looking)
        except KerilogError as error:
            failure = error
        progress("comparing layers", start / frames)
        found = _compare(looking, run_all(graph, part), start)
        if found is not None:
            return found
        if failure is not None:
            raise failure
    return None


def _compare(looking: Look, tensors: Mapping[str, IntArray], start: int) -> Difference | None:
    """The first difference of a simulation whose first frame is number ``start``."""
    for tap in looking.taps:
        if tap.name not in looking.beats:
            continue
        shape = tensors[tap.tensor].shape[1:]
        expected = tensors[tap.tensor].reshape(-1, tap.elements)
        found = tap.codes(looking.beats[tap.name])
        frames = min(len(expected), len(found))
        wrong = found[:frames] != expected[:frames]
        unknown = _unknown(tap, looking)
        if unknown is not None and unknown < wrong.size:
            wrong.reshape(-1)[unknown] = True
        if wrong.any():
            place = int(wrong.argmax())
            frame, element = divmod(place, tap.elements)
            return Difference(
                stage=tap.name,
                kind=tap.kind,
                layer=tap.layer,
                tensor=tap.tensor,
                frame=start + frame,
                place=tuple(int(index) for index in np.unravel_index(element, shape)),
                expected=int(expected[frame, element]),
                found=None if place == unknown else int(found[frame, element]),
                different=int(np.count_nonzero(wrong)),
                compared=wrong.size,
            )
    return None


def _unknown(tap: Tap, looking: Look) -> int | None:
    """The first element of the first beat with unknown bits, counted over all frames."""
    beat = looking.unknown.get(tap.name)
    if beat is None:
        return None
    frame, rest = divmod(beat, tap.beats)
    return frame * tap.elements + rest * tap.lanes
