# SPDX-License-Identifier: Apache-2.0
"""Float networks in the formats of a design: what fits, and what is refused by the name of its layer."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kerilog import storage
from kerilog.emit.describe import design_manifest
from kerilog.errors import ArgumentError, KerilogError
from kerilog.formats import Fixed
from kerilog.graph import Activation, Conv2D, Dense, Graph, Input, MaxPooling2D, Node, Reshape
from kerilog.hardware.loading import layout
from kerilog.integer.model import run_outputs
from kerilog.loading import comparison
from kerilog.loading.conversion import converted
from kerilog.loading.memories import memories_of
from kerilog.loading.words import MAGIC, file_of
from kerilog.manifest import Loadable
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph
from kerilog.quantize import Settings, calibrate, quantize
from kerilog.quantize.settings import LayerSettings
from kerilog.transforms import simplify
from support.loading import KINDS, with_weights

ALL = Goal(interval=60, control="axi-lite", loadable=("all",))
SCHEMES = ("fixed", "affine")


def network(seed: int, prefix: str = "", scale: float = 1.0) -> Graph:
    """A convolution, a pool, two dense layers and a softmax; layers begin with ``prefix``."""
    rng = np.random.default_rng(seed)

    def weights(*shape: int) -> Any:
        return (scale * rng.normal(0, 0.3, shape)).astype(np.float32)

    nodes = (
        Node("image", Input(), (), (6, 5, 1)),
        Node("conv", Conv2D(weights(3, 3, 1, 2), weights(2), activation="relu"), ("image",), (4, 3, 2)),
        Node("pool", MaxPooling2D((2, 1), (2, 1)), ("conv",), (2, 3, 2)),
        Node("flat", Reshape(), ("pool",), (12,)),
        Node("hidden", Dense(weights(12, 4), weights(4), activation="relu"), ("flat",), (4,)),
        Node("digit", Dense(weights(4, 3), weights(3)), ("hidden",), (3,)),
        Node("chances", Activation("softmax"), ("digit",), (3,)),
    )
    named = tuple(
        dataclasses.replace(
            node, name=prefix + node.name, inputs=tuple(prefix + name for name in node.inputs)
        )
        for node in nodes
    )
    return Graph("net", named, (f"{prefix}chances",))


def quantized(scheme: str, settings: Settings = Settings()) -> QGraph:  # noqa: B008 - frozen
    """The integers of the first network."""
    samples = np.random.default_rng(7).uniform(0, 1, (50, 6, 5, 1)).astype(np.float32)
    return quantize(calibrate(network(1), samples), scheme, settings=settings)


def roomy(scheme: str) -> Settings:
    """Binary points that leave weights and biases room."""
    return Settings(LayerSettings(weight_frac=5, bias_frac=5)) if scheme == "fixed" else Settings()


def loadable_of(graph: QGraph, goal: Goal = ALL) -> Loadable:
    """What the manifest of a design tells of the weights that it loads."""
    design = design_for(graph, goal)
    told: Any = {
        "schema": 1,
        "kerilog": "0",
        "scheme": graph.scheme,
        "model": {"file": "a", "sha256": "0" * 64},
        "bytes": {"float": 0, "integer": 0},
    }

    class About:
        def fields(self) -> dict[str, Any]:
            return told

    found = design_manifest(design, (["image"], ["digit"]), [], About(), None).loadable  # type: ignore[arg-type]
    assert isinstance(found, Loadable)
    assert found.layout == f"{layout(design):08x}"
    return found


def layers_of(loadable: Loadable) -> frozenset[str]:
    return frozenset(layer.layer for layer in loadable.layers)


def into(other: Graph, design: QGraph, loadable: Loadable) -> QGraph:
    """``other`` in the formats of ``design``, checked, its memories filled."""
    _, graph = converted(simplify(other), design, layers_of(loadable))
    comparison.check(design, graph, layers_of(loadable))
    list(memories_of(loadable, graph))
    return graph


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_model_itself_fits_its_design(scheme: str) -> None:
    design = quantized(scheme)
    found = into(network(1), design, loadable_of(design))
    codes = np.random.default_rng(2).integers(-128, 128, (20, 6, 5, 1))
    assert np.array_equal(run_outputs(found, codes)[0], run_outputs(design, codes)[0])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_layers_may_have_other_names(scheme: str) -> None:
    design = quantized(scheme, roomy(scheme))
    loadable = loadable_of(design)
    first, second = (into(network(3, prefix), design, loadable) for prefix in ("", "retrained_"))
    words = [file_of(memories_of(loadable, graph), 0) for graph in (first, second, design)]
    assert words[0] == words[1] != words[2]
    assert [node.name for node in second] == [node.name for node in design]


def test_the_file_is_words_with_a_checksum() -> None:
    design = quantized("affine")
    loadable = loadable_of(design)
    text = file_of(memories_of(loadable, design), int(loadable.layout, 16))
    words = np.frombuffer(text, "<u4").tolist()
    assert words[:3] == [MAGIC, int(loadable.layout, 16), loadable.words]
    assert len(words) == loadable.words + 4 and words[-1] == zlib.crc32(text[:-4])


def test_the_layout_is_of_what_is_not_loaded() -> None:
    """The same for other weights, another one for other formats, foldings and weights that stay."""
    design = quantized("fixed", roomy("fixed"))
    others = [with_weights(design, "drawn", 5), quantized("fixed")]
    assert loadable_of(others[0]).layout == loadable_of(design).layout
    conv = dataclasses.replace(ALL, loadable=("conv",))
    found = [
        loadable_of(design).layout,
        loadable_of(others[1]).layout,
        loadable_of(design, dataclasses.replace(ALL, interval=500)).layout,
        loadable_of(design, conv).layout,
        loadable_of(with_weights(design, "drawn", 5), conv).layout,
    ]
    assert len(set(found)) == len(found)


def wider(graph: Graph) -> Graph:
    """Another number of units."""
    nodes = list(graph.nodes)
    nodes[5] = Node("digit", Dense(np.ones((4, 5), np.float32), np.ones(5, np.float32)), ("hidden",), (5,))
    nodes[6] = dataclasses.replace(nodes[6], shape=(5,))
    return dataclasses.replace(graph, nodes=tuple(nodes))


def other_layer(graph: Graph) -> Graph:
    """A pool of the same shape with other strides."""
    nodes = list(graph.nodes)
    nodes[2] = Node("pool", MaxPooling2D((3, 1), (1, 1)), ("conv",), (2, 3, 2))
    return dataclasses.replace(graph, nodes=tuple(nodes))


def shorter(graph: Graph) -> Graph:
    """A layer less."""
    nodes = graph.nodes[:5]
    return dataclasses.replace(graph, nodes=nodes, outputs=("hidden",))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (wider, r"layer 'digit': expected 3, as layer 'digit' of the design gives, found 5"),
        (other_layer, r"layer 'pool': expected the pool size of the design, found another"),
        (shorter, r"expected the 6 layers of the design, found 5"),
    ],
)
def test_another_network_is_refused(change: Callable[[Graph], Graph], told: str) -> None:
    design = quantized("affine")
    with pytest.raises(KerilogError, match=told):
        into(change(network(2)), design, loadable_of(design))


def test_weights_beyond_the_format_are_refused_with_how_much() -> None:
    design = quantized("fixed")
    with pytest.raises(
        KerilogError, match=r"layer 'conv': expected weights of .* found up to .* times as large"
    ):
        into(network(2, scale=9), design, loadable_of(design))


def test_scales_beyond_the_room_are_refused() -> None:
    design = quantized("affine")
    with pytest.raises(KerilogError, match=r"layer 'conv': expected .* of the requantizer in the design's"):
        into(network(2, scale=900), design, loadable_of(design))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_weights_that_stay_must_be_the_same(scheme: str) -> None:
    design = quantized(scheme, roomy(scheme))
    loadable = loadable_of(design, dataclasses.replace(ALL, loadable=("conv", "hidden")))
    with pytest.raises(KerilogError, match=r"layer 'digit': expected the weights .* --loadable digit"):
        into(network(2, scale=0.9), design, loadable)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_sums_of_any_weights_fit(scheme: str, kind: Any) -> None:
    """The widths that are planned for the first weights hold those of all others."""
    first, other = quantized(scheme), with_weights(quantized(scheme), kind, 3)
    for one, two in zip(*(design_for(graph, ALL).stages for graph in (first, other)), strict=True):
        for module, same in zip(one.modules, two.modules, strict=True):
            if module.library in ("krl_matvec", "krl_serializer", "krl_requantize_fixed"):
                assert module.parameters() == same.parameters()


@pytest.mark.parametrize(
    ("goal", "told"),
    [
        (Goal(loadable=("all",)), r"loadable needs a bus: give control axi-lite"),
        (Goal(double_buffer=True), r"double_buffer is for loadable"),
        (
            dataclasses.replace(ALL, loadable=("pool",)),
            r"layer 'pool': has no weights to load; .*conv, hidden",
        ),
        (dataclasses.replace(ALL, unroll=("conv",)), r"layer 'conv': expected weights to load or to unroll"),
    ],
)
def test_what_cannot_be_asked_for(goal: Goal, told: str) -> None:
    with pytest.raises((ArgumentError, KerilogError), match=told):
        design_for(quantized("fixed"), goal)


def test_few_levels_are_refused_by_name() -> None:
    binary = quantized("fixed", Settings(LayerSettings(weight_bits=1)))
    with pytest.raises(KerilogError, match=r"layer 'conv': loading weights .* found weights in binary"):
        design_for(binary, ALL)


def test_what_is_loaded_does_not_depend_on_being_asked_for() -> None:
    """The integer model is the same file, with and without."""
    graph = quantized("fixed")
    before = storage.digest(graph)
    marked = design_for(graph, ALL)
    assert marked.stores and storage.digest(graph) == before
    assert marked.cycles == design_for(graph, dataclasses.replace(ALL, loadable=(), unroll=())).cycles
    assert isinstance(graph["conv"].op.kernel_format, Fixed)  # type: ignore[attr-defined]
