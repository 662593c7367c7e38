# SPDX-License-Identifier: Apache-2.0
"""The manifest of a design or of an integer model: what later tools may rely on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import UNSET, UnsetType

from kerilog import area, frames, manifest
from kerilog.errors import Reason
from kerilog.exact.shift_add import AdderGraph
from kerilog.formats import ClassNumber, Format, Sign
from kerilog.hardware import design, loading, weights
from kerilog.hardware.design import Design, Stage
from kerilog.hardware.modules.loader import Loader
from kerilog.hardware.modules.requantize import AffineRequantizer, FixedRequantizer
from kerilog.hardware.room import AffineRoom, FixedRoom
from kerilog.hardware.sums import WeightedStage
from kerilog.manifest import (
    About,
    Area,
    IntegerManifest,
    Layer,
    Loadable,
    LoadedLayer,
    LoadedRequantizer,
    LoadedWeights,
    Manifest,
    Stream,
    Tensor,
)
from kerilog.qgraph import QGraph


def integer_manifest(graph: QGraph, about: About, name: str, reasons: Iterable[Reason]) -> IntegerManifest:
    """The manifest of the integer model ``graph`` alone, called ``name``; ``reasons`` for no hardware."""
    inputs = [node.name for node in graph.inputs]
    return IntegerManifest(
        **about.fields(),
        name=name,
        inputs=_tensors(graph, frames.input_names(graph), inputs),
        outputs=_tensors(graph, frames.output_names(graph), graph.outputs),
        no_hardware=tuple(manifest.Reason(layer=layer or None, reason=text) for layer, text in reasons),
    )


def _tensors(graph: QGraph, names: Iterable[str], nodes: Iterable[str]) -> tuple[Tensor, ...]:
    pairs = zip(names, nodes, strict=True)
    return tuple(_tensor(name, graph[node].shape, graph[node].format) for name, node in pairs)


def _tensor(name: str, shape: tuple[int, ...], format: Format) -> Tensor:
    return Tensor(
        name=name,
        shape=shape,
        bits=format.bits,
        signed=format.minimum < 0,
        scale=float(format.scales),
        zero_point=format.zero_point,
        kind=_kind(format),
        classes=format.classes if isinstance(format, ClassNumber) else UNSET,
    )


def _kind(format: Format) -> Literal["class", "sign"] | UnsetType:
    """What codes are that stand for no ``scale * (code - zero_point)``."""
    if isinstance(format, Sign):
        return "sign"
    return "class" if isinstance(format, ClassNumber) else UNSET


def design_manifest(
    design: Design,
    names: tuple[Sequence[str], Sequence[str]],
    sources: Iterable[str],
    about: About,
    digest: str | None = None,
) -> Manifest:
    """The manifest of ``design``; ``names`` are those of the inputs and of the outputs.

    ``digest``: the SHA-256 of the integer model, where the hardware tells it.
    """
    return Manifest(
        **about.fields(),
        name=design.name,
        top=design.name,
        sources=tuple(sources),
        memories=tuple(memory.file for memory in design.memories),
        inputs=_streams(names[0], design.inputs),
        outputs=_streams(names[1], design.outputs),
        frame_interval=design.cycles.frame_interval,
        latency=design.cycles.latency,
        first_output=design.cycles.first_output,
        multipliers=design.multipliers,
        constants=design.products - design.multipliers,
        macs=design.macs,
        goal=design.goal,
        device=design.device,
        predicted={"xc7": area_of(design)},
        register_borders=design.registered,
        reset=design.reset,
        control=design.control,
        integer_sha256=UNSET if digest is None else digest,
        loadable=_loadable(design),
        layers=layers_of(design, names[0]),
    )


def _loadable(design: Design) -> Loadable | UnsetType:
    """The memories that are loaded at run time, in their order."""
    if not design.stores:
        return UNSET
    stages = [stage for stage in design.stages if isinstance(stage, WeightedStage) and stage.stores]
    return Loadable(
        layout=f"{loading.layout(design):08x}",
        double_buffer=design.stores[0].banks == 2,
        words=Loader.of(design.stores).words,
        layers=tuple(_loaded_layer(stage) for stage in stages),
    )


def _loaded_layer(stage: WeightedStage) -> LoadedLayer:
    matvec, requantizer = stage.matvec, stage.requantizer
    assert isinstance(matvec.weights, weights.Loadable)
    assert isinstance(requantizer, AffineRequantizer | FixedRequantizer)
    memory, constants = matvec.weights.memory, requantizer.rom
    folding = {
        name: getattr(matvec, name) for name in LoadedWeights.__struct_fields__ if hasattr(matvec, name)
    }
    kind = AffineRoom if isinstance(requantizer, AffineRequantizer) else FixedRoom
    room = {field.name: getattr(requantizer, field.name) for field in dataclasses.fields(kind)}
    return LoadedLayer(
        layer=stage.layer,
        codes=matvec.weights.codes,
        weights=LoadedWeights(
            file=memory.file, depth=memory.depth, width=memory.width, bits=matvec.w_bits, **folding
        ),
        requantizer=LoadedRequantizer(
            file=constants.file,
            depth=constants.depth,
            width=constants.width,
            lanes=requantizer.lanes,
            **room,
        ),
    )


def area_of(design: Design) -> Area:
    """The predicted area of ``design`` on Xilinx 7-series."""
    found = area.of(design)
    return Area(
        lut=round(found.lut),
        lutram=round(found.lutram),
        ff=round(found.ff),
        bram18=found.bram18,
        dsp=found.dsp,
    )


def _streams(names: Sequence[str], ports: Sequence[design.Port]) -> tuple[Stream, ...]:
    """The tensors ``names`` at the ports of one side."""
    return tuple(
        manifest.stream(_tensor(name, port.tensor.shape, port.tensor.format), port.name, port.tensor.lanes)
        for name, port in zip(names, ports, strict=True)
    )


def layers_of(design: Design, names: Sequence[str] = ()) -> tuple[Layer, ...]:
    """What is told of the stages of ``design``, whose inputs are the tensors ``names``: what stands between
    two layers gives the tensor that it gets.
    """
    tensors = {port.stream: names[place] if names else "" for place, port in enumerate(design.inputs)}
    layers = []
    for stage in design.stages:
        tensor = tensors[stage.sources[0]] if stage.relays else stage.layer
        tensors |= dict.fromkeys(stage.streams, tensor)
        layers.append(_layer(stage, tensor))
    return tuple(layers)


def _layer(stage: Stage, tensor: str) -> Layer:
    facts = stage.facts
    return Layer(
        name=stage.name,
        kind=stage.kind,
        layer=stage.layer,
        output_shape=stage.output.shape,
        pe=facts.pe,
        simd=facts.simd,
        accumulator_bits=facts.accumulator_bits,
        weight_bits=facts.weight_bits,
        macs=None if facts.pe is None else facts.macs,
        windows=facts.windows,
        kept_rows=facts.kept_rows,
        depth=facts.depth,
        peak=facts.peak,
        tensor=tensor,
        lanes=stage.output.lanes,
        constants=_constants(facts.unrolled.graph) if facts.unrolled else None,
        signs=facts.signs,
    )


def _constants(graph: AdderGraph) -> manifest.Constants:
    return manifest.Constants(adders=len(graph.sums), adder_bits=graph.luts, ff=graph.flip_flops)
