# SPDX-License-Identifier: Apache-2.0
"""What a user may choose about number formats, for the whole network and for single layers."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

from kerilog import typed
from kerilog.errors import KerilogError
from kerilog.graph import Activation, BinaryPadding, Conv2D, Dense, DepthwiseConv2D, Graph, Node
from kerilog.manifest import ControlBus, Reset
from kerilog.names import either, named
from kerilog.quantize.owners import KEEPS_FORMAT
from kerilog.tables import PRESCRIBED

AffineRange = Literal["minmax", "percentile", "mse", "entropy"]
FixedRange = Literal["minmax", "percentile", "mse", "entropy", "msb"]
AFFINE_RANGES: tuple[str, ...] = get_args(AffineRange)
FIXED_RANGES: tuple[str, ...] = get_args(FixedRange)
RANGES = {"affine": AFFINE_RANGES, "fixed": FIXED_RANGES}
# Over networks with batch normalization, "percentile" keeps the most answers of the float network.
DEFAULT_RANGE = {"affine": "percentile", "fixed": "mse"}
ACCUMULATOR: Literal["accumulator"] = "accumulator"
TERNARY: Literal["ternary"] = "ternary"
MIN_BITS, MAX_BITS = 2, 16
MAX_FRAC = 64

Bits = Annotated[int, Meta(ge=MIN_BITS, le=MAX_BITS)]
ActivationBits = Annotated[int, Meta(ge=1, le=MAX_BITS)]
WeightBits = Annotated[int, Meta(ge=1, le=MAX_BITS)] | Literal["ternary"]
WeightScale = Literal["none", "channel"]
RefinePass = Literal["equalize", "learn-rounding", "correct-bias"]
REFINE_PASSES: tuple[RefinePass, ...] = get_args(RefinePass)  # in the order in which they work
Frac = Annotated[int, Meta(ge=-MAX_FRAC, le=MAX_FRAC)]

OF_HARDWARE = ("register_borders", "reset", "control", "loadable", "double_buffer")
"""The settings that are not about numbers."""
_WEIGHT_KEYS = ("weight_bits", "bias_bits", "weight_frac", "bias_frac", "per_channel", "weight_scale")
_ACTIVATION_KEYS = ("activation_bits", "frac", "range", "percentile")
_AFFINE_KEYS = ("range", "percentile")


class LayerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Choices for one layer, or for all; None leaves it to the default.

    activation_bits: 1 for +1 and -1 times a power of two, or 2..16; ``fixed`` only, as all but ``range`` and
        ``percentile``. As the default 1 is for the results of convolutions and dense layers that are no
        outputs; others keep 8.
    weight_bits: 1 for weights +1 and -1, "ternary" for those and 0, or 2..16.
    bias_bits: 2..16, or "accumulator" for the precision of the sums that the bias joins.
    frac, weight_frac, bias_frac: binary points of the output, the weights and the bias, -64..64.
    range: how the format of the output follows from what was observed, see ``kerilog.quantize.ranges``.
    percentile: the part of the values, in percent, that range "percentile" covers on either side; 50..100.
    per_channel: a binary point of its own for the weights of each output channel.
    weight_scale: what weights of 1 bit and ternary ones are multiplied by: "none", a power of two for the
        layer, or "channel", a number of 8 bits for each output channel. Others have no such scale.
    binary_padding: what stands around the input of a convolution where that has 1 bit: "+1" or "-1", times
        its scale, or "none": nothing that would add to a sum.

    Raises KerilogError for a value of another type or out of its range.
    """

    weight_bits: WeightBits | None = None
    activation_bits: ActivationBits | None = None
    bias_bits: Bits | Literal["accumulator"] | None = None
    frac: Frac | None = None
    weight_frac: Frac | None = None
    bias_frac: Frac | None = None
    range: FixedRange | None = None
    percentile: Annotated[float, Meta(gt=50, le=100)] | None = None
    per_channel: bool | None = None
    weight_scale: WeightScale | None = None
    binary_padding: BinaryPadding | None = None

    def __post_init__(self) -> None:
        for key, value in self.chosen():
            typed.check_value(value, _HINTS[key], key, typed.TOML)

    def chosen(self) -> Iterator[tuple[str, Any]]:
        """Names and values of the fields that are set."""
        for key in self.__struct_fields__:
            value = getattr(self, key)
            if value is not None:
                yield key, value

    @property
    def few_levels(self) -> bool:
        """Whether weights are +1, -1 and perhaps 0, times a scale."""
        return self.weight_bits in (1, TERNARY)

    def over(self, other: LayerSettings) -> LayerSettings:
        """These choices, and those of ``other`` where there are none."""
        return msgspec.structs.replace(other, **dict(self.chosen()))


