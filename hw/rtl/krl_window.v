// SPDX-License-Identifier: Apache-2.0
//
// krl_window: the sliding windows of an image that streams by, PIXELS neighbouring pixels a beat.
//
// Equation: window(oy, ox) holds pixel (oy * STRIDE_H - PAD_TOP + ky, ox * STRIDE_W - PAD_LEFT + kx) at
//           pixel lane ky * KERNEL_W + kx; pixels outside the image are PAD_PIXEL.
//
// krl_line_buffer gives PIXELS columns of a row of windows at a time. With one pixel a beat they are
// shifted past the window, which is copied out whenever it is complete. With more, they join a queue of
// columns whose head is the window, so that windows roll from row to row without a pause: a row of windows
// then takes OUT_WIDTH cycles.
//
// Latency:  3 cycles from the acceptance of a window's last pixel to m_axis_tvalid, where nothing else
//           holds it back.
// Cycles:   PIXELS = 1: a row of windows takes (OUT_WIDTH - 1) * STRIDE_W + KERNEL_W reads, one a cycle.
//           PIXELS > 1: a row takes so many columns, PIXELS a cycle, or OUT_WIDTH cycles if these are more.
//           Either overlaps with a slow consumer of the windows before.
// Stream:   s_axis_tready comes from the fill of the line buffer alone.
// Legal:    PIXELS divides WIDTH; ROWS >= KERNEL_H, and one more to write and read at once; every window
//           holds a pixel of the image.

