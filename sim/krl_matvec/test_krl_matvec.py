# SPDX-License-Identifier: Apache-2.0
"""krl_matvec: streamed vectors and whole windows, folds that do not divide, one of everything, one credit."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {
        "PE": 1,
        "SIMD": 1,
        "LANES": 1,
        "BEATS": 1,
        "GROUPS": 1,
        "CREDITS": 1,
        "X_BITS": 8,
        "W_BITS": 8,
        "ACC_BITS": 24,
    },
    {
        "PE": 1,
        "SIMD": 1,
        "LANES": 1,
        "BEATS": 1,
        "GROUPS": 1,
        "CREDITS": 12,
        "X_BITS": 8,
        "W_BITS": 8,
        "ACC_BITS": 24,
    },
    {
        "PE": 4,
        "SIMD": 2,
        "LANES": 2,
        "BEATS": 8,
        "GROUPS": 2,
        "CREDITS": 10,
        "X_BITS": 8,
        "W_BITS": 8,
        "ACC_BITS": 24,
    },
    {
        "PE": 2,
        "SIMD": 4,
        "LANES": 9,
        "BEATS": 1,
        "GROUPS": 3,
        "CREDITS": 12,
        "X_BITS": 8,
        "W_BITS": 8,
        "ACC_BITS": 24,
    },
    {
        "PE": 3,
        "SIMD": 9,
        "LANES": 9,
        "BEATS": 1,
        "GROUPS": 1,
        "CREDITS": 16,
        "X_BITS": 8,
        "W_BITS": 8,
        "ACC_BITS": 20,
    },
    {
        "PE": 1,
        "SIMD": 3,
        "LANES": 7,
        "BEATS": 1,
        "GROUPS": 5,
        "CREDITS": 2,
        "X_BITS": 8,
        "W_BITS": 8,
        "ACC_BITS": 24,
    },
    {
        "PE": 2,
        "SIMD": 1,
        "LANES": 4,
        "BEATS": 3,
        "GROUPS": 2,
        "CREDITS": 9,
        "X_BITS": 8,
        "W_BITS": 8,
        "ACC_BITS": 24,
    },
    {
        "PE": 5,
        "SIMD": 1,
        "LANES": 1,
        "BEATS": 16,
        "GROUPS": 2,
        "CREDITS": 1,
        "X_BITS": 4,
        "W_BITS": 2,
        "ACC_BITS": 10,
    },
    {
        "PE": 2,
        "SIMD": 3,
        "LANES": 5,
        "BEATS": 4,
        "GROUPS": 3,
        "CREDITS": 12,
        "X_BITS": 16,
        "W_BITS": 16,
        "ACC_BITS": 37,
    },
    {
        "PE": 2,
        "SIMD": 2,
        "LANES": 6,
        "BEATS": 1,
        "GROUPS": 2,
        "CREDITS": 12,
        "X_BITS": 2,
        "W_BITS": 3,
        "ACC_BITS": 7,
    },
    # inputs of their own: windows of a depthwise convolution, two groups of which the last is not full
    {
        "PE": 3,
        "SIMD": 4,
        "LANES": 9,
        "BEATS": 1,
        "GROUPS": 2,
        "SHARERS": 1,
        "UNITS": 5,
        "CREDITS": 12,
        "X_BITS": 8,
        "W_BITS": 8,
        "ACC_BITS": 24,
    },
    # an average over all pixels, a running sum for each channel
    {
        "PE": 2,
        "SIMD": 1,
        "LANES": 1,
        "BEATS": 7,
        "GROUPS": 3,
        "SHARERS": 1,
        "UNITS": 6,
        "CREDITS": 12,
        "X_BITS": 8,
        "W_BITS": 2,
        "ACC_BITS": 14,
    },
    {
        "PE": 1,
        "SIMD": 2,
        "LANES": 2,
        "BEATS": 3,
        "GROUPS": 4,
        "SHARERS": 1,
        "UNITS": 4,
        "CREDITS": 1,
        "X_BITS": 5,
        "W_BITS": 3,
        "ACC_BITS": 12,
    },
    {
        "PE": 4,
        "SIMD": 3,
        "LANES": 3,
        "BEATS": 1,
        "GROUPS": 1,
        "SHARERS": 1,
        "UNITS": 3,
        "CREDITS": 12,
        "X_BITS": 8,
        "W_BITS": 8,
        "ACC_BITS": 20,
    },
    # two windows at a time for four filters, all at once and a run of filters at a time
    {
        "PE": 8,
        "SIMD": 3,
        "LANES": 5,
        "BEATS": 1,
        "GROUPS": 1,
        "SHARERS": 4,
        "UNITS": 8,
        "CREDITS": 12,
        "X_BITS": 8,
        "W_BITS": 8,
        "ACC_BITS": 20,
    },
    {
        "PE": 3,
        "SIMD": 2,
        "LANES": 4,
        "BEATS": 1,
        "GROUPS": 4,
        "SHARERS": 6,
        "UNITS": 12,
        "CREDITS": 12,
        "X_BITS": 8,
        "W_BITS": 8,
        "ACC_BITS": 20,
    },
    # a last group with a vector too few, and lanes that share in one group and not in the next
    {
        "PE": 6,
        "SIMD": 2,
        "LANES": 3,
        "BEATS": 2,
        "GROUPS": 2,
        "SHARERS": 3,
        "UNITS": 9,
        "CREDITS": 12,
        "X_BITS": 8,
        "W_BITS": 8,
        "ACC_BITS": 22,
    },
    {
        "PE": 4,
        "SIMD": 2,
        "LANES": 3,
        "BEATS": 1,
        "GROUPS": 3,
        "SHARERS": 3,
        "UNITS": 12,
        "CREDITS": 12,
        "X_BITS": 8,
        "W_BITS": 8,
        "ACC_BITS": 22,
    },
]

MUTATIONS = [
    ("!ends_sum || credits != 0", "1'b1"),
    ("!ends_sum || credits != 0", "credits != 0"),
    ("beat == 0 && fold == 0", "fold == 0"),
    ("beat_is_last && fold_is_last;", "fold_is_last;"),
    ("s_axis_tvalid && may_issue", "may_issue"),
    ("localparam DELAY = 5 + $clog2(SIMD);", "localparam DELAY = 4 + $clog2(SIMD);"),
    ("localparam SUMS = (BEATS > 1) ? GROUPS : 1;", "localparam SUMS = 1;"),
    ("(fold_is_last && group_is_last && beat_is_last) ? 0 : address + 1'b1", "address + 1'b1"),
    ("assign share = fold;", "assign share = 0;"),
    ("assign share = counter;", "assign share = 0;"),
    ("counter <= (fold_is_last && group_is_last) ? 0 : counter + 1'b1", "counter <= counter + 1'b1"),
    ("if (rst) counter <= 0;", "if (rst && counter === {SHARE_INDEX_BITS{1'bx}}) counter <= 0;"),
    ("(VECTOR*LANES+FROM)*X_BITS +:", "FROM*X_BITS +:"),
    ("(PE % SHARERS == 0) ? SHARERS : 1;", "(PE % SHARERS == 0) ? SHARERS : PE;"),
    ("+: (SIMD-HAS)*X_BITS] = 0;", "+: (SIMD-HAS)*X_BITS] = {(SIMD-HAS)*X_BITS{1'bx}};"),
    ("localparam X_AT = (p / RUN) * SIMD * X_BITS;", "localparam X_AT = 0;"),
    ("p % RUN % 2 == 0 && p % RUN + 1 < RUN", "p % 2 == 0 && p + 1 < PE"),
    ("else if (result_taken && !spend)", "else if (result_taken)"),
    ("if (spend && !result_taken)", "if (spend)"),
    (
        "      credits <= ALL_CREDITS[CREDIT_BITS-1:0];\n",
        "      if (credits === {CREDIT_BITS{1'bx}}) credits <= ALL_CREDITS[CREDIT_BITS-1:0];\n",
    ),
    ("      valid_pipe <= 0;\n", "      if (valid_pipe === {DELAY{1'bx}}) valid_pipe <= 0;\n"),
    ("assign s_axis_tready = may_issue &&", "assign s_axis_tready = issue &&"),
    ("assign weight_address = address;", "assign weight_address = s_axis_tready ? 0 : address;"),
    ("      address <= 0;\n", "      if (address === {ADDRESS_BITS{1'bx}}) address <= 0;\n"),
    ("!ends_sum || credits != 0", "(!ends_sum || credits != 0) && !result_tvalid"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    beats = rng.choice([1, 1, rng.randint(2, 10)])
    lanes = rng.randint(1, 12) if beats == 1 else rng.randint(1, 4)
    x_bits, w_bits = rng.randint(2, 16), rng.randint(2, 16)
    pe, groups = rng.randint(1, 5), rng.randint(1, 5)
    units = groups * pe - rng.randrange(pe)
    return {
        "PE": pe,
        "SIMD": rng.randint(1, lanes),
        "LANES": lanes,
        "BEATS": beats,
        "GROUPS": groups,
        "UNITS": units,
        "SHARERS": rng.choice([n for n in range(1, units + 1) if units % n == 0]),
        "CREDITS": rng.choice([1, 2, 3, 20]),
        "X_BITS": x_bits,
        "W_BITS": w_bits,
        "ACC_BITS": rng.randint(4, x_bits + w_bits + 8),
    }


@pytest.mark.parametrize("parameters", parameter_sets("krl_matvec", EDGES, draw, 12, 80))
def test_krl_matvec(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_matvec", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_matvec", EDGES, mutation)
