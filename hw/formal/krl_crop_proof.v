// SPDX-License-Identifier: Apache-2.0
//
// krl_crop_proof: what krl_crop must do, for any source, any sink and a reset at any time.
//
// One beat of the image is chosen with the reset, and followed; an image has up to 255 beats.
//
// idle:  a beat that is not kept, or one that the output has room for, is not accepted.
// late:  a beat that is kept was accepted, and in the next cycle none is on the output.
// extra: a beat is offered that no beat that is kept explains.

`default_nettype none

module krl_crop_proof #(
  parameter WIDTH = 2,
  parameter ROWS = 3,
  parameter COLUMNS = 3,
  parameter BEATS = 1,
  parameter FIRST_ROW = 1,
  parameter LAST_ROW = 2,
  parameter FIRST_COLUMN = 0,
  parameter LAST_COLUMN = 1,
  parameter FIRST_BEAT = 0,
  parameter LAST_BEAT = 0
) (
  input  wire             clk,
  input  wire             rst,

  // all free in every cycle
  input  wire             mark,
  input  wire [7:0]       chosen,
  input  wire             wanted,
  input  wire [WIDTH-1:0] drawn,
  input  wire             m_axis_tready,

  output wire             fault_steady,
  output wire             fault_early,
  output wire             fault_wrong,
  output wire             fault_lost,
  output wire             fault_idle,
  output wire             fault_late,
  output wire             fault_extra,
  output wire             arrived
);

  localparam [7:0] TOTAL = ROWS * COLUMNS * BEATS;
  localparam [7:0] LAST = ROWS * COLUMNS * BEATS - 1;
  localparam [7:0] KEPT =
      (LAST_ROW - FIRST_ROW + 1) * (LAST_COLUMN - FIRST_COLUMN + 1) * (LAST_BEAT - FIRST_BEAT + 1);

  // for each beat of the image, whether it is kept
  function [255:0] kept(input integer unused);
    integer k;
    integer row;
    integer column;
    integer beat;
    begin
      kept = 0;
      for (k = 0; k < ROWS * COLUMNS * BEATS; k = k + 1) begin
        row = k / (COLUMNS * BEATS);
        column = (k / BEATS) % COLUMNS;
        beat = k % BEATS;
        kept[k] = row >= FIRST_ROW && row <= LAST_ROW && column >= FIRST_COLUMN && column <= LAST_COLUMN
               && beat >= FIRST_BEAT && beat <= LAST_BEAT;
      end
    end
  endfunction

  localparam [255:0] IS_KEPT = kept(0);

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [WIDTH-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [WIDTH-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  // the kept beat that is followed; the next beat in, and the next ones in and out of those that are kept
  reg [7:0] place;
  reg [7:0] next_in;
  reg [7:0] kept_in;
  reg [7:0] kept_out;
  reg waits;
  reg gave;

  wire accepts = s_axis_tvalid && s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;
  wire is_kept = IS_KEPT[next_in];

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

  krl_crop #(
    .WIDTH(WIDTH),
    .ROWS(ROWS),
    .COLUMNS(COLUMNS),
    .BEATS(BEATS),
    .FIRST_ROW(FIRST_ROW),
    .LAST_ROW(LAST_ROW),
    .FIRST_COLUMN(FIRST_COLUMN),
    .LAST_COLUMN(LAST_COLUMN),
    .FIRST_BEAT(FIRST_BEAT),
    .LAST_BEAT(LAST_BEAT)
  ) dut (
    .clk(clk),
    .rst(reset),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready)
  );

  proof_steady #(
    .WIDTH(WIDTH)
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
    .MOST(1)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(accepts && is_kept && kept_in == place),
    .entering(s_axis_tdata),
    .leaves(gives && kept_out == place),
    .leaving(m_axis_tdata),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_idle = !reset && !s_axis_tready && (!is_kept || m_axis_tready || !m_axis_tvalid);
  assign fault_late = !reset && gave && !m_axis_tvalid;
  assign fault_extra = !reset && m_axis_tvalid && !waits;

  always @(posedge clk) begin
    started <= 1'b1;
    gave <= accepts && is_kept;
    waits <= (accepts && is_kept) || (waits && !gives);
    if (accepts) next_in <= (next_in == LAST) ? 8'd0 : next_in + 8'd1;
    if (accepts && is_kept) kept_in <= (kept_in == KEPT - 8'd1) ? 8'd0 : kept_in + 8'd1;
    if (gives) kept_out <= (kept_out == KEPT - 8'd1) ? 8'd0 : kept_out + 8'd1;
    if (reset) begin
      place <= (chosen < KEPT && KEPT <= TOTAL) ? chosen : 8'd0;
      next_in <= 8'd0;
      kept_in <= 8'd0;
      kept_out <= 8'd0;
      gave <= 1'b0;
      waits <= 1'b0;
    end
  end

endmodule

`default_nettype wire
