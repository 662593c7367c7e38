// SPDX-License-Identifier: Apache-2.0
//
// krl_uart_sender_proof: what krl_uart_sender must put on its line, for bytes at any time and a reset at any time.
//
// line:    the line is not high between bytes, or not what the byte that was taken asks for.
// ready:   a byte could be taken in the middle of another, or none where one may follow without a gap.
// arrived is the stop bit of a byte.

`default_nettype none

module krl_uart_sender_proof #(
  parameter integer BIT_CLOCKS = 3
) (
  input  wire       clk,
  input  wire       rst,

  // all free in every cycle
  input  wire       wanted,
  input  wire [7:0] drawn,

  output wire       fault_line,
  output wire       fault_ready,
  output wire       arrived
);

  localparam COUNT_BITS = $clog2(BIT_CLOCKS);
  localparam integer LAST = BIT_CLOCKS - 1;
  localparam [3:0] STOP = 9;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [7:0] byte_data;
  wire byte_valid;
  wire byte_ready;
  wire line;

  // the byte on the line with its start and stop bit, where it is, and whether there is one
  reg busy;
  reg [9:0] sent;
  reg [3:0] place;
  reg [COUNT_BITS-1:0] clocks;
  wire bit_ends = clocks == LAST[COUNT_BITS-1:0];
  wire ends = place == STOP && bit_ends;
  wire takes = byte_valid && byte_ready;

  proof_source #(
    .WIDTH(8)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(byte_data),
    .tvalid(byte_valid),
    .tready(byte_ready)
  );

  krl_uart_sender #(
    .BIT_CLOCKS(BIT_CLOCKS)
  ) dut (
    .clk(clk),
    .rst(reset),
    .byte_data(byte_data),
    .byte_valid(byte_valid),
    .byte_ready(byte_ready),
    .line(line)
  );

  assign fault_line = !reset && line != (busy ? sent[place] : 1'b1);
  assign fault_ready = !reset && byte_ready != (!busy || ends);
  assign arrived = !reset && busy && place == STOP && line;

  always @(posedge clk) begin
    started <= 1'b1;
    clocks <= (bit_ends || !busy) ? 0 : clocks + 1'b1;
    if (bit_ends) place <= place + 1'b1;
    if (ends) busy <= 1'b0;
    if (takes) begin
      busy <= 1'b1;
      sent <= {1'b1, byte_data, 1'b0};
      place <= 0;
    end
    if (reset) busy <= 1'b0;
  end

endmodule

`default_nettype wire
