// SPDX-License-Identifier: Apache-2.0
//
// krl_window_proof: what krl_window must do, for any source, any sink and a reset at any time; see proof_window.

`default_nettype none

module krl_window_proof #(
  parameter HEIGHT = 3,
  parameter WIDTH = 3,
  parameter PIXEL_BITS = 2,
  parameter PIXELS = 1,
  parameter KERNEL_H = 2,
  parameter KERNEL_W = 2,
  parameter STRIDE_H = 1,
  parameter STRIDE_W = 1,
  parameter PAD_TOP = 0,
  parameter PAD_LEFT = 0,
  parameter OUT_HEIGHT = 2,
  parameter OUT_WIDTH = 2,
  parameter [PIXEL_BITS-1:0] PAD_PIXEL = 0,
  parameter ROWS = 3,
  parameter WAITING = 1
) (
  input  wire                         clk,
  input  wire                         rst,

  // all free in every cycle
  input  wire                         mark,
  input  wire [15:0]                  chosen,
  input  wire                         wanted,
  input  wire [PIXELS*PIXEL_BITS-1:0] drawn,
  input  wire                         m_axis_tready,

  output wire                         fault_steady,
  output wire                         fault_early,
  output wire                         fault_wrong,
  output wire                         fault_lost,
  output wire                         fault_padding,
  output wire                         fault_late,
  output wire                         fault_idle,
  output wire                         arrived
);

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [PIXELS*PIXEL_BITS-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [KERNEL_H*KERNEL_W*PIXEL_BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  localparam REACH = (OUT_HEIGHT - 1) * STRIDE_H + KERNEL_H;
  localparam USED = ((REACH < PAD_TOP + HEIGHT) ? REACH : PAD_TOP + HEIGHT) - PAD_TOP;
  // rows of an image that take a place in the ring
  localparam PLACED = (STRIDE_H > KERNEL_H) ? KERNEL_H : USED;
  localparam IMAGES = ROWS / PLACED + 3;
  localparam LATENCY = 3 + WAITING + KERNEL_W + STRIDE_W;

  krl_window #(
    .HEIGHT(HEIGHT),
    .WIDTH(WIDTH),
    .PIXEL_BITS(PIXEL_BITS),
    .PIXELS(PIXELS),
    .KERNEL_H(KERNEL_H),
    .KERNEL_W(KERNEL_W),
    .STRIDE_H(STRIDE_H),
    .STRIDE_W(STRIDE_W),
    .PAD_TOP(PAD_TOP),
    .PAD_LEFT(PAD_LEFT),
    .OUT_HEIGHT(OUT_HEIGHT),
    .OUT_WIDTH(OUT_WIDTH),
    .PAD_PIXEL(PAD_PIXEL),
    .ROWS(ROWS),
    .WAITING(WAITING)
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

  proof_window #(
    .HEIGHT(HEIGHT),
    .WIDTH(WIDTH),
    .PIXEL_BITS(PIXEL_BITS),
    .PIXELS(PIXELS),
    .KERNEL_H(KERNEL_H),
    .KERNEL_W(KERNEL_W),
    .STRIDE_H(STRIDE_H),
    .STRIDE_W(STRIDE_W),
    .PAD_TOP(PAD_TOP),
    .PAD_LEFT(PAD_LEFT),
    .OUT_HEIGHT(OUT_HEIGHT),
    .OUT_WIDTH(OUT_WIDTH),
    .PAD_PIXEL(PAD_PIXEL),
    .IMAGES(IMAGES),
    .LATENCY(LATENCY)
  ) window (
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
    .fault_padding(fault_padding),
    .fault_late(fault_late),
    .fault_idle(fault_idle),
    .arrived(arrived)
  );

  always @(posedge clk) started <= 1'b1;

endmodule

`default_nettype wire
