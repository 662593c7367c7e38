// SPDX-License-Identifier: Apache-2.0
//
// krl_stream_watch_proof: what krl_stream_watch must say of any stream, with a restart and a reset at any time.
//
// first:  the first beat of a frame is not told, or another one is.
// last:   the last beat of a frame is not told, or another one is.
// frames: the count of frames is not that of the cycle before, and one more behind a last beat.
// stalls: the same for the cycles in which the stream was said to stand.
// zero:   a count behind a reset is not zero.
// arrived is the last beat of the third frame, which has several beats where frames may.

`default_nettype none

module krl_stream_watch_proof #(
  parameter integer BEATS = 3,
  parameter integer USE_TLAST = 1
) (
  input  wire clk,
  input  wire rst,

  // all free in every cycle
  input  wire restart,
  input  wire tvalid,
  input  wire tready,
  input  wire tlast,
  input  wire stalled,

  output wire fault_first,
  output wire fault_last,
  output wire fault_frames,
  output wire fault_stalls,
  output wire fault_zero,
  output wire arrived
);

  localparam LEFT_BITS = $clog2(BEATS + 1);
  localparam integer ALL = BEATS;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire first;
  wire last;
  wire [31:0] frames;
  wire [31:0] stalls;

  // what comes next begins a frame; the beats of it that are still to come, where they are counted
  reg between;
  reg [LEFT_BITS-1:0] left;
  wire takes = tvalid && tready;
  wire ends = (USE_TLAST != 0) ? tlast : left == 1;

  // the cycle before
  reg [31:0] frames_before;
  reg [31:0] stalls_before;
  reg ended;
  reg stood;
  reg was_reset;

  krl_stream_watch #(
    .BEATS(BEATS),
    .USE_TLAST(USE_TLAST)
  ) dut (
    .clk(clk),
    .rst(reset),
    .restart(restart),
    .tvalid(tvalid),
    .tready(tready),
    .tlast(tlast),
    .stalled(stalled),
    .first(first),
    .last(last),
    .frames(frames),
    .stalls(stalls)
  );

  assign fault_first = !reset && first != (takes && between);
  assign fault_last = !reset && last != (takes && ends);
  assign fault_frames = !reset && !was_reset && frames != frames_before + {31'd0, ended};
  assign fault_stalls = !reset && !was_reset && stalls != stalls_before + {31'd0, stood};
  assign fault_zero = !reset && was_reset && {frames, stalls} != 64'd0;
  assign arrived = !reset && last && frames == 32'd2 && (between == (BEATS == 1));

  always @(posedge clk) begin
    started <= 1'b1;
    was_reset <= reset;
    frames_before <= frames;
    stalls_before <= stalls;
    ended <= last;
    stood <= stalled;
    if (takes) begin
      between <= ends;
      left <= ends ? ALL[LEFT_BITS-1:0] : left - 1'b1;
    end
    if (reset || restart) begin
      between <= 1'b1;
      left <= ALL[LEFT_BITS-1:0];
    end
  end

endmodule

`default_nettype wire
