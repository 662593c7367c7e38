# SPDX-License-Identifier: Apache-2.0
"""The manifest of a design: what the tools that come after generation may rely on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from kerilog.manifest import Layer, Manifest, Stream
from kerilog.plan.design import Design, FifoStage, MatVecStage, Stage, Tensor
from kerilog.plan.operations import WindowedStage
from kerilog.plan.unrolled import UnrolledMatVec


def manifest(
    design: Design, sources: Iterable[str], model: Mapping[str, Any], extra: Mapping[str, Any]
) -> Manifest:
    """The manifest of ``design``.

    ``model`` names the file and its SHA-256, ``extra`` holds what ``show`` prints.
    """
    return Manifest(
        kerilog=version("kerilog"),
        name=design.name,
        top=design.name,
        scheme=design.scheme,
        model=model,
        sources=tuple(sources),
        memories=tuple(memory.file for memory in design.memories),
        input=_stream(design.input),
        output=_stream(design.output),
        frame_interval=design.cycles.frame_interval,
        latency=design.cycles.latency,
        multipliers=design.multipliers,
        layers=tuple(_layer(stage) for stage in design.stages),
        extra={"first_output": design.cycles.first_output, "macs": design.macs, **extra},
    )


def _stream(tensor: Tensor) -> Stream:
    return Stream(
        shape=tensor.shape,
        bits=tensor.bits,
        lanes=tensor.lanes,
        signed=True,
        scale=float(tensor.format.scales),
        zero_point=tensor.format.zero_point,
    )


def _layer(stage: Stage) -> Layer:
    extra: dict[str, Any] = {"layer": stage.layer, "output_shape": stage.output.shape}
    if isinstance(stage, FifoStage):
        extra |= {"depth": stage.depth, "peak": stage.peak}
    if isinstance(stage, WindowedStage):
        extra["windows"] = stage.vectors.windows
    if not isinstance(stage, MatVecStage):
        return Layer(stage.name, stage.kind, extra=extra)
    extra["weight_bits"] = stage.weights.depth * stage.weights.width
    extra["macs"] = stage.macs
    if isinstance(stage.matvec, UnrolledMatVec):
        graph = stage.matvec.graph
        extra["constants"] = {"adders": len(graph.sums), "adder_bits": graph.luts, "ff": graph.flip_flops}
    return Layer(
        stage.name, stage.kind, stage.matvec.pe, stage.matvec.simd, stage.matvec.acc_bits, extra=extra
    )
