// SPDX-License-Identifier: Apache-2.0
//
// krl_requantize_serial_proof: what krl_requantize_serial must do, for any source, any sink and a reset at any
// time.
//
// All multipliers are a quarter of what the digits hold, and the offsets, with which everything carries, just
// less than what a quarter rounds up, plus the number of the channel: y = ceil(acc / 4) + channel. ACC_BITS is
// 4, PERIOD at most 2.
//
// slow: the sink is ready, but a beat that is on offer is taken later than its steps and a first word take.
// late: the sink is ready, but a beat that was taken comes out later than registers take.

`default_nettype none

module krl_requantize_serial_proof #(
  parameter PERIOD = 2,
  parameter STEPS = 2,
  parameter DIGIT_BITS = 2,
  parameter DSP = 0,
  parameter SIDES = 1
) (
  input  wire       clk,
  input  wire       rst,

  // all free in every cycle
  input  wire       mark,
  input  wire       wanted,
  input  wire [3:0] drawn,
  input  wire       m_axis_tready,

  output wire       fault_steady,
  output wire       fault_early,
  output wire       fault_wrong,
  output wire       fault_lost,
  output wire       fault_slow,
  output wire       fault_late,
  output wire       arrived
);

  localparam WORDS = PERIOD * STEPS;
  localparam ADDRESS_BITS = (WORDS > 1) ? $clog2(WORDS) : 1;
  localparam integer IN_THE_MULTIPLIER = (DSP != 0) ? 2 : (DIGIT_BITS > 2) ? 1 : 0;
  localparam integer A_QUARTER = 1 << (DIGIT_BITS - 2);
  localparam integer LAST_STEP = STEPS - 1;
  localparam integer LAST_CHANNEL = PERIOD - 1;
  localparam integer MOST_WAITS = STEPS;
  localparam integer MOST_REGISTERS = 2 + IN_THE_MULTIPLIER;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [3:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire constant_enable;
  wire [ADDRESS_BITS-1:0] constant_address;
  wire [2:0] m_axis_tdata;
  wire m_axis_tvalid;

  // the ROM
  reg [3:0] word;
  wire [3:0] step = word % STEPS[3:0];
  wire [3:0] number = word / STEPS[3:0];
  wire [DIGIT_BITS-1:0] digit = (step == LAST_STEP[3:0]) ? A_QUARTER[DIGIT_BITS-1:0] : 0;
  wire [1:0] high = (step == 4'd0) ? number[1:0] : 2'd0;
  wire [DIGIT_BITS+1:0] side = {high, {DIGIT_BITS{1'b1}}};

  wire takes = s_axis_tvalid && s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;

  // what a beat shall become
  reg [1:0] channel;
  wire [4:0] rounded = {s_axis_tdata[3], s_axis_tdata} + 5'd3;
  wire [2:0] expected = rounded[4:2] + {1'b0, channel};
  wire unused_places = &{1'b0, rounded[1:0], number[3:2]};

  // cycles in which nothing moves
  reg [3:0] waits;
  reg [3:0] hidden;
  reg [3:0] held;
  wire is_slow = s_axis_tvalid && m_axis_tready && !s_axis_tready;
  wire is_late = held != 4'd0 && m_axis_tready && !m_axis_tvalid;

  proof_source #(
    .WIDTH(4)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(s_axis_tdata),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  krl_requantize_serial #(
    .LANES(1),
    .PERIOD(PERIOD),
    .STEPS(STEPS),
    .DIGIT_BITS(DIGIT_BITS),
    .DSP(DSP),
    .SIDES(SIDES),
    .HIGH_BITS(2),
    .ACC_BITS(4),
    .SUM_BITS(4),
    .BITS(3),
    .SHIFT(0),
    .ZERO_POINT(0),
    .CLAMP_MIN(-4),
    .CLAMP_MAX(3)
  ) dut (
    .clk(clk),
    .rst(reset),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .constant_enable(constant_enable),
    .constant_address(constant_address),
    .constant_data({{SIDES{side}}, digit}),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready)
  );

  proof_steady #(
    .WIDTH(3)
  ) steady (
    .clk(clk),
    .rst(reset),
    .tdata(m_axis_tdata),
    .tvalid(m_axis_tvalid),
    .tready(m_axis_tready),
    .fault(fault_steady)
  );

  proof_order #(
    .BITS(3),
    .MOST(3 + IN_THE_MULTIPLIER)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(takes),
    .entering(expected),
    .leaves(gives),
    .leaving(m_axis_tdata),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_slow = !reset && waits > MOST_WAITS[3:0];
  assign fault_late = !reset && hidden > MOST_REGISTERS[3:0];

  always @(posedge clk) begin
    started <= 1'b1;
    if (constant_enable) word <= {{(4-ADDRESS_BITS){1'b0}}, constant_address};
    if (takes) channel <= (channel == LAST_CHANNEL[1:0]) ? 2'd0 : channel + 2'd1;
    waits <= !is_slow ? 4'd0 : (waits > MOST_WAITS[3:0]) ? waits : waits + 4'd1;
    hidden <= !is_late ? 4'd0 : (hidden > MOST_REGISTERS[3:0]) ? hidden : hidden + 4'd1;
    held <= held + {3'd0, takes} - {3'd0, gives};
    if (reset) begin
      channel <= 2'd0;
      waits <= 4'd0;
      hidden <= 4'd0;
      held <= 4'd0;
    end
  end

endmodule

`default_nettype wire
