# SPDX-License-Identifier: Apache-2.0
"""Converters for Keras models: train in the numbers that the hardware will compute in.

    model = kerilog.keras.insert_converters(trained, samples, weight_bits=4, activation_bits=4)
    model.compile(...)
    model.fit(...)
    model.save("trained.keras")     # kerilog build trained.keras: bit for bit what this model computes

Only this package imports Keras, and nothing else in Kerilog imports this package.
"""

from kerilog import extras

try:
    from kerilog.keras.binarize import binarize
    from kerilog.keras.compare import Comparison, compare
    from kerilog.keras.converters import Affine, Binary, FixedPoint, Sign, Ternary
    from kerilog.keras.insert import insert_converters
    from kerilog.keras.layers import QuantConv2D, QuantDense, QuantDepthwiseConv2D
    from kerilog.keras.schedule import LowerWidths
except ModuleNotFoundError as error:
    raise extras.missing(error, "keras", "kerilog.keras") from None

__all__ = [
    "Affine",
    "Binary",
    "Comparison",
    "FixedPoint",
    "LowerWidths",
    "QuantConv2D",
    "QuantDense",
    "QuantDepthwiseConv2D",
    "Sign",
    "Ternary",
    "binarize",
    "compare",
    "insert_converters",
]
