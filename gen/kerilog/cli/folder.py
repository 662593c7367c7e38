# SPDX-License-Identifier: Apache-2.0
"""What ``eval`` and ``sim`` read of a folder and of files of tensors, and what they make of the results."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from msgspec import UNSET

from kerilog import data, frames, storage
from kerilog import manifest as manifests
from kerilog.cli import output
from kerilog.data.scaling import factor_for, scaled
from kerilog.data.source import Source
from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.frames import Kind
from kerilog.graph import Array, Graph
from kerilog.manifest import IntegerManifest, Manifest, Scaling
from kerilog.qgraph import QGraph
from kerilog.quality import answers
from kerilog.quality.answers import Judgement
from kerilog.quality.heads import heads
from kerilog.quality.labels import Head
from kerilog.report import record

CODES, FLOATS, CLASSES = KINDS = ("codes", "floats", "classes")
"""What ``--outputs`` may hold."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What the user asks ``eval`` and ``sim`` for; see ``cli.options.frames_and_results``."""

    inputs: Path | None
    kind: Kind | None
    data: Source | None
    labels: Path | None
    label: str | None
    input_scale: float | None
    count: int | None
    outputs: Path | None
    form: str | None

    def __post_init__(self) -> None:
        if self.inputs is None and self.data is None:
            raise click.UsageError("give frames with either --inputs or --data")
        if self.inputs is not None and self.data is not None:
            raise click.UsageError("give frames with either --inputs or --data, not with both")
        if self.data is not None and self.kind is not None:
            raise click.UsageError(f"--{self.kind} is for --inputs: --data is raw samples")
        for name in ("labels", "label", "input_scale"):
            if self.inputs is not None and getattr(self, name) is not None:
                raise click.UsageError(f"--{name.replace('_', '-')} is for --data")
        if self.outputs is None and self.form is not None:
            raise click.UsageError(f"--as {self.form} says what a file holds: give --outputs as well")
        if self.count is not None and self.count < 1:
            raise KerilogError(f"--count must be at least 1, found {self.count}")


@dataclasses.dataclass(frozen=True, eq=False)
class Frames:
    """Codes (count, *shape) of every input, and labels of outputs, both by name; ``source`` in words."""

    codes: dict[str, IntArray]
    labels: Mapping[str, npt.NDArray[Any]]
    source: str

    @property
    def count(self) -> int:
        return len(next(iter(self.codes.values())))


