# SPDX-License-Identifier: Apache-2.0
"""The one exception that a user's mistake may raise."""

from __future__ import annotations

from collections.abc import Iterable


class KerilogError(Exception):
    """What the user gave cannot be used; the message is one line and says what, where and why.

    The command line prints it and exits with status 2. Everything else that is raised is a bug in Kerilog.
    """


class UnreachedError(KerilogError):
    """A frame interval that a layer cannot keep; ``shortest`` is the layer's shortest one, in cycles."""

    def __init__(self, layer: str, interval: int, shortest: int) -> None:
        super().__init__(
            f"layer '{layer}': no folding reaches {interval} cycles a frame; "
            f"its shortest interval is {shortest}"
        )
        self.shortest = shortest


class Unsupported(KerilogError):  # noqa: N818 - reads as what it says
    """A model that is well formed but holds layers or options that Kerilog does not support.

    ``reasons`` are pairs of a layer's name and what stands against it; none where it is not a layer's fault.
    """

    def __init__(self, text: str, reasons: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(text)
        self.reasons = reasons

    @classmethod
    def together(cls, reasons: Iterable[tuple[str, str]]) -> Unsupported:
        """One error for all ``reasons``, in their order, each of which names its layer."""
        found = tuple(reasons)
        return cls("; ".join(f"layer '{layer}': {text}" for layer, text in found), found)
