# SPDX-License-Identifier: Apache-2.0
"""The networks of the golden designs: small ones that have every kind of stage between them."""

from __future__ import annotations

from collections.abc import Callable

from kerilog.qgraph import QAverage, QGraph, QMaximum, QMultiply, QSubtract
from support.branches import Branches
from support.moves import Moves
from support.networks import Chain


def affine() -> QGraph:
    """A padded convolution, an overlapping pool and two dense layers."""
    chain = Chain("golden_affine", "affine", (6, 5, 1), 11).conv(2, padding="same", name="conv2d")
    chain.pool((2, 2), name="max_pooling2d").flatten("flatten").dense(5, "dense")
    return chain.dense(3, "logits", relu=False).graph


def fixed() -> QGraph:
    """A pool first, lanes that have to be converted, a queue."""
    chain = Chain("golden_fixed", "fixed", (5, 6, 3), 12).pool((2, 3), (1, 2), "same", "max_pooling2d")
    return chain.conv(3, (2, 2), (2, 1), name="conv2d").flatten("flatten").dense(10, "logits").graph


def residual() -> QGraph:
    """An identity beside a convolution, a sum, a table, a depthwise convolution, both kinds of averages."""
    net = Branches("golden_residual", "affine", (4, 4, 2), 13)
    net.conv(2, padding="same", name="stem").conv(2, padding="same", name="conv2d", relu=False)
    net.add("stem").look_up().depthwise().average().conv(3, (1, 1), name="pointwise")
    return net.mean().dense(3, "logits", relu=False).graph


def signs() -> QGraph:
    """Binary weights with a scale for each channel, a convolution in groups, a dense layer."""
    net = Branches("golden_signs", "fixed", (4, 4, 2), 25, weight_bits=1, weight_scale="channel")
    net.conv(4, (2, 2), name="conv2d").depthwise((2, 2), groups=2, each=1).flatten("flatten")
    return net.dense(3, "logits", relu=False).graph


def one_bit() -> QGraph:
    """Signs times signs, padded and pooled, their thresholds, a dense layer."""
    chain = Chain("golden_one_bit", "fixed", (4, 4, 3), 26, bits=1, weight_bits=1)
    chain.conv(4, (3, 3), padding="same", name="conv2d").pool(name="pool").flatten("flatten")
    chain.bits = 8
    return chain.dense(3, "logits", relu=False).graph


def difference_of_four() -> QGraph:
    """A tensor with four users: a sum, a change of format, a difference."""
    net = Branches("golden_difference", "fixed", (4, 4, 2), 14)
    return net.conv(2, (1, 1), name="first").add("first").requantize().add("first", QSubtract).graph


def parallel() -> QGraph:
    """Windows side by side, weights as constants, beats of 3 that become beats of 2."""
    net = Branches("golden_parallel", "fixed", (4, 6, 2), 15)
    net.conv(3, (3, 3), padding="same", name="conv2d").pool((2, 2), name="max_pooling2d")
    return net.depthwise(groups=3, each=2).average((2, 1)).flatten("flatten").dense(6, "logits").graph


def inception() -> QGraph:
    """Three branches of different depth that are concatenated along the channels."""
    net = Branches("golden_inception", "affine", (4, 4, 2), 16)
    net.conv(2, (1, 1), name="stem").conv(3, padding="same", name="conv2d")
    net.at("stem").conv(1, (1, 1), name="pointwise").concatenate("conv2d", "stem")
    return net.mean().dense(3, "logits", relu=False).graph


def pairs() -> QGraph:
    """A product, the larger one of two, and the mean of two."""
    net = Branches("golden_pairs", "affine", (4, 4, 2), 17).conv(2, (1, 1), name="first", relu=False)
    net.conv(2, padding="same", name="second", relu=False).join("first", QMultiply)
    return net.join("second", QMaximum).add("first", QAverage).graph


