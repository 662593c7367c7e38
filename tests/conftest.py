# SPDX-License-Identifier: Apache-2.0
"""A tiny hand-written design with its manifest: an adder of one stage, which the tools are tried on."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kerilog.formats import IntArray
from kerilog.manifest import Layer, Manifest, whole_bytes

# what tests share lies beside them, in support/
sys.path.insert(0, str(Path(__file__).resolve().parent))

os.environ["KERILOG_RESULTS"] = "off"  # what a test finds, with a part replaced perhaps, is for nobody else

_RTL = """\
// SPDX-License-Identifier: Apache-2.0
`default_nettype none

module tiny_adder (
    input wire clk,
    input wire rst,
    input wire [TDATA - 1:0] s_axis_tdata,
    input wire s_axis_tvalid,
    output wire s_axis_tready,
    input wire s_axis_tlast,
    output reg [TDATA - 1:0] m_axis_tdata,
    output reg m_axis_tvalid,
    input wire m_axis_tready,
    output reg m_axis_tlast,
    output wire m_axis_tuser,
    output reg frame_error
);

  reg [BITS - 1:0] offsets [0:LANES - 1];
  reg [7:0] beat;
  wire last = beat == BEATS - 1;
  integer lane;

  initial $readmemh("rom/offsets.mem", offsets);

  assign m_axis_tuser = frame_error;
  assign s_axis_tready = !m_axis_tvalid || m_axis_tready;

  always @(posedge clk) begin
    if (m_axis_tready) m_axis_tvalid <= 1'b0;
    if (s_axis_tvalid && s_axis_tready) begin
      for (lane = 0; lane < LANES; lane = lane + 1)
        m_axis_tdata[lane * BITS +: BITS] <= s_axis_tdata[lane * BITS +: BITS] + offsets[lane];
      m_axis_tvalid <= 1'b1;
      m_axis_tlast <= last;
      beat <= last ? 8'd0 : beat + 8'd1;
      if (s_axis_tlast != last) frame_error <= 1'b1;
    end
    if (rst) begin
      m_axis_tdata <= 0;
      m_axis_tvalid <= 1'b0;
      m_axis_tlast <= 1'b0;
      beat <= 8'd0;
      frame_error <= 1'b0;
    end
  end

endmodule

`default_nettype wire
"""


@dataclasses.dataclass(frozen=True)
class TinyDesign:
    """A design on disk; ``replace`` seeds a bug, ``expected`` is what the healthy one answers."""

    directory: Path
    manifest: Manifest
    offsets: IntArray

    @property
    def source(self) -> Path:
        return self.directory / self.manifest.sources[0]

    def replace(self, old: str, new: str) -> None:
        text = self.source.read_text()
        assert old in text
        self.source.write_text(text.replace(old, new))

    def codes(self, frames: int, seed: int = 0) -> IntArray:
        stream = self.manifest.input
        draw = np.random.default_rng(seed)
        return draw.integers(stream.minimum, stream.maximum + 1, (frames, *stream.shape))

    def expected(self, codes: IntArray) -> IntArray:
        stream = self.manifest.input
        sums = codes.reshape(-1, stream.lanes) + self.offsets
        wrapped = (sums - stream.minimum) % (1 << stream.bits) + stream.minimum
        return wrapped.reshape(codes.shape)


def make_tiny_design(directory: Path, lanes: int = 3, bits: int = 8, beats: int = 4) -> TinyDesign:
    """Write the design: frames of ``beats`` beats, each of ``lanes`` elements of ``bits`` bits."""
    from support.manifests import make_manifest, make_stream

    offsets = np.arange(1, lanes + 1) % (1 << bits)
    text = _RTL.replace("LANES", str(lanes)).replace("BITS", str(bits)).replace("BEATS", str(beats))
    text = text.replace("TDATA", str(whole_bytes(lanes * bits)))
    for folder in ("rtl", "rom"):
        (directory / folder).mkdir(parents=True)
    (directory / "rtl/tiny_adder.v").write_text(text)
    (directory / "rom/offsets.mem").write_text("".join(f"{offset:x}\n" for offset in offsets))
    manifest = make_manifest(
        make_stream((beats, lanes), bits, lanes),
        make_stream((beats, lanes), bits, lanes, name="y", port="m_axis"),
        name="tiny_adder",
        top="tiny_adder",
        sources=("rtl/tiny_adder.v",),
        memories=("rom/offsets.mem",),
        layers=(Layer(name="adder", kind="add", pe=1, simd=1, accumulator_bits=bits + 1),),
    )
    (directory / "manifest.json").write_text(manifest.to_json())
    return TinyDesign(directory, manifest, offsets)


@pytest.fixture
def tiny_design(tmp_path: Path) -> Callable[..., TinyDesign]:
    """The factory of tiny designs, below the test's own folder."""
    return lambda **options: make_tiny_design(tmp_path / "tiny", **options)


@pytest.fixture(scope="session")
def shared_design(tmp_path_factory: pytest.TempPathFactory) -> TinyDesign:
    """A tiny design that no test changes: it is compiled once."""
    return make_tiny_design(tmp_path_factory.mktemp("shared") / "tiny")


@pytest.fixture
def without_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A PATH with no program on it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    yield


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled simulators stay out of the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERILOG_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
