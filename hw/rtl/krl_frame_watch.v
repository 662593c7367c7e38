// SPDX-License-Identifier: Apache-2.0
//
// krl_frame_watch: measures how long each frame is under way; it only watches.
//
// A frame begins when the first one of INPUTS inputs takes its first beat, and is done when the last one of
// OUTPUTS outputs has given its last. Each stream may be ahead of the others; the n-th frames of all of them
// belong together. Frames overlap: each has its own beginning.
//
// first, last: for each input, each output whether the first, the last beat of a frame is taken in this cycle.
// behind:      for each input whether a frame has begun of which it has not brought its first beat.
// under_way:   a frame has begun and is not done.
// done:        a frame is done in this cycle.
// cycles:      the cycles from the beginning of the frame that was done last until it was: 0 if both happened
//              in one.
// now:         cycles since the reset.
// restart:     what was under way is forgotten. now and cycles stay; rst alone clears them.
// Latency:     0 to done; cycles follows in the next cycle. Both counts are modulo 2**COUNT_BITS.
// Legal:       INPUTS, OUTPUTS, DEPTH, COUNT_BITS >= 1. No more than DEPTH frames are under way at once.

`default_nettype none

module krl_frame_watch #(
  // streams in and out
  parameter integer INPUTS = 1,
  parameter integer OUTPUTS = 1,
  // frames under way at once, at the most
  parameter integer DEPTH = 4,
  // bits of a count of cycles
  parameter integer COUNT_BITS = 32
) (
  input  wire                  clk,
  input  wire                  rst,
  input  wire                  restart,

  input  wire [INPUTS-1:0]     first,
  input  wire [OUTPUTS-1:0]    last,

  output wire [INPUTS-1:0]     behind,
  output wire                  under_way,
  output wire                  done,
  output reg  [COUNT_BITS-1:0] now,
  output reg  [COUNT_BITS-1:0] cycles
);

  generate
    if (!(INPUTS >= 1 && OUTPUTS >= 1 && DEPTH >= 1 && COUNT_BITS >= 1)) begin : g_legal
      illegal_parameters_of_krl_frame_watch see_legal_in_its_header ();
    end
  endgenerate

  localparam LEVEL_BITS = $clog2(DEPTH + 1);

  // the beginning of the oldest frame under way
  wire waits;
  wire [COUNT_BITS-1:0] began;
  wire unused;

  // inputs that bring a frame which has begun nowhere yet, outputs that have given the oldest one
  wire [INPUTS-1:0] leads;
  wire [OUTPUTS-1:0] given;

  wire begins = |leads;
  assign under_way = waits;
  assign done = &given;

  genvar i;
  generate
    for (i = 0; i < INPUTS; i = i + 1) begin : g_input
      // frames that have begun elsewhere
      reg [LEVEL_BITS-1:0] lag;
      assign behind[i] = lag != 0;
      assign leads[i] = first[i] && !behind[i];
      always @(posedge clk) begin
        if (begins && !first[i]) lag <= lag + 1'b1;
        if (first[i] && !begins) lag <= lag - 1'b1;
        if (rst || restart) lag <= 0;
      end
    end
    for (i = 0; i < OUTPUTS; i = i + 1) begin : g_output
      // frames that others have still to give
      reg [LEVEL_BITS-1:0] ahead;
      assign given[i] = last[i] || ahead != 0;
      always @(posedge clk) begin
        if (last[i] && !done) ahead <= ahead + 1'b1;
        if (done && !last[i]) ahead <= ahead - 1'b1;
        if (rst || restart) ahead <= 0;
      end
    end
  endgenerate

  // a frame that is done in the cycle in which it begins passes beside the queue
  krl_fifo #(
    .WIDTH(COUNT_BITS),
    .DEPTH(DEPTH)
  ) u_began (
    .clk(clk),
    .rst(rst || restart),
    .s_axis_tdata(now),
    .s_axis_tvalid(begins && (waits || !done)),
    .s_axis_tready(unused),
    .m_axis_tdata(began),
    .m_axis_tvalid(waits),
    .m_axis_tready(done)
  );

  always @(posedge clk) begin
    now <= now + 1'b1;
    if (done) cycles <= waits ? now - began : 0;
    if (rst) begin
      now <= 0;
      cycles <= 0;
    end
  end

endmodule

`default_nettype wire
