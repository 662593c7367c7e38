// SPDX-License-Identifier: Apache-2.0
//
// krl_threshold_proof: what krl_threshold must do, for any thresholds, any source, any sink and a reset at any time;
// see proof_pipe.
//
// One lane is chosen with the reset, and followed. The memory beside the module holds what was drawn with the reset.

`default_nettype none

module krl_threshold_proof #(
  parameter LANES = 2,
  parameter integer PERIOD = 3,
  parameter ACC_BITS = 3,
  parameter THRESHOLD_BITS = 2,
  // follow from the above
  parameter LANE_BITS = THRESHOLD_BITS + 1,
  parameter WORD_BITS = LANES * LANE_BITS
) (
  input  wire                        clk,
  input  wire                        rst,

  // all free in every cycle
  input  wire                        mark,
  input  wire [3:0]                  chosen,
  input  wire                        wanted,
  input  wire [LANES*ACC_BITS-1:0]   drawn,
  input  wire [PERIOD*WORD_BITS-1:0] constants,
  input  wire                        m_axis_tready,

  output wire                        fault_steady,
  output wire                        fault_early,
  output wire                        fault_wrong,
  output wire                        fault_lost,
  output wire                        fault_late,
  output wire                        fault_idle,
  output wire                        arrived
);

  localparam [3:0] COUNT = LANES;
  localparam integer LAST_BEAT = PERIOD - 1;
  localparam ADDRESS_BITS = (PERIOD > 1) ? $clog2(PERIOD) : 1;
  localparam COMPARED_BITS = (ACC_BITS > THRESHOLD_BITS) ? ACC_BITS : THRESHOLD_BITS;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [LANES*ACC_BITS-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire constant_enable;
  wire [ADDRESS_BITS-1:0] constant_address;
  reg [WORD_BITS-1:0] constant_data;
  wire [LANES-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  reg [PERIOD*WORD_BITS-1:0] memory;
  reg [3:0] lane;
  reg [ADDRESS_BITS-1:0] beat;  // of the period, the one that comes next
  wire accepts = s_axis_tvalid && s_axis_tready;

  // the lane of the beat on the input, with what it is compared with
  wire [WORD_BITS-1:0] word = memory[beat*WORD_BITS +: WORD_BITS];
  reg [ACC_BITS-1:0] sum;
  reg [LANE_BITS-1:0] constant;
  reg leaving;
  integer k;

  always @* begin
    sum = 0;
    constant = 0;
    leaving = 1'b0;
    for (k = 0; k < LANES; k = k + 1) begin
      if (lane == k[3:0]) begin
        sum = s_axis_tdata[k*ACC_BITS +: ACC_BITS];
        constant = word[k*LANE_BITS +: LANE_BITS];
        leaving = m_axis_tdata[k];
      end
    end
  end

  wire signed [COMPARED_BITS-1:0] left = {{COMPARED_BITS-ACC_BITS+1{sum[ACC_BITS-1]}}, sum[ACC_BITS-2:0]};
  wire signed [COMPARED_BITS-1:0] right =
    {{COMPARED_BITS-THRESHOLD_BITS+1{constant[THRESHOLD_BITS-1]}}, constant[THRESHOLD_BITS-2:0]};
  wire entering = (left < right) ^ constant[THRESHOLD_BITS];

  proof_source #(
    .WIDTH(LANES * ACC_BITS)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(s_axis_tdata),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  krl_threshold #(
    .LANES(LANES),
    .PERIOD(PERIOD),
    .ACC_BITS(ACC_BITS),
    .THRESHOLD_BITS(THRESHOLD_BITS)
  ) dut (
    .clk(clk),
    .rst(reset),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .constant_enable(constant_enable),
    .constant_address(constant_address),
    .constant_data(constant_data),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready)
  );

  proof_pipe #(
    .WIDTH(LANES),
    .BITS(1),
    .LATENCY(2)
  ) pipe (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .accepts(accepts),
    .may_accept(s_axis_tready),
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

  always @(posedge clk) begin
    started <= 1'b1;
    if (constant_enable) constant_data <= memory[constant_address*WORD_BITS +: WORD_BITS];
    if (accepts) beat <= (beat == LAST_BEAT[ADDRESS_BITS-1:0]) ? 0 : beat + 1'b1;
    if (reset) begin
      memory <= constants;
      lane <= (chosen < COUNT) ? chosen : 4'd0;
      beat <= 0;
    end
  end

endmodule

`default_nettype wire
