// SPDX-License-Identifier: Apache-2.0
//
// krl_accumulator: DEPTH running sums; total = (first ? 0 : sums[index]) + addend, and sums[index] = total.
//
// Latency:  0 cycles from addend to total; the sum is stored at the clock edge and may be used in the next
//           cycle.
// Contract: arithmetic is modulo 2**ACC_BITS. The planner proves that every total fits.
// Legal:    DEPTH >= 1.

`default_nettype none

module krl_accumulator #(
  // sums kept
  parameter DEPTH = 4,
  // bits of the addend
  parameter SUM_BITS = 17,
  // bits of a sum
  parameter ACC_BITS = 24,
  // follows from DEPTH; do not set
  parameter INDEX_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
  input  wire                       clk,
  input  wire                       enable,
  input  wire                       first,
  input  wire [INDEX_BITS-1:0]      index,
  input  wire signed [SUM_BITS-1:0] addend,
  output wire signed [ACC_BITS-1:0] total
);

  wire signed [ACC_BITS-1:0] extended;
  wire signed [ACC_BITS-1:0] previous;

  generate
    if (ACC_BITS > SUM_BITS) begin : g_extend
      assign extended = {{(ACC_BITS-SUM_BITS){addend[SUM_BITS-1]}}, addend};
    end else begin : g_truncate
      assign extended = addend[ACC_BITS-1:0];
      wire unused_addend_bits = &{1'b0, addend};
    end

    if (DEPTH > 1) begin : g_memory
      (* ram_style = "distributed" *)
      reg signed [ACC_BITS-1:0] sums [0:DEPTH-1];
      assign previous = sums[index];
      always @(posedge clk) if (enable) sums[index] <= total;
    end else begin : g_register
      reg signed [ACC_BITS-1:0] only_sum;
      wire unused_index = &{1'b0, index};
      assign previous = only_sum;
      always @(posedge clk) if (enable) only_sum <= total;
    end
  endgenerate

  assign total = first ? extended : previous + extended;

endmodule

`default_nettype wire
