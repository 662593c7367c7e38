# SPDX-License-Identifier: Apache-2.0
"""The manifest of a generated design, ``DIR/manifest.json``: what the later tools may rely on.

Everything that reaches a command line or a script (names, paths) is checked here, once, when it is read.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from kerilog.errors import KerilogError

FILE_NAME = "manifest.json"
NO_HARDWARE = "no_hardware"  # in place of all else: why there is an integer model only
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclasses.dataclass(frozen=True)
class Stream:
    """One AXI4-Stream port: a frame is one tensor of ``shape`` in NHWC order, ``lanes`` elements a beat.

    ``bits`` is the width of an element; a code q stands for ``scale * (q - zero_point)``.
    """

    shape: tuple[int, ...]
    bits: int
    lanes: int
    signed: bool
    scale: float
    zero_point: int

    @property
    def elements(self) -> int:
        """Elements of one frame."""
        return math.prod(self.shape)

    @property
    def beats(self) -> int:
        """Beats of one frame."""
        return self.elements // self.lanes

    @property
    def width(self) -> int:
        """Width of ``tdata`` in bits; lane 0 is in the low bits."""
        return self.lanes * self.bits

    @property
    def minimum(self) -> int:
        """Smallest code."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        """Largest code."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1


@dataclasses.dataclass(frozen=True)
class Layer:
    """One stage of the pipeline. ``extra`` holds further JSON values, which readers may ignore."""

    name: str
    kind: str
    pe: int | None = None
    simd: int | None = None
    accumulator_bits: int | None = None
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Manifest:
    """The typed view of ``manifest.json``. Paths are POSIX, relative to the design's directory.

    ``frame_interval`` and ``latency`` are in cycles; the latter runs from the first beat in to the last
    beat out of the first frame. ``model`` names a file and its SHA-256. ``extra`` holds further values.
    """

    kerilog: str
    name: str
    top: str
    scheme: str
    model: Mapping[str, Any]
    sources: tuple[str, ...]
    memories: tuple[str, ...]
    input: Stream
    output: Stream
    frame_interval: int
    latency: int
    multipliers: int
    layers: tuple[Layer, ...]
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, directory: str | Path) -> Manifest:
        """Read and check ``directory/manifest.json``.

        Raises KerilogError when the manifest or a file it names is missing, or when a value is not legal.
        """
        path = Path(directory) / FILE_NAME
        reason = no_hardware(directory)
        if reason is not None:
            raise KerilogError(f"{directory}: holds an integer model and no hardware: {reason}")
        values = _read_json(directory)
        manifest = _Reader(str(path), values).manifest()
        for name in (*manifest.sources, *manifest.memories):
            if not (Path(directory) / name).is_file():
                raise KerilogError(f"{path}: names the file {name}, which is missing; build the design again")
        return manifest

    def to_json(self) -> str:
        """The text of ``manifest.json``: keys in the order of the fields."""
        values = _flat(self)
        values["layers"] = [_flat(layer) for layer in self.layers]
        return json.dumps(values, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def no_hardware(directory: str | Path) -> str | None:
    """Why ``directory`` holds an integer model only, or None if it holds a design.

    Raises KerilogError when there is no manifest or it is no JSON.
    """
    values = _read_json(directory)
    return str(values[NO_HARDWARE]) if isinstance(values, dict) and NO_HARDWARE in values else None


def record(directory: str | Path, key: str, values: Mapping[str, Any]) -> None:
    """Add ``values`` to the object ``key`` of the manifest in ``directory``; what it holds else stays.

    Raises KerilogError when the manifest cannot be read or written; it is then as it was.
    """
    path = Path(directory) / FILE_NAME
    manifest = _read_json(directory)
    before = manifest.get(key)
    manifest[key] = (before if isinstance(before, dict) else {}) | dict(values)
    text = json.dumps(manifest, indent=2, ensure_ascii=True, allow_nan=False) + "\n"
    draft = path.with_name(f".{FILE_NAME}.new")
    try:
        draft.write_text(text, encoding="ascii")
        draft.replace(path)
    except OSError as error:
        raise KerilogError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        draft.unlink(missing_ok=True)


def _read_json(directory: str | Path) -> Any:
    path = Path(directory) / FILE_NAME
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KerilogError(f"{directory}: no {FILE_NAME}; give a directory made by 'kerilog build'") from None
    except (OSError, ValueError) as error:
        raise KerilogError(f"{path}: cannot be read as JSON: {error}") from None


def _flat(item: Manifest | Layer) -> dict[str, Any]:
    """The fields as a dict, with ``extra`` spread at its end and absent optional values left out."""
    values = dataclasses.asdict(item)
    extra: dict[str, Any] = values.pop("extra")
    return {key: value for key, value in values.items() if value is not None} | extra


@dataclasses.dataclass(frozen=True)
class _Reader:
    """Takes values out of parsed JSON; each error names the file, the place and what was expected."""

    where: str
    values: Any

    def fail(self, key: str, expected: str) -> KerilogError:
        found = json.dumps(self.values.get(key)) if key in self.values else "nothing"
        return KerilogError(f"{self.where}: '{key}' must be {expected}, found {found[:80]}")

    def within(self, key: str) -> _Reader:
        value = self.values.get(key)
        if not isinstance(value, dict):
            raise self.fail(key, "an object")
        return _Reader(f"{self.where}: {key}", value)

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if not isinstance(value, str):
            raise self.fail(key, "a string")
        return value

    def identifier(self, key: str) -> str:
        if not _IDENTIFIER.fullmatch(self.text(key)):
            raise self.fail(key, "a Verilog identifier")
        return self.text(key)

    def integer(self, key: str, least: int | None = None) -> int:
        value = self.values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or (least is not None and value < least):
            raise self.fail(key, "an integer" if least is None else f"an integer of at least {least}")
        return value

    def optional(self, key: str) -> int | None:
        return None if self.values.get(key) is None else self.integer(key, 0)

    def items(self, key: str) -> list[Any]:
        value = self.values.get(key)
        if not isinstance(value, list):
            raise self.fail(key, "a list")
        return value

    def paths(self, key: str, suffix: str) -> tuple[str, ...]:
        for item in self.items(key):
            parts = PurePosixPath(item).parts if isinstance(item, str) and item.endswith(suffix) else ()
            if not parts or not all(_PATH_PART.fullmatch(part) for part in parts):
                raise self.fail(key, f"a list of relative paths to {suffix} files")
        return tuple(self.items(key))

    def rest(self, kind: type[Manifest] | type[Layer]) -> dict[str, Any]:
        known = {field.name for field in dataclasses.fields(kind)}
        return {key: value for key, value in self.values.items() if key not in known}

    def stream(self) -> Stream:
        shape = self.items("shape")
        if not shape or not all(type(size) is int and size > 0 for size in shape):
            raise self.fail("shape", "a list of positive integers")
        bits, lanes = self.integer("bits", 1), self.integer("lanes", 1)
        if bits > 32:
            raise self.fail("bits", "at most 32")
        if math.prod(shape) % lanes:
            raise self.fail("lanes", f"a divisor of the {math.prod(shape)} elements")
        signed, scale = self.values.get("signed"), self.values.get("scale")
        if not isinstance(signed, bool):
            raise self.fail("signed", "true or false")
        if not isinstance(scale, (int, float)) or isinstance(scale, bool) or not 0 < scale < math.inf:
            raise self.fail("scale", "a positive number")
        return Stream(tuple(shape), bits, lanes, signed, float(scale), self.integer("zero_point"))

    def layer(self) -> Layer:
        return Layer(
            name=self.text("name"),
            kind=self.text("kind"),
            pe=self.optional("pe"),
            simd=self.optional("simd"),
            accumulator_bits=self.optional("accumulator_bits"),
            extra=self.rest(Layer),
        )

    def layers(self) -> tuple[Layer, ...]:
        found = []
        for index, values in enumerate(self.items("layers")):
            if not isinstance(values, dict):
                raise self.fail("layers", "a list of objects")
            found.append(_Reader(f"{self.where}: layers[{index}]", values).layer())
        return tuple(found)

    def manifest(self) -> Manifest:
        if not isinstance(self.values, dict):
            raise KerilogError(f"{self.where}: must be a JSON object")
        sources = self.paths("sources", ".v")
        if not sources:
            raise self.fail("sources", "at least one file")
        return Manifest(
            kerilog=self.text("kerilog"),
            name=self.identifier("name"),
            top=self.identifier("top"),
            scheme=self.text("scheme"),
            model=self.within("model").values,
            sources=sources,
            memories=self.paths("memories", ".mem"),
            input=self.within("input").stream(),
            output=self.within("output").stream(),
            frame_interval=self.integer("frame_interval", 1),
            latency=self.integer("latency", 0),
            multipliers=self.integer("multipliers", 0),
            layers=self.layers(),
            extra=self.rest(Manifest),
        )
