# SPDX-License-Identifier: Apache-2.0
"""One network from its description to a design, and what must hold of it.

Kerilog's float graph gives what Keras gives; the integer model of a TFLite file gives what the interpreter
gives with its reference kernels; the RTL gives what the integer model gives, at the planned cycles.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import multiprocessing
import re
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuzz import network
from fuzz.batch import Batch, Seen
from fuzz.draw import Description
from kerilog import build, floating, frontend
from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.graph import Graph
from kerilog.hardware.stages import KINDS
from kerilog.integer.model import Model as Running
from kerilog.integer.model import run_outputs
from kerilog.manifest import Manifest, Model
from kerilog.plan import refusals
from kerilog.plan.front import front
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QConv2D, QDense, QGraph
from kerilog.quantize import LayerSettings, Settings, calibrate, quantize, strip_softmax
from kerilog.verify import NO_STALLS, Stalls, simulate
from kerilog.verify.steady import standing

MOST_PRODUCTS = 300  # of a design, so that it compiles in seconds
MOST_INTERVAL = 3000
MOST_VALUE = 1e4  # of a float network: beyond it, differences of float32 say nothing
FRAMES, SHORT = 24, 5  # of a simulation, and of one that Icarus makes
TOLERANCE = 1e-3  # of the float graph, in parts of the largest value
STALLS = Stalls(1, 0.4, 0.4)


class Refused(Exception):  # noqa: N818 - it is no error
    """Kerilog, or TensorFlow's converter, does not take the network; the message is its reason."""


class Wrong(Exception):  # noqa: N818 - a finding
    """A promise is broken; ``kind`` says which in a word."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind


@dataclasses.dataclass(frozen=True)
class Ready:
    """A design of ``graph`` in ``folder``, codes for every input and what the integer model makes of them."""

    graph: QGraph
    folder: Path
    manifest: Manifest
    codes: list[IntArray]
    expected: tuple[IntArray, ...]


def kind_of(error: BaseException) -> str:
    """What two failures have in common that are the same bug: where it was raised, or what was broken."""
    if isinstance(error, Wrong):
        return error.kind
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "kerilog" in frame.filename] or frames
    return f"{type(error).__name__} in {Path(own[-1].filename).name}:{own[-1].name}"


def reason_of(error: BaseException) -> str:
    """A refusal without its names and numbers, so that the same ones can be counted."""
    plain = re.sub(r"'[^']*'|\"[^\"]*\"", "'...'", str(error).splitlines()[0])
    return re.sub(r"-?\d[\d,.]*", "N", plain)[:160]


def prepare(description: Description, folder: Path, name: str) -> Ready:
    """Make the network of ``description``, check all but its RTL and write its design to ``folder``.

    Raises Refused where there is nothing to check, Wrong for what is broken, and whatever is a bug.
    """
    try:
        made = network.make(description, folder)
    except Exception as error:  # Keras or the converter does not take it
        raise Refused(f"by TensorFlow: {str(error).strip().splitlines()[0]}"[:200]) from error
    try:
        loaded = frontend.load(made.path)
        graph = loaded if isinstance(loaded, QGraph) else quantized(loaded, description["source"], made)
        codes = draw_codes(graph, description["seed"])
        if isinstance(loaded, QGraph):
            check_interpreter(made.path, graph, codes)
        hardware = strip_softmax(graph)
        design = design_for(hardware, goal_for(hardware, description["goal"]), name)
        told = build.about(hardware, Model(file=made.path.name, sha256="0" * 64))
        manifest = build.generate(hardware, design, folder / "design", told)
    except KerilogError as error:
        raise Refused(str(error)) from error
    if manifest.frame_interval > MOST_INTERVAL or manifest.multipliers + manifest.constants > MOST_PRODUCTS:
        raise Refused("too large to simulate here")
    expected = run_outputs(hardware, named(hardware, codes))
    check_fast(hardware, codes, expected)
    return Ready(hardware, folder / "design", manifest, codes, expected)


def check_fast(graph: QGraph, codes: Sequence[IntArray], expected: Sequence[IntArray]) -> None:
    """The engine ``fast`` gives what NumPy gives, where it is installed."""
    if any(importlib.util.find_spec(library) is None for library in ("onnxruntime", "onnx", "numba")):
        return
    found = Running(graph, "fast").tensors(named(graph, codes), graph.outputs)
    for place, (name, wanted) in enumerate(zip(graph.outputs, expected, strict=True)):
        compare("fast engine", place, found[name], wanted)


def quantized(graph: Graph, source: dict[str, Any], made: network.Made) -> QGraph:
    """The integer graph, after the float one was held against Keras."""
    samples = {node.name: x for node, x in zip(graph.inputs, made.samples, strict=True)}
    check_float(graph, samples, made)
    fixed = source["scheme"] == "fixed"
    kept = {
        key: value
        for key, value in source.items()
        if key != "scheme" and value is not None and (fixed or key == "range")
    }
    return quantize(calibrate(graph, samples), source["scheme"], settings=Settings(LayerSettings(**kept)))


def check_float(graph: Graph, samples: dict[str, npt.NDArray[Any]], made: network.Made) -> None:
    """The float graph gives what Keras gives."""
    found = made.model(dict(zip(made.names, made.samples, strict=True)), training=False)
    theirs = found if isinstance(found, list | tuple) else [found]
    for place, (ours, other) in enumerate(
        zip(floating.run(graph, samples), map(np.asarray, theirs), strict=True)
    ):
        largest = float(np.abs(other).max())
        if not np.isfinite(other).all() or largest > MOST_VALUE:
            raise Refused("values that are not of one size")
        if ours.shape != other.shape:
            raise Wrong("float", f"output {place} has shape {ours.shape}, that of Keras {other.shape}")
        distance = float(np.abs(ours - other).max())
        if distance > TOLERANCE * max(largest, 1.0):
            raise Wrong("float", f"output {place} is {distance:g} off, of {largest:g} at most")


def draw_codes(graph: QGraph, seed: int) -> list[IntArray]:
    """Random codes (frames, *shape) of every input, extreme ones among them."""
    random = np.random.default_rng(seed)
    found = []
    for node in graph.inputs:
        low, high = node.format.minimum, node.format.maximum
        codes = random.integers(low, high + 1, (FRAMES, *node.shape), np.int64)
        codes[0], codes[1] = low, high
        found.append(codes)
    return found


def named(graph: QGraph, codes: Sequence[IntArray]) -> dict[str, IntArray]:
    return {node.name: array for node, array in zip(graph.inputs, codes, strict=True)}


def check_interpreter(path: Path, graph: QGraph, codes: Sequence[IntArray]) -> None:
    """The integer model gives what LiteRT's interpreter gives with its reference kernels."""
    theirs = _apart(_interpreted, path, codes)
    ours = run_outputs(graph, named(graph, codes))
    for frame, outputs in enumerate(theirs):
        for place, (mine, other) in enumerate(zip(ours, outputs, strict=True)):
            compare("interpreter", place, mine[frame].reshape(-1), other)


