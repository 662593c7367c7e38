# SPDX-License-Identifier: Apache-2.0
"""From the layers of a description to those of Keras: one function for each kind of ``draw.OPTIONS``."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

Tensor = Any  # a symbolic tensor of Keras
Options = dict[str, Any]
MOST_ELEMENTS = 600  # of a tensor, so that a frame takes hundreds of cycles rather than thousands


class Net:
    """The tensors of a model in the making, and the layers that made them."""

    def __init__(self, keras: Any, inputs: Sequence[Tensor]) -> None:
        self.keras, self.layers = keras, keras.layers
        self.tensors = list(inputs)
        self.used: set[int] = set()  # ids of tensors that a layer has taken
        self.made: list[tuple[Any, tuple[int, ...]]] = []  # layers with the shape that each took
        self.names: set[str] = set()

    def source(self, place: int) -> Tensor:
        """The tensor ``place`` places from the last one, modulo those there are."""
        return self.tensors[-1 - place % len(self.tensors)]

    def name(self, options: Options) -> dict[str, str]:
        """The argument ``name`` as it was drawn, with a number where it is taken."""
        wanted = options.get("name", "")
        if not wanted:
            return {}
        free = (wanted if number == 0 else f"{wanted}_{number}" for number in itertools.count())
        chosen = next(name for name in free if name not in self.names)
        self.names.add(chosen)
        return {"name": chosen}

    def call(self, layer: Any, *sources: Tensor) -> Tensor:
        """What ``layer`` makes of ``sources``, which are used from now on."""
        self.used |= {id(source) for source in sources}
        if len(sources) == 1:
            self.made.append((layer, sizes(sources[0])))
            return layer(sources[0])
        return layer(list(sources))

    def of_rank(self, x: Tensor, rank: int) -> Tensor:
        """``x`` with so many axes beside that of frames, by a reshape where it has others."""
        now = sizes(x)
        if len(now) == rank:
            return x
        wanted = {
            1: (math.prod(now),),
            2: (now[0] * now[1], now[2]) if len(now) == 3 else (now[0], 1),
            3: (now[0], 1, now[1]) if len(now) == 2 else (1, 1, now[0]),
        }[rank]
        return self.call(self.layers.Reshape(wanted), x)


def sizes(x: Tensor) -> tuple[int, ...]:
    """The shape of a frame."""
    return tuple(int(size) for size in x.shape[1:])


def _window(x: Tensor, options: Options, rank: int) -> dict[str, Any]:
    """Size, strides and padding of windows that fit."""
    size = [min(*pair) for pair in zip(options["size"], sizes(x), strict=False)][:rank]
    strides = options["strides"][:rank]
    one = rank == 1
    return {
        "size": size[0] if one else tuple(size),
        "strides": strides[0] if one else tuple(strides),
        "padding": options["padding"],
    }


def _convolution(kind: str, rank: int) -> Callable[[Net, Tensor, Options], Tensor]:
    depthwise, separable = (word in kind for word in ("Depthwise", "Separable"))

    def make(net: Net, x: Tensor, options: Options) -> Tensor:
        found = _window(x, options, rank)
        if found["padding"] == "causal" and kind != "Conv1D":
            found["padding"] = "same"
        given: dict[str, Any] = {
            "kernel_size": found["size"],
            "strides": found["strides"],
            "padding": found["padding"],
        }
        if separable:  # Keras wants the same along both axes
            given["strides"] = found["strides"] if rank == 1 else (found["strides"][0],) * 2
        if kind == "DepthwiseConv2D":
            given["strides"] = (found["strides"][0],) * 2
        if options.get("dilation", 1) > 1:
            given |= {"dilation_rate": options["dilation"], "strides": 1, "padding": "same"}
        channels = sizes(x)[-1]
        if "multiplier" in options:
            given["depth_multiplier"] = options["multiplier"]
        if not depthwise:
            filters = options["filters"]
            if options.get("groups") and channels % 2 == 0:
                given["groups"] = 2
                filters = filters + filters % 2
            given["filters"] = filters
        given |= {"use_bias": options["bias"], "activation": options["activation"]}
        return net.call(getattr(net.layers, kind)(**given, **net.name(options)), x)

    return make


def _pooling(kind: str, rank: int) -> Callable[[Net, Tensor, Options], Tensor]:
    def make(net: Net, x: Tensor, options: Options) -> Tensor:
        found = _window(x, options, rank)
        layer = getattr(net.layers, kind)(
            found["size"], found["strides"], found["padding"], **net.name(options)
        )
        return net.call(layer, x)

    return make


def _global(kind: str) -> Callable[[Net, Tensor, Options], Tensor]:
    def make(net: Net, x: Tensor, options: Options) -> Tensor:
        return net.call(getattr(net.layers, kind)(keepdims=options["keepdims"], **net.name(options)), x)

    return make


def _partners(net: Net, x: Tensor, options: Options) -> list[Tensor]:
    """Tensors to join ``x`` with: of its shape, or one that is repeated to it."""
    now = sizes(x)

    def fits(other: tuple[int, ...]) -> bool:
        if options["broadcast"]:
            pairs = zip(now, other, strict=True) if len(other) == len(now) else ()
            return len(other) == len(now) and other != now and all(b in (1, a) for a, b in pairs)
        return other == now

    found = [tensor for tensor in net.tensors if fits(sizes(tensor))]
    if not found and options["broadcast"] and len(now) == 3:
        return [net.call(net.layers.GlobalAveragePooling2D(keepdims=True), x)]
    if len(found) > 1 or (found and options["broadcast"]):
        turn = options["with"] % len(found)
        return found[turn:] + found[:turn]
    if len(now) == 3:
        return [net.call(net.layers.DepthwiseConv2D(3, padding="same"), x)]
    return [net.call(net.layers.Activation("relu"), x)]


def _join(kind: str) -> Callable[[Net, Tensor, Options], Tensor]:
    def make(net: Net, x: Tensor, options: Options) -> Tensor:
        others = _partners(net, x, options)
        operands = 1 if options["broadcast"] else options.get("operands", 2) - 1
        chosen = [others[place % len(others)] for place in range(operands)]
        return net.call(getattr(net.layers, kind)(**net.name(options)), x, *chosen)

    return make


def _concatenate(net: Net, x: Tensor, options: Options) -> Tensor:
    others = _partners(net, x, {**options, "broadcast": False})
    chosen = [others[place % len(others)] for place in range(options["operands"] - 1)]
    axis = 1 if options["axis"] else -1
    return net.call(net.layers.Concatenate(axis=axis, **net.name(options)), x, *chosen)


def _dense(net: Net, x: Tensor, options: Options) -> Tensor:
    layer = net.layers.Dense(
        options["units"], use_bias=options["bias"], activation=options["activation"], **net.name(options)
    )
    return net.call(layer, x)


def _normalization(net: Net, x: Tensor, options: Options) -> Tensor:
    channels = sizes(x)[-1]
    mean = [place / 8 - 0.25 for place in range(channels)]
    variance = [0.5 + place / 4 for place in range(channels)]
    return net.call(net.layers.Normalization(axis=-1, mean=mean, variance=variance, **net.name(options)), x)


def _relu(net: Net, x: Tensor, options: Options) -> Tensor:
    most, slope, threshold = options["most"], options["slope"], options["threshold"]
    return net.call(net.layers.ReLU(most, slope, threshold, **net.name(options)), x)


def _prelu(net: Net, x: Tensor, options: Options) -> Tensor:
    axes = list(range(1, len(sizes(x)))) if options["shared"] else None
    return net.call(net.layers.PReLU(shared_axes=axes or None, **net.name(options)), x)


def _rim(kind: str, rank: int) -> Callable[[Net, Tensor, Options], Tensor]:
    """A rim put on, or taken off as far as something stays."""

    def make(net: Net, x: Tensor, options: Options) -> Tensor:
        rim = [tuple(options["rim"][2 * axis : 2 * axis + 2]) for axis in range(rank)]
        if kind.startswith("Cropping"):
            rim = [pair if sum(pair) < size else (0, 0) for pair, size in zip(rim, sizes(x), strict=False)]
        return net.call(
            getattr(net.layers, kind)(rim[0] if rank == 1 else tuple(rim), **net.name(options)), x
        )

    return make


def _up_sampling2d(net: Net, x: Tensor, options: Options) -> Tensor:
    way = "bilinear" if options["bilinear"] else "nearest"
    return net.call(
        net.layers.UpSampling2D(tuple(options["size"]), interpolation=way, **net.name(options)), x
    )


def _up_sampling1d(net: Net, x: Tensor, options: Options) -> Tensor:
    return net.call(net.layers.UpSampling1D(options["size"][0], **net.name(options)), x)


def _reshape(net: Net, x: Tensor, options: Options) -> Tensor:
    found = sizes(x)
    orders = sorted(set(itertools.permutations(found)))
    wanted = orders[options["order"] % len(orders)] if len(found) > 1 else (found[0], 1)
    return net.call(net.layers.Reshape(wanted, **net.name(options)), x)


def _permute(net: Net, x: Tensor, options: Options) -> Tensor:
    """Axes in another order: one in which only axes of size 1 move, unless ``freely``."""
    found = sizes(x)
    orders = [
        order
        for order in itertools.permutations(range(len(found)))
        if options["freely"]
        or [axis for axis in order if found[axis] > 1] == [a for a in range(len(found)) if found[a] > 1]
    ]
    chosen = orders[options["order"] % len(orders)]
    return net.call(net.layers.Permute([axis + 1 for axis in chosen], **net.name(options)), x)


def _nothing(net: Net, x: Tensor, options: Options) -> Tensor:
    """A layer that does nothing at inference."""
    layers, image = net.layers, len(sizes(x)) == 3
    choices = [
        lambda name: layers.Dropout(0.5, **name),
        lambda name: layers.GaussianNoise(0.1, **name),
        lambda name: layers.Identity(**name),
        lambda name: layers.ActivityRegularization(0.1, **name),
    ]
    if image:
        choices += [
            lambda name: layers.SpatialDropout2D(0.5, **name),
            lambda name: layers.RandomFlip(**name),
            lambda name: layers.Resizing(*sizes(x)[:2], **name),
            lambda name: layers.RandomZoom(0.1, **name),
        ]
    return net.call(choices[options["which"] % len(choices)](net.name(options)), x)


def _again(net: Net, x: Tensor, options: Options) -> Tensor:
    """A layer that was used before; as it is if none takes this shape."""
    fitting = [layer for layer, shape in net.made if shape == sizes(x) and layer.weights]
    if not fitting:
        return x
    return net.call(fitting[options["which"] % len(fitting)], x)


def _nested(net: Net, x: Tensor, options: Options) -> Tensor:
    """A model within the model."""
    layers = net.layers
    inner = [
        layers.Input(sizes(x)),
        layers.Conv2D(options["filters"], 1, activation=options["activation"]),
        layers.BatchNormalization(),
    ]
    return net.call(net.keras.Sequential(inner, **net.name(options)), x)


def _plain(kind: str, **renamed: str) -> Callable[[Net, Tensor, Options], Tensor]:
    """A layer whose arguments are the options, under Keras' names for them."""

    def make(net: Net, x: Tensor, options: Options) -> Tensor:
        given = {keras: options[own] for own, keras in renamed.items()}
        return net.call(getattr(net.layers, kind)(**given, **net.name(options)), x)

    return make


