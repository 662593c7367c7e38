// SPDX-License-Identifier: Apache-2.0
//
// krl_crop: the part of an image between two rows, two columns and two beats of each pixel.
//
// Equation: y is x without the beats whose row, column or place in the pixel lies outside FIRST_ROW .. LAST_ROW,
//           FIRST_COLUMN .. LAST_COLUMN, FIRST_BEAT .. LAST_BEAT; the order stays.
// Latency:  1 cycle. One beat per cycle, kept or not.
// Stream:   s_axis_tready depends on m_axis_tready for beats that are kept, others are accepted at once; it
//           depends on no s_axis_tvalid.
// Legal:    0 <= FIRST_ROW <= LAST_ROW < ROWS, and so on.

`default_nettype none

module krl_crop #(
  // bits per beat
  parameter integer WIDTH = 8,
  // the image: rows, columns, beats per pixel
  parameter integer ROWS = 8,
  parameter integer COLUMNS = 8,
  parameter integer BEATS = 1,
  // what is kept
  parameter integer FIRST_ROW = 1,
  parameter integer LAST_ROW = 6,
  parameter integer FIRST_COLUMN = 1,
  parameter integer LAST_COLUMN = 6,
  parameter integer FIRST_BEAT = 0,
  parameter integer LAST_BEAT = 0
) (
  input  wire             clk,
  input  wire             rst,

  input  wire [WIDTH-1:0] s_axis_tdata,
  input  wire             s_axis_tvalid,
  output wire             s_axis_tready,

  output reg  [WIDTH-1:0] m_axis_tdata,
  output reg              m_axis_tvalid,
  input  wire             m_axis_tready
);

  localparam ROW_BITS = (ROWS > 1) ? $clog2(ROWS) : 1;
  localparam COLUMN_BITS = (COLUMNS > 1) ? $clog2(COLUMNS) : 1;
  localparam BEAT_BITS = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam integer ROWS_END = ROWS - 1;
  localparam integer COLUMNS_END = COLUMNS - 1;
  localparam integer BEATS_END = BEATS - 1;
  localparam integer TOP = FIRST_ROW;
  localparam integer BOTTOM = LAST_ROW;
  localparam integer LEFT = FIRST_COLUMN;
  localparam integer RIGHT = LAST_COLUMN;
  localparam integer FRONT = FIRST_BEAT;
  localparam integer BACK = LAST_BEAT;

  // the beat that comes in
  reg [ROW_BITS-1:0] row;
  reg [COLUMN_BITS-1:0] column;
  reg [BEAT_BITS-1:0] beat;

  // bounds at the ends of the image are no bounds
  wire row_is_kept = (TOP == 0 || row >= TOP[ROW_BITS-1:0]) && (BOTTOM == ROWS_END || row <= BOTTOM[ROW_BITS-1:0]);
  wire column_is_kept = (LEFT == 0 || column >= LEFT[COLUMN_BITS-1:0])
                     && (RIGHT == COLUMNS_END || column <= RIGHT[COLUMN_BITS-1:0]);
  wire beat_is_kept = (FRONT == 0 || beat >= FRONT[BEAT_BITS-1:0])
                   && (BACK == BEATS_END || beat <= BACK[BEAT_BITS-1:0]);
  wire keep = row_is_kept && column_is_kept && beat_is_kept;

  wire advance = m_axis_tready || !m_axis_tvalid;
  wire accept = s_axis_tvalid && s_axis_tready;
  wire pixel_ends = beat == BEATS_END[BEAT_BITS-1:0];
  wire row_ends = pixel_ends && column == COLUMNS_END[COLUMN_BITS-1:0];

  assign s_axis_tready = advance || !keep;

  always @(posedge clk) begin
    if (accept) begin
      beat <= pixel_ends ? 0 : beat + 1'b1;
      if (pixel_ends) column <= row_ends ? 0 : column + 1'b1;
      if (row_ends) row <= (row == ROWS_END[ROW_BITS-1:0]) ? 0 : row + 1'b1;
      if (keep) m_axis_tdata <= s_axis_tdata;
    end
    m_axis_tvalid <= (accept && keep) || !advance;
    if (rst) begin
      m_axis_tvalid <= 1'b0;
      row <= 0;
      column <= 0;
      beat <= 0;
    end
  end

  generate
    if (!(WIDTH >= 1 && 0 <= FIRST_ROW && FIRST_ROW <= LAST_ROW && LAST_ROW < ROWS &&
          0 <= FIRST_COLUMN && FIRST_COLUMN <= LAST_COLUMN && LAST_COLUMN < COLUMNS &&
          0 <= FIRST_BEAT && FIRST_BEAT <= LAST_BEAT && LAST_BEAT < BEATS)) begin : g_legal
      illegal_parameters_of_krl_crop see_legal_in_its_header ();
    end
  endgenerate

endmodule

`default_nettype wire
