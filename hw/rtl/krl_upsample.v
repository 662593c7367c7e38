// SPDX-License-Identifier: Apache-2.0
//
// krl_upsample: every pixel several times, and every row of that several times.
//
// Equation: y[r][c] = x[r / REPEAT_ROWS][c / REPEAT_COLUMNS], all BEATS of the pixel.
//
// A row is written into a memory of its own size, from which it is read REPEAT_ROWS times. While that goes on for
// the last time, the next row takes the places of pixels that are done with. Rows of one pixel have two places.
//
// Latency:  2 cycles from the acceptance of a beat to its first copy, where nothing else holds it back.
// Stream:   s_axis_tready depends on the places of writer and reader alone. One beat per cycle on both sides.
// Legal:    all >= 1 but BLOCK. With REPEAT_ROWS = 1 rows mean nothing: give a pixel as a row.

`default_nettype none

module krl_upsample #(
  // bits per beat
  parameter integer WIDTH = 8,
  // the image: columns, beats per pixel
  parameter integer COLUMNS = 4,
  parameter integer BEATS = 1,
  parameter integer REPEAT_ROWS = 2,
  parameter integer REPEAT_COLUMNS = 2,
  // 1: block RAM, 0: look-up tables
  parameter integer BLOCK = 0
) (
  input  wire             clk,
  input  wire             rst,

  input  wire [WIDTH-1:0] s_axis_tdata,
  input  wire             s_axis_tvalid,
  output wire             s_axis_tready,

  output wire [WIDTH-1:0] m_axis_tdata,
  output reg              m_axis_tvalid,
  input  wire             m_axis_tready
);

  // a single pixel has no place that another one frees
  localparam SLOTS = (COLUMNS > 1) ? 1 : 2;
  localparam BEAT_BITS = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam COLUMN_BITS = (COLUMNS > 1) ? $clog2(COLUMNS) : 1;
  localparam DEPTH = SLOTS * COLUMNS * BEATS;
  localparam ADDRESS_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1;
  localparam ROW_REPEAT_BITS = (REPEAT_ROWS > 1) ? $clog2(REPEAT_ROWS) : 1;
  localparam COLUMN_REPEAT_BITS = (REPEAT_COLUMNS > 1) ? $clog2(REPEAT_COLUMNS) : 1;
  localparam HELD_BITS = $clog2(SLOTS + 1);
  localparam integer LAST_BEAT = BEATS - 1;
  localparam integer LAST_COLUMN = COLUMNS - 1;
  localparam integer LAST_ADDRESS = DEPTH - 1;
  localparam integer LAST_ROW_REPEAT = REPEAT_ROWS - 1;
  localparam integer LAST_COLUMN_REPEAT = REPEAT_COLUMNS - 1;
  localparam integer FULL = SLOTS;

  // whole rows that are held, the one that is read among them
  reg [HELD_BITS-1:0] held;

  // ---- writer ----

  reg [BEAT_BITS-1:0] write_beat;
  reg [COLUMN_BITS-1:0] write_column;
  reg [ADDRESS_BITS-1:0] write_address;

  wire accept = s_axis_tvalid && s_axis_tready;
  wire write_pixel_ends = write_beat == LAST_BEAT[BEAT_BITS-1:0];
  wire row_is_gained = accept && write_pixel_ends && write_column == LAST_COLUMN[COLUMN_BITS-1:0];

  always @(posedge clk) begin
    if (accept) begin
      write_beat <= write_pixel_ends ? 0 : write_beat + 1'b1;
      if (write_pixel_ends) begin
        write_column <= (write_column == LAST_COLUMN[COLUMN_BITS-1:0]) ? 0 : write_column + 1'b1;
      end
      write_address <= (write_address == LAST_ADDRESS[ADDRESS_BITS-1:0]) ? 0 : write_address + 1'b1;
    end
    if (rst) begin
      write_beat <= 0;
      write_column <= 0;
      write_address <= 0;
    end
  end

  // ---- reader ----

  reg [BEAT_BITS-1:0] read_beat;
  reg [COLUMN_BITS-1:0] read_column;
  // of the beat, of the pixel's first beat, and of the row's
  reg [ADDRESS_BITS-1:0] read_address;
  reg [ADDRESS_BITS-1:0] pixel_address;
  reg [ADDRESS_BITS-1:0] row_address;
  reg [COLUMN_REPEAT_BITS-1:0] column_repeat;
  reg [ROW_REPEAT_BITS-1:0] row_repeat;

  wire read_pixel_ends = read_beat == LAST_BEAT[BEAT_BITS-1:0];
  wire pixel_is_done = read_pixel_ends && column_repeat == LAST_COLUMN_REPEAT[COLUMN_REPEAT_BITS-1:0];
  wire pass_ends = pixel_is_done && read_column == LAST_COLUMN[COLUMN_BITS-1:0];
  wire pass_is_last = row_repeat == LAST_ROW_REPEAT[ROW_REPEAT_BITS-1:0];

  wire word_is_there = held != 0 || write_column > read_column
                    || (write_column == read_column && write_beat > read_beat);
  wire step = word_is_there && (!m_axis_tvalid || m_axis_tready);
  wire row_is_given = step && pass_ends && pass_is_last;
  wire [ADDRESS_BITS-1:0] next_address =
      (read_address == LAST_ADDRESS[ADDRESS_BITS-1:0]) ? 0 : read_address + 1'b1;

  assign s_axis_tready = held != FULL[HELD_BITS-1:0] || (pass_is_last && write_column < read_column);

  always @(posedge clk) begin
    if (step) begin
      read_beat <= read_pixel_ends ? 0 : read_beat + 1'b1;
      if (read_pixel_ends) begin
        column_repeat <= pixel_is_done ? 0 : column_repeat + 1'b1;
      end
      if (pixel_is_done) begin
        read_column <= pass_ends ? 0 : read_column + 1'b1;
      end
      if (pass_ends) begin
        row_repeat <= pass_is_last ? 0 : row_repeat + 1'b1;
      end
      read_address <= (pass_ends && !pass_is_last) ? row_address
                    : (read_pixel_ends && !pixel_is_done) ? pixel_address
                    : next_address;
      if (pixel_is_done) begin
        pixel_address <= (pass_ends && !pass_is_last) ? row_address : next_address;
      end
      if (pass_ends && pass_is_last) begin
        row_address <= next_address;
      end
    end
    held <= (row_is_gained && !row_is_given) ? held + 1'b1
          : (row_is_given && !row_is_gained) ? held - 1'b1
          : held;
    m_axis_tvalid <= step || (m_axis_tvalid && !m_axis_tready);
    if (rst) begin
      m_axis_tvalid <= 1'b0;
      held <= 0;
      read_beat <= 0;
      read_column <= 0;
      column_repeat <= 0;
      row_repeat <= 0;
      read_address <= 0;
      pixel_address <= 0;
      row_address <= 0;
    end
  end

  krl_ram #(
    .WIDTH(WIDTH),
    .DEPTH(DEPTH),
    .BLOCK(BLOCK)
  ) row (
    .clk(clk),
    .write_enable(accept),
    .write_address(write_address),
    .write_data(s_axis_tdata),
    .read_enable(step),
    .read_address(read_address),
    .read_data(m_axis_tdata)
  );

  generate
    if (!(WIDTH >= 1 && COLUMNS >= 1 && BEATS >= 1 && REPEAT_ROWS >= 1 && REPEAT_COLUMNS >= 1)) begin : g_legal
      illegal_parameters_of_krl_upsample see_legal_in_its_header ();
    end
  endgenerate

endmodule

`default_nettype wire