IMAGE, LINE, FLAT, ANY = 3, 2, 1, 0
MAKERS: dict[str, tuple[int, Callable[[Net, Tensor, Options], Tensor]]] = {
    **{
        kind: (IMAGE, _convolution(kind, 2))
        for kind in ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose")
    },
    **{
        kind: (LINE, _convolution(kind, 1))
        for kind in ("Conv1D", "DepthwiseConv1D", "SeparableConv1D", "Conv1DTranspose")
    },
    "Dense": (FLAT, _dense),
    **{kind: (IMAGE, _pooling(kind, 2)) for kind in ("MaxPooling2D", "AveragePooling2D")},
    **{kind: (LINE, _pooling(kind, 1)) for kind in ("MaxPooling1D", "AveragePooling1D")},
    **{kind: (IMAGE, _global(kind)) for kind in ("GlobalMaxPooling2D", "GlobalAveragePooling2D")},
    **{kind: (LINE, _global(kind)) for kind in ("GlobalMaxPooling1D", "GlobalAveragePooling1D")},
    **{kind: (ANY, _join(kind)) for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")},
    "Concatenate": (ANY, _concatenate),
    "BatchNormalization": (ANY, _plain("BatchNormalization")),
    "Rescaling": (ANY, _plain("Rescaling", scale="scale", offset="offset")),
    "Normalization": (ANY, _normalization),
    "Activation": (ANY, _plain("Activation", function="activation")),
    "ReLU": (ANY, _relu),
    "LeakyReLU": (ANY, _plain("LeakyReLU", slope="negative_slope")),
    "ELU": (ANY, _plain("ELU", alpha="alpha")),
    "PReLU": (ANY, _prelu),
    "ZeroPadding2D": (IMAGE, _rim("ZeroPadding2D", 2)),
    "ZeroPadding1D": (LINE, _rim("ZeroPadding1D", 1)),
    "Cropping2D": (IMAGE, _rim("Cropping2D", 2)),
    "Cropping1D": (LINE, _rim("Cropping1D", 1)),
    "UpSampling2D": (IMAGE, _up_sampling2d),
    "UpSampling1D": (LINE, _up_sampling1d),
    "Flatten": (ANY, _plain("Flatten")),
    "Reshape": (ANY, _reshape),
    "Permute": (ANY, _permute),
    "Nothing": (ANY, _nothing),
    "Again": (ANY, _again),
    "Nested": (IMAGE, _nested),
}
"""The axes beside that of frames that each kind takes, and what makes it."""
GROWING = (
    "UpSampling2D",
    "UpSampling1D",
    "ZeroPadding2D",
    "ZeroPadding1D",
    "Conv2DTranspose",
    "Conv1DTranspose",
)


def append(net: Net, options: Options) -> None:
    """Append the layer that ``options`` describe; nothing where it would grow a large tensor."""
    rank, make = MAKERS[options["kind"]]
    x = net.source(options["from"])
    if options["kind"] in GROWING and 9 * math.prod(sizes(x)) > MOST_ELEMENTS:
        return
    made = make(net, x if rank == ANY else net.of_rank(x, rank), options)
    if made is not x:
        net.tensors.append(made)
