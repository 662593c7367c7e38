// SPDX-License-Identifier: Apache-2.0
//
// krl_line_buffer_proof: what krl_line_buffer must do, for any source, any sink and a reset at any time; see proof_window.

`default_nettype none

module krl_line_buffer_proof #(
  parameter HEIGHT = 3,
  parameter WIDTH = 2,
  parameter WORD_BITS = 2,
  parameter KERNEL_H = 2,
  parameter STRIDE_H = 1,
  parameter READS = 2,
  parameter OUT_HEIGHT = 2,
  parameter PAD_TOP = 0,
  parameter PAD_WORDS = 0,
  parameter [WORD_BITS-1:0] PAD_WORD = 0,
  parameter ROWS = 3
) (
  input  wire                 clk,
  input  wire                 rst,

  // all free in every cycle
  input  wire                 mark,
  input  wire [15:0]          chosen,
  input  wire                 wanted,
  input  wire [WORD_BITS-1:0] drawn,
  input  wire                 m_axis_tready,

  output wire                 fault_steady,
  output wire                 fault_early,
  output wire                 fault_wrong,
  output wire                 fault_lost,
  output wire                 fault_padding,
  output wire                 fault_late,
  output wire                 fault_idle,
  output wire                 arrived
);

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [WORD_BITS-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [KERNEL_H*WORD_BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  localparam REACH = (OUT_HEIGHT - 1) * STRIDE_H + KERNEL_H;
  localparam USED = ((REACH < PAD_TOP + HEIGHT) ? REACH : PAD_TOP + HEIGHT) - PAD_TOP;
  // rows of an image that take a place in the ring
  localparam PLACED = (STRIDE_H > KERNEL_H) ? KERNEL_H : USED;
  localparam IMAGES = ROWS / PLACED + 2;

  krl_line_buffer #(
    .HEIGHT(HEIGHT),
    .WIDTH(WIDTH),
    .WORD_BITS(WORD_BITS),
    .KERNEL_H(KERNEL_H),
    .STRIDE_H(STRIDE_H),
    .READS(READS),
    .OUT_HEIGHT(OUT_HEIGHT),
    .PAD_TOP(PAD_TOP),
    .PAD_WORDS(PAD_WORDS),
    .PAD_WORD(PAD_WORD),
    .ROWS(ROWS)
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
    .PIXEL_BITS(WORD_BITS),
    .KERNEL_H(KERNEL_H),
    .KERNEL_W(1),
    .STRIDE_H(STRIDE_H),
    .STRIDE_W(1),
    .PAD_TOP(PAD_TOP),
    .PAD_LEFT(PAD_WORDS),
    .OUT_HEIGHT(OUT_HEIGHT),
    .OUT_WIDTH(READS),
    .PAD_PIXEL(PAD_WORD),
    .IMAGES(IMAGES),
    .LATENCY(1)
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
