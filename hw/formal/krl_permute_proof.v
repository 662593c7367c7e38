// SPDX-License-Identifier: Apache-2.0
//
// krl_permute_proof: what krl_permute must do, for any source, any sink and a reset at any time.
//
// One beat of what goes out is chosen with the reset, and where it comes from is followed to it; as any may be
// chosen, this holds for all. A block has up to 15 beats.
//
// idle: the module neither offers a beat nor accepts one.
// late: a block was whole two cycles ago, and since then no beat is offered.

`default_nettype none

module krl_permute_proof #(
  parameter WIDTH = 2,
  parameter SIZE_A = 1,
  parameter SIZE_B = 2,
  parameter SIZE_C = 2,
  parameter STRIDE_A = 0,
  parameter STRIDE_B = 1,
  parameter STRIDE_C = 2
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
  output wire             fault_late,
  output wire             arrived
);

  localparam [3:0] TOTAL = SIZE_A * SIZE_B * SIZE_C;
  localparam [3:0] LAST = SIZE_A * SIZE_B * SIZE_C - 1;

  // the beat that comes in which each that goes out is
  function [32*16-1:0] origins(input integer unused);
    integer k;
    integer origin;
    begin
      origins = 0;
      for (k = 0; k < SIZE_A * SIZE_B * SIZE_C; k = k + 1) begin
        origin = (k / (SIZE_B * SIZE_C)) * STRIDE_A + ((k / SIZE_C) % SIZE_B) * STRIDE_B + (k % SIZE_C) * STRIDE_C;
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

  // the beat that is followed, and what it is; the next beat in, the next one out
  reg [3:0] place;
  reg [3:0] origin;
  reg [3:0] next_in;
  reg [3:0] next_out;
  // a block became whole, one and two cycles ago
  reg [1:0] whole;

  wire [3:0] legal = (chosen < TOTAL) ? chosen : 4'd0;
  wire accepts = s_axis_tvalid && s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;

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

  krl_permute #(
    .WIDTH(WIDTH),
    .SIZE_A(SIZE_A),
    .SIZE_B(SIZE_B),
    .SIZE_C(SIZE_C),
    .STRIDE_A(STRIDE_A),
    .STRIDE_B(STRIDE_B),
    .STRIDE_C(STRIDE_C)
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

  assign fault_idle = !reset && !m_axis_tvalid && !s_axis_tready && !whole[0];
  assign fault_late = !reset && whole[1] && !m_axis_tvalid;

  always @(posedge clk) begin
    started <= 1'b1;
    whole <= {whole[0], accepts && next_in == LAST};
    if (accepts) next_in <= (next_in == LAST) ? 4'd0 : next_in + 4'd1;
    if (gives) next_out <= (next_out == LAST) ? 4'd0 : next_out + 4'd1;
    if (reset) begin
      place <= legal;
      origin <= ORIGINS[{legal, 5'd0} +: 4];
      next_in <= 4'd0;
      next_out <= 4'd0;
      whole <= 2'd0;
    end
  end

endmodule

`default_nettype wire
