# SPDX-License-Identifier: Apache-2.0
"""What a design folder says to whoever gets it: a README, a bench with vectors, an instance to copy.

Everything is made of the manifest and of a few frames, so that the folder stands alone.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import UNSET

from kerilog import axi_lite, frames
from kerilog.emit.control import Register
from kerilog.emit.verilog import environment
from kerilog.exact import packing
from kerilog.formats import IntArray
from kerilog.integer.model import run_outputs
from kerilog.manifest import Manifest, Scaling, Stream
from kerilog.names import harmless
from kerilog.qgraph import QGraph
from kerilog.quantize import strip_softmax

Samples = Mapping[str, npt.NDArray[Any]]
"""Scaled samples (count, *shape) of each input by its name."""

FRAMES = 8
_MOST_BITS = 1 << 21  # of all vectors, unless a single frame has more
_MOST_CYCLES = 1 << 15  # of the whole bench, which Icarus then runs in a minute or so
_SHOWN_LANES = 4
_LARGEST = (1 << 31) - 1  # number of a Verilog integer


@dataclasses.dataclass(frozen=True)
class Vectors:
    """Codes (frames, *shape) of every input and output of a design, and in words where they come from."""

    inputs: tuple[IntArray, ...]
    outputs: tuple[IntArray, ...]
    source: str

    @property
    def frames(self) -> int:
        return len(self.inputs[0])


def vectors_of(graph: QGraph, interval: int, samples: Samples | None = None) -> Vectors:
    """The first of ``samples`` as codes, or random ones, and what the integer model of ``graph``, up to its
    softmax, makes of them. Frames of many bits, or of an ``interval`` of many cycles, are fewer.
    """
    network = strip_softmax(graph)
    bits = sum(math.prod(node.shape) * node.format.bits for node in network if _at_border(network, node.name))
    count = max(1, min(FRAMES, _MOST_BITS // bits, _MOST_CYCLES // (2 * interval)))
    if samples:
        first = {name: array[:count] for name, array in samples.items()}
        codes, source = frames.codes_of(network, first), "calibration samples"
    else:
        codes, source = _drawn(network, count), "random codes"
    given = tuple(codes[name] for name in frames.input_names(network))
    return Vectors(given, run_outputs(network, codes), source)


def _at_border(graph: QGraph, name: str) -> bool:
    return name in graph.outputs or name in frames.input_names(graph)


def _drawn(graph: QGraph, count: int) -> dict[str, IntArray]:
    """Random codes, the same each time; of several frames the last one holds the largest alone."""
    rng = np.random.default_rng(0)
    codes = {}
    for node in graph.inputs:
        low, high = node.format.minimum, node.format.maximum
        codes[node.name] = rng.integers(low, high + 1, (count, *node.shape))
        codes[node.name][1:][-1:] = high
    return codes


def files(manifest: Manifest, vectors: Vectors, registers: Sequence[Register] = ()) -> dict[str, str]:
    """The texts of the guide by their paths: ASCII, the same each time.

    ``registers``: those of the control block, if there is one.
    """
    top, count = manifest.top, vectors.frames
    bench = f"krl_bench_{top}"
    values: dict[str, Any] = {
        "top": top,
        "bench": bench,
        "bench_file": f"sim/{bench}.v",
        "instance": f"{top}.veo",
        "inputs": [_vector(top, port, place, count) for place, port in enumerate(manifest.inputs)],
        "outputs": [_vector(top, port, 31 - place, count) for place, port in enumerate(manifest.outputs)],
        "frames": count,
        "source": vectors.source,
        "latency": manifest.latency,
        "reset": manifest.reset.replace("-", " "),
        "reset_port": manifest.reset_port,
        "registered": manifest.register_borders,
        "bus_ports": axi_lite.ports(manifest.control),
        "registers": registers,
        "header": f"{top}_control".upper(),
        "addresses": {register.name: f"0x{register.address:03x}" for register in registers},
        "loadable": manifest.loadable or None,
        "watchdog": min(4 * (1000 + 4 * manifest.frame_interval + 4 * manifest.latency), _LARGEST),
    }
    values["both"] = [*values["inputs"], *values["outputs"]]
    values |= _words(manifest, vectors)
    written = {
        "README.md": "folder/README.md.j2",
        values["instance"]: "folder/instance.veo.j2",
        values["bench_file"]: "folder/bench.v.j2",
    }
    jinja = environment()
    texts = {path: jinja.get_template(template).render(values) for path, template in written.items()}
    streams, codes = (*manifest.inputs, *manifest.outputs), (*vectors.inputs, *vectors.outputs)
    for port, stream, array in zip(values["both"], streams, codes, strict=True):
        beats = packing.packed([(array.reshape(-1, stream.lanes), stream.bits)])
        texts[port["file"]] = packing.hexadecimal(_whole(beats, stream), stream.tdata_bits)
    return texts


def _whole(beats: packing.Words, stream: Stream) -> packing.Words:
    """``beats`` in whole bytes, those above the elements 0."""
    missing = stream.tdata_bits // 8 - beats.shape[1]
    return np.pad(beats, ((0, 0), (missing, 0)))


def _vector(top: str, stream: Stream, place: int, count: int) -> dict[str, Any]:
    """What the bench must know of a port, for ``count`` frames; ``place`` chooses the bit that pauses it."""
    last = stream.frame_beats * count - 1
    return {
        "name": stream.port,
        "file": f"sim/{top}_{stream.port}.mem",
        "tdata_bits": stream.tdata_bits,
        "frame_beats": stream.frame_beats,
        "last": last,
        "address_bits": max(1, last.bit_length()),
        "bit": place % 32,
    }


def _words(manifest: Manifest, vectors: Vectors) -> dict[str, Any]:
    """What the README tells beyond the bench."""
    scaling = {} if manifest.scaling is UNSET else manifest.scaling
    ports = [_input(stream, scaling.get(stream.name)) for stream in manifest.inputs]
    pairs = zip(manifest.outputs, vectors.outputs, strict=True)
    ports += [_output(stream, int(codes.reshape(-1)[0])) for stream, codes in pairs]
    return {
        "model": harmless(manifest.model.file),
        "scheme": manifest.scheme,
        "version": manifest.kerilog,
        "interval": manifest.frame_interval,
        "first_result": _after(manifest.first_output),
        "fps": f"{1e8 / manifest.frame_interval:,.0f}",
        "microseconds": f"{manifest.latency / 100:g}",
        "ports": ports,
    }


def _after(cycles: int) -> str:
    return f"after {cycles}" if cycles >= 0 else f"{-cycles} before that"


def _port(stream: Stream) -> dict[str, Any]:
    lanes = [
        f"{_place(stream, lane)} in [{(lane + 1) * stream.bits - 1}:{lane * stream.bits}]"
        for lane in range(min(stream.lanes, _SHOWN_LANES))
    ]
    return {
        "name": stream.port,
        "tensor": f"`{harmless(stream.name)}`",
        "shape": " x ".join(map(str, stream.shape)),
        "elements": stream.elements,
        "bits": stream.bits,
        "signed": stream.signed,
        "minimum": stream.minimum,
        "maximum": stream.maximum,
        "lanes": stream.lanes,
        "payload_bits": stream.payload_bits,
        "tdata_bits": stream.tdata_bits,
        "has_pad": stream.tdata_bits > stream.payload_bits,
        "frame_beats": stream.frame_beats,
        "first_beat": ", ".join(lanes) + (", and so on" if stream.lanes > _SHOWN_LANES else ""),
        "second_beat": _place(stream, stream.lanes) if stream.frame_beats > 1 else "",
        "classes": None if stream.classes is UNSET else stream.classes,
        "sign": f"{stream.scale:g}" if stream.kind == "sign" else None,
        **_formulas(stream),
    }


def _formulas(stream: Stream) -> dict[str, str]:
    """What a code stands for, and the code of a number before it saturates."""
    scale, zero = repr(stream.scale), stream.zero_point
    rounded = f"round(number / {scale})"
    if not zero:
        return {"meaning": f"{scale} * q", "coding": rounded}
    plus, minus = ("+", "-") if zero > 0 else ("-", "+")
    return {"meaning": f"{scale} * (q {minus} {abs(zero)})", "coding": f"{rounded} {plus} {abs(zero)}"}


def _place(stream: Stream, element: int) -> str:
    """Where the element number ``element`` of a frame stands in its tensor."""
    places = ", ".join(str(int(place)) for place in np.unravel_index(element, stream.shape))
    return f"element ({places})"


def _input(stream: Stream, scaling: Scaling | None) -> dict[str, Any]:
    """An input, with a number from the middle of its range as the example, raw where that is known."""
    raw, told = "", ""
    number = float(f"{stream.scale * (stream.maximum - stream.zero_point) / 2:.3g}")
    if scaling is not None:
        told = "; ".join(map(harmless, scaling.told.split(", ")))
        middle = (scaling.minimum + scaling.maximum) / 2
        sample = math.ceil(middle) if "int" in scaling.dtype else float(f"{middle:.3g}")
        number = float(f"{sample * scaling.factor:.6g}")
        raw = f"the raw sample {sample:g} is the "
    steps = number / stream.scale
    rounded = math.floor(abs(steps) + 0.5) * (1 if steps >= 0 else -1)
    whole = rounded + stream.zero_point
    code = min(max(whole, stream.minimum), stream.maximum)
    example = {
        "raw": raw or "the ",
        "number": f"{number:g}",
        "steps": f"{steps:.4f}",
        "rounded": rounded,
        "code": whole,
        "saturated": "" if code == whole else f", saturated {code}",
        "digits": _digits(stream, code),
    }
    return {**_port(stream), "is_input": True, "told": told, "example": example}


def _output(stream: Stream, code: int) -> dict[str, Any]:
    """An output, with the first ``code`` of the vectors as the example."""
    steps = 2 * code + 1 if stream.kind == "sign" else code - stream.zero_point
    number = f"{stream.scale * steps:.6g}"
    example = {"code": code, "number": number, "digits": _digits(stream, code)}
    return {**_port(stream), "is_input": False, "told": "", "example": example}


def _digits(stream: Stream, code: int) -> str:
    """``code`` in two's complement, in hexadecimal."""
    return f"{code & ((1 << stream.bits) - 1):0{-(-stream.bits // 4)}x}"
