// SPDX-License-Identifier: Apache-2.0
//
// krl_resize: for every pixel of an image of another size the four of the image between which it lies.
//
// Equation: y[r][c] = x[i][j], x[i][j + 1], x[i + 1][j], x[i + 1][j + 1] for row i and column j that tables give
//           for r and c, with the weights of what is below and of what is behind. What weighs nothing is not
//           read, and its neighbour stands in its place: there may be no row i + 1.
//
// A beat is, from the low end: a beat of each of the four pixels, the row's weight, the column's.
//
// Two rows are held, in a memory for the even and one for the odd columns of each. While they are read for the
// last time, the next row takes the places of pixels that are done with. Rows that lie between two which are
// read are written, and never looked at.
//
// Tables:   two memories which stand beside the module, as krl_rom does: data come a cycle behind the address and
//           hold while enable is low. A word of rows is a weight of ROW_BITS and, above it, how many rows on row i
//           of the next row of the output is, in the last one that of the next image; of columns it is a weight
//           of COLUMN_BITS and, above it, j. Neither i nor j ever goes back within an image.
// Latency:  2 cycles from the acceptance of a beat to the first that it is part of, where nothing holds it back.
// Stream:   s_axis_tready depends on the places of writer and reader and on the tables. One beat per cycle on
//           both sides.
// Legal:    all >= 1 but FIRST_ROW and BLOCK; FIRST_ROW from 0 to 2**STEP_BITS - 1.

