# SPDX-License-Identifier: Apache-2.0
"""What fully parallel layers take: constants against multipliers, and against da4ml.

    python benchmarks/shift_add.py [--data mnist.npz] [--python PATH]

The int8 weights of models/mnist_cnn.keras, synthesized for xc7 as single modules by Yosys: the 128 x 10 layer
at a vector a cycle, its adder graph ours and da4ml's; then the 3 x 3 convolution as constants and as
``krl_matvec`` with its weight memory. Every graph is evaluated on random inputs first and must equal the
matrix product. Both graphs are written by the same template, a register behind every adder.

da4ml (PyPI, LGPL) need not be in this environment: ``--python`` names an interpreter that has it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import unittest.mock
from pathlib import Path

import numpy as np

import kerilog
from kerilog.data import load_dataset
from kerilog.emit.verilog import products_text, render
from kerilog.emit.writer import memory_text
from kerilog.exact.shift_add import AdderGraph, unshared_adders
from kerilog.exact.shift_add_builder import GraphBuilder
from kerilog.exact.shift_add_estimate import estimate
from kerilog.exact.shift_add_search import shift_add
from kerilog.formats import IntArray
from kerilog.graph import Graph
from kerilog.handoff.families import FAMILIES
from kerilog.hardware import unrolled
from kerilog.plan import plan
from kerilog.qgraph import QConv2D, QDense, QGraph
from kerilog.quantize import strip_softmax

MODEL = Path(__file__).parents[1] / "models" / "mnist_cnn.keras"
DENSE, CONV = "digit", "conv"
# run by the interpreter that has da4ml: every step of its graph, without any of our code
DA4ML = """
import json, sys
import numpy as np
from da4ml.cmvm import QInterval, solve
told = json.load(sys.stdin)
kernel = np.array(told["kernel"], np.float32)
interval = QInterval(float(told["low"]), float(told["high"]), 1.0)
found = solve(kernel, qintervals=[interval] * len(kernel), **told["options"])
print(json.dumps([
    {"ops": [(o.id0, o.id1, o.opcode, o.data) for o in part.ops],
     "inputs": [int(s) for s in part.inp_shifts],
     "outputs": [(int(i), int(s), bool(n)) for i, s, n in zip(part.out_idxs, part.out_shifts, part.out_negs)],
     "cost": part.cost}
    for part in found.solutions]))
