# SPDX-License-Identifier: Apache-2.0
"""The folder that a converted network was written to last, and what tools make of it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kerilog import build, storage
from kerilog.api.simulations import Simulation
from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.frames import output_names
from kerilog.graph import Array
from kerilog.handoff.synth import Resources
from kerilog.handoff.synth import synthesize as synthesize_folder
from kerilog.hardware.design import Design
from kerilog.integer.model import run_outputs
from kerilog.manifest import About, IntegerManifest, Manifest, Model, Refined, Scaling
from kerilog.measured import Measured
from kerilog.progress import Progress
from kerilog.qgraph import QGraph
from kerilog.verify import SIMULATORS, finished
from kerilog.verify.steady import simulate_steady


class Folder:
    """``path`` is the last folder, ``design`` the last one with hardware, None before the first, ``built``
    the network in that; ``file`` is the model's.
    """

    def __init__(
        self,
        graph: QGraph,
        file: Model | None,
        scaling: Mapping[str, Scaling],
        warnings: tuple[str, ...],
        refined: tuple[Refined, ...],
    ) -> None:
        self.graph = self.built = graph
        self._file, self._scaling, self._warnings, self._refined = file, scaling, warnings, refined
        self.path: Path | None = None
        self.design: Path | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def temporary(self) -> Path:
        """A place for a folder that goes when this object does."""
        if self._scratch is None:
            try:
                self._scratch = tempfile.TemporaryDirectory(prefix="kerilog_")
            except OSError as error:
                raise KerilogError(f"no temporary folder: {error.strerror or error}") from None
        return Path(self._scratch.name) / "design"

    def _about(self, data: str | None, found: Measured) -> About:
        file = self._file or Model(file=self.graph.name, sha256=storage.digest(self.graph))
        warnings = (*self._warnings, *found.warnings)
        return build.about(
            self.graph,
            file,
            data,
            found.accuracies,
            warnings,
            self._scaling,
            found.quality,
            self._refined,
        )

    def write(
        self,
        target: Path,
        graph: QGraph,
        design: Design,
        data: str | None,
        found: Measured,
        force: bool,
        seen: Mapping[str, Array] | None,
    ) -> Manifest:
        """``design``, that of ``graph``, with its integer model and what was ``found`` on ``data``, which is
        in words. The first of the calibration samples ``seen`` become the vectors of its bench.
        """
        about = self._about(data, found)
        manifest = build.generate(graph, design, target, about, found.record, force, seen)
        self.path = self.design = target
        self.built = graph
        return manifest

    def write_model(
        self, target: Path, name: str, data: str | None, found: Measured, force: bool
    ) -> IntegerManifest:
        """The integer model alone, with what was measured."""
        manifest = build.generate_model(
            self.graph, target, self._about(data, found), name, (), found.record, force
        )
        self.path = target
        if target == self.design:  # which this has replaced
            self.design = None
        return manifest

    def simulate(
        self, directory: Path, codes: Mapping[str, IntArray], simulator: str, progress: Progress
    ) -> Simulation:
        """``codes`` through the design, each output checked against the integer model."""
        if simulator not in SIMULATORS:
            raise KerilogError(f"unknown simulator '{simulator}'; choose one of {', '.join(SIMULATORS)}")
        manifest = Manifest.read(directory)
        found = simulate_steady(directory, codes, simulator, progress)
        progress("running the integer model", None)
        given = finished(self.built, found.result.outputs)
        pairs = zip(given, run_outputs(self.built, codes), strict=True)
        by_name = dict(zip(output_names(self.built), given, strict=True))
        return Simulation(
            codes=given[0] if len(given) == 1 else by_name,
            mismatches=sum(int(np.count_nonzero(one != other)) for one, other in pairs),
            interval=found.interval,
            latency=found.result.latency,
            planned_interval=manifest.frame_interval,
            planned_latency=manifest.latency,
            frames=found.frames,
            cycles=found.result.cycles,
            simulator=simulator,
            differences=tuple(found.differences(manifest)),
        )

    def synthesize(
        self, directory: Path, target: str, progress: Progress, device: str | None, seed: int | None
    ) -> Resources:
        """Area and clock of the design."""
        return synthesize_folder(directory, target, progress, device, seed)

    def report(self, directory: Path, progress: Progress) -> Path:
        """The page of the folder."""
        from kerilog.report.writer import write

        return write(directory, progress)
