// SPDX-License-Identifier: Apache-2.0
//
// krl_requantize_serial: as krl_requantize_affine, with a small multiplier that is used several times.
//
// Equation: t = (acc * multiplier + offset) >>> (STEPS * DIGIT_BITS + SHIFT);  y = clamp(ZERO_POINT + t)
//           With SIDES = 2 there are two offsets, the first for results below zero: where the t that it gives
//           is not negative, the second one counts.
//
// In each step one digit of the multiplier is multiplied, the least significant first. What is below the
// digits to come is final then: the digit of each offset is added to it, and nothing of it is kept but the
// carry. What the offsets have above all digits comes in STEPS parts beside them and is added at the end.
//
// DSP = 0:  DIGIT_BITS / 2 adders, the last one behind a register if there are more. Two bits of the multiplier
//           and the one below them, a b c, stand for c + b - 2a (Booth), so the top bit of the multiplier must be
//           0.
// DSP = 1:  a krl_multiplier; digits are unsigned.
//
// Constants: one word for each step of each beat of channels, the address counts 0 .. PERIOD * STEPS - 1 and
//           repeats; lane 0 in the low bits, and in a lane, from the low end: a digit of the multiplier, then
//           for each offset a digit and HIGH_BITS of the part above all digits, which is signed.
//           The first word is read in the first cycle after reset, each following one with the step before.
// Latency:  STEPS + 2 cycles, with DSP = 1 two more, with DSP = 0 and several adders one. One beat in STEPS
//           cycles.
// Stream:   a beat is taken in its last step. Steps stop while three results wait.
// Legal:    LANES, PERIOD, STEPS, HIGH_BITS >= 1; ACC_BITS >= 2; SHIFT >= 0; DSP 0 or 1; SIDES 1 or 2;
//           DSP = 0: DIGIT_BITS 2, 4, 6, ...; DSP = 1: DIGIT_BITS >= 1; 2 <= BITS <= 31; ZERO_POINT and
//           CLAMP_MIN <= CLAMP_MAX within BITS; SUM_BITS >= SHIFT + BITS + 1, and it holds t << SHIFT.