def _interpreted(path: Path, codes: Sequence[IntArray]) -> list[list[IntArray]]:
    """The outputs of the first frames; none where the ends of the network are floats."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kernels = OpResolverType.BUILTIN_REF
    try:
        interpreter = Interpreter(str(path), experimental_op_resolver_type=kernels, num_threads=1)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:  # an operator newer than it is
        raise Refused(f"by LiteRT: {str(error).splitlines()[0]}") from error
    entries, exits = interpreter.get_input_details(), interpreter.get_output_details()
    if any(entry["dtype"] == np.float32 for entry in entries):
        return []  # its ends are QUANTIZE and DEQUANTIZE, which the interpreter does in float
    found = []
    for frame in range(SHORT):
        for entry, array in zip(entries, codes, strict=True):
            interpreter.set_tensor(
                entry["index"], array[frame : frame + 1].astype(entry["dtype"]).reshape(entry["shape"])
            )
        interpreter.invoke()
        found.append([interpreter.get_tensor(one["index"]).astype(np.int64).reshape(-1) for one in exits])
    return found


def _apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """What ``function`` gives in a process of its own, for LiteRT aborts on some networks. Raises what it
    raises, and Refused where that process ends in another way.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        found = receiver.recv()
    except EOFError:
        process.join()
        raise Refused(f"by LiteRT: its process ended with {process.exitcode}") from None
    process.join()
    if isinstance(found, Exception):
        raise found
    return found


