// SPDX-License-Identifier: Apache-2.0
//
// krl_pad: an image with padding around it, and between its pixels.
//
// Equation: y[TOP + r * STEP_ROWS][LEFT + c * STEP_COLUMNS] = x[r][c], all BEATS of the pixel; every other beat of
//           the ROWS_OUT x COLUMNS_OUT pixels of y is PAD_BEAT.
// Latency:  1 cycle. One beat per cycle comes out.
// Stream:   s_axis_tready depends on m_axis_tready and on no s_axis_tvalid. An image begins when its first beat is
//           offered, even if padding precedes it; from then on padding does not wait for the pixels behind it.
// Legal:    BEATS, ROWS, COLUMNS, STEP_ROWS, STEP_COLUMNS >= 1; all pixels of x lie in y.

`default_nettype none

module krl_pad #(
  // bits per beat
  parameter integer WIDTH = 8,
  // the image: rows, columns, beats per pixel
  parameter integer ROWS = 4,
  parameter integer COLUMNS = 4,
  parameter integer BEATS = 1,
  // the padded image, and where the pixels lie in it
  parameter integer ROWS_OUT = 6,
  parameter integer COLUMNS_OUT = 6,
  parameter integer TOP = 1,
  parameter integer LEFT = 1,
  parameter integer STEP_ROWS = 1,
  parameter integer STEP_COLUMNS = 1,
  parameter [WIDTH-1:0] PAD_BEAT = 0
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

  localparam ROW_BITS = (ROWS_OUT > 1) ? $clog2(ROWS_OUT) : 1;
  localparam COLUMN_BITS = (COLUMNS_OUT > 1) ? $clog2(COLUMNS_OUT) : 1;
  localparam BEAT_BITS = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam ROW_PHASE_BITS = (STEP_ROWS > 1) ? $clog2(STEP_ROWS) : 1;
  localparam COLUMN_PHASE_BITS = (STEP_COLUMNS > 1) ? $clog2(STEP_COLUMNS) : 1;
  localparam integer LAST_ROW = ROWS_OUT - 1;
  localparam integer LAST_COLUMN = COLUMNS_OUT - 1;
  localparam integer LAST_BEAT = BEATS - 1;
  localparam integer FIRST_ROW = TOP;
  localparam integer FIRST_COLUMN = LEFT;
  localparam integer LAST_REAL_ROW = TOP + (ROWS - 1) * STEP_ROWS;
  localparam integer LAST_REAL_COLUMN = LEFT + (COLUMNS - 1) * STEP_COLUMNS;
  localparam integer LAST_ROW_PHASE = STEP_ROWS - 1;
  localparam integer LAST_COLUMN_PHASE = STEP_COLUMNS - 1;
  // where counting begins so that the phase is 0 at the first pixel
  localparam integer START_ROW_PHASE = (STEP_ROWS - TOP % STEP_ROWS) % STEP_ROWS;
  localparam integer START_COLUMN_PHASE = (STEP_COLUMNS - LEFT % STEP_COLUMNS) % STEP_COLUMNS;

  // the beat that goes out next
  reg [ROW_BITS-1:0] row;
  reg [COLUMN_BITS-1:0] column;
  reg [BEAT_BITS-1:0] beat;
  reg [ROW_PHASE_BITS-1:0] row_phase;
  reg [COLUMN_PHASE_BITS-1:0] column_phase;

  wire row_is_real = row_phase == 0 && (TOP == 0 || row >= FIRST_ROW[ROW_BITS-1:0])
                  && (LAST_REAL_ROW == LAST_ROW || row <= LAST_REAL_ROW[ROW_BITS-1:0]);
  wire column_is_real = column_phase == 0 && (LEFT == 0 || column >= FIRST_COLUMN[COLUMN_BITS-1:0])
                     && (LAST_REAL_COLUMN == LAST_COLUMN || column <= LAST_REAL_COLUMN[COLUMN_BITS-1:0]);
  wire is_real = row_is_real && column_is_real;

  wire advance = m_axis_tready || !m_axis_tvalid;
  wire image_begins = row == 0 && column == 0 && beat == 0;
  wire offered = s_axis_tvalid || (!is_real && !image_begins);
  wire pixel_ends = beat == LAST_BEAT[BEAT_BITS-1:0];
  wire row_ends = pixel_ends && column == LAST_COLUMN[COLUMN_BITS-1:0];
  wire image_ends = row_ends && row == LAST_ROW[ROW_BITS-1:0];

  assign s_axis_tready = advance && is_real;

  always @(posedge clk) begin
    if (advance) begin
      m_axis_tvalid <= offered;
      m_axis_tdata <= is_real ? s_axis_tdata : PAD_BEAT;
    end
    if (advance && offered) begin
      beat <= pixel_ends ? 0 : beat + 1'b1;
      if (pixel_ends) begin
        column <= row_ends ? 0 : column + 1'b1;
        column_phase <= row_ends ? START_COLUMN_PHASE[COLUMN_PHASE_BITS-1:0]
                      : (column_phase == LAST_COLUMN_PHASE[COLUMN_PHASE_BITS-1:0]) ? 0
                      : column_phase + 1'b1;
      end
      if (row_ends) begin
        row <= image_ends ? 0 : row + 1'b1;
        row_phase <= image_ends ? START_ROW_PHASE[ROW_PHASE_BITS-1:0]
                   : (row_phase == LAST_ROW_PHASE[ROW_PHASE_BITS-1:0]) ? 0
                   : row_phase + 1'b1;
      end
    end
    if (rst) begin
      m_axis_tvalid <= 1'b0;
      row <= 0;
      column <= 0;
      beat <= 0;
      row_phase <= START_ROW_PHASE[ROW_PHASE_BITS-1:0];
      column_phase <= START_COLUMN_PHASE[COLUMN_PHASE_BITS-1:0];
    end
  end

  generate
    if (!(WIDTH >= 1 && BEATS >= 1 && ROWS >= 1 && COLUMNS >= 1 && STEP_ROWS >= 1 && STEP_COLUMNS >= 1 &&
          TOP >= 0 && LEFT >= 0 && LAST_REAL_ROW <= LAST_ROW && LAST_REAL_COLUMN <= LAST_COLUMN)) begin : g_legal
      illegal_parameters_of_krl_pad see_legal_in_its_header ();
    end
  endgenerate

endmodule

`default_nettype wire