"""


def weights(data: Path | None) -> QGraph:
    """The integer network whose layers are measured."""
    model = kerilog.load(MODEL)
    assert isinstance(model, Graph)
    samples = load_dataset(data or "mnist", model.inputs[0].shape).x_train[:1000]
    return strip_softmax(kerilog.quantize(model, samples, scheme="fixed").graph)


def da4ml_graph(
    python: str, kernel: IntArray, low: int, high: int, **options: int
) -> tuple[AdderGraph, float] | None:
    """The graph that da4ml finds, and its own estimate of LUTs; None if it is not there."""
    told = json.dumps({"kernel": kernel.tolist(), "low": low, "high": high, "options": options})
    done = subprocess.run([python, "-c", DA4ML], input=told, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    parts = json.loads(done.stdout)
    builder = GraphBuilder(len(kernel), low, high)
    terms: list[tuple[int, int, int] | None] = [(i, 0, 1) for i in range(len(kernel))]
    for part in parts:
        values: list[tuple[int, int, int] | None] = []
        for first, second, code, shift in part["ops"]:
            if code == -1:  # an input of this part
                values.append(shifted(terms[first], part["inputs"][first], False))
                continue
            assert code in (0, 1), f"da4ml's operation {code} is not an addition"
            values.append(joined(builder, values[first], values[second], shift, code == 1))
        terms = [shifted(values[i] if i >= 0 else None, shift, neg) for i, shift, neg in part["outputs"]]
    return builder.graph(terms), sum(part["cost"] for part in parts)


def shifted(term: tuple[int, int, int] | None, shift: int, negated: bool) -> tuple[int, int, int] | None:
    """``term << shift``, or its negative."""
    return term and (term[0], term[1] + shift, -term[2] if negated else term[2])


def joined(
    builder: GraphBuilder,
    first: tuple[int, int, int] | None,
    second: tuple[int, int, int] | None,
    shift: int,
    subtract: bool,
) -> tuple[int, int, int] | None:
    """``first +- (second << shift)``."""
    second = shifted(second, shift, subtract)
    if first is None or second is None:
        return first or second
    return builder.join(first, second)


def check(graph: AdderGraph, kernel: IntArray, low: int, high: int) -> None:
    """The graph is the matrix."""
    x = np.random.default_rng(0).integers(low, high + 1, (200, len(kernel)))
    x[0], x[1] = low, high
    assert np.array_equal(graph.evaluate(x), x @ kernel), "the graph is not the matrix"


def yosys(top: str, texts: dict[str, str]) -> dict[str, int]:
    """LUT, LUT as shift register or memory, FF and DSP of ``top`` on xc7; ``texts`` are files."""
    family = FAMILIES["xc7"]
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for file, text in texts.items():
            (work / file).parent.mkdir(exist_ok=True)
            (work / file).write_text(text, encoding="ascii")
        sources = " ".join(file for file in texts if file.endswith(".v"))
        script = f"read_verilog -defer {sources}; synth_xilinx -flatten -noiopad -family xc7 -top {top}; "
        script += "tee -q -o stat.json stat -json"
        subprocess.run(["yosys", "-q", "-p", script], cwd=work, check=True, capture_output=True)
        cells = json.loads((work / "stat.json").read_text())["modules"][f"\\{top}"]["num_cells_by_type"]
    return {
        "LUT": sum(count * cells.get(cell, 0) for cell, count in family.lut.items()),
        "LUT as memory": sum(count * cells.get(cell, 0) for cell, count in family.lutram.items()),
        "FF": sum(cells.get(cell, 0) for cell in family.ff),
        "DSP": sum(cells.get(cell, 0) for cell in family.dsp),
    }


def row(what: str, measured: dict[str, int], more: str) -> None:
    print(f"  {what:<34}" + "".join(f"{value:>8,} {name}" for name, value in measured.items()) + f"   {more}")


def measure_graph(
    what: str, graph: AdderGraph, kernel: IntArray, low: int, high: int, more: str = ""
) -> None:
    """Check a graph, synthesize it and print it."""
    check(graph, kernel, low, high)
    text = products_text(graph, 8, graph.bits, "products", what, "the benchmark")
    told = f"{len(graph.sums):,} adders of {graph.luts:,} bits, {graph.depth} cycles{more}"
    row(what, yosys("products", {"products.v": text}), told)


def dense(network: QGraph, python: str) -> None:
    """The 128 x 10 layer at a vector a cycle."""
    op = network[DENSE].op
    assert isinstance(op, QDense)
    source = network[network[DENSE].inputs[0]].op
    assert isinstance(source, QDense)
    kernel, (low, high) = op.kernel, source.clamp
    inputs, units = kernel.shape
    print(f"{inputs} x {units}, int8 weights, inputs {low} to {high}, a vector a cycle; digit by digit it is")
    print(f"{unshared_adders(kernel):,} adders")
    start = time.perf_counter()
    graph = shift_add(kernel, low, high)
    seconds = time.perf_counter() - start
    measure_graph("kerilog", graph, kernel, low, high, f", found in {seconds:.1f} s")
    guess = estimate(kernel, low, high)
    print(f"  estimated without a search: {guess.adders:,.0f} adders, {guess.luts:,.0f} LUT,", end=" ")
    print(f"{guess.flip_flops:,.0f} FF (the graph has {graph.flip_flops:,})")
    for what, options in (
        ("da4ml", {}),
        ("da4ml, adders weighed by bits", {"adder_size": 1, "carry_size": -1}),
    ):
        found = da4ml_graph(python, kernel, low, high, **options)
        if found is None:
            print(f"  da4ml is not installed for {python}: pip install da4ml, or name another by --python")
            return
        unit = "LUT" if options else "adders"
        measure_graph(what, found[0], kernel, low, high, f"; its own estimate {found[1]:,.0f} {unit}")


def convolution(network: QGraph) -> None:
    """The 3 x 3 convolution with a window a cycle: constants, and multipliers with their memory."""
    op = network[CONV].op
    assert isinstance(op, QConv2D)
    kernel = op.kernel.reshape(-1, op.kernel.shape[-1])
    inputs, units = kernel.shape
    print(f"\n{inputs} x {units} of the convolution, a window a cycle, with its windows and requantizer")
    chosen = plan(network)
    with unittest.mock.patch.object(unrolled, "PRODUCT_LUTS", -1000):
        multipliers = plan(network)
    for what, design in (("constants", chosen), ("multipliers", multipliers)):
        files = render(design) | {memory.file: memory_text(memory) for memory in design.memories}
        stage = next(stage for stage in design.stages if stage.layer == CONV)
        told = f"{inputs * units} multipliers"
        if weights := stage.facts.unrolled:
            told = f"{len(weights.graph.sums)} adders of {weights.graph.luts:,} bits"
        row(what, yosys(stage.module, files), told)
    lines = sum(text.count("\n") for file, text in render(chosen).items() if "/krl_" not in file)
    print(f"\nVerilog of the whole default network beside the library: {lines:,} lines")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, help="MNIST as an NPZ file, for the formats")
    parser.add_argument("--python", default=sys.executable, help="an interpreter with da4ml")
    options = parser.parse_args()
    network = weights(options.data)
    dense(network, options.python)
    convolution(network)


if __name__ == "__main__":
    main()
