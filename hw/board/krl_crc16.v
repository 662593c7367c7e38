// SPDX-License-Identifier: Apache-2.0
//
// krl_crc16: the remainder of one more byte: CRC-16/CCITT, polynomial 0x1021, the highest bit first.
//
// Equation: next_sum = (sum * 2^8 + data * 2^16) mod 0x11021, over bits: Python's binascii.crc_hqx.
// Latency:  none, there are no registers.

`default_nettype none

module krl_crc16 (
  input  wire [15:0] sum,
  input  wire [7:0]  data,
  output wire [15:0] next_sum
);

  // the byte's own remainder, from eight steps of the division written out
  wire [7:0] upper = sum[15:8] ^ data;
  wire [7:0] folded = {upper[7:4], upper[7:4] ^ upper[3:0]};

  assign next_sum = {sum[7:0], 8'd0} ^ {folded[3:0], 12'd0} ^ {3'd0, folded, 5'd0} ^ {8'd0, folded};

endmodule

`default_nettype wire
