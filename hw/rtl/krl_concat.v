// SPDX-License-Identifier: Apache-2.0
//
// krl_concat: streams joined pixel by pixel: all beats of a pixel from input 0, then those from input 1, ...
//
// Equation: y[p] = {x[INPUTS-1][p], ..., x[1][p], x[0][p]} for every pixel p, first channels in the low
//           bits; input i brings COUNTS[i] beats of it. A tensor without pixels counts as one pixel.
//
// Latency:  1 cycle. One beat per cycle, also where the input changes.
// Stream:   only the input whose turn it is sees s_axis_tready, which depends on m_axis_tready and on no
//           s_axis_tvalid. Put a krl_fifo in front of each input to end that path and to hold what an input
//           brings before its turn.
// Legal:    WIDTH >= 1, INPUTS >= 2, counts from 1 to 2**31 - 1. A beat holds channels of one input only:
//           its lanes divide the channels of every input, and are as many on all inputs as on the output.

`default_nettype none

module krl_concat #(
  // bits per beat
  parameter integer WIDTH = 8,
  // streams that enter
  parameter integer INPUTS = 2,
  // beats per pixel on each input, 32 bits each, input 0 in the low bits
  parameter [INPUTS*32-1:0] COUNTS = {INPUTS{32'd1}}
) (
  input  wire                    clk,
  input  wire                    rst,

  input  wire [INPUTS*WIDTH-1:0] s_axis_tdata,
  input  wire [INPUTS-1:0]       s_axis_tvalid,
  output wire [INPUTS-1:0]       s_axis_tready,

  output reg  [WIDTH-1:0]        m_axis_tdata,
  output reg                     m_axis_tvalid,
  input  wire                    m_axis_tready
);

  generate
    if (!(WIDTH >= 1 && INPUTS >= 2)) begin : g_legal
      illegal_parameters_of_krl_concat see_legal_in_its_header ();
    end
  endgenerate

  function integer largest_count(input integer start);
    integer k;
    begin
      largest_count = start;
      for (k = 0; k < INPUTS; k = k + 1) begin
        if (COUNTS[k*32 +: 32] > largest_count) largest_count = COUNTS[k*32 +: 32];
      end
    end
  endfunction

  localparam TURN_BITS = (INPUTS > 1) ? $clog2(INPUTS) : 1;
  localparam LARGEST = largest_count(1);
  localparam BEAT_BITS = (LARGEST > 1) ? $clog2(LARGEST) : 1;
  localparam integer LAST_TURN = INPUTS - 1;

  // the input whose turn it is, and the beats of this pixel that it has brought
  reg [TURN_BITS-1:0] turn;
  reg [BEAT_BITS-1:0] beat;

  // the last beat of a pixel on each input
  wire [INPUTS*BEAT_BITS-1:0] last_beats;
  wire [BEAT_BITS-1:0] last_beat;
  wire [WIDTH-1:0] selected;

  wire advance = m_axis_tready || !m_axis_tvalid;
  wire offered = s_axis_tvalid[turn];
  wire beat_is_last = beat == last_beat;

  genvar i;
  generate
    for (i = 0; i < INPUTS; i = i + 1) begin : g_input
      localparam integer NUMBER = i;
      localparam [31:0] LAST_BEAT = COUNTS[i*32 +: 32] - 1;
      assign last_beats[i*BEAT_BITS +: BEAT_BITS] = LAST_BEAT[BEAT_BITS-1:0];
      assign s_axis_tready[i] = advance && turn == NUMBER[TURN_BITS-1:0];

      if (COUNTS[i*32 +: 32] == 0) begin : g_illegal
        krl_concat_needs_at_least_one_beat_from_every_input illegal ();
      end
    end

    if (INPUTS < 2) begin : g_illegal
      krl_concat_needs_at_least_two_inputs illegal ();
    end
  endgenerate

  krl_select #(
    .COUNT(INPUTS),
    .BITS(BEAT_BITS)
  ) select_last_beat (
    .words(last_beats),
    .index(turn),
    .word(last_beat)
  );

  krl_select #(
    .COUNT(INPUTS),
    .BITS(WIDTH)
  ) select_data (
    .words(s_axis_tdata),
    .index(turn),
    .word(selected)
  );

  always @(posedge clk) begin
    if (advance) begin
      m_axis_tvalid <= offered;
      m_axis_tdata <= selected;
      if (offered) begin
        beat <= beat_is_last ? 0 : beat + 1'b1;
        if (beat_is_last) turn <= (turn == LAST_TURN[TURN_BITS-1:0]) ? 0 : turn + 1'b1;
      end
    end
    if (rst) begin
      m_axis_tvalid <= 1'b0;
      turn <= 0;
      beat <= 0;
    end
  end

endmodule

`default_nettype wire
