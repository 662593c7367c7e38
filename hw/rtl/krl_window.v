// SPDX-License-Identifier: Apache-2.0
//
// krl_window: the sliding windows of an image that streams by, PIXELS neighbouring pixels per beat.
//
// Equation: window(oy, ox) holds pixel (oy * STRIDE_H - PAD_TOP + ky, ox * STRIDE_W - PAD_LEFT + kx) at
//           pixel lane ky * KERNEL_W + kx; pixels outside the image are PAD_PIXEL.
//
// krl_line_buffer gives PIXELS columns of a row of windows at a time.
//
// With one pixel per beat they are shifted past the window, which is copied out whenever it is complete.
// Padding columns are not read: the columns of one row of windows follow those of the last, and what a
// window holds of the row before or after is replaced by padding as it is copied. WAITING finished windows
// may wait for their consumer; meanwhile the columns of the next window come in.
//
// With more pixels the columns join a queue whose head is the window, so that windows roll from row to row
// without a pause, padding or not.
//
// Latency:  3 cycles from the acceptance of a window's last pixel to m_axis_tvalid, where nothing else
//           holds it back, and with one pixel per beat WAITING - 1 more; 2 if KERNEL_W = STRIDE_W = PIXELS = 1,
//           for then columns are windows; one less if the line buffer has no memory.
// Cycles:   A consumer that takes STEPS cycles per window is kept busy but where the shapes force a pause:
//           PIXELS = 1: a row of windows takes as many cycles as it has columns in the image (more where
//           its windows overhang by KERNEL_W columns and more), or OUT_WIDTH * STEPS if these are more,
//           provided that WAITING * (STEPS - 1) >= KERNEL_W - 1 less the padding on both sides: that many
//           windows hide the columns in which no window is completed at the start of a row.
//           PIXELS > 1: a row takes as many cycles as words that hold its columns, padding included, or
//           OUT_WIDTH * STEPS if these are more.
// Stream:   s_axis_tready comes from the fill of the line buffer and the places of its reader and writer.
// Legal:    PIXELS divides WIDTH; ROWS >= KERNEL_H; WAITING >= 1; every window holds a pixel of the image.

