// SPDX-License-Identifier: Apache-2.0
//
// regroup_proof: what krl_lanes and krl_gearbox must do, for any source, any sink and a reset at any time; see
// proof_regroup.
//
// slow: of krl_lanes alone: with more lanes on the output, the sink is ready and no beat is accepted.

`default_nettype none

module regroup_proof #(
  // 1: of krl_gearbox
  parameter GEARBOX = 0,
  parameter BITS = 2,
  parameter LANES_IN = 1,
  parameter LANES_OUT = 2,
  parameter ELEMENTS = 4
) (
  input  wire                     clk,
  input  wire                     rst,

  // all free in every cycle
  input  wire                     mark,
  input  wire [4:0]               chosen,
  input  wire                     wanted,
  input  wire [LANES_IN*BITS-1:0] drawn,
  input  wire                     m_axis_tready,

  output wire                     fault_steady,
  output wire                     fault_early,
  output wire                     fault_wrong,
  output wire                     fault_lost,
  output wire                     fault_filled,
  output wire                     fault_valid,
  output wire                     fault_gap,
  output wire                     fault_idle,
  output wire                     fault_slow,
  output wire                     arrived
);

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [LANES_IN*BITS-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [LANES_OUT*BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  generate
    if (GEARBOX != 0) begin : g_gearbox
      krl_gearbox #(
        .BITS(BITS),
        .LANES_IN(LANES_IN),
        .LANES_OUT(LANES_OUT),
        .ELEMENTS(ELEMENTS)
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
    end else begin : g_lanes
      krl_lanes #(
        .BITS(BITS),
        .LANES_IN(LANES_IN),
        .LANES_OUT(LANES_OUT),
        .ELEMENTS(ELEMENTS)
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
    end
  endgenerate

  proof_regroup #(
    .BITS(BITS),
    .LANES_IN(LANES_IN),
    .LANES_OUT(LANES_OUT),
    .ELEMENTS(ELEMENTS)
  ) regroup (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .chosen(chosen),
    .wanted(wanted),
    .drawn(drawn),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready),
    .fault_steady(fault_steady),
    .fault_early(fault_early),
    .fault_wrong(fault_wrong),
    .fault_lost(fault_lost),
    .fault_filled(fault_filled),
    .fault_valid(fault_valid),
    .fault_gap(fault_gap),
    .fault_idle(fault_idle),
    .arrived(arrived)
  );

  assign fault_slow = GEARBOX == 0 && !reset && LANES_OUT >= LANES_IN && m_axis_tready && !s_axis_tready;

  always @(posedge clk) started <= 1'b1;

endmodule

`default_nettype wire