`default_nettype none

module krl_window #(
  // the image
  parameter HEIGHT = 28,
  parameter WIDTH = 28,
  parameter PIXEL_BITS = 8,
  // pixels of a beat
  parameter PIXELS = 1,
  // the windows
  parameter KERNEL_H = 3,
  parameter KERNEL_W = 3,
  parameter STRIDE_H = 1,
  parameter STRIDE_W = 1,
  parameter PAD_TOP = 0,
  parameter PAD_LEFT = 0,
  parameter OUT_HEIGHT = 26,
  parameter OUT_WIDTH = 26,
  parameter [PIXEL_BITS-1:0] PAD_PIXEL = 0,
  // row memories
  parameter ROWS = 4,
  // 1: block RAM, 0: look-up tables
  parameter BLOCK = 0
) (
  input  wire                                    clk,
  input  wire                                    rst,

  input  wire [PIXELS*PIXEL_BITS-1:0]            s_axis_tdata,
  input  wire                                    s_axis_tvalid,
  output wire                                    s_axis_tready,

  output wire [KERNEL_H*KERNEL_W*PIXEL_BITS-1:0] m_axis_tdata,
  output wire                                    m_axis_tvalid,
  input  wire                                    m_axis_tready
);

  // columns that a row of windows needs, and the words that hold them; the first word may begin left of them
  localparam COLUMNS = (OUT_WIDTH - 1) * STRIDE_W + KERNEL_W;
  localparam PAD_WORDS = (PAD_LEFT + PIXELS - 1) / PIXELS;
  localparam SKIPPED = PAD_WORDS * PIXELS - PAD_LEFT;
  localparam WORDS = (SKIPPED + COLUMNS + PIXELS - 1) / PIXELS;
  localparam COLUMN_BITS = KERNEL_H * PIXEL_BITS;
  localparam WINDOW_BITS = KERNEL_W * COLUMN_BITS;

  // ---- the columns, PIXELS at a time ----

  wire [PIXELS*COLUMN_BITS-1:0] band_tdata;
  wire band_tvalid;
  wire band_tready;

  krl_line_buffer #(
    .HEIGHT(HEIGHT),
    .WIDTH(WIDTH / PIXELS),
    .WORD_BITS(PIXELS * PIXEL_BITS),
    .KERNEL_H(KERNEL_H),
    .STRIDE_H(STRIDE_H),
    .READS(WORDS),
    .OUT_HEIGHT(OUT_HEIGHT),
    .PAD_TOP(PAD_TOP),
    .PAD_WORDS(PAD_WORDS),
    .PAD_WORD({PIXELS{PAD_PIXEL}}),
    .ROWS(ROWS),
    .BLOCK(BLOCK)
  ) line_buffer (
    .clk(clk),
    .rst(rst),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .m_axis_tdata(band_tdata),
    .m_axis_tvalid(band_tvalid),
    .m_axis_tready(band_tready)
  );

  // from rows of words to columns of pixels
  wire [PIXELS*COLUMN_BITS-1:0] arriving;

  genvar k;
  genvar x;
  generate
    for (k = 0; k < KERNEL_H; k = k + 1) begin : g_band_row
      for (x = 0; x < PIXELS; x = x + 1) begin : g_band_pixel
        assign arriving[(x*KERNEL_H+k)*PIXEL_BITS +: PIXEL_BITS] =
            band_tdata[(k*PIXELS+x)*PIXEL_BITS +: PIXEL_BITS];
      end
    end
  endgenerate

  // ---- the window: KERNEL_W columns ----

  wire [WINDOW_BITS-1:0] columns;

  generate
    if (PIXELS == 1) begin : g_shift
      localparam COUNT_BITS = $clog2(COLUMNS + 1);
      localparam WAIT_BITS = $clog2(((KERNEL_W > STRIDE_W) ? KERNEL_W : STRIDE_W) + 1);
      localparam integer LAST_COLUMN = COLUMNS - 1;
      localparam integer WAIT_FIRST = KERNEL_W - 1;
      localparam integer WAIT_NEXT = STRIDE_W - 1;

      reg [COUNT_BITS-1:0] column;
      // columns still to come before the one that completes the next window
      reg [WAIT_BITS-1:0] columns_to_wait;
      reg [WINDOW_BITS-1:0] window;
      reg window_valid;
      wire [WINDOW_BITS-1:0] shifted;

      wire completes = columns_to_wait == 0;
      wire row_ends = column == LAST_COLUMN[COUNT_BITS-1:0];
      wire window_is_free = m_axis_tready || !window_valid;
      wire take_column = band_tvalid && band_tready;

      assign band_tready = !completes || window_is_free;
      assign columns = window;
      assign m_axis_tvalid = window_valid;

      if (KERNEL_W > 1) begin : g_columns
        reg [WINDOW_BITS-COLUMN_BITS-1:0] earlier_columns;
        assign shifted = {arriving, earlier_columns};
        always @(posedge clk) begin
          if (take_column) earlier_columns <= shifted[WINDOW_BITS-1:COLUMN_BITS];
        end
      end else begin : g_one_column
        assign shifted = arriving;
      end

      always @(posedge clk) begin
        if (take_column) begin
          column <= row_ends ? 0 : column + 1'b1;
          columns_to_wait <= row_ends ? WAIT_FIRST[WAIT_BITS-1:0]
                           : completes ? WAIT_NEXT[WAIT_BITS-1:0]
                           : columns_to_wait - 1'b1;
          if (completes) window <= shifted;
        end
        if (window_is_free) window_valid <= take_column && completes;
        if (rst) begin
          column <= 0;
          columns_to_wait <= WAIT_FIRST[WAIT_BITS-1:0];
          window_valid <= 1'b0;
        end
      end
    end else begin : g_queue
      // room for the last window of a row, the first of the next, and a word that arrives meanwhile
      localparam QUEUE = 2 * ((KERNEL_W > STRIDE_W) ? KERNEL_W : STRIDE_W) + PIXELS - 1;
      localparam LEVEL_BITS = $clog2(QUEUE + 1);
      localparam WORD_BITS = $clog2(WORDS + 1);
      localparam OUT_BITS = $clog2(OUT_WIDTH + 1);
      localparam PLACE_BITS = $clog2(PIXELS);
      localparam integer LAST_WORD = WORDS - 1;
      localparam integer LAST_OUT = OUT_WIDTH - 1;
      // columns of the first and of the last word that windows hold; if the first word has too many, all of
      // it is padding
      localparam integer FIRST_COUNT = (WORDS == 1) ? COLUMNS : PIXELS - SKIPPED;
      localparam integer LAST_COUNT = (WORDS == 1) ? COLUMNS : SKIPPED + COLUMNS - (WORDS - 1) * PIXELS;
      localparam integer MOST_BEFORE_WORD = QUEUE - PIXELS;
      localparam integer NEED_INSIDE = (KERNEL_W > STRIDE_W) ? KERNEL_W : STRIDE_W;
      localparam integer ROW_COLUMNS = KERNEL_W;
      localparam integer STEP_COLUMNS = STRIDE_W;
      localparam integer WORD_COLUMNS = PIXELS;

      // the queue: its head, the window, in the low bits
      reg [QUEUE*COLUMN_BITS-1:0] queue;
      reg [LEVEL_BITS-1:0] level;
      reg [WORD_BITS-1:0] word;
      reg [OUT_BITS-1:0] out;

      wire word_is_first = word == 0;
      wire word_is_last = word == LAST_WORD[WORD_BITS-1:0];
      wire out_is_last = out == LAST_OUT[OUT_BITS-1:0];
      wire push = band_tvalid && band_tready;
      wire pop = m_axis_tvalid && m_axis_tready;
      wire [LEVEL_BITS-1:0] gained = !push ? 0
                                   : word_is_first ? FIRST_COUNT[LEVEL_BITS-1:0]
                                   : word_is_last ? LAST_COUNT[LEVEL_BITS-1:0]
                                   : WORD_COLUMNS[LEVEL_BITS-1:0];
      wire [LEVEL_BITS-1:0] given = !pop ? 0
                                  : out_is_last ? ROW_COLUMNS[LEVEL_BITS-1:0]
                                  : STEP_COLUMNS[LEVEL_BITS-1:0];
      wire [LEVEL_BITS-1:0] kept = level - given;
      // every place above what is kept takes the column of the word that would come to lie there
      wire [(1<<PLACE_BITS)*COLUMN_BITS-1:0] joining;
      wire [QUEUE*COLUMN_BITS-1:0] moved_down = !pop ? queue
                                              : out_is_last ? queue >> (KERNEL_W * COLUMN_BITS)
                                              : queue >> (STRIDE_W * COLUMN_BITS);
      wire [QUEUE*COLUMN_BITS-1:0] put_on_top;

      assign band_tready = level <= MOST_BEFORE_WORD[LEVEL_BITS-1:0];
      assign columns = queue[WINDOW_BITS-1:0];
      assign m_axis_tvalid =
          level >= (out_is_last ? ROW_COLUMNS[LEVEL_BITS-1:0] : NEED_INSIDE[LEVEL_BITS-1:0]);

      for (x = 0; x < (1 << PLACE_BITS); x = x + 1) begin : g_joining
        if (x < PIXELS) begin : g_used
          assign joining[x*COLUMN_BITS +: COLUMN_BITS] = arriving[x*COLUMN_BITS +: COLUMN_BITS];
        end else begin : g_unused
          assign joining[x*COLUMN_BITS +: COLUMN_BITS] = 0;
        end
      end
      for (x = 0; x < QUEUE; x = x + 1) begin : g_place
        localparam integer PLACE = x;
        wire [PLACE_BITS-1:0] from = PLACE[PLACE_BITS-1:0] - kept[PLACE_BITS-1:0];
        wire is_kept = PLACE[LEVEL_BITS-1:0] < kept;
        assign put_on_top[x*COLUMN_BITS +: COLUMN_BITS] =
            is_kept ? moved_down[x*COLUMN_BITS +: COLUMN_BITS] : joining[from*COLUMN_BITS +: COLUMN_BITS];
      end

      always @(posedge clk) begin
        queue <= put_on_top;
        level <= kept + gained;
        if (push) word <= word_is_last ? 0 : word + 1'b1;
        if (pop) out <= out_is_last ? 0 : out + 1'b1;
        if (rst) begin
          level <= 0;
          word <= 0;
          out <= 0;
        end
      end
    end

    for (k = 0; k < KERNEL_H; k = k + 1) begin : g_window_row
      for (x = 0; x < KERNEL_W; x = x + 1) begin : g_window_column
        assign m_axis_tdata[(k*KERNEL_W+x)*PIXEL_BITS +: PIXEL_BITS] =
            columns[(x*KERNEL_H+k)*PIXEL_BITS +: PIXEL_BITS];
      end
    end

    if (WIDTH % PIXELS != 0) begin : g_illegal
      krl_window_needs_pixels_to_divide_width illegal ();
    end
  endgenerate

endmodule

`default_nettype wire
