# SPDX-License-Identifier: Apache-2.0
"""``--refine``, in a settings file and in Python: one network, its figures, and what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import kerilog as api
from kerilog import storage
from kerilog.quantize.settings import REFINE_PASSES
from support.command import kerilog
from support.keras_files import write_samples, write_tiny
from support.paths import TESTS

PASSES = "correct-bias,learn-rounding,equalize"

# random labels: no network is better than chance at them
pytestmark = pytest.mark.filterwarnings("ignore:float accuracy.*chance")


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.modules["kerilog.refine.learn_rounding"], "ITERATIONS", 50)
    write_tiny(tmp_path / "tiny.keras")
    write_samples(tmp_path / "samples.npz")


def build(name: str, *options: object) -> str:
    found = kerilog(
        *("build", "tiny.keras", "--data", "samples.npz", "-o", name, "--weight-bits", 3, "--name", "tiny"),
        *options,
    )
    assert found.status == 0, found.error
    return found.output


def test_the_command_the_settings_and_python_give_one_network() -> None:
    shown = build("by_option", "--refine", PASSES)
    for words in ("rounded to nearest", *REFINE_PASSES, "of answers as in float, "):
        assert words in shown
    Path("settings.toml").write_text('refine = ["learn-rounding", "correct-bias", "equalize"]\n')
    build("by_settings", "--config", "settings.toml")
    x = np.load("samples.npz")["x_train"]
    network = api.convert("tiny.keras", x, weight_bits=3, refine=REFINE_PASSES, verbose=False)
    network.build("by_python", name="tiny")
    digests = {
        storage.digest(storage.load(Path(name) / storage.FILE_NAME))
        for name in ("by_option", "by_settings", "by_python")
    }
    assert len(digests) == 1
    build("plain")
    assert storage.digest(storage.load(Path("plain") / storage.FILE_NAME)) not in digests
    told = json.loads(Path("by_option/manifest.json").read_text())["refined"]
    assert [one["after"] for one in told] == ["nearest", *REFINE_PASSES]
    assert [one.after for one in network.refined] == ["nearest", *REFINE_PASSES]
    assert "refined" not in json.loads(Path("plain/manifest.json").read_text())


def test_the_float_network_of_an_equalized_one_is_compared_layer_by_layer() -> None:
    """Equalized tensors have other scales than those of the original: they are held to the equalized ones."""
    x = np.load("samples.npz")["x_train"]
    network = api.convert("tiny.keras", x, weight_bits=12, refine="equalize", verbose=False)
    assert all(one.snr_db is None or one.snr_db > 20 for one in network.compare(x))
    shown = build("folder", "--refine", "equalize")
    assert "equalize" in shown
    assert kerilog("report", "folder").status == 0
    assert "rounded to nearest" in Path("folder/report/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--refine", "better"), "refine: unknown pass 'better'; choose of equalize, learn-rounding"),
        (("--refine", "equalize,"), "refine: unknown pass ''"),
        (("--refine", "correct-bias", "--weight-bits", "1"), "refine: expected weight_bits of 2 to 16"),
        (("--refine", "correct-bias", "--weight-bits", "ternary"), "refine: expected weight_bits of 2 to 16"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(options: tuple[str, ...], message: str) -> None:
    found = kerilog("build", "tiny.keras", "--data", "samples.npz", "-o", "design", *options)
    assert found.status == 2 and found.output == ""
    assert message in found.error and found.error.count("\n") == 1
    assert not Path("design").exists()


def test_a_tflite_file_and_a_bad_settings_file_are_refused() -> None:
    found = kerilog("build", TESTS / "cli" / "tiny.tflite", "-o", "design", "--refine", "equalize")
    assert found.status == 2 and "refine: a TFLite file has its integers already" in found.error
    with pytest.raises(api.KerilogError, match="refine: a TFLite file has its integers already"):
        api.convert(TESTS / "cli" / "tiny.tflite", refine="equalize", verbose=False)
    Path("settings.toml").write_text('refine = ["equalise"]\n')
    found = kerilog(
        *("build", "tiny.keras", "--data", "samples.npz", "-o", "design", "--config", "settings.toml")
    )
    assert found.status == 2 and "settings.toml: refine" in found.error
    assert not Path("design").exists()
