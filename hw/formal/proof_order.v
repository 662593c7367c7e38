// SPDX-License-Identifier: Apache-2.0
//
// proof_order: the n-th that leaves must be the n-th that entered, for every n since the last reset.
//
// It counts how many are inside and follows one that is freely marked as it enters: when all that were
// before it have left, the next that leaves must be equal to it. One may leave in the cycle in which it
// enters. As any may be the one that is marked, this holds for all.
//
// early:   one left that had not entered.
// wrong:   the marked one was changed, or another took its place.
// lost:    more than MOST are inside.
// arrived: the marked one leaves. Not a fault: a proof in which it never happens is empty.

`default_nettype none

module proof_order #(
  // bits of what is followed
  parameter BITS = 8,
  // how many may be inside
  parameter integer MOST = 1
) (
  input  wire            clk,
  input  wire            rst,

  // free in every cycle
  input  wire            mark,

  input  wire            enters,
  input  wire [BITS-1:0] entering,
  input  wire            leaves,
  input  wire [BITS-1:0] leaving,

  output wire            early,
  output wire            wrong,
  output wire            lost,
  output wire            arrived
);

  localparam COUNT_BITS = $clog2(MOST + 2);

  // how many are inside
  reg [COUNT_BITS-1:0] held;
  // one is followed: how many leave before it, and what it is
  reg marked;
  reg [COUNT_BITS-1:0] ahead;
  reg [BITS-1:0] value;

  wire follows = marked || (mark && enters);
  wire [COUNT_BITS-1:0] earlier = marked ? ahead : held;
  wire [BITS-1:0] expected = marked ? value : entering;

  wire [COUNT_BITS-1:0] one_enters = {{(COUNT_BITS-1){1'b0}}, enters};
  wire [COUNT_BITS-1:0] one_leaves = {{(COUNT_BITS-1){1'b0}}, leaves};

  assign arrived = !rst && follows && leaves && earlier == 0;
  assign early = !rst && leaves && !enters && held == 0;
  assign wrong = arrived && leaving != expected;
  assign lost = !rst && held > MOST[COUNT_BITS-1:0];

  always @(posedge clk) begin
    marked <= follows && !arrived;
    ahead <= earlier - one_leaves;
    value <= expected;
    held <= held + one_enters - one_leaves;
    if (rst) begin
      marked <= 1'b0;
      held <= 0;
    end
  end

endmodule

`default_nettype wire
