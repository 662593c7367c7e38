# SPDX-License-Identifier: Apache-2.0
"""Why no design meets the bounds: what stands in the way, and the best there is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from kerilog import area
from kerilog.area import Area
from kerilog.area.devices import Device, holding
from kerilog.errors import KerilogError
from kerilog.hardware.design import Design
from kerilog.hardware.kind import title
from kerilog.plan import search
from kerilog.plan.bounds import Bounds, count
from kerilog.plan.candidates import Candidates, least_area
from kerilog.plan.jobs import jobs
from kerilog.plan.sketch import Sketch
from kerilog.plan.wiring import sketch
from kerilog.progress import Progress


def check(found: Candidates, bounds: Bounds) -> None:
    """Raises UnreachedError or KerilogError for a bound that no folding meets by itself, where that is known
    before anything is searched.
    """
    if bounds.interval is not None and bounds.interval < found.points[0].interval:
        sketch(found.graph, found.name, bounds.interval)
    least = found.least_multipliers
    if bounds.multipliers is not None and bounds.multipliers < least:
        names = [title(node) for node, _ in jobs(found.graph)]
        raise KerilogError(
            f"a budget of {count(bounds.multipliers, 'multiplier')} is too small: {least} are needed, "
            f"one at least for each of the {count(len(names), 'layer')} {', '.join(names)}"
        )
    if bounds.device is not None:
        slowest = found.sketch(len(found.points) - 1)
        if _weight_bits(slowest) > _capacity(slowest, bounds.device, bounds.fill):
            raise _too_small(slowest, bounds)


def reason(families: Sequence[Candidates], bounds: Bounds, progress: Progress) -> KerilogError:
    """What stands in the way of ``bounds``, which no design of any of the ``families`` meets; and the best
    that was found in them: the shortest interval within the other bounds, else the least latency.

    The first family is that of the fewest multipliers.
    """
    lean = families[0]
    if bounds.interval is not None:
        others = dataclasses.replace(bounds, interval=None)
        if others == Bounds(fill=bounds.fill):
            return KerilogError(f"no folding is found for a frame every {count(bounds.interval, 'cycle')}")
        fast = [
            search.fastest(found, found.within(None, bounds.multipliers), others, progress)
            for found in families
        ]
        design = min(filter(None, fast), key=lambda one: one.cycles.frame_interval, default=None)
        if design is None:
            return reason(families, others, progress)
        return KerilogError(
            f"no folding{bounds.text} gives a frame every {count(bounds.interval, 'cycle')}: the shortest "
            f"interval{others.text} is {count(design.cycles.frame_interval, 'cycle')}{_why(lean, bounds)}"
        )
    if bounds.latency is not None:
        others = dataclasses.replace(bounds, latency=None)
        soon = [_least_latency(found, others, progress) for found in families]
        design = min(filter(None, soon), key=lambda one: one.cycles.latency, default=None)
        if design is not None:
            return KerilogError(
                f"no folding{others.text} has a latency of {count(bounds.latency, 'cycle')}: the least is "
                f"{count(design.cycles.latency, 'cycle')}, at {count(design.cycles.frame_interval, 'cycle')} "
                f"per frame with {count(design.products, 'multiplier')}"
            )
    return _without_cycles(lean, bounds)


def _least_latency(found: Candidates, bounds: Bounds, progress: Progress) -> Design | None:
    """The design of the least latency within ``bounds``: one of the fastest, as latency has ripples."""
    places = found.within(None, bounds.multipliers)
    first = search.fastest(found, places, bounds, progress)
    if first is None:
        return None
    slower = (place for place in places if found.points[place].interval > first.cycles.frame_interval)
    others = (found.design(place) for place, _ in zip(slower, range(search.RIPPLES), strict=False))
    allowed = [design for design in others if design is not None and bounds.are_met_by(design)]
    return min([first, *allowed], key=lambda design: design.cycles.latency)


def _without_cycles(found: Candidates, bounds: Bounds) -> KerilogError:
    """Why no design with that many multipliers is found, or none on that device."""
    if bounds.device is None:
        if bounds.multipliers is None:
            return KerilogError(f"model '{found.graph.name}': no frame interval is reached")
        return KerilogError(f"no folding with {count(bounds.multipliers, 'multiplier')} is found")
    places = found.within(None, bounds.multipliers)
    if not any(True for _ in search.fitting(found, places, bounds)):
        return _too_small(found.sketch(_nearest(found, bounds)), bounds)
    if all(found.design(place) is None for place in places):
        return KerilogError(f"model '{found.graph.name}': no frame interval is reached")
    return _too_small(found.sketch(places[-1]), bounds)


def _nearest(found: Candidates, bounds: Bounds) -> int:
    """The slowest of the candidates within the interval and the multipliers, which takes about the least."""
    return found.within(bounds.interval, bounds.multipliers)[-1]


def _why(found: Candidates, bounds: Bounds) -> str:
    """What the shorter interval takes more than there is, of multipliers or of the device."""
    places = found.within(bounds.interval, None)
    if not places:
        return ""
    slowest = places[-1]
    needed = found.points[slowest].multipliers
    if bounds.multipliers is not None and needed > bounds.multipliers:
        return f"; a frame every {count(bounds.interval or 0, 'cycle')} takes {needed} multipliers at least"
    places = found.within(bounds.interval, bounds.multipliers)
    if bounds.device is None or not places:
        return ""
    near = min(places[-search.STRIDE :], key=lambda place: bounds.cost(found.least_area(place)))
    design = found.design(near)
    need = found.least_area(near) if design is None else area.of(design)
    missing = bounds.missing(need)
    if not missing:
        return ""
    fitting = holding(need, bounds.fill / 100)
    holder = f"the smallest device that holds it is {fitting[0]}" if fitting else "no known device holds it"
    asked = count(bounds.interval or 0, "cycle")
    return f"; a frame every {asked} takes {_lacks(missing)}; {holder}"


def _lacks(missing: Mapping[str, tuple[int, int]]) -> str:
    return ", ".join(
        f"{wanted} {kind}, of which {there} may be used" for kind, (wanted, there) in missing.items()
    )


def _would_do(need: Area, bounds: Bounds) -> str:
    """The smallest device that has enough for this least area; buffers come on top."""
    fitting = holding(need, bounds.fill / 100)
    return (
        f"; the smallest device with that much is {fitting[0]}"
        if fitting
        else "; no known device has that much"
    )


def _weight_bits(drawn: Sketch) -> int:
    return sum(stage.facts.weight_bits or 0 for stage in drawn.stages)


def _capacity(slowest: Sketch, device: Device, fill: float) -> float:
    """Bits that the device can hold: in its block RAMs, and in the LUTs that half of the logic of the slowest
    folding leaves, of which hardly one has less. No constant takes less of them than its bits would.
    """
    logic = least_area(slowest).lut / 2
    return 18432 * device.bram18 + 64 * max(fill / 100 * device.lut - logic, 0)


def _too_small(slowest: Sketch, bounds: Bounds) -> KerilogError:
    """Why not even the slowest folding fits."""
    device = bounds.device
    assert device is not None
    need = least_area(slowest)
    missing = bounds.missing(need)
    weighted = [stage for stage in slowest.stages if stage.facts.weight_bits]
    would_do = _would_do(need, bounds)
    if "RAMB18" in missing and weighted:
        wanted, there = missing["RAMB18"]
        largest = max(weighted, key=lambda stage: stage.facts.weight_bits or 0)
        return KerilogError(
            f"{bounds.device_text}: the weights do not fit its memory: {_weight_bits(slowest):,} bits, most "
            f"of them of layer '{largest.layer}', take {wanted} RAMB18 with the buffers, there are {there}: "
            f"{wanted - there} RAMB18 ({(wanted - there) * 18432:,} bits) are missing{would_do}"
        )
    lacks = _lacks(missing) or f"{_weight_bits(slowest):,} bits of weights, more than it can hold"
    fewest = count(slowest.products, "multiplier")
    return KerilogError(
        f"{bounds.device_text}: the network does not fit: with {fewest} it needs {lacks}{would_do}"
    )
