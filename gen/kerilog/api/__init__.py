# SPDX-License-Identifier: Apache-2.0
"""The Python interface: ``convert`` in one call; or load, quantize, run and generate, step by step."""

from kerilog.api.conversion import convert
from kerilog.api.formats import LayerFormats
from kerilog.api.network import IntegerModel
from kerilog.api.plans import Plan
from kerilog.api.simulations import Simulation
from kerilog.api.steps import Quantized, generate, load, quantize
from kerilog.api.tuning import Tuning, tune

__all__ = [
    "IntegerModel",
    "LayerFormats",
    "Plan",
    "Quantized",
    "Simulation",
    "Tuning",
    "convert",
    "generate",
    "load",
    "quantize",
    "tune",
]
