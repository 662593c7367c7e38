# SPDX-License-Identifier: Apache-2.0
"""The whole way from a model file to a design's folder, step by step."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy.typing as npt
from msgspec import UNSET

from kerilog import floating, frames, frontend, measured, outputs, storage
from kerilog.data import NamedData, Request, intakes, load, shipped
from kerilog.data.source import Source
from kerilog.emit import control, describe, guide, verilog, writer
from kerilog.errors import ArgumentError, KerilogError, Reason, Unsupported
from kerilog.formats import IntArray
from kerilog.graph import Graph
from kerilog.hardware.design import Design
from kerilog.manifest import (
    FILE_NAME,
    SCHEMA,
    About,
    Accuracy,
    Bytes,
    IntegerManifest,
    Manifest,
    Model,
    Quality,
    Refined,
    Scaling,
)
from kerilog.measured import Measured
from kerilog.plan.goals import Goal, design_for
from kerilog.progress import Progress, silent
from kerilog.qgraph import QConv2D, QDense, QGraph
from kerilog.quality import heads
from kerilog.quantize import (
    OF_HARDWARE,
    Settings,
    calibrate,
    end_in_classes,
    passes_of,
    read_settings,
    strip_softmax,
)
from kerilog.refine import Quantized, refine
from kerilog.report import record
from kerilog.report.record import Record
from kerilog.scales import ROUNDINGS, Rounding
from kerilog.unused import SAMPLES, unused_by_keras, unused_by_tflite

WRITER = outputs.Writer("build", ("build", "report", "synth", "cpp"), (FILE_NAME, storage.FILE_NAME))
"""What later commands found out of a design goes with it; a hand-off, which stands alone, stays."""


@dataclasses.dataclass(frozen=True)
class Options:
    """What the user chose; see ``kerilog build --help``. ``given`` names what came from the command line."""

    scheme: str = "fixed"
    rounding: Rounding = "reference"
    data: Source | None = None
    labels: Path | None = None
    label: str | None = None
    samples: int = SAMPLES
    input_scale: float | None = None
    goal: Goal = Goal()  # noqa: RUF009 - frozen
    argmax: bool = False
    integer_only: bool = False
    force: bool = False
    name: str | None = None
    config: Path | None = None
    range: str | None = None
    weight_bits: int | Literal["ternary"] | None = None
    weight_scale: str | None = None
    activation_bits: int | None = None
    bias_bits: int | Literal["accumulator"] | None = None
    refine: tuple[str, ...] | None = None
    given: frozenset[str] = frozenset()

    def request(self, model: Path) -> Request:
        """Which data to use for the file ``model``: MNIST by default for the one that comes with Kerilog."""
        data = self.data
        if data is None and shipped.is_shipped(model):
            data = "mnist"
        return Request(data, self.labels, self.label, self.input_scale)

    def settings(self) -> Settings:
        """The file ``config``, its defaults replaced by what else is given. KerilogError if that is wrong."""
        read = Settings() if self.config is None else read_settings(self.config)
        if self.refine is not None:
            read = msgspec.structs.replace(read, refine=passes_of(self.refine))
        return read.with_default(
            range=self.range,
            weight_bits=self.weight_bits,
            weight_scale=self.weight_scale,
            activation_bits=self.activation_bits,
            bias_bits=self.bias_bits,
        )


@dataclasses.dataclass(frozen=True)
class _Network:
    """An integer network and what was measured; ``data`` says on which samples, None for none."""

    graph: QGraph
    original: Graph | None
    measured: Measured
    data: str | None = None
    warnings: tuple[str, ...] = ()
    scaling: Mapping[str, Scaling] = dataclasses.field(default_factory=dict)
    samples: guide.Samples | None = None
    refined: tuple[Refined, ...] = ()


def build(
    model: Path, target: Path, options: Options, progress: Progress = silent
) -> Manifest | IntegerManifest:
    """Read ``model``, quantize it, prove it on data, plan the hardware and write it all to ``target``.

    Where hardware does not support the network, or the options ask for no hardware, the integer model is
    written alone, and the result holds every reason; a goal is then not tried.
    Raises KerilogError for anything that the user can mend; ``target`` is then as it was before.
    """
    outputs.check(target, WRITER, options.force)
    if options.rounding not in ROUNDINGS:
        raise KerilogError(f"unknown rounding '{options.rounding}'; choose one of {', '.join(ROUNDINGS)}")
    if options.integer_only and options.goal != Goal():
        raise KerilogError("--integer-only plans no hardware: leave out the goal, or --integer-only")
    settings = options.settings()
    asked = options.goal
    goal = dataclasses.replace(
        asked,
        reset=asked.reset or settings.reset,
        control=asked.control or settings.control,
        loadable=asked.loadable or settings.loadable,
        double_buffer=asked.double_buffer or settings.double_buffer,
    )
    goal.check_loadable()
    if goal.control != "none":
        control.check()
    if settings.register_borders:
        goal = dataclasses.replace(goal, register_borders=True)
    progress("reading the model", None)
    source = Model(file=model.name, sha256=hashlib.sha256(_read(model)).hexdigest())
    network = _network(model, options, settings, progress)
    found = network.measured
    doubts = (*network.warnings, *found.warnings)
    told = about(
        network.graph,
        source,
        network.data,
        found.accuracies,
        doubts,
        network.scaling,
        found.quality,
        network.refined,
    )
    name = options.name or model.stem
    graph = ending(network.graph, network.original, options.argmax)
    if options.integer_only:
        return generate_model(graph, target, told, name, (), found.record, options.force)
    progress("planning the hardware", None)
    try:
        design = design_for(strip_softmax(graph), goal, name, progress)
    except Unsupported as error:
        reasons = error.reasons
        return generate_model(graph, target, told, name, reasons, found.record, options.force)
    return generate(graph, design, target, told, found.record, options.force, network.samples)


def ending(graph: QGraph, original: Graph | None, argmax: bool) -> QGraph:
    """``graph``, made of ``original``; with ``argmax`` it ends in classes where it has scores of them.

    Raises KerilogError where it has none.
    """
    if not argmax:
        return graph
    return end_in_classes(graph, [head.function for head in heads.heads(original, graph)])


def _network(model: Path, options: Options, settings: Settings, progress: Progress) -> _Network:
    """Read ``model`` and measure it; quantize it first unless it is in integers already."""
    loaded = frontend.load(model, options.rounding)
    if not isinstance(loaded, Graph):
        _refuse_settings(model, settings)
        return _given_network(loaded, model, options, progress)
    data = named_data_for(loaded, model, options)
    made = _quantized(loaded, data, options, settings, progress)
    labels = {name: some[: options.samples] for name, some in data.y_train.items()}
    found = measured.measure(loaded, made.graph, data.x_test, data.y_test, made.calibration, labels, progress)
    warnings = (*_warnings(data, options), *made.warnings)
    told, samples = _told(data), data.x_train
    return _Network(made.graph, loaded, found, told, warnings, data.scaling, samples, made.refined)


def _given_network(graph: QGraph, model: Path, options: Options, progress: Progress) -> _Network:
    """A network that came in integers, measured if there is data."""
    unused = tuple(unused_by_tflite(options.given, options.scheme, options.samples))
    request = options.request(model)
    if request.source is None:
        return _Network(graph, None, measured.nothing(graph), warnings=(*unused, *request.unused()))
    data = named_data_for(graph, model, options)
    found = measured.measure(None, graph, data.x_test, data.y_test, progress=progress)
    return _Network(graph, None, found, _told(data), (*unused, *data.warnings), data.scaling, data.x_train)


def _told(data: NamedData) -> str:
    """Which data it is, in one line."""
    return f"{data.source}, {data.note}" if data.note else data.source


def _warnings(data: NamedData, options: Options) -> tuple[str, ...]:
    """What is doubtful about the data of a float model, and which options have no effect on it."""
    available = floating.count(data.x_train)
    unused = unused_by_keras(options.given, options.scheme, options.rounding, options.samples, available)
    return (*unused, *data.warnings)


def about(
    graph: QGraph,
    model: Model,
    data: str | None = None,
    accuracies: Mapping[str, Accuracy] | None = None,
    warnings: tuple[str, ...] = (),
    scaling: Mapping[str, Scaling] | None = None,
    quality: Mapping[str, Quality] | None = None,
    refined: tuple[Refined, ...] = (),
) -> About:
    """What the manifest of ``graph`` tells, with hardware or without."""
    found = dict(accuracies or {})
    alone = found and len(graph.outputs) == 1
    return About(
        schema=SCHEMA,
        kerilog=version("kerilog"),
        scheme=graph.scheme,
        model=model,
        bytes=parameter_bytes(graph),
        data=UNSET if data is None else data,
        scaling=dict(scaling) if scaling else UNSET,
        accuracy=next(iter(found.values())) if alone else UNSET,
        accuracies=found or UNSET,
        quality=dict(quality) if quality else UNSET,
        refined=refined or UNSET,
        warnings=warnings,
    )


def integer_network(
    model: Path,
    options: Options,
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda _: None,
) -> QGraph:
    """The integer network of ``model`` up to its softmax, nothing else measured. Raises as ``build``.

    ``warn`` is called with each thing that is doubtful.
    """
    settings = options.settings()
    progress("reading the model", None)
    frontend.check_file(model)
    loaded = frontend.load(model, options.rounding)
    if not isinstance(loaded, Graph):
        _refuse_settings(model, settings)
        unused = unused_by_tflite(options.given, options.scheme, options.samples)
        for warning in (*unused, *options.request(model).unused()):
            warn(warning)
        return strip_softmax(loaded)
    data = named_data_for(loaded, model, options)
    for warning in _warnings(data, options):
        warn(warning)
    made = _quantized(loaded, data, options, settings, progress)
    for warning in made.warnings:
        warn(warning)
    return strip_softmax(made.graph)


def _refuse_settings(model: Path, settings: Settings) -> None:
    if settings.refine:
        raise KerilogError(f"{model}: refine: a TFLite file has its integers already; it is for Keras models")
    of_hardware = {name: getattr(settings, name) for name in OF_HARDWARE}
    if settings != Settings(**of_hardware):
        raise KerilogError(
            f"{model}: a TFLite file has its formats already; ranges and widths are for Keras models"
        )


def generate(
    graph: QGraph,
    design: Design,
    target: Path,
    told: About,
    measured: Record | None = None,
    force: bool = False,
    samples: guide.Samples | None = None,
) -> Manifest:
    """Write ``design``, its integer model and what was measured to the folder ``target``: all, or nothing.

    ``force``: replace what was changed or put there since. ``samples``: those of which the first ones become
    the vectors of the bench.
    """
    names = frames.input_names(graph), frames.output_names(graph)
    digest = None if design.control == "none" else storage.digest(graph)
    block = None if digest is None else control.of(design, told.kerilog, digest)
    sources = verilog.render(design, None if block is None else control.verilog(design, block))
    manifest = describe.design_manifest(design, names, sources, told, digest)
    vectors = guide.vectors_of(graph, design.cycles.frame_interval, samples)
    spoken = guide.files(manifest, vectors, () if block is None else block.registers)
    with outputs.folder(target, WRITER, force) as root:
        writer.write(sources | spoken, design, root)
        if block is not None:
            control.write(block, design.name, root)
        _save(graph, measured, manifest, root)
    return manifest


def generate_model(
    graph: QGraph,
    target: Path,
    told: About,
    name: str,
    reasons: tuple[Reason, ...],
    measured: Record | None = None,
    force: bool = False,
) -> IntegerManifest:
    """Write the integer model alone to ``target``, and in its manifest the ``reasons`` for no hardware."""
    manifest = describe.integer_manifest(graph, told, name, reasons)
    with outputs.folder(target, WRITER, force) as root:
        (root / "report").mkdir()
        _save(graph, measured, manifest, root)
    return manifest


def _save(graph: QGraph, measured: Record | None, manifest: About, root: Path) -> None:
    storage.save(graph, root / storage.FILE_NAME)
    if measured is not None:
        record.save(measured, root)
    (root / FILE_NAME).write_text(manifest.to_json(), encoding="ascii")


def _read(model: Path) -> bytes:
    """The file's bytes, after the checks that give the clearer messages."""
    frontend.check_file(model)
    try:
        return model.read_bytes()
    except OSError as error:
        raise KerilogError(f"{model}: cannot be read: {error.strerror or error}") from None


