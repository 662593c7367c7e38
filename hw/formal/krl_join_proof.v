// SPDX-License-Identifier: Apache-2.0
//
// krl_join_proof: what krl_join must do, for any sources, any sink and a reset at any time.
//
// pair: a beat is accepted from one input only.
// idle: both inputs offer a beat, the output holds none or gives it, and none is accepted.

`default_nettype none

module krl_join_proof #(
  parameter FUNCTION = 0,
  parameter LEFT_BITS = 3,
  parameter RIGHT_BITS = 3,
  parameter BITS = 3,
  parameter integer LEFT_ZERO = -2,
  parameter integer RIGHT_ZERO = 1,
  parameter integer CLAMP_MIN = -3,
  parameter integer CLAMP_MAX = 2
) (
  input  wire                  clk,
  input  wire                  rst,

  // all free in every cycle
  input  wire                  mark,
  input  wire [1:0]            wanted,
  input  wire [LEFT_BITS-1:0]  drawn_0,
  input  wire [RIGHT_BITS-1:0] drawn_1,
  input  wire                  m_axis_tready,

  output wire                  fault_steady,
  output wire                  fault_early,
  output wire                  fault_wrong,
  output wire                  fault_lost,
  output wire                  fault_pair,
  output wire                  fault_idle,
  output wire                  arrived
);

  reg started = 1'b0;
  wire reset = rst || !started;

  wire signed [LEFT_BITS-1:0] s0_axis_tdata;
  wire s0_axis_tvalid;
  wire s0_axis_tready;
  wire signed [RIGHT_BITS-1:0] s1_axis_tdata;
  wire s1_axis_tvalid;
  wire s1_axis_tready;
  wire [BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  wire accepts_0 = s0_axis_tvalid && s0_axis_tready;
  wire accepts_1 = s1_axis_tvalid && s1_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;

  // the equation, wide enough for any function
  integer x;
  integer y;
  integer chosen;
  integer z;

  always @* begin
    x = {{(32-LEFT_BITS){s0_axis_tdata[LEFT_BITS-1]}}, s0_axis_tdata};
    y = {{(32-RIGHT_BITS){s1_axis_tdata[RIGHT_BITS-1]}}, s1_axis_tdata};
    chosen = ((FUNCTION == 1) == (x < y)) ? x : y;
    if (FUNCTION == 2) z = (x - LEFT_ZERO) * (y - RIGHT_ZERO);
    else z = (chosen < CLAMP_MIN) ? CLAMP_MIN : (chosen > CLAMP_MAX) ? CLAMP_MAX : chosen;
  end

  wire [BITS-1:0] entering = z[BITS-1:0];
  wire unused_z = &{1'b0, z};

  proof_source #(
    .WIDTH(LEFT_BITS)
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
    .WIDTH(RIGHT_BITS)
  ) source_1 (
    .clk(clk),
    .rst(reset),
    .wanted(wanted[1]),
    .drawn(drawn_1),
    .tdata(s1_axis_tdata),
    .tvalid(s1_axis_tvalid),
    .tready(s1_axis_tready)
  );

  krl_join #(
    .FUNCTION(FUNCTION),
    .LEFT_BITS(LEFT_BITS),
    .RIGHT_BITS(RIGHT_BITS),
    .BITS(BITS),
    .LEFT_ZERO(LEFT_ZERO),
    .RIGHT_ZERO(RIGHT_ZERO),
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

  proof_steady #(
    .WIDTH(BITS)
  ) steady (
    .clk(clk),
    .rst(reset),
    .tdata(m_axis_tdata),
    .tvalid(m_axis_tvalid),
    .tready(m_axis_tready),
    .fault(fault_steady)
  );

  proof_order #(
    .BITS(BITS),
    .MOST(3)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(accepts_0),
    .entering(entering),
    .leaves(gives),
    .leaving(m_axis_tdata),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_pair = !reset && accepts_0 != accepts_1;
  assign fault_idle = !reset && s0_axis_tvalid && s1_axis_tvalid && (m_axis_tready || !m_axis_tvalid)
                    && !accepts_0;

  always @(posedge clk) started <= 1'b1;

endmodule

`default_nettype wire
