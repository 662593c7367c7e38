# SPDX-License-Identifier: Apache-2.0
"""The whole way from a model file to a design's folder, step by step."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from kerilog import floating, frontend, outputs, storage
from kerilog.data import Dataset, load_dataset
from kerilog.emit import describe, verilog, writer
from kerilog.errors import KerilogError, Unsupported
from kerilog.formats import IntArray
from kerilog.graph import Graph
from kerilog.hardware.design import Design
from kerilog.integer.model import run
from kerilog.manifest import FILE_NAME, NO_HARDWARE, Manifest
from kerilog.plan.goals import Goal, design_for
from kerilog.progress import Progress, silent
from kerilog.qgraph import QConv2D, QDense, QGraph
from kerilog.quantize import (
    Calibration,
    Settings,
    calibrate,
    naive,
    quantize,
    read_settings,
    strip_softmax,
)
from kerilog.report import record
from kerilog.report.record import Record
from kerilog.scales import ROUNDINGS, Rounding

CONTENTS = (FILE_NAME, storage.FILE_NAME, "rtl", "rom", "report", "sim", "vivado")
"""What a design's folder holds, the work of later commands included; a new build replaces it all."""
_BATCH = 500


@dataclasses.dataclass(frozen=True)
class Options:
    """What the user chose; see ``kerilog build --help``."""

    scheme: str = "fixed"
    rounding: Rounding = "reference"
    data: Path | None = None
    samples: int = 1000
    input_scale: float | None = None
    goal: Goal = Goal()  # noqa: RUF009 - frozen
    name: str | None = None
    config: Path | None = None
    range: str | None = None
    weight_bits: int | None = None
    activation_bits: int | None = None
    bias_bits: int | Literal["accumulator"] | None = None

    def settings(self) -> Settings:
        """The file ``config``, its defaults replaced by what else is given. KerilogError if that is wrong."""
        read = Settings() if self.config is None else read_settings(self.config)
        return read.with_default(
            range=self.range,
            weight_bits=self.weight_bits,
            activation_bits=self.activation_bits,
            bias_bits=self.bias_bits,
        )


@dataclasses.dataclass(frozen=True)
class Accuracy:
    """Share of test samples whose largest output is the right one, of three networks.

    The ``original`` in float, the ``integer`` one, and the ``naive`` one with one Q1.7 format for every
    tensor.
    """

    samples: int
    original: float
    integer: float
    naive: float


def build(model: Path, target: Path, options: Options, progress: Progress = silent) -> Manifest | str:
    """Read ``model``, quantize it, prove it on data, plan the hardware and write it all to ``target``.

    Where the hardware does not take an operation yet and no goal is given, the integer model is written
    alone and the result is the reason, which names the layer. Raises KerilogError for anything that the user
    can mend; ``target`` is then as it was before.
    """
    outputs.check(target, CONTENTS)
    if options.rounding not in ROUNDINGS:
        raise KerilogError(f"unknown rounding '{options.rounding}'; choose one of {', '.join(ROUNDINGS)}")
    settings = options.settings()
    progress("reading the model", None)
    digest = hashlib.sha256(_read(model)).hexdigest()
    loaded = frontend.load(model, options.rounding)
    described: dict[str, Any] = {}
    measured: Record | None
    if isinstance(loaded, Graph):
        data = dataset_for(loaded, options)
        calibration = _calibrate(loaded, data, options, progress)
        graph = quantize(calibration, options.scheme, options.rounding, settings)
        described["data"] = data.source if options.data is None else options.data.name
        matrices = measure_confusion(loaded, graph, data, progress)
        if matrices is not None:
            described["accuracy"] = dataclasses.asdict(accuracy_of(matrices))
        measured = _record(calibration.graph, graph, data, matrices, progress)
    else:
        _refuse_settings(model, settings)
        graph = loaded
        measured = _record_alone(strip_softmax(graph), options, progress)
    described["bytes"] = parameter_bytes(graph)
    progress("planning the hardware", None)
    source = {"file": model.name, "sha256": digest}
    try:
        design = design_for(strip_softmax(graph), options.goal, options.name or model.stem, progress)
    except Unsupported as reason:
        if options.goal != Goal():
            raise
        generate_model(graph, target, source, str(reason), measured)
        return str(reason)
    return generate(graph, design, target, source, described, measured)


def integer_network(model: Path, options: Options, progress: Progress = silent) -> QGraph:
    """The integer network of ``model`` up to its softmax, nothing else measured. Raises as ``build``."""
    settings = options.settings()
    progress("reading the model", None)
    frontend.check_file(model)
    loaded = frontend.load(model, options.rounding)
    if not isinstance(loaded, Graph):
        _refuse_settings(model, settings)
        return strip_softmax(loaded)
    calibration = _calibrate(loaded, dataset_for(loaded, options), options, progress)
    return strip_softmax(quantize(calibration, options.scheme, options.rounding, settings))


def _refuse_settings(model: Path, settings: Settings) -> None:
    if settings != Settings():
        raise KerilogError(
            f"{model}: a TFLite file has its formats already; ranges and widths are for Keras models"
        )


def generate(
    graph: QGraph,
    design: Design,
    target: Path,
    model: Mapping[str, Any],
    described: Mapping[str, Any],
    measured: Record | None = None,
) -> Manifest:
    """Write ``design``, its integer model and what was measured to the folder ``target``: all, or nothing."""
    sources = verilog.render(design)
    manifest = describe.manifest(design, sources, model, described)
    with outputs.folder(target, CONTENTS) as root:
        writer.write(sources, design, root)
        storage.save(graph, root / storage.FILE_NAME)
        if measured is not None:
            record.save(measured, root)
        (root / FILE_NAME).write_text(manifest.to_json(), encoding="ascii")
    return manifest


