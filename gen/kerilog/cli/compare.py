# SPDX-License-Identifier: Apache-2.0
"""``kerilog compare``: two folders side by side."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import UNSET

from kerilog import frames, outputs, storage
from kerilog import manifest as manifests
from kerilog.area import shares
from kerilog.area.devices import PLACED
from kerilog.cli import output
from kerilog.cli.options import PATH
from kerilog.cli.output import Row
from kerilog.errors import KerilogError
from kerilog.manifest import IntegerManifest, Manifest
from kerilog.qgraph import QConv2D, QDense, QGraph

EXAMPLES = """\b
Examples:
  kerilog compare build/small build/fast
  kerilog compare build/fixed build/affine --json
"""
NONE = "-"
_WORK = (
    "vivado",
    "model",
    "hls",
    "board",
    "project",
    outputs.FOLDER,
)  # folders of later commands, and the list of files
_MOST_FILES = 8  # named in the table; JSON and --verbose have all


@dataclasses.dataclass(frozen=True, eq=False)
class Side:
    """One of the two folders."""

    directory: Path
    manifest: Manifest | IntegerManifest
    graph: QGraph

    @classmethod
    def read(cls, directory: Path) -> Side:
        """That of ``directory``. Raises KerilogError if it holds neither a design nor an integer model."""
        manifest = manifests.read(directory)
        return cls(directory, manifest, storage.load(directory / storage.FILE_NAME))

    def record(self) -> dict[str, Any]:
        """For JSON: the folder, its manifest, its area."""
        found: dict[str, Any] = {"folder": self.directory} | msgspec.to_builtins(self.manifest)
        if isinstance(self.manifest, Manifest):
            found["area"] = {one.target: one.as_record() for one in shares.of_manifest(self.manifest)}
        return found


Values = Mapping[str, Any]  # by what they are: text, or a number


@click.command("compare", short_help="Set two folders side by side.", epilog=EXAMPLES)
@click.argument("a", metavar="A", type=PATH)
@click.argument("b", metavar="B", type=PATH)
def compare_command(a: Path, b: Path) -> None:
    """Set the folders A and B, of designs or of integer models alone, side by side.

    Accuracy and quality, number formats where they differ, cycles, multipliers, area as predicted and as
    measured, and which files differ.
    """
    sides = Side.read(a), Side.read(b)
    with output.progress("compare") as progress:
        progress("reading files", None)
        files = compare_files(a, b)
    facts = dict(_facts(sides[0])), dict(_facts(sides[1]))
    formats = _formats(sides[0].graph), _formats(sides[1].graph)
    output.table(
        f"{a} and {b}",
        [*_rows(*facts), *_differing(*formats), *_file_rows(files)],
        ("", "A", "B", "B against A"),
    )
    output.result(
        {
            "a": sides[0].record(),
            "b": sides[1].record(),
            "facts": _paired(*facts, differing=False),
            "formats": _paired(*formats, differing=True),
            "files": dataclasses.asdict(files),
        }
    )


def _facts(side: Side) -> Iterator[tuple[str, Any]]:
    """What is known of a folder, in the order of the table."""
    manifest = side.manifest
    yield "scheme", manifest.scheme
    yield "model", manifest.model.file
    yield "model, sha256", manifest.model.sha256[:16]
    yield "data", NONE if manifest.data is UNSET else manifest.data
    yield from _quality(manifest)
    yield "parameters, bytes", manifest.bytes.in_integers
    if isinstance(manifest, IntegerManifest):
        yield "no hardware", manifest.why
        return
    yield "goal", manifest.goal
    yield "cycles per frame", manifest.frame_interval
    yield "latency, cycles", manifest.latency
    yield "multipliers", manifest.multipliers
    yield "constants", manifest.constants
    yield "utilization", manifest.utilization
    for found in shares.of_manifest(manifest):
        target = "" if found.target == "xc7" else f", {found.target}"
        yield f"device{target}", found.device or NONE
        for share in found.shares:
            if found.target == "xc7":
                yield f"{share.resource}, predicted", share.predicted
            yield f"{share.resource}{target}, measured", share.measured
    measured = {} if manifest.resources is UNSET else manifest.resources
    for target in PLACED:
        if target in measured:
            yield f"Fmax, {target}, MHz", measured[target].fmax_mhz


def _quality(manifest: Manifest | IntegerManifest) -> Iterator[tuple[str, Any]]:
    """Accuracy and the error against float, of every output."""
    quality = {} if manifest.quality is UNSET else msgspec.to_builtins(manifest.quality)
    for name, figures in quality.items():
        for key, value in figures.items():
            if isinstance(value, dict):  # by network: float, integer, naive
                yield from ((f"{key} of {name}, {network}", share) for network, share in value.items())
            elif isinstance(value, float | None):
                yield f"{key} of {name}", value


def _formats(graph: QGraph) -> dict[str, str]:
    """The format of every tensor and of all weights, by name."""
    found = {}
    for node in graph:
        found[f"format of {node.name}"] = str(node.format)
        if isinstance(node.op, QConv2D | QDense):
            found[f"weights of {node.name}"] = str(node.op.kernel_format)
            found[f"biases of {node.name}"] = str(node.op.bias_format)
    for place, name in enumerate(frames.output_names(graph)):
        found.setdefault(f"format of {name}", str(graph[graph.outputs[place]].format))
    return found


def _paired(a: Values, b: Values, differing: bool) -> list[dict[str, Any]]:
    """One record per name: ``what``, ``a``, ``b``."""
    names = dict.fromkeys([*a, *b])
    pairs = [{"what": name, "a": a.get(name), "b": b.get(name)} for name in names]
    return [pair for pair in pairs if not differing or pair["a"] != pair["b"]]


def _rows(a: Values, b: Values) -> Iterator[Row]:
    for pair in _paired(a, b, differing=False):
        if pair["a"] is None and pair["b"] is None:
            continue
        yield pair["what"], _text(pair["what"], pair["a"]), _text(pair["what"], pair["b"]), _change(pair)


def _differing(a: Values, b: Values) -> Iterator[Row]:
    different = _paired(a, b, differing=True)
    if not different:
        yield "formats", "the same", "", ""
    for pair in different:
        yield pair["what"], pair["a"] or NONE, pair["b"] or NONE, "differs"


def _text(what: str, value: Any) -> str:
    if value is None:
        return NONE
    if isinstance(value, float):
        return f"{value:.2%}" if _is_share(what) else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _is_share(what: str) -> bool:
    return what.startswith(("accuracy", "utilization", "largest_class", "exact_match"))


def _change(pair: Mapping[str, Any]) -> str:
    """How far B is from A: in points for shares, in percent for other numbers."""
    a, b = pair["a"], pair["b"]
    if a == b:
        return "="
    if not (isinstance(a, int | float) and isinstance(b, int | float)):
        return "differs"
    if _is_share(pair["what"]):
        return f"{100 * (b - a):+.2f} points"
    return f"{(b - a) / abs(a):+.1%}" if a else f"{b - a:+,}"


@dataclasses.dataclass(frozen=True)
class Files:
    """Paths below both folders: in one alone, in both with other contents, and how many are the same."""

    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    differ: tuple[str, ...]
    same: int


def compare_files(a: Path, b: Path) -> Files:
    """The files of two folders, but for the work of simulators and of Vivado; links are not followed.

    Raises KerilogError for a file that cannot be read.
    """
    one, other = _hashes(a), _hashes(b)
    both = sorted(set(one) & set(other))
    return Files(
        tuple(sorted(set(one) - set(other))),
        tuple(sorted(set(other) - set(one))),
        tuple(name for name in both if one[name] != other[name]),
        sum(one[name] == other[name] for name in both),
    )


def _hashes(directory: Path) -> dict[str, str]:
    found = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory)
        if name.parts[0] in _WORK or path.is_symlink() or not path.is_file():
            continue
        try:
            with path.open("rb") as file:
                found[name.as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise KerilogError(f"{path}: cannot be read: {error.strerror or error}") from None
    return found


def _file_rows(files: Files) -> Iterator[Row]:
    yield "files, the same", f"{files.same}", f"{files.same}", ""
    yield "files, differ", f"{len(files.differ)}", f"{len(files.differ)}", _listed(files.differ)
    if files.only_a:
        yield "files, in A alone", f"{len(files.only_a)}", "", _listed(files.only_a)
    if files.only_b:
        yield "files, in B alone", "", f"{len(files.only_b)}", _listed(files.only_b)


def _listed(names: tuple[str, ...]) -> str:
    most = len(names) if output.manners().verbose else _MOST_FILES
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
