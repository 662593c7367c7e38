// SPDX-License-Identifier: Apache-2.0
//
// krl_add_proof: what krl_add must do, for any sources, any sink and a reset at any time; see proof_pipe.
//
// One lane is chosen with the reset, and followed.
//
// pair: a beat is accepted from one input only.

`default_nettype none

module krl_add_proof #(
  parameter LANES = 1,
  parameter LEFT_BITS = 3,
  parameter RIGHT_BITS = 3,
  parameter TOTAL_BITS = 8,
  parameter BITS = 3,
  parameter [TOTAL_BITS-1:0] LEFT_FACTOR = 3,
  parameter [TOTAL_BITS-1:0] RIGHT_FACTOR = 2,
  parameter SUBTRACT = 0,
  parameter [TOTAL_BITS-1:0] OFFSET = 1,
  parameter SHIFT = 1,
  parameter integer CLAMP_MIN = -4,
  parameter integer CLAMP_MAX = 2
) (
  input  wire                        clk,
  input  wire                        rst,

  // all free in every cycle
  input  wire                        mark,
  input  wire [3:0]                  chosen,
  input  wire [1:0]                  wanted,
  input  wire [LANES*LEFT_BITS-1:0]  drawn_0,
  input  wire [LANES*RIGHT_BITS-1:0] drawn_1,
  input  wire                        m_axis_tready,

  output wire                        fault_steady,
  output wire                        fault_early,
  output wire                        fault_wrong,
  output wire                        fault_lost,
  output wire                        fault_late,
  output wire                        fault_idle,
  output wire                        fault_pair,
  output wire                        arrived
);

  localparam [3:0] COUNT = LANES;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [LANES*LEFT_BITS-1:0] s0_axis_tdata;
  wire s0_axis_tvalid;
  wire s0_axis_tready;
  wire [LANES*RIGHT_BITS-1:0] s1_axis_tdata;
  wire s1_axis_tvalid;
  wire s1_axis_tready;
  wire [LANES*BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  wire accepts_0 = s0_axis_tvalid && s0_axis_tready;
  wire accepts_1 = s1_axis_tvalid && s1_axis_tready;

  reg [3:0] lane;
  reg signed [LEFT_BITS-1:0] x;
  reg signed [RIGHT_BITS-1:0] y;
  reg [BITS-1:0] leaving;
  integer k;

  // the equation; the factors are positive
  wire signed [TOTAL_BITS-1:0] left_factor = LEFT_FACTOR;
  wire signed [TOTAL_BITS-1:0] right_factor = RIGHT_FACTOR;
  wire signed [TOTAL_BITS-1:0] offset = OFFSET;
  wire signed [TOTAL_BITS-1:0] wide_x = {{(TOTAL_BITS-LEFT_BITS){x[LEFT_BITS-1]}}, x};
  wire signed [TOTAL_BITS-1:0] wide_y = {{(TOTAL_BITS-RIGHT_BITS){y[RIGHT_BITS-1]}}, y};
  wire signed [TOTAL_BITS-1:0] left = left_factor * wide_x + offset;
  wire signed [TOTAL_BITS-1:0] right = right_factor * wide_y;
  wire signed [TOTAL_BITS-1:0] total = (SUBTRACT != 0) ? left - right : left + right;
  wire signed [TOTAL_BITS-1:0] half = {{(TOTAL_BITS-1){1'b0}}, !total[TOTAL_BITS-1]};
  wire signed [TOTAL_BITS-1:0] sum = total + half;
  wire signed [TOTAL_BITS-1:0] scaled = sum >>> SHIFT;
  wire signed [TOTAL_BITS-1:0] low = {{(TOTAL_BITS-BITS){CLAMP_MIN[BITS-1]}}, CLAMP_MIN[BITS-1:0]};
  wire signed [TOTAL_BITS-1:0] high = {{(TOTAL_BITS-BITS){CLAMP_MAX[BITS-1]}}, CLAMP_MAX[BITS-1:0]};
  wire [BITS-1:0] entering = (scaled < low) ? low[BITS-1:0] : (scaled > high) ? high[BITS-1:0]
                           : scaled[BITS-1:0];

  always @* begin
    x = 0;
    y = 0;
    leaving = 0;
    for (k = 0; k < LANES; k = k + 1) begin
      if (lane == k[3:0]) begin
        x = s0_axis_tdata[k*LEFT_BITS +: LEFT_BITS];
        y = s1_axis_tdata[k*RIGHT_BITS +: RIGHT_BITS];
        leaving = m_axis_tdata[k*BITS +: BITS];
      end
    end
  end

  proof_source #(
    .WIDTH(LANES * LEFT_BITS)
  ) source_0 (
    .clk(clk),
    .rst(reset),
    .wanted(wanted[0]),
    .drawn(drawn_0),
    .tdata(s0_axis_tdata),
    .tvalid(s0_axis_tvalid),
    .tready(s0_axis_tready)
  );

  proof_source #(
    .WIDTH(LANES * RIGHT_BITS)
  ) source_1 (
    .clk(clk),
    .rst(reset),
    .wanted(wanted[1]),
    .drawn(drawn_1),
    .tdata(s1_axis_tdata),
    .tvalid(s1_axis_tvalid),
    .tready(s1_axis_tready)
  );

  krl_add #(
    .LANES(LANES),
    .LEFT_BITS(LEFT_BITS),
    .RIGHT_BITS(RIGHT_BITS),
    .TOTAL_BITS(TOTAL_BITS),
    .BITS(BITS),
    .LEFT_FACTOR(LEFT_FACTOR),
    .RIGHT_FACTOR(RIGHT_FACTOR),
    .SUBTRACT(SUBTRACT),
    .OFFSET(OFFSET),
    .ROUND_POSITIVE(1),
    .ROUND_NEGATIVE(0),
    .SHIFT(SHIFT),
    .CLAMP_MIN(CLAMP_MIN),
    .CLAMP_MAX(CLAMP_MAX)
  ) dut (
    .clk(clk),
    .rst(reset),
    .s0_axis_tdata(s0_axis_tdata),
    .s0_axis_tvalid(s0_axis_tvalid),
    .s0_axis_tready(s0_axis_tready),
    .s1_axis_tdata(s1_axis_tdata),
    .s1_axis_tvalid(s1_axis_tvalid),
    .s1_axis_tready(s1_axis_tready),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready)
  );

  proof_pipe #(
    .WIDTH(LANES * BITS),
    .BITS(BITS),
    .LATENCY(6)
  ) pipe (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .accepts(accepts_0),
    .may_accept(accepts_0 || !s0_axis_tvalid || !s1_axis_tvalid),
    .entering(entering),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready),
    .leaving(leaving),
    .fault_steady(fault_steady),
    .fault_early(fault_early),
    .fault_wrong(fault_wrong),
    .fault_lost(fault_lost),
    .fault_late(fault_late),
    .fault_idle(fault_idle),
    .arrived(arrived)
  );

  assign fault_pair = !reset && accepts_0 != accepts_1;

  always @(posedge clk) begin
    started <= 1'b1;
    if (reset) lane <= (chosen < COUNT) ? chosen : 4'd0;
  end

endmodule

`default_nettype wire
