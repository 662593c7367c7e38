// SPDX-License-Identifier: Apache-2.0
//
// krl_line_buffer: bands of KERNEL_H rows of a streaming image, read word by word.
//
// A word is as many neighbouring pixels as fit in a beat.
//
// Equation: beat (oy, i) holds, for each row k of the band, word i - PAD_WORDS of row oy * STRIDE_H -
//           PAD_TOP + k, at bits k * WORD_BITS; words outside the image are PAD_WORD. A band is READS
//           beats.
//
// Rows are written into a ring of ROWS places and read, KERNEL_H words at a time, while later rows and the
// next frame are already being written. Neighbouring rows lie in different banks, KERNEL_H of them, each a
// memory for every KERNEL_H-th row: a row of the band is one of KERNEL_H words, whatever ROWS is. Rows that
// no band contains are dropped, and padding rows take no place. A word's place is free as soon as the last
// band that holds it has been read past it.
//
// Where bands are the rows, without padding, there is no memory: words that no band holds are dropped, the
// others pass through a krl_fifo.
//
// Latency:  2 cycles from the acceptance of a band's word to m_axis_tvalid, where nothing else holds it
//           back; 1 without memory.
// Stream:   s_axis_tready depends on the fill of the ring and the positions of writer and reader alone. One
//           beat per cycle on both sides.
// Legal:    ROWS >= KERNEL_H, and more so that the writer may run ahead of the reader by more than what it
//           has read of the oldest row; every band holds a row of the image.

