// SPDX-License-Identifier: Apache-2.0
//
// proof_window: what every module must do that makes windows of an image; it is the source, and watches both
// sides. Windows and images follow each other row by row, the pixels of a window in a beat likewise.
//
// One pixel of one window is chosen with the reset, and followed. It is padding, or some pixel of the image.
//
// padding: the chosen pixel lies outside the image and is not PAD_PIXEL.
// late:    all pixels of the chosen window have come in, those before it have left, and for LATENCY cycles it
//          is not offered.
// idle:    for LATENCY cycles the module neither offered a window nor accepted a beat.

`default_nettype none

module proof_window #(
  // the image, in pixels
  parameter HEIGHT = 3,
  parameter WIDTH = 3,
  parameter PIXEL_BITS = 2,
  // pixels per beat
  parameter PIXELS = 1,
  // the windows
  parameter KERNEL_H = 2,
  parameter KERNEL_W = 2,
  parameter STRIDE_H = 1,
  parameter STRIDE_W = 1,
  parameter PAD_TOP = 0,
  parameter PAD_LEFT = 0,
  parameter OUT_HEIGHT = 2,
  parameter OUT_WIDTH = 2,
  parameter [PIXEL_BITS-1:0] PAD_PIXEL = 0,
  // how many images may be inside, in part or whole
  parameter integer IMAGES = 2,
  parameter integer LATENCY = 3
) (
  input  wire                                    clk,
  input  wire                                    rst,

  // free in every cycle
  input  wire                                    mark,
  input  wire [15:0]                             chosen,
  input  wire                                    wanted,
  input  wire [PIXELS*PIXEL_BITS-1:0]            drawn,

  output wire [PIXELS*PIXEL_BITS-1:0]            s_axis_tdata,
  output wire                                    s_axis_tvalid,
  input  wire                                    s_axis_tready,

  input  wire [KERNEL_H*KERNEL_W*PIXEL_BITS-1:0] m_axis_tdata,
  input  wire                                    m_axis_tvalid,
  input  wire                                    m_axis_tready,

  output wire                                    fault_steady,
  output wire                                    fault_early,
  output wire                                    fault_wrong,
  output wire                                    fault_lost,
  output wire                                    fault_padding,
  output wire                                    fault_late,
  output wire                                    fault_idle,
  output wire                                    arrived
);

  localparam [5:0] ROWS = HEIGHT;
  localparam [5:0] COLUMNS = WIDTH;
  localparam [5:0] TOP = PAD_TOP;
  localparam [5:0] LEFT = PAD_LEFT;
  localparam [5:0] DOWN = STRIDE_H;
  localparam [5:0] RIGHT = STRIDE_W;
  localparam [5:0] TAP_ROWS = KERNEL_H;
  localparam [5:0] TAP_COLUMNS = KERNEL_W;
  localparam [5:0] LAST_TAP_Y = KERNEL_H - 1;
  localparam [5:0] LAST_TAP_X = KERNEL_W - 1;
  // counted in the padded image, as the modules do: counters that are the same are one for the prover
  localparam [5:0] END_X = PAD_LEFT + WIDTH - PIXELS;
  localparam [5:0] END_Y = PAD_TOP + HEIGHT - 1;
  localparam [5:0] STEP_X = PIXELS;
  localparam [3:0] OUT_ROWS = OUT_HEIGHT;
  localparam [3:0] OUT_COLUMNS = OUT_WIDTH;
  localparam [3:0] LAST_OUT_Y = OUT_HEIGHT - 1;
  localparam [3:0] LAST_OUT_X = OUT_WIDTH - 1;
  localparam TAPS = KERNEL_H * KERNEL_W;
  localparam WAIT_BITS = $clog2(LATENCY + 1);
  localparam HELD_BITS = $clog2(IMAGES + 2);

  // the window and its pixel that are followed
  reg [3:0] window_y;
  reg [3:0] window_x;
  reg [3:0] tap_y;
  reg [3:0] tap_x;
  // the first pixel of the beat that is next to come in, and the window that is next to go out
  reg [5:0] in_y;
  reg [5:0] in_x;
  reg [3:0] out_y;
  reg [3:0] out_x;
  // followed pixels that are inside
  reg [HELD_BITS-1:0] held;
  // cycles without what is expected
  reg [WAIT_BITS-1:0] waited;
  reg [WAIT_BITS-1:0] idle;

  wire [5:0] y = {2'd0, window_y} * DOWN + {2'd0, tap_y};
  wire [5:0] x = {2'd0, window_x} * RIGHT + {2'd0, tap_x};
  // above the image or left of it wraps to beyond
  wire is_real = y - TOP < ROWS && x - LEFT < COLUMNS;
  // no pixel of the window comes later
  wire is_last = is_real && ({2'd0, tap_y} == LAST_TAP_Y || y == END_Y)
              && ({2'd0, tap_x} == LAST_TAP_X || x - LEFT == COLUMNS - 1'b1);

  wire accepts = s_axis_tvalid && s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;
  wire is_in = is_real && y == in_y && x >= in_x && x - in_x < STEP_X;
  wire is_next = out_y == window_y && out_x == window_x;
  wire enters = accepts && is_in;
  wire leaves = gives && is_next && is_real;
  wire must_come = is_last && is_next && held != 0 && !m_axis_tvalid;
  wire stands = !s_axis_tready && !m_axis_tvalid;

  reg [PIXEL_BITS-1:0] entering;
  reg [PIXEL_BITS-1:0] leaving;
  integer k;

  always @* begin
    entering = 0;
    for (k = 0; k < PIXELS; k = k + 1) begin
      if (x - in_x == k[5:0]) entering = s_axis_tdata[k*PIXEL_BITS +: PIXEL_BITS];
    end
    leaving = 0;
    for (k = 0; k < TAPS; k = k + 1) begin
      if ({2'd0, tap_y} * TAP_COLUMNS + {2'd0, tap_x} == k[5:0]) begin
        leaving = m_axis_tdata[k*PIXEL_BITS +: PIXEL_BITS];
      end
    end
  end

  proof_source #(
    .WIDTH(PIXELS * PIXEL_BITS)
  ) source (
    .clk(clk),
    .rst(rst),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(s_axis_tdata),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  proof_steady #(
    .WIDTH(PIXEL_BITS)
  ) steady (
    .clk(clk),
    .rst(rst),
    .tdata(leaving),
    .tvalid(m_axis_tvalid),
    .tready(m_axis_tready),
    .fault(fault_steady)
  );

  proof_order #(
    .BITS(PIXEL_BITS),
    .MOST(IMAGES)
  ) order (
    .clk(clk),
    .rst(rst),
    .mark(mark),
    .enters(enters),
    .entering(entering),
    .leaves(leaves),
    .leaving(leaving),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_padding = !rst && m_axis_tvalid && is_next && !is_real && leaving != PAD_PIXEL;
  assign fault_late = !rst && must_come && waited == LATENCY[WAIT_BITS-1:0];
  assign fault_idle = !rst && stands && idle == LATENCY[WAIT_BITS-1:0];

  always @(posedge clk) begin
    if (accepts) begin
      in_x <= (in_x == END_X) ? LEFT : in_x + STEP_X;
      if (in_x == END_X) in_y <= (in_y == END_Y) ? TOP : in_y + 1'b1;
    end
    if (gives) begin
      out_x <= (out_x == LAST_OUT_X) ? 4'd0 : out_x + 1'b1;
      if (out_x == LAST_OUT_X) out_y <= (out_y == LAST_OUT_Y) ? 4'd0 : out_y + 1'b1;
    end
    held <= held + {{(HELD_BITS-1){1'b0}}, enters} - {{(HELD_BITS-1){1'b0}}, leaves};
    waited <= must_come ? waited + 1'b1 : 0;
    idle <= stands ? idle + 1'b1 : 0;
    if (rst) begin
      window_y <= (chosen[3:0] < OUT_ROWS) ? chosen[3:0] : 4'd0;
      window_x <= (chosen[7:4] < OUT_COLUMNS) ? chosen[7:4] : 4'd0;
      tap_y <= ({2'd0, chosen[11:8]} < TAP_ROWS) ? chosen[11:8] : 4'd0;
      tap_x <= ({2'd0, chosen[15:12]} < TAP_COLUMNS) ? chosen[15:12] : 4'd0;
      in_y <= TOP;
      in_x <= LEFT;
      out_y <= 4'd0;
      out_x <= 4'd0;
      held <= 0;
      waited <= 0;
      idle <= 0;
    end
  end

endmodule

`default_nettype wire