def constants() -> QGraph:
    """A product with a constant for each channel, a table for each channel, a sum with one number."""
    net = Branches("golden_constants", "affine", (3, 4, 2), 18).conv(4, (1, 1), name="first", relu=False)
    net.join(net.constant((4,)), QMultiply).slopes(4)
    return net.add(net.constant(())).graph


def excite() -> QGraph:
    """A factor for each channel, out of the means of all."""
    net = Branches("golden_excite", "affine", (4, 4, 2), 19).conv(4, (1, 1), name="stem")
    net.mean().dense(4, "gate", relu=False).look_up().reshape((1, 1, 4)).broadcast((4, 4, 4))
    return net.join("stem", QMultiply).graph


def reading() -> QGraph:
    """Folded windows read out of rows in memory, of all channels and depthwise."""
    net = Branches("golden_reading", "affine", (4, 4, 8), 20).conv(8, padding="same", name="conv2d")
    return net.depthwise((3, 3)).mean().dense(3, "logits", relu=False).graph


def reading_apart() -> QGraph:
    """Pools that are read, a dilated convolution, one in groups."""
    net = Branches("golden_apart", "affine", (6, 6, 16), 23).pool((3, 3), (1, 1), "same", "max_pooling2d")
    net.conv(8, padding="same", name="conv2d", dilation=(2, 2)).depthwise(groups=2, each=4)
    return net.average((3, 3), (2, 2), "same").graph


def overlapping() -> QGraph:
    """A dense layer that works output by output behind one that works input by input."""
    chain = Chain("golden_overlapping", "affine", (8,), 22).dense(16, "hidden")
    return chain.dense(24, "logits", relu=False).graph


def pools() -> QGraph:
    """Windows that are held, one in every cycle."""
    net = Branches("golden_pools", "affine", (4, 4, 2), 24).average((2, 2), (1, 1), "same")
    return net.pool((2, 2), (1, 1)).graph


def moving() -> QGraph:
    """A part of an image, padded, with every pixel four times, and the largest of each channel."""
    net = Moves("golden_moving", "affine", (4, 4, 2), 21)
    return net.crop((0, 1, 0), (3, 4, 2)).pad(((1, 0), (0, 1))).repeat((2, 2)).largest().graph


def classes() -> QGraph:
    """The number of the largest of six scores, which come two at a time."""
    net = (
        Branches("golden_classes", "affine", (3, 4, 2), 23).conv(4, (1, 1), name="conv2d").flatten("flatten")
    )
    return net.dense(6, "logits", relu=False).classify().graph


def permuted() -> QGraph:
    """Rows and columns exchanged, and then channels and columns of each row."""
    net = Moves("golden_permuted", "affine", (3, 4, 2), 24).conv(4, (1, 1), name="conv2d")
    return net.permute(1, 0, 2).permute(0, 2, 1).conv(2, (1, 1), name="pointwise").graph


def resized() -> QGraph:
    """Twice and three times as large, between pixels, and smaller again, as each flavour rounds."""
    net = Moves("golden_resized", "affine", (3, 4, 2), 25).resize(6, 12).conv(3, (1, 1), name="conv2d")
    return net.resize(4, 5, "reference", corners=True).graph


NETWORKS: dict[str, tuple[Callable[[], QGraph], int]] = {
    "affine": (affine, 70),
    "fixed": (fixed, 30),
    "residual": (residual, 64),
    "signs": (signs, 64),
    "one_bit": (one_bit, 64),
    "difference": (difference_of_four, 32),
    "parallel": (parallel, 16),
    "inception": (inception, 96),
    "pairs": (pairs, 32),
    "constants": (constants, 24),
    "excite": (excite, 64),
    "reading": (reading, 5000),
    "apart": (reading_apart, 10000),
    "overlapping": (overlapping, 64),
    "pools": (pools, 20),
    "moving": (moving, 160),
    "classes": (classes, 24),
    "permuted": (permuted, 96),
    "resized": (resized, 160),
}
"""What makes the network, and the frame interval of its design."""
