# SPDX-License-Identifier: Apache-2.0
"""Mutants that nothing can kill, because they do what the module does, each with the argument.

A line of the module as it is, the line as the mutant has it, white space being a blank, and why
nothing changes.
"""

from __future__ import annotations

# by module and both lines
EQUIVALENT: dict[tuple[str, str, str], str] = {}
