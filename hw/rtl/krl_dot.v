// SPDX-License-Identifier: Apache-2.0
//
// krl_dot: sum = x[0]*w[0] + ... + x[SIMD-1]*w[SIMD-1], signed, exact: one output lane of a multiplier array.
//
// Latency:  2 + clog2(SIMD) cycles (weight register, product register, one register a level of the adder
//           tree). x must come one cycle after w, for its register stands outside, shared by all lanes. A
//           new sum starts every cycle; nothing ever waits.
// Legal:    SIMD >= 1, X_BITS >= 2, W_BITS >= 2.

`default_nettype none

module krl_dot #(
  // products summed
  parameter SIMD = 4,
  // bits of an activation
  parameter X_BITS = 8,
  // bits of a weight
  parameter W_BITS = 8,
  // follows from the above; do not set
  parameter SUM_BITS = X_BITS + W_BITS + $clog2(SIMD)
) (
  input  wire                       clk,
  input  wire [SIMD*X_BITS-1:0]     x,
  input  wire [SIMD*W_BITS-1:0]     w,
  output wire signed [SUM_BITS-1:0] sum
);

  localparam PRODUCT_BITS = X_BITS + W_BITS;
  localparam LEVELS = $clog2(SIMD);
  // the tree is padded to a power of two; the padding is constant zero and costs nothing
  localparam LEAVES = 1 << LEVELS;

  // node n of level l stands at index (2**l - 1) + n of a heap whose root is node 0
  wire signed [SUM_BITS-1:0] node [0:2*LEAVES-2];

  genvar i;
  generate
    for (i = 0; i < LEAVES; i = i + 1) begin : g_product
      if (i < SIMD) begin : g_used
        reg signed [W_BITS-1:0] weight;
        (* use_dsp = "yes" *)
        reg signed [PRODUCT_BITS-1:0] product;
        wire signed [X_BITS-1:0] activation = x[i*X_BITS +: X_BITS];
        always @(posedge clk) begin
          weight <= w[i*W_BITS +: W_BITS];
          product <= activation * weight;
        end
        assign node[LEAVES-1+i] =
            {{(SUM_BITS-PRODUCT_BITS+1){product[PRODUCT_BITS-1]}}, product[PRODUCT_BITS-2:0]};
      end else begin : g_unused
        assign node[LEAVES-1+i] = 0;
      end
    end
    for (i = 0; i < LEAVES-1; i = i + 1) begin : g_add
      reg signed [SUM_BITS-1:0] total;
      always @(posedge clk) total <= node[2*i+1] + node[2*i+2];
      assign node[i] = total;
    end
  endgenerate

  assign sum = node[0];

endmodule

`default_nettype wire
