// SPDX-License-Identifier: Apache-2.0
//
// krl_multiplier for ECP5: the same as hw/rtl/krl_multiplier.v, in the blocks' own registers.
//
// Up to 18 x 18 bits take one block. Wider operands, up to 35 bits, are cut at 17 bits; the parts' products are
// added behind the blocks, in the last cycle, or with four registers in the last two. Products that are cheaper
// in look-up tables, and wider ones, are left to synthesis.
//
// Latency:  REGISTERS cycles in which enable is high; all stands still while it is low.
// Legal:    A_BITS, B_BITS >= 2; REGISTERS 2 to 4.

`default_nettype none

module krl_multiplier #(
  // bits of the operands
  parameter A_BITS = 8,
  parameter B_BITS = 8,
  // of the operands, of the product, and what is left between and behind
  parameter REGISTERS = 2
) (
  input  wire                            clk,
  input  wire                            enable,
  input  wire signed [A_BITS-1:0]        a,
  input  wire signed [B_BITS-1:0]        b,
  output wire signed [A_BITS+B_BITS-1:0] product
);

  localparam BITS = A_BITS + B_BITS;
  localparam PAYS = A_BITS > 2 && B_BITS > 2 && BITS > 8;
  localparam FITS = A_BITS <= 18 && B_BITS <= 18;
  localparam CUTS = A_BITS <= 35 && B_BITS <= 35;

  // signs fill up the operands
  localparam A_FILL = CUTS ? 35 - A_BITS : 0;
  localparam B_FILL = CUTS ? 35 - B_BITS : 0;
  wire [A_FILL+A_BITS-1:0] a_wide = {{(A_FILL+1){a[A_BITS-1]}}, a[A_BITS-2:0]};
  wire [B_FILL+B_BITS-1:0] b_wide = {{(B_FILL+1){b[B_BITS-1]}}, b[B_BITS-2:0]};
  wire unused_signs = &{1'b0, a_wide, b_wide};

  // the product, and registers behind it if it has not taken all of them inside
  localparam INSIDE = (PAYS && CUTS && !FITS) ? REGISTERS : 2;
  wire [(REGISTERS-INSIDE+1)*BITS-1:0] behind;

  assign product = behind[(REGISTERS-INSIDE)*BITS +: BITS];

  genvar i;
  genvar k;
  generate
    for (i = 1; i <= REGISTERS - INSIDE; i = i + 1) begin : g_behind
      reg [BITS-1:0] held;
      assign behind[i*BITS +: BITS] = held;
      always @(posedge clk) if (enable) held <= behind[(i-1)*BITS +: BITS];
    end

    if (PAYS && FITS) begin : g_block
      wire [35:0] wide;

      krl_multiplier_block #(
        .INPUT_REGISTERS(1)
      ) whole (
        .clk(clk),
        .enable(enable),
        .a(a_wide[17:0]),
        .b(b_wide[17:0]),
        .product(wide)
      );

      assign behind[BITS-1:0] = wide[BITS-1:0];
      wire unused_product_bits = &{1'b0, wide};
    end else if (PAYS && CUTS) begin : g_parts
      // upper * 2**17 + lower, lower without a sign; what fits a block stays whole, as the lower part
      localparam A_PARTS = (A_BITS > 18) ? 2 : 1;
      localparam B_PARTS = (B_BITS > 18) ? 2 : 1;

      wire [35:0] a_part = (A_PARTS > 1) ? {a_wide[34:17], 1'b0, a_wide[16:0]} : {18'b0, a_wide[17:0]};
      wire [35:0] b_part = (B_PARTS > 1) ? {b_wide[34:17], 1'b0, b_wide[16:0]} : {18'b0, b_wide[17:0]};
      wire [4*70-1:0] shifted;
      // of the parts of b, for each part of a
      wire [69:0] lower = shifted[0 +: 70] + shifted[70 +: 70];
      wire [69:0] upper = shifted[140 +: 70] + shifted[210 +: 70];
      wire [2*70-1:0] addends;
      reg [69:0] sum;
      wire unused_part_bits = &{1'b0, a_part, b_part, sum};

      for (i = 0; i < 2; i = i + 1) begin : g_a
        for (k = 0; k < 2; k = k + 1) begin : g_b
          if (i < A_PARTS && k < B_PARTS) begin : g_used
            wire [35:0] part;

            krl_multiplier_block #(
              .INPUT_REGISTERS((REGISTERS > 2) ? 1 : 0)
            ) block (
              .clk(clk),
              .enable(enable),
              .a(a_part[18*i +: 18]),
              .b(b_part[18*k +: 18]),
              .product(part)
            );

            assign shifted[(2*i+k)*70 +: 70] = {{34{part[35]}}, part} << (17 * (i + k));
          end else begin : g_unused
            assign shifted[(2*i+k)*70 +: 70] = 70'b0;
          end
        end
      end

      if (REGISTERS > 3) begin : g_addends
        reg [2*70-1:0] held;
        assign addends = held;
        always @(posedge clk) if (enable) held <= {upper, lower};
      end else begin : g_at_once
        assign addends = {upper, lower};
      end

      assign behind[BITS-1:0] = sum[BITS-1:0];

      always @(posedge clk) begin
        if (enable) sum <= addends[0 +: 70] + addends[70 +: 70];
      end
    end else begin : g_logic
      reg signed [A_BITS-1:0] a_held;
      reg signed [B_BITS-1:0] b_held;
      reg signed [BITS-1:0] product_held;

      assign behind[BITS-1:0] = product_held;

      always @(posedge clk) begin
        if (enable) begin
          a_held <= a;
          b_held <= b;
          product_held <= a_held * b_held;
        end
      end
    end
  endgenerate

endmodule

`default_nettype wire
