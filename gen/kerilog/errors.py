# SPDX-License-Identifier: Apache-2.0
"""The one exception that a user's mistake may raise."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable

Reason = tuple[str, str]


class KerilogError(Exception):
    """What the user gave cannot be used; the message is one line and says what, where and why.

    The command line prints it and exits with status 2. Everything else that is raised is a bug in Kerilog.
    """


class KerilogWarning(UserWarning):
    """What is doubtful about a conversion from Python; the command prints the same as a line."""


class ArgumentError(KerilogError):
    """An argument has a value that cannot be used; the command line has an option for it.

    In ``text``, ``{0}``, ``{1}`` ... stand for the names of ``arguments`` (of a flag "name=True"), ``{key}``
    for one of ``values``.
    """

    def __init__(self, text: str, *arguments: str, **values: object) -> None:
        super().__init__(text.format(*arguments, **values))
        self._text, self._arguments, self._values = text, arguments, values

    def naming(self, name: Callable[[str], str]) -> str:
        """The message with ``name(argument)`` for the name of each argument: that of its option, say."""
        return self._text.format(*map(name, self._arguments), **self._values)

    def __reduce__(self) -> tuple[Callable[..., ArgumentError], tuple[object, ...]]:
        """As what comes back from another process: still with the names of its arguments."""
        return _argument_error, (self._text, self._arguments, self._values)


def _argument_error(text: str, arguments: tuple[str, ...], values: dict[str, object]) -> ArgumentError:
    return ArgumentError(text, *arguments, **values)


def unknown(what: str, name: str, known: Collection[str]) -> KerilogError:
    """That ``name`` is none of the ``known`` ones, in lower case, and which of them is the nearest."""
    near = difflib.get_close_matches(name.lower(), known, 1)
    hint = f", the nearest is {near[0]}" if near else ""
    return KerilogError(f"unknown {what} '{name}'{hint}; known are {', '.join(known)}")


class UnreachedError(KerilogError):
    """A frame interval that is not reached; ``shortest`` is the shortest one of ``layer``, in cycles."""

    def __init__(self, layer: str, interval: int, shortest: int) -> None:
        super().__init__(
            f"layer '{layer}': no folding reaches {interval} cycles per frame; "
            f"its shortest interval is {shortest}"
        )
        self.layer, self.shortest = layer, shortest


class Unsupported(KerilogError):  # noqa: N818 - reads as what it says
    """A model that is well formed but holds a layer or an option that Kerilog does not support.

    ``reasons`` are pairs of a layer's name and what is wrong with it; the name is empty where it is the
    network as a whole.
    """

    def __init__(self, message: str, reasons: tuple[Reason, ...] = ()) -> None:
        super().__init__(message)
        self.reasons = reasons or (_reason(message),)

    @classmethod
    def together(cls, reasons: Iterable[Reason]) -> Unsupported:
        """One error for all ``reasons``, of which there is at least one; its message is one line."""
        found = tuple(reasons)
        return cls("; ".join(f"layer '{layer}': {text}" if layer else text for layer, text in found), found)

    def __reduce__(self) -> tuple[type[Unsupported], tuple[str, tuple[Reason, ...]]]:
        """As what comes back from another process: the reasons as well."""
        return type(self), (str(self), self.reasons)


def _reason(message: str) -> Reason:
    """The layer that ``message`` begins with, and the rest."""
    found = re.fullmatch(r"layer '(.*?)': (.*)", message, re.DOTALL)
    return (found.group(1), found.group(2)) if found else ("", message)
