# SPDX-License-Identifier: Apache-2.0
"""The best design within bounds that are given together.

Multipliers fall and latency rises with the interval, but for ripples; area does so only in the large, for
neighbours differ twofold in DSPs. Sketches tell the least area of a folding in milliseconds, while latency
takes a complete plan, so that few are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kerilog.hardware.design import Design
from kerilog.plan.bounds import Bounds
from kerilog.plan.candidates import Candidates
from kerilog.progress import Progress, silent

CLOSE = 1.1
"""Latencies of designs rise with their intervals if these are further apart than this factor."""
RIPPLES = 3
"""Designs behind the slowest in time that are looked at, for the latency may fall once more."""
WIDER = 4
"""A folding with more than this many times the multipliers of another one does not take less area."""
PLANS = 12
"""Designs that are planned in search of the least area, those first that promise the least."""
STRIDE = 8
"""Steps over the candidates while a device has less than half of what both ends of a step need."""
FEW = 64
"""Candidates that are looked at one by one."""


def best(found: Candidates, bounds: Bounds, progress: Progress = silent) -> Design | None:
    """The best design of the candidates within ``bounds``, or None: of the least area where the interval is
    bounded, or nothing but the latency; else of the shortest interval, and of the least area among those.
    """
    places = found.within(bounds.interval, bounds.multipliers)
    return (smallest if bounds.for_area else fastest)(found, places, bounds, progress)


def fastest(
    found: Candidates, places: Sequence[int], bounds: Bounds, progress: Progress = silent
) -> Design | None:
    """The design of the shortest interval within ``bounds``."""
    chosen: Design | None = None
    late = 0
    for number, place in enumerate(fitting(found, places, bounds)):
        interval = found.points[place].interval
        if chosen is not None and chosen.cycles.frame_interval <= interval:
            break
        progress(f"{interval} cycles per frame", number / len(places))
        design = found.design(place)
        if design is None:
            continue
        if bounds.are_met_by(design):
            if chosen is None or bounds.rank(design) <= bounds.rank(chosen):
                chosen = design
        elif bounds.latency is not None and design.cycles.latency > bounds.latency:
            late += 1
            if late > RIPPLES or design.cycles.latency > CLOSE * bounds.latency:
                break
    return chosen


def fitting(found: Candidates, places: Sequence[int], bounds: Bounds) -> Iterator[int]:
    """Those of ``places`` that the device might hold, as their sketches say."""

    def missing(place: int) -> dict[str, tuple[int, int]]:
        return bounds.missing(found.least_area(place))

    def far(place: int) -> set[str]:
        return {kind for kind, (wanted, there) in missing(place).items() if wanted > 2 * there}

    if bounds.device is None:
        yield from places
        return
    step = STRIDE if len(places) > FEW else 1
    for start in range(0, len(places), step):
        part = places[start : start + step]
        if step > 1 and far(part[0]) & far(places[min(start + step, len(places) - 1)]):
            continue
        yield from (place for place in part if not missing(place))


def smallest(
    found: Candidates, places: Sequence[int], bounds: Bounds, progress: Progress = silent
) -> Design | None:
    """The design of the least area within ``bounds``."""
    if bounds.latency is not None:  # which takes plans, where sketches tell what the device holds
        places = list(fitting(found, places, bounds))
        places = _in_time(found, places, bounds.latency, progress) if places else []
    if not places:
        return None
    most = WIDER * min(found.points[place].multipliers for place in places)
    near = [place for place in places if found.points[place].multipliers <= most]
    chosen = _least(found, near, bounds, progress)
    return chosen or _least(found, [place for place in places if place not in near], bounds, progress)


def _least(found: Candidates, places: Sequence[int], bounds: Bounds, progress: Progress) -> Design | None:
    """The design of the least area within ``bounds``, by lower bounds of the area."""
    sketched = {place: bounds.cost(found.least_area(place)) for place in fitting(found, places, bounds)}
    chosen: Design | None = None
    for planned, place in enumerate(sorted(sketched, key=lambda place: (sketched[place], place))):
        if chosen is not None and (sketched[place] >= bounds.rank(chosen)[0] or planned >= PLANS):
            break
        progress(f"{found.points[place].interval} cycles per frame", min(planned / PLANS, 1))
        design = found.design(place)
        if design is not None and bounds.are_met_by(design):
            chosen = min(chosen or design, design, key=bounds.rank)
    return chosen


def _in_time(found: Candidates, places: Sequence[int], latency: int, progress: Progress) -> Sequence[int]:
    """The places up to the slowest with that latency, and a few slower ones that might have it yet.

    Latency is about in proportion to the interval, which tells where to look next.
    """
    low, high = -1, len(places)  # in time, and late
    # the latency is hardly ever below the interval
    guess = sum(found.points[place].interval <= latency for place in places) - 1
    for turn in range(2 * len(places)):
        if high - low == 1:
            break
        guess = min(max(guess, low + 1), high - 1)
        interval = found.points[places[guess]].interval
        progress(f"{interval} cycles per frame", turn / (turn + 4))
        design = found.design(places[guess])
        if design is None:  # as if it were not there
            places = [*places[:guess], *places[guess + 1 :]]
            high -= 1
            continue
        if design.cycles.latency <= latency:
            low = guess
        else:
            high = guess
        if turn < 5:
            aim = interval * latency / design.cycles.latency
            guess = sum(found.points[place].interval <= aim for place in places) - 1
        else:
            guess = (low + high) // 2
    slower = places[low + 1 : low + 1 + RIPPLES]
    near = [place for place in slower if low < 0 or _follows(found, places[low], place)]
    return [*places[: low + 1], *(place for place in near if _is_in_time(found.design(place), latency))]


def _follows(found: Candidates, place: int, slower: int) -> bool:
    """Whether the intervals are so close that the slower one may have the shorter latency."""
    return found.points[slower].interval <= CLOSE * found.points[place].interval


def _is_in_time(design: Design | None, latency: int) -> bool:
    return design is not None and design.cycles.latency <= latency
