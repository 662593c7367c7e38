# SPDX-License-Identifier: Apache-2.0
"""An in-order checker: what goes in also goes through a model, which what comes out must equal."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from common.stream import cycle

# maps an input beat to the output beats that follow from it
Model = Callable[[int], Iterable[int]]


class Scoreboard:
    """Compares the beats of an output monitor with what a model computes from those of the input monitor.

    `ahead` are the beats that follow from a reset alone.
    """

    def __init__(self, make_model: Callable[[], Model], ahead: Sequence[int] = ()) -> None:
        self._make_model = make_model
        # whether a beat can be told from what went in before it; not where a model waits for whole frames
        self.causal = True
        self._ahead = ahead
        self.flush()

    def flush(self) -> None:
        """Start over, as the module does at a reset."""
        self._model = self._make_model()
        self._expected = deque(self._ahead)
        # an output may be seen before its input in the cycle in which both are transferred
        self._early: deque[tuple[int, int]] = deque()
        self.compared = 0

    def put_input(self, beat: int) -> None:
        """Record a beat that the module has accepted."""
        self._expected.extend(self._model(beat))
        self._compare()

    def put_output(self, beat: int) -> None:
        """Record a beat that the module has sent."""
        self._early.append((cycle(), beat))
        self._compare()

    def _compare(self) -> None:
        while self._early and self._expected:
            when, got = self._early.popleft()
            want = self._expected.popleft()
            assert when == cycle() or not self.causal, (
                f"beat {self.compared} came out before the beats it depends on"
            )
            assert got == want, f"beat {self.compared}: expected {want:#x}, got {got:#x}"
            self.compared += 1

    @property
    def waiting(self) -> int:
        """The number of beats that have yet to come out."""
        return len(self._expected)

    def assert_empty(self) -> None:
        """Assert that nothing is left over on either side."""
        assert not self._expected, f"{len(self._expected)} beats never came out"
        assert not self._early, f"{len(self._early)} beats came out that no input explains"
