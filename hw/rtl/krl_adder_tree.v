// SPDX-License-Identifier: Apache-2.0
//
// krl_adder_tree: sum = terms[0] + ... + terms[COUNT-1], signed, exact.
//
// Latency:  clog2(COUNT) cycles, one register per level. A new sum starts every cycle; nothing ever waits.
// Legal:    COUNT >= 1, BITS >= 2.

`default_nettype none

module krl_adder_tree #(
  // terms summed
  parameter integer COUNT = 4,
  // bits of a term
  parameter integer BITS = 16
) (
  input  wire                       clk,
  input  wire [COUNT*BITS-1:0]      terms,
  output wire signed [(BITS + $clog2(COUNT))-1:0] sum
);

  localparam integer SUM_BITS = BITS + $clog2(COUNT);

  generate
    if (!(COUNT >= 1 && BITS >= 2)) begin : g_legal
      illegal_parameters_of_krl_adder_tree see_legal_in_its_header ();
    end
  endgenerate

  localparam LEVELS = $clog2(COUNT);
  // the tree is padded to a power of two; the padding is constant zero and costs nothing
  localparam LEAVES = 1 << LEVELS;

  // node n of level l stands at index (2**l - 1) + n of a heap whose root is node 0
  wire signed [SUM_BITS-1:0] node [0:2*LEAVES-2];

  genvar i;
  generate
    for (i = 0; i < LEAVES; i = i + 1) begin : g_leaf
      if (i < COUNT) begin : g_used
        assign node[LEAVES-1+i] =
            {{(SUM_BITS-BITS+1){terms[i*BITS+BITS-1]}}, terms[i*BITS +: BITS-1]};
      end else begin : g_unused
        assign node[LEAVES-1+i] = 0;
      end
    end
    for (i = 0; i < LEAVES-1; i = i + 1) begin : g_add
      // synthesis takes away the copies of the sign that the lower levels have
      reg signed [SUM_BITS-1:0] total;
      always @(posedge clk) total <= node[2*i+1] + node[2*i+2];
      assign node[i] = total;
    end
    if (COUNT == 1) begin : g_one_term
      wire unused_clk = &{1'b0, clk};
    end
  endgenerate

  assign sum = node[0];

endmodule

`default_nettype wire