_HINTS = get_type_hints(LayerSettings, include_extras=True)


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """``default`` holds for every layer, ``layers`` by name for single ones.

    ``register_borders``: hardware has a register slice at every stream of its border. ``reset``: the level
    that resets it. ``control``: the bus of its control block; ``loadable``: the layers whose weights it loads
    at run time, "all" for all of them, and ``double_buffer``: whether there are two sets of these.
    ``refine``: what is done to weights and biases before they are rounded, in any order, see
    ``kerilog.refine``.
    """

    default: LayerSettings = LayerSettings()
    layers: dict[str, LayerSettings] = {}
    register_borders: bool = False
    reset: Reset = "active-high"
    control: ControlBus = "none"
    loadable: tuple[str, ...] = ()
    double_buffer: bool = False
    refine: tuple[RefinePass, ...] = ()

    def of(self, name: str) -> LayerSettings:
        """The choices for layer ``name``."""
        return self.layers[name].over(self.default) if name in self.layers else self.default

    def with_default(self, **values: Any) -> Settings:
        """These settings, with those of ``values`` that are not None as defaults; see ``LayerSettings``."""
        return msgspec.structs.replace(self, default=LayerSettings(**values).over(self.default))

    @property
    def own(self) -> frozenset[str]:
        """The layers whose output format was chosen for them."""
        return frozenset(
            name
            for name, layer in self.layers.items()
            if any(key in _ACTIVATION_KEYS for key, _ in layer.chosen())
        )

    def check(self, graph: Graph, scheme: str, absorbed: Collection[str] = ()) -> None:
        """Hold the settings against simplified ``graph``, whose layers ``absorbed`` became parts of others.

        Raises KerilogError for a layer that is not there, with the nearest name, and for a choice that the
        scheme or the layer does not have.
        """
        _check_scheme("", self.default, scheme)
        nodes = {node.name: node for node in graph}
        for name, layer in self.layers.items():
            if name not in nodes:
                raise KerilogError(_missing(name, nodes, absorbed))
            _check_scheme(f"layer '{name}': ", layer, scheme)
            _check_layer(nodes[name], layer, scheme)
            _check_levels(f"layer '{name}': ", layer, self.of(name))
        if not any(layer.few_levels for layer in self.layers.values()):
            _check_levels("", self.default, self.default)


def passes_of(words: object) -> tuple[RefinePass, ...]:
    """``words``, one name of a pass or several in any order, in the order in which they work; "none" alone
    is no pass.

    Raises KerilogError for what is no name of a pass.
    """
    names = [words] if isinstance(words, str) else list(words) if isinstance(words, Iterable) else [words]
    if names == ["none"]:
        return ()
    for name in names:
        if name not in REFINE_PASSES:
            raise KerilogError(f"refine: unknown pass {name!r}; choose of {', '.join(REFINE_PASSES)}")
    return tuple(one for one in REFINE_PASSES if one in names)


def read_settings(path: Path) -> Settings:
    """Settings from a TOML file: a table ``[default]`` and a table ``[layers."NAME"]`` for each layer.

    Raises KerilogError when the file cannot be read or holds anything that is no setting.
    """
    try:
        tables = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise KerilogError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise KerilogError(f"{path}: is no TOML: {error}") from None
    return typed.checked(tables, Settings, path, typed.TOML)


