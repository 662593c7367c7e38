# SPDX-License-Identifier: Apache-2.0
"""The command as scripts rely on it: what it prints, what it writes, what the manifest holds."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kerilog as package
from kerilog.verify import cache
from support.command import contents, kerilog
from support.keras_files import CLASSES, SHAPE, label_as, write_samples, write_tiny

OPTIONS = {
    "build": "MODEL --output --scheme --rounding --data --samples --input-scale --interval --name",
    "eval": "DIR --inputs --outputs",
    "sim": "DIR --inputs --outputs --simulator",
    "synth": "DIR --target",
    "show": "DIR",
}
FRAMES = 5


def test_the_package_runs_as_the_command() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kerilog", "--version"], capture_output=True, text=True, check=True
    )
    assert package.__version__ in ran.stdout


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, samples, a design for each scheme, and frames as floats and as images."""
    root = tmp_path_factory.mktemp("workshop")
    write_tiny(root / "tiny.keras")
    write_samples(root / "samples.npz")
    label_as(root / "tiny.keras", root / "samples.npz")
    for scheme in ("fixed", "affine"):
        built = kerilog(
            "build", root / "tiny.keras", "-o", root / scheme,
            "--scheme", scheme, "--data", root / "samples.npz",
        )  # fmt: skip
        assert built.status == 0, built.error
    rng = np.random.default_rng(5)
    np.save(root / "floats.npy", rng.random((FRAMES, *SHAPE)))
    return root


# ---- build ----


@pytest.mark.parametrize("scheme", ["fixed", "affine"])
def test_the_manifest_keeps_the_contract(workshop: Path, scheme: str) -> None:
    manifest = json.loads((workshop / scheme / "manifest.json").read_text())
    assert manifest["name"] == manifest["top"] == "tiny"
    assert manifest["kerilog"] == package.__version__
    model = (workshop / "tiny.keras").read_bytes()
    assert manifest["model"] == {"file": "tiny.keras", "sha256": hashlib.sha256(model).hexdigest()}
    for name in (*manifest["sources"], *manifest["memories"]):
        assert not Path(name).is_absolute() and ".." not in name
        assert (workshop / scheme / name).is_file()
    assert manifest["sources"][-1] == "rtl/tiny.v"
    assert tuple(manifest["input"]["shape"]) == SHAPE
    assert manifest["output"]["shape"] == [CLASSES]
    assert manifest["schema"] == 1
    for side, name in (("input", "input"), ("output", "logits")):
        assert set(manifest[side]) >= {"shape", "bits", "lanes", "signed", "scale", "zero_point"}
        assert manifest[side]["bits"] == 8
        assert manifest[f"{side}s"] == [manifest[side]]
        assert (manifest[side]["name"], manifest[side]["port"]) == (
            name,
            f"{'m' if side[0] == 'o' else 's'}_axis",
        )
        assert manifest[side]["payload_bits"] == 8 * manifest[side]["lanes"]
        assert manifest[side]["tdata_bits"] == manifest[side]["payload_bits"]
        elements = int(np.prod(manifest[side]["shape"]))
        assert manifest[side]["frame_beats"] * manifest[side]["lanes"] == elements
    assert set(manifest["predicted"]["xc7"]) == {"lut", "lutram", "ff", "bram18", "dsp"}
    assert all(type(count) is int for count in manifest["predicted"]["xc7"].values())
    assert all(type(manifest[key]) is int for key in ("frame_interval", "latency", "multipliers"))
    folded = [layer for layer in manifest["layers"] if layer.get("pe")]
    assert [(layer["name"], layer["kind"]) for layer in folded] == [
        ("conv2d", "Conv2D"), ("dense", "Dense"), ("logits", "Dense"),
    ]  # fmt: skip
    by_constants = [layer["pe"] * layer["simd"] for layer in folded if "constants" in layer]
    assert sum(by_constants) == manifest["constants"]
    products = sum(layer["pe"] * layer["simd"] for layer in folded)
    assert products == manifest["multipliers"] + manifest["constants"]
    assert all(layer["accumulator_bits"] >= 8 for layer in folded)


def test_the_top_module_has_just_the_ports_of_the_contract(workshop: Path) -> None:
    text = (workshop / "fixed/rtl/tiny.v").read_text()
    header = text[text.index("module tiny ") : text.index(");")]
    names = [
        line.rstrip(",").split()[-1] for line in header.splitlines() if line.strip()[:3] in ("inp", "out")
    ]
    assert sorted(names) == sorted(
        ["clk", "rst", "frame_error"]
        + [f"{side}_axis_{wire}" for side in "sm" for wire in ("tdata", "tvalid", "tready", "tlast")]
        + ["m_axis_tuser"]
    )


