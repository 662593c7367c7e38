// SPDX-License-Identifier: Apache-2.0
//
// krl_running_max_proof: what krl_running_max must do, for any source, any sink and a reset at any time.
//
// One beat of a pixel is chosen with the reset, and its largest element over the image is followed to its place on
// the output; LANES is 1, and there is no clamp.
//
// idle: the output holds no beat, or gives it, and the module accepts none; or it accepts none before the last pixel.
// late: a beat of the last pixel was accepted, and in the next cycle none is on the output.

`default_nettype none

module krl_running_max_proof #(
  parameter BITS = 2,
  parameter GROUPS = 2,
  parameter PIXELS = 3
) (
  input  wire            clk,
  input  wire            rst,

  // all free in every cycle
  input  wire            mark,
  input  wire [3:0]      chosen,
  input  wire            wanted,
  input  wire [BITS-1:0] drawn,
  input  wire            m_axis_tready,

  output wire            fault_steady,
  output wire            fault_early,
  output wire            fault_wrong,
  output wire            fault_lost,
  output wire            fault_idle,
  output wire            fault_late,
  output wire            arrived
);

  localparam [3:0] COUNT = GROUPS;
  localparam [3:0] LAST_GROUP = GROUPS - 1;
  localparam [3:0] LAST_PIXEL = PIXELS - 1;
  localparam integer LOWEST = -(1 << (BITS - 1));
  localparam integer HIGHEST = (1 << (BITS - 1)) - 1;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [BITS-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  // the beat that is followed, those that are next, and the largest so far
  reg [3:0] place;
  reg [3:0] group;
  reg [3:0] pixel;
  reg [3:0] group_out;
  reg signed [BITS-1:0] largest;
  reg gave;

  wire accepts = s_axis_tvalid && s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;
  wire is_last = pixel == LAST_PIXEL;
  wire signed [BITS-1:0] element = s_axis_tdata;
  wire [BITS-1:0] larger = (pixel == 0 || element > largest) ? element : largest;

  proof_source #(
    .WIDTH(BITS)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(s_axis_tdata),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  krl_running_max #(
    .LANES(1),
    .BITS(BITS),
    .GROUPS(GROUPS),
    .PIXELS(PIXELS),
    .CLAMP_MIN(LOWEST),
    .CLAMP_MAX(HIGHEST)
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
    .MOST(1)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(accepts && is_last && group == place),
    .entering(larger),
    .leaves(gives && group_out == place),
    .leaving(m_axis_tdata),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_idle = !reset && !s_axis_tready && (!is_last || m_axis_tready || !m_axis_tvalid);
  assign fault_late = !reset && gave && !m_axis_tvalid;

  always @(posedge clk) begin
    started <= 1'b1;
    gave <= accepts && is_last;
    if (accepts) begin
      group <= (group == LAST_GROUP) ? 4'd0 : group + 4'd1;
      if (group == LAST_GROUP) pixel <= is_last ? 4'd0 : pixel + 4'd1;
      if (group == place) largest <= larger;
    end
    if (gives) group_out <= (group_out == LAST_GROUP) ? 4'd0 : group_out + 4'd1;
    if (reset) begin
      place <= (chosen < COUNT) ? chosen : 4'd0;
      group <= 4'd0;
      pixel <= 4'd0;
      group_out <= 4'd0;
      gave <= 1'b0;
    end
  end

endmodule

`default_nettype wire