def toml_of(settings: Settings) -> str:
    """``settings`` as text that ``read_settings`` reads; what is as by default is left out."""
    whole = {
        key: value
        for key, value in msgspec.to_builtins(settings).items()
        if key not in ("default", "layers") and value != msgspec.to_builtins(getattr(Settings(), key))
    }
    tables = [("", whole), ("[default]", dict(settings.default.chosen()))]
    tables += [
        (f"[layers.{_toml_text(name)}]", dict(layer.chosen())) for name, layer in settings.layers.items()
    ]
    blocks = []
    for head, values in tables:
        lines = [head] if head else []
        lines += [f"{key} = {_toml_value(value)}" for key, value in values.items()]
        if values:
            blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _toml_value(value: Any) -> str:
    if isinstance(value, str):
        return _toml_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml_value, value))}]"
    return repr(value)


def _toml_text(text: str) -> str:
    """A basic string: TOML's escapes are those of JSON, which leaves DEL as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _missing(name: str, nodes: Collection[str], absorbed: Collection[str]) -> str:
    problem = "is folded into another layer" if name in absorbed else "is not in the model"
    found = named(name, nodes)
    nearest = f"the nearest is '{typed.nearest(name, nodes)}'"
    hint = f"it could be {either(found)}" if len(found) > 1 else nearest
    return f"settings: layer '{name}' {problem}; {hint}"


def _check_scheme(where: str, layer: LayerSettings, scheme: str) -> None:
    for key, value in layer.chosen():
        if scheme == "affine" and key not in _AFFINE_KEYS:
            raise KerilogError(f"{where}{key}: is for the scheme fixed; affine has the formats of TFLite")
        if key == "range" and value not in RANGES[scheme]:
            known = ", ".join(RANGES[scheme])
            raise KerilogError(f"{where}range: expected one of {known} for {scheme}, found '{value}'")


def _check_levels(where: str, layer: LayerSettings, whole: LayerSettings) -> None:
    """Choices of ``layer`` that its weights, by the ``whole`` of what holds for it, cannot have."""
    if layer.weight_scale and not whole.few_levels:
        raise KerilogError(
            f"{where}weight_scale: is for weights of 1 bit and ternary ones, found weights of "
            f"{whole.weight_bits or 8} bits; per_channel gives those a binary point for each channel"
        )
    if not whole.few_levels:
        return
    name = "ternary weights" if whole.weight_bits == TERNARY else "weights of 1 bit"
    if layer.per_channel or (layer.few_levels and whole.per_channel):
        raise KerilogError(f"{where}per_channel: {name} have none; weight_scale 'channel' gives them a scale")
    if whole.weight_scale == "channel" and whole.weight_frac is not None:
        raise KerilogError(f"{where}weight_frac: {name} with a scale for each channel have no binary point")


def _check_layer(node: Node, layer: LayerSettings, scheme: str) -> None:
    """A choice without an effect is a mistake."""
    for key, _ in layer.chosen():
        if key in _WEIGHT_KEYS and not isinstance(node.op, Conv2D | DepthwiseConv2D | Dense):
            raise KerilogError(f"layer '{node.name}': {key}: {node.op.kind} has no weights")
        if key == "binary_padding" and not isinstance(node.op, Conv2D | DepthwiseConv2D):
            raise KerilogError(f"layer '{node.name}': {key}: is for convolutions, found {node.op.kind}")
        if key not in _ACTIVATION_KEYS:
            continue
        if isinstance(node.op, KEEPS_FORMAT):
            raise KerilogError(
                f"layer '{node.name}': {key}: {node.op.kind} has the format of its input; choose it there"
            )
        function = node.op.function if isinstance(node.op, Activation) else None
        if function == "softmax" or (function in PRESCRIBED and scheme == "affine"):
            raise KerilogError(f"layer '{node.name}': {key}: a {function} has no format to choose")
