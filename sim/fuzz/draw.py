# SPDX-License-Identifier: Apache-2.0
"""Descriptions of networks, drawn by Hypothesis: JSON values that ``network`` makes models of.

A description is read leniently: a layer takes the tensor that it names modulo those there are, is given the
rank that it needs by a reshape, and has its windows cut to the image. So every list of layers is a network,
and Hypothesis may leave out or lessen whatever it likes while it shrinks a failure.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from kerilog import functions

Description = dict[str, Any]
Strategy = st.SearchStrategy[Any]

NAMES = ("", "conv 1", "module", "a-b.c", "x", "X", "s_axis", "krl_rom", "größe", "1st", "x" * 90)
FUNCTIONS = (
    "linear",
    "relu",
    "relu6",
    "sigmoid",
    *sorted({*functions.FUNCTIONS} - {"relu", "relu6", "sigmoid", "softmax", "bounded_relu", "gelu_tanh"}),
)
OF_TFLITE = (
    *("linear", "relu", "relu6", "sigmoid", "tanh", "elu", "gelu", "hard_silu", "leaky_relu", "exponential"),
)
"""Functions that TFLite has an operator for; its converter makes comparisons and choices of others."""
MOST_SIDE, MOST_CHANNELS = 9, 5
SELDOM = (False,) * 15 + (True,)  # what hardware is known not to have, so that most networks reach it

number = st.integers(-8, 8).map(lambda eighths: eighths / 4)
bit = st.booleans()
padding = st.sampled_from(["valid", "same"])
causal = st.sampled_from(["valid", "same", "causal"])
activation = st.one_of(
    st.just("linear"), st.sampled_from(["linear", "relu", "relu6"]), st.sampled_from(FUNCTIONS)
)
count = st.integers(1, MOST_CHANNELS)
rim = st.lists(st.integers(0, 2), min_size=4, max_size=4)
dilated = st.sampled_from(SELDOM).map(lambda is_so: 1 + is_so)


def pair(most: int) -> Strategy:
    """Two numbers from 1 to ``most``."""
    return st.lists(st.integers(1, most), min_size=2, max_size=2)


window: dict[str, Strategy] = {"size": pair(4), "strides": pair(3), "padding": padding}
of_image: dict[str, Strategy] = {**window, "bias": bit, "activation": activation}
line: dict[str, Strategy] = {"size": pair(4), "strides": pair(3), "padding": causal}
of_line: dict[str, Strategy] = {**line, "bias": bit, "activation": activation}
joined: dict[str, Strategy] = {"with": st.integers(0, 3), "broadcast": st.sampled_from([False, False, True])}

OPTIONS: dict[str, dict[str, Strategy]] = {
    "Conv2D": {**of_image, "filters": count, "groups": bit, "dilation": dilated},
    "DepthwiseConv2D": {**of_image, "multiplier": st.integers(1, 2), "dilation": dilated},
    "SeparableConv2D": {**of_image, "filters": count, "multiplier": st.integers(1, 2)},
    "Conv2DTranspose": {**of_image, "filters": count},
    "Conv1D": {**of_line, "filters": count, "groups": bit, "dilation": dilated},
    "DepthwiseConv1D": {**of_line, "multiplier": st.integers(1, 2)},
    "SeparableConv1D": {**of_line, "filters": count},
    "Conv1DTranspose": {**of_line, "filters": count},
    "Dense": {"units": st.integers(1, 12), "bias": bit, "activation": activation},
    "MaxPooling2D": window,
    "AveragePooling2D": window,
    "MaxPooling1D": {**window},
    "AveragePooling1D": {**window},
    "GlobalMaxPooling2D": {"keepdims": bit},
    "GlobalAveragePooling2D": {"keepdims": bit},
    "GlobalMaxPooling1D": {"keepdims": bit},
    "GlobalAveragePooling1D": {"keepdims": bit},
    "Add": {**joined, "operands": st.integers(2, 3)},
    "Subtract": joined,
    "Multiply": joined,
    "Average": joined,
    "Maximum": joined,
    "Minimum": joined,
    "Concatenate": {**joined, "operands": st.integers(2, 3), "axis": st.sampled_from(SELDOM)},
    "BatchNormalization": {},
    "Rescaling": {"scale": number, "offset": number},
    "Normalization": {},
    "Activation": {"function": st.sampled_from(FUNCTIONS)},
    "ReLU": {
        "most": st.sampled_from([None, 1.0, 6.0]),
        "slope": number.map(abs),
        "threshold": number.map(abs),
    },
    "LeakyReLU": {"slope": number.map(abs)},
    "ELU": {"alpha": number},
    "PReLU": {"shared": bit},
    "ZeroPadding2D": {"rim": rim},
    "ZeroPadding1D": {"rim": rim},
    "Cropping2D": {"rim": rim},
    "Cropping1D": {"rim": rim},
    "UpSampling2D": {"size": pair(3), "bilinear": bit},
    "UpSampling1D": {"size": pair(3)},
    "Flatten": {},
    "Reshape": {"order": st.integers(0, 5)},
    "Permute": {"order": st.integers(0, 5), "freely": st.sampled_from(SELDOM)},
    "Nothing": {"which": st.integers(0, 7)},
    "Again": {"which": st.integers(0, 3)},
    "Nested": {"filters": count, "activation": activation},
}
"""What is drawn of each kind of layer; those that are no class of Keras' are told in ``layers``."""

