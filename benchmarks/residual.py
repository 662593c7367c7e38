# SPDX-License-Identifier: Apache-2.0
"""A residual network on images of 480 x 640 pixels, from its training to its RTL: part of `make networks`.

    python benchmarks/residual.py [--only SCHEME ...] [--dry]

Trains the network `residual` of `networks.py` on the three classes of `drawings.py`, once, into
build/bench/residual; converts it under both schemes; prints the confusion matrices of the network in float
and in integers; plans it for three goals; and compares whole frames of the RTL in Verilator with the integer
model, every logit, and the interval and the latency with the planned ones.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import drawings
import kerilog
import networks
from kerilog.api.conversion import Scheme
from kerilog.area.devices import holding
from kerilog.errors import KerilogError
from kerilog.manifest import Manifest
from kerilog.quality.heads import confusion
from kerilog.verify.steady import simulate_steady
from runs import ROOT

sys.path.insert(0, str(ROOT / "benchmarks" / "hardware"))

import page
from store import WORK, Values, digest, recall, say

PAGE = ROOT / "docs" / "networks.md"
FOLDER = WORK / "residual"
SCHEMES: tuple[Scheme, ...] = ("affine", "fixed")
CLOCK = 150_000_000
FRAMES = 2  # of the RTL
CALIBRATION = 24
LEARNED = 0.8  # of the test images right, at least
SEED = 1

Images = npt.NDArray[np.uint8]
Classes = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Training:
    """How the network is trained on (``height``, ``width``) images: passes of Adam, each over new ones."""

    height: int
    width: int
    images: int
    tests: int
    passes: int
    rate: float

    @property
    def path(self) -> Path:
        """Where the model is kept."""
        return FOLDER / f"residual_{self.height}x{self.width}.keras"


FULL = Training(480, 640, images=240, tests=60, passes=5, rate=3e-4)


@dataclasses.dataclass(frozen=True)
class Goal:
    """Bounds of a design, and whether its RTL is simulated."""

    title: str
    bounds: dict[str, Any]
    simulated: bool = False


GOALS = (
    Goal("a pixel in a cycle", {"interval": 310_000}, simulated=True),
    Goal("20 frames in a second", {"interval": CLOCK // 20}),
    Goal("the fewest multipliers", {"multipliers": 20}),
)


def trained(how: Training) -> tuple[Path, Images, tuple[Images, Classes]]:
    """The trained model, images to calibrate it with, and the test images, which it has not seen.

    Raises KerilogError if it has learned nothing: a third of the answers is chance.
    """
    tests = drawings.draw(how.tests, how.height, how.width, SEED)
    if not how.path.is_file():
        say(f"training on images of {how.height} x {how.width} pixels")
        train(how)
    right = float((in_float(how.path, tests[0]) == tests[1]).mean())
    if right < LEARNED:
        raise KerilogError(f"{how.path}: {right:.1%} of the test images right, {LEARNED:.0%} expected")
    return how.path, drawings.draw(CALIBRATION, how.height, how.width, SEED + 1)[0], tests


def train(how: Training) -> None:
    """Train the network and save it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    keras.utils.set_random_seed(SEED)
    model = networks.residual(how.height, how.width)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(how.rate), loss)
    for passing in range(how.passes):
        images, labels = drawings.draw(how.images, how.height, how.width, SEED + 2 + passing)
        order = np.random.default_rng(passing).permutation(len(images))
        # a batch at a time: all images as floats would take a gigabyte
        for some in np.array_split(order, len(order) // 8):
            model.train_on_batch(images[some].astype(np.float32) / 255, labels[some])
    how.path.parent.mkdir(parents=True, exist_ok=True)
    model.save(how.path)


def in_float(path: Path, images: Images) -> Classes:
    """The classes that Keras finds."""
    import keras

    model = keras.models.load_model(path, compile=False)
    batches = np.array_split(images, max(1, len(images) // 8))
    found = [model.predict_on_batch(some.astype(np.float32) / 255).argmax(axis=1) for some in batches]
    return np.concatenate(found).astype(np.int64)


def compare(network: kerilog.IntegerModel, path: Path, tests: tuple[Images, Classes]) -> Values:
    """Confusion matrices, row the true class, and how many answers are those of the float network."""
    images, labels = tests
    floats = in_float(path, images)
    integers = network.predict(images).argmax(axis=1)
    matrices = [confusion(labels, found, len(drawings.CLASSES)).tolist() for found in (floats, integers)]
    return {
        "float": matrices[0],
        "integer": matrices[1],
        "agree": int((floats == integers).sum()),
        "tests": len(labels),
        "in_float": network.bytes.in_float,
        "in_integers": network.bytes.in_integers,
    }


def simulate(network: kerilog.IntegerModel, folder: Path, images: Images) -> Values:
    """What Verilator gives for whole frames; KerilogError for a logit or a number of cycles that is wrong."""
    codes = network.quantize_input(images)
    start = time.perf_counter()
    steady = simulate_steady(folder, codes)
    seconds = time.perf_counter() - start
    wrong = int(np.count_nonzero(steady.result.codes != network.run(codes)))
    if wrong:
        raise KerilogError(f"{folder.name}: {wrong} of {steady.result.codes.size} logits differ")
    troubles = list(steady.differences(Manifest.read(folder)))
    if troubles:
        raise KerilogError(f"{folder.name}: {'; '.join(troubles)}")
    return {"frames": len(images), "simulating": seconds}


def design(network: kerilog.IntegerModel, scheme: str, goal: Goal, images: Images) -> Values:
    """The figures of one design."""
    folder = FOLDER / f"{scheme}_{'_'.join(f'{key}_{value}' for key, value in goal.bounds.items())}"
    start = time.perf_counter()
    manifest = network.build(folder, **goal.bounds, force=True)
    seconds = time.perf_counter() - start
    need = manifest.predicted["xc7"]
    smallest = holding(need)
    found: Values = {
        "scheme": scheme,
        "title": goal.title,
        "bounds": " ".join(f"--{key} {value}" for key, value in goal.bounds.items()),
        "interval": manifest.frame_interval,
        "latency": manifest.latency,
        "multipliers": manifest.multipliers,
        "utilization": manifest.utilization,
        "lut": round(need.lut),
        "lutram": round(need.lutram),
        "ff": round(need.ff),
        "bram18": need.bram18,
        "dsp": need.dsp,
        "smallest": smallest[0] if smallest else "none",
        "seconds": seconds,
    }
    if goal.simulated:
        rtl = [folder / "integer_model.npz", *sorted((folder / "rtl").glob("*.v"))]
        what = f"{folder.name}: {FRAMES} frames in Verilator"
        found |= recall("residual_sim", digest(rtl), what, lambda: simulate(network, folder, images[:FRAMES]))
    return found


DESIGNS: list[page.Column] = [
    ("scheme", lambda row: f"`{row['scheme']}`"),
    ("goal", lambda row: f"{row['title']}, `{row['bounds']}`"),
    ("cycles per frame", page.whole("interval")),
    ("latency", page.whole("latency")),
    ("frames per second at 150 MHz", lambda row: f"{CLOCK / row['interval']:,.1f}"),
    ("multipliers", page.whole("multipliers")),
    ("utilization", lambda row: f"{row['utilization']:.1%}"),
    ("LUT", page.whole("lut")),
    ("as memory", page.whole("lutram")),
    ("FF", page.whole("ff")),
    ("RAMB18", page.whole("bram18")),
    ("DSP", page.whole("dsp")),
    ("smallest device", lambda row: row["smallest"]),
    ("whole frames equal in Verilator", page.whole("frames")),
    ("seconds to plan and generate", page.seconds("seconds")),
    ("to compile and simulate", page.seconds("simulating")),
]


def accuracy(matrix: list[list[int]]) -> float:
    """The share of right answers."""
    return sum(row[place] for place, row in enumerate(matrix)) / sum(map(sum, matrix))


def matrices_text(schemes: dict[str, Values]) -> str:
    """The confusion matrices beside each other: a row per true class, a column per answer."""
    first = next(iter(schemes.values()))
    shown = {"float": first["float"], **{scheme: found["integer"] for scheme, found in schemes.items()}}
    titles = [f"{name}, {accuracy(matrix):.1%} right" for name, matrix in shown.items()]
    lines = [f"| true class | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
    for place, name in enumerate(drawings.CLASSES):
        lines.append(f"| {name} | {' | '.join(_row(matrix[place]) for matrix in shown.values())} |")
    notes = [
        f"`{scheme}`: {found['agree']} of {found['tests']} answers are those of the float network; "
        f"{found['in_float']:,} bytes of float32 are {found['in_integers']:,} in integers."
        for scheme, found in schemes.items()
    ]
    return "\n".join([*lines, "", *notes]) + "\n"


def _row(counts: list[int]) -> str:
    return " ".join(str(count) for count in counts)


def measure(schemes: list[Scheme]) -> tuple[dict[str, Values], list[Values]]:
    """The confusion matrices of each scheme, and its designs."""
    path, samples, tests = trained(FULL)
    answers: dict[str, Values] = {}
    designs: list[Values] = []
    for scheme in schemes:
        say(f"{scheme}: convert, and compare on {len(tests[1])} images")
        network = kerilog.convert(path, samples, scheme=scheme, verbose=False)
        answers[scheme] = compare(network, path, tests)
        for goal in GOALS:
            say(f"{scheme}: {goal.title}")
            designs.append(design(network, scheme, goal, tests[0]))
    return answers, designs


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=SCHEMES, choices=SCHEMES, metavar="SCHEME")
    parser.add_argument("--dry", action="store_true", help="print, but leave the page as it is")
    arguments = parser.parse_args()
    answers, designs = measure(list(arguments.only))
    (WORK / "residual.json").write_text(json.dumps([answers, designs], indent=2), encoding="ascii")
    text = f"{matrices_text(answers)}\n{page.table(DESIGNS, designs)}"
    print(f"\n{text}")
    if not arguments.dry:
        page.replace(PAGE, "residual", text)


if __name__ == "__main__":
    try:
        main()
    except KerilogError as error:
        raise SystemExit(f"networks: error: {error}") from None
