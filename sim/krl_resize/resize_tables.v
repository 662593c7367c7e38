// SPDX-License-Identifier: Apache-2.0
//
// resize_tables: a krl_resize with the memories that stand beside it, as in a layer. HEIGHT and FORM are for the
// bench alone: how many rows come in, and how the tables are made.

`default_nettype none

module resize_tables #(
  parameter integer WIDTH = 8,
  parameter integer HEIGHT = 4,
  parameter integer COLUMNS = 4,
  parameter integer BEATS = 1,
  parameter integer ROWS_OUT = 8,
  parameter integer COLUMNS_OUT = 8,
  parameter integer FIRST_ROW = 0,
  parameter integer ROW_BITS = 2,
  parameter integer COLUMN_BITS = 2,
  parameter integer STEP_BITS = 1,
  parameter integer BLOCK = 0,
  parameter integer FORM = 0
) (
  input  wire                                    clk,
  input  wire                                    rst,
  input  wire [WIDTH-1:0]                        s_axis_tdata,
  input  wire                                    s_axis_tvalid,
  output wire                                    s_axis_tready,
  output wire [4*WIDTH+ROW_BITS+COLUMN_BITS-1:0] m_axis_tdata,
  output wire                                    m_axis_tvalid,
  input  wire                                    m_axis_tready
);

  localparam PLACE_BITS = (COLUMNS > 1) ? $clog2(COLUMNS) : 1;

  wire row_enable;
  wire [((ROWS_OUT > 1) ? $clog2(ROWS_OUT) : 1)-1:0] row_address;
  wire [ROW_BITS+STEP_BITS-1:0] row_data;
  wire column_enable;
  wire [((COLUMNS_OUT > 1) ? $clog2(COLUMNS_OUT) : 1)-1:0] column_address;
  wire [COLUMN_BITS+PLACE_BITS-1:0] column_data;

  krl_rom #(
    .WIDTH(ROW_BITS + STEP_BITS),
    .DEPTH(ROWS_OUT),
    .FILE("rows.hex")
  ) rows (
    .clk(clk),
    .enable(row_enable),
    .address(row_address),
    .data(row_data)
  );

  krl_rom #(
    .WIDTH(COLUMN_BITS + PLACE_BITS),
    .DEPTH(COLUMNS_OUT),
    .FILE("columns.hex")
  ) columns (
    .clk(clk),
    .enable(column_enable),
    .address(column_address),
    .data(column_data)
  );

  krl_resize #(
    .WIDTH(WIDTH),
    .COLUMNS(COLUMNS),
    .BEATS(BEATS),
    .ROWS_OUT(ROWS_OUT),
    .COLUMNS_OUT(COLUMNS_OUT),
    .FIRST_ROW(FIRST_ROW),
    .ROW_BITS(ROW_BITS),
    .COLUMN_BITS(COLUMN_BITS),
    .STEP_BITS(STEP_BITS),
    .BLOCK(BLOCK)
  ) dut (
    .clk(clk),
    .rst(rst),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .row_enable(row_enable),
    .row_address(row_address),
    .row_data(row_data),
    .column_enable(column_enable),
    .column_address(column_address),
    .column_data(column_data),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready)
  );

  wire unused_for_the_bench = HEIGHT == FORM;

endmodule

`default_nettype wire
