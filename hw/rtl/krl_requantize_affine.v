// SPDX-License-Identifier: Apache-2.0
//
// krl_requantize_affine: from accumulators to codes, with a multiplier and an offset for each channel.
//
// Equation: t = acc * multiplier + offset;  y = clamp(zero_point + ((t + rounding) >>> SHIFT))
//           rounding = 0, or, where NEGATIVE_CORRECTION_BITS > 0, 2**(SHIFT-1) + negative_correction for
//           t >= 0 and 2**(SHIFT-1) - negative_correction for t < 0: gemmlowp's two roundings in one. The bias
//           and, where there is no correction, the rounding are in the offset. The planner proves, for every
//           accumulator that can occur, that y is the reference function.
//
// Constants: one word per beat of channels, the address counts 0 .. PERIOD-1 and repeats; lane 0 in the low
//           bits, and in a lane, from the low end: multiplier (unsigned), offset (signed),
//           negative_correction (unsigned, if NEGATIVE_CORRECTION_BITS > 0).
// Latency:  8 cycles; 9 if the accumulator or the multiplier and its sign have more than 18 bits, 10 if both do:
//           blocks multiply 18 x 18 bits or a few more, and the sum of their products takes the time. One beat per
//           cycle.
// Stream:   the whole pipeline stalls until its last beat is accepted.
// Legal:    LANES, PERIOD, SHIFT, MULTIPLIER_BITS >= 1; ACC_BITS, OFFSET_BITS >= 2; BITS <= 31; ZERO_POINT and
//           CLAMP_MIN <= CLAMP_MAX within BITS; TOTAL_BITS holds acc * multiplier, t and t + rounding, and is
//           at least OFFSET_BITS, NEGATIVE_CORRECTION_BITS + 1, SHIFT + 1 and BITS + 2.

