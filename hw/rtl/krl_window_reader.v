// SPDX-License-Identifier: Apache-2.0
//
// krl_window_reader: windows of an image that streams by, read word by word out of a ring of rows in memory.
//
// A pixel comes in SLICES words of neighbouring channels. Nothing of a window stands in registers: each step
// reads the one word that is multiplied next.
//
// Equation: for each window (oy, ox), in the order of rows:
//
//               APART = 0:  for pass in PASSES:   for ky, kx:  for slice in SLICES:    one beat
//               APART = 1:  for slice in SLICES:  for ky, kx:                          one beat
//
//           a beat is word `slice` of pixel (oy * STRIDE_H - PAD_TOP + ky, ox * STRIDE_W - PAD_LEFT + kx);
//           outside the image it is PAD_WORD. With APART = 0 a window is read once for each group of filters;
//           with APART = 1 a slice is a group of channels with filters of their own (depthwise).
//
// Rows are written into a ring of ROWS places and read while later rows and the next frame are already being
// written. Rows that no window holds are swallowed, and padding takes no place. A word's place is free as
// soon as the last window that holds it has been read. The address is a place and a word of a row, both
// counted: no multiplication.
//
// Latency:  2 cycles from the acceptance of a word to m_axis_tvalid, where nothing else holds it back.
// Stream:   s_axis_tready comes from the fill of the ring and the places of writer and reader alone. One
//           beat per cycle on both sides: no cycle is lost from window to window, row to row or frame to
//           frame where the words are there.
// Legal:    ROWS >= KERNEL_H, and more so that the writer may run ahead of the reader by more than what it
//           has read of the oldest row; every window holds a pixel of the image; PASSES = 1 if APART = 1.

