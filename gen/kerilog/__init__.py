# SPDX-License-Identifier: Apache-2.0
"""Kerilog: from a trained Keras network to verified Verilog.

```python
network = kerilog.convert(model, x_train[:1000])  # a Keras model in memory, or the path of a file
network.evaluate(x_test, y_test)  # {"float": {"accuracy": ...}, "integer": {...}}
print(network.plan(interval=784))  # cycles, multipliers, area
network.build("build/mine", interval=784)  # Verilog
network.simulate(network.quantize_input(x_test[:10]))  # checked bit for bit
```
"""

from importlib.metadata import version

from kerilog.api import (
    IntegerModel,
    LayerFormats,
    Plan,
    Quantized,
    Simulation,
    Tuning,
    convert,
    generate,
    load,
    quantize,
    tune,
)
from kerilog.errors import ArgumentError, KerilogError, KerilogWarning, Unsupported
from kerilog.handoff.synth import Resources
from kerilog.manifest import IntegerManifest, Manifest
from kerilog.quality.layers import LayerError
from kerilog.quantize import LayerSettings, Settings

__version__ = version("kerilog")

__all__ = [
    "ArgumentError",
    "IntegerManifest",
    "IntegerModel",
    "KerilogError",
    "KerilogWarning",
    "LayerError",
    "LayerFormats",
    "LayerSettings",
    "Manifest",
    "Plan",
    "Quantized",
    "Resources",
    "Settings",
    "Simulation",
    "Tuning",
    "Unsupported",
    "convert",
    "generate",
    "load",
    "quantize",
    "tune",
]
