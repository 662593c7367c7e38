# SPDX-License-Identifier: Apache-2.0
"""The area of every library module at reference parameters, so that it cannot creep; and the area model.

``golden.json`` holds what Yosys found. LUTs and flip-flops may grow by 3 % and 2 more; DSPs and block
RAMs not at all. KERILOG_UPDATE_GOLDEN=1 writes it anew.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pkgutil
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from kerilog import area
from kerilog.handoff.modules import Instance, measure
from kerilog.handoff.synth import Resources, synthesize
from kerilog.hardware import modules
from kerilog.hardware.mapping import block_ram, distributed_ram, multiplier_dsps
from kerilog.hardware.module import Module
from kerilog.plan import plan
from support.designs import generate
from support.networks import Chain
from support.paths import ROOT, TESTS

RTL = ROOT / "hw" / "rtl"
GOLDEN = TESTS / "area" / "golden.json"
UPDATE = "KERILOG_UPDATE_GOLDEN"
KINDS = ("lut", "lutram", "ff", "bram18", "dsp")
ROOM = {"lut", "lutram", "ff"}  # kinds that may grow a little

needs_yosys = pytest.mark.skipif(shutil.which("yosys") is None, reason="yosys is not installed")

# module and, where its defaults would not show much, its parameters
ADD = {"LANES": 2, "TOTAL_BITS": 20, "LEFT_FACTOR": 181, "RIGHT_FACTOR": 347, "SHIFT": 8}
DENSE = {"PE": 4, "SIMD": 2, "LANES": 2, "BEATS_PER_VECTOR": 169, "GROUPS": 32, "CREDITS": 64, "ACC_BITS": 25}
DIGITS = {"DSP": 1, "STEPS": 2, "DIGIT_BITS": 17, "SIDES": 2, "SUM_BITS": 12, "HIGH_BITS": 4}
LOADS = {
    "MEMORIES": 6,
    "ADDRESS_BITS": 10,
    "COLUMN_BITS": 4,
    "LAST_WORDS": "60'h267f1ff0f00000",
    "LAST_COLUMNS": "24'hd04",
    "LAYOUT": "32'h407f952d",
    "WORDS": 11760,
}
REFERENCE: dict[str, tuple[str, dict[str, int | str]]] = {
    "krl_accumulator": ("krl_accumulator", {"DEPTH": 32}),
    "krl_add": ("krl_add", dict(ADD)),
    "krl_axi_lite": ("krl_axi_lite", {"WRITABLE": 0x0380}),
    "krl_bilinear": ("krl_bilinear", {"LANES": 2, "ROW_BITS": 2}),
    "krl_channel_lookup": ("krl_channel_lookup", {"LANES": 2, "PERIOD": 10}),
    "krl_concat": ("krl_concat", {}),
    "krl_dot": ("krl_dot", {"SIMD": 9}),
    "krl_dot_signs": ("krl_dot_signs", {"SIMD": 9}),
    "krl_dot_signs, ternary": ("krl_dot_signs", {"SIMD": 9, "W_BITS": 2}),
    "krl_dot_xnor": ("krl_dot_xnor", {"SIMD": 25}),
    "krl_fifo": ("krl_fifo", {"WIDTH": 16, "DEPTH": 20}),
    "krl_fork": ("krl_fork", {"OUTPUTS": 3}),
    "krl_frame_gate": ("krl_frame_gate", {"INPUTS": 2}),
    "krl_frame_guard": ("krl_frame_guard", {}),
    "krl_frame_last": ("krl_frame_last", {}),
    "krl_frame_mark": ("krl_frame_mark", {}),
    "krl_frame_mark, two inputs": ("krl_frame_mark", {"INPUTS": 2, "DEPTH": 6}),
    "krl_frame_watch": ("krl_frame_watch", {"INPUTS": 2}),
    "krl_gearbox": ("krl_gearbox", {"LANES_IN": 4, "LANES_OUT": 6, "ELEMENTS": 48}),
    "krl_interpolate": ("krl_interpolate", {}),
    "krl_issue": ("krl_issue", {}),
    "krl_join, larger": ("krl_join", {"LANES": 2}),
    "krl_join, product": ("krl_join", {"LANES": 2, "FUNCTION": 2, "BITS": 17, "RIGHT_ZERO": -128}),
    "krl_lanes, gathering": ("krl_lanes", {"LANES_IN": 2, "LANES_OUT": 8, "ELEMENTS": 338}),
    "krl_lanes, handing out": ("krl_lanes", {"LANES_IN": 8, "LANES_OUT": 2, "ELEMENTS": 64}),
    "krl_line_buffer": ("krl_line_buffer", {}),
    "krl_lookup": ("krl_lookup", {"FILE": "table.mem", "BLOCK": 1}),
    "krl_matvec, convolution": (
        "krl_matvec",
        {"PE": 2, "SIMD": 9, "LANES": 9, "BEATS_PER_VECTOR": 1, "GROUPS": 1},
    ),
    "krl_matvec, folded": (
        "krl_matvec",
        {"PE": 2, "SIMD": 3, "LANES": 9, "BEATS_PER_VECTOR": 1, "GROUPS": 4},
    ),
    "krl_matvec, dense": ("krl_matvec", dict(DENSE)),
    "krl_max": ("krl_max", {}),
    "krl_multiplier": ("krl_multiplier", {"A_BITS": 22, "B_BITS": 18}),
    "krl_register": ("krl_register", {}),
    "krl_ram": ("krl_ram", {"WIDTH": 16, "DEPTH": 32}),
    "krl_repeat": ("krl_repeat", {"BEATS": 16, "TIMES": 64}),
    "krl_requantize_affine": ("krl_requantize_affine", {}),
    "krl_requantize_affine, corrected": ("krl_requantize_affine", {"NEGATIVE_CORRECTION_BITS": 8}),
    "krl_requantize_fixed": ("krl_requantize_fixed", {}),
    "krl_requantize_serial": ("krl_requantize_serial", {"SUM_BITS": 12, "STEPS": 16, "HIGH_BITS": 1}),
    "krl_requantize_serial, DSP": ("krl_requantize_serial", dict(DIGITS)),
    "krl_resize": ("krl_resize", {"BEATS": 3}),
    "krl_rom, block": ("krl_rom", {"WIDTH": 36, "DEPTH": 256, "FILE": "table.mem", "BLOCK": 1}),
    "krl_rom, tables": ("krl_rom", {"WIDTH": 16, "DEPTH": 64, "FILE": "table.mem"}),
    "krl_store, block": ("krl_store", {"WIDTH": 36, "DEPTH": 256, "FILE": "table.mem", "BLOCK": 1}),
    "krl_store, two banks": ("krl_store", {"WIDTH": 16, "DEPTH": 16, "FILE": "table.mem", "BANKS": 2}),
    "krl_loader": ("krl_loader", dict(LOADS)),
    "krl_loader, two banks": ("krl_loader", {**LOADS, "BANKS": 2}),
    "krl_adder_tree": ("krl_adder_tree", {"COUNT": 9}),
    "krl_dot_pair": ("krl_dot_pair", {"SIMD": 9}),
    "krl_select": ("krl_select", {"COUNT": 9, "BITS": 24}),
    "krl_threshold": ("krl_threshold", {}),
    "krl_scale": ("krl_scale", {"FACTOR": 181}),
    "krl_serializer": ("krl_serializer", {"PE": 8, "LANES": 1, "OUTPUTS": 128, "DEPTH": 16, "BITS": 20}),
    "krl_stream_watch": ("krl_stream_watch", {}),
    "krl_vectors": ("krl_vectors", {}),
    "krl_window": ("krl_window", {}),
    "krl_argmax": ("krl_argmax", {}),
    "krl_permute": ("krl_permute", {}),
    "krl_running_max": ("krl_running_max", {}),
    "krl_crop": ("krl_crop", {}),
    "krl_pad": ("krl_pad", {}),
    "krl_upsample": ("krl_upsample", {}),
    "krl_window, two pixels": ("krl_window", {"PIXELS": 2, "WIDTH": 28}),
    "krl_window_reader": ("krl_window_reader", {"PAD_TOP": 1, "PAD_LEFT": 1, "PASSES": 2}),
    "krl_window_reader, dilated": (
        "krl_window_reader",
        {"DILATION_H": 2, "DILATION_W": 2, "GROUPS": 2, "OUT_HEIGHT": 4, "OUT_WIDTH": 4, "ROWS": 5},
    ),
    "krl_window, padded": ("krl_window", {"PAD_TOP": 1, "PAD_LEFT": 1, "OUT_HEIGHT": 28, "OUT_WIDTH": 28}),
}
TABLE = "".join(f"{index * 40503 % 65521:x}\n" for index in range(256))


@pytest.fixture(scope="module")
def found() -> dict[str, Resources]:
    """What Yosys makes of the references, in one run."""
    instances = [Instance(module, parameters) for module, parameters in REFERENCE.values()]
    return dict(zip(REFERENCE, measure(instances, {"table.mem": TABLE}), strict=True))


def counts(resources: Resources) -> dict[str, int]:
    return {kind: getattr(resources, kind) for kind in KINDS}


def bound(kind: str, recorded: int) -> int:
    """The most that passes."""
    return recorded + 2 + recorded * 3 // 100 if kind in ROOM else recorded


def recorded() -> dict[str, dict[str, int]]:
    held: dict[str, dict[str, int]] = json.loads(GOLDEN.read_text())
    return held


def test_every_module_has_a_reference() -> None:
    library = {path.stem for path in RTL.glob("*.v")}
    assert {module for module, _ in REFERENCE.values()} == library


@needs_yosys
def test_area_does_not_creep(found: dict[str, Resources]) -> None:
    if os.environ.get(UPDATE):
        GOLDEN.write_text(json.dumps({name: counts(one) for name, one in found.items()}, indent=2) + "\n")
    grown = [
        f"{name}: {kind} {count}, at most {bound(kind, recorded()[name][kind])}"
        for name, one in found.items()
        for kind, count in counts(one).items()
        if count > bound(kind, recorded()[name][kind])
    ]
    assert grown == []


@needs_yosys
def test_no_module_has_a_latch(found: dict[str, Resources]) -> None:
    assert {name: one.latch for name, one in found.items() if one.latch} == {}


def test_a_module_that_grows_is_seen() -> None:
    assert bound("lut", 100) == 105
    assert bound("ff", 0) == 2
    assert bound("dsp", 18) == 18


# ---- the model ----


def libraries(kind: type[Module]) -> set[str]:
    """The Verilog modules of ``kind`` and of all that derive from it."""
    below = set().union(*(libraries(derived) for derived in kind.__subclasses__()))
    return below if inspect.isabstract(kind) or "library" not in vars(kind) else below | {kind.library}


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The draws of ``benchmarks/area_model.py``, by the module."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("area_model").DRAWS


def test_every_module_of_a_plan_has_weights_and_is_drawn(draws: Any) -> None:
    for found in pkgutil.iter_modules(modules.__path__, f"{modules.__name__}."):
        importlib.import_module(found.name)
    planned = libraries(Module)
    assert {"krl_matvec", "krl_issue"} <= planned
    assert set(area.fitted_weights()) == planned
    assert set(draws) == planned


def test_what_is_drawn_fits_the_weights_and_the_verilog(draws: Any) -> None:
    for name, draw in draws.items():
        declared = re.findall(r"^ *parameter\b.*?(\w+) =", (RTL / f"{name}.v").read_text(), re.MULTILINE)
        drawn = [draw(random.Random(seed)) for seed in range(20)]
        assert {module.library for module in drawn} == {name}
        assert set().union(*(module.parameters() for module in drawn)) <= set(declared)
        counted = set().union(*(module.counts() for module in drawn))
        weighed = set().union(*area.fitted_weights()[name].values())
        assert weighed <= counted, name
        assert all(weight >= 0 for kind in area.fitted_weights()[name].values() for weight in kind.values())


@pytest.mark.parametrize(
    ("width", "depth", "ram"),
    [
        (8, 2048, 1),
        (9, 2048, 1),
        (16, 5408, 5),
        (24, 5408, 8),
        (40, 1024, 3),
        (128, 3000, 22),
        (8, 43264, 20),
    ],
)
def test_block_rams_as_yosys_counts_them(width: int, depth: int, ram: int) -> None:
    assert block_ram(width, depth)[0] == ram


@needs_yosys
def test_memories_and_products_as_yosys_maps_them() -> None:
    """Shapes beside those that the rules were found from."""
    shapes = [(12, 700), (20, 5000), (72, 600), (33, 513), (7, 9000), (8, 43264)]
    roms = [
        Instance("krl_rom", {"WIDTH": width, "DEPTH": depth, "FILE": f"{depth}.mem", "BLOCK": 1})
        for width, depth in shapes
    ]
    rng = random.Random(1)
    memories = {
        f"{depth}.mem": "".join(f"{rng.getrandbits(width):x}\n" for _ in range(depth))
        for width, depth in shapes
    }
    queues = [Instance("krl_fifo", {"WIDTH": width, "DEPTH": depth}) for width, depth in ((7, 9), (20, 50))]
    factors = [(13, 7), (23, 17), (22, 19), (29, 9)]
    products = [
        Instance(
            "krl_requantize_affine",
            {
                "ACC_BITS": a,
                "MULTIPLIER_BITS": b,
                "OFFSET_BITS": 12,
                "TOTAL_BITS": a + b + 1,
                "SHIFT": a + b - 11,
            },
        )
        for a, b in factors
    ]
    areas = measure([*roms, *queues, *products], memories)
    assert [one.bram18 for one in areas[:6]] == [block_ram(*shape)[0] for shape in shapes]
    assert [one.lutram for one in areas[6:8]] == [distributed_ram(7, 9), distributed_ram(20, 50)]
    assert [one.dsp for one in areas[8:]] == [multiplier_dsps(a, b + 1) for a, b in factors]


@needs_yosys
@pytest.mark.parametrize(
    ("scheme", "interval"), [("fixed", 200), pytest.param("affine", 64, marks=pytest.mark.full)]
)
def test_a_whole_design_is_predicted(scheme: str, interval: int, tmp_path: Path) -> None:
    chain = Chain("whole", scheme, (10, 10, 1), 7).conv(4, name="first").pool().flatten()
    graph = chain.dense(16, "middle").dense(5, "last").graph
    design = plan(graph, interval)
    generate(graph, tmp_path / "design", design=design)
    found = synthesize(tmp_path / "design")
    predicted = area.of(design)
    assert (predicted.dsp, predicted.bram18) == (found.dsp, found.bram18)
    assert predicted.luts == pytest.approx(found.lut + found.lutram, rel=0.2)
    assert predicted.ff == pytest.approx(found.ff, rel=0.2)
