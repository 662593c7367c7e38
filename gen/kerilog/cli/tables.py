# SPDX-License-Identifier: Apache-2.0
"""What the command prints: one table a command."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import UNSET

from kerilog import axi_lite
from kerilog.area import devices, shares
from kerilog.cli import output
from kerilog.cli.folder import Frames, Request
from kerilog.cli.output import Row
from kerilog.handoff.synth import Resources
from kerilog.manifest import About, Area, IntegerManifest, Layer, Manifest, Tensor, share_used
from kerilog.quality import rows as quality
from kerilog.quality.answers import Judgement
from kerilog.verify.layers import Difference
from kerilog.verify.look import Trace
from kerilog.verify.steady import SteadyResult


def show(manifest: Manifest | IntegerManifest, directory: Path) -> None:
    """The table of a folder that ``kerilog build`` wrote."""
    rows = _design_rows(manifest) if isinstance(manifest, Manifest) else _integer_rows(manifest)
    output.table(f"{manifest.name}, {manifest.scheme}", _rows(manifest, rows, directory))
    area = {}
    if isinstance(manifest, Manifest):
        area["area"] = {found.target: found.as_record() for found in shares.of_manifest(manifest)}
    output.result({"folder": directory} | msgspec.to_builtins(manifest) | area)


def _rows(manifest: Manifest | IntegerManifest, rows: Iterator[Row], directory: Path) -> Iterator[Row]:
    yield from _about_rows(manifest)
    yield from rows
    count = sum(1 for path in directory.rglob("*") if path.is_file())
    kinds = ""
    if isinstance(manifest, Manifest):
        kinds = f", {len(manifest.sources)} Verilog, {len(manifest.memories)} ROM"
    yield "written", f"{count} files{kinds}, in {directory}"


def _about_rows(about: About) -> Iterator[Row]:
    """What is true with hardware and without."""
    for warning in about.warnings:
        yield "warning", warning
    if about.data is not UNSET:
        yield "data", about.data
    if about.scaling is not UNSET:
        for name, scaling in about.scaling.items():
            yield "input" if len(about.scaling) == 1 else f"input {name}", scaling.told
    yield from quality.refined(about)
    yield from quality.rows(about)
    before, after = about.bytes.in_float, about.bytes.in_integers
    ratio = before / max(1, after)
    if output.manners().verbose:
        yield "model", f"{about.model.file}, sha256 {about.model.sha256}"
        yield "kerilog", about.kerilog
    yield "parameters", f"{before:,} bytes float32, {after:,} integer ({ratio:.2f} x)"


def _integer_rows(manifest: IntegerManifest) -> Iterator[Row]:
    """The tensors of an integer model, and why there is no hardware."""
    for what, tensors in (("input", manifest.inputs), ("output", manifest.outputs)):
        for tensor in tensors:
            yield f"{what} {tensor.name}", _tensor(tensor)
    for reason in manifest.no_hardware:
        yield "no hardware", f"layer '{reason.layer}': {reason.reason}" if reason.layer else reason.reason
    if not manifest.no_hardware:
        yield "no hardware", manifest.why


def _tensor(tensor: Tensor) -> str:
    shape = " x ".join(map(str, tensor.shape))
    if tensor.classes is not UNSET:
        return f"{shape}, the number of one of {tensor.classes} classes, {tensor.bits} bits"
    if tensor.kind == "sign":
        return f"{shape}, 1 bit, 0 for {tensor.scale:g}, -1 for its negative"
    return f"{shape}, {tensor.bits} bits, scale {tensor.scale:g}, zero point {tensor.zero_point}"


def _port_rows(manifest: Manifest) -> Iterator[Row]:
    """What stands at the border besides the streams."""
    if manifest.register_borders:
        yield "border", "a register slice at every stream"
    if manifest.reset != "active-high":
        yield "reset", f"{manifest.reset}, port {manifest.reset_port}"
    if manifest.control != "none":
        yield "control", f"{manifest.control}, port {axi_lite.BUS}, registers in {axi_lite.FOLDER}/"
    if manifest.loadable:
        layers = ", ".join(layer.layer for layer in manifest.loadable.layers)
        sets = ", two sets" if manifest.loadable.double_buffer else ""
        yield "loadable", f"weights of {layers}{sets}: 'kerilog weights'"


def _design_rows(manifest: Manifest) -> Iterator[Row]:
    """The goal, multipliers, cycles, area, and the folding of each layer."""
    if manifest.goal:
        yield "goal", manifest.goal
    for stream in manifest.outputs:
        if stream.kind == "class":
            yield f"output {stream.name}", _tensor(stream)
    yield from _port_rows(manifest)
    yield "multipliers", f"{manifest.multipliers}"
    if manifest.constants:
        yield "constants", f"{manifest.constants} products in each cycle, by shifts and adds"
    used = manifest.utilization
    interval = f"{manifest.frame_interval}"
    yield "cycles per frame", interval if used is None else f"{interval}, utilization {used:.1%}"
    yield "latency", f"{manifest.latency} cycles, first input beat to last output beat"
    yield from _area_rows(manifest)
    if output.manners().verbose:
        yield from _stage_rows(manifest)
        return
    for layer in manifest.layers:
        if layer.products:
            yield f"  {layer.layer}", _folding(layer, manifest.frame_interval)


def _area_rows(manifest: Manifest) -> Iterator[Row]:
    """Predicted area, what synthesis measured beside it, and the share of a device that each takes."""
    resources = {} if manifest.resources is UNSET else manifest.resources
    if need := manifest.predicted.get("xc7"):
        yield "predicted area", _area(need)
    for target, measured in sorted(resources.items(), reverse=True):
        yield f"measured area, {target}", f"{_area(measured)}, by {measured.tool}"
        if measured.fmax_mhz is not None:
            yield f"Fmax, {target}", f"{measured.fmax_mhz:.1f} MHz, {measured.device}"
    for found in shares.of_manifest(manifest):
        yield "device", found.why
        if found.device:
            yield "  share of it", ", ".join(_share(share) for share in found.shares)
    if need:
        yield "fits", _some(devices.holding(need)) or "none of the known 7-series devices"


def _area(area: Area) -> str:
    luts = f"{area.lut:,} LUT + {area.lutram:,} as memory"
    return f"{luts}, {area.ff:,} FF, {area.bram18:,} RAMB18, {area.dsp:,} DSP"


def _share(share: shares.Share) -> str:
    """Of the device, by prediction and by measurement; what there is of both."""
    predicted, measured = share.of_device(share.predicted), share.of_device(share.measured)
    if predicted is None or measured is None:
        only = measured if predicted is None else predicted
        return f"{share.resource} {'-' if only is None else f'{only:.1%}'}"
    return f"{share.resource} {predicted:.1%} (measured {measured:.1%})"


def _stage_rows(manifest: Manifest) -> Iterator[Row]:
    """Every stage, queues and converters too, in the order of the data."""
    for layer in manifest.layers:
        shape = " x ".join(map(str, layer.output_shape or ()))
        work = _folding(layer, manifest.frame_interval) if layer.products else f"{layer.kind}{_reads(layer)}"
        parts = [work, f"gives {shape}"]
        if layer.weight_bits:
            parts.append(f"weights of {layer.weight_bits:,} bits in all")
        if layer.depth is not None:
            parts.append(f"{layer.depth} beats deep, at most {layer.peak} used")
        yield f"  {layer.name}", ", ".join(parts)


def _some(names: list[str], most: int = 5) -> str:
    """The first of ``names``, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} larger ones" if rest > 0 else "")