@dataclasses.dataclass(frozen=True, eq=False)
class Folder:
    """The integer model of a folder, with what its outputs are."""

    directory: Path
    manifest: Manifest | IntegerManifest
    graph: QGraph

    @classmethod
    def read(cls, directory: Path) -> Folder:
        """That of ``directory``, with or without hardware. KerilogError if it holds none."""
        manifest = manifests.read(directory)
        return cls(directory, manifest, storage.load(directory / storage.FILE_NAME))

    @functools.cached_property
    def original(self) -> Graph | None:
        """The float network, None for a TFLite file. Raises KerilogError unless it has the same tensors."""
        found = record.load(self.directory).original
        if found is not None:
            shapes = [[node.shape for node in graph.inputs] for graph in (found, self.graph)]
            if shapes[0] != shapes[1] or len(found.outputs) != len(self.graph.outputs):
                raise KerilogError(f"{self.directory}: the record and the integer model differ; build again")
        return found

    @functools.cached_property
    def heads(self) -> tuple[Head, ...]:
        """What each output is, in their order."""
        return tuple(heads(self.original, self.graph))

    @property
    def names(self) -> tuple[str, ...]:
        return frames.output_names(self.graph)

    def frames(self, asked: Request) -> Frames:
        """The frames that are asked for; KerilogError as well for a file that cannot hold the results."""
        if asked.outputs is not None:
            frames.check_outputs(asked.outputs, self.names)
        found = self._of_file(asked.inputs, asked.kind) if asked.inputs else self._of_data(asked)
        if asked.count is None:
            return found
        if asked.count > found.count:
            output.warning(f"--count {asked.count}: there are {found.count} frames, all of which are used")
        return Frames(
            {name: codes[: asked.count] for name, codes in found.codes.items()},
            {name: labels[: asked.count] for name, labels in found.labels.items()},
            found.source,
        )

    @property
    def scaling(self) -> Mapping[str, Scaling]:
        """What the build did to the raw samples of each input, by its name; empty if it had none."""
        return {} if self.manifest.scaling is UNSET else self.manifest.scaling

    def _of_file(self, path: Path, kind: Kind | None) -> Frames:
        """Frames of a file; one line on the error stream tells where integers are taken as codes."""
        found = frames.read(path, frames.input_names(self.graph))
        codes = frames.codes_of(self.graph, found, kind, self.scaling, "--codes or --raw")
        if kind is None and (told := frames.taken_as_codes(self.graph, found)):
            output.complaint(told)
        return Frames(codes, {}, str(path))

    def _of_data(self, asked: Request) -> Frames:
        """Test samples and their labels, scaled as the build scaled its own, then quantized."""
        rules = {} if asked.input_scale is not None else self.scaling
        factor = 1.0 if rules else asked.input_scale
        request = data.Request(asked.data, asked.labels, asked.label, factor)
        shapes = dict(zip(self.names, (head.shape for head in self.heads), strict=True))
        found = data.load(request, data.intakes(self.graph), shapes)
        for text in found.warnings:
            output.warning(text)
        samples = {}
        for name, raw in found.x_test.items():
            part, rule = raw[: asked.count], rules.get(name)
            if rule is not None:
                part = _by_rule(part, found.scaling[name].dtype, rule, f"{found.source}: input '{name}'")
            samples[name] = part
        return Frames(frames.codes_of(self.graph, samples), found.y_test, found.source)

    def reals(self, codes: Sequence[IntArray]) -> dict[str, npt.NDArray[np.float64]]:
        """The real values of the outputs ``codes``, in their order, by name."""
        nodes = (self.graph[name] for name in self.graph.outputs)
        values = (node.format.dequantize(one) for node, one in zip(nodes, codes, strict=True))
        return dict(zip(self.names, values, strict=True))

    def judge(self, given: Frames, codes: Sequence[IntArray]) -> dict[str, Judgement]:
        """The outputs that there are labels for, beside them."""
        reals = self.reals(codes)
        return {
            name: answers.judge(head, given.labels[name], reals[name])
            for name, head in zip(self.names, self.heads, strict=True)
            if name in given.labels
        }

    def write(self, asked: Request, codes: Sequence[IntArray]) -> None:
        """Write the outputs as what is asked for, where that is anything."""
        if asked.outputs is None:
            return
        if asked.form == FLOATS:
            found: dict[str, npt.NDArray[Any]] = dict(self.reals(codes))
        elif asked.form == CLASSES:
            reals = self.reals(codes)
            found = {
                name: answers.classes(head, reals[name], name)
                for name, head in zip(self.names, self.heads, strict=True)
            }
        else:
            found = dict(zip(self.names, codes, strict=True))
        frames.write(asked.outputs, found)


def _by_rule(samples: Array, dtype: str, rule: Scaling, where: str) -> Array:
    """Float32 ``samples``, which came as ``dtype``, scaled by the ``rule`` of a build."""
    as_they_came = np.empty(0, dtype)
    return scaled(samples, where, factor_for(as_they_came, rule, where))


def check_tensors(manifest: Manifest, graph: QGraph, directory: Path) -> None:
    """Raises KerilogError unless the manifest's inputs and outputs are those of the integer model."""
    nodes = [*graph.inputs, *(graph[name] for name in graph.outputs)]
    found = [(stream.shape, stream.bits) for stream in (*manifest.inputs, *manifest.outputs)]
    if found != [(node.shape, node.format.bits) for node in nodes]:
        raise KerilogError(
            f"{directory}: the manifest and the integer model differ in their tensors; build again"
        )
