# SPDX-License-Identifier: Apache-2.0
"""Goals on the command line, and ``kerilog explore``."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

import kerilog as api
from kerilog.explore import results
from support.command import contents, kerilog
from support.designs import generate
from support.keras_files import write_samples, write_tiny
from support.networks import Chain


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model and samples."""
    root = tmp_path_factory.mktemp("goals")
    write_tiny(root / "tiny.keras")
    write_samples(root / "samples.npz")
    return root


@pytest.fixture(autouse=True)
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


BUILD = ("build", "tiny.keras", "--data", "samples.npz")
BAD = {
    "two intervals": (
        ("--interval", 50, "--fps", 9, "--clock", 1, "--device", "xc7s6"),
        "--interval and --fps bound the same: expected one of them",
    ),
    "no latency": (("--latency", 0), "--latency must be at least 1 cycle, found 0"),
    "fill alone": (("--fill", 60), "--fill is for --device: name the device as well"),
    "fill of nothing": (
        ("--device", "xc7s50", "--fill", 0),
        "--fill must be above 0 and up to 100 percent, found 0",
    ),
    "fill of more": (
        ("--device", "xc7s50", "--fill", 101),
        "--fill must be above 0 and up to 100 percent, found 101",
    ),
    "fill of no number": (("--device", "xc7s50", "--fill", "nan"), "--fill must be above 0 .*, found nan"),
    "interval and multipliers": (
        ("--interval", 30, "--multipliers", 4),
        "no folding with 4 multipliers gives a frame every 30 cycles: the shortest interval with 4 "
        r"multipliers is \d+ cycles; a frame every 30 cycles takes \d+ multipliers at least",
    ),
    "latency": (
        ("--latency", 9, "--multipliers", 50),
        r"no folding with 50 multipliers has a latency of 9 cycles: the least is \d+ cycles, at \d+ cycles",
    ),
    "no clock": (("--fps", 30), "--fps needs the clock as well: give --clock in MHz"),
    "clock alone": (("--clock", 30), "--clock is for --fps: give the frames per second as well"),
    "no frames": (("--fps", 0, "--clock", 1), "--fps must be above 0, found 0"),
    "not a number": (("--fps", "nan", "--clock", 1), "--fps must be above 0, found nan"),
    "clock stands": (("--fps", 1, "--clock", -5), "--clock must be above 0 MHz, found -5"),
    "too fast": (("--fps", 1e7, "--clock", 1), "more than one frame a cycle of a clock of 1 MHz"),
    "out of reach": (("--fps", 1e6, "--clock", 2), "layer 'conv2d': .*2 cycles per frame.*shortest interval"),
    "interval": (("--interval", 0), "the frame interval must be at least 1 cycle, found 0"),
    "no multipliers": (("--multipliers", 0), "--multipliers must be at least 1, found 0"),
    "budget": (
        ("--multipliers", 2),
        "a budget of 2 multipliers is too small: 3 are needed, .* the 3 layers conv2d, dense, logits",
    ),
    "device": (
        ("--device", "xc7a36t"),
        "unknown device 'xc7a36t', the nearest is xc7a35t; known are xc7s6, ",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_goal_is_refused(name: str, folder: Path) -> None:
    options, message = BAD[name]
    before = contents(folder)
    found = kerilog(*BUILD, "-o", "new", *options)
    assert found.status == 2
    assert re.fullmatch(rf"kerilog: error: [^\n]*{message}[^\n]*\n", found.error), found.error
    assert found.output == ""
    assert contents(folder) == before


def built(*options: object) -> dict[str, int]:
    found = kerilog(*BUILD, "-o", "design", *options)
    assert found.status == 0, found.error
    manifest = json.loads(Path("design/manifest.json").read_text())
    # a budget, and with it the front, counts constants as well
    products = manifest["multipliers"] + manifest["constants"]
    return {"frame_interval": manifest["frame_interval"], "multipliers": products}


def test_goals_build_what_they_say() -> None:
    assert built("--fps", 1000, "--clock", 0.06)["frame_interval"] <= 60
    assert built("--multipliers", 5)["multipliers"] <= 5
    assert built("--device", "xc7a35tcpg236-1") == built("--multipliers", 10_000)


def test_bounds_go_together() -> None:
    bounds = ("--interval", 60, "--latency", 140, "--multipliers", 40, "--device", "xc7s50", "--fill", 60)
    found = built(*bounds)
    assert found["frame_interval"] <= 60 and found["multipliers"] <= 40
    manifest = json.loads(Path("design/manifest.json").read_text())
    assert manifest["latency"] <= 140
    goal = (
        "the least area for a frame every 60 cycles with 40 multipliers and a latency of 140 cycles "
        "on xc7s50 filled to 60 %"
    )
    assert manifest["goal"] == goal
    assert goal in " ".join(kerilog("show", "design").output.split())


def test_show_tells_the_utilization_of_the_multipliers() -> None:
    built("--interval", 100)
    manifest = json.loads(Path("design/manifest.json").read_text())
    layers = [layer for layer in manifest["layers"] if "macs" in layer]
    table = kerilog("show", "design").output
    for layer in layers:
        multipliers = layer["pe"] * layer["simd"]
        used = f"utilization {layer['macs'] / (multipliers * manifest['frame_interval']):.1%}"
        row = next(line for line in table.splitlines() if line.split()[:1] == [layer["name"]])
        assert f"pe {layer['pe']} x simd {layer['simd']}" in row
        assert used in row
    assert len(layers) == 3


def test_show_of_a_design_without_multipliers(tmp_path: Path) -> None:
    generate(Chain("none", "fixed", (6, 6, 1), 1).pool().graph, tmp_path / "design")
    found = kerilog("show", tmp_path / "design")
    assert (found.status, found.error) == (0, "")
    assert re.search(r"multipliers +0 *$", found.output, re.MULTILINE)
    assert re.search(r"cycles per frame +36 *$", found.output, re.MULTILINE)


def test_the_python_interface_takes_the_same_words(folder: Path) -> None:
    samples = write_samples(folder / "again.npz")
    graph = api.load("tiny.keras")
    assert not isinstance(graph, api.Quantized)
    quantized = api.quantize(graph, np.load(samples)["x_train"].astype(np.float32) / 255)
    assert api.generate(quantized, "mine", multipliers=5).multipliers <= 5
    assert api.generate(quantized, "mine", fps=1000, clock_mhz=0.06).frame_interval <= 60
    found = api.generate(quantized, "mine", 60, latency=140, multipliers=40, device="xc7s50", fill=60)
    assert found.goal.startswith("the least area for a frame every 60 cycles with 40 multipliers and")
    assert found.frame_interval <= 60 and found.latency <= 140
    with pytest.raises(api.KerilogError, match=r"^interval and fps bound the same: expected one of them"):
        api.generate(quantized, "mine", 50, fps=9, clock_mhz=1)
    for goal, message in (
        ({"interval": 50.5}, "^interval must be a whole number, found 50.5"),
        ({"multipliers": "many"}, "^multipliers must be a whole number, found 'many'"),
        ({"fps": "fast", "clock_mhz": 1}, "^fps must be a number, found 'fast'"),
        ({"device": 7}, "^device must be a name, found 7"),
        ({"latency": 9.5}, "^latency must be a whole number, found 9.5"),
        ({"device": "xc7s50", "fill": "half"}, "^fill must be a number, found 'half'"),
        ({"fill": 60}, "^fill is for device: name the device as well"),
    ):
        with pytest.raises(api.KerilogError, match=message):
            api.generate(quantized, "mine", **goal)


def test_explore_prints_and_draws_the_front() -> None:
    found = kerilog("explore", "tiny.keras", "--data", "samples.npz", "-o", "front", "--clock", 10)
    assert found.status == 0, found.error
    assert {path.name for path in Path("front").iterdir()} == {
        ".kerilog",
        "front.svg",
        "front.png",
        "front.csv",
        "front.json",
        "front.html",
    }
    assert found.output.splitlines()[-2:] == ["front/front.html", "front/front.svg"]
    about = json.loads(Path("front/front.json").read_text())
    with Path("front/front.csv").open() as file:
        table = list(csv.DictReader(file))
    points = about["points"]
    assert [int(row["interval"]) for row in table] == [point["interval"] for point in points]
    assert len(points) > 4
    assert {"lut", "lutram", "ff", "bram18", "dsp"} <= set(points[0])  # as in a manifest's resources
    assert points[-1]["multipliers"] == 3
    assert points[0]["frames_per_second"] == pytest.approx(1e7 / points[0]["interval"], abs=1e-3)
    for point in points:
        assert f"{point['interval']:,}" in found.output
    for point in (points[0], points[len(points) // 2], points[-1]):
        same = {"frame_interval": point["interval"], "multipliers": point["multipliers"]}
        assert built("--interval", point["interval"]) == same


@pytest.mark.parametrize("name", ["front.svg", "front.png", "front.csv", "front.json", "front.html"])
def test_explore_writes_one_file_the_same_each_time(name: str, folder: Path) -> None:
    command = ("explore", "tiny.keras", "--data", "samples.npz", "-o", f"one/{name}")
    assert kerilog(*command).status == 0
    first = (folder / "one" / name).read_bytes()
    assert kerilog(*command).status == 0
    assert (folder / "one" / name).read_bytes() == first
    (folder / "one" / name).unlink()
    assert list((folder / "one").iterdir()) == []


def test_explore_refuses_what_it_cannot_write(folder: Path) -> None:
    found = kerilog("explore", "tiny.keras", "--data", "samples.npz", "-o", "front.txt")
    assert found.status == 2
    assert f"ends in one of {', '.join(results.PICTURES)}, .csv, .json, .html" in found.error
    assert not (folder / "front.txt").exists()
    for clock in ("0", "-1", "inf", "nan"):
        found = kerilog("explore", "tiny.keras", "--data", "samples.npz", "--clock", clock)
        assert (found.status, "--clock must be above 0 MHz" in found.error) == (2, True), clock


@pytest.mark.parametrize(("command", "name"), [("explore", "front.json"), ("study", "study.svg")])
def test_folders_of_others_stay_as_they_are(command: str, name: str, folder: Path) -> None:
    (folder / f"of_{command}").mkdir()
    (folder / f"of_{command}" / name).write_text("years of work")
    found = kerilog(command, "tiny.keras", "--data", "samples.npz", "-o", f"of_{command}")
    assert (found.status, f"{name}: was there before and is not Kerilog's" in found.error) == (2, True)
    assert [path.name for path in (folder / f"of_{command}").iterdir()] == [name]
    assert (folder / f"of_{command}" / name).read_text() == "years of work"


def test_explore_says_where_it_writes() -> None:
    found = kerilog("explore", "tiny.keras", "--data", "samples.npz")
    assert found.output.splitlines()[-1] == "build/tiny-front/front.svg"
    assert "[default: build/<model name>-front]" in " ".join(kerilog("explore", "--help").output.split())
