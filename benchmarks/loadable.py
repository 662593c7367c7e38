# SPDX-License-Identifier: Apache-2.0
"""What weights that are loaded at run time cost, by Yosys' synth_xilinx: a table of docs/usage.md.

    python benchmarks/loadable.py [--data mnist.npz] [--models DIR] [--dry]

The network of models/mnist_cnn.keras under both schemes, and the keyword network of MLPerf Tiny where DIR
(../shared/mlperf_tiny) holds it, each with `--control axi-lite`: as it is built; with ROMs, but in the widths
that any weights need and with nothing unrolled; with memories that are loaded, one set and two. All but the
first have the same cycles, which is checked.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import kerilog
from kerilog.data import load_dataset
from kerilog.errors import KerilogError
from kerilog.handoff.synth import synthesize
from kerilog.hardware.memories import Memory
from runs import MNIST, ROOT, TINY

sys.path.insert(0, str(ROOT / "benchmarks" / "hardware"))

import page
from store import WORK, Values, digest, recall, say

PAGE = ROOT / "docs" / "usage.md"
SAMPLES = 1000
LOADED: dict[str, Any] = {"loadable": "all"}


@dataclasses.dataclass(frozen=True)
class Subject:
    """A network, made anew for every design: what is planned of it is kept with it."""

    title: str
    make: Callable[[], kerilog.IntegerModel]
    bounds: dict[str, Any] = dataclasses.field(default_factory=dict)


def subjects(data: Path | None, models: Path) -> Iterator[Subject]:
    """All that is measured."""
    samples = load_dataset(data or "mnist", (28, 28, 1)).x_train[:SAMPLES]
    yield Subject("MNIST, `fixed`", lambda: kerilog.convert(MNIST, samples, scheme="fixed", verbose=False))
    yield Subject("MNIST, `affine`", lambda: kerilog.convert(MNIST, samples, scheme="affine", verbose=False))
    keywords = models / "kws_dscnn" / "model.tflite"
    if keywords.is_file():
        yield Subject("DS-CNN", lambda: kerilog.convert(keywords, verbose=False), {"interval": 9000})


def built(subject: Subject, place: str, **options: Any) -> tuple[Path, kerilog.Manifest]:
    """A design's folder and manifest."""
    folder = WORK / "loadable" / "".join(filter(str.isalnum, subject.title)) / place
    return folder, subject.make().build(folder, control="axi-lite", force=True, **subject.bounds, **options)


def designs(subject: Subject) -> Iterator[tuple[str, Path, kerilog.Manifest]]:
    """What each design is, its folder and its manifest."""
    yield "as it is built", *built(subject, "plain")
    with mock.patch.object(Memory, "stored", lambda memory, banks: memory):
        roms = built(subject, "roms", **LOADED)
    yield "ROMs in the widths of any weights", *roms
    yield "loaded", *built(subject, "loaded", **LOADED)
    yield "loaded, two sets", *built(subject, "two_sets", double_buffer=True, **LOADED)


def measure(subject: Subject) -> list[Values]:
    """A row for each design."""
    rows: list[Values] = []
    for name, folder, manifest in designs(subject):
        key = digest([folder / file for file in (*manifest.sources, *manifest.memories)])
        label = f"{subject.title}, {name}: Yosys"
        found = recall("loadable", key, label, functools.partial(area, folder))
        rows.append({"subject": subject.title, "name": name, "interval": manifest.frame_interval, **found})
    if len({row["interval"] for row in rows[1:]}) > 1:
        raise KerilogError(f"{subject.title}: expected the same cycles with ROMs and without, found {rows}")
    with_roms = rows[1]["lut"] + rows[1]["lutram"]
    for row in rows[2:]:
        row["more"] = (row["lut"] + row["lutram"]) / with_roms - 1
    return rows


def area(folder: Path) -> Values:
    """What Yosys counts."""
    found = synthesize(folder, force=True)
    return {name: getattr(found, name) for name in ("lut", "lutram", "ff", "bram18", "dsp")}


COLUMNS: list[page.Column] = [
    ("network", lambda row: row["subject"]),
    ("weights", lambda row: row["name"]),
    ("cycles", page.whole("interval")),
    ("LUT", page.whole("lut")),
    ("as memory", page.whole("lutram")),
    ("both, against the ROMs", lambda row: f"{row['more']:+.1%}" if "more" in row else ""),
    ("FF", page.whole("ff")),
    ("RAMB18", page.whole("bram18")),
    ("DSP", page.whole("dsp")),
]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="MNIST as a Keras NPZ (default: downloaded)")
    parser.add_argument("--models", type=Path, default=TINY, help="the networks of MLPerf Tiny")
    parser.add_argument("--dry", action="store_true", help="print, but leave the page as it is")
    arguments = parser.parse_args()
    rows: list[Values] = []
    for subject in subjects(arguments.data, arguments.models):
        say(subject.title)
        rows += measure(subject)
    text = page.table(COLUMNS, rows)
    print(f"\n{text}")
    if not arguments.dry:
        page.replace(PAGE, "loadable", text)


if __name__ == "__main__":
    try:
        main()
    except KerilogError as error:
        raise SystemExit(f"loadable: error: {error}") from None
