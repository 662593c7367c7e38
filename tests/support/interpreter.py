# SPDX-License-Identifier: Apache-2.0
"""Models converted by TensorFlow here and now, and what LiteRT's interpreter makes of them, tensor by tensor.

The interpreter with the reference kernels is the oracle of the reference flavour, the default one (XNNPACK)
that of the single-rounding flavour.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from kerilog.frontend.tflite import load_tflite_with_tensors
from kerilog.integer.model import make_step
from kerilog.qgraph import QConstant, QConv2D, QDense
from kerilog.scales import Rounding

litert = pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT 1.x has no wheel for this Python")
Interpreter, OpResolverType = litert.Interpreter, litert.OpResolverType

Codes = npt.NDArray[np.int8]

FLATBUFFER_IDENTIFIER = b"TFL3"
FRAMES = 16


def convert(model: Any, rng: np.random.Generator, per_channel: bool = True, floating: bool = False) -> bytes:
    """``model`` as a full-integer file, calibrated on random samples, with ``floating`` ends or int8 ones."""
    shape = model.input_shape[1:]
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [rng.random((1, *shape), np.float32) * 2 - 0.7] for _ in range(16)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    if not floating:
        converter.inference_input_type = converter.inference_output_type = tf.int8
    if not per_channel:
        converter._experimental_disable_per_channel = True
    content: bytes = converter.convert()
    return content


def with_all_outputs(content: bytes, tensors: list[int]) -> bytes:
    """The same file with ``tensors`` as its outputs, so that a delegate must leave them behind."""
    import flatbuffers

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    model.subgraphs[0].outputs = tensors
    model.signatureDefs = []
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), FLATBUFFER_IDENTIFIER)
    return bytes(builder.Output())


def interpret(content: bytes, x: Codes, tensors: list[int], rounding: Rounding) -> dict[int, Codes]:
    """``tensors`` for input codes ``x``, from the reference kernels or from the default interpreter."""
    if rounding == "reference":
        kernels = OpResolverType.BUILTIN_REF
        options = {"experimental_op_resolver_type": kernels, "experimental_preserve_all_tensors": True}
    else:
        content, options = with_all_outputs(content, tensors), {}
    interpreter = Interpreter(model_content=content, num_threads=1, **options)
    detail = interpreter.get_input_details()[0]
    interpreter.resize_tensor_input(detail["index"], x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(detail["index"], x)
    interpreter.invoke()
    return {index: interpreter.get_tensor(index) for index in tensors}


def mismatches(path: Path, x: Codes, rounding: Rounding) -> tuple[int, dict[str, int]]:
    """Elements compared over all tensors of the file, and how many differ by node.

    Every node is run on the interpreter's own inputs of that node, so that no difference hides or spreads.
    The single-rounding flavour is exact where XNNPACK's binary32 product is: about one product in a million
    lies so near to a tie that its rounding crosses it. A few of those are forgiven, one step each.
    """
    graph, names = load_tflite_with_tensors(path, rounding)
    tensors = {name: index for index, name in names.items() if not isinstance(graph[name].op, QConstant)}
    theirs = interpret(path.read_bytes(), x, list(tensors.values()), rounding)
    values = {graph.inputs[0].name: x}
    count, wrong = x.size, {}
    for node in graph.nodes[1:]:
        step = make_step(node, [graph[source] for source in node.inputs])
        ours = step(*(values[source] for source in node.inputs))
        shaped = ours.reshape(-1, *node.shape)
        values[node.name] = theirs[tensors[node.name]] if node.name in tensors else shaped
        if node.name not in tensors:
            continue
        difference = np.abs(ours.reshape(values[node.name].shape).astype(int) - values[node.name])
        near_ties = rounding == "single" and difference.max() <= 1 and isinstance(node.op, QConv2D | QDense)
        if difference.any() and not (near_ties and difference.sum() <= 2 + difference.size * 1e-5):
            wrong[f"{node.op.kind} {node.name}"] = int((difference > 0).sum())
        count += difference.size
    return count, wrong


def random_codes(rng: np.random.Generator, shape: tuple[int, ...]) -> Codes:
    """Frames of random codes, the extreme ones among them."""
    x = rng.integers(-128, 128, (FRAMES, *shape), dtype=np.int8)
    x[0], x[1] = -128, 127
    return x