`default_nettype none

module krl_requantize_serial #(
  // elements per beat, beats until the constants repeat
  parameter integer LANES = 1,
  parameter integer PERIOD = 16,
  // digits of the multiplier, bits of each; 1: products by a krl_multiplier, 0: by adders
  parameter integer STEPS = 12,
  parameter integer DIGIT_BITS = 2,
  parameter integer DSP = 0,
  // offsets for each channel, bits per step of what they have above the digits
  parameter integer SIDES = 1,
  parameter integer HIGH_BITS = 2,
  // bits of an arriving accumulator, of the sum behind the last digit, of a code
  parameter integer ACC_BITS = 24,
  parameter integer SUM_BITS = 20,
  parameter integer BITS = 8,
  parameter integer SHIFT = 0,
  parameter integer ZERO_POINT = 0,
  parameter integer CLAMP_MIN = -128,
  parameter integer CLAMP_MAX = 127,
  // follow from the above; do not set
  parameter integer WORD_BITS = LANES * (DIGIT_BITS + SIDES * (DIGIT_BITS + HIGH_BITS)),
  parameter integer ADDRESS_BITS = (PERIOD * STEPS > 1) ? $clog2(PERIOD * STEPS) : 1
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
  output reg                       m_axis_tvalid,
  input  wire                      m_axis_tready
);

  generate
    if (!((LANES >= 1 && PERIOD >= 1 && STEPS >= 1 && HIGH_BITS >= 1 && ACC_BITS >= 2 && SHIFT >= 0) &&
          (DSP == 1 || (DSP == 0 && DIGIT_BITS % 2 == 0)) &&
          (DIGIT_BITS >= 1 && (SIDES == 1 || SIDES == 2)) &&
          (BITS >= 2 && BITS <= 31 && CLAMP_MIN <= CLAMP_MAX && SUM_BITS >= SHIFT + BITS + 1) &&
          (WORD_BITS == LANES * (DIGIT_BITS + SIDES * (DIGIT_BITS + HIGH_BITS))) &&
          (ADDRESS_BITS == ((PERIOD * STEPS > 1) ? $clog2(PERIOD * STEPS) : 1)))
    ) begin : g_legal
      illegal_parameters_of_krl_requantize_serial see_legal_in_its_header ();
    end
  endgenerate

  localparam SIDE_BITS = DIGIT_BITS + HIGH_BITS;
  localparam LANE_BITS = DIGIT_BITS + SIDES * SIDE_BITS;
  localparam STEP_BITS = (STEPS > 1) ? $clog2(STEPS) : 1;
  localparam RESULT_BITS = SUM_BITS - SHIFT;
  // cycles from a digit to its product
  localparam DELAY = (DSP != 0) ? 2 : (DIGIT_BITS > 2) ? 1 : 0;
  localparam integer LAST_STEP = STEPS - 1;
  localparam integer LAST_WORD = PERIOD * STEPS - 1;
  // the clamp, moved to before the zero point is added: BITS + 1 bits
  localparam integer LOWEST = CLAMP_MIN - ZERO_POINT;
  localparam integer HIGHEST = CLAMP_MAX - ZERO_POINT;

  reg primed;
  reg [ADDRESS_BITS-1:0] address;
  reg [STEP_BITS-1:0] step;
  reg first_digit;
  reg product_valid;
  reg result_valid;

  wire step_is_last = step == LAST_STEP[STEP_BITS-1:0];
  wire code_free = m_axis_tready || !m_axis_tvalid;
  wire result_free = code_free || !result_valid;
  wire advance = result_free || !product_valid;
  wire multiply = s_axis_tvalid && primed && advance;

  // the digit whose product is there, and whether it is the last one
  wire digit_valid;
  wire digit_is_last;

  assign s_axis_tready = primed && advance && step_is_last;
  assign constant_enable = multiply || !primed;
  assign constant_address = address;

  always @(posedge clk) begin
    primed <= 1'b1;
    if (constant_enable) begin
      address <= (address == LAST_WORD[ADDRESS_BITS-1:0]) ? 0 : address + 1'b1;
    end
    if (multiply) begin
      step <= step_is_last ? 0 : step + 1'b1;
    end
    if (advance) begin
      product_valid <= digit_valid && digit_is_last;
      if (digit_valid) first_digit <= digit_is_last;
    end
    if (result_free) result_valid <= product_valid;
    if (code_free) m_axis_tvalid <= result_valid;
    if (rst) begin
      primed <= 1'b0;
      address <= 0;
      step <= 0;
      first_digit <= 1'b1;
      product_valid <= 1'b0;
      result_valid <= 1'b0;
      m_axis_tvalid <= 1'b0;
    end
  end

  generate
    if (DELAY > 0) begin : g_behind_multiplier
      reg [DELAY-1:0] valid_pipe;
      reg [DELAY-1:0] last_pipe;
      wire [DELAY:0] valids = {valid_pipe, multiply};
      wire [DELAY:0] lasts = {last_pipe, step_is_last};
      assign digit_valid = valids[DELAY];
      assign digit_is_last = lasts[DELAY];
      always @(posedge clk) begin
        if (advance) begin
          valid_pipe <= valids[DELAY-1:0];
          last_pipe <= lasts[DELAY-1:0];
        end
        if (rst) valid_pipe <= 0;
      end
    end else begin : g_at_once
      assign digit_valid = multiply;
      assign digit_is_last = step_is_last;
    end
  endgenerate

  genvar i;
  genvar j;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
      wire signed [ACC_BITS-1:0] accumulator = s_axis_tdata[i*ACC_BITS +: ACC_BITS];
      wire [LANE_BITS-1:0] constants = constant_data[i*LANE_BITS +: LANE_BITS];
      wire [DIGIT_BITS-1:0] digit = constants[DIGIT_BITS-1:0];
      // of each offset
      wire [SIDES*SIDE_BITS-1:0] sides;
      // what earlier digits leave for this one, with this one, and the sum over all digits
      reg signed [ACC_BITS-1:0] partial;
      wire signed [ACC_BITS+DIGIT_BITS-1:0] total;
      reg signed [ACC_BITS-1:0] product;
      wire [SIDES*RESULT_BITS-1:0] results;

      always @(posedge clk) begin
        if (advance) product <= total[ACC_BITS+DIGIT_BITS-1 -: ACC_BITS];
        if (rst || (advance && digit_valid && digit_is_last)) begin
          partial <= 0;
        end else if (advance && digit_valid) begin
          partial <= total[ACC_BITS+DIGIT_BITS-1 -: ACC_BITS];
        end
      end

      if (DELAY > 0) begin : g_sides
        reg [DELAY*SIDES*SIDE_BITS-1:0] sides_pipe;
        wire [(DELAY+1)*SIDES*SIDE_BITS-1:0] all_sides = {sides_pipe, constants[LANE_BITS-1:DIGIT_BITS]};
        assign sides = all_sides[DELAY*SIDES*SIDE_BITS +: SIDES*SIDE_BITS];
        always @(posedge clk) if (advance) sides_pipe <= all_sides[0 +: DELAY*SIDES*SIDE_BITS];
      end else begin : g_sides_at_once
        assign sides = constants[LANE_BITS-1:DIGIT_BITS];
      end

      if (DSP != 0) begin : g_dsp
        wire signed [ACC_BITS+DIGIT_BITS:0] digit_product;
        wire unused_sign = &{1'b0, digit_product[ACC_BITS+DIGIT_BITS]};

        krl_multiplier #(
          .A_BITS(ACC_BITS),
          .B_BITS(DIGIT_BITS + 1)
        ) multiply_digit (
          .clk(clk),
          .enable(advance),
          .a(accumulator),
          .b({1'b0, digit}),
          .product(digit_product)
        );

        assign total = digit_product[ACC_BITS+DIGIT_BITS-1:0] + {{DIGIT_BITS{partial[ACC_BITS-1]}}, partial};
      end else begin : g_adders
        localparam ROWS = DIGIT_BITS / 2;
        // the top bit of the digit before
        reg below;
        wire [DIGIT_BITS:0] bits = {digit, below};
        // what all rows but the first leave as they are
        wire [DIGIT_BITS-1:0] final_bits;

        for (j = 0; j < ROWS; j = j + 1) begin : g_row
          wire negative = bits[2*j+2];
          wire one = bits[2*j+1] != bits[2*j];
          wire two = bits[2*j+2] != bits[2*j+1] && bits[2*j+1] == bits[2*j];
          wire [ACC_BITS:0] multiple = one ? {accumulator[ACC_BITS-1], accumulator}
              : two ? {accumulator, 1'b0} : {(ACC_BITS+1){1'b0}};
          wire [ACC_BITS+2:0] sum;
          wire unused_place = &{1'b0, sum[0]};
          assign final_bits[2*j +: 2] = sum[2:1];

          if (j == 0 && ROWS > 1) begin : g_first
            // a negative multiple is only inverted; the one that it lacks is added behind the register
            wire [ACC_BITS:0] inverted = multiple ^ {(ACC_BITS+1){negative}};
            assign sum = {inverted[ACC_BITS], inverted, 1'b0};
          end else begin : g_next
            wire [ACC_BITS:0] subtrahend = multiple ^ {(ACC_BITS+1){!negative}};
            wire [ACC_BITS-1:0] rest;
            // the lowest place borrows one more for what is only inverted; a difference, since Yosys makes it
            // of one look-up table per bit and puts the multiple of a sum into a second one
            assign sum = {{2{rest[ACC_BITS-1]}}, rest, 1'b0} - {subtrahend[ACC_BITS], subtrahend, !negative};
            if (j == 0) begin : g_partial
              assign rest = partial;
            end else begin : g_before
              assign rest = g_row[j-1].sum[ACC_BITS+2:3];
            end
          end
        end

        wire [ACC_BITS+DIGIT_BITS-1:0] rows = {g_row[ROWS-1].sum[ACC_BITS+2:3], final_bits};

        if (ROWS > 1) begin : g_behind_rows
          reg [ACC_BITS+DIGIT_BITS-1:0] digit_product;
          reg lacks_one;
          wire [ACC_BITS+DIGIT_BITS:0] with_one =
              {digit_product, 1'b1} + {{DIGIT_BITS{partial[ACC_BITS-1]}}, partial, lacks_one};
          wire unused_one = &{1'b0, with_one[0]};
          assign total = with_one[ACC_BITS+DIGIT_BITS:1];
          always @(posedge clk) begin
            if (advance) begin
              digit_product <= rows;
              lacks_one <= g_row[0].negative;
            end
          end
        end else begin : g_one_row
          assign total = rows;
        end

        always @(posedge clk) begin
          if (rst || (multiply && step_is_last)) begin
            below <= 1'b0;
          end else if (multiply) begin
            below <= digit[DIGIT_BITS-1];
          end
        end
      end

      for (j = 0; j < SIDES; j = j + 1) begin : g_side
        wire [DIGIT_BITS-1:0] offset_digit = sides[j*SIDE_BITS +: DIGIT_BITS];
        wire [HIGH_BITS-1:0] high_part = sides[j*SIDE_BITS+DIGIT_BITS +: HIGH_BITS];
        reg carry;
        wire [DIGIT_BITS:0] low = {1'b0, total[DIGIT_BITS-1:0]} + {1'b0, offset_digit}
            + {{DIGIT_BITS{1'b0}}, carry && !first_digit};
        wire unused_low = &{1'b0, low[DIGIT_BITS-1:0]};
        reg signed [STEPS*HIGH_BITS-1:0] high;
        wire signed [SUM_BITS-1:0] high_wide;
        wire signed [SUM_BITS-1:0] product_wide;
        wire signed [SUM_BITS:0] sum = {product_wide, 1'b1} + {high_wide, carry};
        wire unused_sum = &{1'b0, sum};
        reg signed [RESULT_BITS-1:0] result;

        if (SUM_BITS > STEPS * HIGH_BITS) begin : g_extend_high
          assign high_wide = {{(SUM_BITS-STEPS*HIGH_BITS){high[STEPS*HIGH_BITS-1]}}, high};
        end else begin : g_truncate_high
          wire unused_high = &{1'b0, high};
          assign high_wide = high[SUM_BITS-1:0];
        end
        if (SUM_BITS > ACC_BITS) begin : g_extend_product
          assign product_wide = {{(SUM_BITS-ACC_BITS){product[ACC_BITS-1]}}, product};
        end else begin : g_truncate_product
          wire unused_product = &{1'b0, product};
          assign product_wide = product[SUM_BITS-1:0];
        end

        assign results[j*RESULT_BITS +: RESULT_BITS] = result;

        if (STEPS > 1) begin : g_parts
          always @(posedge clk) begin
            if (advance && digit_valid) high <= {high_part, high[STEPS*HIGH_BITS-1:HIGH_BITS]};
          end
        end else begin : g_whole
          always @(posedge clk) begin
            if (advance && digit_valid) high <= high_part;
          end
        end

        always @(posedge clk) begin
          if (advance && digit_valid) carry <= low[DIGIT_BITS];
          if (result_free) result <= sum[SUM_BITS -: RESULT_BITS];
        end
      end

      wire signed [RESULT_BITS-1:0] chosen;
      wire signed [RESULT_BITS-1:0] lowest = {{(RESULT_BITS-BITS){LOWEST[BITS]}}, LOWEST[BITS-1:0]};
      wire signed [RESULT_BITS-1:0] highest = {{(RESULT_BITS-BITS){HIGHEST[BITS]}}, HIGHEST[BITS-1:0]};
      reg [BITS-1:0] code;

      if (SIDES > 1) begin : g_choose
        assign chosen = results[RESULT_BITS-1] ? results[RESULT_BITS-1:0] : results[RESULT_BITS +: RESULT_BITS];
      end else begin : g_single
        assign chosen = results;
      end

      always @(posedge clk) begin
        if (code_free) begin
          code <= (chosen < lowest) ? CLAMP_MIN[BITS-1:0]
              : (chosen > highest) ? CLAMP_MAX[BITS-1:0] : chosen[BITS-1:0] + ZERO_POINT[BITS-1:0];
        end
      end

      assign m_axis_tdata[i*BITS +: BITS] = code;
    end
  endgenerate

endmodule

`default_nettype wire
