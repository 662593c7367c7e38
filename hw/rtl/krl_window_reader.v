// SPDX-License-Identifier: Apache-2.0
//
// krl_window_reader: windows of an image that streams by, read word by word out of a ring of rows in memory.
//
// A pixel comes in SLICES words of neighbouring channels, in GROUPS groups of as many words. Nothing of a window
// stands in registers: each step reads the one word that is multiplied next.
//
// Equation: for each window (oy, ox), in the order of rows:
//
//               for group in GROUPS:  for pass in PASSES:  for ky, kx:  for slice in group:    one beat
//
//           a beat is word `slice` of pixel (oy * STRIDE_H - PAD_TOP + ky * DILATION_H,
//           ox * STRIDE_W - PAD_LEFT + kx * DILATION_W); outside the image it is PAD_WORD. A group of channels
//           has filters of its own (depthwise: a word each), and is read once for every share of them.
//
// Rows are written into a ring of ROWS places and read while later rows and the next frame are already being
// written. A window holds all rows from its first to its last. Rows that no window holds are swallowed, and padding takes no place. A word's place is free as
// soon as the last window that holds it has been read. The address is a place and a word of a row, both
// counted: no multiplication.
//
// Latency:  2 cycles from the acceptance of a word to m_axis_tvalid, where nothing else holds it back.
// Stream:   s_axis_tready comes from the fill of the ring and the places of writer and reader alone. One
//           beat per cycle on both sides: no cycle is lost from window to window, row to row or frame to
//           frame where the words are there.
// Legal:    GROUPS divides SLICES. Along each axis every window, from its first cell to its last, meets the
//           image. ROWS >= the rows that it spans, or HEIGHT if that is less; more so that the writer may run
//           ahead of the reader by more than what it has read of the oldest row.

