# SPDX-License-Identifier: Apache-2.0
"""Both simulators: right outputs and times for a good design, and every way to be wrong is caught."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from kerilog.errors import KerilogError
from kerilog.verify import SIMULATORS, Stalls, simulate
from kerilog.verify.result import pack, unpack
from support.command import contents
from support.manifests import make_stream

both = pytest.mark.parametrize("simulator", list(SIMULATORS))


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(
    ("bits", "lanes"), [(1, 1), (1, 7), (4, 3), (8, 1), (8, 12), (12, 5), (16, 2), (32, 3)]
)
def test_pack_and_unpack_are_inverse(bits: int, lanes: int, signed: bool) -> None:
    stream = make_stream((6, lanes), bits, lanes, signed)
    codes = np.random.default_rng(bits).integers(stream.minimum, stream.maximum + 1, (5, 6, lanes))
    codes[0, 0, 0], codes[0, 1, 0] = stream.minimum, stream.maximum
    assert np.array_equal(unpack(pack(codes, stream), stream), codes)


def test_pack_puts_lane_0_into_the_low_bits() -> None:
    stream = make_stream((5,), 8, 5)
    assert pack(np.array([[1, 2, -1, 4, 5]]), stream).tolist() == [[0x04FF0201, 0x05]]


@both
@pytest.mark.parametrize(("bits", "lanes"), [(8, 3), (8, 12), (8, 8), (5, 1), (16, 2)])
def test_outputs_equal(tiny_design, simulator: str, bits: int, lanes: int) -> None:
    design = tiny_design(bits=bits, lanes=lanes)
    codes = design.codes(6)
    found = simulate(design.directory, codes, simulator)
    assert found.codes.dtype == np.int64
    assert np.array_equal(found.codes, design.expected(codes))
    assert not found.frame_error


@both
def test_times_are_exact(shared_design, simulator: str) -> None:
    design = shared_design
    found = simulate(design.directory, design.codes(5), simulator)
    assert found.first_in.tolist() == [0, 4, 8, 12, 16]
    assert found.first_out.tolist() == [1, 5, 9, 13, 17]
    assert found.last_out.tolist() == [4, 8, 12, 16, 20]
    assert (found.first_latency, found.latency, found.interval) == (1, 4, 4)
    assert simulate(design.directory, design.codes(1), simulator).interval is None


@both
def test_speed_is_of_the_simulation_alone(tiny_design, simulator: str) -> None:
    design = tiny_design()
    start = time.perf_counter()
    found = simulate(design.directory, design.codes(5), simulator)
    whole = time.perf_counter() - start
    assert 0 < found.seconds < whole  # the rest is compiling
    assert found.cycles_per_second == found.cycles / found.seconds


def test_both_simulators_agree_to_the_cycle(shared_design) -> None:
    design = shared_design
    one, other = (simulate(design.directory, design.codes(5), simulator) for simulator in SIMULATORS)
    assert one.cycles == other.cycles


@both
@pytest.mark.parametrize("seed", [1, 2])
def test_stalls_change_times_only(shared_design, simulator: str, seed: int) -> None:
    design = shared_design
    codes = design.codes(40)
    found = simulate(design.directory, codes, simulator, stalls=Stalls(seed, 0.6, 0.7))
    assert np.array_equal(found.codes, design.expected(codes))
    assert found.cycles > 400
    again = simulate(design.directory, codes, simulator, stalls=Stalls(seed, 0.6, 0.7))
    assert np.array_equal(found.last_out, again.last_out)


@both
def test_a_seeded_bug_shows(tiny_design, simulator: str) -> None:
    design = tiny_design()
    design.replace("+ offsets[lane]", "+ offsets[lane] + (beat == 2 && s_axis_tdata[0])")
    codes = design.codes(6)
    wrong = simulate(design.directory, codes, simulator).codes != design.expected(codes)
    assert wrong[:, 2].any()
    assert not wrong[:, [0, 1, 3]].any()


@both
def test_a_frame_error_is_seen(tiny_design, simulator: str) -> None:
    design = tiny_design()
    design.replace("s_axis_tlast != last", "s_axis_tlast == last")
    assert simulate(design.directory, design.codes(2), simulator).frame_error


BUGS = {
    "hang": (
        "= !m_axis_tvalid || m_axis_tready",
        "= beat != 2 && !m_axis_tvalid",
        "hangs .* next in is frame 0 beat 2",
    ),
    "tlast": (
        "m_axis_tlast <= last",
        "m_axis_tlast <= beat == 2",
        "m_axis_tlast is wrong .*on frame 0 beat 2",
    ),
    "drop": ("if (m_axis_tready) m_axis_tvalid", "m_axis_tvalid", "changed before m_axis_tready came"),
    "extra": (
        "if (m_axis_tready) m_axis_tvalid",
        "if (m_axis_tready && !m_axis_tlast) m_axis_tvalid",
        "a beat came",
    ),
    "finish": (
        "if (s_axis_tlast",
        "if (beat == 1) $finish; if (s_axis_tlast",
        r"rtl/tiny_adder\.v:\d+: the system task '\$finish'",
    ),
    "stop": ("if (s_axis_tlast", "if (beat == 1) $stop; if (s_axis_tlast", r"the system task '\$stop'"),
    "syntax": ("endmodule", "endmodul", "tiny_adder.v:"),
}


@both
@pytest.mark.parametrize("bug", BUGS)
def test_a_broken_design_is_an_error(tiny_design, simulator: str, bug: str) -> None:
    design = tiny_design()
    old, new, message = BUGS[bug]
    design.replace(old, new)
    with pytest.raises(KerilogError, match=message):
        simulate(design.directory, design.codes(3), simulator, stalls=Stalls(3, 0.0, 0.5))


@both
def test_a_memory_that_the_manifest_does_not_list_is_an_error(tiny_design, simulator: str) -> None:
    design = tiny_design()
    design.replace("rom/offsets.mem", "rom/gone.mem")
    with pytest.raises(
        KerilogError, match=r"rtl/tiny_adder\.v:24: reads 'rom/gone\.mem', which is no memory"
    ):
        simulate(design.directory, design.codes(1), simulator)


def test_a_short_memory_is_an_error(tiny_design) -> None:
    """In Icarus; Verilator says nothing, and the words that are lacking keep random values there."""
    design = tiny_design()
    (design.directory / "rom/offsets.mem").write_text("1\n2\n")
    with pytest.raises(KerilogError, match="Not enough words"):
        simulate(design.directory, design.codes(1), "icarus")


def test_icarus_sees_unknown_bits(tiny_design) -> None:
    design = tiny_design()
    design.replace('initial $readmemh("rom/offsets.mem", offsets);', "")
    with pytest.raises(KerilogError, match=r"m_axis_tdata is unknown \(x+\) on frame 0 beat 0"):
        simulate(design.directory, design.codes(1), "icarus")
    design.replace("      beat <= 8'd0;\n", "")
    with pytest.raises(KerilogError, match="unknown"):
        simulate(design.directory, design.codes(1), "icarus")


def test_icarus_refuses_ports_of_another_width(tiny_design) -> None:
    design = tiny_design()
    design.replace("output reg [24 - 1:0]", "output reg [24:0]")
    with pytest.raises(KerilogError, match="ports do not fit the manifest"):
        simulate(design.directory, design.codes(1), "icarus")


def test_verilator_library_is_rebuilt_only_when_something_changed(
    tiny_design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERILOG_CACHE", str(tmp_path / "a cache"))
    design = tiny_design()
    before = contents(design.directory)
    stages: list[str] = []

    def run() -> bool:
        stages.clear()
        found = simulate(
            design.directory, design.codes(2), "verilator", lambda stage, _: stages.append(stage)
        )
        assert np.array_equal(found.codes, design.expected(design.codes(2)))
        return "compiling with Verilator" in stages

    assert run()
    assert not run()
    assert contents(design.directory) == before
    design.replace("beat == 4 - 1", "beat + 1 == 4")
    assert run()
    assert len(list((tmp_path / "a cache/simulators").iterdir())) == 2
    memory = design.directory / "rom/offsets.mem"
    memory.write_text(memory.read_text() + "// the same words\n")
    assert run()


@both
def test_working_directory_stays(shared_design, simulator: str) -> None:
    before = os.getcwd()  # noqa: PTH109 - the process' own, not a path to work with
    design = shared_design
    simulate(design.directory, design.codes(1), simulator)
    assert os.getcwd() == before  # noqa: PTH109


@both
@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros((2, 4, 3)), "must be integer codes, found float64"),
        (np.zeros((2, 4, 4), int), r"must have shape \(frames, 4, 3\), found \(2, 4, 4\)"),
        (np.zeros((0, 4, 3), int), r"must have shape \(frames, 4, 3\), found \(0, 4, 3\)"),
        (np.full((1, 4, 3), 128), r"must lie in -128\.\.127, found 128\.\.128"),
    ],
)
def test_bad_codes(tiny_design, simulator: str, codes: np.ndarray, message: str) -> None:
    with pytest.raises(KerilogError, match=message):
        simulate(tiny_design().directory, codes, simulator)


def test_unknown_simulator(tiny_design) -> None:
    with pytest.raises(KerilogError, match="unknown simulator 'modelsim'; choose one of verilator, icarus"):
        simulate(tiny_design().directory, [[0]], "modelsim")


@pytest.mark.parametrize(("simulator", "package"), [("verilator", "verilator"), ("icarus", "iverilog")])
def test_missing_simulator_names_the_package(
    tiny_design, without_tools, simulator: str, package: str
) -> None:
    design = tiny_design()
    with pytest.raises(KerilogError, match=f"not installed; install the Debian package '{package}'"):
        simulate(design.directory, design.codes(1), simulator)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_bad_stalls(share: float) -> None:
    with pytest.raises(KerilogError, match="'sink' must be at least 0 and below 1"):
        Stalls(sink=share)
