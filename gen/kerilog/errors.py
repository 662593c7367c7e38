# SPDX-License-Identifier: Apache-2.0
"""The one exception that a user's mistake may raise."""


class KerilogError(Exception):
    """What the user gave cannot be used; the message is one line and says what, where and why.

    The command line prints it and exits with status 2. Everything else that is raised is a bug in Kerilog.
    """


class Unsupported(KerilogError):  # noqa: N818 - reads as what it says
    """A model that is well formed but holds a layer or an option that Kerilog does not take."""
