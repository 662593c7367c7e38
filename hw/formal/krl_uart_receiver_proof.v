// SPDX-License-Identifier: Apache-2.0
//
// krl_uart_receiver_proof: what krl_uart_receiver must read off a line that keeps its time: any bytes with any
// stop bits at any time, and a reset at any time. Behind a low stop bit the line is high for a bit.
//
// early, wrong, lost: from proof_order, of a bit of each byte and its stop bit.
// single: byte_bad is high beside no byte.

`default_nettype none

module krl_uart_receiver_proof #(
  parameter integer BIT_CLOCKS = 4,
  // the bit of each byte that is looked at
  parameter integer FOLLOWED = 0
) (
  input  wire       clk,
  input  wire       rst,

  // all free in every cycle
  input  wire       mark,
  input  wire       begins,
  input  wire [7:0] drawn,
  input  wire       stop,

  output wire       fault_early,
  output wire       fault_wrong,
  output wire       fault_lost,
  output wire       fault_single,
  output wire       arrived
);

  localparam COUNT_BITS = $clog2(BIT_CLOCKS);
  localparam integer LAST = BIT_CLOCKS - 1;
  localparam [3:0] STOP = 9;
  localparam [3:0] REST = 10;  // a bit's time in which no byte begins

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [7:0] byte_data;
  wire byte_valid;
  wire byte_bad;

  // what is on the line, where it is, and whether there is anything
  reg busy;
  reg [10:0] sent;
  reg [3:0] place;
  reg [COUNT_BITS-1:0] clocks;
  wire bit_ends = clocks == LAST[COUNT_BITS-1:0];
  wire ends = busy && bit_ends && (place == REST || (place == STOP && sent[STOP]));
  wire enters = begins && (!busy || ends);
  wire line = !busy || sent[place];

  krl_uart_receiver #(
    .BIT_CLOCKS(BIT_CLOCKS)
  ) dut (
    .clk(clk),
    .rst(reset),
    .line(line),
    .byte_data(byte_data),
    .byte_valid(byte_valid),
    .byte_bad(byte_bad)
  );

  proof_order #(
    .BITS(2),
    .MOST(2)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(enters),
    .entering({!stop, drawn[FOLLOWED]}),
    .leaves(byte_valid),
    .leaving({byte_bad, byte_data[FOLLOWED]}),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_single = !reset && byte_bad && !byte_valid;

  always @(posedge clk) begin
    started <= 1'b1;
    clocks <= (bit_ends || !busy) ? 0 : clocks + 1'b1;
    if (bit_ends) place <= place + 1'b1;
    if (ends) busy <= 1'b0;
    if (enters) begin
      busy <= 1'b1;
      sent <= {1'b1, stop, drawn, 1'b0};
      place <= 0;
    end
    if (reset) busy <= 1'b0;
  end

endmodule

`default_nettype wire
