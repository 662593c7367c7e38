// SPDX-License-Identifier: Apache-2.0
//
// krl_dot_xnor: krl_dot_signs for activations that are signs, too: a comparison of bits and a count.
//
// Equation: sum = 2 * (the number of places in which x and w are equal). A one stands for -1 in both, a zero for
//           +1, so that the sum of their products is sum - SIMD.
// Latency:  4 + clog2(SIMD) cycles, as krl_dot: one register for the weight, one for the counts of three places,
//           one per level of the tree, and some to be as late as all others. x must come one cycle after w. A new
//           sum starts every cycle; nothing ever waits.
// Legal:    SIMD >= 1.

`default_nettype none

module krl_dot_xnor #(
  // places compared
  parameter integer SIMD = 4
) (
  input  wire            clk,
  input  wire [SIMD-1:0] x,
  input  wire [SIMD-1:0] w,
  output wire signed [$clog2(SIMD)+2:0] sum
);

  generate
    if (!(SIMD >= 1)) begin : g_legal
      illegal_parameters_of_krl_dot_xnor see_legal_in_its_header ();
    end
  endgenerate

  // three comparisons have six inputs, as a look-up table has: one for each bit of their count
  localparam COUNTS = (SIMD + 2) / 3;
  localparam LEVELS = $clog2(COUNTS);
  localparam LEAVES = 1 << LEVELS;
  // and a zero above them
  localparam TREE_BITS = LEVELS + 3;
  localparam TOTAL_BITS = $clog2(SIMD + 1);
  // registers behind the tree
  localparam REST = 2 + $clog2(SIMD) - LEVELS;

  reg [SIMD-1:0] weight;
  wire [3*COUNTS-1:0] equal;

  // the weight's way from its memory is long
  always @(posedge clk) weight <= w;

  assign equal[SIMD-1:0] = ~(x ^ weight);

  // as in krl_adder_tree: the root is node 0, and below node n are nodes 2 * n + 1 and 2 * n + 2
  wire [TREE_BITS-1:0] node [0:2*LEAVES-2];

  genvar i;
  generate
    if (3 * COUNTS > SIMD) begin : g_rest
      assign equal[3*COUNTS-1:SIMD] = 0;
    end
    for (i = 0; i < COUNTS; i = i + 1) begin : g_count
      wire first = equal[3*i];
      wire second = equal[3*i+1];
      wire third = equal[3*i+2];
      reg [1:0] count;
      always @(posedge clk) begin
        count <= {(first & second) | (first & third) | (second & third), first ^ second ^ third};
      end
      assign node[LEAVES-1+i] = {{LEVELS+1{1'b0}}, count};
    end
    for (i = COUNTS; i < LEAVES; i = i + 1) begin : g_none
      assign node[LEAVES-1+i] = 0;
    end
    for (i = 0; i < LEAVES-1; i = i + 1) begin : g_add
      localparam HEIGHT = LEVELS + 1 - $clog2(i + 2);
      localparam BITS = HEIGHT + 2;
      // what is above zeros alone is zero
      if (((i + 1) << HEIGHT) - LEAVES < COUNTS) begin : g_total
        reg [BITS-1:0] total;
        always @(posedge clk) begin
          total <= {1'b0, node[2*i+1][BITS-2:0]} + {1'b0, node[2*i+2][BITS-2:0]};
        end
        assign node[i] = {{TREE_BITS-BITS{1'b0}}, total};
      end else begin : g_zero
        assign node[i] = 0;
      end
    end
  endgenerate

  wire [TREE_BITS-1:0] root = node[0];
  reg [REST*TOTAL_BITS-1:0] late;

  always @(posedge clk) late <= {late[(REST-1)*TOTAL_BITS-1:0], root[TOTAL_BITS-1:0]};

  assign sum = {{$clog2(SIMD)+2-TOTAL_BITS{1'b0}}, late[REST*TOTAL_BITS-1 -: TOTAL_BITS], 1'b0};

  wire unused_root = &{1'b0, root};

endmodule

`default_nettype wire