`default_nettype none

module krl_window_reader #(
  // the image: rows, columns, words per pixel, bits per word
  parameter integer HEIGHT = 8,
  parameter integer WIDTH = 8,
  parameter integer SLICES = 4,
  parameter integer WORD_BITS = 8,
  // the windows: cells, distance from cell to cell and from one window to the next, padding before the first,
  // how many
  parameter integer KERNEL_H = 3,
  parameter integer KERNEL_W = 3,
  parameter integer DILATION_H = 1,
  parameter integer DILATION_W = 1,
  parameter integer STRIDE_H = 1,
  parameter integer STRIDE_W = 1,
  parameter integer PAD_TOP = 0,
  parameter integer PAD_LEFT = 0,
  parameter integer OUT_HEIGHT = 6,
  parameter integer OUT_WIDTH = 6,
  parameter [WORD_BITS-1:0] PAD_WORD = 0,
  // how often a group is read
  parameter integer PASSES = 1,
  // groups of slices
  parameter integer GROUPS = 1,
  // places of the ring
  parameter integer ROWS = 4,
  // 1: block RAM, 0: look-up tables
  parameter integer BLOCK = 1
) (
  input  wire                 clk,
  input  wire                 rst,

  input  wire [WORD_BITS-1:0] s_axis_tdata,
  input  wire                 s_axis_tvalid,
  output wire                 s_axis_tready,

  output wire [WORD_BITS-1:0] m_axis_tdata,
  output wire                 m_axis_tvalid,
  input  wire                 m_axis_tready
);

  // rows and columns from the first cell of a window to its last
  localparam SPAN_H = (KERNEL_H - 1) * DILATION_H + 1;
  localparam SPAN_W = (KERNEL_W - 1) * DILATION_W + 1;

  generate
    if (!((HEIGHT >= 1 && WIDTH >= 1 && SLICES >= 1 && WORD_BITS >= 1 && KERNEL_H >= 1 && KERNEL_W >= 1) &&
          (DILATION_H >= 1 && DILATION_W >= 1 && STRIDE_H >= 1 && STRIDE_W >= 1) &&
          (OUT_HEIGHT >= 1 && OUT_WIDTH >= 1 && PASSES >= 1 && GROUPS >= 1 && SLICES % GROUPS == 0) &&
          (ROWS >= 1 && (ROWS >= SPAN_H || ROWS >= HEIGHT)) &&
          (PAD_TOP >= 0 && PAD_LEFT >= 0 && PAD_TOP < SPAN_H && PAD_LEFT < SPAN_W) &&
          ((OUT_HEIGHT - 1) * STRIDE_H - PAD_TOP < HEIGHT && (OUT_WIDTH - 1) * STRIDE_W - PAD_LEFT < WIDTH))
    ) begin : g_legal
      illegal_parameters_of_krl_window_reader see_legal_in_its_header ();
    end
  endgenerate

  // rows are counted in the padded image: the real ones are PAD_TOP ..
  localparam REACH = (OUT_HEIGHT - 1) * STRIDE_H + SPAN_H;
  localparam USED_END = (REACH < PAD_TOP + HEIGHT) ? REACH : PAD_TOP + HEIGHT;
  // rows a band of windows gives back, except the last, which gives back all
  localparam ROW_STEP = (STRIDE_H < SPAN_H) ? STRIDE_H : SPAN_H;
  // padding rows between the last used row of a frame and the first row of the next
  localparam GAP = REACH - USED_END + PAD_TOP;
  localparam LAST_TOP = (OUT_HEIGHT - 1) * STRIDE_H;
  // of the bands that begin with padding and are not the last, the one that gives rows back
  localparam PART_TOP = (PAD_TOP / STRIDE_H) * STRIDE_H;
  localparam PART =
      (PART_TOP < PAD_TOP && PART_TOP + ROW_STEP > PAD_TOP) ? PART_TOP + ROW_STEP - PAD_TOP : 0;
  // places from the top of a frame's last band to the top of the next frame's first, modulo ROWS
  localparam TURN = (USED_END - LAST_TOP + ROWS * PAD_TOP - PAD_TOP) % ROWS;
  localparam START = (ROWS * PAD_TOP - PAD_TOP) % ROWS;

  // words are counted in the image: those left of it are below 0
  localparam ROW_WORDS = WIDTH * SLICES;
  // words of a group of a pixel, and of its row of a window
  localparam WORDS = SLICES / GROUPS;
  localparam RUN = KERNEL_W * WORDS;
  // words from the last one of a pixel to the first one of the next
  localparam PIXEL_STEP = DILATION_W * SLICES - WORDS + 1;
  localparam END_X = ((OUT_WIDTH - 1) * STRIDE_W + SPAN_W - PAD_LEFT) * SLICES;
  localparam MOST_X = (END_X > ROW_WORDS) ? END_X : ROW_WORDS;
  localparam PAD_X = PAD_LEFT * SLICES;

  // a sign, and room for every word and every step
  localparam X_BITS = $clog2(((MOST_X > PAD_X) ? MOST_X : PAD_X) + STRIDE_W * SLICES + 1) + 1;
  localparam Y_BITS = $clog2(((REACH > PAD_TOP + HEIGHT) ? REACH : PAD_TOP + HEIGHT) + 2);
  localparam PHASE_BITS = $clog2(STRIDE_H) + 1;
  localparam RUN_BITS = (RUN > 1) ? $clog2(RUN) : 1;
  localparam TAP_BITS = (SPAN_H > 1) ? $clog2(SPAN_H) : 1;
  localparam PASS_BITS = (PASSES > 1) ? $clog2(PASSES) : 1;
  localparam GROUP_BITS = (GROUPS > 1) ? $clog2(GROUPS) : 1;
  localparam OUT_BITS = (OUT_WIDTH > 1) ? $clog2(OUT_WIDTH) : 1;
  localparam PLACE_BITS = (ROWS > 1) ? $clog2(ROWS) : 1;
  localparam HELD_BITS = $clog2(ROWS + 2);
  localparam FEWEST_ROWS = (STRIDE_H <= SPAN_H) ? USED_END - PAD_TOP : OUT_HEIGHT;
  localparam AHEAD_BITS = $clog2(ROWS + 2 + SPAN_H + GAP * ((ROWS + 1) / FEWEST_ROWS + 1));
  localparam COLUMN_BITS = (ROW_WORDS > 1) ? $clog2(ROW_WORDS) : 1;
  localparam DEPTH = (ROWS - 1) * (1 << COLUMN_BITS) + ROW_WORDS;
  localparam ADDRESS_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1;

  localparam integer LAST_X = ROW_WORDS - 1;
  localparam integer FIRST_Y = PAD_TOP;
  localparam integer LAST_Y = PAD_TOP + HEIGHT - 1;
  localparam integer LAST_USED_Y = USED_END - 1;
  localparam integer LAST_PAD_Y = (PAD_TOP > 0) ? PAD_TOP - 1 : 0;
  localparam integer FIRST_PHASE = PAD_TOP % STRIDE_H;
  localparam integer LAST_PHASE = STRIDE_H - 1;
  localparam integer LAST_USED_PHASE = ROW_STEP - 1;
  localparam integer LAST_PLACE = ROWS - 1;
  localparam integer PLACES = ROWS;
  localparam integer ONE_ROW = 1;
  localparam integer ROW_AND_GAP = 1 + GAP;
  localparam integer FIRST_LEFT = -PAD_X;
  localparam integer STEP_PIXEL = PIXEL_STEP;
  localparam integer STEP_GROUP = WORDS;
  localparam integer STEP_WINDOW = STRIDE_W * SLICES - (SLICES - WORDS);
  localparam integer STEP_TAP = DILATION_H;
  localparam integer STEP_Y = STRIDE_H;
  localparam integer LAST_RUN = RUN - 1;
  localparam integer LAST_TAP = SPAN_H - 1;
  localparam integer LAST_PASS = PASSES - 1;
  localparam integer LAST_GROUP = GROUPS - 1;
  localparam integer LAST_OUT = OUT_WIDTH - 1;
  localparam integer LAST_BAND = LAST_TOP;
  localparam integer PART_BAND = PART_TOP;
  localparam integer BAND_ROWS = SPAN_H;
  localparam integer STEP_ROWS = ROW_STEP;
  localparam integer PART_ROWS = PART;
  localparam integer LAST_ROWS = USED_END - ((LAST_TOP > PAD_TOP) ? LAST_TOP : PAD_TOP);
  localparam integer TAP_PLACES = DILATION_H % ROWS;
  localparam integer STEP_PLACES = ROW_STEP % ROWS;
  localparam integer TURN_PLACES = TURN;
  localparam integer START_PLACE = START;

  // complete rows not given back: those that hold a place, and all, padding included; the row being written
  // is the next one
  reg [HELD_BITS-1:0] held;
  reg [AHEAD_BITS-1:0] ahead;

  // ---- writer: words into the ring ----

  reg [X_BITS-1:0] write_x;
  reg [Y_BITS-1:0] write_y;
  reg [PHASE_BITS-1:0] write_phase;
  reg [PLACE_BITS-1:0] write_place;

  wire row_is_used = (USED_END == PAD_TOP + HEIGHT || write_y <= LAST_USED_Y[Y_BITS-1:0])
                  && (STRIDE_H <= SPAN_H || write_phase <= LAST_USED_PHASE[PHASE_BITS-1:0]);
  wire accept = s_axis_tvalid && s_axis_tready;
  wire row_ends = accept && write_x == LAST_X[X_BITS-1:0];
  wire row_is_gained = row_ends && row_is_used;

  always @(posedge clk) begin
    if (accept) begin
      write_x <= row_ends ? 0 : write_x + 1'b1;
    end
    if (row_ends) begin
      write_y <= (write_y == LAST_Y[Y_BITS-1:0]) ? FIRST_Y[Y_BITS-1:0] : write_y + 1'b1;
      write_phase <= (write_y == LAST_Y[Y_BITS-1:0]) ? FIRST_PHASE[PHASE_BITS-1:0]
                   : (write_phase == LAST_PHASE[PHASE_BITS-1:0]) ? 0
                   : write_phase + 1'b1;
    end
    if (row_is_gained) begin
      write_place <= (write_place == LAST_PLACE[PLACE_BITS-1:0]) ? 0 : write_place + 1'b1;
    end
    if (rst) begin
      write_x <= 0;
      write_y <= FIRST_Y[Y_BITS-1:0];
      write_phase <= FIRST_PHASE[PHASE_BITS-1:0];
      write_place <= 0;
    end
  end

  // ---- reader, first step: the place of a word ----

  reg [RUN_BITS-1:0] run;
  // in rows below the top of the band
  reg [TAP_BITS-1:0] tap;
  reg [PASS_BITS-1:0] pass;
  reg [GROUP_BITS-1:0] group;
  reg [OUT_BITS-1:0] out;
  reg [Y_BITS-1:0] top;
  // the word, and the first word of the group
  reg [X_BITS-1:0] x;
  reg [X_BITS-1:0] left;
  // the place of its row, and of the band's top row
  reg [PLACE_BITS-1:0] place;
  reg [PLACE_BITS-1:0] top_place;

  wire step;
  wire run_ends = run == LAST_RUN[RUN_BITS-1:0];
  wire pass_ends = run_ends && tap == LAST_TAP[TAP_BITS-1:0];
  wire pass_is_last = PASSES == 1 || pass == LAST_PASS[PASS_BITS-1:0];
  wire group_ends = pass_ends && pass_is_last;
  wire group_is_last = GROUPS == 1 || group == LAST_GROUP[GROUP_BITS-1:0];
  wire window_ends = group_ends && group_is_last;
  wire band_ends = window_ends && out == LAST_OUT[OUT_BITS-1:0];
  wire band_is_given = step && band_ends;
  wire band_is_last = top == LAST_BAND[Y_BITS-1:0];
  wire [Y_BITS-1:0] next_top = band_is_last ? 0 : top + STEP_Y[Y_BITS-1:0];
  wire [X_BITS-1:0] next_left = band_ends ? FIRST_LEFT[X_BITS-1:0]
                              : window_ends ? left + STEP_WINDOW[X_BITS-1:0]
                              : group_ends ? left + STEP_GROUP[X_BITS-1:0]
                              : left;
  wire [PLACE_BITS-1:0] places = band_is_last ? TURN_PLACES[PLACE_BITS-1:0] : STEP_PLACES[PLACE_BITS-1:0];
  wire [PLACE_BITS:0] places_on = {1'b0, top_place} + {1'b0, places};
  wire place_wraps = places_on > {1'b0, LAST_PLACE[PLACE_BITS-1:0]};
  wire [PLACE_BITS:0] places_wrapped = places_on - {1'b0, LAST_PLACE[PLACE_BITS-1:0]} - 1'b1;
  wire [PLACE_BITS-1:0] next_top_place = !band_ends ? top_place
                                       : place_wraps ? places_wrapped[PLACE_BITS-1:0]
                                       : places_on[PLACE_BITS-1:0];

  wire [PLACE_BITS:0] tap_on = {1'b0, place} + TAP_PLACES[PLACE_BITS:0];
  wire tap_wraps = tap_on > {1'b0, LAST_PLACE[PLACE_BITS-1:0]};
  wire [PLACE_BITS:0] tap_wrapped = tap_on - {1'b0, LAST_PLACE[PLACE_BITS-1:0]} - 1'b1;

  // whether the word is the last one of its pixel and group
  wire pixel_ends;

  always @(posedge clk) begin
    if (step) begin
      run <= run_ends ? 0 : run + 1'b1;
      x <= x + (pixel_ends ? STEP_PIXEL[X_BITS-1:0] : {{(X_BITS-1){1'b0}}, 1'b1});
      if (run_ends) begin
        tap <= pass_ends ? 0 : tap + STEP_TAP[TAP_BITS-1:0];
        x <= left;
        place <= tap_wraps ? tap_wrapped[PLACE_BITS-1:0] : tap_on[PLACE_BITS-1:0];
      end
      if (group_ends) group <= group_is_last ? 0 : group + 1'b1;
      if (pass_ends) begin
        pass <= pass_is_last ? 0 : pass + 1'b1;
        left <= next_left;
        x <= next_left;
        top_place <= next_top_place;
        place <= next_top_place;
      end
      if (window_ends) out <= band_ends ? 0 : out + 1'b1;
      if (band_ends) top <= next_top;
    end
    if (rst) begin
      run <= 0;
      tap <= 0;
      pass <= 0;
      group <= 0;
      out <= 0;
      top <= 0;
      x <= FIRST_LEFT[X_BITS-1:0];
      left <= FIRST_LEFT[X_BITS-1:0];
      place <= START_PLACE[PLACE_BITS-1:0];
      top_place <= START_PLACE[PLACE_BITS-1:0];
    end
  end

  generate
    if (WORDS == 1) begin : g_word
      assign pixel_ends = 1'b1;
    end else if (PIXEL_STEP == 1) begin : g_next
      assign pixel_ends = 1'b0;
    end else begin : g_slice
      localparam SLICE_BITS = $clog2(WORDS);
      localparam integer LAST_SLICE = WORDS - 1;
      reg [SLICE_BITS-1:0] slice;
      assign pixel_ends = slice == LAST_SLICE[SLICE_BITS-1:0];
      always @(posedge clk) begin
        if (step) slice <= pixel_ends ? 0 : slice + 1'b1;
        if (rst) slice <= 0;
      end
    end
  endgenerate

  // ---- what is there, and what is free ----

  wire [Y_BITS:0] taps = {{(Y_BITS+1-TAP_BITS){1'b0}}, tap};
  wire [Y_BITS-1:0] y = top + taps[Y_BITS-1:0];
  wire column_is_padding = (PAD_X > 0 && x[X_BITS-1])
                        || (END_X > ROW_WORDS && !x[X_BITS-1] && x > LAST_X[X_BITS-1:0]);
  wire row_is_padding = (PAD_TOP > 0 && y <= LAST_PAD_Y[Y_BITS-1:0])
                     || (REACH > USED_END && y > LAST_Y[Y_BITS-1:0]);

  wire [AHEAD_BITS:0] rows_ahead = {1'b0, ahead};
  wire [AHEAD_BITS:0] rows_above = {{(AHEAD_BITS+1-TAP_BITS){1'b0}}, tap};
  // the row may still be arriving, as long as it is ahead of the reader
  wire word_arrives = rows_ahead == rows_above && row_is_used && x < write_x;
  wire all_are_given = band_is_last || STEP_ROWS == BAND_ROWS;
  // cells far apart may all be left and right of the image, and no word tell that the rows above are there
  wire row_is_missing = band_ends && (all_are_given ? ahead < BAND_ROWS[AHEAD_BITS-1:0]
                                                    : DILATION_W > 1 && ahead < STEP_ROWS[AHEAD_BITS-1:0]);
  wire word_is_there = (column_is_padding || rows_ahead > rows_above || word_arrives) && !row_is_missing;

  wire top_is_real = PAD_TOP == 0 || top > LAST_PAD_Y[Y_BITS-1:0];
  wire [HELD_BITS-1:0] rows_given = band_is_last ? LAST_ROWS[HELD_BITS-1:0]
                                  : top_is_real ? STEP_ROWS[HELD_BITS-1:0]
                                  : (top == PART_BAND[Y_BITS-1:0]) ? PART_ROWS[HELD_BITS-1:0]
                                  : 0;
  // the oldest row's place may be written up to where it is read for the last time
  wire reader_is_ahead = !(PAD_X > 0 && left[X_BITS-1]) && left > write_x;
  wire place_comes_free = held == PLACES[HELD_BITS-1:0] && rows_given != 0 && reader_is_ahead;

  assign s_axis_tready = !row_is_used || held < PLACES[HELD_BITS-1:0] || place_comes_free;

  wire [AHEAD_BITS-1:0] gained = !row_is_gained ? 0
                               : (write_y == LAST_USED_Y[Y_BITS-1:0]) ? ROW_AND_GAP[AHEAD_BITS-1:0]
                               : ONE_ROW[AHEAD_BITS-1:0];
  wire [AHEAD_BITS-1:0] passed = !band_is_given ? 0
                               : band_is_last ? BAND_ROWS[AHEAD_BITS-1:0]
                               : STEP_ROWS[AHEAD_BITS-1:0];
  wire [HELD_BITS-1:0] kept = band_is_given ? held - rows_given : held;

  always @(posedge clk) begin
    held <= row_is_gained ? kept + 1'b1 : kept;
    ahead <= ahead + gained - passed;
    if (rst) begin
      held <= 0;
      ahead <= FIRST_Y[AHEAD_BITS-1:0];
    end
  end

  // ---- the ring ----

  wire [PLACE_BITS+COLUMN_BITS-1:0] write_address = {write_place, write_x[COLUMN_BITS-1:0]};
  wire [PLACE_BITS+COLUMN_BITS-1:0] read_address = {place, x[COLUMN_BITS-1:0]};
  wire [WORD_BITS-1:0] word;

  krl_ram #(
    .WIDTH(WORD_BITS),
    .DEPTH(DEPTH),
    .BLOCK(BLOCK)
  ) ring (
    .clk(clk),
    .write_enable(accept && row_is_used),
    .write_address(write_address[ADDRESS_BITS-1:0]),
    .write_data(s_axis_tdata),
    .read_enable(step),
    .read_address(read_address[ADDRESS_BITS-1:0]),
    .read_data(word)
  );

  wire unused_bits = &{1'b0, write_address, read_address, places_wrapped, tap_wrapped, taps};

  // ---- reader, second step: the word, padding put in ----

  reg valid;
  reg is_padding;

  assign step = word_is_there && (!valid || m_axis_tready);
  assign m_axis_tvalid = valid;
  assign m_axis_tdata = is_padding ? PAD_WORD : word;

  always @(posedge clk) begin
    if (step) is_padding <= column_is_padding || row_is_padding;
    valid <= step || (valid && !m_axis_tready);
    if (rst) valid <= 1'b0;
  end

endmodule

`default_nettype wire
