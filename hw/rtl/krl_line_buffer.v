// SPDX-License-Identifier: Apache-2.0
//
// krl_line_buffer: bands of KERNEL_H rows of an image that streams by, read word by word.
//
// A word is as many neighbouring pixels as a beat carries.
//
// Equation: beat (oy, i) holds, for each row k of the band, word i - PAD_WORDS of row oy * STRIDE_H -
//           PAD_TOP + k, at bits k * WORD_BITS; words outside the image are PAD_WORD. A band is READS
//           beats.
//
// Rows are written into a ring of ROWS row memories and read, KERNEL_H words at a time, while later rows
// and the next frame are already being written. A padding row counts as a place of the ring but is never
// written, so the rows between two frames may count beyond the end of the ring; rows that no band holds are
// swallowed. A row's place is given back as soon as its last band has been read.
//
// Latency:  2 cycles from the acceptance of a band's word to m_axis_tvalid, where nothing else holds it back.
// Stream:   s_axis_tready comes from the fill of the ring and the writer's place alone. One beat a cycle on
//           both sides.
// Legal:    ROWS >= KERNEL_H, and one more to write and read at once; every band holds a row of the image.

`default_nettype none

module krl_line_buffer #(
  // the image: rows, words of a row, bits of a word
  parameter HEIGHT = 28,
  parameter WIDTH = 28,
  parameter WORD_BITS = 8,
  // the bands: rows, rows from one to the next, words of each, how many
  parameter KERNEL_H = 3,
  parameter STRIDE_H = 1,
  parameter READS = 28,
  parameter OUT_HEIGHT = 26,
  // rows above the image and words to its left that bands begin with
  parameter PAD_TOP = 0,
  parameter PAD_WORDS = 0,
  parameter [WORD_BITS-1:0] PAD_WORD = 0,
  // row memories
  parameter ROWS = 4,
  // 1: block RAM, 0: look-up tables
  parameter BLOCK = 0
) (
  input  wire                          clk,
  input  wire                          rst,

  input  wire [WORD_BITS-1:0]          s_axis_tdata,
  input  wire                          s_axis_tvalid,
  output wire                          s_axis_tready,

  output wire [KERNEL_H*WORD_BITS-1:0] m_axis_tdata,
  output reg                           m_axis_tvalid,
  input  wire                          m_axis_tready
);

  // rows and words are counted in the padded image: the real ones are PAD_TOP .. and PAD_WORDS ..
  localparam REACH = (OUT_HEIGHT - 1) * STRIDE_H + KERNEL_H;
  localparam USED_END = (REACH < PAD_TOP + HEIGHT) ? REACH : PAD_TOP + HEIGHT;
  // padding rows between the last used row of a frame and the first row of the next
  localparam GAP = REACH - USED_END + PAD_TOP;
  // places of the ring given back by a row of windows, except the last, which gives back all KERNEL_H
  localparam ROW_STEP = (STRIDE_H < KERNEL_H) ? STRIDE_H : KERNEL_H;
  localparam HAS_PAD_ROWS = PAD_TOP > 0 || REACH > PAD_TOP + HEIGHT;
  localparam HAS_PAD_WORDS = PAD_WORDS > 0 || READS > PAD_WORDS + WIDTH;

  // wide enough that a word left of the image, less PAD_WORDS, wraps to beyond its right edge; rows likewise
  localparam X_BITS = $clog2(((READS > PAD_WORDS + WIDTH) ? READS : PAD_WORDS + WIDTH) + 2);
  localparam Y_BITS = $clog2(((REACH > PAD_TOP + HEIGHT) ? REACH : PAD_TOP + HEIGHT) + 2);
  localparam ADDRESS_BITS = (WIDTH > 1) ? $clog2(WIDTH) : 1;
  localparam BANK_BITS = $clog2(ROWS + 1);
  localparam LEVEL_BITS = $clog2(ROWS + GAP + 1);
  localparam PHASE_BITS = $clog2(STRIDE_H) + 1;

  localparam integer FIRST_X = PAD_WORDS;
  localparam integer LAST_X = PAD_WORDS + WIDTH - 1;
  localparam integer LAST_READ = READS - 1;
  localparam integer FIRST_Y = PAD_TOP;
  localparam integer LAST_Y = PAD_TOP + HEIGHT - 1;
  localparam integer LAST_USED_Y = USED_END - 1;
  localparam integer LAST_TOP = (OUT_HEIGHT - 1) * STRIDE_H;
  localparam integer STEP_Y = STRIDE_H;
  localparam integer FIRST_PHASE = PAD_TOP % STRIDE_H;
  localparam integer LAST_PHASE = STRIDE_H - 1;
  localparam integer LAST_USED_PHASE = ROW_STEP - 1;
  localparam integer FIRST_BANK = PAD_TOP;
  localparam integer PLACES = ROWS;
  localparam integer ONE_ROW = 1;
  localparam integer ROW_AND_GAP = 1 + GAP;
  localparam integer ROW_AND_GAP_BANKS = (1 + GAP) % ROWS;
  localparam integer ROW_BANKS = 1 % ROWS;
  localparam integer STEP_PLACES = ROW_STEP;
  localparam integer ALL_PLACES = KERNEL_H;

  // (bank + step) modulo ROWS, for step <= ROWS
  function [BANK_BITS-1:0] advance_bank;
    input [BANK_BITS-1:0] bank;
    input [BANK_BITS-1:0] step;
    reg [BANK_BITS:0] sum;
    begin
      sum = {1'b0, bank} + {1'b0, step};
      if (sum >= {1'b0, PLACES[BANK_BITS-1:0]}) sum = sum - {1'b0, PLACES[BANK_BITS-1:0]};
      advance_bank = sum[BANK_BITS-1:0];
    end
  endfunction

  // complete rows not given back, padding rows included; the row being written is the next one
  reg [LEVEL_BITS-1:0] level;

  // ---- writer: words into the row memories ----

  reg [X_BITS-1:0] write_x;
  reg [Y_BITS-1:0] write_y;
  reg [PHASE_BITS-1:0] write_phase;
  reg [BANK_BITS-1:0] write_bank;

  wire row_is_used = write_y <= LAST_USED_Y[Y_BITS-1:0] && write_phase <= LAST_USED_PHASE[PHASE_BITS-1:0];
  wire row_is_last_used = write_y == LAST_USED_Y[Y_BITS-1:0];
  wire has_place = level < PLACES[LEVEL_BITS-1:0];
  wire accept = s_axis_tvalid && s_axis_tready;
  wire row_ends = accept && write_x == LAST_X[X_BITS-1:0];
  wire row_is_gained = row_ends && row_is_used;
  wire [LEVEL_BITS-1:0] gained = !row_is_gained ? 0
                               : row_is_last_used ? ROW_AND_GAP[LEVEL_BITS-1:0]
                               : ONE_ROW[LEVEL_BITS-1:0];

  wire [BANK_BITS-1:0] banks_gained =
      row_is_last_used ? ROW_AND_GAP_BANKS[BANK_BITS-1:0] : ROW_BANKS[BANK_BITS-1:0];

  wire [X_BITS-1:0] write_address = write_x - FIRST_X[X_BITS-1:0];

  assign s_axis_tready = !row_is_used || has_place;

  always @(posedge clk) begin
    if (accept) begin
      write_x <= row_ends ? FIRST_X[X_BITS-1:0] : write_x + 1'b1;
    end
    if (row_ends) begin
      write_y <= (write_y == LAST_Y[Y_BITS-1:0]) ? FIRST_Y[Y_BITS-1:0] : write_y + 1'b1;
      write_phase <= (write_y == LAST_Y[Y_BITS-1:0]) ? FIRST_PHASE[PHASE_BITS-1:0]
                   : (write_phase == LAST_PHASE[PHASE_BITS-1:0]) ? 0
                   : write_phase + 1'b1;
      if (row_is_used) write_bank <= advance_bank(write_bank, banks_gained);
    end
    if (rst) begin
      write_x <= FIRST_X[X_BITS-1:0];
      write_y <= FIRST_Y[Y_BITS-1:0];
      write_phase <= FIRST_PHASE[PHASE_BITS-1:0];
      write_bank <= FIRST_BANK[BANK_BITS-1:0];
    end
  end

  // ---- reader, first step: the address of a word ----

  reg [X_BITS-1:0] read_x;
  reg [Y_BITS-1:0] read_top;
  reg [BANK_BITS-1:0] read_bank;

  wire step;
  wire read_ends = read_x == LAST_READ[X_BITS-1:0];
  wire top_is_last = read_top == LAST_TOP[Y_BITS-1:0];
  wire all_are_given = top_is_last || STEP_PLACES == ALL_PLACES;
  wire [LEVEL_BITS-1:0] places_given =
      top_is_last ? ALL_PLACES[LEVEL_BITS-1:0] : STEP_PLACES[LEVEL_BITS-1:0];
  wire [BANK_BITS-1:0] banks_given = top_is_last ? ALL_PLACES[BANK_BITS-1:0] : STEP_PLACES[BANK_BITS-1:0];
  wire [LEVEL_BITS-1:0] released = (step && read_ends) ? places_given : 0;
  // the lowest row of the band may still be arriving, as long as it is ahead of the reader
  wire word_arrives = level == ALL_PLACES[LEVEL_BITS-1:0] - 1'b1 && row_is_used && write_x > read_x;
  wire word_is_there =
      level >= ALL_PLACES[LEVEL_BITS-1:0] || (word_arrives && !(read_ends && all_are_given));
  wire [X_BITS-1:0] read_address = read_x - FIRST_X[X_BITS-1:0];

  always @(posedge clk) begin
    if (step) begin
      read_x <= read_ends ? 0 : read_x + 1'b1;
      if (read_ends) begin
        read_top <= top_is_last ? 0 : read_top + STEP_Y[Y_BITS-1:0];
        read_bank <= advance_bank(read_bank, banks_given);
      end
    end
    level <= level + gained - released;
    if (rst) begin
      read_x <= 0;
      read_top <= 0;
      read_bank <= 0;
      level <= FIRST_BANK[LEVEL_BITS-1:0];
    end
  end

  // ---- the row memories ----

  wire [ROWS*WORD_BITS-1:0] words;

  genvar r;
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : g_row
      localparam integer BANK = r;
      krl_ram #(
        .WIDTH(WORD_BITS),
        .DEPTH(WIDTH),
        .BLOCK(BLOCK)
      ) row (
        .clk(clk),
        .write_enable(accept && row_is_used && write_bank == BANK[BANK_BITS-1:0]),
        .write_address(write_address[ADDRESS_BITS-1:0]),
        .write_data(s_axis_tdata),
        .read_enable(step),
        .read_address(read_address[ADDRESS_BITS-1:0]),
        .read_data(words[r*WORD_BITS +: WORD_BITS])
      );
    end
  endgenerate

  wire unused_address_bits = &{1'b0, write_address, read_address};

  // ---- reader, second step: the words of the band, in order of rows, padding put in ----

  reg [BANK_BITS-1:0] band_bank;
  wire [KERNEL_H-1:0] is_padding;

  assign step = word_is_there && (!m_axis_tvalid || m_axis_tready);

  always @(posedge clk) begin
    if (step) begin
      band_bank <= read_bank;
    end
    m_axis_tvalid <= step || (m_axis_tvalid && !m_axis_tready);
    if (rst) begin
      m_axis_tvalid <= 1'b0;
    end
  end

  genvar k;
  generate
    for (k = 0; k < KERNEL_H; k = k + 1) begin : g_tap
      localparam integer ROW = k;
      wire [BANK_BITS-1:0] bank = advance_bank(band_bank, ROW[BANK_BITS-1:0]);
      wire [WORD_BITS-1:0] word = words[bank*WORD_BITS +: WORD_BITS];
      assign m_axis_tdata[k*WORD_BITS +: WORD_BITS] = is_padding[k] ? PAD_WORD : word;
    end

    if (HAS_PAD_ROWS || HAS_PAD_WORDS) begin : g_padding
      reg [Y_BITS-1:0] band_top;
      reg [X_BITS-1:0] band_x;
      wire [X_BITS-1:0] real_x = band_x - FIRST_X[X_BITS-1:0];
      always @(posedge clk) begin
        if (step) begin
          band_top <= read_top;
          band_x <= read_x;
        end
      end
      for (k = 0; k < KERNEL_H; k = k + 1) begin : g_row_padding
        localparam integer ROW = k - PAD_TOP;
        wire [Y_BITS-1:0] real_y = band_top + ROW[Y_BITS-1:0];
        assign is_padding[k] = real_x >= WIDTH[X_BITS-1:0] || real_y >= HEIGHT[Y_BITS-1:0];
      end
    end else begin : g_no_padding
      assign is_padding = 0;
    end

    if (ROWS < KERNEL_H) begin : g_illegal
      krl_line_buffer_needs_at_least_kernel_h_rows illegal ();
    end
  endgenerate

endmodule

`default_nettype wire
