# SPDX-License-Identifier: Apache-2.0
"""NNgen on the same network and the same images, from PyPI, in a virtual environment of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from store import WORK, Values, digest, recall, say

import area
from kerilog.data import Dataset
from kerilog.errors import KerilogError
from kerilog.graph import Conv2D, Dense, Graph
from kerilog.verify.tools import find_tool, first_error, run_tool

_HERE = Path(__file__).parent
_REQUIREMENTS = _HERE / "nngen_requirements.txt"
_ENVIRONMENT = WORK / "nngen_venv"
CALIBRATION = 100  # images that its quantizer sees
IMAGES = 1000  # that its software model classifies
SIMULATED = 2  # in Icarus
PATIENCE = 3600  # seconds for Yosys

_WIDE = {"par_ich": 4, "par_och": 4}
_PARALLEL: Values = {"conv": {"par_och": 2}, "pool": {"par": 2}, "hidden": _WIDE, "digit": _WIDE}
SETTINGS: dict[str, Values] = {
    "NNgen, default": {"attributes": {}, "config": {}},
    "NNgen, parallel": {"attributes": _PARALLEL, "config": {}},
    "NNgen, parallel, 128-bit port": {
        "attributes": {**_PARALLEL, "conv": {"par_och": 2, "par_col": 2}},
        "config": {"maxi_datawidth": 128},
    },
}
MEMORY: Values = {}  # NNgen's memory model as its own examples use it


def install() -> str | None:
    """Make the environment unless it is there; why not, in one line, if that fails."""
    stamp = _ENVIRONMENT / "installed"
    wanted = _REQUIREMENTS.read_text(encoding="ascii")
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return None
    say("installing NNgen into its own environment")
    shutil.rmtree(_ENVIRONMENT, ignore_errors=True)
    pip = [str(_ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input"]
    for command in ([sys.executable, "-m", "venv", str(_ENVIRONMENT)], [*pip, "-r", str(_REQUIREMENTS)]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return first_error(done.stdout + done.stderr)
    stamp.write_text(wanted, encoding="ascii")
    return None


def measure(graph: Graph, data: Dataset) -> list[Values]:
    """One row for each of ``SETTINGS``. Raises KerilogError if NNgen fails or is not its own equal."""
    assert data.y_test is not None  # MNIST has labels
    WORK.mkdir(parents=True, exist_ok=True)
    weights, samples = WORK / "nngen_weights.npz", WORK / "nngen_samples.npz"
    layers = {node.name: node.op for node in graph if isinstance(node.op, (Conv2D, Dense))}
    kernels = {name: op.kernel for name, op in layers.items()}
    biases = {f"{name}_bias": op.bias for name, op in layers.items()}
    np.savez(weights, allow_pickle=False, **kernels, **biases)
    np.savez(
        samples,
        calibration=data.x_train[:CALIBRATION],
        images=data.x_test[:IMAGES],
        labels=data.y_test[:IMAGES],
    )
    return [_measure(title, setting, weights, samples) for title, setting in SETTINGS.items()]


def _measure(title: str, setting: Values, weights: Path, samples: Path) -> Values:
    job = {
        "weights": str(weights),
        "samples": str(samples),
        "simulated": SIMULATED,
        "memory": MEMORY,
        **setting,
    }
    key = digest([_HERE / "nngen_mnist.py", _REQUIREMENTS, weights, samples], json.dumps(job))
    target = WORK / f"nngen_{key}"
    model = _generated(title, target, job)
    bench = [target / "bench.v", target / "memory.img"]
    what = f"{title}: {SIMULATED} images in Icarus (minutes)"
    found = recall("simulation", digest(bench), what, lambda: simulate(target))
    if found["outputs"] != model["expected"]:
        raise KerilogError(f"{title}: its RTL gives {found['outputs']}, its software {model['expected']}")
    cycles = min(found["cycles"])  # they differ by where the memory's pauses fall
    design, what = target / "design.v", f"{title} (many minutes)"
    size = area.of_verilog([design], [], "nngen_mnist", target, what, PATIENCE)
    return {
        "title": title,
        "interval": cycles,
        "latency": cycles,
        "lines": model["lines"],
        "seconds": model["seconds"],
        "frames": SIMULATED,
        "accuracy": model["correct"] / model["images"],
        **size,
    }


def _generated(title: str, target: Path, job: Values) -> Values:
    """What NNgen's software model says; its Verilog and its bench are in ``target`` then."""
    model = target / "model.json"
    if model.is_file():
        say(f"{title}: Verilog known from an earlier run")
    else:
        say(f"{title}: generating Verilog")
        target.mkdir(parents=True, exist_ok=True)
        (target / "job.json").write_text(json.dumps({**job, "target": str(target)}), encoding="ascii")
        python = _ENVIRONMENT / "bin" / "python"
        command = [str(python), str(_HERE / "nngen_mnist.py"), str(target / "job.json")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise KerilogError(f"NNgen failed: {(done.stderr.strip() or 'no message').splitlines()[-1]}")
    values: Values = json.loads(model.read_text(encoding="ascii"))
    return values


def simulate(target: Path) -> Values:
    """Cycles of each image from its start to its end, and its outputs, by Icarus."""
    run_tool(["iverilog", "-g2005-sv", "-o", "bench.vvp", "bench.v"], cwd=target)
    command = [find_tool("vvp"), "-n", "bench.vvp"]
    done = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)
    lines = [line.split() for line in done.stdout.splitlines() if line.strip()]
    values: dict[str, list[int]] = {"cycles": [], "output": []}
    for line in lines:
        if len(line) == 2 and line[0] in values:
            values[line[0]].append(int(line[1]))
    if len(values["cycles"]) != SIMULATED or len(values["output"]) != 10 * SIMULATED:
        raise KerilogError(f"{target.name}: the simulation in Icarus ended early: {first_error(done.stdout)}")
    outputs = [values["output"][start : start + 10] for start in range(0, 10 * SIMULATED, 10)]
    return {"cycles": values["cycles"], "outputs": outputs}
