// SPDX-License-Identifier: Apache-2.0
//
// krl_max_proof: what krl_max must do, for any source, any sink and a reset at any time; see proof_pipe.
//
// One channel is chosen with the reset, and followed.

`default_nettype none

module krl_max_proof #(
  parameter CELLS = 2,
  parameter CHANNELS = 2,
  parameter BITS = 2,
  parameter integer CLAMP_MIN = -2,
  parameter integer CLAMP_MAX = 1
) (
  input  wire                           clk,
  input  wire                           rst,

  // all free in every cycle
  input  wire                           mark,
  input  wire [3:0]                     chosen,
  input  wire                           wanted,
  input  wire [CELLS*CHANNELS*BITS-1:0] drawn,
  input  wire                           m_axis_tready,

  output wire                           fault_steady,
  output wire                           fault_early,
  output wire                           fault_wrong,
  output wire                           fault_lost,
  output wire                           fault_late,
  output wire                           fault_idle,
  output wire                           arrived
);

  localparam LATENCY = (CELLS > 2) ? $clog2(CELLS) : 1;
  localparam [3:0] COUNT = CHANNELS;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [CELLS*CHANNELS*BITS-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [CHANNELS*BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  reg [3:0] channel;
  reg signed [BITS-1:0] largest;
  reg signed [BITS-1:0] cell_value;
  reg [BITS-1:0] leaving;
  wire signed [BITS-1:0] low = CLAMP_MIN[BITS-1:0];
  wire signed [BITS-1:0] high = CLAMP_MAX[BITS-1:0];
  integer c;
  integer k;

  always @* begin
    largest = low;
    leaving = 0;
    cell_value = 0;
    for (c = 0; c < CHANNELS; c = c + 1) begin
      if (channel == c[3:0]) begin
        leaving = m_axis_tdata[c*BITS +: BITS];
        for (k = 0; k < CELLS; k = k + 1) begin
          cell_value = s_axis_tdata[(k*CHANNELS+c)*BITS +: BITS];
          if (cell_value > largest) largest = cell_value;
        end
      end
    end
    if (largest > high) largest = high;
  end

  proof_source #(
    .WIDTH(CELLS * CHANNELS * BITS)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(s_axis_tdata),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  krl_max #(
    .CELLS(CELLS),
    .CHANNELS(CHANNELS),
    .BITS(BITS),
    .CLAMP_MIN(CLAMP_MIN),
    .CLAMP_MAX(CLAMP_MAX)
  ) dut (
    .clk(clk),
    .rst(reset),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready)
  );

  proof_pipe #(
    .WIDTH(CHANNELS * BITS),
    .BITS(BITS),
    .LATENCY(LATENCY)
  ) pipe (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .accepts(s_axis_tvalid && s_axis_tready),
    .may_accept(s_axis_tready),
    .entering(largest),
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
    if (reset) channel <= (chosen < COUNT) ? chosen : 4'd0;
  end

endmodule

`default_nettype wire
