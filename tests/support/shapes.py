# SPDX-License-Identifier: Apache-2.0
"""Random networks with the shapes of real ones, on small images: deep, with branches over strides,
convolutions channel by channel, large pools and dense tails.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from kerilog.qgraph import QConv2D, QDense, QGraph
from support.branches import Branches

Block = Callable[[Branches, np.random.Generator], object]


def draw_deep(seed: int) -> tuple[QGraph, int]:
    """A network of 8 to 20 layers, and a frame interval for it that need not be reached."""
    rng = np.random.default_rng([seed, 9])
    side = int(rng.integers(8, 21))
    shape = side, int(np.clip(side + rng.integers(-3, 4), 6, 22)), int(rng.integers(1, 4))
    net = Branches(f"deep_{seed}", str(rng.choice(["affine", "fixed"])), shape, seed)
    _stem(net, rng)
    depth = int(rng.integers(8, 18))
    while len(net.nodes) < depth:
        block = BLOCKS[int(rng.integers(len(BLOCKS)))]
        block(net, rng)
    _tail(net, rng)
    return net.graph, _interval(net.graph, rng)


def _interval(graph: QGraph, rng: np.random.Generator) -> int:
    """With which a layer has a few multipliers on average."""
    weighted = [node for node in graph if isinstance(node.op, QConv2D | QDense)]
    macs = sum(int(math.prod(node.shape[:-1]) * node.op.kernel.size) for node in weighted)  # type: ignore[attr-defined]
    return max(16, int(macs / len(weighted) / np.exp(rng.uniform(0, 3.5))))


def _stem(net: Branches, rng: np.random.Generator) -> None:
    side = int(rng.choice([3, 3, 5]))
    strides = int(rng.integers(1, 3))
    net.conv(int(rng.integers(2, 7)), (side, side), (strides, strides), "same")
    if rng.random() < 0.3:
        net.pool((3, 3), (2, 2), str(rng.choice(["valid", "same"])))


def _filters(net: Branches, rng: np.random.Generator) -> int:
    """About as many as there are channels, or more."""
    return int(rng.integers(1, 3)) * max(2, net.here.shape[-1] + int(rng.integers(-1, 2)))


def _some(net: Branches, rng: np.random.Generator, filters: int) -> int:
    """No more channels than a small network has."""
    return min(filters, 12)


def _stride(net: Branches, rng: np.random.Generator) -> int:
    return int(rng.integers(1, 3)) if min(net.here.shape[:2]) > 3 else 1


def _plain(net: Branches, rng: np.random.Generator) -> None:
    stride = _stride(net, rng)
    net.conv(_some(net, rng, _filters(net, rng)), (3, 3), (stride, stride), "same")


def _pool(net: Branches, rng: np.random.Generator) -> None:
    if min(net.here.shape[:2]) < 4:
        return _plain(net, rng)
    if rng.random() < 0.5:
        net.pool((2, 2), name=f"pool_{len(net.nodes)}")
    else:
        net.average((2, 2))
    return None


def _identity(net: Branches, rng: np.random.Generator) -> None:
    """Two convolutions beside nothing."""
    start, channels = net.head, net.here.shape[-1]
    net.conv(channels, (3, 3), padding="same").conv(channels, (3, 3), padding="same", relu=False)
    _sum(net, rng, start)


def _strided(net: Branches, rng: np.random.Generator) -> None:
    """Two convolutions, the first with strides, beside one of 1 x 1 with the same strides."""
    start, filters, stride = net.head, _some(net, rng, _filters(net, rng)), _stride(net, rng)
    net.conv(filters, (3, 3), (stride, stride), "same").conv(filters, (3, 3), padding="same", relu=False)
    end = net.head
    net.at(start).conv(filters, (1, 1), (stride, stride), "same", relu=False)
    _sum(net, rng, end)


def _separable(net: Branches, rng: np.random.Generator) -> None:
    stride = _stride(net, rng)
    net.depthwise((3, 3), (stride, stride)).conv(_some(net, rng, _filters(net, rng)), (1, 1))


def _inverted(net: Branches, rng: np.random.Generator) -> None:
    """More channels, a convolution of each, as many channels as before, beside nothing."""
    start, channels = net.head, net.here.shape[-1]
    net.conv(_some(net, rng, 2 * channels), (1, 1)).depthwise().conv(channels, (1, 1), relu=False)
    net.add(start)


def _sum(net: Branches, rng: np.random.Generator, other: str) -> None:
    net.add(other)
    if rng.random() < 0.5:
        net.look_up()


BLOCKS: tuple[Block, ...] = (_plain, _pool, _identity, _strided, _separable, _separable, _inverted)


def _tail(net: Branches, rng: np.random.Generator) -> None:
    """The whole image into a vector, then dense layers."""
    match rng.integers(0, 3):
        case 0:
            net.mean()
        case 1:
            net.average(net.here.shape[:2]).flatten()
        case _:
            net.flatten()
    for _ in range(int(rng.integers(1, 4))):
        net.dense(int(rng.integers(2, 17)), relu=bool(rng.random() < 0.7))
