# SPDX-License-Identifier: Apache-2.0
"""The one exception that a user's mistake may raise."""


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
    """A model that is well formed but holds a layer or an option that Kerilog does not take."""
