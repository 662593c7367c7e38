# SPDX-License-Identifier: Apache-2.0
"""The table of what is supported, from the registries that decide it: ``python -m kerilog.support``.

Every operation of the integer graph is a row: who reads it, the integer model, the hardware and its limits.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from kerilog import qgraph
from kerilog.frontend.keras import CONVERTERS, TRAINING_ONLY
from kerilog.frontend.keras.functions import ACTIVATIONS
from kerilog.frontend.keras.libraries import LAYERS as LIBRARIES
from kerilog.frontend.keras.topology import SAME_SIZE
from kerilog.frontend.tflite import OPERATORS
from kerilog.hardware.stages import KINDS
from kerilog.qgraph import QInput, QOp

PAGE = Path("docs/layers.md")

READ_FROM: dict[type[QOp], tuple[tuple[str, ...], tuple[str, ...]]] = {
    qgraph.QConv2D: (
        (
            *("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv1D", "DepthwiseConv1D", "SeparableConv1D"),
            *("Conv2DTranspose", "Conv1DTranspose", "BatchNormalization", "Rescaling", "Normalization"),
        ),
        ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"),
    ),
    qgraph.QDense: (("Dense",), ("FULLY_CONNECTED",)),
    qgraph.QMaxPooling2D: (("MaxPooling2D", "MaxPooling1D"), ("MAX_POOL_2D",)),
    qgraph.QAveragePooling2D: (("AveragePooling2D", "AveragePooling1D"), ("AVERAGE_POOL_2D",)),
    qgraph.QGlobalMaxPooling2D: (("GlobalMaxPooling2D", "GlobalMaxPooling1D"), ("REDUCE_MAX",)),
    qgraph.QGlobalAveragePooling2D: (("GlobalAveragePooling2D", "GlobalAveragePooling1D"), ("MEAN",)),
    qgraph.QAdd: (("Add",), ("ADD",)),
    qgraph.QSubtract: (("Subtract",), ("SUB",)),
    qgraph.QArgMax: ((), ("ARG_MAX",)),
    qgraph.QMultiply: (("Multiply",), ("MUL",)),
    qgraph.QAverage: (("Average",), ()),
    qgraph.QMaximum: (("Maximum",), ("MAXIMUM",)),
    qgraph.QMinimum: (("Minimum",), ("MINIMUM",)),
    qgraph.QBroadcast: (
        ("Add", "Subtract", "Average", "Multiply", "Maximum", "Minimum"),
        ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"),
    ),
    qgraph.QConcatenate: (("Concatenate",), ("CONCATENATION",)),
    qgraph.QZeroPadding2D: (
        ("ZeroPadding2D", "ZeroPadding1D", "Conv2DTranspose", "Conv1DTranspose"),
        ("PAD", "PADV2", "TRANSPOSE_CONV"),
    ),
    qgraph.QSlice: (
        ("Cropping2D", "Cropping1D"),
        ("STRIDED_SLICE", "SLICE", "SPLIT", "SPLIT_V", "UNPACK"),
    ),
    qgraph.QUpSampling2D: (("UpSampling2D", "UpSampling1D"), ("RESIZE_NEAREST_NEIGHBOR", "TILE")),
    qgraph.QResizeBilinear: (("UpSampling2D",), ("RESIZE_BILINEAR",)),
    qgraph.QPermute: (("Permute",), ("TRANSPOSE",)),
    qgraph.QReshape: (
        ("Flatten", "Reshape"),
        ("RESHAPE", "EXPAND_DIMS", "SQUEEZE", "SHAPE", "STRIDED_SLICE", "PACK"),
    ),
    qgraph.QLookup: (
        ("Activation", "LeakyReLU", "ELU", "ThresholdedReLU"),
        ("LOGISTIC", "TANH", "ELU", "EXP", "GELU", "HARD_SWISH", "LEAKY_RELU"),
    ),
    qgraph.QRequantize: (
        ("ReLU",),
        ("QUANTIZE", "DEQUANTIZE", "RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1"),
    ),
    qgraph.QSoftmax: (("Softmax",), ("SOFTMAX",)),
    qgraph.QFloatSoftmax: ((), ("SOFTMAX",)),
    qgraph.QConstant: ((), ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM")),
    qgraph.QChannelLookup: (("PReLU",), ("PRELU",)),
}
"""Keras layers and TFLite operators that become, or become part of, each operation."""

NO_HARDWARE: dict[type[QOp], str] = {
    qgraph.QSoftmax: "no: hardware ends in logits, whose order is the same; `sim` applies it as a host does",
    qgraph.QFloatSoftmax: "no: hardware ends in logits; for a host",
}
"""Why an operation has no hardware."""

_CONVERTERS = (
    "FixedPoint",
    "Affine",
    "Binary",
    "Ternary",
    "Sign",
    "QuantConv2D",
    "QuantDepthwiseConv2D",
    "QuantDense",
)


_OF_LIBRARIES = tuple(f"{library}>{kind}" for library, kinds in LIBRARIES.items() for kind in kinds)


@dataclasses.dataclass(frozen=True)
class Row:
    """What is known of one operation, in Markdown."""

    operation: type[QOp]
    keras: tuple[str, ...]
    tflite: tuple[str, ...]
    hardware: str


def operations() -> list[type[QOp]]:
    """All operations of the integer graph but the input, in alphabetical order."""
    found = [kind for kind in vars(qgraph).values() if isinstance(kind, type) and issubclass(kind, QOp)]
    return sorted((kind for kind in found if kind not in (QOp, QInput)), key=lambda kind: kind.__name__)


def rows() -> list[Row]:
    """The table. KeyError for an operation that has neither hardware nor a reason."""
    return [
        Row(kind, *READ_FROM[kind], KINDS[kind].supported if kind in KINDS else NO_HARDWARE[kind])
        for kind in operations()
    ]


def unexplained() -> set[str]:
    """Keras layers and TFLite operators that are read and in no row."""
    keras = {name for row in rows() for name in row.keras} | {
        *TRAINING_ONLY,
        *SAME_SIZE,
        *_CONVERTERS,
        *_OF_LIBRARIES,
    }
    tflite = {name for row in rows() for name in row.tflite}
    return (set(CONVERTERS) - keras) | (set(OPERATORS) - tflite)


def page() -> str:
    """The text of ``docs/layers.md``."""
    lines = [
        "# Supported layers",
        "",
        "Printed from the registries by `python -m kerilog.support`; a test keeps it so.",
        "",
        "| operation | Keras layers | TFLite operators | integer model | hardware |",
        "|---|---|---|---|---|",
    ]
    for row in rows():
        name = row.operation.__name__.removeprefix("Q")
        keras, tflite = (", ".join(names) or "-" for names in (row.keras, row.tflite))
        lines.append(f"| {name} | {keras} | {tflite} | yes | {row.hardware} |")
    lines += [
        "",
        f"Nothing at inference: {', '.join(TRAINING_ONLY)}; to the size that the image has already also "
        f"{', '.join(SAME_SIZE)}. Converters of `kerilog.keras`: {', '.join(_CONVERTERS)}.",
        *(f"Layers of {library}: {', '.join(kinds)}." for library, kinds in LIBRARIES.items()),
        f"Functions, as `Activation` or as `activation=` of any layer: {', '.join(ACTIVATIONS)};",
        "LeakyReLU, ELU and ReLU objects too. ReLU has any slope, threshold and maximum.",
        "Layers of sequences (1-D) are those of images of height 1, under their own names; their `padding`",
        "may be `causal` too. A transposed convolution is a convolution with its kernel flipped, on an image",
        "whose pixels a ZeroPadding2D has spread.",
        "A model within a model is flattened, its layers called `model/layer`; a layer or a model that is",
        "called twice is there twice, with the same weights.",
        "With `--argmax` an ArgMax stands at every output that has scores of several classes.",
        "ReLU and ReLU6 are fused into the layer before them; a batch normalization is folded into a",
        "neighbour where there is one. Hardware supports any number of inputs and outputs.",
        "A TFLite file may have uint8 inputs and outputs around int8, with QUANTIZE between: the integer",
        "model and the streams of the hardware then carry unsigned codes; a table makes signed ones of them.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
