// SPDX-License-Identifier: Apache-2.0
//
// krl_threshold: from accumulators to signs, by one comparison for each.
//
// Equation: y = (acc < threshold) ^ turned; a one stands for -1, a zero for +1
//
// Constants: one word per beat of channels, the address counts 0 .. PERIOD-1 and repeats; lane i's signed threshold
//           at bits i * (THRESHOLD_BITS + 1), the bit that turns its sign above it.
// Latency:  2 cycles. One beat per cycle.
// Stream:   the whole pipeline stalls until its last beat is accepted.
// Legal:    LANES, PERIOD >= 1; ACC_BITS, THRESHOLD_BITS >= 2.

`default_nettype none

module krl_threshold #(
  // elements per beat, beats until the constants repeat
  parameter integer LANES = 1,
  parameter integer PERIOD = 16,
  // bits of an arriving accumulator and of a threshold
  parameter integer ACC_BITS = 12,
  parameter integer THRESHOLD_BITS = 12,
  // follow from the above; do not set
  parameter integer WORD_BITS = LANES * (THRESHOLD_BITS + 1),
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

  output wire [LANES-1:0]          m_axis_tdata,
  output wire                      m_axis_tvalid,
  input  wire                      m_axis_tready
);

  generate
    if (!((LANES >= 1 && PERIOD >= 1 && ACC_BITS >= 2 && THRESHOLD_BITS >= 2) &&
          (WORD_BITS == LANES * (THRESHOLD_BITS + 1) && ADDRESS_BITS == ((PERIOD > 1) ? $clog2(PERIOD) : 1)))
    ) begin : g_legal
      illegal_parameters_of_krl_threshold see_legal_in_its_header ();
    end
  endgenerate

  localparam integer LAST_BEAT = PERIOD - 1;
  // both sides of a comparison have as many
  localparam integer COMPARED_BITS = (ACC_BITS > THRESHOLD_BITS) ? ACC_BITS : THRESHOLD_BITS;

  reg [ADDRESS_BITS-1:0] beat;
  reg [1:0] valid_pipe;

  wire advance = m_axis_tready || !m_axis_tvalid;

  assign s_axis_tready = advance;
  assign m_axis_tvalid = valid_pipe[1];
  assign constant_enable = advance;
  assign constant_address = beat;

  always @(posedge clk) begin
    if (advance) begin
      valid_pipe <= {valid_pipe[0], s_axis_tvalid};
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
      localparam AT = i * (THRESHOLD_BITS + 1);
      localparam SIGN = AT + THRESHOLD_BITS - 1;
      reg [ACC_BITS-1:0] sum;
      reg negative;

      wire signed [COMPARED_BITS-1:0] accumulator =
        {{COMPARED_BITS-ACC_BITS+1{sum[ACC_BITS-1]}}, sum[ACC_BITS-2:0]};
      wire signed [COMPARED_BITS-1:0] threshold =
        {{COMPARED_BITS-THRESHOLD_BITS+1{constant_data[SIGN]}}, constant_data[AT +: THRESHOLD_BITS-1]};
      wire turned = constant_data[AT+THRESHOLD_BITS];

      always @(posedge clk) begin
        if (advance) begin
          sum <= s_axis_tdata[i*ACC_BITS +: ACC_BITS];
          negative <= (accumulator < threshold) ^ turned;
        end
      end

      assign m_axis_tdata[i] = negative;
    end
  endgenerate

endmodule

`default_nettype wire