`default_nettype none

module krl_window #(
  // the image
  parameter integer HEIGHT = 28,
  parameter integer WIDTH = 28,
  parameter integer PIXEL_BITS = 8,
  // pixels per beat
  parameter integer PIXELS = 1,
  // the windows
  parameter integer KERNEL_H = 3,
  parameter integer KERNEL_W = 3,
  parameter integer STRIDE_H = 1,
  parameter integer STRIDE_W = 1,
  parameter integer PAD_TOP = 0,
  parameter integer PAD_LEFT = 0,
  parameter integer OUT_HEIGHT = 26,
  parameter integer OUT_WIDTH = 26,
  parameter [PIXEL_BITS-1:0] PAD_PIXEL = 0,
  // row memories
  parameter integer ROWS = 4,
  // 1: block RAM, 0: look-up tables
  parameter integer BLOCK = 0,
  // finished windows that may wait to be taken, for PIXELS = 1
  parameter integer WAITING = 1
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

  generate
    if (!((PIXELS >= 1 && WIDTH % PIXELS == 0 && KERNEL_H >= 1 && ROWS >= KERNEL_H && WAITING >= 1) &&
          (STRIDE_H >= 1 && STRIDE_W >= 1 && OUT_HEIGHT >= 1 && OUT_WIDTH >= 1) &&
          (PAD_TOP >= 0 && PAD_LEFT >= 0 && PAD_TOP < KERNEL_H && PAD_LEFT < KERNEL_W) &&
          ((OUT_HEIGHT - 1) * STRIDE_H - PAD_TOP < HEIGHT && (OUT_WIDTH - 1) * STRIDE_W - PAD_LEFT < WIDTH))
    ) begin : g_legal
      illegal_parameters_of_krl_window see_legal_in_its_header ();
    end
  endgenerate

  // columns that a row of windows needs, padding included; those to the right of its first pixel
  localparam COLUMNS = (OUT_WIDTH - 1) * STRIDE_W + KERNEL_W;
  localparam REACH = COLUMNS - PAD_LEFT;
  // the words that are read for it: of one pixel those of the image, of more all, and the first word may
  // begin left of the windows
  localparam PAD_WORDS = (PIXELS == 1) ? 0 : (PAD_LEFT + PIXELS - 1) / PIXELS;
  localparam SKIPPED = PAD_WORDS * PIXELS - PAD_LEFT;
  localparam WORDS = (PIXELS > 1) ? (SKIPPED + COLUMNS + PIXELS - 1) / PIXELS
                   : (REACH < WIDTH) ? REACH
                   : WIDTH;
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
    if (PIXELS == 1 && KERNEL_W == 1 && STRIDE_W == 1) begin : g_through
      assign columns = arriving;
      assign m_axis_tvalid = band_tvalid;
      assign band_tready = m_axis_tready;
    end else if (PIXELS == 1) begin : g_shift
      // columns that complete the first window of a row, and padding behind the last column of the image
      localparam FIRST = KERNEL_W - PAD_LEFT;
      localparam TAIL = (REACH > WIDTH) ? REACH - WIDTH : 0;
      // the columns of the next row may come in place of that padding, before they complete a window
      localparam MOST_SHARED = (FIRST - 1 < WORDS) ? FIRST - 1 : WORDS;
      localparam SHARED = (TAIL < MOST_SHARED) ? TAIL : MOST_SHARED;

      localparam COLUMN_COUNT_BITS = $clog2(WORDS + 1);
      localparam WAIT_BITS = $clog2(((KERNEL_W > STRIDE_W) ? KERNEL_W : STRIDE_W) + 1);
      localparam OUT_BITS = $clog2(OUT_WIDTH + 1);
      localparam TAIL_BITS = $clog2(TAIL + 2);
      localparam integer LAST_COLUMN = WORDS - 1;
      localparam integer LAST_OUT = OUT_WIDTH - 1;
      localparam integer WAIT_FIRST = FIRST - 1;
      localparam integer WAIT_NEXT = STRIDE_W - 1;
      localparam integer WHOLE_TAIL = TAIL;
      localparam integer SHARED_TAIL = SHARED;

      // the row's next column, and the next window to be completed, which may be of the row before
      reg [COLUMN_COUNT_BITS-1:0] column;
      reg [OUT_BITS-1:0] out;
      // columns still to come before the one that completes the next window
      reg [WAIT_BITS-1:0] columns_to_wait;
      // the same for the first window of the next row
      reg [WAIT_BITS-1:0] row_to_wait;
      // padding columns that the row before still needs
      reg [TAIL_BITS-1:0] tail;
      wire [WINDOW_BITS-1:0] shifted;
      wire window_is_free;

      wire completes = columns_to_wait == 0;
      wire may_shift = !completes || window_is_free;
      wire tail_is_first = tail > SHARED_TAIL[TAIL_BITS-1:0];
      wire take_column = band_tvalid && band_tready;
      wire shift = take_column || (may_shift && tail != 0);
      wire row_ends = take_column && column == LAST_COLUMN[COLUMN_COUNT_BITS-1:0];
      wire out_is_last = out == LAST_OUT[OUT_BITS-1:0];
      wire [WAIT_BITS-1:0] row_waits =
          (TAIL > 0 && take_column && tail != 0) ? row_to_wait - 1'b1 : row_to_wait;

      assign band_tready = may_shift && !tail_is_first;

      if (KERNEL_W > 1) begin : g_columns
        reg [WINDOW_BITS-COLUMN_BITS-1:0] earlier_columns;
        assign shifted = {arriving, earlier_columns};
        for (x = 0; x < KERNEL_W - 1; x = x + 1) begin : g_earlier
          // a place this far to the right may hold a column of the next row while padding is shifted in
          localparam RIGHT = KERNEL_W - 1 - x;
          localparam integer LEAST_TO_WAIT = (RIGHT < SHARED) ? WAIT_FIRST - RIGHT + 1 : 0;
          wire moves = take_column || RIGHT >= SHARED || row_to_wait >= LEAST_TO_WAIT[WAIT_BITS-1:0];
          always @(posedge clk) begin
            if (shift && moves) begin
              earlier_columns[x*COLUMN_BITS +: COLUMN_BITS] <= shifted[(x+1)*COLUMN_BITS +: COLUMN_BITS];
            end
          end
        end
      end else begin : g_one_column
        assign shifted = arriving;
      end

      always @(posedge clk) begin
        if (take_column) column <= row_ends ? 0 : column + 1'b1;
        if (shift) begin
          columns_to_wait <= !completes ? columns_to_wait - 1'b1
                           : out_is_last ? row_waits
                           : WAIT_NEXT[WAIT_BITS-1:0];
          row_to_wait <= (completes && out_is_last) ? WAIT_FIRST[WAIT_BITS-1:0] : row_waits;
          if (completes) out <= out_is_last ? 0 : out + 1'b1;
          tail <= row_ends ? WHOLE_TAIL[TAIL_BITS-1:0] : (tail != 0) ? tail - 1'b1 : 0;
        end
        if (rst) begin
          column <= 0;
          out <= 0;
          columns_to_wait <= WAIT_FIRST[WAIT_BITS-1:0];
          row_to_wait <= WAIT_FIRST[WAIT_BITS-1:0];
          tail <= 0;
        end
      end

      // ---- finished windows: the first of WAITING registers takes the columns, the last hands them on ----

      reg [WAITING-1:0] valid;
      reg [WAITING*WINDOW_BITS-1:0] windows;
      wire [WAITING-1:0] is_free;

      assign window_is_free = is_free[0];
      assign m_axis_tvalid = valid[WAITING-1];
      assign columns = windows[WAITING*WINDOW_BITS-1 -: WINDOW_BITS];

      for (k = 0; k < WAITING; k = k + 1) begin : g_waiting
        wire comes = (k == 0) ? shift && completes : valid[(k > 0) ? k - 1 : 0];
        assign is_free[k] = m_axis_tready || !(&valid[WAITING-1:k]);
        always @(posedge clk) begin
          if (is_free[k]) valid[k] <= comes;
          if (rst) valid[k] <= 1'b0;
        end
        if (k > 0) begin : g_from_before
          always @(posedge clk) begin
            if (is_free[k]) begin
              windows[k*WINDOW_BITS +: WINDOW_BITS] <= windows[(k-1)*WINDOW_BITS +: WINDOW_BITS];
            end
          end
        end
      end

      // of the window that is copied, from 1
      wire [OUT_BITS:0] number = {1'b0, out} + 1'b1;

      for (x = 0; x < KERNEL_W; x = x + 1) begin : g_column
        // windows before the first whose column x lies in the image, and up to the last
        localparam FIRST_REAL = (x < PAD_LEFT) ? (PAD_LEFT - x + STRIDE_W - 1) / STRIDE_W : 0;
        localparam integer BEFORE = (FIRST_REAL < OUT_WIDTH) ? FIRST_REAL : OUT_WIDTH;
        localparam integer UP_TO = (x < PAD_LEFT + WIDTH) ? (PAD_LEFT + WIDTH - 1 - x) / STRIDE_W + 1 : 0;
        wire is_padding = number <= BEFORE[OUT_BITS:0] || (UP_TO < OUT_WIDTH && number > UP_TO[OUT_BITS:0]);
        always @(posedge clk) begin
          if (shift && completes) begin
            windows[x*COLUMN_BITS +: COLUMN_BITS] <= shifted[x*COLUMN_BITS +: COLUMN_BITS];
          end
          // last, so that it becomes the registers' reset and takes no logic
          if (shift && completes && is_padding) begin
            windows[x*COLUMN_BITS +: COLUMN_BITS] <= {KERNEL_H{PAD_PIXEL}};
          end
        end
      end
    end else begin : g_queue
      // room for the last window of a row, the first of the next, and a word that arrives meanwhile
      localparam QUEUE = 2 * ((KERNEL_W > STRIDE_W) ? KERNEL_W : STRIDE_W) + PIXELS - 1;
      localparam LEVEL_BITS = $clog2(QUEUE + 1);
      localparam WORD_BITS = $clog2(WORDS + 1);
      localparam OUT_BITS = $clog2(OUT_WIDTH + 1);
      localparam PLACE_BITS = $clog2(PIXELS);
      localparam TURN_BITS = (1 << PLACE_BITS) * COLUMN_BITS;
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
      // columns that stay if a window leaves
      wire [LEVEL_BITS-1:0] left =
          level - (out_is_last ? ROW_COLUMNS[LEVEL_BITS-1:0] : STEP_COLUMNS[LEVEL_BITS-1:0]);
      wire [LEVEL_BITS-1:0] kept = pop ? left : level;

      assign band_tready = level <= MOST_BEFORE_WORD[LEVEL_BITS-1:0];
      assign columns = queue[WINDOW_BITS-1:0];
      assign m_axis_tvalid =
          level >= (out_is_last ? ROW_COLUMNS[LEVEL_BITS-1:0] : NEED_INSIDE[LEVEL_BITS-1:0]);

      // the columns turned around, up by so many places
      function [TURN_BITS-1:0] turn;
        input [TURN_BITS-1:0] straight;
        input [PLACE_BITS-1:0] places;
        integer i;
        begin
          turn = straight;
          for (i = 0; i < PLACE_BITS; i = i + 1) begin
            if (places[i]) turn = turn << (COLUMN_BITS << i) | turn >> (TURN_BITS - (COLUMN_BITS << i));
          end
        end
      endfunction

      // each arriving column where the places lie that it may come to
      wire [TURN_BITS-1:0] turned;

      if (TURN_BITS > PIXELS * COLUMN_BITS) begin : g_fill
        localparam FILL_BITS = TURN_BITS - PIXELS * COLUMN_BITS;
        assign turned = turn({{FILL_BITS{1'b0}}, arriving}, kept[PLACE_BITS-1:0]);
      end else begin : g_no_fill
        assign turned = turn(arriving, kept[PLACE_BITS-1:0]);
      end

      if (QUEUE < (1 << PLACE_BITS)) begin : g_no_place
        wire unused_turned = &{1'b0, turned[TURN_BITS-1:QUEUE*COLUMN_BITS]};
      end

      // a place that is kept takes a column from further up when a window leaves; the others take one that
      // arrives
      for (x = 0; x < QUEUE; x = x + 1) begin : g_place
        localparam integer PLACE = x;
        wire is_kept = pop ? left > PLACE[LEVEL_BITS-1:0] : level > PLACE[LEVEL_BITS-1:0];
        wire [COLUMN_BITS-1:0] joins = turned[(x%(1<<PLACE_BITS))*COLUMN_BITS +: COLUMN_BITS];
        wire [COLUMN_BITS-1:0] comes_down;

        if (x + KERNEL_W < QUEUE && x + STRIDE_W < QUEUE) begin : g_low
          assign comes_down = out_is_last ? queue[(x+KERNEL_W)*COLUMN_BITS +: COLUMN_BITS]
                                          : queue[(x+STRIDE_W)*COLUMN_BITS +: COLUMN_BITS];
        end else if (x + KERNEL_W < QUEUE) begin : g_after_row
          assign comes_down = queue[(x+KERNEL_W)*COLUMN_BITS +: COLUMN_BITS];
        end else if (x + STRIDE_W < QUEUE) begin : g_after_step
          assign comes_down = queue[(x+STRIDE_W)*COLUMN_BITS +: COLUMN_BITS];
        end else begin : g_high
          assign comes_down = joins;
        end

        always @(posedge clk) begin
          if (pop || !is_kept) queue[x*COLUMN_BITS +: COLUMN_BITS] <= is_kept ? comes_down : joins;
        end
      end

      always @(posedge clk) begin
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