def generate_model(
    graph: QGraph, target: Path, model: Mapping[str, Any], reason: str, measured: Record | None = None
) -> None:
    """Write the integer model alone to ``target``, and in its manifest why there is no hardware."""
    values = {"kerilog": version("kerilog"), "scheme": graph.scheme, "model": model, NO_HARDWARE: reason}
    with outputs.folder(target, CONTENTS) as root:
        storage.save(graph, root / storage.FILE_NAME)
        if measured is not None:
            (root / "report").mkdir()
            record.save(measured, root)
        (root / FILE_NAME).write_text(json.dumps(values, indent=2) + "\n", encoding="ascii")


def _read(model: Path) -> bytes:
    """The file's bytes, after the checks that give the clearer messages."""
    frontend.check_file(model)
    try:
        return model.read_bytes()
    except OSError as error:
        raise KerilogError(f"{model}: cannot be read: {error.strerror or error}") from None


def dataset_for(graph: Graph, options: Options) -> Dataset:
    """The samples for a model with one input."""
    if len(graph.inputs) != 1:
        raise KerilogError(f"model '{graph.name}': expected one input, found {len(graph.inputs)}")
    return load_dataset(options.data, graph.inputs[0].shape, options.input_scale)


def _calibrate(graph: Graph, data: Dataset, options: Options, progress: Progress) -> Calibration:
    if options.samples < 1:
        raise KerilogError(f"--samples must be at least 1, found {options.samples}")
    return calibrate(graph, data.x_train[: options.samples], progress)


def measure_confusion(
    graph: Graph, integer: QGraph, data: Dataset, progress: Progress = silent
) -> IntArray | None:
    """Confusion matrices (3, classes, classes) on the test samples, in the order of ``Accuracy``.

    None where the data has no class labels for the output. Row: the true class; column: the answer.
    """
    labels = class_labels(data, graph)
    if labels is None:
        return None
    count, classes = len(labels), graph[graph.outputs[0]].shape[0]
    networks = (integer, naive(graph))
    matrices = np.zeros((1 + len(networks), classes, classes), np.int64)
    for start in range(0, count, _BATCH):
        progress("comparing with float", start / count)
        x, truth = data.x_test[start : start + _BATCH], labels[start : start + _BATCH]
        answers = [floating.run(graph, x)[0].argmax(axis=1)]
        answers += [run(net, codes_of(net, x)).argmax(axis=1) for net in networks]
        matrices += [record.confusion(truth, answer, classes) for answer in answers]
    return matrices


def accuracy_of(matrices: IntArray) -> Accuracy:
    """The accuracies of confusion ``matrices`` (3, classes, classes)."""
    count = int(matrices[0].sum())
    return Accuracy(count, *(int(np.trace(matrix)) / count for matrix in matrices))


def _record_alone(integer: QGraph, options: Options, progress: Progress) -> Record | None:
    """What the range report will need of a network that has no float original, given samples."""
    if options.data is None:
        return None
    data = load_dataset(options.data, integer.inputs[0].shape, options.input_scale)
    activations = record.measure(integer, data.x_test, None, progress)
    return Record(min(len(data.x_test), record.SAMPLES), activations)


def _record(
    original: Graph, integer: QGraph, data: Dataset, matrices: IntArray | None, progress: Progress
) -> Record:
    """What the range report will need."""
    activations = record.measure(integer, data.x_test, original, progress)
    before, after = (None, None) if matrices is None else (matrices[0], matrices[1])
    return Record(min(len(data.x_test), record.SAMPLES), activations, original, before, after)


def class_labels(data: Dataset, graph: Graph) -> npt.NDArray[np.int64] | None:
    """Labels (count,) as class numbers, from numbers or one-hot rows; None if they are neither."""
    shape = graph[graph.outputs[0]].shape
    if data.y_test is None or len(graph.outputs) != 1 or len(shape) != 1 or shape[0] < 2:
        return None
    labels = data.y_test
    if labels.ndim == 2 and labels.shape[1] == shape[0]:
        classes: npt.NDArray[np.int64] = np.argmax(labels, axis=1).astype(np.int64)
        return classes
    flat = labels.reshape(len(labels), -1)
    if flat.shape[1] != 1 or np.any(flat != np.floor(flat)) or flat.min() < 0 or flat.max() >= shape[0]:
        return None
    return flat[:, 0].astype(np.int64)


def codes_of(graph: QGraph, x: npt.NDArray[Any]) -> IntArray:
    """Input codes (frames, *shape): floats are quantized, integers are codes already; a missing channel is
    added.

    Raises KerilogError for another shape, for values that are no numbers and for codes out of range.
    """
    source = graph.inputs[0]
    if x.ndim == len(source.shape) and source.shape[-1] == 1 and x.shape[1:] == source.shape[:-1]:
        x = x[..., np.newaxis]
    if x.shape[1:] != source.shape or len(x) == 0:
        raise KerilogError(f"inputs: expected shape (frames, {str(source.shape)[1:-1]}), found {x.shape}")
    if np.issubdtype(x.dtype, np.floating):
        if not np.all(np.isfinite(x)):
            raise KerilogError("inputs: there is a value that is not finite")
        return source.format.quantize(x)
    if not np.issubdtype(x.dtype, np.integer):
        raise KerilogError(f"inputs: expected floats or integer codes, found {x.dtype}")
    low, high = source.format.minimum, source.format.maximum
    if x.min() < low or x.max() > high:
        raise KerilogError(
            f"inputs: integer codes must lie in {low}..{high}, found {x.min()}..{x.max()}; "
            "give floats to have them quantized"
        )
    return x.astype(np.int64)


def parameter_bytes(graph: QGraph) -> dict[str, int]:
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
    return {"float": before, "integer": after}
