# SPDX-License-Identifier: Apache-2.0
"""The page: everything the template prints, worked out, and the template filled in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from msgspec import UNSET

from kerilog.manifest import IntegerManifest, Layer, Manifest
from kerilog.qgraph import QConv2D, QDense, QGraph
from kerilog.report import accuracy, area, heat, quality, ranges, words
from kerilog.report.record import Record
from kerilog.report.templating import template
from kerilog.report.tensors import Tensor, ends, tensors
from kerilog.report.timing import Times

TEMPLATE = "report/report.html.j2"
_CLOCK_MHZ = 100
_MOST_FIGURES = 24  # columns of the map up to which a cell has room for its figure


@dataclasses.dataclass(frozen=True)
class Card:
    """A headline figure; ``tone`` is "bad" where it deserves attention, else empty."""

    label: str
    value: str
    note: str
    tone: str = ""


@dataclasses.dataclass(frozen=True)
class Size:
    """Parameters of one layer, or of all."""

    layer: str
    parameters: str
    before: str
    after: str
    ratio: str
    width: float


def render(
    manifest: Manifest | IntegerManifest, graph: QGraph, record: Record, times: Sequence[Times]
) -> str:
    """The HTML of the report on a design, or on an integer model alone."""
    found = tensors(graph, record)
    powers = heat.columns(found)
    return template(TEMPLATE).render(
        manifest=manifest,
        digest=manifest.model.sha256[:12],
        model=manifest.model.file,
        warnings=manifest.warnings,
        data="" if manifest.data is UNSET else manifest.data,
        cards=tuple(_cards(manifest, graph, record, found, times)),
        quality=quality.rows(manifest),
        powers=powers,
        dense=len(powers) > _MOST_FIGURES,
        rows=ranges.rows(found, powers),
        samples=f"{record.samples:,}",
        observed=bool(record.activations),
        errors=ranges.error_rows(found, ends(graph)),
        matrices=accuracy.matrices(record),
        classes=accuracy.classes(record, _naive(manifest)),
        sizes=sizes(graph),
        times=[_time(row) for row in times],
        **_hardware(manifest),
    )


def _cards(
    manifest: Manifest | IntegerManifest,
    graph: QGraph,
    record: Record,
    found: Sequence[Tensor],
    times: Sequence[Times],
) -> Iterator[Card]:
    for answers in record.answers:
        before, after = accuracy.share_right(answers.before), accuracy.share_right(answers.after)
        note = f"{words.percent(before)} in float, {words.points(after - before)} points"
        name = accuracy.title(record, answers)
        label = f"Accuracy, {name}" if name else "Accuracy"
        yield Card(label, words.percent(after), note, "bad" if after < before - 0.01 else "")
    for headline in quality.headlines(manifest, record):
        yield Card(*headline)
    total = sizes(graph)[-1]
    yield Card("Parameters", f"{total.after} bytes", f"{total.before} in float32, {total.ratio}")
    for tensor in found:
        if tensor.network is not None and tensor.layer in ends(graph):
            note = f"{words.layer(tensor.layer)} against float, {record.samples:,} samples"
            yield Card("End-to-end SNR", f"{words.decibel(tensor.network.snr)} dB", note)
    yield _hardware_card(manifest)
    if times:
        last = times[-1]
        note = f"integer model, NumPy, batches of {last.batch}"
        if last.original is not None:
            note = f"{words.microseconds(last.original)} in float; NumPy, batches of {last.batch}"
        yield Card("Time per image", words.microseconds(last.integer), note)


def _hardware_card(manifest: Manifest | IntegerManifest) -> Card:
    if isinstance(manifest, IntegerManifest):
        return Card("Hardware", "none", "integer model only; the reasons are below")
    interval = manifest.frame_interval
    pace = f"{1e6 * _CLOCK_MHZ / interval:,.0f} frames per second at {_CLOCK_MHZ} MHz"
    return Card(
        "Hardware", f"{manifest.multipliers} multipliers", f"one frame per {interval:,} cycles, {pace}"
    )


def _naive(manifest: Manifest | IntegerManifest) -> dict[str, float]:
    """The yardstick's accuracy, by output, where the build measured it."""
    if manifest.accuracies is UNSET:
        return {}
    return {name: accuracy.naive for name, accuracy in manifest.accuracies.items()}


def sizes(graph: QGraph) -> tuple[Size, ...]:
    """Bytes of weights and biases layer by layer, and of all in the last row."""
    counted = []
    for node in graph:
        if isinstance(node.op, (QConv2D, QDense)):
            number = node.op.kernel.size + node.op.bias.size
            bits = (
                node.op.kernel.size * node.op.kernel_format.bits
                + node.op.bias.size * node.op.bias_format.bits
            )
            counted.append((node.name, number, -(-bits // 8)))
    everything = sum(number for _, number, _ in counted)
    counted.append(("all layers", everything, sum(after for _, _, after in counted)))
    return tuple(
        Size(
            words.layer(name),
            f"{number:,}",
            f"{4 * number:,}",
            f"{after:,}",
            f"{4 * number / max(after, 1):.2f} {words.TIMES} smaller",
            round(100 * after / max(4 * number, 1), 1),
        )
        for name, number, after in counted
    )


def _time(times: Times) -> dict[str, str]:
    ratio = "" if times.original is None else f"{times.original / times.integer:.2f} {words.TIMES}"
    return {
        "batch": f"{times.batch}",
        "original": words.NONE if times.original is None else words.microseconds(times.original),
        "integer": words.microseconds(times.integer),
        "ratio": ratio,
    }


def _hardware(manifest: Manifest | IntegerManifest) -> dict[str, object]:
    """What the page says of the hardware, or of why there is none."""
    if isinstance(manifest, IntegerManifest):
        reasons = [(one.layer, one.reason) for one in manifest.no_hardware]
        return {"hardware": [], "totals": [], "areas": (), "reasons": reasons}
    stages = [_stage(layer) for layer in manifest.layers]
    return {
        "hardware": stages,
        "totals": _totals(manifest),
        "areas": area.tables(manifest),
        "reasons": [],
    }


def _stage(layer: Layer) -> dict[str, str]:
    """One stage of the pipeline."""
    folding = words.shape((layer.pe, layer.simd)) if layer.pe and layer.simd else ""
    products = f"{layer.products}" if layer.products else ""
    return {
        "name": layer.name,
        "kind": layer.kind,
        "shape": words.shape(layer.output_shape or ()),
        "folding": folding,
        "multipliers": products if layer.made_by == "multipliers" else "",
        "constants": "" if layer.made_by == "multipliers" else products,
        "macs": "" if layer.macs is None else f"{layer.macs:,}",
        "accumulator": f"{layer.accumulator_bits}" if layer.accumulator_bits and folding else "",
        "memory": "" if layer.weight_bits is None else f"{layer.weight_bits:,}",
    }


def _totals(manifest: Manifest) -> list[tuple[str, str]]:
    used = manifest.utilization
    totals = [("multipliers", f"{manifest.multipliers}")]
    if manifest.constants:
        totals.append(("products by adders", f"{manifest.constants}"))
    return [
        *totals,
        ("cycles per frame", f"{manifest.frame_interval:,}"),
        ("latency, cycles", f"{manifest.latency:,}"),
        (f"latency at {_CLOCK_MHZ} MHz", words.microseconds(manifest.latency / _CLOCK_MHZ)),
        ("utilization", words.NONE if used is None else words.percent(used, 1)),
    ]
