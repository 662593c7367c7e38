// SPDX-License-Identifier: Apache-2.0
//
// krl_upsample_proof: what krl_upsample must do, for any source, any sink and a reset at any time.
//
// One beat of a row is chosen with the reset, and followed to one of its copies, chosen too; as any may be, this
// holds for all. A row has up to 15 copies of its beats.
//
// idle: the module neither offers a beat nor accepts one.

`default_nettype none

module krl_upsample_proof #(
  parameter WIDTH = 2,
  parameter COLUMNS = 2,
  parameter BEATS = 1,
  parameter REPEAT_ROWS = 2,
  parameter REPEAT_COLUMNS = 2
) (
  input  wire             clk,
  input  wire             rst,

  // all free in every cycle
  input  wire             mark,
  input  wire [3:0]       chosen,
  input  wire             wanted,
  input  wire [WIDTH-1:0] drawn,
  input  wire             m_axis_tready,

  output wire             fault_steady,
  output wire             fault_early,
  output wire             fault_wrong,
  output wire             fault_lost,
  output wire             fault_idle,
  output wire             arrived
);

  localparam [3:0] TOTAL = COLUMNS * BEATS * REPEAT_ROWS * REPEAT_COLUMNS;
  localparam [3:0] LAST = COLUMNS * BEATS * REPEAT_ROWS * REPEAT_COLUMNS - 1;
  localparam [3:0] LAST_IN = COLUMNS * BEATS - 1;

  // the beat of a row that each of its copies is one of
  function [32*16-1:0] origins(input integer unused);
    integer k;
    integer origin;
    begin
      origins = 0;
      for (k = 0; k < COLUMNS * BEATS * REPEAT_ROWS * REPEAT_COLUMNS; k = k + 1) begin
        origin = ((k / (BEATS * REPEAT_COLUMNS)) % COLUMNS) * BEATS + k % BEATS;
        origins[k*32 +: 32] = origin;
      end
    end
  endfunction

  localparam [32*16-1:0] ORIGINS = origins(0);

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [WIDTH-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [WIDTH-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  // the copy that is followed, and what it is one of; the next beat in, the next copy out
  reg [3:0] place;
  reg [3:0] origin;
  reg [3:0] next_in;
  reg [3:0] next_out;

  wire [3:0] legal = (chosen < TOTAL) ? chosen : 4'd0;
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

  krl_upsample #(
    .WIDTH(WIDTH),
    .COLUMNS(COLUMNS),
    .BEATS(BEATS),
    .REPEAT_ROWS(REPEAT_ROWS),
    .REPEAT_COLUMNS(REPEAT_COLUMNS)
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
    .MOST(3)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(accepts && next_in == origin),
    .entering(s_axis_tdata),
    .leaves(gives && next_out == place),
    .leaving(m_axis_tdata),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_idle = !reset && !m_axis_tvalid && !s_axis_tready && !moved;

  always @(posedge clk) begin
    started <= 1'b1;
    moved <= accepts;
    if (accepts) next_in <= (next_in == LAST_IN) ? 4'd0 : next_in + 4'd1;
    if (gives) next_out <= (next_out == LAST) ? 4'd0 : next_out + 4'd1;
    if (reset) begin
      place <= legal;
      origin <= ORIGINS[{legal, 5'd0} +: 4];
      next_in <= 4'd0;
      next_out <= 4'd0;
      moved <= 1'b0;
    end
  end

endmodule

`default_nettype wire
