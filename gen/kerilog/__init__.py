# SPDX-License-Identifier: Apache-2.0
"""Kerilog: from a trained Keras network to verified Verilog.

model = kerilog.load("model.keras")
quantized = kerilog.quantize(model, samples, scheme="affine")
codes = quantized.run(x)
kerilog.generate(quantized, "build/model")
"""

from importlib.metadata import version

from kerilog.api import Quantized, generate, load, quantize
from kerilog.errors import KerilogError, Unsupported

__version__ = version("kerilog")

__all__ = ["KerilogError", "Quantized", "Unsupported", "generate", "load", "quantize"]
