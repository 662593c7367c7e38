# SPDX-License-Identifier: Apache-2.0
"""The lines "Legal:" of the library: tools refuse other parameters, and what follows from them is fixed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.paths import ROOT

RTL, BOARD = ROOT / "hw" / "rtl", ROOT / "hw" / "board"
Parameters = dict[str, int]

ILLEGAL: dict[str, list[Parameters]] = {
    "krl_accumulator": [{"DEPTH": 0}],
    "krl_add": [{"LANES": 0}, {"SHIFT": 24}, {"CLAMP_MIN": 5, "CLAMP_MAX": 4}, {"LEFT_FACTOR": 1 << 22}],
    "krl_adder_tree": [{"COUNT": 0}, {"BITS": 1}],
    "krl_argmax": [{"LANES": 0}, {"LANES": 1, "BEATS": 1}],
    "krl_axi_lite": [{"WORDS": 12}, {"ADDRESS_BITS": 5}, {"MAPPED": 1, "WRITABLE": 2}],
    "krl_bilinear": [{"LANES": 0}, {"ROW_BITS": 0}],
    "krl_board_input": [{"BITS": 0}, {"BITS": 9}, {"LANES": 0}, {"BEATS": 0}, {"IDLE_CLOCKS": 0}],
    "krl_board_output": [{"BITS": 0}, {"BITS": 17, "ELEMENT_BYTES": 2}, {"LANES": 0}],
    "krl_channel_lookup": [{"PERIOD": 0}],
    "krl_concat": [{"INPUTS": 1}],
    "krl_crop": [{"LAST_ROW": 8}, {"FIRST_COLUMN": 7}, {"LAST_BEAT": 1}],
    "krl_dot": [{"SIMD": 0}, {"W_BITS": 1}],
    "krl_dot_pair": [{"SIMD": 0}, {"X_BITS": 1}],
    "krl_dot_signs": [{"SIMD": 0}, {"W_BITS": 3}],
    "krl_dot_xnor": [{"SIMD": 0}],
    "krl_fifo": [{"WIDTH": 0}, {"DEPTH": 0}],
    "krl_fork": [{"OUTPUTS": 0}],
    "krl_frame_gate": [{"INPUTS": 0}],
    "krl_frame_guard": [{"BEATS": 0}, {"USE_TLAST": 2}],
    "krl_frame_last": [{"BEATS": 0}],
    "krl_frame_mark": [{"INPUTS": 0}, {"DEPTH": 0}],
    "krl_frame_watch": [{"INPUTS": 0}, {"OUTPUTS": 0}, {"DEPTH": 0}, {"COUNT_BITS": 0}],
    "krl_gearbox": [{"ELEMENTS": 0}],
    "krl_interpolate": [{"X_BITS": 0}, {"WEIGHT_BITS": 0}],
    "krl_issue": [{"CREDITS": 0}],
    "krl_join": [{"FUNCTION": 3}],
    "krl_lanes": [{"LANES_IN": 3, "LANES_OUT": 4}, {"LANES_IN": 4, "LANES_OUT": 2, "ELEMENTS": 6}],
    "krl_line_buffer": [{"ROWS": 2}, {"PAD_TOP": 3}, {"OUT_HEIGHT": 30}],
    "krl_loader": [{"MEMORIES": 1}, {"BANKS": 0}, {"WORDS": 0}],
    "krl_lookup": [{"LANES": 0}],
    "krl_matvec": [
        *({"CREDITS": 0}, {"TURNS": 0}, {"OUTPUTS": 4}, {"OUTPUTS_PER_VECTOR": 3}, {"STEPS": 5}),
        {"SIGNS": 1},
    ],
    "krl_max": [{"CELLS": 0}, {"CLAMP_MIN": 5, "CLAMP_MAX": 4}],
    "krl_multiplier": [{"A_BITS": 1}, {"REGISTERS": 1}, {"REGISTERS": 5}],
    "krl_pad": [{"ROWS_OUT": 4}, {"STEP_COLUMNS": 0}],
    "krl_ram": [{"DEPTH": 0}],
    "krl_permute": [{"SIZE_A": 0}, {"STRIDE_C": 3}],
    "krl_register": [{"WIDTH": 0}],
    "krl_repeat": [{"BEATS": 0}],
    "krl_requantize_affine": [{"PERIOD": 0}, {"TOTAL_BITS": 24}, {"WORD_BITS": 7}],
    "krl_requantize_fixed": [{"LANES": 0}, {"BIASED_BITS": 20}, {"WORD_BITS": 7}],
    "krl_requantize_serial": [{"DIGIT_BITS": 3}, {"SIDES": 3}, {"SUM_BITS": 8}, {"WORD_BITS": 7}],
    "krl_resize": [{"BEATS": 0}, {"FIRST_ROW": 2}],
    "krl_rom": [{"WIDTH": 0}],
    "krl_running_max": [{"GROUPS": 0}, {"CLAMP_MIN": 5, "CLAMP_MAX": 4}],
    "krl_scale": [{"BITS": 8}, {"FACTOR": 1 << 22}],
    "krl_select": [{"COUNT": 0}],
    "krl_serializer": [{"LANES": 3}, {"DEPTH": 0}],
    "krl_store": [{"WIDTH": 0}, {"BANKS": 3}, {"COLUMNS": 2}],
    "krl_stream_watch": [{"BEATS": 0}, {"USE_TLAST": 2}],
    "krl_threshold": [{"LANES": 0}, {"ACC_BITS": 1}, {"WORD_BITS": 7}],
    "krl_uart_receiver": [{"BIT_CLOCKS": 3}],
    "krl_uart_sender": [{"BIT_CLOCKS": 1}],
    "krl_upsample": [{"REPEAT_ROWS": 0}, {"COLUMNS": 0}],
    "krl_vectors": [{"COLUMNS": 3}, {"CHANNELS": 3, "DEPTH": 2}],
    "krl_window_reader": [{"ROWS": 2}, {"GROUPS": 3}, {"DILATION_H": 0}, {"PAD_LEFT": 3}],
    "krl_window": [{"ROWS": 2}, {"PIXELS": 3}, {"PAD_LEFT": 3}, {"WAITING": 0}],
}
WITHOUT_PARAMETERS = {"krl_crc16"}
LIBRARY = ["-y", str(RTL), "-y", str(BOARD)]
CASES = [(module, parameters) for module, found in ILLEGAL.items() for parameters in found]


def modules() -> list[Path]:
    """The files of all modules of the library and of boards."""
    return [path for folder in (RTL, BOARD) for path in sorted(folder.glob("*.v"))]


def source(module: str) -> Path:
    """The file of ``module``."""
    return next(path for path in modules() if path.stem == module)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """What a tool says of it, on either stream."""
    return subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def icarus(module: str, parameters: Parameters) -> list[str]:
    values = [f"-P{module}.{name}={value}" for name, value in parameters.items()]
    return ["iverilog", "-g2005", "-s", module, *values, *LIBRARY, "-t", "null", str(source(module))]


def verilator(module: str, parameters: Parameters) -> list[str]:
    values = [f"-G{name}={value}" for name, value in parameters.items()]
    return [
        "verilator",
        "--lint-only",
        "-Wno-fatal",
        "-Wno-lint",
        *LIBRARY,
        *values,
        str(source(module)),
    ]


def yosys(module: str, parameters: Parameters) -> list[str]:
    values = " ".join(f"-chparam {name} {value}" for name, value in parameters.items())
    script = f"read_verilog -defer {RTL}/*.v {BOARD}/*.v; hierarchy -check -top {module} {values}"
    return ["yosys", "-q", "-p", script]


def assert_refused(command: list[str], module: str, folder: Path) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = run(command, folder)
    assert done.returncode != 0, command
    assert f"illegal_parameters_of_{module}" in done.stdout, done.stdout


def test_every_module_is_here() -> None:
    assert set(ILLEGAL) | WITHOUT_PARAMETERS == {path.stem for path in modules()}


def test_what_is_illegal_is_refused_by_icarus(tmp_path: Path) -> None:
    for module, parameters in CASES:
        assert_refused(icarus(module, parameters), module, tmp_path)


@pytest.mark.parametrize("tool", [verilator, yosys])
@pytest.mark.parametrize(
    "module",
    [
        pytest.param(module, marks=[] if module in ("krl_lanes", "krl_matvec") else pytest.mark.full)
        for module in ILLEGAL
    ],
)
def test_what_is_illegal_is_refused_by_others(tool, module: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    if tool is yosys and module in ("krl_rom", "krl_store"):
        pytest.skip("Yosys reads the file of a memory before it looks at its parameters")
    for parameters in ILLEGAL[module]:
        assert_refused(tool(module, parameters), module, tmp_path)


def test_the_defaults_are_legal(tmp_path: Path) -> None:
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is not installed")
    for module in ILLEGAL:
        done = run(icarus(module, {}), tmp_path)
        assert "illegal" not in done.stdout, done.stdout


def test_parameters_have_a_type() -> None:
    for path in modules():
        for declared in re.findall(r"^ *parameter +([^\n]*)", path.read_text(), re.MULTILINE):
            assert re.match(r"(integer |\[)|\w+ = \"", declared), f"{path.name}: {declared}"
