// SPDX-License-Identifier: Apache-2.0
//
// krl_bilinear: what lies between four pixels, weighed by rows and by columns, and rounded once.
//
// Equation: above = x0 * 2**ROW_BITS + row * (x2 - x0), beside it the same of x1 and x3, row by row below;
//           total = above * 2**COLUMN_BITS + column * (beside - above);
//           y = total / 2**(ROW_BITS + COLUMN_BITS), halves up, or with AWAY away from zero.
//           x0 and x1 are neighbours in a row, x2 and x3 those below them. y lies between them: nothing saturates.
//
// A beat is, from the low end: LANES elements of x0, of x1, of x2, of x3, the weight of the row below, that of
// the column behind.
//
// Latency:  7 cycles. One beat per cycle.
// Stream:   the pipeline stands still as a whole while its last beat is not taken.
// Legal:    all >= 1 but AWAY.

`default_nettype none

module krl_bilinear #(
  // elements per beat, bits of each
  parameter integer LANES = 1,
  parameter integer BITS = 8,
  // bits of the weights
  parameter integer ROW_BITS = 11,
  parameter integer COLUMN_BITS = 11,
  // 1: halves are rounded away from zero, 0: up
  parameter integer AWAY = 0
) (
  input  wire                                            clk,
  input  wire                                            rst,

  input  wire [4*LANES*BITS+ROW_BITS+COLUMN_BITS-1:0]    s_axis_tdata,
  input  wire                                            s_axis_tvalid,
  output wire                                            s_axis_tready,

  output wire [LANES*BITS-1:0]                           m_axis_tdata,
  output wire                                            m_axis_tvalid,
  input  wire                                            m_axis_tready
);

  generate
    if (!(LANES >= 1 && BITS >= 1 && ROW_BITS >= 1 && COLUMN_BITS >= 1)) begin : g_legal
      illegal_parameters_of_krl_bilinear see_legal_in_its_header ();
    end
  endgenerate

  localparam WIDTH = LANES * BITS;
  localparam SHIFT = ROW_BITS + COLUMN_BITS;
  localparam TOTAL_BITS = BITS + SHIFT;

  reg [6:0] valid_pipe;

  wire advance = m_axis_tready || !m_axis_tvalid;
  wire [ROW_BITS-1:0] row = s_axis_tdata[4*WIDTH +: ROW_BITS];
  // the columns are weighed behind the rows
  reg [COLUMN_BITS-1:0] column_1;
  reg [COLUMN_BITS-1:0] column_2;
  reg [COLUMN_BITS-1:0] column_3;

  assign s_axis_tready = advance;
  assign m_axis_tvalid = valid_pipe[6];

  always @(posedge clk) begin
    if (advance) begin
      valid_pipe <= {valid_pipe[5:0], s_axis_tvalid};
      column_1 <= s_axis_tdata[4*WIDTH+ROW_BITS +: COLUMN_BITS];
      column_2 <= column_1;
      column_3 <= column_2;
    end
    if (rst) begin
      valid_pipe <= 0;
    end
  end

  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
      wire signed [BITS+ROW_BITS-1:0] above;
      wire signed [BITS+ROW_BITS-1:0] beside;
      wire signed [TOTAL_BITS-1:0] total;
      // of a half, or just below it
      wire less = (AWAY != 0) && total[TOTAL_BITS-1];
      wire [TOTAL_BITS-1:0] half = {{BITS{1'b0}}, !less, {(SHIFT-1){less}}};
      wire [TOTAL_BITS-1:0] rounded = total + half;
      wire unused_fraction = &{1'b0, rounded[SHIFT-1:0]};
      reg [BITS-1:0] code;

      krl_interpolate #(
        .X_BITS(BITS),
        .WEIGHT_BITS(ROW_BITS)
      ) left (
        .clk(clk),
        .enable(advance),
        .a(s_axis_tdata[i*BITS +: BITS]),
        .b(s_axis_tdata[2*WIDTH+i*BITS +: BITS]),
        .weight(row),
        .y(above)
      );

      krl_interpolate #(
        .X_BITS(BITS),
        .WEIGHT_BITS(ROW_BITS)
      ) right (
        .clk(clk),
        .enable(advance),
        .a(s_axis_tdata[WIDTH+i*BITS +: BITS]),
        .b(s_axis_tdata[3*WIDTH+i*BITS +: BITS]),
        .weight(row),
        .y(beside)
      );

      krl_interpolate #(
        .X_BITS(BITS + ROW_BITS),
        .WEIGHT_BITS(COLUMN_BITS)
      ) between (
        .clk(clk),
        .enable(advance),
        .a(above),
        .b(beside),
        .weight(column_3),
        .y(total)
      );

      always @(posedge clk) if (advance) code <= rounded[SHIFT +: BITS];

      assign m_axis_tdata[i*BITS +: BITS] = code;
    end
  endgenerate

endmodule

`default_nettype wire
