# SPDX-License-Identifier: Apache-2.0
"""Draws descriptions, and shrinks one that fails to the smallest that fails in the same way.

Each is drawn from a seed of its own, for Hypothesis' later examples are often changes of earlier ones. To
shrink it, the same is drawn again, Hypothesis is told that it fails, and tries smaller ones until nothing
gets smaller or the time is up.
"""

from __future__ import annotations

import contextlib
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import NoSuchExample

from fuzz import trial
from fuzz.draw import Description, Strategy

DRAWN = 2  # examples of a seed: the first one is the smallest there is, whatever the seed
KEPT = Path(__file__).parent / "kept"
"""The failures that were found and mended, which tests replay."""


class _TimeUp(BaseException):
    """Ends Hypothesis' search, which takes any Exception for what it looks for."""


def find(strategy: Strategy, seed: str, condition: Callable[[Description], bool]) -> Description:
    """The smallest description that Hypothesis finds with ``condition``. Raises NoSuchExample."""
    settings = hypothesis.settings(
        max_examples=DRAWN,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    found: Description = hypothesis.find(strategy, condition, settings=settings, random=random.Random(seed))
    return found


def key_of(description: Description) -> str:
    """The same text for the same description."""
    return json.dumps(description, sort_keys=True)


def drawn(strategy: Strategy, seed: str) -> Description:
    """What is drawn from ``seed``."""
    found: list[Description] = []

    def note(description: Description) -> bool:
        found.append(description)
        return False

    with contextlib.suppress(NoSuchExample):
        find(strategy, seed, note)
    return found[-1]


def fails_as(description: Description, kind: str, simulators: Sequence[str]) -> bool:
    """Whether the network fails, and in the way ``kind``."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            trial.whole(description, Path(folder), simulators)
        except trial.Refused:
            return False
        except Exception as error:  # whatever is raised is a finding
            return trial.kind_of(error) == kind
    return False


def shrunk(strategy: Strategy, seed: str, kind: str, seconds: float) -> Description:
    """The smallest description found in ``seconds`` that fails as that of ``seed`` does, as ``kind``."""
    failing = drawn(strategy, seed)
    # Icarus alone is the quickest way to see a failure of the RTL, where it sees it
    ways: tuple[tuple[str, ...], ...] = ((), ("icarus",))
    simulators = next((way for way in ways if fails_as(failing, kind, way)), ("verilator",))
    until = time.monotonic() + seconds
    known = {key_of(failing): True}
    found: list[Description] = []

    def fails(description: Description) -> bool:
        key = key_of(description)
        if not found and key != key_of(failing):
            return False  # drawn before the one that fails
        if key not in known:
            if time.monotonic() > until:
                raise _TimeUp
            known[key] = fails_as(description, kind, simulators)
        if known[key]:
            found.append(description)
        return known[key]

    with contextlib.suppress(NoSuchExample, hypothesis.errors.Flaky, _TimeUp):
        find(strategy, seed, fails)
        # a layer in the middle can go only together with what is drawn for it, which Hypothesis seldom tries
        with_fewer_layers(min(found, key=_size), fails)
    # what Hypothesis ends with may be from before the time was up
    return min(found or [failing], key=_size)


def with_fewer_layers(description: Description, fails: Callable[[Description], bool]) -> Description:
    """``description`` without every layer that ``fails`` does not need."""
    layers = description["layers"]
    for place in range(len(layers)):
        shorter = {**description, "layers": layers[:place] + layers[place + 1 :]}
        if shorter["layers"] and fails(shorter):
            return with_fewer_layers(shorter, fails)
    return description


def _size(description: Description) -> int:
    return len(key_of(description))


def keep(description: Description, kind: str, text: str, folder: Path) -> Path:
    """Write ``description`` and how it failed to a file in ``folder``, named after both."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = "".join(letter if letter.isalnum() else "_" for letter in kind.lower())[:40].strip("_")
    number = 1 + max(
        (int(path.stem.rsplit("-", 1)[-1]) for path in folder.glob(f"{plain}-*.json")), default=0
    )
    path = folder / f"{plain}-{number}.json"
    kept = {"kind": kind, "said": text, "network": description}
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=True) + "\n", encoding="ascii")
    return path


def read(path: Path) -> Description:
    """The network of a kept file."""
    found: Description = json.loads(path.read_text(encoding="ascii"))["network"]
    return found
