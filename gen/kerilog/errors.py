# SPDX-License-Identifier: Apache-2.0
"""The one exception that a user's mistake may raise."""

from __future__ import annotations

from collections.abc import Iterable

Reason = tuple[str, str]  # a layer, and what is in its way


class KerilogError(Exception):
    """What the user gave cannot be used; the message is one line and says what, where and why.

    The command line prints it and exits with status 2. Everything else that is raised is a bug in Kerilog.
    """


class UnreachedError(KerilogError):
    """A frame interval that is not reached; ``shortest`` is the shortest one of ``layer``, in cycles."""

    def __init__(self, layer: str, interval: int, shortest: int) -> None:
        super().__init__(
            f"layer '{layer}': no folding reaches {interval} cycles per frame; "
            f"its shortest interval is {shortest}"
        )
        self.layer, self.shortest = layer, shortest


class Unsupported(KerilogError):  # noqa: N818 - reads as what it says
    """A model that is well formed but holds layers or options that Kerilog does not support.

    ``reasons`` are all that were found, each with its layer.
    """

    def __init__(self, text: str, reasons: tuple[Reason, ...] = ()) -> None:
        super().__init__(text)
        self.reasons = reasons

    @classmethod
    def together(cls, reasons: Iterable[Reason]) -> Unsupported:
        """All ``reasons`` in one line."""
        found = tuple(reasons)
        return cls("; ".join(f"layer '{layer}': {text}" for layer, text in found), found)
