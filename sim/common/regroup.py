# SPDX-License-Identifier: Apache-2.0
"""The model that krl_lanes and krl_gearbox share: the same elements in the same order, in other beats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from common.scoreboard import Model


def regrouped(bits: int, lanes: int, gains: Sequence[int]) -> Callable[[], Model]:
    """Return the model of a module that regroups elements into beats of `lanes`, each once it is complete.

    `gains` holds the number of elements in each input beat of a frame; its last output beat may be partial.
    """

    def make_model() -> Model:
        gathered = held = count = 0

        def model(beat: int) -> Iterator[int]:
            nonlocal gathered, held, count
            gathered |= beat << (held * bits)
            held += gains[count]
            count += 1
            while held >= lanes or (count == len(gains) and held > 0):
                yield gathered & ((1 << (lanes * bits)) - 1)
                gathered >>= lanes * bits
                held = max(held - lanes, 0)
            count %= len(gains)

        return model

    return make_model
