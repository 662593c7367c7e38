# SPDX-License-Identifier: Apache-2.0
"""From another model of the same shape to a file of weights for a design."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from msgspec import UNSET, Struct

from kerilog import build, frontend, regular, storage
from kerilog.emit.writer import memory_text
from kerilog.errors import ArgumentError, KerilogError
from kerilog.graph import Graph
from kerilog.hardware.memories import Memory
from kerilog.loading import comparison
from kerilog.loading.conversion import converted, rounding_of
from kerilog.loading.memories import memories_of
from kerilog.loading.words import BEGINNING, file_of
from kerilog.manifest import Loadable, Manifest, Refined
from kerilog.progress import Progress, silent
from kerilog.qgraph import QArgMax, QGraph
from kerilog.quantize import strip_softmax
from kerilog.refine.figures import figures
from kerilog.transforms import simplify


class Weights(Struct, frozen=True, kw_only=True):
    """A file of weights that was written: its bytes, its last word as 8 hexadecimal digits, the layers that
    it holds, and, where there were samples, how near the integer network in ``model`` is to the float one.
    """

    path: Path
    model: Path
    size: int
    checksum: str
    layers: tuple[str, ...]
    quality: tuple[Refined, ...]


def write_weights(
    model: Path,
    directory: Path,
    target: Path,
    options: build.Options = build.Options(),  # noqa: B008 - frozen
    progress: Progress = silent,
    force: bool = False,
) -> Weights:
    """Quantize ``model`` into the formats of the design in ``directory`` and write the words that load it to
    ``target``, the integer model to ``target`` with ``.npz`` behind. Both take the places of an earlier pair,
    with ``force`` those of any other files.

    Raises KerilogError, naming the layer, for another network, and for one that does not fit the formats and
    the widths of the design, and for files that are in the way; nothing is written then.
    """
    beside = target.with_name(f"{target.name}.npz")
    if not force:
        _check_place(target, beside)
    manifest = Manifest.read(directory)
    if manifest.loadable is UNSET:
        raise KerilogError(f"{directory}: its weights stay as they are; build it with --loadable")
    design = _design(directory, manifest.loadable)
    loaded = frozenset(layer.layer for layer in manifest.loadable.layers)
    progress("reading the model", None)
    frontend.check_file(model)
    read = frontend.load(model, rounding_of(design))
    graph, quality = _integers(read, design, loaded, model, options)
    memories = list(memories_of(manifest.loadable, graph))
    text = file_of(memories, int(manifest.loadable.layout, 16))
    with _written(target, beside) as (first, second):
        first.write_bytes(text)
        storage.save(graph, second)
    names = tuple(layer.layer for layer in manifest.loadable.layers)
    return Weights(
        path=target,
        model=beside,
        size=len(text),
        checksum=text[:-5:-1].hex(),
        layers=names,
        quality=quality,
    )


def _check_place(target: Path, beside: Path) -> None:
    """Raises KerilogError for files that would go, unless they are weights with the model beside them."""
    is_pair = target.is_file() and regular.content(target)[: len(BEGINNING)] == BEGINNING
    for path in (target, beside):
        if os.path.lexists(path) and not is_pair:
            raise ArgumentError(
                "{path}: was there before and is no file of weights; choose another name, or give {0} to "
                "replace it",
                "force=True",
                path=path,
            )


def _design(directory: Path, loadable: Loadable) -> QGraph:
    """The integer model of a design, after its memories have been held against it."""
    graph = storage.load(directory / storage.FILE_NAME)
    try:
        memories = list(memories_of(loadable, graph))
    except (AssertionError, AttributeError, IndexError, TypeError, ValueError) as error:
        raise KerilogError(
            f"{directory}: the manifest and the integer model do not fit together ({error!r}); build it again"
        ) from None
    for memory in memories:
        _check_memory(directory, memory)
    return graph


def _check_memory(directory: Path, memory: Memory) -> None:
    path = directory / memory.file
    try:
        found = regular.content(path)
    except OSError as error:
        raise KerilogError(f"{path}: cannot be read: {regular.reason(error)}") from None
    if found != memory_text(memory).encode("ascii"):
        raise KerilogError(
            f"{path}: does not hold the weights of {storage.FILE_NAME}; build the design again"
        )


def _integers(
    read: Graph | QGraph, design: QGraph, loaded: frozenset[str], model: Path, options: build.Options
) -> tuple[QGraph, tuple[Refined, ...]]:
    """The integer network in the formats of the design, and figures of it if there are samples."""
    argmax = any(isinstance(node.op, QArgMax) for node in design)
    bare = strip_softmax(design)
    if isinstance(read, QGraph):
        graph = strip_softmax(build.ending(read, None, argmax))
        comparison.check(bare, graph, loaded)
        return graph, ()
    simple, made = converted(simplify(read), bare, loaded)
    graph = build.ending(made, read, argmax)
    comparison.check(bare, strip_softmax(graph), loaded)
    if options.request(model).source is None:
        return graph, ()
    data = build.named_data_for(read, model, options)
    # a network that was made anew has other names
    inputs = dict(zip((node.name for node in read.inputs), (node.name for node in made.inputs), strict=True))
    samples = {inputs[name]: values for name, values in data.x_test.items()}
    return graph, tuple(figures("nearest", simple, made, samples))


@contextlib.contextmanager
def _written(*targets: Path) -> Iterator[tuple[Path, ...]]:
    """Drafts that take the places of ``targets`` at the end, or vanish if anything fails."""
    folder = targets[0].parent
    try:
        with tempfile.TemporaryDirectory(prefix=".kerilog_", dir=folder) as work:
            drafts = tuple(Path(work) / target.name for target in targets)
            yield drafts
            for draft, target in zip(drafts, targets, strict=True):
                draft.replace(target)
    except OSError as error:
        raise KerilogError(f"{targets[0]}: cannot be written: {regular.reason(error)}") from None
