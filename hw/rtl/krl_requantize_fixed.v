// SPDX-License-Identifier: Apache-2.0
//
// krl_requantize_fixed: from accumulators to codes, by moving the binary point.
//
// Equation: a = acc + (bias << BIAS_SHIFT);  y = clamp(round(a * 2**-SHIFT)), ties away from zero
//
// Constants: one word per beat of channels, the address counts 0 .. PERIOD-1 and repeats; lane i's signed bias
//           at bits i * BIAS_BITS.
// Latency:  5 cycles. One beat per cycle.
// Stream:   the whole pipeline stalls until its last beat is accepted.
// Legal:    LANES, PERIOD >= 1; ACC_BITS, BIAS_BITS, BITS >= 2; BITS <= 32; BIAS_SHIFT >= 0; SHIFT may be
//           negative (a shift left); CLAMP_MIN <= CLAMP_MAX within BITS; BIASED_BITS is at least ACC_BITS,
//           BIAS_BITS and BITS, and it holds every sum.

`default_nettype none

module krl_requantize_fixed #(
  // elements per beat, beats until the constants repeat
  parameter integer LANES = 1,
  parameter integer PERIOD = 16,
  // bits of an arriving accumulator, of the bias, of their sum, of a code
  parameter integer ACC_BITS = 24,
  parameter integer BIAS_BITS = 8,
  parameter integer BIASED_BITS = 24,
  parameter integer BITS = 8,
  parameter integer BIAS_SHIFT = 0,
  parameter integer SHIFT = 8,
  parameter integer CLAMP_MIN = -128,
  parameter integer CLAMP_MAX = 127,
  // follow from the above; do not set
  parameter integer WORD_BITS = LANES * BIAS_BITS,
  parameter integer ADDRESS_BITS = (PERIOD > 1) ? $clog2(PERIOD) : 1
) (
  input  wire                      clk,
  input  wire                      rst,

  input  wire [LANES*ACC_BITS-1:0] s_axis_tdata,
  input  wire                      s_axis_tvalid,
  output wire                      s_axis_tready,

  output wire                      constant_enable,
  output wire [ADDRESS_BITS-1:0]   constant_address,
  input  wire [WORD_BITS-1:0]      constant_data,

  output wire [LANES*BITS-1:0]     m_axis_tdata,
  output wire                      m_axis_tvalid,
  input  wire                      m_axis_tready
);

  generate
    if (!((LANES >= 1 && PERIOD >= 1 && ACC_BITS >= 2 && BIAS_BITS >= 2 && BITS >= 2 && BITS <= 32) &&
          (BIAS_SHIFT >= 0 && CLAMP_MIN <= CLAMP_MAX) &&
          (BIASED_BITS >= ACC_BITS && BIASED_BITS >= BIAS_BITS && BIASED_BITS >= BITS) &&
          (WORD_BITS == LANES * BIAS_BITS && ADDRESS_BITS == ((PERIOD > 1) ? $clog2(PERIOD) : 1)))
    ) begin : g_legal
      illegal_parameters_of_krl_requantize_fixed see_legal_in_its_header ();
    end
  endgenerate

  // room for a shift to the left, and one bit for the rounding constant
  localparam WIDE_BITS = BIASED_BITS + 1 + ((SHIFT < 0) ? -SHIFT : 0);
  localparam integer LAST_BEAT = PERIOD - 1;

  reg [ADDRESS_BITS-1:0] beat;
  reg [4:0] valid_pipe;

  wire advance = m_axis_tready || !m_axis_tvalid;

  assign s_axis_tready = advance;
  assign m_axis_tvalid = valid_pipe[4];
  assign constant_enable = advance;
  assign constant_address = beat;

  always @(posedge clk) begin
    if (advance) begin
      valid_pipe <= {valid_pipe[3:0], s_axis_tvalid};
      if (s_axis_tvalid) begin
        beat <= (beat == LAST_BEAT[ADDRESS_BITS-1:0]) ? 0 : beat + 1'b1;
      end
    end
    if (rst) begin
      valid_pipe <= 0;
      beat <= 0;
    end
  end

  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
      reg signed [ACC_BITS-1:0] accumulator;
      reg signed [BIASED_BITS-1:0] biased;
      reg signed [WIDE_BITS-1:0] rounded;
      reg [BITS-1:0] unclamped;
      reg too_low;
      reg too_high;
      reg [BITS-1:0] code;

      wire [BIAS_BITS-1:0] constant = constant_data[i*BIAS_BITS +: BIAS_BITS];
      wire signed [BIASED_BITS-1:0] bias =
          {{(BIASED_BITS-BIAS_BITS+1){constant[BIAS_BITS-1]}}, constant[BIAS_BITS-2:0]};
      wire signed [BIASED_BITS-1:0] sum =
          {{(BIASED_BITS-ACC_BITS+1){accumulator[ACC_BITS-1]}}, accumulator[ACC_BITS-2:0]}
          + (bias <<< BIAS_SHIFT);
      wire signed [WIDE_BITS-1:0] wide = {{(WIDE_BITS-BIASED_BITS){biased[BIASED_BITS-1]}}, biased};
      wire signed [WIDE_BITS-1:0] lowest = {{(WIDE_BITS-BITS+1){CLAMP_MIN[BITS-1]}}, CLAMP_MIN[BITS-2:0]};
      wire signed [WIDE_BITS-1:0] highest = {{(WIDE_BITS-BITS+1){CLAMP_MAX[BITS-1]}}, CLAMP_MAX[BITS-2:0]};
      wire signed [WIDE_BITS-1:0] moved;

      if (SHIFT > BIASED_BITS) begin : g_away
        // less than half of the last place
        wire unused_sum = &{1'b0, wide};
        assign moved = 0;
      end else if (SHIFT > 0) begin : g_right
        localparam signed [WIDE_BITS-1:0] HALF = {{(WIDE_BITS-1){1'b0}}, 1'b1} << (SHIFT - 1);
        localparam signed [WIDE_BITS-1:0] HALF_DOWN = HALF - 1;
        assign moved = (wide + (biased[BIASED_BITS-1] ? HALF_DOWN : HALF)) >>> SHIFT;
      end else begin : g_left
        assign moved = wide <<< (-SHIFT);
      end

      always @(posedge clk) begin
        if (advance) begin
          accumulator <= s_axis_tdata[i*ACC_BITS +: ACC_BITS];
          biased <= sum;
          rounded <= moved;
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