def _send(sender: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        sender.send(function(*arguments))
    except Exception as error:  # raised again by the caller
        sender.send(error)


def compare(kind: str, place: int, found: IntArray, expected: IntArray) -> None:
    """Raises Wrong for the first element that differs."""
    if found.shape != expected.shape:
        raise Wrong(kind, f"output {place}: expected shape {expected.shape}, found {found.shape}")
    wrong = np.argwhere(found != expected)
    if wrong.size:
        first = tuple(wrong[0])
        text = f"{len(wrong)} of {expected.size} elements differ, first at {[int(i) for i in first]}"
        raise Wrong(kind, f"output {place}: {text}: expected {expected[first]}, found {found[first]}")


def goal_for(graph: QGraph, drawn: dict[str, Any]) -> Goal:
    """Bounds near to what the network can have: ``at`` of 0..100 from the tightest to none."""
    kind, at = drawn["kind"], drawn["at"]
    plain = Goal(register_borders=drawn["register_borders"], control=drawn.get("control", "none"))
    refusals.check(graph)
    if kind == "none":
        return plain
    if kind == "device":
        return dataclasses.replace(plain, device="xc7z020", multipliers=MOST_PRODUCTS)
    points = [point for point in front(graph) if point.multipliers <= MOST_PRODUCTS]
    if not points:
        return plain
    interval = between(points[0].interval, points[-1].interval, at)
    if kind == "interval":
        return dataclasses.replace(plain, interval=interval)
    if kind == "multipliers":
        fewest = between(points[-1].multipliers, points[0].multipliers, at)
        return dataclasses.replace(plain, multipliers=max(1, fewest))
    if kind == "unroll":
        return dataclasses.replace(plain, interval=interval, unroll=unrolled(graph, at))
    base = design_for(graph, dataclasses.replace(plain, interval=interval)).cycles
    bounds = {"latency": max(1, between(base.latency * 7 // 8, base.latency * 2, at))}
    return dataclasses.replace(plain, **bounds, interval=interval if kind == "both" else None)


def between(low: int, high: int, at: int) -> int:
    """The number ``at`` percent of the way."""
    return low + (high - low) * at // 100


def unrolled(graph: QGraph, at: int) -> tuple[str, ...]:
    """The name of a layer with few weights, none where there is no such layer."""
    found = [
        node.name
        for node in graph
        if isinstance(node.op, QConv2D | QDense)
        and node.op.kernel.size < 200
        and KINDS[type(node.op)].unrollable(node)
    ]
    return (found[at % len(found)],) if found else ()


def check_seen(ready: Ready, seen: Seen, simulator: str, with_cycles: bool = True) -> None:
    """Outputs are those of the integer model and cycles as planned."""
    for place, (found, expected) in enumerate(zip(seen.outputs, ready.expected, strict=True)):
        compare(simulator, place, found, expected[: len(found)])
    if not with_cycles:
        return
    planned = ready.manifest
    latency = int(seen.last_out[0] - seen.first_in[0])
    if latency != planned.latency:
        raise Wrong("latency", f"{latency} cycles in {simulator}, planned are {planned.latency}")
    first = int(seen.first_out[0] - seen.first_in[0])
    if first != planned.first_output:
        raise Wrong(
            "latency",
            f"{first} cycles to the first output in {simulator}, planned are {planned.first_output}",
        )
    interval = standing(seen.first_in, seen.last_out)
    if interval is not None and interval < planned.frame_interval and falls_apart(ready.graph):
        return  # the slower part is not yet behind the others
    if interval is not None and interval != planned.frame_interval:
        raise Wrong("interval", f"{interval} cycles in {simulator}, planned are {planned.frame_interval}")


def falls_apart(graph: QGraph) -> bool:
    """Whether there are layers that no path of tensors, taken in either direction, connects to the others."""
    groups: list[set[str]] = []
    for node in graph:
        names = {node.name, *node.inputs}
        touched = [group for group in groups if group & names]
        groups = [group for group in groups if not group & names] + [names.union(*touched)]
    return len(groups) > 1


def check_in_icarus(ready: Ready) -> None:
    """The same in Icarus, over a few frames."""
    codes = {
        stream.name: array[:SHORT] for stream, array in zip(ready.manifest.inputs, ready.codes, strict=True)
    }
    try:
        found = simulate(ready.folder, codes, "icarus")
    except KerilogError as error:
        raise Wrong("icarus", str(error)) from error
    seen = Seen(found.outputs, found.first_in, found.first_out, found.last_out)
    check_seen(ready, seen, "icarus")
    if found.frame_error or found.tuser:
        raise Wrong("icarus", "frame_error or m_axis_tuser was high, though every frame was good")


def check_in_verilator(designs: Sequence[Ready]) -> dict[int, Wrong]:
    """What is wrong with each of ``designs``, by its number: with all in one build, then with stalls."""
    try:
        batch = Batch([ready.folder for ready in designs])
        runs = [batch.run([ready.codes for ready in designs], stalls) for stalls in (NO_STALLS, STALLS)]
    except KerilogError as error:
        if len(designs) == 1:
            return {0: Wrong("verilator", str(error))}
        # one of them ends the simulation of all
        alone = [check_in_verilator([ready]) for ready in designs]
        return {number: found[0] for number, found in enumerate(alone) if found}
    wrong = {}
    for number, ready in enumerate(designs):
        try:
            for seen, stalls in zip(runs, (NO_STALLS, STALLS), strict=True):
                check_seen(ready, seen[number], "verilator", stalls is NO_STALLS)
        except Wrong as error:
            wrong[number] = error
    return wrong


def is_small(ready: Ready) -> bool:
    """Whether Icarus takes it in seconds."""
    planned = ready.manifest
    return SHORT * planned.frame_interval + planned.latency < 6000


def whole(
    description: Description, folder: Path, simulators: Sequence[str] = ("icarus", "verilator")
) -> None:
    """Everything about one network; raises as ``prepare``, and Wrong."""
    ready = prepare(description, folder, "fuzz")
    if "icarus" in simulators and is_small(ready):
        check_in_icarus(ready)
    if "verilator" in simulators:
        for error in check_in_verilator([ready]).values():
            raise error
