// SPDX-License-Identifier: Apache-2.0
//
// krl_register: a register slice: registers on both sides of a stream, tready among them.
//
// Latency:  1 cycle from an accepted beat to m_axis_tvalid.
// Stream:   one beat per cycle. m_axis_tvalid, m_axis_tdata and s_axis_tready are registers. In reset
//           s_axis_tready is low from the first edge of the clock on, until the first one behind it.
// Legal:    WIDTH >= 1.

`default_nettype none

module krl_register #(
  // bits per beat
  parameter integer WIDTH = 8
) (
  input  wire             clk,
  input  wire             rst,

  input  wire [WIDTH-1:0] s_axis_tdata,
  input  wire             s_axis_tvalid,
  output reg              s_axis_tready,

  output reg  [WIDTH-1:0] m_axis_tdata,
  output reg              m_axis_tvalid,
  input  wire             m_axis_tready
);

  generate
    if (!(WIDTH >= 1)) begin : g_legal
      illegal_parameters_of_krl_register see_legal_in_its_header ();
    end
  endgenerate

  // a second beat, which came while the first one could not leave
  reg full;
  reg [WIDTH-1:0] second;

  wire accept = s_axis_tvalid && s_axis_tready;
  wire stays = m_axis_tvalid && !m_axis_tready;
  wire fills = stays && (full || accept);

  always @(posedge clk) begin
    if ((full || accept) && !stays) m_axis_tdata <= full ? second : s_axis_tdata;
    if (!full) second <= s_axis_tdata;
    m_axis_tvalid <= stays || full || accept;
    full <= fills;
    s_axis_tready <= !fills;
    if (rst) begin
      m_axis_tvalid <= 1'b0;
      full <= 1'b0;
      s_axis_tready <= 1'b0;
    end
  end

endmodule

`default_nettype wire
