// SPDX-License-Identifier: Apache-2.0
//
// krl_uart_sender: bytes to a serial line: a start bit, 8 data bits from the lowest, a stop bit.
//
// Latency:  the start bit begins in the cycle after a byte was taken; a byte takes 10 * BIT_CLOCKS cycles, and
//           the next one follows without a gap.
// Stream:   byte_ready never waits for byte_valid, and is low until the stop bit ends.
// Legal:    BIT_CLOCKS >= 2.

`default_nettype none

module krl_uart_sender #(
  // cycles of clk per bit
  parameter integer BIT_CLOCKS = 25
) (
  input  wire       clk,
  input  wire       rst,

  input  wire [7:0] byte_data,
  input  wire       byte_valid,
  output wire       byte_ready,

  // high when idle
  output reg        line
);

  generate
    if (!(BIT_CLOCKS >= 2)) begin : g_legal
      illegal_parameters_of_krl_uart_sender see_legal_in_its_header ();
    end
  endgenerate

  localparam COUNT_BITS = $clog2(BIT_CLOCKS);
  localparam integer LAST = BIT_CLOCKS - 1;

  reg [8:0] bits;  // those behind the one on the line, the stop bit on top
  reg [COUNT_BITS-1:0] count;
  reg [3:0] left;  // bits of the byte that have not ended

  wire ends = count == LAST[COUNT_BITS-1:0];

  assign byte_ready = left == 0 || (left == 1 && ends);

  always @(posedge clk) begin
    count <= ends ? 0 : count + 1'b1;
    if (byte_ready) begin
      left <= byte_valid ? 4'd10 : 4'd0;
      line <= !byte_valid;
      bits <= {1'b1, byte_data};
      count <= 0;
    end else if (ends) begin
      left <= left - 1'b1;
      line <= bits[0];
      bits <= {1'b1, bits[8:1]};
    end
    if (rst) begin
      left <= 0;
      line <= 1'b1;
    end
  end

endmodule

`default_nettype wire
