// SPDX-License-Identifier: Apache-2.0
//
// krl_fork_proof: what krl_fork must do, for any source, any sinks and a reset at any time.
//
// One output is chosen with the reset. It may take a beat before the fork accepts it, but once only.
//
// early: the fork accepted a beat that the output has not taken.
// lost:  the output took a beat twice.
// valid: a beat is not offered that the output has not taken, or one is that it has.
// idle:  every output has taken the beat or takes it now, or could take one, and the fork is not ready.

`default_nettype none

module krl_fork_proof #(
  parameter WIDTH = 2,
  parameter OUTPUTS = 2
) (
  input  wire               clk,
  input  wire               rst,

  // all free in every cycle
  input  wire               mark,
  input  wire [7:0]         chosen,
  input  wire               wanted,
  input  wire [WIDTH-1:0]   drawn,
  input  wire [OUTPUTS-1:0] m_axis_tready,

  output wire               fault_steady,
  output wire               fault_early,
  output wire               fault_wrong,
  output wire               fault_lost,
  output wire               fault_valid,
  output wire               fault_idle,
  output wire               arrived
);

  localparam NUMBER_BITS = (OUTPUTS > 1) ? $clog2(OUTPUTS) : 1;
  localparam [7:0] COUNT = OUTPUTS;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [WIDTH-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [WIDTH-1:0] m_axis_tdata;
  wire [OUTPUTS-1:0] m_axis_tvalid;

  // the output that is followed, and whether it has taken the beat on offer
  reg [NUMBER_BITS-1:0] number;
  reg has_taken;

  wire offered = m_axis_tvalid[number];
  wire ready = m_axis_tready[number];
  wire accepts = s_axis_tvalid && s_axis_tready;

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

  krl_fork #(
    .WIDTH(WIDTH),
    .OUTPUTS(OUTPUTS)
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
    .tvalid(offered),
    .tready(ready),
    .fault(fault_steady)
  );

  proof_order #(
    .BITS(WIDTH),
    .MOST(1)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(offered && ready),
    .entering(m_axis_tdata),
    .leaves(accepts),
    .leaving(s_axis_tdata),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_valid = !reset && offered != (s_axis_tvalid && !has_taken);
  assign fault_idle = !reset && !s_axis_tready
      && (s_axis_tvalid ? (m_axis_tvalid & ~m_axis_tready) == 0 : &m_axis_tready);

  always @(posedge clk) begin
    started <= 1'b1;
    has_taken <= !reset && !accepts && (has_taken || (offered && ready));
    if (reset) number <= (chosen < COUNT) ? chosen[NUMBER_BITS-1:0] : 0;
  end

endmodule

`default_nettype wire