`default_nettype none

module krl_requantize_affine #(
  // elements per beat, beats until the constants repeat
  parameter integer LANES = 1,
  parameter integer PERIOD = 16,
  // bits of an arriving accumulator, of the constants, of the totals, of a code
  parameter integer ACC_BITS = 24,
  parameter integer MULTIPLIER_BITS = 18,
  parameter integer OFFSET_BITS = 32,
  parameter integer NEGATIVE_CORRECTION_BITS = 0,
  parameter integer TOTAL_BITS = 42,
  parameter integer BITS = 8,
  parameter integer SHIFT = 24,
  parameter integer ZERO_POINT = 0,
  parameter integer CLAMP_MIN = -128,
  parameter integer CLAMP_MAX = 127,
  // follow from the above; do not set
  parameter integer WORD_BITS = LANES * (MULTIPLIER_BITS + OFFSET_BITS + NEGATIVE_CORRECTION_BITS),
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
    if (!((LANES >= 1 && PERIOD >= 1 && SHIFT >= 1 && MULTIPLIER_BITS >= 1) &&
          (ACC_BITS >= 2 && OFFSET_BITS >= 2 && BITS <= 31 && CLAMP_MIN <= CLAMP_MAX) &&
          (TOTAL_BITS >= OFFSET_BITS && TOTAL_BITS > NEGATIVE_CORRECTION_BITS && TOTAL_BITS > SHIFT) &&
          (TOTAL_BITS >= BITS + 2 && ADDRESS_BITS == ((PERIOD > 1) ? $clog2(PERIOD) : 1)) &&
          (WORD_BITS == LANES * (MULTIPLIER_BITS + OFFSET_BITS + NEGATIVE_CORRECTION_BITS)))
    ) begin : g_legal
      illegal_parameters_of_krl_requantize_affine see_legal_in_its_header ();
    end
  endgenerate

  localparam LANE_BITS = MULTIPLIER_BITS + OFFSET_BITS + NEGATIVE_CORRECTION_BITS;
  localparam PRODUCT_BITS = ACC_BITS + MULTIPLIER_BITS + 1;
  localparam REGISTERS = 2 + ((ACC_BITS > 18) ? 1 : 0) + ((MULTIPLIER_BITS + 1 > 18) ? 1 : 0);
  localparam LATENCY = 6 + REGISTERS;
  localparam integer LAST_BEAT = PERIOD - 1;
  // the clamp, moved to before the zero point is added: BITS + 1 bits
  localparam integer LOWEST = CLAMP_MIN - ZERO_POINT;
  localparam integer HIGHEST = CLAMP_MAX - ZERO_POINT;

  reg [ADDRESS_BITS-1:0] beat;
  reg [LATENCY-1:0] valid_pipe;

  wire advance = m_axis_tready || !m_axis_tvalid;

  assign s_axis_tready = advance;
  assign m_axis_tvalid = valid_pipe[LATENCY-1];
  assign constant_enable = advance;
  assign constant_address = beat;

  always @(posedge clk) begin
    if (advance) begin
      valid_pipe <= {valid_pipe[LATENCY-2:0], s_axis_tvalid};
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
      // _1, _2, ...: so many cycles behind the arriving beat
      reg signed [ACC_BITS-1:0] accumulator_1;
      reg signed [ACC_BITS-1:0] accumulator_2;
      reg signed [MULTIPLIER_BITS:0] multiplier;
      // beside the registers of the multiplier, the last one on top
      reg [(REGISTERS+1)*OFFSET_BITS-1:0] offsets;
      reg signed [TOTAL_BITS-1:0] total;
      reg signed [TOTAL_BITS-1:0] rounded;
      reg [BITS-1:0] unclamped;
      reg too_low;
      reg too_high;
      reg [BITS-1:0] code;

      wire [LANE_BITS-1:0] constants = constant_data[i*LANE_BITS +: LANE_BITS];
      wire signed [PRODUCT_BITS-1:0] product;
      wire signed [TOTAL_BITS-1:0] product_wide;
      wire [OFFSET_BITS-1:0] offset = offsets[REGISTERS*OFFSET_BITS +: OFFSET_BITS];
      wire signed [TOTAL_BITS-1:0] offset_wide =
          {{(TOTAL_BITS-OFFSET_BITS+1){offset[OFFSET_BITS-1]}}, offset[OFFSET_BITS-2:0]};
      wire signed [TOTAL_BITS-1:0] lowest = {{(TOTAL_BITS-BITS){LOWEST[BITS]}}, LOWEST[BITS-1:0]};
      wire signed [TOTAL_BITS-1:0] highest = {{(TOTAL_BITS-BITS){HIGHEST[BITS]}}, HIGHEST[BITS-1:0]};
      wire signed [TOTAL_BITS-1:0] corrected;

      krl_multiplier #(
        .A_BITS(ACC_BITS),
        .B_BITS(MULTIPLIER_BITS + 1),
        .REGISTERS(REGISTERS)
      ) multiply (
        .clk(clk),
        .enable(advance),
        .a(accumulator_2),
        .b(multiplier),
        .product(product)
      );

      if (TOTAL_BITS > PRODUCT_BITS) begin : g_extend
        assign product_wide = {{(TOTAL_BITS-PRODUCT_BITS){product[PRODUCT_BITS-1]}}, product};
      end else begin : g_truncate
        wire unused_product_bits = &{1'b0, product};
        assign product_wide = product[TOTAL_BITS-1:0];
      end

      if (NEGATIVE_CORRECTION_BITS > 0) begin : g_negative_correction
        localparam signed [TOTAL_BITS-1:0] HALF = {{(TOTAL_BITS-1){1'b0}}, 1'b1} << (SHIFT - 1);
        // one register more than the offset has
        reg [(REGISTERS+2)*NEGATIVE_CORRECTION_BITS-1:0] corrections;
        wire [NEGATIVE_CORRECTION_BITS-1:0] correction =
            corrections[(REGISTERS+1)*NEGATIVE_CORRECTION_BITS +: NEGATIVE_CORRECTION_BITS];
        wire signed [TOTAL_BITS-1:0] wide = {{(TOTAL_BITS-NEGATIVE_CORRECTION_BITS){1'b0}}, correction};
        assign corrected = total + HALF + (total[TOTAL_BITS-1] ? -wide : wide);
        always @(posedge clk) begin
          if (advance) begin
            corrections <= {corrections[(REGISTERS+1)*NEGATIVE_CORRECTION_BITS-1:0],
                            constants[MULTIPLIER_BITS+OFFSET_BITS +: NEGATIVE_CORRECTION_BITS]};
          end
        end
      end else begin : g_no_negative_correction
        assign corrected = total;
      end

      always @(posedge clk) begin
        if (advance) begin
          accumulator_1 <= s_axis_tdata[i*ACC_BITS +: ACC_BITS];
          accumulator_2 <= accumulator_1;
          offsets <= {offsets[REGISTERS*OFFSET_BITS-1:0], constants[MULTIPLIER_BITS +: OFFSET_BITS]};
          // straight from a block RAM the way to the multiplier would be long
          multiplier <= {1'b0, constants[MULTIPLIER_BITS-1:0]};
          total <= product_wide + offset_wide;
          rounded <= corrected >>> SHIFT;
          unclamped <= rounded[BITS-1:0] + ZERO_POINT[BITS-1:0];
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
