// SPDX-License-Identifier: Apache-2.0
// What a block RAM of the 7 series does, for netlists in a simulator (guide UG473): both ports, widths 1 to 72, bytes written
// one by one, all write modes, a synchronous reset of the output latches. Without output registers, cascades and inverted pins.
// A word that one port reads while the other one writes it, and does not read first, has all bits wrong: silicon gives any.
`default_nettype none
module xc7_block_ram #(
  parameter integer HALF = 1,  // 18 Kbit, else 36
  parameter [(HALF ? 16384 : 32768)-1:0] DATA = 0,
  parameter [(HALF ? 2048 : 4096)-1:0] PARITY = 0,
  parameter integer READ_A = 0,
  parameter integer READ_B = 0,
  parameter integer WRITE_A = 0,
  parameter integer WRITE_B = 0,
  parameter MODE_A = "WRITE_FIRST",
  parameter MODE_B = "WRITE_FIRST",
  parameter [71:0] INIT_A = 0,  // parity above data
  parameter [71:0] SRVAL_A = 0,
  parameter [71:0] INIT_B = 0,
  parameter [71:0] SRVAL_B = 0
) (
  input  wire clk_a,  // of both ports: netlists of these designs have no other
  input  wire en_a,
  input  wire en_b,
  input  wire rst_a,
  input  wire rst_b,
  input  wire [14:0] addr_a,  // of bits
  input  wire [14:0] addr_b,
  input  wire [63:0] di_a,
  input  wire [63:0] di_b,
  input  wire [7:0] dip_a,
  input  wire [7:0] dip_b,
  input  wire [7:0] we_a,
  input  wire [7:0] we_b,
  output reg  [63:0] do_a,
  output reg  [63:0] do_b,
  output reg  [7:0] dop_a,
  output reg  [7:0] dop_b
);
  localparam integer BITS = HALF ? 16384 : 32768;

  reg [BITS-1:0] data = DATA;
  reg [BITS/8-1:0] parity = PARITY;

  // Bits of data in a word: parity apart.
  function integer plain(input integer width);
    plain = width < 9 ? width : width / 9 * 8;
  endfunction

  function [71:0] read(input integer width, input [14:0] addr);
    integer bit_, first;
    begin
      read = 0;
      first = width ? addr / plain(width) * plain(width) : 0;
      for (bit_ = 0; bit_ < plain(width); bit_ = bit_ + 1) read[bit_] = data[first+bit_];
      if (width > 8) for (bit_ = 0; bit_ < width / 9; bit_ = bit_ + 1) read[64+bit_] = parity[first/8+bit_];
    end
  endfunction

  function [71:0] merged(input integer width, input [71:0] old, input [71:0] new_, input [7:0] we);
    integer bit_;
    begin
      merged = old;
      for (bit_ = 0; bit_ < plain(width); bit_ = bit_ + 1) if (we[bit_/8]) merged[bit_] = new_[bit_];
      if (width > 8) for (bit_ = 0; bit_ < width / 9; bit_ = bit_ + 1) if (we[bit_]) merged[64+bit_] = new_[64+bit_];
    end
  endfunction

  task write(input integer width, input [14:0] addr, input [71:0] word);
    integer bit_, first;
    begin
      first = addr / plain(width) * plain(width);
      for (bit_ = 0; bit_ < plain(width); bit_ = bit_ + 1) data[first+bit_] = word[bit_];
      if (width > 8) for (bit_ = 0; bit_ < width / 9; bit_ = bit_ + 1) parity[first/8+bit_] = word[64+bit_];
    end
  endtask

  // Whether two words share a bit.
  function meet(input integer one, input [14:0] at, input integer other, input [14:0] there);
    integer size;
    begin
      size = plain(one) > plain(other) ? plain(one) : plain(other);
      meet = one != 0 && other != 0 && at / size == there / size;
    end
  endfunction

  wire writes_a = en_a && we_a != 0 && WRITE_A != 0;
  wire writes_b = en_b && we_b != 0 && WRITE_B != 0;
  reg [71:0] old_a, old_b, new_a, new_b;

  initial begin
    {dop_a, do_a} = INIT_A;
    {dop_b, do_b} = INIT_B;
  end

  always @(posedge clk_a) begin
    old_a = read(READ_A, addr_a);
    old_b = read(READ_B, addr_b);
    new_a = merged(WRITE_A, read(WRITE_A, addr_a), {dip_a, di_a}, we_a);
    new_b = merged(WRITE_B, read(WRITE_B, addr_b), {dip_b, di_b}, we_b);
    if (writes_b && MODE_B != "READ_FIRST" && meet(READ_A, addr_a, WRITE_B, addr_b)) old_a = ~old_a;
    if (writes_a && MODE_A != "READ_FIRST" && meet(READ_B, addr_b, WRITE_A, addr_a)) old_b = ~old_b;
    if (writes_a) write(WRITE_A, addr_a, new_a);
    if (writes_b) write(WRITE_B, addr_b, new_b);
    if (en_a && rst_a) {dop_a, do_a} <= SRVAL_A;
    else if (en_a && READ_A != 0 && !(writes_a && MODE_A == "NO_CHANGE"))
      {dop_a, do_a} <= writes_a && MODE_A == "WRITE_FIRST" ? read(READ_A, addr_a) : old_a;
    if (en_b && rst_b) {dop_b, do_b} <= SRVAL_B;
    else if (en_b && READ_B != 0 && !(writes_b && MODE_B == "NO_CHANGE"))
      {dop_b, do_b} <= writes_b && MODE_B == "WRITE_FIRST" ? read(READ_B, addr_b) : old_b;
  end
endmodule
`default_nettype wire
