# SPDX-License-Identifier: Apache-2.0
"""From a model file to a study."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kerilog import build, floating, frontend, outputs
from kerilog.errors import ArgumentError, KerilogError
from kerilog.graph import Array, Graph
from kerilog.progress import Progress, silent
from kerilog.quality import classes
from kerilog.quantize import calibrate
from kerilog.study import binary_results, results
from kerilog.study.binarize import Step, steps
from kerilog.study.sweep import Network, Outcome, sweep
from kerilog.workers import HERE, Spread

CALIBRATION_SAMPLES = 1000


def study(
    model: Path,
    target: Path,
    options: build.Options,
    samples: int | None,
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda _: None,
    spread: Spread = HERE,
) -> tuple[Outcome, ...]:
    """Try every format on ``model`` and write what was found to ``target``.

    ``options`` give the data; ``samples`` limits the test samples; ``warn`` is called with each thing that
    is doubtful; ``spread`` says where formats are tried. Raises KerilogError for a model that is no float one
    and for data without class labels.
    """
    outputs.check(target, results.WRITER, options.force)
    subject = _read(model, options, samples, progress, warn)
    calibration = calibrate(subject.graph, subject.x_train, progress)
    network = Network(calibration, subject.x_train, subject.x, subject.labels)
    outcomes = sweep(network, progress, spread)
    results.write(outcomes, target, model.name, subject.source, len(network.x), options.force)
    return outcomes


def study_binary(
    model: Path,
    target: Path,
    options: build.Options,
    samples: int | None,
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda _: None,
) -> tuple[Step, ...]:
    """Binarize the parameters of ``model`` kind by kind and write what is left of it to ``target``; as
    ``study``.
    """
    outputs.check(target, binary_results.WRITER, options.force)
    subject = _read(model, options, samples, progress, warn)
    found = steps(subject.graph, subject.x, subject.labels, progress)
    binary_results.write(found, target, model.name, subject.source, options.force)
    return found


@dataclasses.dataclass(frozen=True, eq=False)
class _Subject:
    """A float network as it was read, samples to calibrate it with, and test samples with their classes."""

    graph: Graph
    x_train: Array
    x: Array
    labels: npt.NDArray[np.int64]
    source: str


def _read(
    model: Path,
    options: build.Options,
    samples: int | None,
    progress: Progress,
    warn: Callable[[str], None],
) -> _Subject:
    if samples is not None and samples < 1:
        raise ArgumentError("{0} must be at least 1, found {found}", "samples", found=samples)
    progress("reading the model", None)
    loaded = frontend.load(model)
    if not isinstance(loaded, Graph):
        raise KerilogError(f"{model}: has its formats already; a study needs a float model (.keras or .h5)")
    if len(loaded.inputs) != 1:
        raise KerilogError(f"{model}: a study needs a model with one input, found {len(loaded.inputs)}")
    data = build.named_data_for(loaded, model, options)
    for warning in data.warnings:
        warn(warning)
    alone = len(loaded.outputs) == 1
    if samples is not None and samples > floating.count(data.x_test):
        count = floating.count(data.x_test)
        warn(f"--samples {samples}: there are {count:,} test samples, which are all used")
    ((_, x_train),), ((_, x_test),) = data.x_train.items(), data.x_test.items()
    known = next(iter(data.y_test.values()), None)
    labels = classes.class_labels(known, loaded[loaded.outputs[0]].shape) if alone else None
    if known is not None and not alone:
        raise KerilogError(f"{model}: a study needs a model with one output, found {len(loaded.outputs)}")
    if known is not None and loaded[loaded.outputs[0]].shape == (1,):
        raise KerilogError(f"{model}: a study counts the largest of several outputs, and this model has one")
    if labels is None:
        raise KerilogError(f"{model}: a study counts right answers, and the data has no class labels")
    return _Subject(loaded, x_train[:CALIBRATION_SAMPLES], x_test[:samples], labels[:samples], data.source)
