# SPDX-License-Identifier: Apache-2.0
"""How fast the integer model is: against Keras in float, and against TFLite on TensorFlow's own conversion.

    python benchmarks/integer_model.py [--data mnist.npz] [--batch 1 --batch 1000] [--rounds 31]

All contenders take turns in one process, so that what else the machine does meets them alike; each is
called the fastest way it has: Keras as a ``tf.function`` traced for the one input shape, TFLite on a tensor
allocated for the batch. TFLite and the integer model start from int8 codes, Keras from floats; ``from
floats`` shows what it costs the integer model to quantize them first. Times are medians per image: on the
clock, and ``CPU`` of all threads together, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import io
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import kerilog
from kerilog.data import load_dataset
from kerilog.graph import Graph

MODEL = Path(__file__).parents[1] / "models" / "mnist_cnn.keras"
SAMPLES = 1000  # images that choose the ranges, for both converters
SECONDS = 0.02  # a time is the mean of as many calls as fill this, so that the clock's own cost is nothing
KERAS, DEFAULT, REFERENCE = "Keras float, tf.function", "TFLite default (XNNPACK)", "TFLite BUILTIN_REF"

Call = Callable[[], Any]


def keras_call(model: keras.Model, x: np.ndarray) -> Call:
    """The float model on ``x``, compiled for its shape."""
    signature = [tf.TensorSpec(x.shape, tf.float32)]
    function = tf.function(lambda images: model(images, training=False), input_signature=signature)
    images = tf.constant(x)
    return lambda: function(images).numpy()


def convert(model: keras.Model, samples: np.ndarray) -> bytes:
    """The full-int8 file that TensorFlow's converter makes of ``model``."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([sample[np.newaxis]] for sample in samples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
        return bytes(converter.convert())


def tflite_call(content: bytes, codes: np.ndarray, resolver: OpResolverType) -> Call:
    """The interpreter on ``codes``."""
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=resolver)
    source = interpreter.get_input_details()[0]["index"]
    target = interpreter.get_output_details()[0]["index"]
    interpreter.resize_tensor_input(source, codes.shape)
    interpreter.allocate_tensors()

    def call() -> np.ndarray:
        interpreter.set_tensor(source, codes)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(target))

    return call


@dataclasses.dataclass(frozen=True)
class Time:
    """Medians for one call: seconds on the clock, and seconds of all processors together."""

    clock: float
    processors: float


def medians(calls: dict[str, Call], rounds: int) -> dict[str, Time]:
    """The time of each call, all of them each round, in an order drawn anew."""
    loops = {}
    for name, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        loops[name] = max(1, int(SECONDS / (time.perf_counter() - start)))
    times: dict[str, list[Time]] = {name: [] for name in calls}
    order = np.random.default_rng(0)
    for _ in range(rounds):
        for name, call in ((name, calls[name]) for name in order.permutation(list(calls))):
            processors, clock = time.process_time(), time.perf_counter()
            for _ in range(loops[name]):
                call()
            clock, processors = time.perf_counter() - clock, time.process_time() - processors
            times[name].append(Time(clock / loops[name], processors / loops[name]))
    return {
        name: Time(*(statistics.median(getattr(t, kind) for t in taken) for kind in ("clock", "processors")))
        for name, taken in times.items()
    }


def table(times: dict[str, Time], batch: int) -> Iterator[str]:
    """Lines of microseconds an image, and of ratios of the times on the clock."""
    others = KERAS, DEFAULT, REFERENCE
    heads = "us/image", "CPU us", "/ Keras", "/ TFLite", "/ TFLite ref"
    yield f"{f'batch {batch}':34}" + "".join(f"{head:>13}" for head in heads)
    for name, taken in times.items():
        numbers = [taken.clock / batch * 1e6, taken.processors / batch * 1e6]
        numbers += [taken.clock / times[other].clock for other in others]
        yield f"{name:34}" + "".join(f"{number:13.2f}" for number in numbers)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, help="NPZ file with MNIST; else as `kerilog build` finds it")
    parser.add_argument("--batch", type=int, action="append", help="images a call (default: 1 and 1000)")
    parser.add_argument("--rounds", type=int, default=31, help="turns of each contender (default: 31)")
    arguments = parser.parse_args()

    model, graph = keras.models.load_model(MODEL), kerilog.load(MODEL)
    assert isinstance(graph, Graph)
    data = load_dataset(arguments.data or "mnist", (28, 28, 1))
    networks = {s: kerilog.quantize(graph, data.x_train[:SAMPLES], s) for s in ("affine", "fixed")}
    content = convert(model, data.x_train[:SAMPLES])
    print(f"data: {data.source}")
    print(f"{platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, TensorFlow {tf.__version__}")
    print("threads: integer model one a processor; TensorFlow its default; TFLite its default of one")
    for batch in arguments.batch or [1, 1000]:
        x = np.resize(data.x_test, (batch, 28, 28, 1))
        calls: dict[str, Call] = {}
        for scheme, network in networks.items():
            codes = network.input_format.quantize(x).astype(np.int8)
            calls[f"integer model, {scheme}"] = functools.partial(network.run, codes)
            calls[f"integer model, {scheme}, from floats"] = functools.partial(network.run, x)
        codes = networks["affine"].input_format.quantize(x).astype(np.int8)
        calls[KERAS] = keras_call(model, x)
        calls[DEFAULT] = tflite_call(content, codes, OpResolverType.AUTO)
        calls[REFERENCE] = tflite_call(content, codes, OpResolverType.BUILTIN_REF)
        print()
        print("\n".join(table(medians(calls, arguments.rounds), batch)))


if __name__ == "__main__":
    main()
