// SPDX-License-Identifier: Apache-2.0
//
// krl_scale: a signed number times a positive constant.
//
// Equation: product = FACTOR * x, modulo 2**BITS.
//
// The constant is taken apart into digits -1, 0 and 1 of which no two neighbours are both other than 0 (the
// canonical signed-digit form, which has the fewest). Up to three of them are added and subtracted, a power
// of two is wiring; more are left to a multiplier.
//
// Latency:  none, there is no register.
// Legal:    X_BITS >= 1, BITS > X_BITS, 0 <= FACTOR < 2**(BITS-2).

`default_nettype none

module krl_scale #(
  // bits of x, of the product
  parameter X_BITS = 8,
  parameter BITS = 24,
  parameter [BITS-1:0] FACTOR = 5
) (
  input  wire signed [X_BITS-1:0] x,
  output wire signed [BITS-1:0]   product
);

  // the digits of FACTOR are the bits of 3/2 FACTOR less those of 1/2 FACTOR
  localparam [BITS-1:0] HALF = FACTOR >> 1;
  localparam [BITS-1:0] TRIPLE = FACTOR + HALF;
  localparam [BITS-1:0] MINUS = HALF & ~TRIPLE;
  localparam [BITS-1:0] DIGITS = HALF ^ TRIPLE;
  // what is left of them without the lowest, the two lowest, the three lowest
  localparam [BITS-1:0] LESS_1 = DIGITS & (DIGITS - 1);
  localparam [BITS-1:0] LESS_2 = LESS_1 & (LESS_1 - 1);
  localparam [BITS-1:0] LESS_3 = LESS_2 & (LESS_2 - 1);
  // the three lowest
  localparam [BITS-1:0] DIGIT_1 = DIGITS & ~LESS_1;
  localparam [BITS-1:0] DIGIT_2 = LESS_1 & ~LESS_2;
  localparam [BITS-1:0] DIGIT_3 = LESS_2 & ~LESS_3;

  generate
    if (LESS_3 == 0) begin : g_add
      wire signed [BITS-1:0] wide = {{(BITS-X_BITS){x[X_BITS-1]}}, x};
      wire signed [BITS-1:0] share_1 = (DIGIT_1 == 0) ? 0 : wide <<< $clog2(DIGIT_1);
      wire signed [BITS-1:0] share_2 = (DIGIT_2 == 0) ? 0 : wide <<< $clog2(DIGIT_2);
      wire signed [BITS-1:0] share_3 = (DIGIT_3 == 0) ? 0 : wide <<< $clog2(DIGIT_3);
      // the highest digit is 1
      wire signed [BITS-1:0] upper = ((MINUS & DIGIT_2) != 0) ? share_3 - share_2 : share_3 + share_2;
      assign product = ((MINUS & DIGIT_1) != 0) ? upper - share_1 : upper + share_1;
    end else begin : g_multiply
      localparam signed [BITS-1:0] CONSTANT = FACTOR;
      assign product = x * CONSTANT;
    end
  endgenerate

endmodule

`default_nettype wire
