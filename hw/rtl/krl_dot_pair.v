// SPDX-License-Identifier: Apache-2.0
//
// krl_dot_pair: two krl_dot that share their activations, with one multiplication for two products.
//
// Equation: sum_0 = x[0]*w_0[0] + ... + x[SIMD-1]*w_0[SIMD-1], sum_1 the same with w_1; signed, exact.
//           With S = X_BITS + W_BITS, (w_1 * 2**S + w_0) * x + 2**(S-1) = (w_1 * x) * 2**S + r, where
//           r = w_0 * x + 2**(S-1) lies in 0 .. 2**S - 1: the upper S bits are the one product, the lower
//           S bits, with their top bit inverted, are the other. A DSP48E1 adds the weights in its pre-adder
//           and the constant in its post-adder.
// Latency:  4 + clog2(SIMD) cycles, as krl_dot; x must come one cycle after w_0 and w_1. A new pair of sums
//           starts every cycle; nothing ever waits.
// Legal:    SIMD >= 1, X_BITS >= 2, W_BITS >= 2. One DSP48E1 per pair if X_BITS + 2 * W_BITS + 1 <= 25 and
//           X_BITS <= 18.

`default_nettype none

module krl_dot_pair #(
  // products summed in each of the two
  parameter integer SIMD = 4,
  // bits of an activation
  parameter integer X_BITS = 8,
  // bits of a weight
  parameter integer W_BITS = 8
) (
  input  wire                       clk,
  input  wire [SIMD*X_BITS-1:0]     x,
  input  wire [SIMD*W_BITS-1:0]     w_0,
  input  wire [SIMD*W_BITS-1:0]     w_1,
  output wire signed [(X_BITS + W_BITS + $clog2(SIMD))-1:0] sum_0,
  output wire signed [(X_BITS + W_BITS + $clog2(SIMD))-1:0] sum_1
);

  generate
    if (!(SIMD >= 1 && X_BITS >= 2 && W_BITS >= 2)) begin : g_legal
      illegal_parameters_of_krl_dot_pair see_legal_in_its_header ();
    end
  endgenerate

  localparam PRODUCT_BITS = X_BITS + W_BITS;
  localparam PAIR_BITS = 2 * PRODUCT_BITS;
  localparam WEIGHT_BITS = PRODUCT_BITS + W_BITS + 1;
  localparam signed [PAIR_BITS-1:0] HALF = {{(PAIR_BITS-1){1'b0}}, 1'b1} << (PRODUCT_BITS - 1);

  wire [SIMD*PRODUCT_BITS-1:0] products_0;
  wire [SIMD*PRODUCT_BITS-1:0] products_1;

  genvar i;
  generate
    for (i = 0; i < SIMD; i = i + 1) begin : g_product
      reg signed [WEIGHT_BITS-1:0] weight_0;
      reg signed [WEIGHT_BITS-1:0] weight_1;
      reg signed [WEIGHT_BITS-1:0] weights;
      (* use_dsp = "yes" *)
      reg signed [PAIR_BITS-1:0] product;
      reg signed [PAIR_BITS-1:0] pair;
      reg signed [X_BITS-1:0] activation;
      wire [W_BITS-1:0] low = w_0[i*W_BITS +: W_BITS];
      wire [W_BITS-1:0] high = w_1[i*W_BITS +: W_BITS];
      always @(posedge clk) begin
        activation <= x[i*X_BITS +: X_BITS];
        weight_0 <= {{(PRODUCT_BITS+1){low[W_BITS-1]}}, low};
        weight_1 <= {high[W_BITS-1], high, {PRODUCT_BITS{1'b0}}};
        weights <= weight_1 + weight_0;
        product <= weights * activation;
        pair <= product + HALF;
      end
      assign products_0[i*PRODUCT_BITS +: PRODUCT_BITS] = {~pair[PRODUCT_BITS-1], pair[PRODUCT_BITS-2:0]};
      assign products_1[i*PRODUCT_BITS +: PRODUCT_BITS] = pair[PAIR_BITS-1:PRODUCT_BITS];
    end
  endgenerate

  krl_adder_tree #(
    .COUNT(SIMD),
    .BITS(PRODUCT_BITS)
  ) tree_0 (
    .clk(clk),
    .terms(products_0),
    .sum(sum_0)
  );

  krl_adder_tree #(
    .COUNT(SIMD),
    .BITS(PRODUCT_BITS)
  ) tree_1 (
    .clk(clk),
    .terms(products_1),
    .sum(sum_1)
  );

endmodule

`default_nettype wire
