// SPDX-License-Identifier: Apache-2.0
//
// krl_dot_signs: krl_dot for weights that are signs: the products are added, subtracted or dropped.
//
// Equation: sum = w[0]*x[0] + ... + w[SIMD-1]*x[SIMD-1], signed, exact. With W_BITS = 1 a weight is -1 where its
//           bit is one, else +1. With W_BITS = 2 it is a number, -1, 0 or +1 (bit 0: not dropped, bit 1: -1).
//           A node of the tree holds its sum times the sign of its first term: what joins two of them adds or
//           subtracts, as their signs are equal or not, in as many look-up tables as an adder has. One negation
//           is left to the end.
// Latency:  4 + clog2(SIMD) cycles, as krl_dot (one register for the weight, one for the activation, one per
//           level of the tree, one for the negation, one for the sum). x must come one cycle after w. A new sum
//           starts every cycle; nothing ever waits.
// Legal:    SIMD >= 1, X_BITS >= 2, W_BITS 1 or 2.

`default_nettype none

module krl_dot_signs #(
  // terms summed
  parameter integer SIMD = 4,
  // bits of an activation
  parameter integer X_BITS = 8,
  // bits of a weight
  parameter integer W_BITS = 1
) (
  input  wire                       clk,
  input  wire [SIMD*X_BITS-1:0]     x,
  input  wire [SIMD*W_BITS-1:0]     w,
  output reg  signed [(X_BITS + 1 + $clog2(SIMD))-1:0] sum
);

  localparam integer SUM_BITS = X_BITS + 1 + $clog2(SIMD);

  generate
    if (!(SIMD >= 1 && X_BITS >= 2 && W_BITS >= 1 && W_BITS <= 2)) begin : g_legal
      illegal_parameters_of_krl_dot_signs see_legal_in_its_header ();
    end
  endgenerate

  localparam LEVELS = $clog2(SIMD);
  // nodes of a level of a full tree; those that no term reaches cost nothing
  localparam LEAVES = 1 << LEVELS;
  localparam TREE_BITS = X_BITS + LEVELS;

  // node n of level l stands at l * LEAVES + n
  wire [TREE_BITS-1:0] node [0:(LEVELS+1)*LEAVES-1];
  wire [(LEVELS+1)*LEAVES-1:0] negative;
  // a cycle early
  wire [(LEVELS+1)*LEAVES-1:0] negative_ahead;
  wire unused_ahead = &{1'b0, negative_ahead[(LEVELS+1)*LEAVES-1 -: LEAVES]};

  genvar i, l;
  generate
    for (i = 0; i < LEAVES; i = i + 1) begin : g_leaf
      if (i < SIMD) begin : g_term
        // the weight's way from its memory is long
        reg negative_weight;
        reg dropped;
        reg [X_BITS-1:0] term;
        reg sign;
        always @(posedge clk) begin
          negative_weight <= w[i*W_BITS+W_BITS-1];
          dropped <= W_BITS == 2 && !w[i*W_BITS];
          sign <= negative_weight;
          term <= x[i*X_BITS +: X_BITS];
          if (dropped) term <= 0;
        end
        assign negative_ahead[i] = negative_weight;
        assign node[i] = {{LEVELS+1{term[X_BITS-1]}}, term[X_BITS-2:0]};
        assign negative[i] = sign;
      end else begin : g_none
        assign node[i] = 0;
        assign negative[i] = 1'b0;
        assign negative_ahead[i] = 1'b0;
      end
    end
    for (l = 0; l < LEVELS; l = l + 1) begin : g_level
      localparam BITS = X_BITS + l + 1;
      for (i = 0; i < LEAVES; i = i + 1) begin : g_node
        localparam AT = (l + 1) * LEAVES + i;
        // the leaves from which on the two halves reach
        localparam LEFT = (2 * i) << l;
        localparam RIGHT = (2 * i + 1) << l;
        if (RIGHT < SIMD) begin : g_both
          wire [BITS-1:0] left = node[l*LEAVES+2*i][BITS-1:0];
          wire [BITS-1:0] right = node[l*LEAVES+2*i+1][BITS-1:0];
          reg [BITS-1:0] total;
          reg sign;
          reg alike;
          // left + right = left - ~right - 1, as a difference with a borrow, which Yosys makes of one look-up
          // table a bit
          wire [BITS:0] joined = {left, 1'b0} - {right ^ {BITS{alike}}, alike};
          always @(posedge clk) begin
            alike <= negative_ahead[l*LEAVES+2*i] == negative_ahead[l*LEAVES+2*i+1];
            total <= joined[BITS:1];
            sign <= negative[l*LEAVES+2*i];
          end
          assign node[AT] = {{TREE_BITS-BITS+1{total[BITS-1]}}, total[BITS-2:0]};
          assign negative[AT] = sign;
          assign negative_ahead[AT] = negative[l*LEAVES+2*i];
          wire unused_borrow = &{1'b0, joined[0]};
        end else if (LEFT < SIMD) begin : g_left
          reg [BITS-1:0] total;
          reg sign;
          always @(posedge clk) begin
            total <= node[l*LEAVES+2*i][BITS-1:0];
            sign <= negative[l*LEAVES+2*i];
          end
          assign node[AT] = {{TREE_BITS-BITS+1{total[BITS-1]}}, total[BITS-2:0]};
          assign negative[AT] = sign;
          assign negative_ahead[AT] = negative[l*LEAVES+2*i];
        end else begin : g_none
          assign node[AT] = 0;
          assign negative[AT] = 1'b0;
          assign negative_ahead[AT] = 1'b0;
        end
      end
    end
  endgenerate

  wire [TREE_BITS-1:0] root = node[LEVELS*LEAVES];
  wire root_negative = negative[LEVELS*LEAVES];
  reg signed [SUM_BITS-1:0] sum_early;

  always @(posedge clk) begin
    sum_early <= ({root[TREE_BITS-1], root} ^ {SUM_BITS{root_negative}}) + {{SUM_BITS-1{1'b0}}, root_negative};
    sum <= sum_early;
  end

endmodule

`default_nettype wire
