# SPDX-License-Identifier: Apache-2.0
"""Names of layers: one for each node, unique, short and harmless wherever it is printed.

A model file may call its layers anything. What a reader of model files calls a node has passed ``harmless``
and is unique, so options, tables, errors, manifests, comments in Verilog and settings can all use it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

from kerilog.errors import KerilogError

LONGEST = 64
"""Characters of a name."""

_READ = 4 * LONGEST  # characters of a stored name that are looked at: none of the others would be kept
_SHOWN = 80  # characters of a value from a file that an error repeats
_HARMLESS = re.compile(r"[A-Za-z0-9_./ ()+-]")
_DOTS = re.compile(r"(?<![^/])\.+(?![^/])")  # a part of a path that leads elsewhere


def harmless(text: str) -> str:
    """``text`` in ASCII's letters and digits, ``_./()+-`` and blanks: at least one of them, at most LONGEST.

    Accents are dropped; a letter of another script becomes the number of its code point, ``u5377``; anything
    else becomes an underscore. As a path it leads nowhere: no part is ``.`` or ``..``, no slash stands at an
    end. A name that is harmless already stays as it is.
    """
    decomposed = unicodedata.normalize("NFKD", text[:_READ])
    plain = "".join(_harmless(sign) for sign in decomposed if not unicodedata.combining(sign))
    short = plain.strip(" /")[:LONGEST].rstrip(" /")
    return _DOTS.sub(lambda dots: "_" * len(dots[0]), short) or "_"


def _harmless(sign: str) -> str:
    if _HARMLESS.fullmatch(sign):
        return sign
    return f"u{ord(sign):04x}" if sign.isalpha() else "_"


class Names:
    """Names that are ``taken``, and those that are given out beside them."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._counts: dict[str, int] = {}

    def take(self, wanted: str) -> str:
        """``wanted`` made harmless; where that is taken, the first free of ``wanted_2``, ``wanted_3`` ..."""
        name = harmless(wanted)
        candidate, count = name, self._counts.get(name, 1)
        while candidate in self._taken:
            count += 1
            end = f"_{count}"
            candidate = name[: LONGEST - len(end)] + end
        self._counts[name] = count
        self._taken.add(candidate)
        return candidate


def unique_names(stored: Sequence[str]) -> list[str]:
    """A harmless name for each of ``stored``, all of which differ; those that are harmless keep their own."""
    plain = {name for name in stored if harmless(name) == name}
    names = Names(plain)
    return [name if name in plain else names.take(name) for name in stored]


def named(asked: str, names: Collection[str]) -> list[str]:
    """The ``names`` that ``asked`` may stand for: itself, or else all in whose path it stands as a part.

    ``conv`` is a part of ``a/conv`` and of ``conv/depthwise``. Where a layer is found, what is called after
    it is not: ``a/conv/relu``.
    """
    if asked in names:
        return [asked]
    found = [name for name in names if f"/{asked}/" in f"/{name}/"]
    return [name for name in found if not any(name.startswith(f"{other}/") for other in found)]


def chosen(asked: str, names: Collection[str], otherwise: str) -> str:
    """The one of ``names`` that ``asked`` stands for, as ``named`` has it.

    Raises KerilogError, with all candidates, where there are several, and with the text ``otherwise`` where
    there is none.
    """
    found = named(asked, names)
    if len(found) > 1:
        raise KerilogError(f"layer '{asked}': could be {either(found)}; give the whole name")
    if not found:
        raise KerilogError(f"layer '{asked}': {otherwise}")
    return found[0]


def either(names: Sequence[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    return " or ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def shown(value: object) -> str:
    """``value`` from a file as an error repeats it: printable, on one line, shortened."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def printable(text: str) -> str:
    """A library's message on one line of printable ASCII, at most 200 characters of it."""
    line = " ".join(text.split())[:200]
    return "".join(sign if " " <= sign <= "~" else ascii(sign)[1:-1] for sign in line)
