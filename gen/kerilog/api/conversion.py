# SPDX-License-Identifier: Apache-2.0
"""From a model, wherever it is, to an integer network in one call."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from kerilog import typed
from kerilog.api import samples, sources
from kerilog.api.network import IntegerModel
from kerilog.api.samples import Arrays, Calibrated
from kerilog.api.sources import Source
from kerilog.errors import KerilogError, KerilogWarning
from kerilog.graph import Graph
from kerilog.progress import show_progress
from kerilog.qgraph import QGraph
from kerilog.quantize import SCHEMES, LayerSettings, Settings, calibrate, passes_of
from kerilog.quantize.settings import FixedRange, RefinePass, WeightScale
from kerilog.refine import refine as refined
from kerilog.scales import ROUNDINGS, Rounding

Scheme = Literal["fixed", "affine"]
LayerChoices = Mapping[str, Any] | LayerSettings


def convert(
    model: str | os.PathLike[str] | bytes | Graph | Any,
    x_calibration: Arrays | None = None,
    scheme: Scheme | None = None,
    *,
    weight_bits: int | Literal["ternary"] | None = None,
    weight_scale: WeightScale | None = None,
    activation_bits: int | None = None,
    bias_bits: int | Literal["accumulator"] | None = None,
    range: FixedRange | None = None,
    rounding: Rounding = "reference",
    layers: Mapping[str, LayerChoices] | None = None,
    refine: RefinePass | Sequence[RefinePass] = (),
    input_scale: float | None = None,
    verbose: bool = True,
) -> IntegerModel:
    """Convert a trained network to integers, choosing every number format from samples.

    ``model``: a Keras model in memory (of Keras 3, ``tf.keras`` or ``tf_keras``), the path of a ``.keras``,
    ``.h5`` or ``.tflite`` file, or the bytes of a TFLite file. Nothing that it holds is run.

    ``x_calibration``: samples (count, *input shape) as the model takes them, all of which are used; a few
    hundred that are typical will do. Several inputs come as a mapping by name or as a list in their order.
    Floats are used as they are, and so are integers where the model scales its input itself (a ``Rescaling``,
    a ``Normalization``, a ``BatchNormalization`` first); else uint8 is divided by 255. ``input_scale``, where
    it is given, multiplies the samples instead. What was done is in ``scaling``, and holds for ``predict``,
    ``evaluate`` and ``compare``, too. Only a TFLite file, which has its formats, can do without samples.

    ``scheme``: "fixed", binary points and shifts, by default; "affine", the int8 of TFLite. The bits are for
    "fixed": ``weight_bits`` and ``activation_bits`` 1 (+1 and -1) or 2 to 16, 8 by default; ``weight_bits``
    also "ternary" (-1, 0 and +1); these and those of 1 bit with ``weight_scale`` "none", a power of two, or
    "channel", a number for each output channel; ``bias_bits`` also "accumulator", the precision of the sums.
    ``range``: what the formats cover ("minmax", "percentile", "mse", "entropy", "msb"; by default "mse", for
    affine "percentile"). ``rounding``, for affine and TFLite: "reference" as TFLite's reference kernels,
    "single" as its default interpreter. ``layers``: choices for single layers by name, ``{"conv2d":
    {"weight_bits": 4}}``, see ``kerilog.LayerSettings``. ``refine``: better weights and biases before they
    are rounded, one or several of "equalize", "learn-rounding" and "correct-bias"; what each brought on the
    samples is in ``refined``. ``verbose``: progress bars.

    What is doubtful (samples that look scaled twice, an argument without effect) is a ``KerilogWarning`` and
    in ``warnings``.

    Raises KerilogError for a model, samples or choices that cannot be used, Unsupported for layers that are
    not supported, all of them.
    """
    settings = settings_of(layers, weight_bits, weight_scale, activation_bits, bias_bits, range)
    settings = msgspec.structs.replace(settings, refine=passes_of(refine))
    _check_words(scheme, rounding)
    source = sources.read(model, rounding)
    if isinstance(source.network, Graph):
        network = _converted(
            source, source.network, x_calibration, scheme or "fixed", rounding, settings, input_scale, verbose
        )
    else:
        _refuse_choices(scheme, settings)
        network = _as_it_came(source, source.network, x_calibration, input_scale, verbose)
    for doubt in network.warnings:
        warnings.warn(doubt, KerilogWarning, stacklevel=2)
    return network


def _converted(
    source: Source,
    original: Graph,
    x: Arrays | None,
    scheme: Scheme,
    rounding: Rounding,
    settings: Settings,
    input_scale: float | None,
    verbose: bool,
) -> IntegerModel:
    """A float network with the formats that samples ``x`` ask for."""
    if x is None:
        raise KerilogError("x_calibration: expected samples to choose number formats from, found none")
    given = samples.first_seen(original, x, "x_calibration", input_scale)
    with show_progress("convert", verbose) as progress:
        calibration = calibrate(original, given.samples, progress)
        progress("choosing formats", None)
        made = refined(calibration, given.samples, scheme, rounding, settings, progress)
    doubts = (*given.warnings, *_without_effect(scheme, rounding), *made.warnings)
    kept = Calibrated.keeping(given.samples, made.calibration)
    return IntegerModel(
        made.graph,
        original,
        source,
        kept,
        scaling=given.scaling,
        warnings=doubts,
        verbose=verbose,
        refined=made.refined,
    )


def _as_it_came(
    source: Source, graph: QGraph, x: Arrays | None, input_scale: float | None, verbose: bool
) -> IntegerModel:
    """A network that has its formats; samples ``x`` say how others will be scaled, and are for the report."""
    if x is None:
        if input_scale is not None:
            raise KerilogError("input_scale: expected x_calibration with it, found none")
        return IntegerModel(graph, None, source, verbose=verbose)
    given = samples.first_seen(graph, x, "x_calibration", input_scale)
    kept = Calibrated.keeping(given.samples)
    return IntegerModel(
        graph, None, source, kept, scaling=given.scaling, warnings=given.warnings, verbose=verbose
    )


def _without_effect(scheme: str, rounding: str) -> Iterator[str]:
    if rounding != "reference" and scheme != "affine":
        yield f"rounding '{rounding}' has no effect: it belongs to the scheme affine"


def _check_words(scheme: object, rounding: object) -> None:
    for name, value, known in (("scheme", scheme, SCHEMES), ("rounding", rounding, ROUNDINGS)):
        if value is not None and value not in known:
            raise KerilogError(f"unknown {name} {value!r}; choose one of {', '.join(known)}")


def _refuse_choices(scheme: str | None, settings: Settings) -> None:
    """A TFLite file leaves nothing to choose."""
    if settings.refine:
        raise KerilogError("refine: a TFLite file has its integers already; it is for Keras models")
    if scheme == "fixed" or settings != Settings():
        raise KerilogError(
            "model: a TFLite file has its formats already, those of affine; scheme, widths, range and layers "
            "are for Keras models"
        )


def settings_of(
    layers: Mapping[str, LayerChoices] | None,
    weight_bits: int | Literal["ternary"] | None = None,
    weight_scale: WeightScale | None = None,
    activation_bits: int | None = None,
    bias_bits: int | Literal["accumulator"] | None = None,
    range: FixedRange | None = None,
) -> Settings:
    """The choices, checked as those of a file are."""
    values = {
        "weight_bits": weight_bits,
        "weight_scale": weight_scale,
        "activation_bits": activation_bits,
        "bias_bits": bias_bits,
        "range": range,
    }
    default = LayerSettings(**{key: _plain(value) for key, value in values.items()})
    if layers is None:
        return Settings(default)
    if not isinstance(layers, Mapping):
        raise KerilogError(
            f"layers: expected a mapping by the names of layers, found {type(layers).__name__}"
        )
    table = {"layers": {str(name): _choices(chosen) for name, chosen in layers.items()}}
    return msgspec.structs.replace(typed.checked(table, Settings, "convert", typed.TOML), default=default)


def _choices(chosen: Any) -> Any:
    if isinstance(chosen, LayerSettings):
        return dict(chosen.chosen())
    if isinstance(chosen, Mapping):
        return {key: _plain(value) for key, value in chosen.items()}
    return chosen


def _plain(value: Any) -> Any:
    """A number of NumPy's as Python's own."""
    return value.item() if isinstance(value, np.generic) else value
