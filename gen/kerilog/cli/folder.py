# SPDX-License-Identifier: Apache-2.0
"""What ``eval`` and ``sim`` read of a folder and of files of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from msgspec import UNSET

from kerilog import frames, storage
from kerilog import manifest as manifests
from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.manifest import Manifest
from kerilog.qgraph import QGraph


def integer_model(directory: Path) -> QGraph:
    """The integer model in ``directory``, with or without hardware beside it."""
    manifests.read(directory)
    return storage.load(directory / storage.FILE_NAME)


def codes(
    directory: Path, graph: QGraph, inputs: Path, outputs: Path, kind: frames.Kind | None
) -> dict[str, IntArray]:
    """The codes of every input from a file of what ``kind`` says; see ``frames.codes_of``.

    One line on the error stream tells where integers are taken as codes. Raises KerilogError as well if
    ``outputs`` cannot hold the results.
    """
    frames.check_outputs(outputs, frames.output_names(graph))
    found = frames.read(inputs, frames.input_names(graph))
    scaling = manifests.read(directory).scaling
    made = frames.codes_of(graph, found, kind, None if scaling is UNSET else scaling, "--codes or --raw")
    if kind is None and (told := frames.taken_as_codes(graph, found)):
        click.echo(f"kerilog: {told}", err=True)
    return made


def check_tensors(manifest: Manifest, graph: QGraph, directory: Path) -> None:
    """Raises KerilogError unless the manifest's one input and one output are those of the integer model."""
    nodes = [*graph.inputs, *(graph[name] for name in graph.outputs)]
    found = [(stream.shape, stream.bits) for stream in (manifest.input, manifest.output)]
    if found != [(node.shape, node.format.bits) for node in nodes]:
        raise KerilogError(
            f"{directory}: the manifest and the integer model differ in their tensors; build again"
        )


def by_name(graph: QGraph, codes: Sequence[IntArray]) -> dict[str, IntArray]:
    return dict(zip(frames.output_names(graph), codes, strict=True))
