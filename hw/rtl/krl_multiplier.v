// SPDX-License-Identifier: Apache-2.0
//
// krl_multiplier: product = a * b, signed, with registers before and after, as in DSP blocks.
//
// A module of its own so that a target can replace it with a block from its library, as hw/ecp5/krl_multiplier.v
// does: Yosys does not use the registers inside a MULT18X18D.
//
// Products of operands that take several blocks are sums: give them more registers behind.
//
// Latency:  REGISTERS cycles in which enable is high; everything holds while it is low.
// Legal:    A_BITS, B_BITS >= 2; REGISTERS 2 to 4.

`default_nettype none

module krl_multiplier #(
  // bits of the operands
  parameter integer A_BITS = 8,
  parameter integer B_BITS = 8,
  // of the operands, of the product, and what is left between and behind
  parameter integer REGISTERS = 2
) (
  input  wire                            clk,
  input  wire                            enable,
  input  wire signed [A_BITS-1:0]        a,
  input  wire signed [B_BITS-1:0]        b,
  output wire signed [A_BITS+B_BITS-1:0] product
);

  generate
    if (!(A_BITS >= 2 && B_BITS >= 2 && REGISTERS >= 2 && REGISTERS <= 4)) begin : g_legal
      illegal_parameters_of_krl_multiplier see_legal_in_its_header ();
    end
  endgenerate

  reg signed [A_BITS-1:0] a_held;
  reg signed [B_BITS-1:0] b_held;
  (* use_dsp = "yes" *)
  reg signed [A_BITS+B_BITS-1:0] product_held;

  always @(posedge clk) begin
    if (enable) begin
      a_held <= a;
      b_held <= b;
      product_held <= a_held * b_held;
    end
  end

  // for synthesis to move to where the parts of a product are added
  localparam BITS = A_BITS + B_BITS;
  wire [(REGISTERS-1)*BITS-1:0] behind;

  assign behind[BITS-1:0] = product_held;
  assign product = behind[(REGISTERS-2)*BITS +: BITS];

  genvar i;
  generate
    for (i = 1; i < REGISTERS - 1; i = i + 1) begin : g_behind
      reg [BITS-1:0] held;
      assign behind[i*BITS +: BITS] = held;
      always @(posedge clk) if (enable) held <= behind[(i-1)*BITS +: BITS];
    end
  endgenerate

endmodule

`default_nettype wire
