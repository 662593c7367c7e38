# SPDX-License-Identifier: Apache-2.0
"""How fast simulators run the default network."""

from __future__ import annotations

import os
import shutil
import time

import numpy as np
from designs import Network
from store import WORK, Values, say

import kerilog
from kerilog.errors import KerilogError
from kerilog.verify import cache, design, simulate, verilator

FRAMES = {"icarus": 20, "verilator": 10_000}


def measure(network: Network) -> list[Values]:
    """Cycles a second, and seconds for all frames, in each simulator; never from an earlier run."""
    directory = WORK / f"{network.folder}_speed"
    shutil.rmtree(WORK / "cache", ignore_errors=True)
    os.environ[cache.VARIABLE] = str(WORK / "cache")
    kerilog.generate(network.quantized, directory, None, network.name)
    start = time.perf_counter()
    say("simulation speed: compiling for Verilator")
    verilator.build(design.read(directory))
    compiling = {"verilator": time.perf_counter() - start, "icarus": None}
    rows = []
    for simulator, frames in FRAMES.items():
        say(f"simulation speed: {frames:,} images in {simulator}")
        codes = np.resize(network.codes, (frames, *network.codes.shape[1:]))
        found = simulate(directory, codes, simulator)
        if np.any(found.codes != network.quantized.run(codes)):
            raise KerilogError(f"{simulator}: an output differs from the integer model")
        rows.append(
            {
                "simulator": simulator,
                "frames": frames,
                "cycles": found.cycles,
                "seconds": found.seconds,
                "compiling": compiling[simulator],
                "rate": found.cycles_per_second,
            }
        )
    return rows
