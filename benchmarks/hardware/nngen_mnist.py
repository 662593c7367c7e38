# SPDX-License-Identifier: Apache-2.0
"""The MNIST CNN in NNgen's own operators; runs inside NNgen's virtual environment, by its path.

    python nngen_mnist.py JOB.json

``JOB.json`` names ``weights`` (NPZ: conv, conv_bias, hidden, hidden_bias, digit, digit_bias in Keras'
shapes), ``samples`` (NPZ: calibration and images, float32 0..1, and labels), ``target`` (a folder), the
``attributes`` of each operator, NNgen's ``config``, arguments of its ``memory`` model, and how many images
are to be ``simulated``. It writes ``design.v``, ``bench.v`` with ``memory.img``, and ``model.json``: what
NNgen's software model answers.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

import nngen as ng
import numpy as np
import veriloggen as vg
import veriloggen.thread as vthread
import veriloggen.types.axi as axi

CHUNK = 64  # alignment of addresses
WORD = 32  # width of a line of the memory image
INPUT_SCALE = 127  # of pixels 0..1 to int8
BATCH = 500  # images of one evaluation


def codes(images: np.ndarray) -> np.ndarray:
    """Pixels 0..1 as NNgen's int8."""
    return np.round(images * INPUT_SCALE).astype(np.int64)


def network(weights: dict[str, np.ndarray]) -> tuple[Any, Any, dict[str, Any]]:
    """(placeholder, output, operators by layer) with float weights, for one image at a time."""

    def layer(name: str, kernel: np.ndarray) -> dict[str, Any]:
        kernel_node = ng.variable(dtype=ng.int8, shape=kernel.shape, name=f"{name}_kernel")
        kernel_node.set_value(kernel)
        bias = weights[f"{name}_bias"]
        bias_node = ng.variable(dtype=ng.int32, shape=bias.shape, name=f"{name}_bias")
        bias_node.set_value(bias)
        return {"kernel": kernel_node, "bias": bias_node}

    image = ng.placeholder(dtype=ng.int8, shape=(1, 28, 28, 1), name="image")
    parts = layer("conv", weights["conv"].transpose(3, 0, 1, 2))
    conv = ng.conv2d(
        image,
        parts["kernel"],
        strides=(1, 1, 1, 1),
        bias=parts["bias"],
        act_func=ng.relu,
        padding="VALID",
        dtype=ng.int8,
        sum_dtype=ng.int32,
        name="conv",
    )
    pool = ng.max_pool_serial(conv, ksize=(1, 2, 2, 1), strides=(1, 2, 2, 1), name="pool")
    flat = ng.reshape(pool, [1, 338])
    dense = {"transposed_b": True, "dtype": ng.int8, "sum_dtype": ng.int32}
    parts = layer("hidden", weights["hidden"].T)
    hidden = ng.matmul(flat, parts["kernel"], bias=parts["bias"], act_func=ng.relu, name="hidden", **dense)
    parts = layer("digit", weights["digit"].T)
    digit = ng.matmul(hidden, parts["kernel"], bias=parts["bias"], name="digit", **dense)
    return image, digit, {"conv": conv, "pool": pool, "hidden": hidden, "digit": digit}


def quantize(output: Any, calibration: np.ndarray) -> None:
    """NNgen's own quantizer: one scale a tensor, right shifts found on ``calibration``."""
    given = {"image": lambda node, count: codes(calibration)}
    ng.quantize([output], {"image": INPUT_SCALE}, input_generators=given)