def test_build_prints_the_table_and_show_prints_it_again(workshop: Path) -> None:
    design = workshop / "table"
    built = kerilog("build", workshop / "tiny.keras", "-o", design, "--data", workshop / "samples.npz")
    shown = kerilog("show", design)
    assert (built.status, shown.status) == (0, 0)
    assert built.output == shown.output
    for word in (
        "accuracy, float", "accuracy, integer", "accuracy, naive", "parameters",
        "multipliers", "cycles per frame", "latency", "written",
    ):  # fmt: skip
        assert word in built.output, word
    assert built.error == ""


def test_two_builds_are_the_same(workshop: Path, tmp_path: Path) -> None:
    for copy in ("one", "two"):
        kerilog("build", workshop / "tiny.keras", "-o", tmp_path / copy, "--data", workshop / "samples.npz")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["one", "two"]


def test_a_build_replaces_the_one_before(workshop: Path, tmp_path: Path) -> None:
    build = ("build", workshop / "tiny.keras", "-o", tmp_path / "x", "--data", workshop / "samples.npz")
    assert kerilog(*build, "--name", "first").status == 0
    assert kerilog(*build, "--name", "second").status == 0
    assert (tmp_path / "x/rtl/second.v").is_file()
    assert not (tmp_path / "x/rtl/first.v").exists()


def test_interval_and_name_are_taken(workshop: Path, tmp_path: Path) -> None:
    kerilog(
        "build", workshop / "tiny.keras", "-o", tmp_path / "slow", "--data", workshop / "samples.npz",
        "--interval", 200, "--name", "Slow-One",
    )  # fmt: skip
    manifest = json.loads((tmp_path / "slow/manifest.json").read_text())
    fast = json.loads((workshop / "fixed/manifest.json").read_text())
    assert manifest["top"] == "slow_one"
    assert manifest["multipliers"] < fast["multipliers"]
    assert fast["frame_interval"] < manifest["frame_interval"] <= 200


