# SPDX-License-Identifier: Apache-2.0
"""From a model file to a study."""

from __future__ import annotations

from pathlib import Path

from kerilog import build, frontend, outputs
from kerilog.errors import KerilogError
from kerilog.graph import Graph
from kerilog.progress import Progress, silent
from kerilog.quality import classes
from kerilog.quantize import calibrate
from kerilog.study import results
from kerilog.study.sweep import Network, Outcome, sweep

CALIBRATION_SAMPLES = 1000


def study(
    model: Path, target: Path, options: build.Options, samples: int | None, progress: Progress = silent
) -> tuple[Outcome, ...]:
    """Try every format on ``model`` and write what was found to ``target``.

    ``options`` give the data; ``samples`` limits the test samples. Raises KerilogError for a model that is
    no float one and for data without class labels.
    """
    if samples is not None and samples < 1:
        raise KerilogError(f"--samples must be at least 1, found {samples}")
    outputs.check(target, results.WRITER, options.force)
    progress("reading the model", None)
    loaded = frontend.load(model)
    if not isinstance(loaded, Graph):
        raise KerilogError(f"{model}: has its formats already; a study needs a float model (.keras or .h5)")
    data = build.dataset_for(loaded, options)
    alone = len(loaded.outputs) == 1
    labels = classes.class_labels(data.y_test, loaded[loaded.outputs[0]].shape) if alone else None
    if labels is None:
        raise KerilogError(f"{model}: a study counts right answers, and the data has no class labels")
    x_train = data.x_train[:CALIBRATION_SAMPLES]
    calibration = calibrate(loaded, x_train, progress)
    network = Network(calibration, x_train, data.x_test[:samples], labels[:samples])
    outcomes = sweep(network, progress)
    source = data.source if options.data is None else options.data.name
    results.write(outcomes, target, model.name, source, len(network.x), options.force)
    return outcomes