def answers(output: Any, images: np.ndarray) -> np.ndarray:
    """What the software model gives for ``images``: (frames, 10)."""
    batches = [codes(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
    return np.concatenate([ng.eval([output], image=batch)[0].reshape(-1, 10) for batch in batches])


def write_bench(job: dict[str, Any], target: Any, nodes: tuple[Any, Any], images: np.ndarray) -> None:
    """``bench.v`` and ``memory.img``: one start for each of ``images``, its results printed."""
    image, output = nodes
    bits = job["config"].get("maxi_datawidth", WORD)
    parameters = ng.export_ndarray([output], CHUNK)
    input_step = math.ceil(image.memory_size / CHUNK) * CHUNK
    output_step = math.ceil(output.memory_size / CHUNK) * CHUNK
    parameter_base = input_step * len(images)
    output_base = parameter_base + math.ceil(len(parameters) / CHUNK) * CHUNK
    scratch = output_base + output_step * len(images)
    memory_words = np.zeros(2**18, np.int64)
    words = max(math.ceil(bits / 8), image.get_word_alignment())
    for index, frame in enumerate(codes(images)):
        axi.set_memory(memory_words, frame[np.newaxis], WORD, 8, index * input_step, words)
    axi.set_memory(memory_words, parameters, WORD, 8, parameter_base)

    bench = vg.Module("bench")
    ports_of = (bench.copy_params(target), bench.copy_sim_ports(target))[1]
    clock, reset_n = ports_of["CLK"], ports_of["RESETN"]
    reset = bench.Wire("RST")
    reset.assign(vg.Not(reset_n))
    memory = axi.AxiMemoryModel(
        bench,
        "memory",
        clock,
        reset,
        datawidth=bits,
        memimg=memory_words,
        memimg_name="memory.img",
        memimg_datawidth=WORD,
        **job["memory"],
    )
    memory.connect(ports_of, "maxi")
    control = vthread.AXIMLite(bench, "control", clock, reset, noio=True)
    control.connect(ports_of, "saxi")
    cycles = bench.Reg("cycles", 32, initval=0)
    vg.Seq(bench, "count", clock, reset)(cycles.inc())
    frames = len(images)

    def run() -> None:
        for frame in range(frames):
            ng.sim.set_global_addrs(
                control,
                scratch,
                output_base + frame * output_step,
                frame * input_step,
                parameter_base,
            )
            before = cycles.value
            ng.sim.start(control)
            ng.sim.wait(control)
            after = cycles.value
            print("cycles %d" % (after - before))  # noqa: UP031 - turned into $display
            for unit in range(10):
                value = memory.read_word(unit, output_base + frame * output_step, 8)
                print("output %d" % value)  # noqa: UP031
        vthread.finish()

    vthread.Thread(bench, "run", clock, reset, run).start()
    bench.Instance(target, "dut", params=bench.connect_params(target), ports=bench.connect_ports(target))
    vg.simulation.setup_clock(bench, clock, hperiod=5)
    vg.simulation.setup_reset(bench, reset_n, bench.make_reset(), period=100, polarity="low")
    Path("bench.v").write_text(bench.to_verilog(), encoding="ascii")


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text(encoding="ascii"))
    with np.load(job["weights"]) as stored:
        weights = {name: stored[name].astype(np.float64) for name in stored.files}
    with np.load(job["samples"]) as stored:
        samples = {name: stored[name] for name in stored.files}
    os.chdir(job["target"])

    image, output, operators = network(weights)
    for name, values in job["attributes"].items():
        operators[name].attribute(**values)
    quantize(output, samples["calibration"])
    start = time.perf_counter()
    target = ng.to_veriloggen([output], "nngen_mnist", config=job["config"], silent=True)
    text = target.to_verilog()
    seconds = time.perf_counter() - start
    Path("design.v").write_text(text, encoding="ascii")

    simulated = samples["images"][: job["simulated"]]
    write_bench(job, target, (image, output), simulated)
    given = answers(output, samples["images"])
    correct = int((given.argmax(axis=1) == samples["labels"]).sum())
    model = {
        "seconds": seconds,
        "lines": len(text.splitlines()),
        "expected": given[: job["simulated"]].tolist(),
        "images": len(given),
        "correct": correct,
    }
    Path("model.json").write_text(json.dumps(model), encoding="ascii")


if __name__ == "__main__":
    main()
