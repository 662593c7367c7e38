# SPDX-License-Identifier: Apache-2.0
"""Two networks of ImageNet's size, InceptionV3 and MobileNetV2: part of `make networks`.

    python benchmarks/inception.py [--only NAME ...] [--rounds 31] [--limit 180] [--dry]

Weights are drawn from a seed; batch normalizations take their statistics from images that are drawn
(`drawings.py`). Each network is converted (`affine`) in a process of its own, which shows the memory it
takes; its integers are compared with Keras on images that calibration did not see; and integer model and
Keras' `tf.function` take turns on one image on the same processors. Of InceptionV3, the plan of the whole is
tried for `--limit` seconds and checked by Verilator's lint, and its first mixed block, cut out, is compared
with the integer model in Verilator.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import drawings
import kerilog
from kerilog import build, storage
from kerilog.area.devices import holding
from kerilog.errors import KerilogError
from kerilog.integer.model import Model as Running
from kerilog.integer.model import run_outputs
from kerilog.manifest import Manifest, Model
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph, QInput, QNode
from kerilog.quantize import strip_softmax
from kerilog.verify import tools
from kerilog.verify.steady import simulate_steady
from runs import ROOT

sys.path.insert(0, str(ROOT / "benchmarks" / "hardware"))

import page
from store import WORK, Values, digest, recall, say

PAGE = ROOT / "docs" / "networks.md"
FOLDER = WORK / "inception"
NETWORKS = {"inception_v3": ("InceptionV3", 299), "mobilenet_v2": ("MobileNetV2", 224)}
SEED, CALIBRATION, TESTS, TOP, SHOWN = 1, 16, 16, 5, 2
# the first mixed block, from the tensor that goes in to the concatenation that comes out, and its interval
BLOCK, BLOCK_INTERVAL, BLOCK_FRAMES = ("max_pooling2d_1", "mixed0"), 2_000_000, 1
WHOLE_INTERVAL = 1_000_000

Array = npt.NDArray[np.float32]


def keras() -> Any:
    """Keras, without TensorFlow's messages."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    import keras

    return keras


def images(side: int) -> Array:
    """Images in -1..1, as both networks take them: first those of the calibration, then the tests."""
    drawn, _ = drawings.draw(CALIBRATION + TESTS, side, side, SEED)
    return drawn.astype(np.float32) / np.float32(127.5) - 1


