# SPDX-License-Identifier: Apache-2.0
"""The front as an interactive page that needs no other file and no network: charts, and a table beside them.

The charts are Vega-Lite, made with Altair, with Vega's own JavaScript in the page (0.9 MB; the bundle that
the plotly package brings has 4.8 MB).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import markupsafe

from kerilog import extras
from kerilog.area.devices import REFERENCE
from kerilog.errors import KerilogError
from kerilog.report.templating import template

TEMPLATE = "report/front.html.j2"
RESOURCES = {"lut": "LUT", "ff": "FF", "bram18": "RAMB18", "dsp": "DSP"}
_HEIGHT = 330

Record = Mapping[str, int | float | None]


class EngineError(KerilogError):
    """The engine of the page ended with a fault."""


def lacking() -> str | None:
    """One line that says how to get the libraries that make the page; None where they are installed."""
    purpose = "the interactive page"
    return extras.lacking("altair", purpose) or extras.lacking("vl_convert", purpose)


def render(records: Sequence[Record], name: str, clock_mhz: float | None, version: str) -> str:
    """The HTML of the front; ``records`` as ``results.rows`` has them.

    Raises KerilogError where the packages for it are not installed, EngineError where they end with a fault.
    """
    if lack := lacking():
        raise KerilogError(lack)
    points = [_point(index, record) for index, record in enumerate(records)]
    return template(TEMPLATE).render(
        name=name,
        version=version,
        clock="" if clock_mhz is None else f"{clock_mhz:g}",
        bundle=markupsafe.Markup(_inline(_bundle())),
        device=REFERENCE.name,
        points=points,
        data=markupsafe.Markup(_json(points)),
        charts={
            "share": markupsafe.Markup(_json(share_chart())),
            "area": markupsafe.Markup(_json(area_chart())),
        },
    )


def _bundle() -> str:
    """Vega's JavaScript, from a process of its own: under a limit on memory that engine ends its process."""
    command = "import sys, vl_convert; sys.stdout.write(vl_convert.javascript_bundle())"
    made = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if made.returncode:
        raise EngineError(
            f"the interactive page: vl-convert ended with status {made.returncode}, as it does under a limit "
            "on memory; name another file with -o, such as front.csv"
        )
    return made.stdout


def _point(index: int, record: Record) -> dict[str, Any]:
    """A record with its place in the table; ``lut`` has those used as memory as well, as the table's has."""
    luts = (record["lut"] or 0) + (record["lutram"] or 0)
    return {"index": index, **record, "lut": luts}


def share_chart() -> dict[str, Any]:
    """The Vega-Lite specification of what is traded: the share of an FPGA against cycles per frame, and the
    latency by colour; without data.
    """
    import altair as alt

    base = alt.Chart(alt.NamedData("points")).encode(x=_cycles(alt))
    scale = alt.Scale(type="log", nice=False, padding=12)
    y = alt.Y("share:Q", scale=scale, axis=alt.Axis(title=f"area, of an {REFERENCE.name}", format=".0%"))
    color = alt.Color(
        "latency:Q",
        scale=alt.Scale(type="log", scheme="viridis"),
        legend=alt.Legend(title="latency in cycles", format=",d"),
    )
    return _whole(alt, _points(alt, base, y, color=color))


def area_chart() -> dict[str, Any]:
    """The Vega-Lite specification of predicted area against cycles per frame, without data."""
    import altair as alt

    base = (
        alt.Chart(alt.NamedData("points"))
        .transform_calculate(**{name: f"datum.{key}" for key, name in RESOURCES.items()})
        .transform_fold(list(RESOURCES.values()), as_=["resource", "count"])
        .transform_filter("datum.count > 0")
        .encode(
            x=_cycles(alt),
            color=alt.Color("resource:N", sort=list(RESOURCES.values()), legend=alt.Legend(title=None)),
        )
    )
    scale = alt.Scale(type="log", nice=False, padding=12)
    y = alt.Y("count:Q", scale=scale, axis=alt.Axis(title="predicted area, Xilinx 7-series", format=",d"))
    shape = alt.Shape("resource:N", sort=list(RESOURCES.values()), legend=None)
    return _whole(alt, _points(alt, base, y, shape=shape))


def _cycles(alt: Any) -> Any:
    scale = alt.Scale(type="log", nice=False, padding=12)
    return alt.X("interval:Q", scale=scale, axis=alt.Axis(title="clock cycles per frame", format=",d"))


def _points(alt: Any, base: Any, y: Any, **encodings: Any) -> Any:
    """The designs; the one that is picked in the page is larger, and the nearest to the pointer is picked."""
    near = alt.selection_point(name="near", on="pointerover", nearest=True, fields=["index"], clear=False)
    tooltip = [
        alt.Tooltip("interval:Q", title="cycles per frame", format=","),
        alt.Tooltip("latency:Q", format=","),
        alt.Tooltip("multipliers:Q", format=","),
        *(alt.Tooltip(f"{key}:Q", title=name, format=",") for key, name in RESOURCES.items()),
        alt.Tooltip("utilization:Q", format=".1%"),
    ]
    size = alt.condition("datum.index === picked", alt.value(190), alt.value(34))
    return (
        base.mark_point(filled=True, opacity=1)
        .encode(y=y, size=size, tooltip=tooltip, **encodings)
        .add_params(near)
    )


def _whole(alt: Any, chart: Any) -> dict[str, Any]:
    """The specification as wide as its place in the page."""
    picked = alt.param(name="picked", value=0)
    found: dict[str, Any] = chart.add_params(picked).properties(width="container", height=_HEIGHT).to_dict()
    return found


def _json(value: object) -> str:
    """JSON that no HTML parser takes for markup."""
    return (
        json.dumps(value, sort_keys=True)
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
    )


def _inline(script: str) -> str:
    """JavaScript that may stand in a page: inside a string or an expression ``<\\/`` means ``</``."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
