# SPDX-License-Identifier: Apache-2.0
"""The smallest constants with which ``krl_add`` equals a ``QAdd`` on every pair of codes that can meet.

The reference brings both operands to one scale, adds and rescales, rounding up to three times. The hardware
computes ``(a * x + b * y + c) >> shift``: c is one constant or, where ties leave zero on both of its sides,
one for each sign of the sum. For given a, b and shift every pair of codes with the output k bounds c:

    k * 2**shift <= a * x + b * y + c < (k + 1) * 2**shift

(one side alone where the clamp acts), so c is solved for, not searched. The reference never falls as an
operand's share rises, so only the corners of its steps can bound c. What is found is held against the
reference on all pairs.

Scales in a simple ratio make for ties whose outcome depends on how the reference rounded one operand, which
no factor can follow. Then a table takes that operand's place (``kerilog.exact.addition_table``).

Where all three rescalings are binary shifts and those of the operands exact, the form is the reference
itself: half a step, less one below zero, and a shift. That needs no search, and no proof but this for codes
of up to 16 bits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from kerilog.errors import Unsupported
from kerilog.exact.addition_table import tabled
from kerilog.exact.caching import by_content
from kerilog.exact.intervals import signed_bits
from kerilog.formats import Format, IntArray
from kerilog.integer.elementwise import add
from kerilog.qgraph import Clamp, QAdd, QNode, QSubtract, Shift
from kerilog.scales import largest_factor

LARGEST_SHIFT = 26
FEW_DIGITS = 3  # signed digits up to which krl_scale adds; more are worth three adders in tables
_MOST_PAIRS = 1 << 20  # pairs of codes that are tried one by one
_NEAR, _FAR = 1, 4  # how far around the real factors to look: for a shift that works, for few digits
_MORE = 2  # shifts past the first that works which may save digits
_NO_BOUND = 1 << 60
_SOME = 250  # bounds that are tried before all

Flags = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Addition:
    """The numbers of ``krl_add``."""

    left_bits: int
    right_bits: int
    bits: int
    left_factor: int
    right_factor: int
    offset: int
    round_positive: int
    round_negative: int
    shift: int
    total_bits: int
    clamp_min: int
    clamp_max: int
    # a table in the place of a factor: 1 of the left, 2 of the right; words in the order of the codes' bits
    table: int = 0
    words: tuple[int, ...] = ()

    @property
    def subtract(self) -> int:
        return int(self.right_factor < 0)

    @property
    def right_magnitude(self) -> int:
        return abs(self.right_factor)

    @property
    def equation(self) -> str:
        """The total, for people."""
        left = "table[x]" if self.table == 1 else f"{self.left_factor} * x"
        right = "table[y]" if self.table == 2 else f"{self.right_magnitude} * y"
        return f"{left} {'-' if self.subtract else '+'} {right} + {self.offset}"

    def total(self, x: IntArray, y: IntArray) -> IntArray:
        """The sum whose sign chooses the rounding constant."""
        words = np.array(self.words)
        left = words[x] if self.table == 1 else self.left_factor * x
        right = words[y] if self.table == 2 else self.right_factor * y
        return left + right + self.offset

    def apply(self, x: IntArray, y: IntArray) -> IntArray:
        """What the hardware gives for codes ``x`` and ``y``."""
        total = self.total(x, y)
        rounding = np.where(total < 0, self.round_negative, self.round_positive)
        codes: IntArray = np.clip((total + rounding) >> self.shift, self.clamp_min, self.clamp_max)
        return codes


@dataclasses.dataclass(frozen=True)
class Form:
    """``(t + c) >> shift`` with ``t = a * u + b * v``, u and v codes less zero points, v with the sign of
    the operation; c is ``positive`` for t >= 0, ``negative`` below."""

    shift: int
    a: int
    b: int
    positive: int
    negative: int

    @property
    def signed(self) -> bool:
        return self.positive != self.negative

    @property
    def cost(self) -> tuple[int, int]:
        """Look-up tables, roughly, and then the shift: what to prefer."""
        width = self.shift + 9
        adders = 1 + self.signed + (self.positive | self.negative != 0)
        factors = [_digits(factor) for factor in (self.a, self.b)]
        adders += sum(min(max(digits - 1, 0), FEW_DIGITS) for digits in factors)
        return adders * width, self.shift

    def apply(self, u: IntArray, v: IntArray, clamp: Clamp) -> IntArray:
        total = self.a * u + self.b * v
        rounding = np.where(total < 0, self.negative, self.positive)
        codes: IntArray = np.clip((total + rounding) >> self.shift, *clamp)
        return codes


@by_content
def addition(node: QNode, op: QAdd, formats: tuple[Format, Format], ranges: tuple[Clamp, Clamp]) -> Addition:
    """The numbers of ``krl_add`` for ``node``.

    ``ranges`` are the codes that its inputs of ``formats`` can hold. Raises Unsupported naming the layer
    where no form is exact.
    """
    form = _shifts(op, node.format)
    if form is not None:
        return _parameters(form, node, op, formats, ranges)
    x, y = (np.arange(low, high + 1) for low, high in ranges)
    if x.size * y.size > _MOST_PAIRS:
        raise Unsupported(
            f"layer '{node.name}': hardware supports sums of codes whose pairs can all be tried, "
            f"found {x.size} x {y.size}"
        )
    k = add(op, *formats, node.format)(x[:, None], y[None, :]).astype(np.int64)
    form = _searched(node, op, formats, x, y, k)
    found = (
        _parameters(form, node, op, formats, ranges)
        if form is not None
        else _with_table(node, op, formats, x, y, k)
    )
    if found is None or not np.array_equal(found.apply(x[:, None], y[None, :]), k):
        raise Unsupported(
            f"layer '{node.name}': hardware supports a sum as two factors, or one and a table, and a shift; "
            f"found none that equals it on every pair of codes"
        )
    return found


def _with_table(
    node: QNode,
    op: QAdd,
    formats: tuple[Format, Format],
    x: IntArray,
    y: IntArray,
    k: IntArray,
) -> Addition | None:
    """The parameters with a table for one operand, None if there is none."""
    form = tabled(op, formats, x, y, k, node.format.zero_point)
    if form is None:
        return None
    codes, source = (x, formats[0]) if form.left else (y, formats[1])
    words = np.zeros(1 << source.bits, np.int64)
    words[codes] = form.words  # negative codes count from the end
    shares = form.factor * (y if form.left else x)[[0, -1]]
    totals = [int(end) + int(word) for end in shares for word in (form.words.min(), form.words.max())]
    ends = [total + rounding for total in totals for rounding in (0, form.positive, form.negative)]
    return Addition(
        left_bits=formats[0].bits,
        right_bits=formats[1].bits,
        bits=node.format.bits,
        left_factor=0 if form.left else form.factor,
        right_factor=form.factor if form.left else 0,
        offset=0,
        round_positive=form.positive,
        round_negative=form.negative,
        shift=form.shift,
        total_bits=_total_bits(ends, form.shift, (*formats, node.format), (form.factor,)),
        clamp_min=op.clamp[0],
        clamp_max=op.clamp[1],
        table=1 if form.left else 2,
        words=tuple(words.tolist()),
    )


def _total_bits(ends: Iterable[int], shift: int, formats: Iterable[Format], factors: Iterable[int]) -> int:
    """What ``krl_add`` asks of TOTAL_BITS, with sums that lie between the ``ends``."""
    totals = list(ends)
    widest = max(format.bits for format in formats) + 1
    factor_bits = max(abs(factor).bit_length() for factor in factors) + 2
    return max(signed_bits(min(totals), max(totals)), shift + 1, widest, factor_bits)


def _parameters(
    form: Form,
    node: QNode,
    op: QAdd,
    formats: tuple[Format, Format],
    ranges: tuple[Clamp, Clamp],
) -> Addition:
    """Zero points and a constant that does not depend on the sign join the offset."""
    b = -form.b if isinstance(op, QSubtract) else form.b
    offset = -form.a * formats[0].zero_point - b * formats[1].zero_point
    positive, negative = form.positive, form.negative
    if not form.signed:
        offset, positive, negative = offset + positive, 0, 0
    totals = [form.a * x + b * y + offset for x in ranges[0] for y in ranges[1]]
    ends = [total + rounding for total in totals for rounding in (0, positive, negative)]
    return Addition(
        left_bits=formats[0].bits,
        right_bits=formats[1].bits,
        bits=node.format.bits,
        left_factor=form.a,
        right_factor=b,
        offset=offset,
        round_positive=positive,
        round_negative=negative,
        shift=form.shift,
        total_bits=_total_bits(ends, form.shift, (*formats, node.format), (form.a, form.b)),
        clamp_min=op.clamp[0],
        clamp_max=op.clamp[1],
    )


def _shifts(op: QAdd, target: Format) -> Form | None:
    """The form of exact shifts and one rounding shift; None for other rescalings."""
    factors = (op.left, op.right, op.rescale)
    if not all(isinstance(factor, Shift) for factor in factors):
        return None
    left, right, last = (int(factor.shift[0]) for factor in factors if isinstance(factor, Shift))
    if left > 0 or right > 0:
        return None
    up, shift = op.headroom + max(-last, 0), max(last, 0)
    half = (1 << shift) >> 1
    zero = target.zero_point << shift
    # below a clamp at zero a tie ends in the same code either way
    below = half - 1 if shift and op.clamp[0] < target.zero_point else half
    return Form(shift, 1 << (up - left), 1 << (up - right), zero + half, zero + below)


# ---- search ----


@dataclasses.dataclass(frozen=True, eq=False)
class Bounds:
    """Pairs of codes at which the constant is bounded from one side, at ``k`` steps (k + 1 from above)."""

    u: IntArray
    v: IntArray
    k: IntArray

    def chosen(self, flags: Flags) -> Bounds:
        return Bounds(self.u[flags], self.v[flags], self.k[flags])


def _searched(
    node: QNode, op: QAdd, formats: tuple[Format, Format], x: IntArray, y: IntArray, k: IntArray
) -> Form | None:
    """The cheapest form found that equals the reference ``k`` on all pairs of codes."""
    u, v = x - formats[0].zero_point, y - formats[1].zero_point
    if isinstance(op, QSubtract):
        v, k = -v[::-1], k[:, ::-1]
    total = largest_factor(op.rescale) * 2.0**op.headroom
    slopes = largest_factor(op.left) * total, largest_factor(op.right) * total
    if np.any(np.diff(k, axis=0) < 0) or np.any(np.diff(k, axis=1) < 0):
        return None
    forms = _forms(Search(u, v, k, op.clamp, node.format.zero_point, slopes))
    for form in sorted(forms, key=lambda form: form.cost):
        if np.array_equal(form.apply(u[:, None], v[None, :], op.clamp), k):
            return form
    return None


@dataclasses.dataclass(frozen=True, eq=False)
class Search:
    """The reference ``k`` (left codes, right codes), which falls along neither axis, and where to look.

    ``u`` and ``v`` are as in ``Form``; ``slopes`` are the real factors.
    """

    u: IntArray
    v: IntArray
    k: IntArray
    clamp: Clamp
    zero: int
    slopes: tuple[float, float]

    def bounds(self) -> tuple[Bounds, Bounds]:
        """What bounds the constant from below and from above: the pairs at which an output is first and last
        met, and all around the zero point, where the constant may change with the sign."""
        first, last = np.ones(self.k.shape, bool), np.ones(self.k.shape, bool)
        down, across = self.k[:-1] < self.k[1:], self.k[:, :-1] < self.k[:, 1:]
        first[1:] &= down
        first[:, 1:] &= across
        last[:-1] &= down
        last[:, :-1] &= across
        central = np.abs(self.k - self.zero) <= 1
        return (
            self._pairs((first | central) & (self.k > self.clamp[0])),
            self._pairs((last | central) & (self.k < self.clamp[1])),
        )

    def _pairs(self, flags: Flags) -> Bounds:
        left, right = np.nonzero(flags)
        return Bounds(self.u[left], self.v[right], self.k[left, right])

    def sample(self, bounds: Bounds, sign: int) -> Bounds:
        """Some of ``bounds``: those that the real factors hardly keep, and some of all others."""
        if not bounds.k.size:
            return bounds
        kept = np.zeros(bounds.k.size, bool)
        kept[:: 1 + bounds.k.size // _SOME] = True
        tight = sign * (bounds.k - self.slopes[0] * bounds.u - self.slopes[1] * bounds.v)
        kept[np.argsort(-tight, kind="stable")[:_SOME]] = True
        return bounds.chosen(kept)

    def near(self, shift: int, distance: int) -> Iterator[tuple[int, int]]:
        """Pairs of integer factors around the real ones."""
        a, b = (round(slope * 2.0**shift) for slope in self.slopes)
        for left in range(max(a - distance, 0), a + distance + 1):
            for right in range(max(b - distance, 0), b + distance + 1):
                yield left, right

    def tightest(self, bounds: Bounds, shift: int, distance: int, sign: int) -> Bounds:
        """Those of ``bounds`` that can decide, with any of the factors ``near``; ``sign`` -1 from above."""
        share = self.slopes[0] * bounds.u + self.slopes[1] * bounds.v
        most = (distance + 1) * 2.0**-shift * (np.abs(bounds.u).max() + np.abs(bounds.v).max())
        tight = sign * (bounds.k - share)
        kept = np.abs(share) <= most
        for side in (share > most, share < -most):
            if np.any(side):
                kept |= side & (tight >= tight[side].max() - 2 * most)
        return bounds.chosen(kept)


def _forms(search: Search) -> list[Form]:
    """Forms that keep every bound, each with the smallest shift of its kind and a few more."""
    lower, upper = search.bounds()
    some = search.sample(lower, 1), search.sample(upper, -1)
    found: list[Form] = []
    for signed in (False, True):
        first = LARGEST_SHIFT + 1
        for shift in range(LARGEST_SHIFT + 1):
            if shift > first + _MORE:
                break
            distance = _FAR if shift > first else _NEAR
            factors = np.array(list(search.near(shift, distance))).reshape(-1, 2)
            factors = factors[_possible(*some, shift, factors, signed)]
            if not len(factors):  # what breaks a few bounds breaks all of them
                continue
            sides = (
                search.tightest(lower, shift, distance, 1) if lower.k.size else lower,
                search.tightest(upper, shift, distance, -1) if upper.k.size else upper,
            )
            forms = [_solve(*sides, shift, a, b, signed) for a, b in factors.tolist()]
            found += [form for form in forms if form]
            if first > LARGEST_SHIFT and any(forms):
                first = shift
    return found


def _possible(lower: Bounds, upper: Bounds, shift: int, factors: IntArray, signed: bool) -> Flags:
    """For which of ``factors`` (pairs, 2) there may be a constant that keeps the bounds."""
    low_at, high_at = (factors @ np.stack([side.u, side.v]) for side in (lower, upper))
    least = (lower.k << shift) - low_at
    most = ((upper.k + 1) << shift) - 1 - high_at
    possible: Flags = np.ones(len(factors), bool)
    for below in (False, True) if signed else (None,):
        low = least if below is None else np.where((low_at < 0) == below, least, -_NO_BOUND)
        high = most if below is None else np.where((high_at < 0) == below, most, _NO_BOUND)
        possible &= low.max(axis=1, initial=-_NO_BOUND) <= high.min(axis=1, initial=_NO_BOUND)
    return possible


def _solve(lower: Bounds, upper: Bounds, shift: int, a: int, b: int, signed: bool) -> Form | None:
    """The form with the factors ``a`` and ``b``, if there is a constant that keeps all bounds."""
    low_at, high_at = a * lower.u + b * lower.v, a * upper.u + b * upper.v
    least = (lower.k << shift) - low_at
    most = ((upper.k + 1) << shift) - 1 - high_at
    constants = []
    for side in (False, True) if signed else (None,):
        low = least if side is None else least[(low_at < 0) == side]
        high = most if side is None else most[(high_at < 0) == side]
        ends = int(low.max(initial=-_NO_BOUND)), int(high.min(initial=_NO_BOUND))
        if ends[0] > ends[1]:
            return None
        constants.append(_roundest(*ends))
    return Form(shift, a, b, constants[0], constants[-1])


def _roundest(low: int, high: int) -> int:
    """The number of [low, high] that ends in the most zeros."""
    if low <= 0 <= high:
        return 0
    places = max(abs(low), abs(high)).bit_length()
    rounded = (-(-low >> place) << place for place in range(places, -1, -1))
    return next(number for number in rounded if number <= high)


def _digits(factor: int) -> int:
    """Digits other than 0 in the shortest signed binary form: one more than the adders it takes."""
    half, triple = factor >> 1, factor + (factor >> 1)
    return (half ^ triple).bit_count()