`default_nettype none

module krl_window_reader #(
  // the image: rows, columns, words per pixel, bits per word
  parameter integer HEIGHT = 8,
  parameter integer WIDTH = 8,
  parameter integer SLICES = 4,
  parameter integer WORD_BITS = 8,
  // the windows: size, distance from one to the next, padding before the first, how many
  parameter integer KERNEL_H = 3,
  parameter integer KERNEL_W = 3,
  parameter integer STRIDE_H = 1,
  parameter integer STRIDE_W = 1,
  parameter integer PAD_TOP = 0,
  parameter integer PAD_LEFT = 0,
  parameter integer OUT_HEIGHT = 6,
  parameter integer OUT_WIDTH = 6,
  parameter [WORD_BITS-1:0] PAD_WORD = 0,
  // how often a window is read
  parameter integer PASSES = 1,
  // 1: slice by slice
  parameter integer APART = 0,
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

  generate
    if (!((HEIGHT >= 1 && WIDTH >= 1 && SLICES >= 1 && WORD_BITS >= 1 && KERNEL_W >= 1) &&
          (STRIDE_H >= 1 && STRIDE_W >= 1 && OUT_HEIGHT >= 1 && OUT_WIDTH >= 1) &&
          (KERNEL_H >= 1 && ROWS >= KERNEL_H && PASSES >= 1 && (PASSES == 1 || APART == 0)) &&
          (PAD_TOP >= 0 && PAD_LEFT >= 0 && PAD_TOP < KERNEL_H && PAD_LEFT < KERNEL_W) &&
          ((OUT_HEIGHT - 1) * STRIDE_H - PAD_TOP < HEIGHT && (OUT_WIDTH - 1) * STRIDE_W - PAD_LEFT < WIDTH))
    ) begin : g_legal
      illegal_parameters_of_krl_window_reader see_legal_in_its_header ();
    end
  endgenerate

  // rows are counted in the padded image: the real ones are PAD_TOP ..
  localparam REACH = (OUT_HEIGHT - 1) * STRIDE_H + KERNEL_H;
  localparam USED_END = (REACH < PAD_TOP + HEIGHT) ? REACH : PAD_TOP + HEIGHT;
  // rows a band of windows gives back, except the last, which gives back all
  localparam ROW_STEP = (STRIDE_H < KERNEL_H) ? STRIDE_H : KERNEL_H;
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
  localparam RUN = (APART != 0) ? KERNEL_W : KERNEL_W * SLICES;
  localparam RUN_STEP = (APART != 0) ? SLICES : 1;
  localparam ROUNDS = (APART != 0) ? SLICES : PASSES;
  localparam END_X = ((OUT_WIDTH - 1) * STRIDE_W + KERNEL_W - PAD_LEFT) * SLICES;
  localparam MOST_X = (END_X > ROW_WORDS) ? END_X : ROW_WORDS;
  localparam PAD_X = PAD_LEFT * SLICES;

  // a sign, and room for every word and every step
  localparam X_BITS = $clog2(((MOST_X > PAD_X) ? MOST_X : PAD_X) + STRIDE_W * SLICES + 1) + 1;
  localparam Y_BITS = $clog2(((REACH > PAD_TOP + HEIGHT) ? REACH : PAD_TOP + HEIGHT) + 2);
  localparam PHASE_BITS = $clog2(STRIDE_H) + 1;
  localparam RUN_BITS = (RUN > 1) ? $clog2(RUN) : 1;
  localparam TAP_BITS = (KERNEL_H > 1) ? $clog2(KERNEL_H) : 1;
  localparam ROUND_BITS = (ROUNDS > 1) ? $clog2(ROUNDS) : 1;
  localparam OUT_BITS = (OUT_WIDTH > 1) ? $clog2(OUT_WIDTH) : 1;
  localparam PLACE_BITS = (ROWS > 1) ? $clog2(ROWS) : 1;
  localparam HELD_BITS = $clog2(ROWS + 2);
  localparam FEWEST_ROWS = (STRIDE_H <= KERNEL_H) ? USED_END - PAD_TOP : OUT_HEIGHT;
  localparam AHEAD_BITS = $clog2(ROWS + 2 + KERNEL_H + GAP * ((ROWS + 1) / FEWEST_ROWS + 1));
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
  localparam integer STEP_RUN = RUN_STEP;
  localparam integer STEP_ROUND = (APART != 0) ? 1 : 0;
  localparam integer STEP_WINDOW = STRIDE_W * SLICES - ((APART != 0) ? SLICES - 1 : 0);
  localparam integer STEP_Y = STRIDE_H;
  localparam integer LAST_RUN = RUN - 1;
  localparam integer LAST_TAP = KERNEL_H - 1;
  localparam integer LAST_ROUND = ROUNDS - 1;
  localparam integer LAST_OUT = OUT_WIDTH - 1;
  localparam integer LAST_BAND = LAST_TOP;
  localparam integer PART_BAND = PART_TOP;
  localparam integer BAND_ROWS = KERNEL_H;
  localparam integer STEP_ROWS = ROW_STEP;
  localparam integer PART_ROWS = PART;
  localparam integer LAST_ROWS = USED_END - ((LAST_TOP > PAD_TOP) ? LAST_TOP : PAD_TOP);
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
                  && (STRIDE_H <= KERNEL_H || write_phase <= LAST_USED_PHASE[PHASE_BITS-1:0]);
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
  reg [TAP_BITS-1:0] tap;
  reg [ROUND_BITS-1:0] round;
  reg [OUT_BITS-1:0] out;
  reg [Y_BITS-1:0] top;
  // the word, and the first word of the round
  reg [X_BITS-1:0] x;
  reg [X_BITS-1:0] left;
  // the place of its row, and of the band's top row
  reg [PLACE_BITS-1:0] place;
  reg [PLACE_BITS-1:0] top_place;

  wire step;
  wire run_ends = run == LAST_RUN[RUN_BITS-1:0];
  wire round_ends = run_ends && tap == LAST_TAP[TAP_BITS-1:0];
  wire window_ends = round_ends && round == LAST_ROUND[ROUND_BITS-1:0];
  wire band_ends = window_ends && out == LAST_OUT[OUT_BITS-1:0];
  wire band_is_given = step && band_ends;
  wire band_is_last = top == LAST_BAND[Y_BITS-1:0];
  wire [Y_BITS-1:0] next_top = band_is_last ? 0 : top + STEP_Y[Y_BITS-1:0];
  wire [X_BITS-1:0] next_left = band_ends ? FIRST_LEFT[X_BITS-1:0]
                              : window_ends ? left + STEP_WINDOW[X_BITS-1:0]
                              : left + STEP_ROUND[X_BITS-1:0];
  wire [PLACE_BITS-1:0] places = band_is_last ? TURN_PLACES[PLACE_BITS-1:0] : STEP_PLACES[PLACE_BITS-1:0];
  wire [PLACE_BITS:0] places_on = {1'b0, top_place} + {1'b0, places};
  wire place_wraps = places_on > {1'b0, LAST_PLACE[PLACE_BITS-1:0]};
  wire [PLACE_BITS:0] places_wrapped = places_on - {1'b0, LAST_PLACE[PLACE_BITS-1:0]} - 1'b1;
  wire [PLACE_BITS-1:0] next_top_place = !band_ends ? top_place
                                       : place_wraps ? places_wrapped[PLACE_BITS-1:0]
                                       : places_on[PLACE_BITS-1:0];

  always @(posedge clk) begin
    if (step) begin
      run <= run_ends ? 0 : run + 1'b1;
      x <= x + STEP_RUN[X_BITS-1:0];
      if (run_ends) begin
        tap <= round_ends ? 0 : tap + 1'b1;
        x <= left;
        place <= (place == LAST_PLACE[PLACE_BITS-1:0]) ? 0 : place + 1'b1;
      end
      if (round_ends) begin
        round <= (round == LAST_ROUND[ROUND_BITS-1:0]) ? 0 : round + 1'b1;
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
      round <= 0;
      out <= 0;
      top <= 0;
      x <= FIRST_LEFT[X_BITS-1:0];
      left <= FIRST_LEFT[X_BITS-1:0];
      place <= START_PLACE[PLACE_BITS-1:0];
      top_place <= START_PLACE[PLACE_BITS-1:0];
    end
  end

  // ---- what is there, and what is free ----

  wire [Y_BITS:0] taps = {{(Y_BITS+1-TAP_BITS){1'b0}}, tap};
  wire [Y_BITS-1:0] y = top + taps[Y_BITS-1:0];
  wire column_is_padding = (PAD_X > 0 && x[X_BITS-1])
                        || (END_X > ROW_WORDS && !x[X_BITS-1] && x > LAST_X[X_BITS-1:0]);
  wire row_is_padding = (PAD_TOP > 0 && y <= LAST_PAD_Y[Y_BITS-1:0])
                     || (REACH > USED_END && y > LAST_Y[Y_BITS-1:0]);

  wire [AHEAD_BITS-1:0] rows_above = {{(AHEAD_BITS-TAP_BITS){1'b0}}, tap};
  // the row may still be arriving, as long as it is ahead of the reader
  wire word_arrives = ahead == rows_above && row_is_used && x < write_x;
  wire all_are_given = band_is_last || STEP_ROWS == BAND_ROWS;
  wire row_is_missing = band_ends && all_are_given && ahead < BAND_ROWS[AHEAD_BITS-1:0];
  wire word_is_there = (column_is_padding || ahead > rows_above || word_arrives) && !row_is_missing;

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

  wire unused_bits = &{1'b0, write_address, read_address, places_wrapped, taps};

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

  generate
    if (ROWS < KERNEL_H) begin : g_too_few_rows
      krl_window_reader_needs_at_least_kernel_h_rows illegal ();
    end
    if (APART != 0 && PASSES != 1) begin : g_too_many_passes
      krl_window_reader_reads_slices_apart_once illegal ();
    end
  endgenerate

endmodule

`default_nettype wire
