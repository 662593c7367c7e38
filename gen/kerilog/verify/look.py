# SPDX-License-Identifier: Apache-2.0
"""Looking into a simulation: the streams between the stages, and waveforms.

Both are asked of the simulator by text of our own, a bench or a module around the design; the design's own
Verilog is what it was.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.manifest import Manifest
from kerilog.qgraph import QGraph

Words = npt.NDArray[np.uint32]
GUARD = "guarded"  # the stream behind the frame guard
_FORK = "Fork"  # its streams are looked at in the queues behind it


@dataclasses.dataclass(frozen=True)
class Tap:
    """The stream ``name`` in the top module, which leaves the stage of that name for ``layer``.

    It carries ``tensor`` of the integer model, ``elements`` per frame of ``bits`` bits, ``lanes`` per beat.
    """

    name: str
    kind: str
    layer: str
    tensor: str
    elements: int
    bits: int
    lanes: int
    signed: bool = True

    @property
    def width(self) -> int:
        """Bits of a beat."""
        return self.bits * self.lanes

    @property
    def words(self) -> int:
        """32-bit words that hold a beat."""
        return -(-self.width // 32)

    @property
    def beats(self) -> int:
        """Beats of a frame."""
        return -(-self.elements // self.lanes)

    def codes(self, beats: Words) -> IntArray:
        """The codes (frames, elements) of ``beats`` (count, words), low word and lane first.

        A frame whose beats have not all come is left out.
        """
        whole = len(beats) // self.beats * self.beats
        raw = np.ascontiguousarray(beats[:whole], "<u4").view(np.uint8)
        bits = np.unpackbits(raw, axis=1, count=self.width, bitorder="little").reshape(-1, self.bits)
        wide = np.zeros((len(bits), 4), np.uint8)
        packed = np.packbits(bits, axis=1, bitorder="little")
        wide[:, : packed.shape[1]] = packed
        codes = wide.view("<u4").reshape(-1).astype(np.int64)
        if self.signed:
            codes -= (codes >> (self.bits - 1)) << self.bits  # two's complement
        return codes.reshape(-1, self.beats * self.lanes)[:, : self.elements]


@dataclasses.dataclass(frozen=True)
class Trace:
    """Waveforms of the frames ``first`` to ``stop`` - 1 (from 0), to be written to ``path``."""

    path: Path
    first: int = 0
    stop: int = 1

    @property
    def is_fst(self) -> bool:
        return self.path.suffix.lower() == ".fst"


@dataclasses.dataclass(frozen=True, eq=False)
class Look:
    """What a simulation is to show besides its results.

    ``beats`` gets an array (count, words) by the name of each tap, also when the simulation fails; those of
    ``unknown`` have had an x or z in one of them, the first one with that number.
    """

    taps: tuple[Tap, ...] = ()
    trace: Trace | None = None
    beats: dict[str, Words] = dataclasses.field(default_factory=dict)
    unknown: dict[str, int] = dataclasses.field(default_factory=dict)


NOTHING = Look()


def taps(manifest: Manifest, graph: QGraph) -> tuple[Tap, ...]:
    """A tap on every input and on every stage of the design, in the order of the data.

    ``graph``: the integer model of the hardware. Raises KerilogError where manifest and model do not fit.
    """
    names = {node.name for node in graph}
    found = []
    for source, node in zip(manifest.inputs, graph.inputs, strict=True):
        sizes = source.elements, source.bits, source.lanes, source.signed
        name = f"{GUARD}{source.port.removeprefix('s_axis')}"
        found.append(Tap(name, "FrameGuard", "", node.name, *sizes))
    for stage in manifest.layers:
        if not stage.tensor or stage.lanes is None:
            raise KerilogError("the manifest does not say what its stages give; build the design again")
        if stage.tensor not in names:
            raise KerilogError(f"stage '{stage.name}': the integer model has no tensor '{stage.tensor}'")
        node = graph[stage.tensor]
        elements = int(np.prod(node.shape))
        if stage.lanes > elements:
            raise KerilogError(
                f"stage '{stage.name}': expected at most {elements} lanes, found {stage.lanes}"
            )
        if stage.kind != _FORK:
            bits = node.format.bits
            sizes = elements, bits, stage.lanes, node.format.minimum < 0
            found.append(Tap(stage.name, stage.kind, stage.layer, stage.tensor, *sizes))
    return tuple(found)