def test_the_default_folder_is_named_after_the_model(
    workshop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert kerilog("build", workshop / "tiny.keras", "--data", workshop / "samples.npz").status == 0
    assert (tmp_path / "build/tiny/manifest.json").is_file()


# ---- eval and sim ----


@pytest.mark.parametrize("scheme", ["fixed", "affine"])
def test_eval_and_sim_write_the_same_codes(workshop: Path, scheme: str, tmp_path: Path) -> None:
    design, x = workshop / scheme, workshop / "floats.npy"
    assert kerilog("eval", design, "--inputs", x, "--outputs", tmp_path / "eval.npy").status == 0
    simulated = kerilog(
        "sim", design, "--inputs", x, "--outputs", tmp_path / "sim.npy", "--simulator", "icarus"
    )
    assert simulated.status == 0, simulated.error
    expected, found = np.load(tmp_path / "eval.npy"), np.load(tmp_path / "sim.npy")
    assert expected.shape == found.shape == (FRAMES, CLASSES)
    assert expected.dtype.kind == found.dtype.kind == "i"
    assert np.array_equal(expected, found)
    assert "mismatches" in simulated.output


def test_sim_takes_verilator_by_default(workshop: Path, tmp_path: Path) -> None:
    arguments = ("--inputs", workshop / "floats.npy", "--outputs")
    before = contents(workshop / "fixed")
    assert kerilog("sim", workshop / "fixed", *arguments, tmp_path / "sim.npy").status == 0
    assert kerilog("eval", workshop / "fixed", *arguments, tmp_path / "eval.npy").status == 0
    assert np.array_equal(np.load(tmp_path / "sim.npy"), np.load(tmp_path / "eval.npy"))
    assert list(cache.root().glob("verilator_*"))
    assert contents(workshop / "fixed") == before


@pytest.mark.parametrize("scheme", ["fixed", "affine"])
def test_codes_are_what_floats_become(workshop: Path, scheme: str, tmp_path: Path) -> None:
    design = workshop / scheme
    source = json.loads((design / "manifest.json").read_text())["input"]
    floats = np.load(workshop / "floats.npy")
    steps = floats / source["scale"]
    codes = np.clip(np.sign(steps) * np.floor(np.abs(steps) + 0.5) + source["zero_point"], -128, 127)
    outputs = []
    for name, array in (
        ("floats", floats),
        ("codes", codes.astype(np.int8)),
        ("wide", codes.astype(np.int64)),
        ("flat", codes.astype(np.int16)[..., 0]),
    ):
        np.save(tmp_path / f"{name}.npy", array)
        y = tmp_path / f"{name}_y.npy"
        assert kerilog("eval", design, "--inputs", tmp_path / f"{name}.npy", "--outputs", y).status == 0
        outputs.append(np.load(y))
    assert all(np.array_equal(outputs[0], other) for other in outputs[1:])


def test_sim_ends_with_status_1_where_the_rtl_is_wrong(workshop: Path, tmp_path: Path) -> None:
    kerilog("build", workshop / "tiny.keras", "-o", tmp_path / "x", "--data", workshop / "samples.npz")
    memory = tmp_path / "x/rom/tiny_logits_requantizer.mem"
    lines = memory.read_text().splitlines()
    lines[1] = f"{int(lines[1], 16) ^ 0x40:0{len(lines[1])}x}"
    memory.write_text("\n".join(lines) + "\n")
    found = kerilog(
        "sim", tmp_path / "x", "--inputs", workshop / "floats.npy", "--outputs", tmp_path / "y.npy",
        "--simulator", "icarus",
    )  # fmt: skip
    assert found.status == 1
    assert np.load(tmp_path / "y.npy").shape == (FRAMES, CLASSES)


def test_sim_runs_until_the_interval_stands_and_compares_it(workshop: Path, tmp_path: Path) -> None:
    shutil.copytree(workshop / "fixed", tmp_path / "x")
    manifest = json.loads((tmp_path / "x/manifest.json").read_text())
    interval, latency = manifest["frame_interval"], manifest["latency"]
    one = tmp_path / "one.npy"
    np.save(one, np.load(workshop / "floats.npy")[:1])
    command = (
        "sim", tmp_path / "x", "--inputs", one, "--outputs", tmp_path / "y.npy", "--simulator", "icarus",
    )  # fmt: skip
    found = kerilog(*command)
    assert (found.status, found.error) == (0, "")
    text = " ".join(found.output.split())
    assert f"cycles per frame {interval}, planned {interval}" in text
    assert f"latency {latency} cycles" in text
    assert "sent in all for the steady interval" in text
    assert np.load(tmp_path / "y.npy").shape == (1, CLASSES)  # of the frame that was given alone
    (tmp_path / "y.npy").unlink()
    changed = manifest | {"frame_interval": interval + 1, "latency": latency - 1}
    (tmp_path / "x/manifest.json").write_text(json.dumps(changed))
    found = kerilog(*command)
    assert found.status == 1
    assert found.error.splitlines() == [
        f"kerilog: the frame interval is {interval} cycles, planned are {interval + 1}",
        f"kerilog: the latency is {latency} cycles, planned are {latency - 1}",
    ]
    assert np.load(tmp_path / "y.npy").shape == (1, CLASSES)


def test_sim_takes_and_gives_archives_as_well(workshop: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", input=np.load(workshop / "floats.npy"))
    found = kerilog(
        "sim", workshop / "fixed", "--inputs", tmp_path / "x.npz", "--outputs", tmp_path / "y.npz",
        "--simulator", "icarus",
    )  # fmt: skip
    assert found.status == 0, found.error
    y = tmp_path / "y.npy"
    assert (
        kerilog("eval", workshop / "fixed", "--inputs", workshop / "floats.npy", "--outputs", y).status == 0
    )
    with np.load(tmp_path / "y.npz") as archive:
        assert set(archive) == {"logits"}
        assert np.array_equal(archive["logits"], np.load(y))


def test_sim_wants_the_tensors_of_the_integer_model(workshop: Path, tmp_path: Path) -> None:
    shutil.copytree(workshop / "fixed", tmp_path / "x")
    path = tmp_path / "x/manifest.json"
    manifest = json.loads(path.read_text())
    other = manifest["output"] | {"shape": [CLASSES, 1]}
    path.write_text(json.dumps(manifest | {"output": other, "outputs": [other]}))
    inputs = ("--inputs", workshop / "floats.npy")
    found = kerilog("sim", tmp_path / "x", *inputs, "--outputs", tmp_path / "y.npy")
    assert found.status == 2
    assert "the manifest and the integer model differ in their tensors; build again" in found.error


# ---- help ----


@pytest.mark.parametrize("command", OPTIONS)
def test_help_mentions_every_option(command: str) -> None:
    shown = kerilog(command, "--help")
    assert shown.status == 0
    assert [word for word in OPTIONS[command].split() if word not in shown.output] == []


def test_help_lists_the_commands_and_the_exit_statuses() -> None:
    shown = kerilog("--help").output
    assert [
        status for status in ("0  done", "1  sim:", "2  ", "3  build:") if f"  {status}" not in shown
    ] == []
    assert [command for command in OPTIONS if f"  {command} " not in shown] == []
    assert kerilog("--version").output == f"kerilog, version {package.__version__}\n"


def test_the_installed_command_runs(workshop: Path) -> None:
    code = "from kerilog.cli import main; main(prog_name='kerilog')"
    found = subprocess.run(
        [sys.executable, "-c", code, "show", str(workshop / "fixed")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stderr == ""
    assert "cycles per frame" in found.stdout