`default_nettype none

module krl_resize #(
  // bits per beat
  parameter integer WIDTH = 8,
  // the image that comes in: columns, beats per pixel
  parameter integer COLUMNS = 4,
  parameter integer BEATS = 1,
  // what goes out
  parameter integer ROWS_OUT = 8,
  parameter integer COLUMNS_OUT = 8,
  // row i of the first row
  parameter integer FIRST_ROW = 0,
  // bits of the weights, and of the steps from row to row
  parameter integer ROW_BITS = 2,
  parameter integer COLUMN_BITS = 2,
  parameter integer STEP_BITS = 1,
  // 1: block RAM, 0: look-up tables
  parameter integer BLOCK = 0
) (
  input  wire                                                      clk,
  input  wire                                                      rst,

  input  wire [WIDTH-1:0]                                          s_axis_tdata,
  input  wire                                                      s_axis_tvalid,
  output wire                                                      s_axis_tready,

  output wire                                                      row_enable,
  output wire [((ROWS_OUT > 1) ? $clog2(ROWS_OUT) : 1)-1:0]        row_address,
  input  wire [ROW_BITS+STEP_BITS-1:0]                             row_data,

  output wire                                                      column_enable,
  output wire [((COLUMNS_OUT > 1) ? $clog2(COLUMNS_OUT) : 1)-1:0]  column_address,
  input  wire [COLUMN_BITS+((COLUMNS > 1) ? $clog2(COLUMNS) : 1)-1:0] column_data,

  output wire [4*WIDTH+ROW_BITS+COLUMN_BITS-1:0]                   m_axis_tdata,
  output reg                                                       m_axis_tvalid,
  input  wire                                                      m_axis_tready
);

  generate
    if (!(WIDTH >= 1 && COLUMNS >= 1 && BEATS >= 1 && ROWS_OUT >= 1 && COLUMNS_OUT >= 1 && ROW_BITS >= 1
          && COLUMN_BITS >= 1 && STEP_BITS >= 1 && FIRST_ROW >= 0 && FIRST_ROW >> STEP_BITS == 0)) begin : g_legal
      illegal_parameters_of_krl_resize see_legal_in_its_header ();
    end
  endgenerate

  localparam BEAT_BITS = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam COLUMN_PLACE_BITS = (COLUMNS > 1) ? $clog2(COLUMNS) : 1;
  localparam ROW_OUT_BITS = (ROWS_OUT > 1) ? $clog2(ROWS_OUT) : 1;
  localparam COLUMN_OUT_BITS = (COLUMNS_OUT > 1) ? $clog2(COLUMNS_OUT) : 1;
  // an even column and the odd one behind it have the same address
  localparam COUPLES = (COLUMNS + 1) / 2;
  localparam DEPTH = COUPLES * BEATS;
  localparam ADDRESS_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1;
  // a sign, and room for 2
  localparam AHEAD_BITS = STEP_BITS + 2;
  localparam integer LAST_BEAT = BEATS - 1;
  localparam integer LAST_COLUMN = COLUMNS - 1;
  localparam integer LAST_ROW_OUT = ROWS_OUT - 1;
  localparam integer LAST_COLUMN_OUT = COLUMNS_OUT - 1;
  localparam integer BEAT_STEP = COUPLES;
  localparam SUM_BITS = ((ADDRESS_BITS > COLUMN_PLACE_BITS) ? ADDRESS_BITS : COLUMN_PLACE_BITS) + 1;
  localparam integer START = -FIRST_ROW;
  localparam integer START_PARITY = FIRST_ROW % 2;

  // whole rows from row i on; below 0 where rows before it are still to come
  reg [AHEAD_BITS-1:0] ahead;
  wire none_is_held = ahead == 0;
  wire one_is_held = ahead == 1;
  wire two_are_held = ahead == 2;

  // ---- writer ----

  reg [BEAT_BITS-1:0] write_beat;
  reg [COLUMN_PLACE_BITS-1:0] write_column;
  // the address of the beat in couple 0
  reg [ADDRESS_BITS-1:0] write_base;
  reg write_is_odd;

  wire accept = s_axis_tvalid && s_axis_tready;
  wire write_pixel_ends = write_beat == LAST_BEAT[BEAT_BITS-1:0];
  wire row_is_gained = accept && write_pixel_ends && write_column == LAST_COLUMN[COLUMN_PLACE_BITS-1:0];

  always @(posedge clk) begin
    if (accept) begin
      write_beat <= write_pixel_ends ? 0 : write_beat + 1'b1;
      write_base <= write_pixel_ends ? 0 : write_base + BEAT_STEP[ADDRESS_BITS-1:0];
      if (write_pixel_ends) begin
        write_column <= (write_column == LAST_COLUMN[COLUMN_PLACE_BITS-1:0]) ? 0 : write_column + 1'b1;
      end
    end
    if (row_is_gained) write_is_odd <= !write_is_odd;
    if (rst) begin
      write_beat <= 0;
      write_base <= 0;
      write_column <= 0;
      write_is_odd <= 1'b0;
    end
  end

  // ---- reader ----

  reg [BEAT_BITS-1:0] read_beat;
  reg [ADDRESS_BITS-1:0] read_base;
  reg [COLUMN_OUT_BITS-1:0] column_out;
  reg [ROW_OUT_BITS-1:0] row_out;
  // whether row i is odd
  reg row_is_odd;

  wire [ROW_BITS-1:0] row_weight = row_data[0 +: ROW_BITS];
  wire [STEP_BITS-1:0] row_step = row_data[ROW_BITS +: STEP_BITS];
  wire [COLUMN_BITS-1:0] column_weight = column_data[0 +: COLUMN_BITS];
  wire [COLUMN_PLACE_BITS-1:0] read_column = column_data[COLUMN_BITS +: COLUMN_PLACE_BITS];
  wire below_is_read = row_weight != 0;
  wire behind_is_read = column_weight != 0;
  wire [COLUMN_PLACE_BITS:0] last_column = {1'b0, read_column} + {{COLUMN_PLACE_BITS{1'b0}}, behind_is_read};

  wire read_pixel_ends = read_beat == LAST_BEAT[BEAT_BITS-1:0];
  wire row_ends = read_pixel_ends && column_out == LAST_COLUMN_OUT[COLUMN_OUT_BITS-1:0];
  wire pixel_is_there = {1'b0, write_column} > last_column
                     || ({1'b0, write_column} == last_column && write_beat > read_beat);
  wire word_is_there = two_are_held
                    || (one_is_held && (!below_is_read || pixel_is_there))
                    || (none_is_held && !below_is_read && pixel_is_there);
  wire step = word_is_there && (!m_axis_tvalid || m_axis_tready);
  wire rows_are_given = step && row_ends;

  wire [AHEAD_BITS-1:0] rows_gained = {{(AHEAD_BITS-1){1'b0}}, row_is_gained};
  wire [AHEAD_BITS-1:0] rows_given = rows_are_given ? {2'b00, row_step} : 0;
  wire [COLUMN_OUT_BITS-1:0] next_column_out =
      (column_out == LAST_COLUMN_OUT[COLUMN_OUT_BITS-1:0]) ? 0 : column_out + 1'b1;
  wire [ROW_OUT_BITS-1:0] next_row_out = (row_out == LAST_ROW_OUT[ROW_OUT_BITS-1:0]) ? 0 : row_out + 1'b1;

  assign s_axis_tready = !two_are_held || (row_step != 0 && write_column < read_column);
  assign column_enable = rst || (step && read_pixel_ends);
  assign column_address = rst ? 0 : next_column_out;
  assign row_enable = rst || rows_are_given;
  assign row_address = rst ? 0 : next_row_out;

  // what belongs to the beat in the output: which memories, and the weights
  reg above_is_odd;
  reg below_is_odd;
  reg near_is_odd;
  reg far_is_odd;
  reg [ROW_BITS-1:0] row_weight_held;
  reg [COLUMN_BITS-1:0] column_weight_held;

  always @(posedge clk) begin
    if (step) begin
      read_beat <= read_pixel_ends ? 0 : read_beat + 1'b1;
      read_base <= read_pixel_ends ? 0 : read_base + BEAT_STEP[ADDRESS_BITS-1:0];
      if (read_pixel_ends) column_out <= next_column_out;
      above_is_odd <= row_is_odd;
      below_is_odd <= row_is_odd ^ below_is_read;
      near_is_odd <= read_column[0];
      far_is_odd <= read_column[0] ^ behind_is_read;
      row_weight_held <= row_weight;
      column_weight_held <= column_weight;
    end
    if (rows_are_given) begin
      row_out <= next_row_out;
      row_is_odd <= row_is_odd ^ row_step[0];
    end
    ahead <= ahead + rows_gained - rows_given;
    m_axis_tvalid <= step || (m_axis_tvalid && !m_axis_tready);
    if (rst) begin
      m_axis_tvalid <= 1'b0;
      ahead <= START[AHEAD_BITS-1:0];
      read_beat <= 0;
      read_base <= 0;
      column_out <= 0;
      row_out <= 0;
      row_is_odd <= START_PARITY[0];
    end
  end

  // ---- memories: row by row, the even and the odd columns of it ----

  wire [COLUMN_PLACE_BITS-1:0] write_couple = write_column >> 1;
  wire [COLUMN_PLACE_BITS-1:0] read_couple = read_column >> 1;
  wire [SUM_BITS-1:0] write_address = {{(SUM_BITS-ADDRESS_BITS){1'b0}}, write_base}
                                    + {{(SUM_BITS-COLUMN_PLACE_BITS){1'b0}}, write_couple};
  wire [SUM_BITS-1:0] odd_address = {{(SUM_BITS-ADDRESS_BITS){1'b0}}, read_base}
                                  + {{(SUM_BITS-COLUMN_PLACE_BITS){1'b0}}, read_couple};
  wire [SUM_BITS-1:0] even_address = odd_address + {{(SUM_BITS-1){1'b0}}, read_column[0]};
  wire unused_address_bits = &{1'b0, write_address, odd_address, even_address};
  // by rows, the even one first, in each the even column first
  wire [4*WIDTH-1:0] found;

  genvar i;
  generate
    for (i = 0; i < 4; i = i + 1) begin : g_memory
      localparam integer ROW_PARITY = i / 2;
      localparam integer COLUMN_PARITY = i % 2;
      krl_ram #(
        .WIDTH(WIDTH),
        .DEPTH(DEPTH),
        .BLOCK(BLOCK)
      ) pixels (
        .clk(clk),
        .write_enable(accept && write_is_odd == ROW_PARITY[0] && write_column[0] == COLUMN_PARITY[0]),
        .write_address(write_address[ADDRESS_BITS-1:0]),
        .write_data(s_axis_tdata),
        .read_enable(step),
        .read_address((COLUMN_PARITY != 0) ? odd_address[ADDRESS_BITS-1:0] : even_address[ADDRESS_BITS-1:0]),
        .read_data(found[i*WIDTH +: WIDTH])
      );
    end
  endgenerate

  wire [2*WIDTH-1:0] above = above_is_odd ? found[2*WIDTH +: 2*WIDTH] : found[0 +: 2*WIDTH];
  wire [2*WIDTH-1:0] below = below_is_odd ? found[2*WIDTH +: 2*WIDTH] : found[0 +: 2*WIDTH];

  assign m_axis_tdata = {
    column_weight_held,
    row_weight_held,
    far_is_odd ? below[WIDTH +: WIDTH] : below[0 +: WIDTH],
    near_is_odd ? below[WIDTH +: WIDTH] : below[0 +: WIDTH],
    far_is_odd ? above[WIDTH +: WIDTH] : above[0 +: WIDTH],
    near_is_odd ? above[WIDTH +: WIDTH] : above[0 +: WIDTH]
  };

endmodule

`default_nettype wire
