# SPDX-License-Identifier: Apache-2.0
"""Predicted and measured area, and the share of a device that they take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerilog import manifest as manifests
from kerilog.area import shares
from kerilog.manifest import Area, Manifest, Resources
from support.command import kerilog
from support.keras_files import write_samples, write_tiny
from support.manifests import make_manifest, make_stream

SMALL = Area(lut=1500, lutram=100, ff=800, bram18=4, dsp=5)  # holds: LUT 1600 of 3752 on an xc7s6


def made(predicted: Area | None = SMALL, **fields: Any) -> Manifest:
    ends = make_stream((4,), 8, 1), make_stream((4,), 8, 1, name="y", port="m_axis")
    about = {"name": "x", "top": "x", "sources": ("rtl/x.v",)}
    known = {} if predicted is None else {"xc7": predicted}
    return make_manifest(*ends, predicted=known, **about | fields)


def measured(target: str, device: str, **counts: int) -> Resources:
    base = {"lut": 0, "lutram": 0, "ff": 0, "bram18": 0, "dsp": 0, "latch": 0} | counts
    return Resources(target=target, device=device, tool="Yosys", fmax_mhz=None, critical_path=None, **base)


def test_the_smallest_device_that_holds_the_prediction() -> None:
    (found,) = shares.of_manifest(made())
    assert (found.target, found.device, found.asked) == ("xc7", "xc7s6", False)
    lut, ff, bram, dsp = found.shares
    assert (lut.predicted, lut.measured, lut.available) == (1600, None, 3752)
    assert lut.of_device(lut.predicted) == pytest.approx(1600 / 3752)
    assert lut.of_device(lut.measured) is None
    assert (ff.available, bram.available, dsp.available) == (7504, 10, 10)


def test_the_device_that_was_asked_for() -> None:
    (found,) = shares.of_manifest(made(device="xc7a100t"))
    assert (found.device, found.asked) == ("xc7a100t", True)
    assert found.shares[0].available == 63400


@pytest.mark.parametrize("device", ["", "no_such_device"])
def test_what_no_device_holds_has_no_share(device: str) -> None:
    (found,) = shares.of_manifest(made(Area(lut=10**7, lutram=0, ff=0, bram18=0, dsp=0), device=device))
    assert found.device == ""
    assert [share.available for share in found.shares] == [None] * 4
    assert found.as_record()["device"] is None
    assert "none of the known" in found.why


def test_measured_area_stands_beside_the_predicted() -> None:
    resources = {
        "xc7": measured("xc7", "7-series, not placed", lut=1000, lutram=200, ff=900, bram18=4, dsp=6),
        "ecp5": measured("ecp5", "LFE5U-45k, speed grade 6, out of context, seed 1", lut=2000, dsp=36),
    }
    xilinx, lattice = shares.of_manifest(made(resources=resources))
    assert [(share.predicted, share.measured) for share in xilinx.shares] == [
        (1600, 1200), (800, 900), (4, 4), (5, 6),
    ]  # fmt: skip
    assert (lattice.target, lattice.device) == ("ecp5", "45k")
    assert [share.predicted for share in lattice.shares] == [None] * 4
    assert lattice.shares[3].of_device(lattice.shares[3].measured) == pytest.approx(36 / 72)


def test_a_manifest_without_area_has_no_shares() -> None:
    assert shares.of_manifest(made(None)) == ()


@pytest.fixture(scope="module")
def design(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("design")
    write_tiny(root / "tiny.keras")
    write_samples(root / "samples.npz")
    built = kerilog(
        "build", root / "tiny.keras", "-o", root / "x", "--data", root / "samples.npz",
        "--device", "xc7a35tcpg236-1",
    )  # fmt: skip
    assert built.status == 0, built.error
    assert "xc7a35t, as asked for" in built.output
    return root / "x"


def test_table_json_and_report_show_predicted_and_measured_area(design: Path) -> None:
    manifest = Manifest.read(design)
    need = manifest.predicted["xc7"]
    share = f"LUT {(need.lut + need.lutram) / 20800:.1%}"
    shown = kerilog("show", design).output
    assert share in shown and "measured" not in shown
    assert "measures the area" in page(design)
    found = measured("xc7", "7-series, not placed", lut=1040, lutram=0, ff=416, bram18=1, dsp=9)
    (design / "manifest.json").write_text(manifests.recorded(design, {"xc7": found}))
    shown = kerilog("show", design).output
    assert f"{share} (measured 5.0%)" in shown and "(measured 1.0%)" in shown
    told = "measured area, xc7 1,040 LUT + 0 as memory, 416 FF, 1 RAMB18, 9 DSP, by Yosys"
    assert told in " ".join(shown.split())
    area = json.loads(kerilog("show", design, "--json").output)["area"]["xc7"]
    assert (area["device"], area["asked"]) == ("xc7a35t", True)
    assert area["lut"]["measured"] == 1040 and area["lut"]["measured_share"] == pytest.approx(0.05)
    assert area["dsp"]["predicted"] == need.dsp
    text = page(design)
    assert "measures the area" not in text
    assert '<td class="n">1,040</td><td class="n">5.0%</td><td class="n">20,800</td>' in text


def page(design: Path) -> str:
    assert kerilog("report", design).status == 0
    return (design / "report/index.html").read_text(encoding="utf-8")