shape = st.one_of(
    st.tuples(st.integers(1, MOST_SIDE), st.integers(1, MOST_SIDE), st.integers(1, MOST_CHANNELS)),
    st.tuples(st.integers(1, 16), st.integers(1, MOST_CHANNELS)),
    st.tuples(st.integers(1, 24)),
).map(list)


def layer(kind: str) -> Strategy:
    """A layer of ``kind``, taking the last tensor or an earlier one."""
    source = st.one_of(st.just(0), st.just(0), st.integers(0, 4))
    named = st.one_of(st.just(""), st.sampled_from(NAMES))
    return st.fixed_dictionaries({"kind": st.just(kind), "from": source, "name": named, **OPTIONS[kind]})


bits = st.one_of(st.none(), st.integers(2, 16))
weights = st.one_of(
    st.fixed_dictionaries({"weight_bits": bits, "per_channel": st.sampled_from([None, True, False])}),
    st.fixed_dictionaries(
        {
            "weight_bits": st.sampled_from([1, "ternary"]),
            "weight_scale": st.sampled_from([None, "none", "channel"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "weight_bits": st.sampled_from([1, 1, "ternary", 5]),
            "activation_bits": st.just(1),
            "binary_padding": st.sampled_from([None, "+1", "-1"]),
        }
    ),
)
formats = st.builds(
    lambda kernel, others: others | kernel,
    weights,
    st.fixed_dictionaries(
        {
            "scheme": st.sampled_from(["affine", "fixed"]),
            "range": st.sampled_from([None, "minmax", "percentile", "mse", "entropy"]),
            "activation_bits": bits,
            "bias_bits": st.one_of(bits, st.just("accumulator")),
        }
    ),
)
tflite = st.fixed_dictionaries({"per_channel": bit, "ends": st.sampled_from(["int8", "uint8", "float32"])})
GOALS = ("none", "interval", "multipliers", "latency", "both", "device", "unroll")
controls = st.sampled_from(["none", "none", "none", "axi-lite"])
goal = st.fixed_dictionaries(
    {"kind": st.sampled_from(GOALS), "at": st.integers(0, 100), "register_borders": bit, "control": controls}
)


def networks(with_tflite: bool = True, kinds: tuple[str, ...] = tuple(OPTIONS)) -> Strategy:
    """Descriptions of networks of up to eight layers, of ``kinds``."""
    layers = st.lists(st.sampled_from(kinds).flatmap(layer), min_size=1, max_size=8)
    source = (
        st.one_of(formats, formats, tflite.map(lambda options: {"tflite": options}))
        if with_tflite
        else formats
    )
    return st.fixed_dictionaries(
        {
            "seed": st.integers(0, 99),
            "inputs": st.lists(shape, min_size=1, max_size=2),
            "layers": layers,
            "softmax": st.sampled_from([False, False, True]),
            "samples": st.sampled_from([*["normal", "positive"] * 10, "constant"]),
            "source": source,
            "goal": goal,
        }
    )
