# SPDX-License-Identifier: Apache-2.0
"""``krl_matvec``, which folds a matrix onto multipliers, and ``krl_issue``, its control where the weights are
constants.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import NamedTuple, Self

from kerilog.hardware import mapping
from kerilog.hardware.mapping import counter_bits, mux
from kerilog.hardware.memories import Memory
from kerilog.hardware.module import Area, Counts, Module
from kerilog.hardware.modules.dot_signs import DotSigns
from kerilog.hardware.modules.dot_xnor import DotXnor
from kerilog.hardware.weights import EstimatedUnrolled, Signs, Unrolled, WeightSource
from kerilog.timing.control import Control
from kerilog.timing.matvec import MatrixVector


@dataclasses.dataclass(frozen=True)
class Folding:
    """How a matrix is folded onto ``pe`` output lanes of ``simd`` products each.

    A beat holds ``vectors`` vectors of ``lanes`` elements, each for an equal share of the ``outputs``; a
    vector takes ``beats_per_vector`` beats. Results leave ``result_lanes`` per beat, ``result_cycles`` apart.
    A vector that comes again for every share of its outputs comes in ``turns``, each for ``groups`` of them.
    """

    pe: int
    simd: int
    lanes: int
    beats_per_vector: int
    groups: int
    outputs: int
    result_lanes: int
    vectors: int = 1
    turns: int = 1
    result_cycles: int = 1

    @property
    def folds(self) -> int:
        """Steps in which the lanes of a beat are multiplied."""
        return -(-self.lanes // self.simd)

    @property
    def steps(self) -> int:
        """Cycles per vector in all its turns, and words of the weight ROM."""
        return self.turns * self.beats_per_vector * self.groups * self.folds

    @property
    def products(self) -> int:
        """Products per cycle."""
        return self.pe * self.simd

    @property
    def outputs_per_vector(self) -> int:
        """Neighbouring outputs that multiply the same vector."""
        return self.outputs_per_turn // self.vectors

    @property
    def outputs_per_turn(self) -> int:
        """Outputs of a turn; the last one may have fewer."""
        return self.outputs if self.turns == 1 else self.groups * self.pe

    @property
    def lanes_per_vector(self) -> int:
        """Neighbouring output lanes that have one vector in every group."""
        if self.vectors == 1 or self.outputs_per_vector % self.pe == 0:
            return self.pe
        return self.outputs_per_vector if self.pe % self.outputs_per_vector == 0 else 1

    @property
    def latency(self) -> int:
        """Cycles from a group's last product being issued to ``result_tvalid``."""
        return 6 + (self.simd - 1).bit_length()

    @property
    def slices(self) -> int:
        """Beats in which the results of a group leave."""
        return self.pe // self.result_lanes

    @property
    def credits(self) -> int:
        """Result words to hold so that the multipliers do not wait for earlier results to leave.

        A streamed vector finishes all its groups at once: room for every vector whose results are still
        leaving when the next ones are finished. Otherwise words finish one by one: room for those on their
        way.
        """
        # the beat before may only just have left
        late = self.latency + 1 + self.result_cycles
        if self.beats_per_vector > 1:
            leaving = late + self.groups * self.slices * self.result_cycles
            return self.groups * -(-leaving // (self.steps // self.turns))
        leaving = self.slices * self.result_cycles
        return 1 + -(-(late + leaving) // max(self.folds, leaving))

    def controls(self) -> Sequence[Control]:
        """Of ``krl_matvec`` and ``krl_serializer``, but for the output register of the latter."""
        outputs_of_last_group = self.outputs - (self.turns * self.groups - 1) * self.pe
        control = MatrixVector(
            beats=self.beats_per_vector,
            groups=self.groups,
            folds=self.folds,
            latency=self.latency,
            credits=self.credits,
            slices=self.slices,
            slices_of_last=outputs_of_last_group // self.result_lanes,
            turns=self.turns,
        )
        return (control,)


class Widths(NamedTuple):
    """Bits of an element, a weight and a sum."""

    x: int
    w: int
    acc: int


@dataclasses.dataclass(frozen=True)
class MatVec(Folding, Module):
    """An instance of ``krl_matvec``: a folding with the bits of elements, weights and sums."""

    x_bits: int = dataclasses.field(kw_only=True)
    w_bits: int = dataclasses.field(kw_only=True)
    acc_bits: int = dataclasses.field(kw_only=True)
    weights: WeightSource = dataclasses.field(kw_only=True)

    library = "krl_matvec"

    @classmethod
    def of(cls, folding: Folding, widths: Widths, weights: WeightSource) -> Self:
        """``folding`` with ``weights`` and ``widths``."""
        geometry = {field.name: getattr(folding, field.name) for field in dataclasses.fields(Folding)}
        bits = {"x_bits": widths.x, "w_bits": widths.w, "acc_bits": widths.acc}
        return cls(**geometry, **bits, weights=weights)

    @property
    def multipliers(self) -> int:
        """Products per cycle that take a multiplier."""
        return self.products if self.weights.multiplies else 0

    @property
    def signs(self) -> bool:
        """Whether products are added, subtracted or dropped."""
        return isinstance(self.weights, Signs)

    @property
    def xnor(self) -> bool:
        """Whether elements are signs, too, so that products are counted."""
        return self.signs and self.x_bits == 1

    def counted(self, inputs: int) -> int:
        """What a sum of ``inputs`` products has beside them where they are counted: 1 for each place, and
        again for each that has no input.
        """
        places = self.beats_per_vector * self.folds * self.simd
        return 2 * places - inputs

    @property
    def pairs(self) -> int:
        """Pairs of output lanes that share multipliers, where those have 25 x 18 bits as in a DSP48E1."""
        if self.signs:
            return 0
        fits = self.x_bits + 2 * self.w_bits + 1 <= 25 and self.x_bits <= 18
        # smaller products are cheaper in look-up tables
        worth = self.x_bits + self.w_bits > mapping.SMALL_PRODUCT
        return self.pe // self.lanes_per_vector * (self.lanes_per_vector // 2) if fits and worth else 0

    @property
    def input_lanes(self) -> int:
        """Elements of a beat."""
        return self.vectors * self.lanes

    @property
    def input_bits(self) -> int:
        return self.input_lanes * self.x_bits

    @property
    def address_bits(self) -> int:
        return mapping.address_bits(self.steps)

    @property
    def weight_bits(self) -> int:
        """Bits of a word of weights."""
        return self.products * self.w_bits

    @property
    def result_bits(self) -> int:
        """Bits of the sums of a group."""
        return self.pe * self.acc_bits

    @property
    def memories(self) -> tuple[Memory, ...]:
        return self.weights.memories

    def parameters(self) -> dict[str, int | str]:
        outputs = {"OUTPUTS": self.outputs_per_turn, "OUTPUTS_PER_VECTOR": self.outputs_per_vector}
        return {
            "PE": self.pe,
            "SIMD": self.simd,
            "LANES": self.lanes,
            "BEATS_PER_VECTOR": self.beats_per_vector,
            "GROUPS": self.groups,
            **({"TURNS": self.turns} if self.turns > 1 else {}),
            **(outputs if self.vectors > 1 else {}),
            "CREDITS": self.credits,
            **({"PAIRS": 1} if self.pairs else {}),
            **({"SIGNS": 1} if self.signs else {}),
            "X_BITS": self.x_bits,
            "W_BITS": self.w_bits,
            "ACC_BITS": self.acc_bits,
        }

    @property
    def parts(self) -> tuple[tuple[Module, int], ...]:
        if not self.signs:
            return ()
        lane = DotXnor(self.simd) if self.xnor else DotSigns(self.simd, self.x_bits, self.w_bits)
        return ((lane, self.pe),)

    def counts(self) -> Counts:
        """Adder tree: ``simd - 1`` adders per lane, each a bit wider than those before it. Then the running
        sum, the choice of ``simd`` elements out of ``lanes``, and the counters. Lanes of signs are ``parts``.
        """
        product = self.x_bits + self.w_bits
        # every run of lanes chooses among the vectors of its outputs
        vectors = self.pe // self.lanes_per_vector
        choices = self.folds * (1 if self.vectors == 1 else self.groups)
        paired = self.pairs * self.simd
        single = 0 if self.signs else self.products - 2 * paired
        small = 0 if mapping.multiplier_dsps(self.x_bits, self.w_bits) else single
        streamed = self.beats_per_vector > 1 and self.groups > 1
        return {
            "one": 1,
            "tree": 0 if self.signs else self.pe * _tree_bits(self.simd, product),
            "sums": self.pe * self.acc_bits,
            "sums kept": self.pe * self.acc_bits * streamed,
            "select": vectors * self.simd * self.x_bits * mux(choices),
            "activations": vectors * self.simd * self.x_bits,
            "pairs": paired * product,
            "singles": single * product,
            "lanes": self.pe,
            "address": self.address_bits if self.steps > 1 else 0,
            "counters": sum(
                counter_bits(count) for count in (self.folds, self.groups, self.beats_per_vector)
            ),
            "credits": self.credits.bit_length(),
            "levels": counter_bits(self.simd),
            "group": counter_bits(self.groups) * streamed,
            "small products": small * self.x_bits * self.w_bits,
        }

    def primitives(self) -> Area:
        """A DSP for two products that share their activation, or for one; running sums in LUT memory.

        Lanes that share a vector have one register for each of its terms, unless some of these drop them.
        """
        sums = self.groups if self.beats_per_vector > 1 else 1
        memory = self.pe * mapping.distributed_ram(self.acc_bits, sums) if sums > 1 else 0
        if not self.weights.multiplies:
            merged = self.signs and self.w_bits == 1 and not self.xnor
            shared = self.pe - self.pe // self.lanes_per_vector if merged else 0
            return Area(lutram=memory, ff=-shared * self.simd * self.x_bits)
        paired = self.pairs * self.simd
        single = self.products - 2 * paired
        return Area(lutram=memory, dsp=paired + single * mapping.multiplier_dsps(self.x_bits, self.w_bits))


@functools.cache
def _tree_bits(addends: int, width: int) -> int:
    """Bits of the adders that sum up ``addends`` of ``width`` bits in a tree."""
    tree = 0
    while addends > 1:
        tree, addends, width = tree + addends // 2 * (width + 1), -(-addends // 2), width + 1
    return tree


@dataclasses.dataclass(frozen=True)
class UnrolledMatVec(MatVec):
    """``krl_issue`` and a generated module of constants in the place of ``krl_matvec``."""

    weights: Unrolled = dataclasses.field(kw_only=True)

    library = "krl_issue"

    @property
    def latency(self) -> int:
        """Cycles from a vector being taken to ``result_tvalid``."""
        return self.weights.depth

    @property
    def input_lanes(self) -> int:
        """Elements of a beat: those of windows side by side are one vector."""
        return len(self.weights.kernel)

    @property
    def pairs(self) -> int:
        return 0

    def estimated(self) -> UnrolledMatVec:
        """The same without a search for its sums: what it takes at least."""
        weights = self.weights
        least = EstimatedUnrolled(weights.kernel, weights.low, weights.high, weights.steps)
        return dataclasses.replace(self, weights=least)

    def parameters(self) -> dict[str, int | str]:
        return {"LATENCY": self.latency, "CREDITS": self.credits}

    def counts(self) -> Counts:
        """``krl_issue``: a flag for every cycle of the latency, and a counter of free places."""
        return {"one": 1, "latency": self.latency, "credits": self.credits.bit_length()}

    def primitives(self) -> Area:
        """The adders of the constants, a LUT per bit."""
        return Area(lut=self.weights.luts, ff=self.weights.flip_flops)
