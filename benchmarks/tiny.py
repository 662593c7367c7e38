# SPDX-License-Identifier: Apache-2.0
"""The networks of MLPerf Tiny on a small FPGA: `docs/networks.md`, made by `make networks`.

    python benchmarks/tiny.py [--models DIR] [--only NAME ...] [--skip-area] [--dry]

DIR holds a folder for each network with its `model.tflite`, and `inputs.npy` where there are frames to run;
../shared/mlperf_tiny by default. Where a model is absent, a network of the same shape with weights of our own
takes its place, and the page says so.

Each network is built by one command, with bounds on interval, latency and device. Its RTL runs in Verilator
on all frames given and on 100 random ones; every logit must be that of the integer model and, where LiteRT is
installed, of TFLite's interpreter with its reference kernels, and interval and latency must be as planned.
The area is that of Yosys' synth_xilinx.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np
import numpy.typing as npt

from kerilog.area.devices import holding
from kerilog.errors import KerilogError
from kerilog.frontend.tflite import load_tflite_with_tensors
from kerilog.handoff.synth import synthesize
from kerilog.integer.model import run
from kerilog.manifest import Layer, Manifest
from kerilog.quantize.rewrite import strip_softmax
from kerilog.storage import load
from kerilog.verify.steady import simulate_steady
from runs import COMMAND, ROOT, TINY, Networks

sys.path.insert(0, str(ROOT / "benchmarks" / "hardware"))

import page
from store import WORK, Values, digest, recall, say

PAGE = ROOT / "docs" / "networks.md"
DEVICE = "xc7z020"
RANDOM_FRAMES, SEED = 100, 11
SAMPLES = 8  # to calibrate a network that stands in, and as many to test

Codes = npt.NDArray[np.int8]


@dataclasses.dataclass(frozen=True)
class Row:
    """A network, the bounds of its design, and the latency that was aimed at."""

    title: str
    model: str
    interval: int
    latency: int
    aim: int

    @property
    def bounds(self) -> list[str]:
        """The options of `kerilog build`."""
        return ["--interval", f"{self.interval}", "--latency", f"{self.latency}", "--device", DEVICE]


ROWS = [
    Row("IC, ResNet8", "ic_resnet8", 34_000, 50_000, 50_000),
    Row("KWS, DS-CNN", "kws_dscnn", 9_000, 14_000, 14_000),
    Row("VWW, MobileNetV1 0.25", "vww_mobilenet", 25_000, 95_000, 95_000),
    Row("AD, autoencoder", "ad_autoencoder", 700, 4_000, 4_000),
    Row("SWW, 1-D DS-CNN", "sww_dscnn1d", 2_600, 9_000, 9_000),
]


def model_of(row: Row, models: Path) -> tuple[Path, Path | None, bool]:
    """The model file, its samples if it has no formats yet, and whether it stands in for the original."""
    original = models / row.model / "model.tflite"
    if original.is_file():
        return original, None, False
    networks = Networks()
    networks.make([row.model], SAMPLES)
    path, data = networks.files(row.model, SAMPLES)
    return path, data, True


def build(row: Row, model: Path, data: Path | None) -> tuple[Path, float]:
    """The design folder, and the seconds of the command from its start to its exit."""
    folder = WORK / "tiny" / row.model
    command = [sys.executable, "-c", COMMAND, "build", str(model), *row.bounds, "-o", str(folder), "--force"]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, "--quiet", *([] if data is None else ["--data", str(data)])],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise KerilogError(f"{row.title}: {done.stderr.strip().splitlines()[-1]}")
    return folder, time.perf_counter() - start


def frames_for(row: Row, models: Path, folder: Path) -> Codes:
    """The frames given, and random ones: int8 codes (frames, *input shape)."""
    shape = tuple(Manifest.read(folder).inputs[0].shape)
    random = np.random.default_rng(SEED).integers(-128, 128, (RANDOM_FRAMES, *shape), np.int8)
    given = models / row.model / "inputs.npy"
    if not given.is_file():
        return random
    return np.concatenate([np.load(given, allow_pickle=False).reshape(-1, *shape).astype(np.int8), random])


def interpreted(model: Path, frames: Codes) -> Codes | None:
    """What TFLite's reference kernels make of ``frames`` in front of the softmax; None without LiteRT."""
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError:
        return None
    graph, names = load_tflite_with_tensors(model)
    logits = strip_softmax(graph).outputs[0]
    index = next(place for place, name in names.items() if name == logits)
    interpreter = Interpreter(
        str(model),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    found = []
    for frame in frames:
        interpreter.set_tensor(entry["index"], frame.reshape(entry["shape"]))
        interpreter.invoke()
        found.append(interpreter.get_tensor(index)[0].copy())
    return np.stack(found)


def simulate(row: Row, folder: Path, model: Path, frames: Codes) -> Values:
    """What Verilator gives; KerilogError for a logit, an interval or a latency that is wrong."""
    expected = interpreted(model, frames) if model.suffix == ".tflite" else None
    oracle = "integer model" if expected is None else "interpreter"
    own = run(strip_softmax(load(folder / "integer_model.npz")), frames.astype(np.int64))
    # in an empty cache, so that it is compiled now
    with tempfile.TemporaryDirectory() as cache, mock.patch.dict(os.environ, {"KERILOG_CACHE": cache}):
        start = time.perf_counter()
        steady = simulate_steady(folder, frames)
        whole = time.perf_counter() - start
    found = steady.result.codes[: len(frames)]
    for name, wanted in (("integer model", own), (oracle, own if expected is None else expected)):
        different = int(np.count_nonzero(found.reshape(len(frames), -1) != wanted.reshape(len(frames), -1)))
        if different:
            raise KerilogError(f"{row.title}: {different} of {found.size} logits differ from the {name}")
    troubles = list(steady.differences(Manifest.read(folder)))
    if troubles:
        raise KerilogError(f"{row.title}: {'; '.join(troubles)}")
    seconds = steady.result.seconds
    return {"frames": len(frames), "oracle": oracle, "compiling": whole - seconds, "running": seconds}


def area(folder: Path) -> Values:
    """Yosys' figures, and the smallest device that holds them."""
    start = time.perf_counter()
    found = synthesize(folder, "xc7")
    smallest = holding(found)
    return {
        "lut": found.lut,
        "lutram": found.lutram,
        "ff": found.ff,
        "bram18": found.bram18,
        "dsp": found.dsp,
        "synthesis": time.perf_counter() - start,
        "smallest": smallest[0] if smallest else "none",
    }


def measure(row: Row, models: Path, with_area: bool) -> Values:
    """All figures of one network."""
    model, data, stands_in = model_of(row, models)
    say(f"{row.title}: build {model.name} {' '.join(row.bounds)}")
    folder, seconds = build(row, model, data)
    manifest = Manifest.read(folder)
    design = [
        folder / "integer_model.npz",
        *sorted((folder / "rtl").glob("*.v")),
        *sorted((folder / "rom").iterdir()),
    ]
    key = digest(path for path in design if path.is_file())
    frames = frames_for(row, models, folder)
    simulated = recall(
        "tiny_sim", key, f"{row.title}: Verilator", lambda: simulate(row, folder, model, frames)
    )
    found: Values = {
        "title": row.title,
        "model": model.name,
        "stands_in": stands_in,
        "bounds": " ".join(row.bounds),
        "aim": row.aim,
        "interval": manifest.frame_interval,
        "latency": manifest.latency,
        "multipliers": manifest.multipliers,
        "utilization": manifest.utilization,
        "seconds": seconds,
        "layers": [layer_of(layer, manifest.frame_interval) for layer in manifest.layers if layer.pe],
        **simulated,
    }
    if with_area:
        found |= recall("tiny_area", key, f"{row.title}: Yosys", lambda: area(folder))
    return found


def layer_of(layer: Layer, interval: int) -> Values:
    """How a layer is folded."""
    how = "in registers" if layer.windows and layer.kind == "Conv2D" else "streams"
    if layer.kept_rows:
        how = f"read from {layer.kept_rows} {'rows' if len(layer.output_shape or ()) > 1 else 'inputs'}"
    used = layer.macs / (layer.products * interval) if layer.macs else None
    return {
        "name": layer.layer,
        "kind": layer.kind,
        "pe": layer.pe,
        "simd": layer.simd,
        "how": how,
        "used": used,
    }


COLUMNS: list[page.Column] = [
    ("network", lambda row: row["title"] + (" (weights of our own)" if row["stands_in"] else "")),
    ("cycles per frame", lambda row: f"{row['interval']:,}"),
    ("latency", lambda row: f"{row['latency']:,}" + ("" if row["latency"] <= row["aim"] else " (missed)")),
    ("LUT", page.whole("lut")),
    ("as memory", page.whole("lutram")),
    ("FF", page.whole("ff")),
    ("RAMB18", page.whole("bram18")),
    ("DSP", page.whole("dsp")),
    ("utilization", lambda row: f"{row['utilization']:.1%}"),
    ("frames per second at 100 MHz", lambda row: f"{1e8 / row['interval']:,.0f}"),
    ("smallest device", lambda row: row.get("smallest", "-")),
]
TIMES: list[page.Column] = [
    ("network", lambda row: row["title"]),
    ("bounds", lambda row: f"`{row['bounds']}`"),
    ("frames equal", lambda row: f"{row['frames']}, to the {row['oracle']}"),
    ("seconds to plan and generate", page.seconds("seconds")),
    ("to compile", page.seconds("compiling")),
    ("to simulate", page.seconds("running")),
    ("to synthesize", page.seconds("synthesis")),
]
LAYERS: list[page.Column] = [
    ("layer", lambda row: f"`{row['name']}`"),
    ("kind", lambda row: row["kind"]),
    ("pe x simd", lambda row: f"{row['pe']} x {row['simd']}"),
    ("input", lambda row: row["how"]),
    ("utilization", lambda row: "-" if row["used"] is None else f"{row['used']:.1%}"),
]


def text_of(rows: list[Values]) -> str:
    """The page's tables."""
    parts = [page.table(COLUMNS, rows), page.table(TIMES, rows)]
    for row in rows:
        parts.append(f"**{row['title']}**\n\n{page.table(LAYERS, row['layers'])}")
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, default=TINY, metavar="DIR", help="the original models")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", choices=[row.model for row in ROWS])
    parser.add_argument(
        "--skip-area", action="store_true", help="without Yosys, which takes most of the time"
    )
    parser.add_argument("--dry", action="store_true", help="print, but leave the page as it is")
    arguments = parser.parse_args()
    chosen = [row for row in ROWS if not arguments.only or row.model in arguments.only]
    rows = [measure(row, arguments.models, not arguments.skip_area) for row in chosen]
    (WORK / "tiny.json").write_text(json.dumps(rows, indent=2), encoding="ascii")
    text = text_of(rows)
    print(f"\n{text}")
    if not arguments.dry:
        page.replace(PAGE, "networks", text)


if __name__ == "__main__":
    try:
        main()
    except KerilogError as error:
        raise SystemExit(f"networks: error: {error}") from None
