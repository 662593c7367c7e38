# SPDX-License-Identifier: Apache-2.0
"""A few drawn networks, those that once failed, and bugs put in on purpose that must be found and shrunk."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from fuzz import draw, shrink, trial
from fuzz.__main__ import Fuzzer
from fuzz.layers import MAKERS
from kerilog import build, floating, support
from kerilog.manifest import Manifest

KEPT = sorted(shrink.KEPT.glob("*.json"))
ELSEWHERE = {"Softmax", "ThresholdedReLU"}  # what outputs end in, and what Keras 3 has no longer


def test_every_layer_of_the_table_is_drawn() -> None:
    known = {name for row in support.rows() for name in row.keras}
    assert known - set(draw.OPTIONS) == ELSEWHERE


def test_everything_drawn_can_be_made() -> None:
    assert list(MAKERS) == list(draw.OPTIONS)


def test_layers_that_a_failure_does_not_need_go() -> None:
    network = {"layers": [{"kind": kind} for kind in "abcdef"], "softmax": False}
    tried: list[int] = []

    def fails(description: shrink.Description) -> bool:
        tried.append(len(description["layers"]))
        return {"b", "e"} <= {layer["kind"] for layer in description["layers"]}

    found = shrink.with_fewer_layers(network, fails)
    assert found == {"layers": [{"kind": "b"}, {"kind": "e"}], "softmax": False}
    assert 0 not in tried and len(network["layers"]) == 6
    assert shrink.with_fewer_layers({"layers": [{"kind": "a"}]}, lambda _: True) == {
        "layers": [{"kind": "a"}]
    }


def test_a_seed_gives_the_same_network() -> None:
    found = [shrink.drawn(draw.networks(), seed) for seed in ("1/0", "1/0", "1/1")]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_what_failed_once_holds(path: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="makes the models")
    try:
        trial.whole(shrink.read(path), tmp_path, ("icarus",))
    except trial.Refused as error:
        pytest.fail(f"is refused: {error}")


def test_drawn_networks_hold() -> None:
    pytest.importorskip("tensorflow", reason="makes the models")
    options = argparse.Namespace(
        count=6, minutes=5.0, seed="8", batch=6, icarus=6, shrink=0.0, no_tflite=False, no_rtl=False
    )
    tally = Fuzzer(options).run()
    assert tally.drawn == 6 and tally.equal >= 2 and not tally.failed, tally


@pytest.mark.full  # minutes
def test_a_bug_in_the_float_graph_is_found_and_shrunk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("tensorflow", reason="makes the models")
    right = floating.activate

    def wrong(x: Any, function: str, *rest: Any) -> Any:
        return right(x, function, *rest) + (function == "tanh")

    monkeypatch.setattr(floating, "activate", wrong)
    strategy = draw.networks(with_tflite=False, kinds=("Activation", "Reshape", "Cropping1D"))
    seed, kind = first_failing(strategy, tmp_path)
    assert kind == "float"
    drawn, smallest = shrink.drawn(strategy, seed), shrink.shrunk(strategy, seed, kind, 300.0)
    assert len(smallest["layers"]) == 1 < len(drawn["layers"])
    assert smallest["layers"][0]["function"] == "tanh"


def first_failing(strategy: draw.Strategy, folder: Path) -> tuple[str, str]:
    """The first seed whose network fails, of more than one layer, and the way in which it does."""
    for number in range(100):
        seed = f"injected/{number}"
        (folder / f"{number}").mkdir()
        description = shrink.drawn(strategy, seed)
        try:
            if len(description["layers"]) > 1:
                trial.prepare(description, folder / f"{number}", "fuzz")
        except trial.Refused:
            continue
        except Exception as error:  # whatever is raised is a finding
            return seed, trial.kind_of(error)
    pytest.fail("nothing fails")


@pytest.mark.full
def test_a_bug_in_the_rtl_is_found_shrunk_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="makes the models")
    right = build.generate

    def wrong(graph: Any, design: Any, target: Path, told: Any) -> Manifest:
        manifest = right(graph, design, target, told)
        path = target / "rtl" / "krl_max.v"
        if path.is_file():
            old, new = "difference[BITS] ? second : first", "difference[BITS] ? first : second"
            assert path.read_text().count(old) == 1
            path.write_text(path.read_text().replace(old, new))
        return manifest

    monkeypatch.setattr(build, "generate", wrong)
    strategy = draw.networks(with_tflite=False, kinds=("MaxPooling2D", "ReLU"))
    for number in range(20):
        description = shrink.drawn(strategy, f"rtl/{number}")
        if shrink.fails_as(description, "icarus", ("icarus",)):
            break
    smallest = shrink.shrunk(strategy, f"rtl/{number}", "icarus", 60.0)
    assert len(smallest["layers"]) <= len(description["layers"])
    kept = shrink.keep(smallest, "icarus", "it differs", tmp_path)
    assert shrink.fails_as(shrink.read(kept), "icarus", ("icarus",))
