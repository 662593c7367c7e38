# SPDX-License-Identifier: Apache-2.0
"""krl_matvec: streamed vectors and whole windows, folds that do not divide, one of everything, one credit."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

# one vector for all outputs
SHARED = table(
    "PE SIMD LANES BEATS_PER_VECTOR GROUPS CREDITS X_BITS W_BITS ACC_BITS",
    (1, 1, 1, 1, 1, 1, 8, 8, 24),
    (1, 1, 1, 1, 1, 12, 8, 8, 24),
    (4, 2, 2, 8, 2, 10, 8, 8, 24),
    (2, 4, 9, 1, 3, 12, 8, 8, 24),
    (3, 9, 9, 1, 1, 16, 8, 8, 20),
    (1, 3, 7, 1, 5, 2, 8, 8, 24),
    (2, 1, 4, 3, 2, 9, 8, 8, 24),
    (5, 1, 1, 16, 2, 1, 4, 2, 10),
    (2, 3, 5, 4, 3, 12, 16, 16, 37),
    (2, 2, 6, 1, 2, 12, 2, 3, 7),
)
# several vectors in a beat
OWN = table(
    "PE SIMD LANES BEATS_PER_VECTOR GROUPS OUTPUTS_PER_VECTOR OUTPUTS CREDITS X_BITS W_BITS ACC_BITS",
    # windows of a depthwise convolution, two groups of which the last is not full
    (3, 4, 9, 1, 2, 1, 5, 12, 8, 8, 24),
    # an average over all pixels, one running sum per channel
    (2, 1, 1, 7, 3, 1, 6, 12, 8, 2, 14),
    (1, 2, 2, 3, 4, 1, 4, 1, 5, 3, 12),
    (4, 3, 3, 1, 1, 1, 3, 12, 8, 8, 20),
    # two windows at a time for four filters, all at once and some filters at a time
    (8, 3, 5, 1, 1, 4, 8, 12, 8, 8, 20),
    (3, 2, 4, 1, 4, 6, 12, 12, 8, 8, 20),
    # a last group with a vector too few, and lanes that share in one group and not in the next
    (6, 2, 3, 2, 2, 3, 9, 12, 8, 8, 22),
    (4, 2, 3, 1, 3, 3, 12, 12, 8, 8, 22),
)
# matrices by turns: windows that are read again for each group of outputs, channels of a depthwise layer
TURNS = table(
    "PE SIMD LANES BEATS_PER_VECTOR GROUPS TURNS OUTPUTS_PER_VECTOR OUTPUTS CREDITS X_BITS W_BITS ACC_BITS",
    (2, 2, 2, 6, 1, 3, 2, 2, 12, 8, 8, 24),
    (3, 1, 1, 9, 1, 2, 1, 3, 3, 8, 8, 24),
    (1, 2, 3, 1, 2, 5, 2, 2, 12, 4, 4, 12),
    (2, 1, 1, 1, 1, 4, 2, 2, 1, 8, 8, 20),
)
# weights that are signs, of one bit and of two
SIGNS = table(
    "PE SIMD LANES BEATS_PER_VECTOR GROUPS TURNS OUTPUTS_PER_VECTOR OUTPUTS CREDITS X_BITS W_BITS ACC_BITS "
    "SIGNS",
    (2, 4, 9, 1, 3, 1, 6, 6, 12, 8, 1, 13, 1),
    (4, 2, 2, 8, 2, 1, 7, 7, 10, 8, 2, 13, 1),
    (1, 1, 1, 5, 1, 1, 1, 1, 2, 8, 1, 12, 1),
    # windows of a depthwise convolution, and others that are read by turns
    (3, 4, 9, 1, 2, 1, 1, 6, 12, 4, 1, 9, 1),
    (2, 2, 2, 6, 1, 3, 2, 2, 12, 8, 2, 13, 1),
    # elements that are signs, too, in places that no fold fills, streamed, of each channel, by turns
    (2, 4, 9, 1, 3, 1, 6, 6, 12, 1, 1, 6, 1),
    (4, 2, 2, 8, 2, 1, 8, 8, 10, 1, 1, 7, 1),
    (3, 4, 9, 1, 2, 1, 1, 6, 12, 1, 1, 6, 1),
    (2, 8, 8, 2, 1, 3, 2, 2, 12, 1, 1, 7, 1),
)
EDGES = [*SHARED, *OWN, *TURNS, *SIGNS]

BUGS = [
    Bug("issues without credit", "may_issue", "!ends_sum || credits != 0", "1'b1"),
    Bug("every product needs a credit", "may_issue", "!ends_sum || credits != 0", "credits != 0"),
    Bug(
        "issues only between results",
        "may_issue",
        "!ends_sum || credits != 0",
        "(!ends_sum || credits != 0) && !result_tvalid",
    ),
    Bug("every beat starts a sum", "starts_sum", "beat == 0 && fold == 0", "fold == 0"),
    Bug("every beat ends a sum", "ends_sum", "beat_is_last && fold_is_last", "fold_is_last"),
    Bug("issues without a beat", "issue", "s_axis_tvalid && may_issue", "may_issue"),
    Bug("control a cycle early", "DELAY", "5 + $clog2(SIMD)", "4 + $clog2(SIMD)"),
    Bug("one sum for all groups", "SUMS", "(BEATS_PER_VECTOR > 1) ? GROUPS : 1", "1"),
    Bug(
        "the address runs on",
        "address",
        "address_is_last ? 0 : address + 1'b1",
        "address + 1'b1",
    ),
    Bug("a matrix too few", "LAST_ADDRESS", "TURNS * STEPS - 1", "STEPS - 1"),
    Bug("always the first fold", "g_fold.share", "= fold", "= 0"),
    Bug("always the first group and fold", "g_group_and_fold.share", "= counter", "= 0"),
    Bug(
        "the share counter runs on",
        "counter",
        "(fold_is_last && group_is_last) ? 0 : counter + 1'b1",
        "counter + 1'b1",
    ),
    survives_reset("counter"),
    Bug("always the first vector", "g_used.shares", "(VECTOR*LANES+FROM)*X_BITS +:", "FROM*X_BITS +:"),
    Bug(
        "all lanes share a vector",
        "LANES_PER_VECTOR",
        "(PE % OUTPUTS_PER_VECTOR == 0) ? OUTPUTS_PER_VECTOR : 1",
        "(PE % OUTPUTS_PER_VECTOR == 0) ? OUTPUTS_PER_VECTOR : PE",
    ),
    Bug("unknown past the end of a beat", "g_pad.shares", "] = 0", "] = {(SIMD-HAS)*X_BITS{1'bx}}"),
    Bug("all lanes multiply the first vector", "X_AT", "(p / LANES_PER_VECTOR) * SIMD * X_BITS", "0"),
    Bug(
        "pairs across vectors",
        "g_pair",
        "PLACE % 2 == 0 && PLACE + 1 < LANES_PER_VECTOR",
        "p % 2 == 0 && p + 1 < PE",
    ),
    Bug("sums of signs one bit short", "SUM_BITS", ": (X_BITS == 1) ? 2 : 1", ": (X_BITS == 1) ? 1 : 0"),
    Bug("a credit too many", "credits", "result_taken && !spend", "result_taken"),
    Bug("a credit too few", "credits", "spend && !result_taken", "spend"),
    survives_reset("credits", "ALL_CREDITS[CREDIT_BITS-1:0]"),
    survives_reset("valid_pipe"),
    Bug("ready depends on valid", "s_axis_tready", "may_issue &&", "issue &&"),
    Bug("the last address is wrong", "weight_address", "= address", "= s_axis_tready ? 0 : address"),
    survives_reset("address"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    beats = rng.choice([1, 1, rng.randint(2, 10)])
    lanes = rng.randint(1, 12) if beats == 1 else rng.randint(1, 4)
    signs = rng.random() < 0.25
    x_bits, w_bits = rng.randint(2, 16), rng.randint(1, 2) if signs else rng.randint(2, 16)
    if w_bits == 1 and rng.random() < 0.5:
        x_bits = 1
    pe, groups = rng.randint(1, 5), rng.randint(1, 5)
    outputs = groups * pe - (rng.randrange(pe) if w_bits > 1 else 0)
    return {
        "PE": pe,
        "SIMD": rng.randint(1, lanes),
        "LANES": lanes,
        "BEATS_PER_VECTOR": beats,
        "GROUPS": groups,
        "TURNS": rng.choice([1, 1, 2, 3]),
        "OUTPUTS": outputs,
        "OUTPUTS_PER_VECTOR": rng.choice([n for n in range(1, outputs + 1) if outputs % n == 0]),
        "CREDITS": rng.choice([1, 2, 3, 20]),
        "X_BITS": x_bits,
        "W_BITS": w_bits,
        "ACC_BITS": rng.randint(4, x_bits + w_bits + 8),
        **({"SIGNS": 1} if signs else {}),
    }


test_krl_matvec, test_a_seeded_bug_is_caught = module_tests(
    "krl_matvec", EDGES, draw, BUGS, drawn=12, full=80
)
