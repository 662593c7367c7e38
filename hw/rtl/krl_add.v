// SPDX-License-Identifier: Apache-2.0
//
// krl_add: two streams into one, element by element: two factors, a sum, a rounding shift, a clamp.
//
// Equation: t = LEFT_FACTOR * x + RIGHT_FACTOR * y + OFFSET, or - RIGHT_FACTOR * y with SUBTRACT;
//           z = clamp((t + (t < 0 ? ROUND_NEGATIVE : ROUND_POSITIVE)) >>> SHIFT)
//           With TABLE 1 a table replaces LEFT_FACTOR * x + OFFSET, with TABLE 2
//           RIGHT_FACTOR * y: one word per code, addressed by its bits. The zero points are in the constants.
//           The planner proves, for every pair of codes that can meet, that z is the reference function.
//
// Latency:  6 cycles. One beat per cycle.
// Stream:   a beat enters when both inputs offer one: s0_axis_tready waits for s1_axis_tvalid and vice
//           versa. The pipeline stands still as a whole while its last beat is not taken.
// Legal:    LANES >= 1; factors from 0 to 2**(TOTAL_BITS-2) - 1; SHIFT >= 0; BITS <= 32;
//           CLAMP_MIN <= CLAMP_MAX within BITS; TOTAL_BITS holds t and t + rounding and is at least
//           LEFT_BITS + 1, RIGHT_BITS + 1, SHIFT + 1 and BITS + 1.

`default_nettype none

module krl_add #(
  // elements per beat
  parameter integer LANES = 1,
  // bits of x, of y, of the totals, of z
  parameter integer LEFT_BITS = 8,
  parameter integer RIGHT_BITS = 8,
  parameter integer TOTAL_BITS = 24,
  parameter integer BITS = 8,
  parameter [TOTAL_BITS-1:0] LEFT_FACTOR = 1,
  parameter [TOTAL_BITS-1:0] RIGHT_FACTOR = 1,
  // 1: the right share is taken from the left one
  parameter integer SUBTRACT = 0,
  parameter [TOTAL_BITS-1:0] OFFSET = 0,
  parameter [TOTAL_BITS-1:0] ROUND_POSITIVE = 1,
  parameter [TOTAL_BITS-1:0] ROUND_NEGATIVE = 0,
  parameter integer SHIFT = 1,
  // the operand that a table stands for, and its words of TOTAL_BITS, one per line, in hexadecimal
  parameter integer TABLE = 0,
  parameter FILE = "",
  // 1: block RAM, 0: look-up tables
  parameter integer BLOCK = 0,
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

  generate
    if (!((LANES >= 1 && BITS >= 1 && BITS <= 32 && SHIFT >= 0 && CLAMP_MIN <= CLAMP_MAX) &&
          (CLAMP_MIN >= -(1 << (BITS - 1)) && CLAMP_MAX <= (1 << (BITS - 1)) - 1 || BITS == 32) &&
          (TOTAL_BITS > LEFT_BITS && TOTAL_BITS > RIGHT_BITS && TOTAL_BITS > SHIFT && TOTAL_BITS > BITS) &&
          (LEFT_FACTOR >> (TOTAL_BITS - 2) == 0 && RIGHT_FACTOR >> (TOTAL_BITS - 2) == 0))
    ) begin : g_legal
      illegal_parameters_of_krl_add see_legal_in_its_header ();
    end
  endgenerate

  reg [5:0] valid_pipe;

  wire advance = m_axis_tready || !m_axis_tvalid;

  assign s0_axis_tready = advance && s1_axis_tvalid;
  assign s1_axis_tready = advance && s0_axis_tvalid;
  assign m_axis_tvalid = valid_pipe[5];

  always @(posedge clk) begin
    if (advance) begin
      valid_pipe <= {valid_pipe[4:0], s0_axis_tvalid && s1_axis_tvalid};
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
      wire signed [TOTAL_BITS-1:0] left;
      wire signed [TOTAL_BITS-1:0] right;
      reg signed [TOTAL_BITS-1:0] total;
      reg signed [TOTAL_BITS-1:0] rounded;
      reg [BITS-1:0] unclamped;
      reg too_low;
      reg too_high;
      reg [BITS-1:0] code;

      wire signed [TOTAL_BITS-1:0] lowest = {{(TOTAL_BITS-BITS){CLAMP_MIN[BITS-1]}}, CLAMP_MIN[BITS-1:0]};
      wire signed [TOTAL_BITS-1:0] highest = {{(TOTAL_BITS-BITS){CLAMP_MAX[BITS-1]}}, CLAMP_MAX[BITS-1:0]};
      wire signed [TOTAL_BITS-1:0] rounding = total[TOTAL_BITS-1] ? ROUND_NEGATIVE : ROUND_POSITIVE;
      wire signed [TOTAL_BITS-1:0] with_rounding = total + rounding;

      if (TABLE == 1) begin : g_left_table
        krl_rom #(
          .WIDTH(TOTAL_BITS),
          .DEPTH(1 << LEFT_BITS),
          .FILE(FILE),
          .BLOCK(BLOCK)
        ) rom (
          .clk(clk),
          .enable(advance),
          .address(x),
          .data(left)
        );
      end else begin : g_left_factor
        wire signed [TOTAL_BITS-1:0] scaled;
        reg signed [TOTAL_BITS-1:0] share;
        krl_scale #(
          .X_BITS(LEFT_BITS),
          .BITS(TOTAL_BITS),
          .FACTOR(LEFT_FACTOR),
          .OFFSET(OFFSET)
        ) scale (
          .x(x),
          .y(scaled)
        );
        always @(posedge clk) if (advance) share <= scaled;
        assign left = share;
      end

      if (TABLE == 2) begin : g_right_table
        krl_rom #(
          .WIDTH(TOTAL_BITS),
          .DEPTH(1 << RIGHT_BITS),
          .FILE(FILE),
          .BLOCK(BLOCK)
        ) rom (
          .clk(clk),
          .enable(advance),
          .address(y),
          .data(right)
        );
      end else begin : g_right_factor
        wire signed [TOTAL_BITS-1:0] scaled;
        reg signed [TOTAL_BITS-1:0] share;
        krl_scale #(
          .X_BITS(RIGHT_BITS),
          .BITS(TOTAL_BITS),
          .FACTOR(RIGHT_FACTOR)
        ) scale (
          .x(y),
          .y(scaled)
        );
        always @(posedge clk) if (advance) share <= scaled;
        assign right = share;
      end

      always @(posedge clk) begin
        if (advance) begin
          x <= s0_axis_tdata[i*LEFT_BITS +: LEFT_BITS];
          y <= s1_axis_tdata[i*RIGHT_BITS +: RIGHT_BITS];
          total <= (SUBTRACT != 0) ? left - right : left + right;
          rounded <= with_rounding >>> SHIFT;
          unclamped <= rounded[BITS-1:0];
          too_low <= rounded < lowest;
          too_high <= rounded > highest;
          code <= too_low ? CLAMP_MIN[BITS-1:0] : too_high ? CLAMP_MAX[BITS-1:0] : unclamped;
        end
      end

      assign m_axis_tdata[i*BITS +: BITS] = code;
    end
  endgenerate

endmodule

`default_nettype wire
