// SPDX-License-Identifier: Apache-2.0
//
// krl_max: the largest of CELLS cells, for each channel of a window.
//
// Equation: y[c] = min(CLAMP_MAX, max(CLAMP_MIN, x[0][c], ..., x[CELLS-1][c])), signed; element (cell, c)
//           at lane cell * CHANNELS + c.
// Latency:  clog2(CELLS) cycles, at least 1: a register per level of the comparator tree. One window per cycle.
// Stream:   the whole pipeline stalls until its last beat is accepted.
// Legal:    CELLS >= 1, CHANNELS >= 1, CLAMP_MIN <= CLAMP_MAX within BITS.

`default_nettype none

module krl_max #(
  // cells per window
  parameter integer CELLS = 4,
  // elements of a cell
  parameter integer CHANNELS = 2,
  // bits per element
  parameter integer BITS = 8,
  parameter integer CLAMP_MIN = -128,
  parameter integer CLAMP_MAX = 127
) (
  input  wire                           clk,
  input  wire                           rst,

  input  wire [CELLS*CHANNELS*BITS-1:0] s_axis_tdata,
  input  wire                           s_axis_tvalid,
  output wire                           s_axis_tready,

  output wire [CHANNELS*BITS-1:0]       m_axis_tdata,
  output wire                           m_axis_tvalid,
  input  wire                           m_axis_tready
);

  generate
    if (!(CELLS >= 1 && CHANNELS >= 1 && BITS >= 1 && CLAMP_MIN <= CLAMP_MAX)) begin : g_legal
      illegal_parameters_of_krl_max see_legal_in_its_header ();
    end
  endgenerate

  localparam LEVELS = (CELLS > 2) ? $clog2(CELLS) : 1;
  // the tree is padded to a power of two with the smallest result
  localparam LEAVES = 1 << LEVELS;
  localparam integer LOWEST = -(1 << (BITS - 1));
  localparam integer HIGHEST = (1 << (BITS - 1)) - 1;

  reg [LEVELS-1:0] valid_pipe;

  wire advance = m_axis_tready || !m_axis_tvalid;

  assign s_axis_tready = advance;
  assign m_axis_tvalid = valid_pipe[LEVELS-1];

  always @(posedge clk) begin
    if (advance) begin
      valid_pipe <= valid_pipe << 1;
      valid_pipe[0] <= s_axis_tvalid;
    end
    if (rst) begin
      valid_pipe <= 0;
    end
  end

  genvar c;
  genvar i;
  generate
    for (c = 0; c < CHANNELS; c = c + 1) begin : g_channel
      // a heap: node i is the larger of nodes 2i+1 and 2i+2, the leaves are the cells
      wire signed [BITS-1:0] node [0:2*LEAVES-2];

      for (i = 0; i < LEAVES; i = i + 1) begin : g_leaf
        if (i < CELLS) begin : g_cell
          assign node[LEAVES-1+i] = s_axis_tdata[(i*CHANNELS+c)*BITS +: BITS];
        end else begin : g_no_cell
          assign node[LEAVES-1+i] = CLAMP_MIN[BITS-1:0];
        end
      end
      for (i = 0; i < LEAVES-1; i = i + 1) begin : g_larger
        wire [BITS-1:0] first = node[2*i+1];
        wire [BITS-1:0] second = node[2*i+2];
        // its sign is out of the carry chain sooner than the result of a comparison
        wire [BITS:0] difference = {first[BITS-1], first} - {second[BITS-1], second};
        reg signed [BITS-1:0] larger;
        always @(posedge clk) begin
          if (advance) larger <= difference[BITS] ? second : first;
        end
        wire unused_difference = &{1'b0, difference};
        assign node[i] = larger;
      end

      // at the ends of the range nothing is left to compare, which synthesis does not see by itself
      wire too_low = CLAMP_MIN > LOWEST && node[0] < $signed(CLAMP_MIN[BITS-1:0]);
      wire too_high = CLAMP_MAX < HIGHEST && node[0] > $signed(CLAMP_MAX[BITS-1:0]);
      assign m_axis_tdata[c*BITS +: BITS] = too_low ? CLAMP_MIN[BITS-1:0]
                                          : too_high ? CLAMP_MAX[BITS-1:0]
                                          : node[0];
    end
  endgenerate

endmodule

`default_nettype wire