`default_nettype none

module krl_line_buffer #(
  // the image: rows, words per row, bits per word
  parameter integer HEIGHT = 28,
  parameter integer WIDTH = 28,
  parameter integer WORD_BITS = 8,
  // the bands: rows, rows from one to the next, words of each, how many
  parameter integer KERNEL_H = 3,
  parameter integer STRIDE_H = 1,
  parameter integer READS = 28,
  parameter integer OUT_HEIGHT = 26,
  // rows above the image and words to its left that bands begin with
  parameter integer PAD_TOP = 0,
  parameter integer PAD_WORDS = 0,
  parameter [WORD_BITS-1:0] PAD_WORD = 0,
  // places of the ring
  parameter integer ROWS = 4,
  // 1: block RAM, 0: look-up tables
  parameter integer BLOCK = 0
) (
  input  wire                          clk,
  input  wire                          rst,

  input  wire [WORD_BITS-1:0]          s_axis_tdata,
  input  wire                          s_axis_tvalid,
  output wire                          s_axis_tready,

  output wire [KERNEL_H*WORD_BITS-1:0] m_axis_tdata,
  output wire                          m_axis_tvalid,
  input  wire                          m_axis_tready
);

  generate
    if (!((HEIGHT >= 1 && WIDTH >= 1 && WORD_BITS >= 1 && STRIDE_H >= 1 && READS >= 1) &&
          (KERNEL_H >= 1 && ROWS >= KERNEL_H && PAD_TOP >= 0 && PAD_TOP < KERNEL_H) &&
          (OUT_HEIGHT >= 1 && (OUT_HEIGHT - 1) * STRIDE_H - PAD_TOP < HEIGHT))
    ) begin : g_legal
      illegal_parameters_of_krl_line_buffer see_legal_in_its_header ();
    end
  endgenerate

  // rows and words are counted in the padded image: the real ones are PAD_TOP .. and PAD_WORDS ..
  localparam REACH = (OUT_HEIGHT - 1) * STRIDE_H + KERNEL_H;
  localparam USED_END = (REACH < PAD_TOP + HEIGHT) ? REACH : PAD_TOP + HEIGHT;
  // rows a band gives back, except the last, which gives back all
  localparam ROW_STEP = (STRIDE_H < KERNEL_H) ? STRIDE_H : KERNEL_H;
  localparam HAS_PAD_WORDS = PAD_WORDS > 0 || READS > PAD_WORDS + WIDTH;

  // wide enough that a word left of the image, less PAD_WORDS, wraps to beyond its right edge
  localparam X_BITS = $clog2(((READS > PAD_WORDS + WIDTH) ? READS : PAD_WORDS + WIDTH) + 2);
  localparam Y_BITS = $clog2(((REACH > PAD_TOP + HEIGHT) ? REACH : PAD_TOP + HEIGHT) + 2);
  localparam PHASE_BITS = $clog2(STRIDE_H) + 1;

  localparam integer FIRST_X = PAD_WORDS;
  localparam integer LAST_X = PAD_WORDS + WIDTH - 1;
  localparam integer FIRST_Y = PAD_TOP;
  localparam integer LAST_Y = PAD_TOP + HEIGHT - 1;
  localparam integer LAST_USED_Y = USED_END - 1;
  localparam integer FIRST_PHASE = PAD_TOP % STRIDE_H;
  localparam integer LAST_PHASE = STRIDE_H - 1;
  localparam integer LAST_USED_PHASE = ROW_STEP - 1;

  // ---- the place of the word that comes in ----

  reg [X_BITS-1:0] write_x;
  reg [Y_BITS-1:0] write_y;
  reg [PHASE_BITS-1:0] write_phase;

  wire row_is_used = (USED_END == PAD_TOP + HEIGHT || write_y <= LAST_USED_Y[Y_BITS-1:0])
                  && (STRIDE_H <= KERNEL_H || write_phase <= LAST_USED_PHASE[PHASE_BITS-1:0]);
  wire accept = s_axis_tvalid && s_axis_tready;
  wire row_ends = accept && write_x == LAST_X[X_BITS-1:0];

  always @(posedge clk) begin
    if (accept) begin
      write_x <= row_ends ? FIRST_X[X_BITS-1:0] : write_x + 1'b1;
    end
    if (row_ends) begin
      write_y <= (write_y == LAST_Y[Y_BITS-1:0]) ? FIRST_Y[Y_BITS-1:0] : write_y + 1'b1;
      write_phase <= (write_y == LAST_Y[Y_BITS-1:0]) ? FIRST_PHASE[PHASE_BITS-1:0]
                   : (write_phase == LAST_PHASE[PHASE_BITS-1:0]) ? 0
                   : write_phase + 1'b1;
    end
    if (rst) begin
      write_x <= FIRST_X[X_BITS-1:0];
      write_y <= FIRST_Y[Y_BITS-1:0];
      write_phase <= FIRST_PHASE[PHASE_BITS-1:0];
    end
  end

  genvar b;
  genvar k;
  generate
    if (KERNEL_H == 1 && STRIDE_H == 1 && !HAS_PAD_WORDS) begin : g_rows
      localparam integer READ_END = READS;

      wire word_is_used = row_is_used && write_x < READ_END[X_BITS-1:0];
      wire fifo_tready;

      assign s_axis_tready = !word_is_used || fifo_tready;

      krl_fifo #(
        .WIDTH(WORD_BITS),
        .DEPTH(2)
      ) fifo (
        .clk(clk),
        .rst(rst),
        .s_axis_tdata(s_axis_tdata),
        .s_axis_tvalid(s_axis_tvalid && word_is_used),
        .s_axis_tready(fifo_tready),
        .m_axis_tdata(m_axis_tdata),
        .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready)
      );
    end else begin : g_ring
      // rows of a bank, and the places of the ring
      localparam SLOTS = (ROWS + KERNEL_H - 1) / KERNEL_H;
      localparam RING = SLOTS * KERNEL_H;
      // padding rows between the last used row of a frame and the first row of the next
      localparam GAP = REACH - USED_END + PAD_TOP;
      localparam LAST_TOP = (OUT_HEIGHT - 1) * STRIDE_H;
      // of the bands that begin with padding and are not the last, the one that gives rows back
      localparam PART_TOP = (PAD_TOP / STRIDE_H) * STRIDE_H;
      localparam PART =
          (PART_TOP < PAD_TOP && PART_TOP + ROW_STEP > PAD_TOP) ? PART_TOP + ROW_STEP - PAD_TOP : 0;
      // places from the top of a frame's last band to the top of the next frame's first, modulo RING
      localparam TURN = (USED_END - LAST_TOP + RING * PAD_TOP - PAD_TOP) % RING;
      localparam START = (RING * PAD_TOP - PAD_TOP) % RING;

      localparam COLUMN_BITS = (WIDTH > 1) ? $clog2(WIDTH) : 1;
      localparam SLOT_BITS = (SLOTS > 1) ? $clog2(SLOTS) : 1;
      localparam BANK_BITS = (KERNEL_H > 1) ? $clog2(KERNEL_H) : 1;
      // the writer may have filled a place whose band is not quite read, for there is padding behind it
      localparam HELD_BITS = $clog2(ROWS + 2);
      localparam FEWEST_ROWS = (STRIDE_H <= KERNEL_H) ? USED_END - PAD_TOP : OUT_HEIGHT;
      localparam AHEAD_BITS = $clog2(ROWS + 2 + GAP * ((ROWS + 1) / FEWEST_ROWS + 1));
      localparam DEPTH = (SLOTS - 1) * (1 << COLUMN_BITS) + WIDTH;
      localparam ADDRESS_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1;

      localparam integer PLACES = ROWS;
      localparam integer ONE_ROW = 1;
      localparam integer ROW_AND_GAP = 1 + GAP;
      localparam integer LAST_READ_BUT_ONE = (READS > 1) ? READS - 2 : 0;
      localparam integer LAST_BAND = LAST_TOP;
      localparam integer PART_BAND = PART_TOP;
      localparam integer LAST_PAD_Y = (PAD_TOP > 0) ? PAD_TOP - 1 : 0;
      localparam integer STEP_Y = STRIDE_H;
      localparam integer BAND_ROWS = KERNEL_H;
      localparam integer STEP_ROWS = ROW_STEP;
      localparam integer PART_ROWS = PART;
      localparam integer LAST_ROWS = USED_END - ((LAST_TOP > PAD_TOP) ? LAST_TOP : PAD_TOP);
      localparam integer LAST_BANK = KERNEL_H - 1;
      localparam integer LAST_SLOT = SLOTS - 1;
      localparam integer STEP_BANKS = ROW_STEP % KERNEL_H;
      localparam integer STEP_SLOTS = ROW_STEP / KERNEL_H;
      localparam integer TURN_BANKS = TURN % KERNEL_H;
      localparam integer TURN_SLOTS = TURN / KERNEL_H;
      localparam integer START_BANK = START % KERNEL_H;
      localparam integer START_SLOT = START / KERNEL_H;

      // complete rows not given back: those that hold a place, and all, padding included; the row being
      // written is the next one
      reg [HELD_BITS-1:0] held;
      wire [AHEAD_BITS-1:0] ahead;

      // ---- writer: words into the banks ----

      reg [BANK_BITS-1:0] write_bank;
      reg [SLOT_BITS-1:0] write_slot;

      wire row_is_gained = row_ends && row_is_used;

      always @(posedge clk) begin
        if (row_is_gained) begin
          write_bank <= (write_bank == LAST_BANK[BANK_BITS-1:0]) ? 0 : write_bank + 1'b1;
          if (write_bank == LAST_BANK[BANK_BITS-1:0]) begin
            write_slot <= (write_slot == LAST_SLOT[SLOT_BITS-1:0]) ? 0 : write_slot + 1'b1;
          end
        end
        if (rst) begin
          write_bank <= 0;
          write_slot <= 0;
        end
      end

      // ---- reader, first step: the place of a word ----

      reg [X_BITS-1:0] read_x;
      reg [Y_BITS-1:0] read_top;
      // the place of the band's top row
      reg [BANK_BITS-1:0] read_bank;
      reg [SLOT_BITS-1:0] read_slot;

      wire step;
      // what read_x and read_top say, ready from the start of the cycle
      reg read_ends;
      reg band_is_last;
      wire band_ends = step && read_ends;
      wire [Y_BITS-1:0] next_top = band_is_last ? 0 : read_top + STEP_Y[Y_BITS-1:0];
      wire top_is_real = PAD_TOP == 0 || read_top > LAST_PAD_Y[Y_BITS-1:0];
      wire all_are_given = band_is_last || STEP_ROWS == BAND_ROWS;
      wire [HELD_BITS-1:0] rows_given = band_is_last ? LAST_ROWS[HELD_BITS-1:0]
                                      : top_is_real ? STEP_ROWS[HELD_BITS-1:0]
                                      : (read_top == PART_BAND[Y_BITS-1:0]) ? PART_ROWS[HELD_BITS-1:0]
                                      : 0;
      // where one may not pass the other, to be elsewhere is to be behind
      wire places_differ = write_x != read_x;
      wire reader_is_ahead = (PAD_WORDS > 0) ? read_x > write_x : places_differ;
      wire [HELD_BITS-1:0] held_less = held - rows_given;
      // the lowest row of the band may still be arriving, as long as it is ahead of the reader
      wire word_arrives = ahead == BAND_ROWS[AHEAD_BITS-1:0] - 1'b1 && row_is_used && places_differ;
      wire word_is_there =
          ahead >= BAND_ROWS[AHEAD_BITS-1:0] || (word_arrives && !(read_ends && all_are_given));
      // the oldest row's place may be written up to where it is read for the last time
      wire place_comes_free = held == PLACES[HELD_BITS-1:0] && rows_given != 0 && reader_is_ahead;

      assign s_axis_tready = !row_is_used || held < PLACES[HELD_BITS-1:0] || place_comes_free;

      wire [BANK_BITS-1:0] banks = band_is_last ? TURN_BANKS[BANK_BITS-1:0] : STEP_BANKS[BANK_BITS-1:0];
      wire [SLOT_BITS-1:0] slots = band_is_last ? TURN_SLOTS[SLOT_BITS-1:0] : STEP_SLOTS[SLOT_BITS-1:0];
      wire [BANK_BITS:0] banks_on = {1'b0, read_bank} + {1'b0, banks};
      wire bank_wraps = banks_on > {1'b0, LAST_BANK[BANK_BITS-1:0]};
      wire [BANK_BITS:0] banks_wrapped = banks_on - {1'b0, LAST_BANK[BANK_BITS-1:0]} - 1'b1;
      wire [SLOT_BITS:0] slots_on = {1'b0, read_slot} + {1'b0, slots} + {{SLOT_BITS{1'b0}}, bank_wraps};
      wire slot_wraps = slots_on > {1'b0, LAST_SLOT[SLOT_BITS-1:0]};
      wire [SLOT_BITS:0] slots_wrapped = slots_on - {1'b0, LAST_SLOT[SLOT_BITS-1:0]} - 1'b1;

      always @(posedge clk) begin
        if (step) begin
          read_x <= read_ends ? 0 : read_x + 1'b1;
          read_ends <= READS == 1 || (!read_ends && read_x == LAST_READ_BUT_ONE[X_BITS-1:0]);
          if (read_ends) begin
            read_top <= next_top;
            band_is_last <= next_top == LAST_BAND[Y_BITS-1:0];
            read_bank <= bank_wraps ? banks_wrapped[BANK_BITS-1:0] : banks_on[BANK_BITS-1:0];
            read_slot <= slot_wraps ? slots_wrapped[SLOT_BITS-1:0] : slots_on[SLOT_BITS-1:0];
          end
        end
        held <= row_is_gained ? (band_ends ? held_less + 1'b1 : held + 1'b1) : band_ends ? held_less : held;
        if (rst) begin
          read_x <= 0;
          read_ends <= READS == 1;
          read_top <= 0;
          band_is_last <= OUT_HEIGHT == 1;
          read_bank <= START_BANK[BANK_BITS-1:0];
          read_slot <= START_SLOT[SLOT_BITS-1:0];
          held <= 0;
        end
      end

      if (GAP > 0) begin : g_gap
        wire [AHEAD_BITS-1:0] gained = !row_is_gained ? 0
                                     : (write_y == LAST_USED_Y[Y_BITS-1:0]) ? ROW_AND_GAP[AHEAD_BITS-1:0]
                                     : ONE_ROW[AHEAD_BITS-1:0];
        wire [AHEAD_BITS-1:0] passed = !band_ends ? 0
                                     : band_is_last ? BAND_ROWS[AHEAD_BITS-1:0]
                                     : STEP_ROWS[AHEAD_BITS-1:0];
        reg [AHEAD_BITS-1:0] level;
        always @(posedge clk) begin
          level <= level + gained - passed;
          if (rst) begin
            level <= FIRST_Y[AHEAD_BITS-1:0];
          end
        end
        assign ahead = level;
      end else begin : g_no_gap
        assign ahead = held;
      end

      // ---- the banks ----

      wire [KERNEL_H*WORD_BITS-1:0] words;
      wire [X_BITS-1:0] write_column = write_x - FIRST_X[X_BITS-1:0];
      wire [X_BITS-1:0] read_column = read_x - FIRST_X[X_BITS-1:0];
      wire [SLOT_BITS-1:0] next_slot = (read_slot == LAST_SLOT[SLOT_BITS-1:0]) ? 0 : read_slot + 1'b1;

      for (b = 0; b < KERNEL_H; b = b + 1) begin : g_bank
        localparam integer BANK = b;
        wire [SLOT_BITS-1:0] slot;
        wire [SLOT_BITS+COLUMN_BITS-1:0] write_address = {write_slot, write_column[COLUMN_BITS-1:0]};
        wire [SLOT_BITS+COLUMN_BITS-1:0] read_address = {slot, read_column[COLUMN_BITS-1:0]};

        // the banks before that of the top row hold rows further down
        if (b < KERNEL_H - 1) begin : g_maybe_next
          assign slot = (read_bank > BANK[BANK_BITS-1:0]) ? next_slot : read_slot;
        end else begin : g_last
          assign slot = read_slot;
        end

        krl_ram #(
          .WIDTH(WORD_BITS),
          .DEPTH(DEPTH),
          .BLOCK(BLOCK)
        ) rows (
          .clk(clk),
          .write_enable(accept && row_is_used && write_bank == BANK[BANK_BITS-1:0]),
          .write_address(write_address[ADDRESS_BITS-1:0]),
          .write_data(s_axis_tdata),
          .read_enable(step),
          .read_address(read_address[ADDRESS_BITS-1:0]),
          .read_data(words[b*WORD_BITS +: WORD_BITS])
        );

        wire unused_address_bits = &{1'b0, write_address, read_address};
      end

      wire unused_bits = &{1'b0, write_column, read_column, next_slot, banks_wrapped, slots_wrapped};

      // ---- reader, second step: the words of the band, in order of rows, padding put in ----

      reg valid;
      reg [BANK_BITS-1:0] top_bank;

      assign step = word_is_there && (!valid || m_axis_tready);
      assign m_axis_tvalid = valid;

      always @(posedge clk) begin
        if (step) begin
          top_bank <= read_bank;
        end
        valid <= step || (valid && !m_axis_tready);
        if (rst) begin
          valid <= 1'b0;
        end
      end

      for (k = 0; k < KERNEL_H; k = k + 1) begin : g_tap
        localparam integer ROW = k;
        // this row of a band may lie above the image, or below it
        localparam MAY_BE_ABOVE = k < PAD_TOP;
        localparam MAY_BE_BELOW = LAST_TOP + k >= PAD_TOP + HEIGHT;

        // the word in bank (k + i) % KERNEL_H for every i, the bank of the top row
        wire [(KERNEL_H<<1)*WORD_BITS-1:0] choices = {words, words} >> (k * WORD_BITS);
        wire [WORD_BITS-1:0] word = choices[top_bank*WORD_BITS +: WORD_BITS];

        if (MAY_BE_ABOVE || MAY_BE_BELOW || HAS_PAD_WORDS) begin : g_padding
          wire [Y_BITS-1:0] y = read_top + ROW[Y_BITS-1:0];
          reg is_padding;
          always @(posedge clk) begin
            if (step) begin
              is_padding <= (MAY_BE_ABOVE && y <= LAST_PAD_Y[Y_BITS-1:0])
                         || (MAY_BE_BELOW && y > LAST_Y[Y_BITS-1:0])
                         || (HAS_PAD_WORDS && read_column >= WIDTH[X_BITS-1:0]);
            end
          end
          assign m_axis_tdata[k*WORD_BITS +: WORD_BITS] = is_padding ? PAD_WORD : word;
        end else begin : g_no_padding
          assign m_axis_tdata[k*WORD_BITS +: WORD_BITS] = word;
        end
      end

      if (ROWS < KERNEL_H) begin : g_illegal
        krl_line_buffer_needs_at_least_kernel_h_rows illegal ();
      end
    end
  endgenerate

endmodule

`default_nettype wire
