# SPDX-License-Identifier: Apache-2.0
"""What Keras calls the operators of TFLite, for those who know their network by its Keras layers."""

from __future__ import annotations

SUPPORTED = {
    "ADD": "Add",
    "ARG_MAX": "argmax",
    "AVERAGE_POOL_2D": "AveragePooling2D",
    "CONCATENATION": "Concatenate",
    "CONV_2D": "Conv2D",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2D",
    "ELU": "ELU",
    "EXP": "exponential",
    "FULLY_CONNECTED": "Dense",
    "GELU": "gelu",
    "HARD_SWISH": "hard_swish",
    "LEAKY_RELU": "LeakyReLU",
    "LOGISTIC": "sigmoid",
    "MAXIMUM": "Maximum",
    "MAX_POOL_2D": "MaxPooling2D",
    "MEAN": "GlobalAveragePooling2D",
    "MINIMUM": "Minimum",
    "MUL": "Multiply",
    "PAD": "ZeroPadding2D",
    "PRELU": "PReLU",
    "PADV2": "ZeroPadding2D",
    "REDUCE_MAX": "GlobalMaxPooling2D",
    "RELU": "ReLU",
    "RELU6": "ReLU(6)",
    "RELU_0_TO_1": "clip to 0..1",
    "RELU_N1_TO_1": "clip to -1..1",
    "RESHAPE": "Reshape",
    "RESIZE_BILINEAR": "UpSampling2D",
    "RESIZE_NEAREST_NEIGHBOR": "UpSampling2D",
    "SOFTMAX": "Softmax",
    "SUB": "Subtract",
    "TANH": "tanh",
    "TRANSPOSE": "Permute",
    "TRANSPOSE_CONV": "Conv2DTranspose",
}
"""Operators that are layers, or activations, of their own."""

OTHERS = {
    "BATCH_MATMUL": "Dot",
    "CONV_3D": "Conv3D",
    "EMBEDDING_LOOKUP": "Embedding",
    "GATHER": "Embedding",
    "L2_NORMALIZATION": "UnitNormalization",
    "LOG_SOFTMAX": "log_softmax",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "LSTM",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "SimpleRNN",
}
"""Operators that are read by nobody here, by the layer that most often becomes one."""

FUSED = {0: "linear", 1: "relu", 2: "relu_n1_to_1", 3: "relu6", 4: "tanh", 5: "sign_bit"}
"""Activations inside an operator, by TFLite's number."""


def keras_words(kind: str) -> str:
    """Keras' name of an operator, with TFLite's where that is another: ``Multiply (MUL)``."""
    known = SUPPORTED.get(kind) or OTHERS.get(kind)
    if known is None:
        return kind
    return known if known.replace("_", "").upper() == kind.replace("_", "") else f"{known} ({kind})"
