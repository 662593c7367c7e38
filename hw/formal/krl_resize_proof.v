// SPDX-License-Identifier: Apache-2.0
//
// krl_resize_proof: what krl_resize must do, for any source, any sink and a reset at any time.
//
// A beat of the output and one of the four pixels in it are chosen with the reset, and followed from the beat that
// came in; as any may be, this holds for all. An image has up to 16 beats on either side.
//
// weight: a beat of the output has not the weights of its row and its column.
// idle: the module neither offers a beat nor accepts one.

`default_nettype none

module krl_resize_proof #(
  parameter WIDTH = 2,
  parameter HEIGHT = 2,
  parameter COLUMNS = 2,
  parameter BEATS = 1,
  parameter ROWS_OUT = 3,
  parameter COLUMNS_OUT = 2,
  parameter FIRST_ROW = 0,
  // four bits for each row: the step, and a weight of one bit
  parameter [31:0] ROWS = 32'h230,
  // four bits for each column: the first one, and a weight of one bit
  parameter [31:0] COLUMN_PLACES = 32'h01,
  parameter STEP_BITS = 3
) (
  input  wire             clk,
  input  wire             rst,

  // all free in every cycle
  input  wire             mark,
  input  wire [3:0]       chosen,
  input  wire [1:0]       chosen_pixel,
  input  wire             wanted,
  input  wire [WIDTH-1:0] drawn,
  input  wire             m_axis_tready,

  output wire             fault_steady,
  output wire             fault_early,
  output wire             fault_wrong,
  output wire             fault_lost,
  output wire             fault_weight,
  output wire             fault_idle,
  output wire             arrived
);

  localparam PLACE_BITS = (COLUMNS > 1) ? $clog2(COLUMNS) : 1;
  localparam integer TOTAL = ROWS_OUT * COLUMNS_OUT * BEATS;
  localparam integer LAST = TOTAL - 1;
  localparam integer ROW_BEATS = COLUMNS * BEATS;
  localparam integer PIXEL_BEATS = BEATS;
  localparam integer LAST_IN = HEIGHT * COLUMNS * BEATS - 1;

  // four bits of a list
  function integer digit(input [31:0] list, input integer place);
    digit = (list >> (4 * place)) & 15;
  endfunction

  // the beat of an image that the first pixel of each beat of the output is
  function [32*16-1:0] origins(input integer unused);
    integer k;
    integer row;
    begin
      origins = 0;
      row = FIRST_ROW;
      for (k = 0; k < TOTAL; k = k + 1) begin
        origins[k*32 +: 32] =
            (row * COLUMNS + digit(COLUMN_PLACES, (k / BEATS) % COLUMNS_OUT) / 2) * BEATS + k % BEATS;
        if ((k + 1) % (BEATS * COLUMNS_OUT) == 0) row = row + digit(ROWS, k / (BEATS * COLUMNS_OUT)) / 2;
      end
    end
  endfunction

  // the weights of each beat of the output, the row's first
  function [2*16-1:0] weights(input integer unused);
    integer k;
    begin
      weights = 0;
      for (k = 0; k < TOTAL; k = k + 1) begin
        weights[2*k] = ROWS[4*(k / (BEATS * COLUMNS_OUT))];
        weights[2*k+1] = COLUMN_PLACES[4*((k / BEATS) % COLUMNS_OUT)];
      end
    end
  endfunction

  localparam [32*16-1:0] ORIGINS = origins(0);
  localparam [2*16-1:0] WEIGHTS = weights(0);

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [WIDTH-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [4*WIDTH+1:0] m_axis_tdata;
  wire m_axis_tvalid;

  wire row_enable;
  wire [((ROWS_OUT > 1) ? $clog2(ROWS_OUT) : 1)-1:0] row_address;
  reg [STEP_BITS:0] row_data;
  wire [31:0] from_row = ROWS >> {row_address, 2'd0};
  wire column_enable;
  wire [((COLUMNS_OUT > 1) ? $clog2(COLUMNS_OUT) : 1)-1:0] column_address;
  reg [PLACE_BITS:0] column_data;
  wire [31:0] from_column = COLUMN_PLACES >> {column_address, 2'd0};
  wire unused_digits = &{1'b0, from_row, from_column};

  // the beat that is followed, its pixel, and what that is; the next beat in, the next one out
  reg [3:0] place;
  reg [1:0] pixel;
  reg [3:0] origin;
  reg [3:0] next_in;
  reg [3:0] next_out;

  wire [3:0] legal = (chosen <= LAST[3:0]) ? chosen : 4'd0;
  wire [1:0] weighs = WEIGHTS[{legal, 1'b0} +: 2];
  wire [3:0] down = (chosen_pixel[1] && weighs[0]) ? ROW_BEATS[3:0] : 4'd0;
  wire [3:0] behind = (chosen_pixel[0] && weighs[1]) ? PIXEL_BEATS[3:0] : 4'd0;
  wire accepts = s_axis_tvalid && s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;
  // a beat is on its way to the output register
  reg moved;

  proof_source #(
    .WIDTH(WIDTH)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(s_axis_tdata),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  krl_resize #(
    .WIDTH(WIDTH),
    .COLUMNS(COLUMNS),
    .BEATS(BEATS),
    .ROWS_OUT(ROWS_OUT),
    .COLUMNS_OUT(COLUMNS_OUT),
    .FIRST_ROW(FIRST_ROW),
    .ROW_BITS(1),
    .COLUMN_BITS(1),
    .STEP_BITS(STEP_BITS)
  ) dut (
    .clk(clk),
    .rst(reset),
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

  proof_steady #(
    .WIDTH(4 * WIDTH + 2)
  ) steady (
    .clk(clk),
    .rst(reset),
    .tdata(m_axis_tdata),
    .tvalid(m_axis_tvalid),
    .tready(m_axis_tready),
    .fault(fault_steady)
  );

  proof_order #(
    .BITS(WIDTH),
    .MOST(3)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(accepts && next_in == origin),
    .entering(s_axis_tdata),
    .leaves(gives && next_out == place),
    .leaving(m_axis_tdata[pixel*WIDTH +: WIDTH]),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_weight = !reset && m_axis_tvalid && m_axis_tdata[4*WIDTH +: 2] != WEIGHTS[{next_out, 1'b0} +: 2];
  assign fault_idle = !reset && !m_axis_tvalid && !s_axis_tready && !moved;

  always @(posedge clk) begin
    started <= 1'b1;
    moved <= accepts;
    if (row_enable) row_data <= from_row[STEP_BITS:0];
    if (column_enable) column_data <= from_column[PLACE_BITS:0];
    if (accepts) next_in <= (next_in == LAST_IN[3:0]) ? 4'd0 : next_in + 4'd1;
    if (gives) next_out <= (next_out == LAST[3:0]) ? 4'd0 : next_out + 4'd1;
    if (reset) begin
      place <= legal;
      pixel <= chosen_pixel;
      origin <= ORIGINS[{legal, 5'd0} +: 4] + down + behind;
      next_in <= 4'd0;
      next_out <= 4'd0;
      moved <= 1'b0;
    end
  end

endmodule

`default_nettype wire
