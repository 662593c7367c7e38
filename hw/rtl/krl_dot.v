// SPDX-License-Identifier: Apache-2.0
//
// krl_dot: sum = x[0]*w[0] + ... + x[SIMD-1]*w[SIMD-1], signed, exact: one output lane of a multiplier array.
//
// Latency:  4 + clog2(SIMD) cycles (one register for the weight, two of the multiplier, one per level of the
//           adder tree, one for the sum, as krl_dot_pair has). x must come one cycle after w. A new sum starts
//           every cycle; nothing ever waits.
// Legal:    SIMD >= 1, X_BITS >= 2, W_BITS >= 2.

`default_nettype none

module krl_dot #(
  // products summed
  parameter integer SIMD = 4,
  // bits of an activation
  parameter integer X_BITS = 8,
  // bits of a weight
  parameter integer W_BITS = 8
) (
  input  wire                       clk,
  input  wire [SIMD*X_BITS-1:0]     x,
  input  wire [SIMD*W_BITS-1:0]     w,
  output reg  signed [(X_BITS + W_BITS + $clog2(SIMD))-1:0] sum
);

  localparam integer SUM_BITS = X_BITS + W_BITS + $clog2(SIMD);

  generate
    if (!(SIMD >= 1 && X_BITS >= 2 && W_BITS >= 2)) begin : g_legal
      illegal_parameters_of_krl_dot see_legal_in_its_header ();
    end
  endgenerate

  localparam PRODUCT_BITS = X_BITS + W_BITS;

  wire [SIMD*PRODUCT_BITS-1:0] products;

  genvar i;
  generate
    for (i = 0; i < SIMD; i = i + 1) begin : g_product
      // the weight's way from its memory is long
      reg signed [W_BITS-1:0] weight;
      always @(posedge clk) weight <= w[i*W_BITS +: W_BITS];

      krl_multiplier #(
        .A_BITS(X_BITS),
        .B_BITS(W_BITS)
      ) multiplier (
        .clk(clk),
        .enable(1'b1),
        .a(x[i*X_BITS +: X_BITS]),
        .b(weight),
        .product(products[i*PRODUCT_BITS +: PRODUCT_BITS])
      );
    end
  endgenerate

  wire signed [SUM_BITS-1:0] sum_early;

  krl_adder_tree #(
    .COUNT(SIMD),
    .BITS(PRODUCT_BITS)
  ) tree (
    .clk(clk),
    .terms(products),
    .sum(sum_early)
  );

  always @(posedge clk) sum <= sum_early;

endmodule

`default_nettype wire
