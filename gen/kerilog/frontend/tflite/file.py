# SPDX-License-Identifier: Apache-2.0
"""A .tflite file as plain data. All that a broken file can do wrong to the parser ends here, as a
``KerilogError``.

The layout is TensorFlow Lite's flatbuffer schema, version 3, read by the ``tflite`` package.
"""

from __future__ import annotations

import dataclasses
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite

from kerilog.errors import KerilogError
from kerilog.names import printable, shown

_IDENTIFIER = b"TFL3"
_MOST_ELEMENTS = 1 << 28
_BROKEN = (struct.error, IndexError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)

TYPES = {code: name.lower() for name, code in vars(tflite.TensorType).items() if isinstance(code, int)}
KINDS = {code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)}
_DTYPES = {"int8": np.int8, "int32": np.int32, "int64": np.int64, "float32": np.float32}

_WINDOW = {"padding": "Padding", "stride_h": "StrideH", "stride_w": "StrideW"}
_DILATION = {"dilation_h": "DilationHFactor", "dilation_w": "DilationWFactor"}
_FUSED = {"activation": "FusedActivationFunction"}
_MASKS = {"begin": "BeginMask", "end": "EndMask", "ellipsis": "EllipsisMask", "new_axis": "NewAxisMask"}
_OPTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "CONV_2D": ("Conv2DOptions", _WINDOW | _DILATION | _FUSED),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", _WINDOW | _DILATION | _FUSED),
    "FULLY_CONNECTED": (
        "FullyConnectedOptions",
        _FUSED | {"weights_format": "WeightsFormat", "keep_dims": "KeepNumDims"},
    ),
    "MAX_POOL_2D": ("Pool2DOptions", _WINDOW | _FUSED | {"height": "FilterHeight", "width": "FilterWidth"}),
    "AVERAGE_POOL_2D": (
        "Pool2DOptions",
        _WINDOW | _FUSED | {"height": "FilterHeight", "width": "FilterWidth"},
    ),
    "MEAN": ("ReducerOptions", {"keep_dims": "KeepDims"}),
    "ADD": ("AddOptions", _FUSED),
    "SUB": ("SubOptions", _FUSED),
    "MUL": ("MulOptions", _FUSED),
    "CONCATENATION": ("ConcatenationOptions", _FUSED | {"axis": "Axis"}),
    "STRIDED_SLICE": ("StridedSliceOptions", _MASKS | {"shrink": "ShrinkAxisMask"}),
    "SQUEEZE": ("SqueezeOptions", {"axes": "SqueezeDimsAsNumpy"}),
    "PACK": ("PackOptions", {"axis": "Axis"}),
    "UNPACK": ("UnpackOptions", {"axis": "Axis"}),
    "REDUCE_MAX": ("ReducerOptions", {"keep_dims": "KeepDims"}),
    "RESIZE_BILINEAR": ("ResizeBilinearOptions", {"corners": "AlignCorners", "half": "HalfPixelCenters"}),
    "RESIZE_NEAREST_NEIGHBOR": (
        "ResizeNearestNeighborOptions",
        {"corners": "AlignCorners", "half": "HalfPixelCenters"},
    ),
    "TRANSPOSE_CONV": (
        "TransposeConvOptions",
        {"padding": "Padding", "stride_h": "StrideH", "stride_w": "StrideW"} | _FUSED,
    ),
    "GELU": ("GeluOptions", {"approximate": "Approximate"}),
    "LEAKY_RELU": ("LeakyReluOptions", {"alpha": "Alpha"}),
    "SOFTMAX": ("SoftmaxOptions", {"beta": "Beta"}),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor as stored: ``shape`` with the batch axis, ``data`` (shape) or None, scales or None.

    ``signature`` has -1 for every size that ``shape`` does not know yet; it is empty where all are known.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    type: str
    data: npt.NDArray[Any] | None
    scales: npt.NDArray[np.float32] | None
    zeros: npt.NDArray[np.int64]
    axis: int
    signature: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class Operator:
    """One operator: tensor indices, -1 for an input left out, and its options by short name."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Model:
    """The single subgraph of a file."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_model(path: Path) -> Model:
    """The contents of ``path``. Raises ``KerilogError`` unless it is a whole, readable TFLite file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KerilogError(f"{path}: cannot be read ({error.strerror})") from error
    if content[4:8] != _IDENTIFIER:
        raise KerilogError(
            f"{path}: expected a TFLite file ({_IDENTIFIER!r} at byte 4), found {content[4:8]!r}"
        )
    try:
        return _parse(content)
    except KerilogError as error:
        raise KerilogError(f"{path}: {error}") from error
    except _BROKEN as error:
        reason = printable(str(error)) or type(error).__name__
        raise KerilogError(f"{path}: expected a whole TFLite file, found a broken one ({reason})") from error


def _parse(content: bytes) -> Model:
    model = tflite.Model.GetRootAs(content, 0)
    if model.Version() != 3:
        raise KerilogError(f"expected TFLite schema version 3, found {model.Version()}")
    if model.SubgraphsLength() != 1:
        raise KerilogError(f"expected one subgraph, found {model.SubgraphsLength()}")
    graph = model.Subgraphs(0)
    most = len(content) // 4
    tensors = tuple(_tensor(model, graph.Tensors(i), i) for i in range(_count(graph.TensorsLength(), most)))
    operators = tuple(
        _operator(model, graph.Operators(i), i, len(tensors))
        for i in range(_count(graph.OperatorsLength(), most))
    )
    inputs = _indices(graph.InputsAsNumpy(), len(tensors), "the graph's inputs")
    outputs = _indices(graph.OutputsAsNumpy(), len(tensors), "the graph's outputs")
    if not inputs or not outputs or -1 in inputs + outputs:
        raise KerilogError(f"expected inputs and outputs, found {len(inputs)} and {len(outputs)}")
    return Model(tensors, operators, inputs, outputs)


def _count(length: int, most: int) -> int:
    """``length`` of a vector. Raises ``KerilogError`` if the file is too small to hold it."""
    if not 0 <= length <= most:
        raise KerilogError(f"expected at most {most} entries in a vector, found {length}")
    return length


def _indices(vector: Any, tensors: int, where: str) -> tuple[int, ...]:
    indices = tuple(int(i) for i in np.atleast_1d(vector)) if not isinstance(vector, int) else ()
    for index in indices:
        if not -1 <= index < tensors:
            raise KerilogError(f"{where}: expected a tensor of 0..{tensors - 1}, found {index}")
    return indices


def _tensor(model: Any, stored: Any, index: int) -> Tensor:
    raw = stored.Name()
    name = raw.decode("utf-8", "replace") if raw else ""
    shape = () if stored.ShapeIsNone() else tuple(int(n) for n in stored.ShapeAsNumpy())
    label = f"tensor {index} {shown(name)}"
    size = 1
    for extent in shape:
        size *= extent
        if extent < 0 or size > _MOST_ELEMENTS:
            raise KerilogError(f"{label}: expected at most {_MOST_ELEMENTS} elements, found shape {shape}")
    if stored.Sparsity() is not None:
        raise KerilogError(f"{label}: expected dense storage, found a sparse tensor")
    kind = TYPES.get(stored.Type(), f"type {stored.Type()}")
    scales, zeros, axis = _quantization(stored.Quantization(), label)
    data = _data(model, stored, kind, shape, label)
    signature = () if stored.ShapeSignatureIsNone() else tuple(int(n) for n in stored.ShapeSignatureAsNumpy())
    return Tensor(index, name, shape, kind, data, scales, zeros, axis, signature)


def _quantization(
    stored: Any, label: str
) -> tuple[npt.NDArray[np.float32] | None, npt.NDArray[np.int64], int]:
    """Scales, zero points and axis; the scales are None for a tensor that is not quantized."""
    if stored is None or stored.ScaleIsNone() or stored.ScaleLength() == 0:
        return None, np.zeros(1, np.int64), 0
    scales = np.asarray(stored.ScaleAsNumpy(), np.float32)
    zeros = np.zeros(len(scales), np.int64)
    if not stored.ZeroPointIsNone():
        zeros = np.asarray(stored.ZeroPointAsNumpy(), np.int64)
    if len(zeros) != len(scales):
        raise KerilogError(f"{label}: expected {len(scales)} zero points, found {len(zeros)}")
    bad = scales[~(np.isfinite(scales) & (scales > 0))]
    if bad.size:
        raise KerilogError(f"{label}: expected scales above 0, found {bad[0]}")
    return scales, zeros, int(stored.QuantizedDimension())


def _data(model: Any, stored: Any, kind: str, shape: tuple[int, ...], label: str) -> npt.NDArray[Any] | None:
    """The constant that the tensor holds, or None if it is computed."""
    if not 0 <= stored.Buffer() < model.BuffersLength():
        raise KerilogError(
            f"{label}: expected a buffer of 0..{model.BuffersLength() - 1}, found {stored.Buffer()}"
        )
    buffer = model.Buffers(stored.Buffer())
    if buffer.DataIsNone() or buffer.DataLength() == 0 or kind not in _DTYPES:
        return None
    dtype = np.dtype(_DTYPES[kind]).newbyteorder("<")
    expected = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if buffer.DataLength() != expected:
        raise KerilogError(
            f"{label}: expected {expected} bytes for {kind} {shape}, found {buffer.DataLength()}"
        )
    return np.frombuffer(buffer.DataAsNumpy().tobytes(), dtype).reshape(shape)


def _operator(model: Any, stored: Any, index: int, tensors: int) -> Operator:
    if not 0 <= stored.OpcodeIndex() < model.OperatorCodesLength():
        last = model.OperatorCodesLength() - 1
        raise KerilogError(f"operator {index}: expected a code of 0..{last}, found {stored.OpcodeIndex()}")
    code = model.OperatorCodes(stored.OpcodeIndex())
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    kind = KINDS.get(number, f"operator code {number}")
    if kind == "CUSTOM":
        kind = f"CUSTOM {shown((code.CustomCode() or b'').decode('utf-8', 'replace'))}"
    where = f"operator {index} {kind}"
    inputs = _indices(stored.InputsAsNumpy(), tensors, where)
    outputs = _indices(stored.OutputsAsNumpy(), tensors, where)
    return Operator(index, kind, inputs, outputs, _options(stored, kind, where))


def _options(stored: Any, kind: str, where: str) -> dict[str, Any]:
    """The options that ``kind`` has, by short name."""
    if kind not in _OPTIONS:
        return {}
    table, fields = _OPTIONS[kind]
    if (
        stored.BuiltinOptionsType() != getattr(tflite.BuiltinOptions, table)
        or stored.BuiltinOptions() is None
    ):
        raise KerilogError(f"{where}: expected {table}, found options of type {stored.BuiltinOptionsType()}")
    view = getattr(tflite, table)()
    view.Init(stored.BuiltinOptions().Bytes, stored.BuiltinOptions().Pos)
    return {short: _plain(getattr(view, field)()) for short, field in fields.items()}


def _plain(value: Any) -> Any:
    """A vector of an option as a tuple; an absent one, which the reader calls 0, has nothing in it."""
    return tuple(value.tolist()) if isinstance(value, np.ndarray) else value