def made(name: str) -> Path:
    """The Keras file of a network, made once."""
    path = FOLDER / f"{name}.keras"
    if path.is_file():
        return path
    title, side = NETWORKS[name]
    library = keras()
    library.utils.set_random_seed(SEED)
    model = getattr(library.applications, title)(weights=None)
    normal = [layer for layer in model.layers if isinstance(layer, library.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in normal]
    for layer in normal:
        layer.momentum = 0.0
    model(images(side)[:CALIBRATION], training=True)
    for layer, momentum in zip(normal, momenta, strict=True):
        layer.momentum = momentum
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    return path


def converted(name: str, path: Path) -> kerilog.IntegerModel:
    """The integer network."""
    return kerilog.convert(path, images(NETWORKS[name][1])[:CALIBRATION], scheme="affine", verbose=False)


def apart(function: Callable[..., Values], *arguments: Any, limit: float | None = None) -> Values | None:
    """What ``function`` gives in a fresh process, which is stopped after ``limit`` seconds; None then."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, function, arguments))
    process.start()
    sender.close()
    found = None
    try:
        if receiver.poll(limit):
            found = receiver.recv()
    except EOFError:
        raise KerilogError(f"{function.__name__}: the process ended without a result") from None
    finally:
        if process.is_alive():
            process.terminate()
        process.join()
    return found


def _send(sender: Any, function: Callable[..., Values], arguments: tuple[Any, ...]) -> None:
    sender.send(function(*arguments))


def peak() -> float:
    """GiB that this process had at most; ``getrusage`` would count those of the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 2**20


def integers(name: str, path: Path) -> Values:
    """Conversion and inference without TensorFlow: seconds, bytes and memory. Runs in its own process."""
    start = time.perf_counter()
    network = converted(name, path)
    seconds = time.perf_counter() - start
    network.predict(images(NETWORKS[name][1])[CALIBRATION:])
    return {
        "converting": seconds,
        "in_float": network.bytes.in_float,
        "in_integers": network.bytes.in_integers,
        "peak": peak(),
    }


def logits(model: Any, library: Any) -> Any:
    """``model`` up to the softmax of its last layer."""
    model.layers[-1].activation = library.activations.linear
    return library.Model(model.inputs, model.outputs)


def quality(floats: Array, real: Array) -> Values:
    """Correlation and SNR of logits, and the best classes of both with the margin between them."""
    noise = np.sum((floats - real) ** 2, dtype=np.float64)
    places = [(np.argsort(-one)[:TOP], np.argsort(-two)[:TOP]) for one, two in zip(floats, real, strict=True)]
    return {
        "correlation": float(np.corrcoef(floats.ravel(), real.ravel())[0, 1]),
        "snr_db": float(10 * np.log10(np.sum(floats**2, dtype=np.float64) / noise)),
        "same_first": sum(int(a[0] == b[0]) for a, b in places),
        "shared": float(np.mean([len(np.intersect1d(a, b)) for a, b in places])),
        "tests": len(floats),
        "top": [
            {"float": _ranked(floats[place], a), "integer": _ranked(real[place], b)}
            for place, (a, b) in enumerate(places[:SHOWN])
        ],
    }


def _ranked(values: Array, places: npt.NDArray[np.intp]) -> list[tuple[int, float]]:
    """Class and logit, the best first."""
    return [(int(place), float(values[place])) for place in places]


def speed(network: kerilog.IntegerModel, model: Any, image: Array, rounds: int) -> list[Values]:
    """Seconds an image: every engine and Keras take turns in this process, on the same processors."""
    import tensorflow as tf

    function = tf.function(
        lambda x: model(x, training=False),
        input_signature=[tf.TensorSpec(image.shape, tf.float32)],
        autograph=False,
    )
    given, codes = tf.constant(image), network.quantize_input(image).astype(np.int8)
    engines = [Running(network.graph, "numpy"), Running(network.graph, "fast")]
    if not np.array_equal(engines[0].run(codes), engines[1].run(codes)):
        raise KerilogError(f"{network.name}: the engines differ")
    calls: list[Callable[[], Any]] = [lambda: function(given).numpy()]
    calls += [lambda engine=engine: engine.run(codes) for engine in engines]  # type: ignore[misc]
    times: list[list[tuple[float, float]]] = [[] for _ in calls]
    for passing in range(rounds + 2):
        for call, taken in zip(calls, times, strict=True):
            clock, processors = time.perf_counter(), time.process_time()
            call()
            if passing > 1:
                taken.append((time.perf_counter() - clock, time.process_time() - processors))
    middle = [[statistics.median(kind) for kind in zip(*taken, strict=True)] for taken in times]
    names = ["Keras, tf.function", *(f"integer model, {engine.engine}" for engine in engines)]
    return [
        {
            "title": name,
            "clock": clock,
            "processors": processors,
            "ratio": clock / middle[0][0],
            "busy": processors / middle[0][1],
        }
        for name, (clock, processors) in zip(names, middle, strict=True)
    ]


def cut(graph: QGraph, source: str, target: str) -> QGraph:
    """The part of ``graph`` that makes ``target`` of ``source``."""
    nodes = {node.name: node for node in graph}
    wanted, left = set(), [target]
    while left:
        name = left.pop()
        if name not in wanted:
            wanted.add(name)
            left += [] if name == source else nodes[name].inputs
    kept = [
        QNode(source, QInput(), (), node.shape, node.format) if node.name == source else node
        for node in graph
        if node.name in wanted
    ]
    return QGraph(target, graph.scheme, tuple(kept), (target,))


def design(graph: QGraph, interval: int, folder: Path) -> Values:
    """Plan and RTL of ``graph`` in ``folder``, which is checked by Verilator's lint when it is simulated."""
    start = time.perf_counter()
    planned = design_for(graph, Goal(interval=interval), graph.name)
    planning = time.perf_counter() - start
    source = Model(file=f"{graph.name}.keras", sha256="0" * 64)
    manifest = build.generate(graph, planned, folder, build.about(graph, source), force=True)
    need = manifest.predicted["xc7"]
    smallest = holding(need)
    return {
        "interval": manifest.frame_interval,
        "latency": manifest.latency,
        "multipliers": manifest.multipliers,
        "utilization": manifest.utilization,
        "lut": round(need.lut),
        "ff": round(need.ff),
        "bram18": need.bram18,
        "dsp": need.dsp,
        "smallest": smallest[0] if smallest else "none",
        "planning": planning,
        "seconds": time.perf_counter() - start,
    }


def whole(path: Path) -> Values:
    """Plan and RTL of all of InceptionV3. Runs in its own process."""
    graph = strip_softmax(converted("inception_v3", path).graph)
    return design(graph, WHOLE_INTERVAL, FOLDER / "whole") | {"peak": peak()}


def linted(folder: Path) -> Values:
    """Seconds of Verilator's lint. KerilogError for a warning."""
    start = time.perf_counter()
    manifest = Manifest.read(folder)
    command = ["verilator", "--lint-only", "-Wall", "--top-module", manifest.top]
    tools.run_tool([*command, *manifest.sources], folder)
    return {"linting": time.perf_counter() - start}


def simulate(graph: QGraph, folder: Path) -> Values:
    """Whole frames in Verilator. KerilogError for an element, an interval or a latency that is wrong."""
    node = graph.inputs[0]
    random = np.random.default_rng(SEED)
    shape = BLOCK_FRAMES, *node.shape
    codes = {node.name: random.integers(node.format.minimum, node.format.maximum + 1, shape)}
    manifest = Manifest.read(folder)
    start = time.perf_counter()
    steady = simulate_steady(folder, {manifest.inputs[0].name: codes[node.name]})
    found, wanted = steady.result.outputs[0][:BLOCK_FRAMES], run_outputs(graph, codes)[0]
    wrong = int(np.count_nonzero(found != wanted))
    if wrong:
        raise KerilogError(f"{graph.name}: {wrong} of {wanted.size} elements differ")
    troubles = list(steady.differences(manifest))
    if troubles:
        raise KerilogError(f"{graph.name}: {'; '.join(troubles)}")
    return {"frames": BLOCK_FRAMES, "elements": wanted.size, "simulating": time.perf_counter() - start}


def block(graph: QGraph) -> Values:
    """The mixed block in RTL: planned, generated and simulated once for its integers."""
    part = cut(graph, *BLOCK)
    folder = FOLDER / "block"
    key = digest([], storage.digest(part), str(BLOCK_INTERVAL), kerilog.__version__)

    def measured() -> Values:
        return design(part, BLOCK_INTERVAL, folder) | simulate(part, folder)

    return recall("inception_block", key, "InceptionV3: the first mixed block in RTL", measured)


FIGURES: list[page.Column] = [
    ("network", lambda row: row["title"]),
    ("bytes in float32", page.whole("in_float")),
    ("in integers", page.whole("in_integers")),
    ("times smaller", lambda row: f"{row['in_float'] / row['in_integers']:.2f}"),
    ("correlation of logits", lambda row: f"{row['correlation']:.4f}"),
    ("SNR", lambda row: f"{row['snr_db']:.1f} dB"),
    ("same best class", lambda row: f"{row['same_first']} of {row['tests']}"),
    ("of five best shared", lambda row: f"{row['shared']:.1f}"),
    ("seconds to convert", page.seconds("converting")),
    ("peak memory", lambda row: f"{row['peak']:.2f} GiB"),
]
SPEED: list[page.Column] = [
    ("network", lambda row: row["network"]),
    ("one image by", lambda row: row["title"]),
    ("ms", lambda row: f"{1000 * row['clock']:.0f}"),
    ("of Keras", lambda row: f"{row['ratio']:.2f}"),
    ("ms of processors", lambda row: f"{1000 * row['processors']:.0f}"),
    ("of Keras", lambda row: f"{row['busy']:.2f}"),
]
DESIGN: list[page.Column] = [
    ("part", lambda row: row["title"]),
    ("cycles per frame", page.whole("interval")),
    ("latency", page.whole("latency")),
    ("multipliers", page.whole("multipliers")),
    ("utilization", lambda row: f"{row['utilization']:.1%}"),
    ("LUT", page.whole("lut")),
    ("FF", page.whole("ff")),
    ("RAMB18", page.whole("bram18")),
    ("DSP", page.whole("dsp")),
    ("smallest device", lambda row: row["smallest"]),
    ("seconds to plan", page.seconds("planning")),
    ("and generate", page.seconds("seconds")),
    ("peak memory", lambda row: f"{row['peak']:.1f} GiB" if "peak" in row else "-"),
    ("to lint, no warning", page.seconds("linting")),
    ("elements equal in Verilator", page.whole("elements")),
    ("seconds to compile and simulate", page.seconds("simulating")),
]


def _ranking(pairs: list[tuple[int, float]]) -> str:
    """The best classes with their logits, and how far the first is ahead."""
    listed = ", ".join(f"{place} ({value:.3f})" for place, value in pairs)
    return f"{listed}; margin {pairs[0][1] - pairs[1][1]:.3f}"


def text_of(rows: list[Values], designs: list[Values], notes: list[str]) -> str:
    """Tables and lists."""
    lines = [page.table(FIGURES, rows)]
    lines += [page.table(SPEED, ({**one, "network": row["title"]} for row in rows for one in row["speed"]))]
    for row in rows:
        for place, top in enumerate(row["top"]):
            lines += [f"- {row['title']}, image {place}, {kind}: {_ranking(top[kind])}" for kind in top]
    lines += ["", *([page.table(DESIGN, designs)] if designs else []), *notes]
    return "\n".join(lines)


def measure(name: str, rounds: int) -> tuple[Values, QGraph]:
    """The figures of one network and its integer graph."""
    title, side = NETWORKS[name]
    say(f"{title}: convert")
    path = made(name)
    found = apart(integers, name, path)
    assert found is not None
    network = converted(name, path)
    library = keras()
    model = library.models.load_model(path, compile=False)
    x = images(side)
    say(f"{title}: speed, {rounds} rounds")
    taken = speed(network, model, x[CALIBRATION : CALIBRATION + 1], rounds)
    floats = np.asarray(logits(model, library).predict_on_batch(x[CALIBRATION:]))
    codes = network.run_outputs(network.quantize_input(x[CALIBRATION:]))
    real = network.output_format.dequantize(next(iter(codes.values()))).astype(np.float32)
    return {"title": title, **found, **quality(floats, real), "speed": taken}, network.graph


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=list(NETWORKS), choices=list(NETWORKS), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=31, help="turns of each contender (default: 31)")
    parser.add_argument("--limit", type=float, default=180, help="seconds to plan and generate the whole")
    parser.add_argument("--dry", action="store_true", help="print, but leave the page as it is")
    arguments = parser.parse_args()
    rows, designs, notes = [], [], []
    for name in arguments.only:
        row, graph = measure(name, arguments.rounds)
        rows.append(row)
        if name == "inception_v3":
            designs.append({"title": "first mixed block", **block(strip_softmax(graph))})
            say(f"InceptionV3: RTL of the whole, for {arguments.limit:g} seconds")
            all_of_it = apart(whole, made(name), limit=arguments.limit)
            if all_of_it is None:
                notes.append(
                    f"The RTL of all of InceptionV3, `--interval {WHOLE_INTERVAL}`, was not planned and "
                    f"generated in {arguments.limit:g} seconds."
                )
            else:
                designs.append({"title": "all of InceptionV3", **all_of_it, **linted(FOLDER / "whole")})
    text = text_of(rows, designs, notes)
    (WORK / "inception.json").write_text(json.dumps([rows, designs, notes], indent=2), encoding="ascii")
    print(f"\n{text}")
    if not arguments.dry:
        page.replace(PAGE, "inception", text)


if __name__ == "__main__":
    try:
        main()
    except KerilogError as error:
        raise SystemExit(f"networks: error: {error}") from None
