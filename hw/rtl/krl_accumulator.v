// SPDX-License-Identifier: Apache-2.0
//
// krl_accumulator: DEPTH running sums; total = (first ? 0 : sums[index]) + addend, and sums[index] = total.
//
// Latency:  1 cycle from addend to total, which holds while not enabled. One addend per cycle.
// Contract: first and index come one cycle ahead of their addend, so that its sum can be fetched early. An
//           index that was enabled in the cycle before must come with `again`: its sum is not in the memory
//           yet; `again` is legal wherever the last index that was enabled is the same and `first` is not
//           set. With DEPTH = 1 `first` ends the sum even if no addend is enabled then. Arithmetic is modulo
//           2**ACC_BITS; the planner proves that every total fits.
// Legal:    DEPTH >= 1. With DEPTH = 1 neither index nor `again` matter.

`default_nettype none

module krl_accumulator #(
  // sums kept
  parameter integer DEPTH = 4,
  // bits of the addend
  parameter integer SUM_BITS = 17,
  // bits of a sum
  parameter integer ACC_BITS = 24
) (
  input  wire                       clk,
  // of the next cycle's addend
  input  wire                       first_ahead,
  input  wire [((DEPTH > 1) ? $clog2(DEPTH) : 1)-1:0]      index_ahead,
  // of this cycle's
  input  wire                       enable,
  input  wire                       again,
  input  wire [((DEPTH > 1) ? $clog2(DEPTH) : 1)-1:0]      index,
  input  wire signed [SUM_BITS-1:0] addend,
  output reg  [ACC_BITS-1:0]        total
);

  generate
    if (!(DEPTH >= 1 && SUM_BITS >= 1 && ACC_BITS >= 1)) begin : g_legal
      illegal_parameters_of_krl_accumulator see_legal_in_its_header ();
    end
  endgenerate

  wire [ACC_BITS-1:0] extended;
  wire [ACC_BITS-1:0] previous;
  wire [ACC_BITS-1:0] next = previous + extended;

  generate
    if (ACC_BITS > SUM_BITS) begin : g_extend
      assign extended = {{(ACC_BITS-SUM_BITS){addend[SUM_BITS-1]}}, addend};
    end else begin : g_truncate
      assign extended = addend[ACC_BITS-1:0];
      wire unused_addend_bits = &{1'b0, addend};
    end

    // a sum starts from a register that was cleared: that takes no logic before the adder
    if (DEPTH > 1) begin : g_memory
      (* ram_style = "distributed", ramstyle = "MLAB, no_rw_check" *)
      reg [ACC_BITS-1:0] sums [0:DEPTH-1];
      reg [ACC_BITS-1:0] fetched;
      assign previous = again ? total : fetched;
      always @(posedge clk) begin
        fetched <= sums[index_ahead];
        if (first_ahead) fetched <= 0;
        if (enable) sums[index] <= next;
      end
    end else begin : g_register
      reg [ACC_BITS-1:0] running;
      wire unused_index = &{1'b0, index, index_ahead, again};
      assign previous = running;
      always @(posedge clk) begin
        if (enable) running <= next;
        if (first_ahead) running <= 0;
      end
    end
  endgenerate

  always @(posedge clk) if (enable) total <= next;

endmodule

`default_nettype wire
