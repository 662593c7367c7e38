// SPDX-License-Identifier: Apache-2.0
//
// krl_window_reader_proof: what krl_window_reader must do, for any source, any sink and a reset at any time.
//
// One word of a freely marked frame is followed: wherever the windows of that frame hold it, and nowhere
// else, the beat must be equal to it. Which word a beat stands for is counted here in plain loops, and its
// place in the frame is multiplied out; the module counts addresses. As any word of any frame may be the one
// that is followed, this holds for all.
//
// early:   a beat stands for a word that has not entered.
// wrong:   the followed word was changed, or another took its place.
// padding: a beat outside the image is not PAD_WORD.
// lost:    more frames are inside than the ring can hold a part of.
// idle:    nothing is offered and nothing accepted, and there is still nothing to offer a cycle later.
// late:    the followed word is the next one, has been there for two cycles, and is not offered.
// arrived: the followed word leaves. Not a fault: a proof in which it never happens is empty.

`default_nettype none

// counters of four bits are compared with parameters, which are small
/* verilator lint_off WIDTH */

module krl_window_reader_proof #(
  parameter integer HEIGHT = 3,
  parameter integer WIDTH = 2,
  parameter integer SLICES = 1,
  parameter WORD_BITS = 2,
  parameter integer KERNEL_H = 2,
  parameter integer KERNEL_W = 2,
  parameter integer DILATION_H = 1,
  parameter integer DILATION_W = 1,
  parameter integer STRIDE_H = 1,
  parameter integer STRIDE_W = 1,
  parameter integer PAD_TOP = 0,
  parameter integer PAD_LEFT = 0,
  parameter integer OUT_HEIGHT = 2,
  parameter integer OUT_WIDTH = 1,
  parameter [WORD_BITS-1:0] PAD_WORD = 0,
  parameter integer PASSES = 1,
  parameter integer GROUPS = 1,
  parameter integer ROWS = 3
) (
  input  wire                 clk,
  input  wire                 rst,

  // all free in every cycle
  input  wire                 mark,
  input  wire [4:0]           chosen,
  input  wire                 wanted,
  input  wire [WORD_BITS-1:0] drawn,
  input  wire                 m_axis_tready,

  output wire                 fault_steady,
  output wire                 fault_early,
  output wire                 fault_wrong,
  output wire                 fault_padding,
  output wire                 fault_lost,
  output wire                 fault_idle,
  output wire                 fault_late,
  output wire                 arrived
);

  localparam integer WORDS = HEIGHT * WIDTH * SLICES;
  // words of a group of a pixel
  localparam integer PART = SLICES / GROUPS;
  localparam integer LAST_TAP = (KERNEL_H - 1) * DILATION_H;
  localparam integer LAST_COLUMN = (KERNEL_W - 1) * DILATION_W;
  // frames of which a part may be inside: a row is enough to keep one
  localparam integer MOST = ROWS + 2;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [WORD_BITS-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [WORD_BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  proof_source #(.WIDTH(WORD_BITS)) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(s_axis_tdata),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  krl_window_reader #(
    .HEIGHT(HEIGHT),
    .WIDTH(WIDTH),
    .SLICES(SLICES),
    .WORD_BITS(WORD_BITS),
    .KERNEL_H(KERNEL_H),
    .KERNEL_W(KERNEL_W),
    .DILATION_H(DILATION_H),
    .DILATION_W(DILATION_W),
    .STRIDE_H(STRIDE_H),
    .STRIDE_W(STRIDE_W),
    .PAD_TOP(PAD_TOP),
    .PAD_LEFT(PAD_LEFT),
    .OUT_HEIGHT(OUT_HEIGHT),
    .OUT_WIDTH(OUT_WIDTH),
    .PAD_WORD(PAD_WORD),
    .PASSES(PASSES),
    .GROUPS(GROUPS),
    .ROWS(ROWS),
    .BLOCK(0)
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

  proof_steady #(.WIDTH(WORD_BITS)) steady (
    .clk(clk),
    .rst(reset),
    .tdata(m_axis_tdata),
    .tvalid(m_axis_tvalid),
    .tready(m_axis_tready),
    .fault(fault_steady)
  );

  wire enters = s_axis_tvalid && s_axis_tready;
  wire leaves = m_axis_tvalid && m_axis_tready;

  // ---- the word that enters, and the word that the next beat stands for ----

  reg [3:0] in_x;
  reg [3:0] in_y;

  wire row_enters = in_x == WIDTH * SLICES - 1;
  wire frame_begins = enters && in_x == 0 && in_y == 0;
  wire [7:0] entering = in_y * (WIDTH * SLICES) + in_x;

  always @(posedge clk) begin
    if (enters) in_x <= row_enters ? 0 : in_x + 1'b1;
    if (enters && row_enters) in_y <= (in_y == HEIGHT - 1) ? 0 : in_y + 1'b1;
    if (reset) begin
      in_x <= 0;
      in_y <= 0;
    end
  end

  reg [3:0] top;
  reg [3:0] out;
  reg [3:0] group;
  reg [3:0] pass;
  // in rows below the first one of the window
  reg [3:0] tap;
  // in pixels right of it
  reg [3:0] column;
  reg [3:0] slice;

  wire pixel_ends = slice == PART - 1;
  wire run_ends = pixel_ends && column == LAST_COLUMN;
  wire pass_ends = run_ends && tap == LAST_TAP;
  wire group_ends = pass_ends && pass == PASSES - 1;
  wire window_ends = group_ends && group == GROUPS - 1;
  wire band_ends = window_ends && out == OUT_WIDTH - 1;
  wire last_beat = band_ends && top == (OUT_HEIGHT - 1) * STRIDE_H;
  wire frame_ends = leaves && last_beat;

  always @(posedge clk) begin
    if (leaves) begin
      slice <= pixel_ends ? 0 : slice + 1'b1;
      if (pixel_ends) column <= run_ends ? 0 : column + DILATION_W;
      if (run_ends) tap <= pass_ends ? 0 : tap + DILATION_H;
      if (pass_ends) pass <= group_ends ? 0 : pass + 1'b1;
      if (group_ends) group <= window_ends ? 0 : group + 1'b1;
      if (window_ends) out <= band_ends ? 0 : out + 1'b1;
      if (band_ends) top <= last_beat ? 0 : top + STRIDE_H;
    end
    if (reset) begin
      top <= 0;
      out <= 0;
      group <= 0;
      pass <= 0;
      tap <= 0;
      column <= 0;
      slice <= 0;
    end
  end

  wire signed [7:0] y = top + tap - PAD_TOP;
  wire signed [7:0] x = (out * STRIDE_W - PAD_LEFT + column) * SLICES + group * PART + slice;
  wire is_padding = y < 0 || y >= HEIGHT || x < 0 || x >= WIDTH * SLICES;
  wire [7:0] leaving = y * (WIDTH * SLICES) + x;

  // ---- the frame and the word that are followed ----

  // frames begun and not yet read to the end
  reg [3:0] held;
  reg marked;
  // frames to be read to the end before the marked one
  reg [3:0] ahead;
  reg [4:0] followed;
  reg is_here;
  reg [WORD_BITS-1:0] value;

  wire follows = mark && frame_begins && !marked && chosen < WORDS;
  wire [4:0] word = marked ? followed : chosen;
  wire word_enters = enters && (follows || marked) && !is_here && entering == {3'b0, word};
  wire is_next = marked && ahead == 0 && !is_padding && leaving == {3'b0, followed};

  always @(posedge clk) begin
    held <= held + {3'b0, frame_begins} - {3'b0, frame_ends};
    // before the end of the frame: a row that no window holds may come in when that leaves, or later
    if (word_enters) begin
      is_here <= 1'b1;
      value <= s_axis_tdata;
    end
    if (follows) begin
      marked <= 1'b1;
      ahead <= held - {3'b0, frame_ends};
      followed <= chosen;
    end else if (frame_ends) begin
      if (ahead == 0) begin
        marked <= 1'b0;
        is_here <= 1'b0;
      end else begin
        ahead <= ahead - 1'b1;
      end
    end
    if (reset) begin
      held <= 0;
      marked <= 1'b0;
      is_here <= 1'b0;
    end
  end

  assign fault_early = !reset && leaves && ((is_next && !is_here) || (!is_padding && held == 0));
  assign fault_wrong = !reset && leaves && is_next && is_here && m_axis_tdata != value;
  assign fault_padding = !reset && leaves && is_padding && m_axis_tdata != PAD_WORD;
  assign fault_lost = !reset && held > MOST;
  assign arrived = !reset && leaves && is_next;

  // ---- no standstill ----

  reg stood_still;
  reg waited;
  reg waited_twice;
  // the last word of a band may have to wait for the rest of its row
  wire waits = is_next && is_here && !band_ends && !m_axis_tvalid;

  always @(posedge clk) begin
    stood_still <= !reset && !s_axis_tready && !m_axis_tvalid;
    waited <= !reset && waits;
    waited_twice <= !reset && waits && waited;
  end

  assign fault_idle = !reset && stood_still && !m_axis_tvalid;
  assign fault_late = !reset && waits && waited_twice;

  always @(posedge clk) started <= 1'b1;

endmodule

/* verilator lint_on WIDTH */

`default_nettype wire
