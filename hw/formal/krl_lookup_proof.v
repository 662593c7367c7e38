// SPDX-License-Identifier: Apache-2.0
//
// krl_lookup_proof: what krl_lookup must do, for any source, any sink and a reset at any time; see proof_pipe.
//
// One lane is chosen with the reset, and followed.

`default_nettype none

module krl_lookup_proof #(
  parameter LANES = 2,
  parameter X_BITS = 4,
  parameter BITS = 3
) (
  input  wire                    clk,
  input  wire                    rst,

  // all free in every cycle
  input  wire                    mark,
  input  wire [3:0]              chosen,
  input  wire                    wanted,
  input  wire [LANES*X_BITS-1:0] drawn,
  input  wire                    m_axis_tready,

  output wire                    fault_steady,
  output wire                    fault_early,
  output wire                    fault_wrong,
  output wire                    fault_lost,
  output wire                    fault_late,
  output wire                    fault_idle,
  output wire                    arrived
);

  localparam [3:0] COUNT = LANES;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [LANES*X_BITS-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [LANES*BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  reg [BITS-1:0] words [0:(1<<X_BITS)-1];
  reg [3:0] lane;
  reg [X_BITS-1:0] code;
  reg [BITS-1:0] leaving;
  wire [BITS-1:0] entering = words[code];
  integer k;

  // written by the prover
  initial $readmemh("table.mem", words);

  always @* begin
    code = 0;
    leaving = 0;
    for (k = 0; k < LANES; k = k + 1) begin
      if (lane == k[3:0]) begin
        code = s_axis_tdata[k*X_BITS +: X_BITS];
        leaving = m_axis_tdata[k*BITS +: BITS];
      end
    end
  end

  proof_source #(
    .WIDTH(LANES * X_BITS)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(s_axis_tdata),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  krl_lookup #(
    .LANES(LANES),
    .X_BITS(X_BITS),
    .BITS(BITS),
    .FILE("table.mem")
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

  proof_pipe #(
    .WIDTH(LANES * BITS),
    .BITS(BITS),
    .LATENCY(1)
  ) pipe (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .accepts(s_axis_tvalid && s_axis_tready),
    .may_accept(s_axis_tready),
    .entering(entering),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready),
    .leaving(leaving),
    .fault_steady(fault_steady),
    .fault_early(fault_early),
    .fault_wrong(fault_wrong),
    .fault_lost(fault_lost),
    .fault_late(fault_late),
    .fault_idle(fault_idle),
    .arrived(arrived)
  );

  always @(posedge clk) begin
    started <= 1'b1;
    if (reset) lane <= (chosen < COUNT) ? chosen : 4'd0;
  end

endmodule

`default_nettype wire