def _folding(layer: Layer, interval: int) -> str:
    """The products of a layer in a cycle, the share of an interval in which they are used, and its sums."""
    made_by = "" if layer.made_by == "multipliers" else f" {layer.made_by}"
    folding = f"pe {layer.pe} x simd {layer.simd}{made_by}"
    if layer.windows is not None and layer.windows > 1:
        folding += f" on {layer.windows} windows"
    folding += _reads(layer)
    used = None if layer.macs is None else share_used(layer.macs, layer.products, interval)
    if used is not None:
        folding += f", utilization {used:.1%}"
    return f"{layer.kind}, {folding}, sums of {layer.accumulator_bits} bits"


def _reads(layer: Layer) -> str:
    """What is kept in memory and read word by word."""
    kept = "rows" if len(layer.output_shape or ()) > 1 else "inputs"
    return "" if layer.kept_rows is None else f", reads {layer.kept_rows} {kept} in memory"


def show_evaluation(given: Frames, judged: Mapping[str, Judgement], asked: Request) -> None:
    """What the integer model gave."""
    output.table("integer model", [*_frame_rows(given, judged), *_written_rows(asked)])
    output.result({"frames": given.count, **_judged(judged), "outputs": asked.outputs})


def _frame_rows(given: Frames, judged: Mapping[str, Judgement]) -> Iterator[Row]:
    yield "frames", f"{given.count:,} of {given.source}"
    for name, found in judged.items():
        of = "" if len(judged) == 1 else f" of {name}"
        if found.accuracy is not None:
            yield f"accuracy{of}", f"{found.accuracy:.2%} of {found.samples:,}; {found.rule}"
        else:
            yield f"accuracy{of}", f"none: {found.rule}"
        if found.exact_match is not None:
            yield f"all labels right{of}", f"{found.exact_match:.2%}"
        if found.label_rmse is not None:
            yield f"RMSE to the labels{of}", f"{found.label_rmse:.4g}"


