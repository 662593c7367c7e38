// SPDX-License-Identifier: Apache-2.0
//
// krl_uart_receiver: bytes from a serial line: a start bit, 8 data bits from the lowest, a stop bit.
//
// Equation: a bit is what the line is in its middle, BIT_CLOCKS * (n + 1/2) after the falling edge.
// Latency:  a byte comes in the middle of its stop bit: byte_valid is high for one cycle, with byte_bad beside
//           it if the stop bit is low. It must be taken in that cycle.
// Faults:   a start bit that is over before its middle is none. After a bad stop bit the line must rise
//           before the next start bit counts.
// Legal:    BIT_CLOCKS >= 4.

`default_nettype none

module krl_uart_receiver #(
  // cycles of clk per bit
  parameter integer BIT_CLOCKS = 25
) (
  input  wire       clk,
  input  wire       rst,

  // the line, high when idle; needs not be synchronous
  input  wire       line,

  output reg  [7:0] byte_data,
  output reg        byte_valid,
  output reg        byte_bad
);

  generate
    if (!(BIT_CLOCKS >= 4)) begin : g_legal
      illegal_parameters_of_krl_uart_receiver see_legal_in_its_header ();
    end
  endgenerate

  localparam COUNT_BITS = $clog2(BIT_CLOCKS);
  localparam integer LAST = BIT_CLOCKS - 1;
  localparam integer MIDDLE = BIT_CLOCKS / 2 - 1;

  reg [2:0] sampled;  // the line, through two registers and a third to see it fall
  reg [COUNT_BITS-1:0] count;
  reg [3:0] left;  // bits to come, the start bit and the stop bit too; 0 between bytes

  wire level = sampled[1];
  wire falls = sampled[2] && !level;
  wire in_middle = left != 0 && count == 0;

  always @(posedge clk) begin
    sampled <= {sampled[1:0], line};
    byte_valid <= 1'b0;
    byte_bad <= 1'b0;
    count <= (count == 0) ? LAST[COUNT_BITS-1:0] : count - 1'b1;
    if (left == 0) begin
      if (falls) left <= 4'd10;
      count <= MIDDLE[COUNT_BITS-1:0];
    end else if (in_middle) begin
      left <= left - 1'b1;
      if (left == 10 && level) left <= 0;
      if (left != 10 && left != 1) byte_data <= {level, byte_data[7:1]};
      if (left == 1) begin
        byte_valid <= 1'b1;
        byte_bad <= !level;
      end
    end
    if (rst) begin
      sampled <= 3'b000;
      left <= 0;
      byte_valid <= 1'b0;
      byte_bad <= 1'b0;
    end
  end

endmodule

`default_nettype wire
