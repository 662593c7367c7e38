# SPDX-License-Identifier: Apache-2.0
"""Values read from files, checked against types by msgspec; an error names the place and what was expected.

The types are ``msgspec.Struct`` classes. A ``Meta(description=...)`` says in words what is expected; without
one the words follow from the type and its limits. A ``__post_init__`` that compares fields raises ValueError;
a text such as ``.lanes: expected ...`` names the field at fault.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
import types
from collections.abc import Collection, Iterator
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from kerilog.errors import KerilogError

Value = TypeVar("Value")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SHOWN = 80  # characters of a value in a message


@dataclasses.dataclass(frozen=True)
class Style:
    """How a file's language speaks of places (``root`` is the whole file), of objects and of members."""

    root: str
    object: str
    list: str
    member: str

    def within(self, place: str, key: str) -> str:
        """The member ``key`` of the object at ``place``."""
        if _PLAIN_KEY.fullmatch(key):
            return f"{place}.{key}" if place else key
        quoted = json.dumps(key)
        return f"{place}[{quoted}]" if self.root else f"{place}.{quoted}" if place else quoted


JSON = Style("$", "an object", "a list", "member")
TOML = Style("", "a table", "an array", "setting")


def checked(raw: object, kind: type[Value], file: object, style: Style = JSON) -> Value:
    """``raw``, parsed JSON or TOML, as a ``kind``.

    Raises KerilogError, ``file: place: expected ..., found ...``, where it does not fit.
    """
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError:
        place, problem = _Search(style).fault(raw, kind, style.root)
        raise KerilogError(f"{file}: {place + ': ' if place else ''}{problem}") from None


def check_value(value: object, hint: Any, place: str, style: Style = JSON) -> None:
    """Raises KerilogError, ``place: expected ..., found ...``, where ``value`` does not fit ``hint``."""
    if not _fits(value, hint):
        where, problem = _Search(style).fault(value, hint, place)
        raise KerilogError(f"{where}: {problem}")


def shown(value: object) -> str:
    """A value as a message quotes it: one line of ASCII, cut where it is long."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def nearest(name: str, names: Collection[str]) -> str:
    """The one of ``names`` that is spelled most like ``name``."""
    return difflib.get_close_matches(name, names, 1, 0.0)[0]


def expected(hint: Any, style: Style = JSON) -> str:
    """What a type asks for, in words: "an integer from 2 to 16"."""
    base, limits = _parts(hint)
    for limit in limits:
        if limit.description:
            return limit.description
    origin = get_origin(base)
    if origin in (Union, types.UnionType):
        named = (part for part in get_args(base) if part not in (types.NoneType, msgspec.UnsetType))
        return " or ".join(expected(part, style) for part in named)
    if origin is Literal:
        return _choice(get_args(base))
    if origin in (tuple, list):
        return style.list + (" that is not empty" if any(limit.min_length for limit in limits) else "")
    if base in (int, float):
        return _number(base, limits)
    return {bool: "true or false", str: "a string"}.get(base, style.object)


def _choice(words: tuple[object, ...]) -> str:
    quoted = [json.dumps(word) for word in words]
    return quoted[0] if len(quoted) == 1 else f"one of {', '.join(quoted)}"


def _number(base: type, limits: list[msgspec.Meta]) -> str:
    noun = "an integer" if base is int else "a number"
    found = {key: getattr(limit, key) for limit in limits for key in ("ge", "gt", "le", "lt")}
    low, above, high = found.get("ge"), found.get("gt"), found.get("le")
    if above is not None:
        return f"{noun} above {above:g}" + (f" and up to {high:g}" if high is not None else "")
    if low is not None and high is not None:
        return f"{noun} from {low} to {high}"
    return noun if low is None else f"{noun} of at least {low}"


def _parts(hint: Any) -> tuple[Any, list[msgspec.Meta]]:
    """A type without its annotations, and these."""
    if get_origin(hint) is not Annotated:
        return hint, []
    base, *notes = get_args(hint)
    return base, [note for note in notes if isinstance(note, msgspec.Meta)]


def _alternatives(hint: Any) -> Iterator[Any]:
    """The types that ``hint`` allows, without annotations."""
    base, _ = _parts(hint)
    if get_origin(base) in (Union, types.UnionType):
        for part in get_args(base):
            yield from _alternatives(part)
    else:
        yield base


def _fits(raw: object, hint: Any) -> bool:
    try:
        msgspec.convert(raw, hint)
    except msgspec.ValidationError:
        return False
    return True


@dataclasses.dataclass(frozen=True)
class _Search:
    """Finds the innermost value that does not fit its type: msgspec names no keys of mappings."""

    style: Style

    def fault(self, raw: object, hint: Any, place: str) -> tuple[str, str]:
        """The place of the fault in ``raw``, which does not fit ``hint``, and what is wrong there."""
        for kind in _alternatives(hint):
            if isinstance(raw, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                return self._in_struct(raw, kind, place)
            for value, part, where in self._elements(raw, kind, place):
                if not _fits(value, part):
                    return self.fault(value, part, where)
        return place, f"expected {expected(hint, self.style)}, found {shown(raw)}"

    def _elements(self, raw: object, kind: Any, place: str) -> Iterator[tuple[object, Any, str]]:
        """The parts of a mapping or of a list: value, type, place."""
        if get_origin(kind) is dict and isinstance(raw, dict):
            for key, value in raw.items():
                yield value, get_args(kind)[1], self.style.within(place, key)
        if get_origin(kind) in (tuple, list) and isinstance(raw, list):
            for index, value in enumerate(raw):
                yield value, get_args(kind)[0], f"{place}[{index}]"

    def _in_struct(self, raw: dict[str, object], kind: type[msgspec.Struct], place: str) -> tuple[str, str]:
        hints = get_type_hints(kind, include_extras=True)
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for key, field in fields.items():
            hint = hints[field.name]
            if key in raw and not _fits(raw[key], hint):
                return self.fault(raw[key], hint, self.style.within(place, key))
            if key not in raw and field.required:
                words = expected(hint, self.style)
                return self.style.within(place, key), f"expected {words}, found nothing"
        unknown = sorted(raw.keys() - fields.keys())
        if unknown and kind.__struct_config__.forbid_unknown_fields:
            near = nearest(unknown[0], tuple(fields))
            return place, f"there is no {self.style.member} {shown(unknown[0])}; the nearest is '{near}'"
        return self._of_the_whole(raw, kind, place)

    def _of_the_whole(
        self, raw: dict[str, object], kind: type[msgspec.Struct], place: str
    ) -> tuple[str, str]:
        """What ``__post_init__`` says where every field fits by itself."""
        try:
            msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            text = str(error)
            found = re.fullmatch(r"(?s)((?:[.\[][^:]*?)): (.*)", text)
            return (place + found.group(1), found.group(2)) if found else (place, text)
        raise AssertionError(f"{kind.__name__}: what msgspec refused before fits now")
