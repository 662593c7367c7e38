# SPDX-License-Identifier: Apache-2.0
"""A bug, and what a proof must find because of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from common.bugs import Bug
from proofs.engine import Point


@dataclasses.dataclass(frozen=True)
class Refuted:
    """A bug in a module with some parameters, and the faults that must follow."""

    bug: Bug
    point: Point
    faults: str

    def __str__(self) -> str:
        return f"{self.point} with {self.bug.name!r}"


def refuted(module: str, parameters: Mapping[str, int], faults: str, bug: Bug) -> Refuted:
    """Return the same for a bug in the module that is proven, or in one that it uses."""
    return Refuted(bug.of(module), Point(module, parameters), faults)
