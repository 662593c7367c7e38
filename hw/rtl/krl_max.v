// SPDX-License-Identifier: Apache-2.0
//
// krl_max: the largest of CELLS cells, for each channel of a window.
//
// Equation: y[c] = min(CLAMP_MAX, max(CLAMP_MIN, x[0][c], ..., x[CELLS-1][c])), signed; element (cell, c) at lane
//           cell * CHANNELS + c.
// Latency:  1 cycle. One window a cycle.
// Stream:   s_axis_tready depends on m_axis_tready.
// Legal:    CELLS >= 1, CHANNELS >= 1, CLAMP_MIN <= CLAMP_MAX within BITS.

`default_nettype none

module krl_max #(
  // cells of a window
  parameter CELLS = 4,
  // elements of a cell
  parameter CHANNELS = 2,
  // bits of an element
  parameter BITS = 8,
  parameter integer CLAMP_MIN = -128,
  parameter integer CLAMP_MAX = 127
) (
  input  wire                           clk,
  input  wire                           rst,

  input  wire [CELLS*CHANNELS*BITS-1:0] s_axis_tdata,
  input  wire                           s_axis_tvalid,
  output wire                           s_axis_tready,

  output reg  [CHANNELS*BITS-1:0]       m_axis_tdata,
  output reg                            m_axis_tvalid,
  input  wire                           m_axis_tready
);

  wire [CHANNELS*BITS-1:0] largest;

  genvar c;
  genvar i;
  generate
    for (c = 0; c < CHANNELS; c = c + 1) begin : g_channel
      // larger: the largest of CLAMP_MIN and the cells so far
      wire signed [BITS-1:0] best;
      for (i = 0; i < CELLS; i = i + 1) begin : g_cell
        wire signed [BITS-1:0] cell_value = s_axis_tdata[(i*CHANNELS+c)*BITS +: BITS];
        wire signed [BITS-1:0] so_far;
        if (i == 0) begin : g_first
          assign so_far = CLAMP_MIN[BITS-1:0];
        end else begin : g_next
          assign so_far = g_cell[i-1].larger;
        end
        wire signed [BITS-1:0] larger = (cell_value > so_far) ? cell_value : so_far;
      end
      assign best = g_cell[CELLS-1].larger;
      assign largest[c*BITS +: BITS] = (best < $signed(CLAMP_MAX[BITS-1:0])) ? best : CLAMP_MAX[BITS-1:0];
    end
  endgenerate

  assign s_axis_tready = m_axis_tready || !m_axis_tvalid;

  always @(posedge clk) begin
    if (s_axis_tready) begin
      m_axis_tvalid <= s_axis_tvalid;
      m_axis_tdata <= largest;
    end
    if (rst) begin
      m_axis_tvalid <= 1'b0;
    end
  end

endmodule

`default_nettype wire
