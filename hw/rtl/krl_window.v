// SPDX-License-Identifier: Apache-2.0
//
// krl_window: the sliding windows of an image that streams by, one beat a pixel.
//
// Equation: window(oy, ox) holds pixel (oy * STRIDE_H - PAD_TOP + ky, ox * STRIDE_W - PAD_LEFT + kx) at pixel lane
//           ky * KERNEL_W + kx; pixels outside the image are PAD_PIXEL.
//
// Rows are written into a ring of ROWS row memories and read column by column, KERNEL_H pixels at a time, while later
// rows and the next frame are already being written. A padding row counts as a place of the ring but is never written,
// so the rows between two frames may count beyond the end of the ring; rows that no window holds are swallowed. A row's
// place is given back as soon as its last window has been read.
//
// Latency:  3 cycles from the acceptance of a window's last pixel to m_axis_tvalid, where nothing else holds it back.
// Cycles:   a row of windows takes (OUT_WIDTH - 1) * STRIDE_W + KERNEL_W reads, one a cycle; these overlap with a slow
//           consumer of the windows before.
// Stream:   s_axis_tready comes from the fill of the ring and the writer's place alone.
// Legal:    ROWS >= KERNEL_H, and one more to write and read at once; every window holds a real pixel.

`default_nettype none

module krl_window #(
  // the image
  parameter HEIGHT = 28,
  parameter WIDTH = 28,
  parameter PIXEL_BITS = 8,
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

  input  wire [PIXEL_BITS-1:0]                   s_axis_tdata,
  input  wire                                    s_axis_tvalid,
  output wire                                    s_axis_tready,

  output reg  [KERNEL_H*KERNEL_W*PIXEL_BITS-1:0] m_axis_tdata,
  output reg                                     m_axis_tvalid,
  input  wire                                    m_axis_tready
);

  // rows and columns are counted in the padded image: the real ones are PAD_TOP .. and PAD_LEFT ..
  localparam REACH = (OUT_HEIGHT - 1) * STRIDE_H + KERNEL_H;
  localparam READS = (OUT_WIDTH - 1) * STRIDE_W + KERNEL_W;
  localparam USED_END = (REACH < PAD_TOP + HEIGHT) ? REACH : PAD_TOP + HEIGHT;
  // padding rows between the last used row of a frame and the first row of the next
  localparam GAP = REACH - USED_END + PAD_TOP;
  // places of the ring given back by a row of windows, except the last, which gives back all KERNEL_H
  localparam ROW_STEP = (STRIDE_H < KERNEL_H) ? STRIDE_H : KERNEL_H;
  localparam HAS_PAD_ROWS = PAD_TOP > 0 || REACH > PAD_TOP + HEIGHT;
  localparam HAS_PAD_COLUMNS = PAD_LEFT > 0 || READS > PAD_LEFT + WIDTH;

  localparam COLUMN_BITS = KERNEL_H * PIXEL_BITS;
  // wide enough that a column left of the image, less PAD_LEFT, wraps to beyond its right edge; rows likewise
  localparam X_BITS = $clog2(((READS > PAD_LEFT + WIDTH) ? READS : PAD_LEFT + WIDTH) + 2);
  localparam Y_BITS = $clog2(((REACH > PAD_TOP + HEIGHT) ? REACH : PAD_TOP + HEIGHT) + 2);
  localparam ADDRESS_BITS = (WIDTH > 1) ? $clog2(WIDTH) : 1;
  localparam BANK_BITS = $clog2(ROWS + 1);
  localparam LEVEL_BITS = $clog2(ROWS + GAP + 1);
  localparam PHASE_BITS = $clog2(STRIDE_H) + 1;
  localparam WAIT_BITS = $clog2(((KERNEL_W > STRIDE_W) ? KERNEL_W : STRIDE_W) + 1);

  localparam integer FIRST_X = PAD_LEFT;
  localparam integer LAST_X = PAD_LEFT + WIDTH - 1;
  localparam integer LAST_READ = READS - 1;
  localparam integer FIRST_Y = PAD_TOP;
  localparam integer LAST_Y = PAD_TOP + HEIGHT - 1;
  localparam integer LAST_USED_Y = USED_END - 1;
  localparam integer LAST_TOP = (OUT_HEIGHT - 1) * STRIDE_H;
  localparam integer STEP_Y = STRIDE_H;
  localparam integer FIRST_PHASE = PAD_TOP % STRIDE_H;
  localparam integer LAST_PHASE = STRIDE_H - 1;
  localparam integer LAST_USED_PHASE = ROW_STEP - 1;
  localparam integer WAIT_FIRST = KERNEL_W - 1;
  localparam integer WAIT_NEXT = STRIDE_W - 1;
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

  // ---- writer: pixels into the row memories ----

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
  wire [LEVEL_BITS-1:0] gained = !row_is_gained ? 0 : row_is_last_used ? ROW_AND_GAP[LEVEL_BITS-1:0] : ONE_ROW[LEVEL_BITS-1:0];

  wire [X_BITS-1:0] write_address = write_x - FIRST_X[X_BITS-1:0];

  assign s_axis_tready = !row_is_used || has_place;

  always @(posedge clk) begin
    if (accept) begin
      write_x <= row_ends ? FIRST_X[X_BITS-1:0] : write_x + 1'b1;
    end
    if (row_ends) begin
      write_y <= (write_y == LAST_Y[Y_BITS-1:0]) ? FIRST_Y[Y_BITS-1:0] : write_y + 1'b1;
      write_phase <= (write_y == LAST_Y[Y_BITS-1:0]) ? FIRST_PHASE[PHASE_BITS-1:0] : (write_phase == LAST_PHASE[PHASE_BITS-1:0]) ? 0 : write_phase + 1'b1;
      if (row_is_used) write_bank <= advance_bank(write_bank, row_is_last_used ? ROW_AND_GAP_BANKS[BANK_BITS-1:0] : ROW_BANKS[BANK_BITS-1:0]);
    end
    if (rst) begin
      write_x <= FIRST_X[X_BITS-1:0];
      write_y <= FIRST_Y[Y_BITS-1:0];
      write_phase <= FIRST_PHASE[PHASE_BITS-1:0];
      write_bank <= FIRST_BANK[BANK_BITS-1:0];
    end
  end

  // ---- reader, first step: the address of a column ----

  reg [X_BITS-1:0] read_x;
  reg [Y_BITS-1:0] read_top;
  reg [BANK_BITS-1:0] read_bank;
  // columns still to come before the next window is complete
  reg [WAIT_BITS-1:0] columns_to_wait;

  wire step_column;
  wire read_ends = read_x == LAST_READ[X_BITS-1:0];
  wire top_is_last = read_top == LAST_TOP[Y_BITS-1:0];
  wire all_are_given = top_is_last || STEP_PLACES == ALL_PLACES;
  wire [LEVEL_BITS-1:0] places_given = top_is_last ? ALL_PLACES[LEVEL_BITS-1:0] : STEP_PLACES[LEVEL_BITS-1:0];
  wire [LEVEL_BITS-1:0] released = (step_column && read_ends) ? places_given : 0;
  // the lowest row of the windows may still be arriving, as long as it is ahead of the reader
  wire pixel_is_there = level == ALL_PLACES[LEVEL_BITS-1:0] - 1'b1 && row_is_used && write_x > read_x;
  wire column_is_there =
      level >= ALL_PLACES[LEVEL_BITS-1:0] || (pixel_is_there && !(read_ends && all_are_given));
  wire [X_BITS-1:0] read_address = read_x - FIRST_X[X_BITS-1:0];

  always @(posedge clk) begin
    if (step_column) begin
      read_x <= read_ends ? 0 : read_x + 1'b1;
      columns_to_wait <= read_ends ? WAIT_FIRST[WAIT_BITS-1:0] : (columns_to_wait == 0) ? WAIT_NEXT[WAIT_BITS-1:0] : columns_to_wait - 1'b1;
      if (read_ends) begin
        read_top <= top_is_last ? 0 : read_top + STEP_Y[Y_BITS-1:0];
        read_bank <= advance_bank(read_bank, top_is_last ? ALL_PLACES[BANK_BITS-1:0] : STEP_PLACES[BANK_BITS-1:0]);
      end
    end
    level <= level + gained - released;
    if (rst) begin
      read_x <= 0;
      read_top <= 0;
      read_bank <= 0;
      columns_to_wait <= WAIT_FIRST[WAIT_BITS-1:0];
      level <= FIRST_BANK[LEVEL_BITS-1:0];
    end
  end

  // ---- the row memories ----

  wire [ROWS*PIXEL_BITS-1:0] pixels;

  genvar r;
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : g_row
      localparam integer BANK = r;
      krl_ram #(
        .WIDTH(PIXEL_BITS),
        .DEPTH(WIDTH),
        .BLOCK(BLOCK)
      ) row (
        .clk(clk),
        .write_enable(accept && row_is_used && write_bank == BANK[BANK_BITS-1:0]),
        .write_address(write_address[ADDRESS_BITS-1:0]),
        .write_data(s_axis_tdata),
        .read_enable(step_column),
        .read_address(read_address[ADDRESS_BITS-1:0]),
        .read_data(pixels[r*PIXEL_BITS +: PIXEL_BITS])
      );
    end
  endgenerate

  wire unused_address_bits = &{1'b0, write_address, read_address};

  // ---- reader, second step: the column, in order of rows, padding put in ----

  reg column_valid;
  reg column_completes;
  reg [BANK_BITS-1:0] column_bank;
  wire [KERNEL_H-1:0] is_padding;
  wire [COLUMN_BITS-1:0] column;

  wire window_is_free = m_axis_tready || !m_axis_tvalid;
  wire take_column = column_valid && (!column_completes || window_is_free);

  assign step_column = column_is_there && (!column_valid || take_column);

  always @(posedge clk) begin
    if (step_column) begin
      column_completes <= columns_to_wait == 0;
      column_bank <= read_bank;
    end
    column_valid <= step_column || (column_valid && !take_column);
    if (rst) begin
      column_valid <= 1'b0;
    end
  end

  genvar k;
  generate
    for (k = 0; k < KERNEL_H; k = k + 1) begin : g_tap
      localparam integer ROW = k;
      wire [BANK_BITS-1:0] bank = advance_bank(column_bank, ROW[BANK_BITS-1:0]);
      wire [PIXEL_BITS-1:0] pixel = pixels[bank*PIXEL_BITS +: PIXEL_BITS];
      assign column[k*PIXEL_BITS +: PIXEL_BITS] = is_padding[k] ? PAD_PIXEL : pixel;
    end

    if (HAS_PAD_ROWS || HAS_PAD_COLUMNS) begin : g_padding
      reg [Y_BITS-1:0] column_top;
      reg [X_BITS-1:0] column_x;
      wire [X_BITS-1:0] real_x = column_x - FIRST_X[X_BITS-1:0];
      always @(posedge clk) begin
        if (step_column) begin
          column_top <= read_top;
          column_x <= read_x;
        end
      end
      for (k = 0; k < KERNEL_H; k = k + 1) begin : g_row_padding
        localparam integer ROW = k - PAD_TOP;
        wire [Y_BITS-1:0] real_y = column_top + ROW[Y_BITS-1:0];
        assign is_padding[k] = real_x >= WIDTH[X_BITS-1:0] || real_y >= HEIGHT[Y_BITS-1:0];
      end
    end else begin : g_no_padding
      assign is_padding = 0;
    end
  endgenerate

  // ---- the window: KERNEL_W columns, the last of which has just been read ----

  wire [KERNEL_W*COLUMN_BITS-1:0] columns;

  generate
    if (KERNEL_W > 1) begin : g_columns
      reg [(KERNEL_W-1)*COLUMN_BITS-1:0] earlier_columns;
      assign columns = {column, earlier_columns};
      always @(posedge clk) begin
        if (take_column) earlier_columns <= columns[KERNEL_W*COLUMN_BITS-1:COLUMN_BITS];
      end
    end else begin : g_one_column
      assign columns = column;
    end
  endgenerate

  wire [KERNEL_H*KERNEL_W*PIXEL_BITS-1:0] window;

  genvar x;
  generate
    for (k = 0; k < KERNEL_H; k = k + 1) begin : g_window_row
      for (x = 0; x < KERNEL_W; x = x + 1) begin : g_window_column
        assign window[(k*KERNEL_W+x)*PIXEL_BITS +: PIXEL_BITS] = columns[(x*KERNEL_H+k)*PIXEL_BITS +: PIXEL_BITS];
      end
    end

    if (ROWS < KERNEL_H) begin : g_illegal
      krl_window_needs_at_least_kernel_h_rows illegal ();
    end
  endgenerate

  always @(posedge clk) begin
    if (take_column && column_completes) begin
      m_axis_tdata <= window;
    end
    if (window_is_free) begin
      m_axis_tvalid <= take_column && column_completes;
    end
    if (rst) begin
      m_axis_tvalid <= 1'b0;
    end
  end

endmodule

`default_nettype wire
