// SPDX-License-Identifier: Apache-2.0
//
// krl_add: two streams into one, element by element: two factors, a sum, a rounding shift, a clamp.
//
// Equation: t = LEFT_FACTOR * x + RIGHT_FACTOR * y + OFFSET, or - RIGHT_FACTOR * y with SUBTRACT;
//           z = clamp((t + (t < 0 ? ROUND_NEGATIVE : ROUND_POSITIVE)) >>> SHIFT)
//           The zero points are in the constants. The planner proves, for every pair of codes that can meet,
//           that z is the reference function.
//
// Latency:  5 cycles. One beat a cycle.
// Stream:   a beat enters when both inputs offer one: s0_axis_tready waits for s1_axis_tvalid and the
//           reverse. The pipeline stands still as a whole while its last beat is not taken.
// Legal:    factors from 0 to 2**(TOTAL_BITS-2) - 1; SHIFT >= 0; CLAMP_MIN <= CLAMP_MAX within BITS;
//           TOTAL_BITS holds t and t + rounding and is at least LEFT_BITS + 1, RIGHT_BITS + 1, SHIFT + 1 and
//           BITS + 1.

`default_nettype none

module krl_add #(
  // elements of a beat
  parameter LANES = 1,
  // bits of x, of y, of the totals, of z
  parameter LEFT_BITS = 8,
  parameter RIGHT_BITS = 8,
  parameter TOTAL_BITS = 24,
  parameter BITS = 8,
  parameter [TOTAL_BITS-1:0] LEFT_FACTOR = 1,
  parameter [TOTAL_BITS-1:0] RIGHT_FACTOR = 1,
  // 1: the right share is taken from the left one
  parameter SUBTRACT = 0,
  parameter [TOTAL_BITS-1:0] OFFSET = 0,
  parameter [TOTAL_BITS-1:0] ROUND_POSITIVE = 1,
  parameter [TOTAL_BITS-1:0] ROUND_NEGATIVE = 0,
  parameter SHIFT = 1,
  parameter integer CLAMP_MIN = -128,
  parameter integer CLAMP_MAX = 127
) (
  input  wire                        clk,
  input  wire                        rst,

  input  wire [LANES*LEFT_BITS-1:0]  s0_axis_tdata,
  input  wire                        s0_axis_tvalid,
  output wire                        s0_axis_tready,

  input  wire [LANES*RIGHT_BITS-1:0] s1_axis_tdata,
  input  wire                        s1_axis_tvalid,
  output wire                        s1_axis_tready,

  output wire [LANES*BITS-1:0]       m_axis_tdata,
  output wire                        m_axis_tvalid,
  input  wire                        m_axis_tready
);

  reg [4:0] valid_pipe;

  wire advance = m_axis_tready || !m_axis_tvalid;

  assign s0_axis_tready = advance && s1_axis_tvalid;
  assign s1_axis_tready = advance && s0_axis_tvalid;
  assign m_axis_tvalid = valid_pipe[4];

  always @(posedge clk) begin
    if (advance) begin
      valid_pipe <= {valid_pipe[3:0], s0_axis_tvalid && s1_axis_tvalid};
    end
    if (rst) begin
      valid_pipe <= 0;
    end
  end

  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
      reg signed [LEFT_BITS-1:0] x;
      reg signed [RIGHT_BITS-1:0] y;
      reg signed [TOTAL_BITS-1:0] left;
      reg signed [TOTAL_BITS-1:0] right;
      reg signed [TOTAL_BITS-1:0] total;
      reg signed [TOTAL_BITS-1:0] rounded;
      reg [BITS-1:0] code;

      wire signed [TOTAL_BITS-1:0] left_product;
      wire signed [TOTAL_BITS-1:0] right_product;
      wire signed [TOTAL_BITS-1:0] lowest = {{(TOTAL_BITS-BITS){CLAMP_MIN[BITS-1]}}, CLAMP_MIN[BITS-1:0]};
      wire signed [TOTAL_BITS-1:0] highest = {{(TOTAL_BITS-BITS){CLAMP_MAX[BITS-1]}}, CLAMP_MAX[BITS-1:0]};
      wire signed [TOTAL_BITS-1:0] rounding = total[TOTAL_BITS-1] ? ROUND_NEGATIVE : ROUND_POSITIVE;
      wire signed [TOTAL_BITS-1:0] tilted = total + rounding;

      krl_scale #(
        .X_BITS(LEFT_BITS),
        .BITS(TOTAL_BITS),
        .FACTOR(LEFT_FACTOR)
      ) scale_left (
        .x(x),
        .product(left_product)
      );

      krl_scale #(
        .X_BITS(RIGHT_BITS),
        .BITS(TOTAL_BITS),
        .FACTOR(RIGHT_FACTOR)
      ) scale_right (
        .x(y),
        .product(right_product)
      );

      always @(posedge clk) begin
        if (advance) begin
          x <= s0_axis_tdata[i*LEFT_BITS +: LEFT_BITS];
          y <= s1_axis_tdata[i*RIGHT_BITS +: RIGHT_BITS];
          left <= left_product + OFFSET;
          right <= right_product;
          total <= (SUBTRACT != 0) ? left - right : left + right;
          rounded <= tilted >>> SHIFT;
          code <= (rounded < lowest) ? CLAMP_MIN[BITS-1:0]
                : (rounded > highest) ? CLAMP_MAX[BITS-1:0]
                : rounded[BITS-1:0];
        end
      end

      assign m_axis_tdata[i*BITS +: BITS] = code;
    end
  endgenerate

endmodule

`default_nettype wire
