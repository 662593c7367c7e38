// SPDX-License-Identifier: Apache-2.0
//
// krl_register_proof: what krl_register must do, for any source, any sink and a reset at any time.

`default_nettype none

module krl_register_proof #(
  parameter integer WIDTH = 2
) (
  input  wire             clk,
  input  wire             rst,

  // all free in every cycle
  input  wire             mark,
  input  wire             wanted,
  input  wire [WIDTH-1:0] drawn,
  input  wire             m_axis_tready,

  output wire             fault_steady,
  output wire             fault_early,
  output wire             fault_wrong,
  output wire             fault_lost,
  output wire             fault_valid,
  output wire             fault_ready,
  output wire             arrived
);

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [WIDTH-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [WIDTH-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  reg [1:0] level;
  // ready is low in the first cycle behind a reset
  reg opened;
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

  krl_register #(
    .WIDTH(WIDTH)
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
    .MOST(2)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(accepts),
    .entering(s_axis_tdata),
    .leaves(gives),
    .leaving(m_axis_tdata),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_valid = !reset && m_axis_tvalid != (level != 0);
  assign fault_ready = !reset && s_axis_tready != (opened && level != 2);

  always @(posedge clk) begin
    started <= 1'b1;
    if (accepts && !gives) level <= level + 1'b1;
    if (gives && !accepts) level <= level - 1'b1;
    opened <= !reset;
    if (reset) level <= 0;
  end

endmodule

`default_nettype wire
