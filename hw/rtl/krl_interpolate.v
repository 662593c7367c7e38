// SPDX-License-Identifier: Apache-2.0
//
// krl_interpolate: a number between two others, kept exact.
//
// Equation: y = a * 2**WEIGHT_BITS + weight * (b - a), signed, of an unsigned weight. It lies between a and b times
//           2**WEIGHT_BITS, and so fits in as many bits more.
//
// Weights of up to 3 bits are adders, larger ones a krl_multiplier.
//
// Latency:  3 cycles in which enable is high; everything holds while it is low.
// Legal:    X_BITS, WEIGHT_BITS >= 1.

`default_nettype none

module krl_interpolate #(
  // bits of a and b, of the weight
  parameter integer X_BITS = 8,
  parameter integer WEIGHT_BITS = 11
) (
  input  wire                                 clk,
  input  wire                                 enable,

  input  wire signed [X_BITS-1:0]             a,
  input  wire signed [X_BITS-1:0]             b,
  input  wire        [WEIGHT_BITS-1:0]        weight,
  output reg  signed [X_BITS+WEIGHT_BITS-1:0] y
);

  generate
    if (!(X_BITS >= 1 && WEIGHT_BITS >= 1)) begin : g_legal
      illegal_parameters_of_krl_interpolate see_legal_in_its_header ();
    end
  endgenerate

  localparam Y_BITS = X_BITS + WEIGHT_BITS;

  wire signed [X_BITS:0] difference = {b[X_BITS-1], b} - {a[X_BITS-1], a};
  // what is left of it modulo 2**Y_BITS is enough for y
  wire [Y_BITS-1:0] product;
  reg [X_BITS-1:0] a_held;
  reg [X_BITS-1:0] a_behind;

  always @(posedge clk) begin
    if (enable) begin
      a_held <= a;
      a_behind <= a_held;
      y <= {a_behind, {WEIGHT_BITS{1'b0}}} + product;
    end
  end

  generate
    if (WEIGHT_BITS <= 3) begin : g_adders
      reg signed [X_BITS:0] held;
      reg [WEIGHT_BITS-1:0] weight_held;
      wire [3:0] digits = {{(4-WEIGHT_BITS){1'b0}}, weight_held};
      wire unused_digit = digits[3];
      reg [Y_BITS-1:0] sum;
      wire [Y_BITS-1:0] once;

      assign product = sum;
      if (WEIGHT_BITS > 1) begin : g_sign
        assign once = {{(WEIGHT_BITS-1){held[X_BITS]}}, held};
      end else begin : g_exact
        assign once = held;
      end

      always @(posedge clk) begin
        if (enable) begin
          held <= difference;
          weight_held <= weight;
          sum <= ({Y_BITS{digits[0]}} & once) + ({Y_BITS{digits[1]}} & (once << 1))
               + ({Y_BITS{digits[2]}} & (once << 2));
        end
      end
    end else begin : g_multiplier
      wire [Y_BITS+1:0] whole;
      wire unused_signs = &{1'b0, whole[Y_BITS+1:Y_BITS]};

      assign product = whole[Y_BITS-1:0];

      krl_multiplier #(
        .A_BITS(X_BITS + 1),
        .B_BITS(WEIGHT_BITS + 1)
      ) multiplier (
        .clk(clk),
        .enable(enable),
        .a(difference),
        .b({1'b0, weight}),
        .product(whole)
      );
    end
  endgenerate

endmodule

`default_nettype wire
