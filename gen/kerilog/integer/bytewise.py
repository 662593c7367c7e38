# SPDX-License-Identifier: Apache-2.0
"""Matrix products of bytes by ONNX Runtime.

Codes are given as unsigned bytes with the zero point 128. Its kernels for unsigned times signed bytes are the
fastest, but on processors without VNNI they add two products in 16 bits, saturating. So ``weight_type`` tries
them on the processor at hand, with the extremes among others; where they are not exact weights are unsigned
bytes, too, which its kernels multiply in 32 bits. ``kerilog.integer.fast`` tries those before anything
relies on them. Sums
in int32 wrap, so that a result below 2**31 is exact whatever the partial sums are.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from kerilog.formats import Affine, Format, IntArray
from kerilog.integer.matmul import ExactMatrix, Matrix, Numbers
from kerilog.integer.scratch import scratch

_ZERO = 128
_OPSET, _VERSION = 13, 8  # of ONNX: the first that have all that is used
_FEWEST_WEIGHTS = 1 << 9  # with fewer, a call costs more than it saves


class ByteMatrix:
    """As ``ExactMatrix``, for codes and weights of 8 bits and sums below 2**31."""

    number: type[Any] = np.int32
    factor: type[Any] = np.uint8

    def __init__(self, exact: ExactMatrix, kernel: IntArray, kind: type[Any]) -> None:
        """``kind``: int8 or uint8, what the weights are stored as."""
        self.bias: Numbers = exact.bias.astype(np.int32)
        self._session = _session(kernel, kind)

    def prepare(self, x: Numbers) -> Numbers:
        """Codes of int8 with the zero point 128, in scratch memory."""
        unsigned = scratch("bytes", x.shape, np.uint8)
        np.bitwise_xor(x.view(np.uint8), np.uint8(_ZERO), out=unsigned)
        return unsigned

    def product(self, x: Numbers) -> Numbers:
        """``x @ kernel`` for codes (..., inputs) from ``prepare``."""
        result: Numbers = self._session.run(None, {"x": x.reshape(-1, x.shape[-1])})[0]
        return result.reshape(*x.shape[:-1], -1)


def byte_matrix(kernel: IntArray, bias: IntArray, source: Format) -> Matrix:
    """The product by ONNX Runtime if its operands are bytes, else by NumPy."""
    exact = ExactMatrix(kernel, bias, source)
    bytes_only = source.minimum == -_ZERO and kernel.min() >= -_ZERO and kernel.max() < _ZERO
    if bytes_only and exact.bound < 1 << 31 and kernel.size >= _FEWEST_WEIGHTS:
        return ByteMatrix(exact, kernel, weight_type())
    return exact


def _session(kernel: IntArray, kind: type[Any]) -> Any:
    """What multiplies unsigned bytes (rows, inputs) with ``kernel`` (inputs, units), on one thread."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    zero = _ZERO if kind is np.uint8 else 0
    arrays = {"x_zero": np.uint8(_ZERO), "w": (kernel + zero).astype(kind), "w_zero": kind(zero)}
    constants = [numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()]
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w", "x_zero", "w_zero"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [None, kernel.shape[0]])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [None, kernel.shape[1]])],
        constants,
    )
    opset = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=_VERSION)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


@functools.cache
def weight_type() -> type[Any]:
    """What weights are best stored as on this processor: int8 where that is exact, else uint8."""
    return np.int8 if is_exact(np.int8) else np.uint8


def is_exact(kind: type[Any]) -> bool:
    """Whether products with weights stored as ``kind`` are those of integers: extremes, and at random."""
    random = np.random.default_rng(0)
    source = Affine(8, 1.0, 0)
    for inputs, units in ((1, 1), (2, 33), (31, 16), (64, 7), (259, 48), (1030, 21)):
        for choices in ((-128,), (127,), (-128, 127), range(-128, 128)):
            kernel = random.choice(choices, (inputs, units)).astype(np.int64)
            matrix = ByteMatrix(ExactMatrix(kernel, np.zeros(units, np.int64), source), kernel, kind)
            for rows in (1, 5, 24):
                for codes in ((-128,), (127,), (-128, 127), range(-128, 128)):
                    x = random.choice(codes, (rows, inputs)).astype(np.int8)
                    if not np.array_equal(matrix.product(matrix.prepare(x)), x.astype(np.int64) @ kernel):
                        return False
    return True
