# SPDX-License-Identifier: Apache-2.0
"""What a notebook shows of a network and of a plan: HTML without scripts, every text escaped.

The picture is an image of its own (a data URI), so that nothing in it can meet the page around it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from importlib import resources
from typing import TYPE_CHECKING

import jinja2

from kerilog.api.plans import Plan
from kerilog.errors import KerilogError

if TYPE_CHECKING:
    from kerilog.api.network import IntegerModel

TEMPLATE = "report/notebook.html.j2"
Row = tuple[str, ...]


def network(model: IntegerModel) -> str:
    """The pipeline, planned for the default goal unless it was for another; formats; quality."""
    shown, trouble = model.last_plan, ""
    if shown is None:
        try:
            shown = model.plan()
        except KerilogError as error:
            trouble = str(error)
    return _template().render(
        title=f"{model.name}, {model.scheme}",
        facts=tuple(_facts(model)),
        warnings=model.warnings,
        picture=None if shown is None else _image(shown.svg),
        plan=() if shown is None else tuple(shown.rows()),
        trouble=trouble,
        formats=tuple(_formats(model)),
        quality=tuple(_quality(model)),
    )


def plan(planned: Plan) -> str:
    """The picture and the summary."""
    return _template().render(
        title=f"{planned.name}, {planned.scheme}",
        facts=(),
        warnings=(),
        picture=_image(planned.svg),
        plan=tuple(planned.rows()),
        trouble="",
        formats=(),
        quality=(),
    )


def _template() -> jinja2.Template:
    text = resources.files("kerilog.templates").joinpath(TEMPLATE).read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)


def _image(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode('ascii')).decode('ascii')}"


def _facts(model: IntegerModel) -> Iterator[Row]:
    graph = model.graph
    ends = (
        ("input", model.input_names, graph.inputs),
        ("output", model.output_names, [graph[name] for name in graph.outputs]),
    )
    for what, names, nodes in ends:
        for name, node in zip(names, nodes, strict=True):
            yield f"{what} {name}", f"{' x '.join(map(str, node.shape))}, {node.format}"
    for name, scaling in model.scaling.items():
        yield f"samples of {name}", scaling.told
    size = model.bytes
    yield "parameters", f"{size.in_float:,} bytes in float32, {size.in_integers:,} in integers"


def _formats(model: IntegerModel) -> Iterator[Row]:
    errors = {one.layer: one for one in model.calibration_errors}
    for one in model.formats():
        shape = " x ".join(map(str, one.shape))
        own = (str(one.weights or ""), str(one.bias or ""))
        error = errors.get(one.layer)
        snr = "" if error is None or error.snr_db is None else f"{error.snr_db:.1f}"
        yield one.layer, one.kind, shape, str(one.output), *own, snr


def _quality(model: IntegerModel) -> Iterator[Row]:
    """What ``evaluate`` found last: a figure, of the float network, of the integer one."""
    if model.evaluated is None:
        return
    before, after = model.evaluated["float"], model.evaluated["integer"]
    for key in dict.fromkeys((*before, *after)):
        yield _words(key), _figure(key, before.get(key)), _figure(key, after.get(key))


def _words(key: str) -> str:
    """The name of a figure, as ``accuracy`` or ``gate_snr_db``."""
    for ending, words in (("snr_db", "SNR"), ("rmse", "RMSE")):
        if key.endswith(ending):
            key = key.removesuffix(ending) + words
    return key.replace("_", " ")


def _figure(key: str, value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if key.endswith(("accuracy", "exact_match")):
        return f"{value:.2%}"
    return f"{value:.1f} dB" if key.endswith("snr_db") else f"{value:.4g}"
