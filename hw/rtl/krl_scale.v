// SPDX-License-Identifier: Apache-2.0
//
// krl_scale: a signed number times a positive constant, plus a constant.
//
// Equation: y = FACTOR * x + OFFSET, modulo 2**BITS.
//
// FACTOR is taken apart into digits -1, 0 and 1 of which no two neighbours are both other than 0 (the
// canonical signed-digit form, which has the fewest). Up to three of them are added and subtracted, a power
// of two is wiring. For more, each four bits of x look up their share in a table.
//
// Latency:  none, there is no register.
// Legal:    X_BITS >= 1, BITS > X_BITS, 0 <= FACTOR < 2**(BITS-2).

`default_nettype none

module krl_scale #(
  // bits of x, of the product
  parameter integer X_BITS = 8,
  parameter integer BITS = 24,
  parameter [BITS-1:0] FACTOR = 5,
  parameter [BITS-1:0] OFFSET = 0
) (
  input  wire signed [X_BITS-1:0] x,
  output wire signed [BITS-1:0]   y
);

  generate
    if (!(X_BITS >= 1 && BITS > X_BITS && FACTOR >> (BITS - 2) == 0)) begin : g_legal
      illegal_parameters_of_krl_scale see_legal_in_its_header ();
    end
  endgenerate

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

  localparam [BITS-1:0] TIMES_3 = FACTOR + (FACTOR << 1);
  localparam [BITS-1:0] TIMES_5 = FACTOR + (FACTOR << 2);
  localparam [BITS-1:0] TIMES_7 = (FACTOR << 3) - FACTOR;

  // a table of FACTOR times the four bits, or, with is_top, times the signed number that they are, plus
  // start; written out, for tools make look-up tables of a case and much more of a part-select
  function [BITS-1:0] share(input [3:0] bits, input is_top, input [BITS-1:0] start);
    case (bits)
      4'd0: share = start;
      4'd1: share = start + FACTOR;
      4'd2: share = start + (FACTOR << 1);
      4'd3: share = start + TIMES_3;
      4'd4: share = start + (FACTOR << 2);
      4'd5: share = start + TIMES_5;
      4'd6: share = start + (TIMES_3 << 1);
      4'd7: share = start + TIMES_7;
      4'd8: share = (is_top ? start - (FACTOR << 3) : start + (FACTOR << 3));
      4'd9: share = (is_top ? start - (FACTOR << 3) : start + (FACTOR << 3)) + FACTOR;
      4'd10: share = (is_top ? start - (FACTOR << 3) : start + (FACTOR << 3)) + (FACTOR << 1);
      4'd11: share = (is_top ? start - (FACTOR << 3) : start + (FACTOR << 3)) + TIMES_3;
      4'd12: share = (is_top ? start - (FACTOR << 3) : start + (FACTOR << 3)) + (FACTOR << 2);
      4'd13: share = (is_top ? start - (FACTOR << 3) : start + (FACTOR << 3)) + TIMES_5;
      4'd14: share = (is_top ? start - (FACTOR << 3) : start + (FACTOR << 3)) + (TIMES_3 << 1);
      default: share = (is_top ? start - (FACTOR << 3) : start + (FACTOR << 3)) + TIMES_7;
    endcase
  endfunction

  generate
    if (LESS_3 == 0) begin : g_add
      wire signed [BITS-1:0] wide = {{(BITS-X_BITS){x[X_BITS-1]}}, x};
      wire signed [BITS-1:0] share_1 = (DIGIT_1 == 0) ? 0 : wide <<< $clog2(DIGIT_1);
      wire signed [BITS-1:0] share_2 = (DIGIT_2 == 0) ? 0 : wide <<< $clog2(DIGIT_2);
      wire signed [BITS-1:0] share_3 = (DIGIT_3 == 0) ? 0 : wide <<< $clog2(DIGIT_3);
      // the highest digit is 1
      wire signed [BITS-1:0] upper = ((MINUS & DIGIT_2) != 0) ? share_3 - share_2 : share_3 + share_2;
      wire signed [BITS-1:0] product = ((MINUS & DIGIT_1) != 0) ? upper - share_1 : upper + share_1;
      assign y = product + OFFSET;
    end else begin : g_table
      localparam NIBBLES = (X_BITS + 3) / 4;
      wire [4*NIBBLES-1:0] padded;
      reg [BITS-1:0] sum;
      integer n;
      if (4 * NIBBLES > X_BITS) begin : g_pad
        assign padded = {{(4*NIBBLES-X_BITS){x[X_BITS-1]}}, x};
      end else begin : g_full
        assign padded = x;
      end
      always @* begin
        sum = share(padded[4*NIBBLES-4 +: 4], 1'b1, (NIBBLES > 1) ? {BITS{1'b0}} : OFFSET)
            << (4 * NIBBLES - 4);
        if (NIBBLES > 1) sum = sum + share(padded[3:0], 1'b0, OFFSET);
        for (n = 1; n < NIBBLES - 1; n = n + 1) begin
          sum = sum + (share(padded[4*n +: 4], 1'b0, {BITS{1'b0}}) << (4 * n));
        end
      end
      assign y = sum;
    end
  endgenerate

endmodule

`default_nettype wire
