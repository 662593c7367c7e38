// SPDX-License-Identifier: Apache-2.0
//
// krl_lookup: any function of one code, from a table.
//
// Equation: y = TABLE[x], where x's two's complement bits are read as an unsigned address: first 0 and the
//           positive codes, then the negative ones in ascending order.
// Latency:  1 cycle. One beat per cycle.
// Stream:   the beat is held until it is accepted.
// Legal:    FILE holds 2**X_BITS words of BITS bits.

`default_nettype none

module krl_lookup #(
  // elements per beat; each has a table of its own
  parameter integer LANES = 1,
  // bits of x, of y
  parameter integer X_BITS = 8,
  parameter integer BITS = 8,
  // one word per line, in hexadecimal
  parameter FILE = "",
  // 1: block RAM, 0: look-up tables
  parameter integer BLOCK = 0
) (
  input  wire                    clk,
  input  wire                    rst,

  input  wire [LANES*X_BITS-1:0] s_axis_tdata,
  input  wire                    s_axis_tvalid,
  output wire                    s_axis_tready,

  output wire [LANES*BITS-1:0]   m_axis_tdata,
  output reg                     m_axis_tvalid,
  input  wire                    m_axis_tready
);

  generate
    if (!(LANES >= 1 && X_BITS >= 1 && BITS >= 1)) begin : g_legal
      illegal_parameters_of_krl_lookup see_legal_in_its_header ();
    end
  endgenerate

  wire advance = m_axis_tready || !m_axis_tvalid;

  assign s_axis_tready = advance;

  always @(posedge clk) begin
    if (advance) begin
      m_axis_tvalid <= s_axis_tvalid;
    end
    if (rst) begin
      m_axis_tvalid <= 1'b0;
    end
  end

  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
      krl_rom #(
        .WIDTH(BITS),
        .DEPTH(1 << X_BITS),
        .FILE(FILE),
        .BLOCK(BLOCK)
      ) rom (
        .clk(clk),
        .enable(advance),
        .address(s_axis_tdata[i*X_BITS +: X_BITS]),
        .data(m_axis_tdata[i*BITS +: BITS])
      );
    end
  endgenerate

endmodule

`default_nettype wire