def _written_rows(asked: Request) -> Iterator[Row]:
    if asked.outputs is not None:
        yield "written", f"{asked.outputs}, {asked.form or 'codes'}"


def _judged(judged: Mapping[str, Judgement]) -> dict[str, object]:
    """The keys of JSON that tell of accuracy."""
    return {
        "accuracies": {
            name: {
                "samples": found.samples,
                "integer": found.accuracy,
                "exact_match": found.exact_match,
                "label_rmse": found.label_rmse,
                "rule": found.rule,
            }
            for name, found in judged.items()
        }
    }


@dataclasses.dataclass(frozen=True)
class Looks:
    """What a look inside found: whether layers were ``compared``, the first difference, the trace."""

    compared: bool = False
    difference: Difference | None = None
    trace: Trace | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Simulated:
    """What ``kerilog sim`` found; ``different`` counts elements of the output."""

    manifest: Manifest
    steady: SteadyResult
    different: int
    given: Frames
    judged: Mapping[str, Judgement]
    looks: Looks = Looks()


def show_simulation(found: Simulated, asked: Request) -> None:
    """What a simulation found, beside what the plan promised."""
    output.table("simulation", [*_simulation_rows(found), *_written_rows(asked)])
    result, manifest = found.steady.result, found.manifest
    output.result(
        {
            "frames": result.frames,
            "elements": result.elements,
            "mismatches": found.different,
            "frame_interval": found.steady.interval,
            "latency": result.latency,
            "first_output": result.first_latency,
            "planned": {
                "frame_interval": manifest.frame_interval,
                "latency": manifest.latency,
                "first_output": manifest.first_output,
            },
            "frame_error": result.frame_error,
            "cycles": result.cycles,
            "seconds": result.seconds,
            **_judged(found.judged),
            "outputs": asked.outputs,
            "layers_compared": found.looks.compared,
            "difference": found.looks.difference and dataclasses.asdict(found.looks.difference),
            "trace": found.looks.trace and dataclasses.asdict(found.looks.trace),
        }
    )


def _simulation_rows(found: Simulated) -> Iterator[Row]:
    steady, result, manifest = found.steady, found.steady.result, found.manifest
    yield from _frame_rows(found.given, found.judged)
    if steady.frames > result.frames:
        yield "again", f"{steady.frames:,} sent in all for the steady interval"
    yield "mismatches", f"{found.different:,} of {result.elements:,} elements"
    pace = f"{result.cycles_per_second:,.0f} per second"
    yield "cycles", f"{result.cycles:,} in {result.seconds:.1f} s, {pace}"
    planned = f"planned {manifest.frame_interval}"
    if steady.interval is None:
        yield "cycles per frame", f"not steady within {steady.frames:,} frames, {planned}"
    else:
        yield "cycles per frame", f"{steady.interval}, {planned}"
    told = f"{result.latency} cycles, first input beat to last output beat"
    yield "latency", f"{told}, planned {manifest.latency}"
    looks = found.looks
    if looks.compared:
        yield "layers", "all as in the integer model" if looks.difference is None else looks.difference.told
    if looks.trace is not None:
        yield "trace", f"{looks.trace.path}, frames {looks.trace.first}:{looks.trace.stop}"


def show_resources(resources: Resources, manifest: Manifest) -> None:
    """What synthesis found, beside the prediction in ``manifest``, and the share of a device."""
    found = [one for one in shares.of_manifest(manifest) if one.target == resources.target]
    title = f"{resources.target}, {resources.device}"
    if resources.target == "xc7" and found:
        title += f"; shares of {found[0].why}" if found[0].device else f"; {found[0].why}"
    rows = (row for one in found for share in one.shares for row in _measured_rows(share, resources))
    output.table(title, [*rows, *_clock_rows(resources)], ("", "measured", "predicted", "device", "share"))
    area = {one.target: one.as_record() for one in found}
    output.result(msgspec.to_builtins(resources.summary()) | {"area": area})


def _measured_rows(share: shares.Share, resources: Resources) -> Iterator[Row]:
    taken = share.of_device(share.measured)
    counts = (share.measured, share.predicted, share.available)
    cells = ("-" if count is None else f"{count:,}" for count in counts)
    yield share.resource, *cells, "-" if taken is None else f"{taken:.1%}"
    if share.resource == "LUT":
        yield "  as memory", f"{resources.lutram:,}", "", "", ""


def _clock_rows(resources: Resources) -> Iterator[Row]:
    if resources.fmax_mhz is not None:
        yield "Fmax, MHz", f"{resources.fmax_mhz:.1f}", "", "", ""
