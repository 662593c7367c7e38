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

from kerilog import build, floating, frames, storage
from kerilog import manifest as manifests
from kerilog.cli import output
from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.graph import Graph
from kerilog.manifest import Manifest
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
    data: Path | None
    outputs: Path | None
    count: int | None
    kind: str | None
    input_scale: float | None

    def __post_init__(self) -> None:
        if (self.inputs is None) == (self.data is None):
            raise click.UsageError("give frames with either --inputs or --data")
        if self.inputs is not None and self.input_scale is not None:
            raise click.UsageError("--input-scale is for --data: frames of --inputs are not scaled")
        if self.outputs is None and self.kind is not None:
            raise click.UsageError(f"--as {self.kind} says what a file holds: give --outputs as well")
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
    graph: QGraph

    @classmethod
    def read(cls, directory: Path) -> Folder:
        """That of ``directory``, with or without hardware. KerilogError if it holds none."""
        manifests.read(directory)
        return cls(directory, storage.load(directory / storage.FILE_NAME))

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
        found = self._of_file(asked.inputs) if asked.inputs else self._of_data(asked)
        if asked.count is None:
            return found
        if asked.count > found.count:
            output.warning(f"--count {asked.count}: there are {found.count} frames, all of which are used")
        return Frames(
            {name: codes[: asked.count] for name, codes in found.codes.items()},
            {name: labels[: asked.count] for name, labels in found.labels.items()},
            found.source,
        )

    def _of_file(self, path: Path) -> Frames:
        arrays = frames.read(path, frames.input_names(self.graph))
        return Frames(frames.codes_of(self.graph, arrays), {}, str(path))

    def _of_data(self, asked: Request) -> Frames:
        """Test samples and their labels, quantized with the formats of the inputs."""
        known = self.graph if self.original is None else self.original
        options = build.Options(data=asked.data, input_scale=asked.input_scale)
        data = build.named_data_for(known, options)
        samples = {name: values[: asked.count] for name, values in data.x_test.items()}
        if floating.count(samples) == 0:
            raise KerilogError(f"{asked.data}: there is no test sample")
        renamed = dict(zip(frames.output_names(known), self.names, strict=True))
        labels = {renamed.get(name, name): values for name, values in data.y_test.items()}
        return Frames(frames.codes_of(self.graph, samples), labels, data.source)

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
        if asked.kind == FLOATS:
            found: dict[str, npt.NDArray[Any]] = dict(self.reals(codes))
        elif asked.kind == CLASSES:
            reals = self.reals(codes)
            found = {
                name: answers.classes(head, reals[name], name)
                for name, head in zip(self.names, self.heads, strict=True)
            }
        else:
            found = dict(zip(self.names, codes, strict=True))
        frames.write(asked.outputs, found)


def check_tensors(manifest: Manifest, graph: QGraph, directory: Path) -> None:
    """Raises KerilogError unless the manifest's one input and one output are those of the integer model."""
    nodes = [*graph.inputs, *(graph[name] for name in graph.outputs)]
    found = [(stream.shape, stream.bits) for stream in (manifest.input, manifest.output)]
    if found != [(node.shape, node.format.bits) for node in nodes]:
        raise KerilogError(
            f"{directory}: the manifest and the integer model differ in their tensors; build again"
        )