def named_data_for(graph: Graph | QGraph, model: Path, options: Options) -> NamedData:
    """The samples of every input and the labels of the outputs of ``graph``, read from the file ``model``."""
    shapes = {
        name: graph[node].shape for name, node in zip(frames.output_names(graph), graph.outputs, strict=True)
    }
    return load(options.request(model), intakes(graph), shapes)


def _quantized(
    graph: Graph, data: NamedData, options: Options, settings: Settings, progress: Progress
) -> Quantized:
    if options.samples < 1:
        raise ArgumentError("{0} must be at least 1, found {found}", "samples", found=options.samples)
    samples = floating.part(data.x_train, 0, options.samples)
    calibration = calibrate(graph, samples, progress)
    return refine(calibration, samples, options.scheme, options.rounding, settings, progress)


def codes_of(graph: QGraph, x: npt.NDArray[Any], kind: frames.Kind | None = None) -> IntArray:
    """Codes (frames, *shape) of the one input; see ``frames.codes_of``. Raises KerilogError for several."""
    if len(graph.inputs) != 1:
        raise KerilogError(f"{graph.name}: expected one input, found {len(graph.inputs)}")
    name = graph.inputs[0].name
    return frames.codes_of(graph, {name: x}, kind)[name]


def parameter_bytes(graph: QGraph) -> Bytes:
    """Bytes of all weights and biases, in float32 and in their integer formats."""
    before = after = 0
    for node in graph:
        if isinstance(node.op, (QConv2D, QDense)):
            before += 4 * (node.op.kernel.size + node.op.bias.size)
            bits = (
                node.op.kernel.size * node.op.kernel_format.bits
                + node.op.bias.size * node.op.bias_format.bits
            )
            after += -(-bits // 8)
    return Bytes(in_float=before, in_integers=after)
