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
  // nodes of a level of a full tree; those that no count reaches cost nothing
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

  // node n of level l stands at l * LEAVES + n
  wire [TREE_BITS-1:0] node [0:(LEVELS+1)*LEAVES-1];

  genvar i, l;
  generate
    if (3 * COUNTS > SIMD) begin : g_rest
      assign equal[3*COUNTS-1:SIMD] = 0;
    end
    for (i = 0; i < LEAVES; i = i + 1) begin : g_leaf
      if (i < COUNTS) begin : g_count
        wire first = equal[3*i];
        wire second = equal[3*i+1];
        wire third = equal[3*i+2];
        reg [1:0] count;
        always @(posedge clk) begin
          count <= {(first & second) | (first & third) | (second & third), first ^ second ^ third};
        end
        assign node[i] = {{LEVELS+1{1'b0}}, count};
      end else begin : g_none
        assign node[i] = 0;
      end
    end
    for (l = 0; l < LEVELS; l = l + 1) begin : g_level
      // of a count of this level and of the one below
      localparam BITS = l + 3;
      for (i = 0; i < LEAVES; i = i + 1) begin : g_node
        localparam AT = (l + 1) * LEAVES + i;
        // the leaf from which on the left half reaches
        localparam LEFT = (2 * i) << l;
        if (LEFT < COUNTS) begin : g_total
          reg [BITS-1:0] total;
          always @(posedge clk) begin
            total <= {1'b0, node[l*LEAVES+2*i][BITS-2:0]} + {1'b0, node[l*LEAVES+2*i+1][BITS-2:0]};
          end
          assign node[AT] = {{TREE_BITS-BITS{1'b0}}, total};
        end else begin : g_none
          assign node[AT] = 0;
        end
      end
    end
  endgenerate

  wire [TREE_BITS-1:0] root = node[LEVELS*LEAVES];
  reg [REST*TOTAL_BITS-1:0] late;

  always @(posedge clk) late <= {late[(REST-1)*TOTAL_BITS-1:0], root[TOTAL_BITS-1:0]};

  assign sum = {{$clog2(SIMD)+2-TOTAL_BITS{1'b0}}, late[REST*TOTAL_BITS-1 -: TOTAL_BITS], 1'b0};

  wire unused_root = &{1'b0, root};

endmodule

`default_nettype wire
