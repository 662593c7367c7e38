# SPDX-License-Identifier: Apache-2.0
"""Whole boards in Icarus: what comes by the serial line is the integer model's, whatever goes wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cocotb_tools.runner import get_runner

from common import runner
from common.bugs import Bug, survives_reset
from kerilog.handoff import board
from kerilog.handoff.boards import BOARDS
from kerilog.manifest import Manifest
from support.designs import generate
from support.golden import NETWORKS
from support.networks import Chain


def small() -> Any:
    """Codes of 8 bits, one a beat."""
    chain = Chain("small", "fixed", (2, 3, 2), 30).conv(2, (2, 2)).flatten()
    return chain.dense(3, relu=False).graph


def wide() -> Any:
    """Codes of 12 bits, which take two bytes, with a sign."""
    chain = Chain("wide", "fixed", (3, 3, 2), 31, bits=12).conv(3, (2, 2)).flatten()
    return chain.dense(3, relu=False).graph


CASES: dict[str, tuple[str, Callable[[], Any], int | None, int, float]] = {
    # board, network, interval, cycles of a bit, the host's clock
    "bytes": ("tangnano9k", small, None, 5, 1.0),
    "lanes": ("icebreaker", NETWORKS["parallel"][0], NETWORKS["parallel"][1], 6, 1.0),
    "wide": ("tangnano20k", wide, None, 16, 1.02),
    "slow": ("ulx3s", wide, None, 16, 0.98),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """The folder of a board with a small network, without bitstream."""
    monkeypatch.setattr(board, "_missing", lambda _: "nothing is made here")

    def make(case: str) -> Path:
        name, network, interval, *_ = CASES[case]
        generate(network(), tmp_path / case, interval)
        return board.write_board(name, tmp_path / case).folder

    return make


def run(case: str, place: Path, damages: int, bug: Bug | None = None) -> None:
    """Compile the folder's Verilog and run the bench."""
    name, *_, bit_clocks, skew = CASES[case]
    manifest = Manifest.read(place.parents[1])
    parameters = {
        "BIT_CLOCKS": bit_clocks,
        "IDLE_CLOCKS": 30 * bit_clocks,
        "START_CLOCKS": 8,
        "BLINK_BITS": 4,
    }
    if bug:
        path = place / "rtl" / f"{bug.module}.v"
        path.write_text(bug.apply(path.read_text()))
    sources = [*sorted((place / "rtl").glob("*.v")), place / "krl_board_top.v"]
    if BOARDS[name].target == "ecp5":
        sources.append(runner.SIM / "krl_multiplier" / "MULT18X18D.v")
    build_dir = place / "sim"
    build_dir.mkdir()
    shutil.copytree(place / "rom", build_dir / "rom")
    for file in ("host.py", "vectors.npz"):
        shutil.copy(place / file, build_dir)
    simulator = get_runner("icarus")
    runner.build(simulator, "krl_board_top", parameters, sources, build_dir, case)
    told = parameters | {
        "SKEW": skew,
        "PRESSED": BOARDS[name].pressed,
        "LIT": BOARDS[name].lit_status,
        "LIT_CODE": BOARDS[name].lit_code,
        "LANES": manifest.outputs[0].lanes,
        "CORE_CLOCKS": 2 * manifest.latency + manifest.frame_interval,
        "DAMAGES": damages,
    }
    runner.simulate(simulator, "board", "krl_board_top", told, build_dir, case)


def test_a_board(folder: Callable[[str], Path]) -> None:
    run("bytes", folder("bytes"), 1)


@pytest.mark.full
@pytest.mark.parametrize("case", CASES)
def test_boards_at_length(case: str, folder: Callable[[str], Path]) -> None:
    run(case, folder(case), 20)


INPUT, OUTPUT, RECEIVER, SENDER = (
    "krl_board_input",
    "krl_board_output",
    "krl_uart_receiver",
    "krl_uart_sender",
)
BUGS = [
    Bug("a byte without stop bit counts", "byte_bad", "!level", "1'b0", RECEIVER),
    Bug("bits are read at their edge", "MIDDLE", "BIT_CLOCKS / 2 - 1", "BIT_CLOCKS - 1", RECEIVER),
    Bug("a glitch is a byte", "left", "left == 10 && level", "1'b0", RECEIVER),
    Bug("the highest bit first", "bits", "{1'b1, bits[8:1]}", "{bits[7:0], 1'b1}", SENDER),
    Bug("the sum is not looked at", "sum_wrong", "byte_data != crc[15:8]", "1'b0", INPUT),
    Bug("nor its lower byte", "sum_wrong", "byte_data != crc[7:0]", "1'b0", INPUT),
    Bug("silence ends no frame", "breaks", "|| idle", "", INPUT),
    Bug("a broken last beat is as good as any", "state", "is_full ? LONGER : FINISH", "FINISH", INPUT),
    Bug("numbers come back in the other order", "next_byte", "numbers[7:0]", "numbers[15:8]", OUTPUT),
    Bug("marks of the core are lost", "bad", "s_axis_tuser", "1'b0", OUTPUT),
    survives_reset("count", module=OUTPUT),
]


@pytest.mark.full
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_is_seen(bug: Bug, folder: Callable[[str], Path]) -> None:
    with pytest.raises(runner.TestsFailedError):
        run("bytes", folder("bytes"), 5, bug)
