// SPDX-License-Identifier: Apache-2.0
//
// krl_multiplier: product = a * b, signed, with registers before and after, as in DSP blocks.
//
// A module of its own so that a target can replace it with a block from its library, as hw/ecp5/krl_multiplier.v
// does: Yosys does not use the registers inside a MULT18X18D.
//
// Latency:  2 cycles in which enable is high; everything holds while it is low.
// Legal:    A_BITS, B_BITS >= 2.

`default_nettype none

module krl_multiplier #(
  // bits of the operands
  parameter integer A_BITS = 8,
  parameter integer B_BITS = 8
) (
  input  wire                            clk,
  input  wire                            enable,
  input  wire signed [A_BITS-1:0]        a,
  input  wire signed [B_BITS-1:0]        b,
  output wire signed [A_BITS+B_BITS-1:0] product
);

  generate
    if (!(A_BITS >= 2 && B_BITS >= 2)) begin : g_legal
      illegal_parameters_of_krl_multiplier see_legal_in_its_header ();
    end
  endgenerate

  reg signed [A_BITS-1:0] a_held;
  reg signed [B_BITS-1:0] b_held;
  (* use_dsp = "yes" *)
  reg signed [A_BITS+B_BITS-1:0] product_held;

  assign product = product_held;

  always @(posedge clk) begin
    if (enable) begin
      a_held <= a;
      b_held <= b;
      product_held <= a_held * b_held;
    end
  end

endmodule

`default_nettype wire
