// SPDX-License-Identifier: Apache-2.0
//
// proof_pipe: what every module must do that makes a beat of each beat; the harness calculates what one element
// of it must be.
//
// late: something is inside, and for LATENCY cycles no beat was on the output.
// idle: the module could move on, and does not accept what the sources offer.

`default_nettype none

module proof_pipe #(
  // bits of a beat, and of the element that is followed
  parameter WIDTH = 2,
  parameter BITS = 2,
  // of the module, in cycles; as many beats may be inside
  parameter integer LATENCY = 1
) (
  input  wire             clk,
  input  wire             rst,

  // free in every cycle
  input  wire             mark,

  // a beat is accepted, and could be
  input  wire             accepts,
  input  wire             may_accept,
  // what the element must be
  input  wire [BITS-1:0]  entering,

  input  wire [WIDTH-1:0] m_axis_tdata,
  input  wire             m_axis_tvalid,
  input  wire             m_axis_tready,
  input  wire [BITS-1:0]  leaving,

  output wire             fault_steady,
  output wire             fault_early,
  output wire             fault_wrong,
  output wire             fault_lost,
  output wire             fault_late,
  output wire             fault_idle,
  output wire             arrived
);

  localparam COUNT_BITS = $clog2(LATENCY + 2);

  // cycles until the beat that came in last must have been on the output, if nothing stands
  reg [COUNT_BITS-1:0] awaited;
  reg [COUNT_BITS-1:0] held;
  wire gives = m_axis_tvalid && m_axis_tready;

  proof_steady #(
    .WIDTH(WIDTH)
  ) steady (
    .clk(clk),
    .rst(rst),
    .tdata(m_axis_tdata),
    .tvalid(m_axis_tvalid),
    .tready(m_axis_tready),
    .fault(fault_steady)
  );

  proof_order #(
    .BITS(BITS),
    .MOST(LATENCY)
  ) order (
    .clk(clk),
    .rst(rst),
    .mark(mark),
    .enters(accepts),
    .entering(entering),
    .leaves(gives),
    .leaving(leaving),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_late = !rst && held != 0 && !m_axis_tvalid && awaited == 0;
  assign fault_idle = !rst && (m_axis_tready || !m_axis_tvalid) && !may_accept;

  always @(posedge clk) begin
    held <= held + {{(COUNT_BITS-1){1'b0}}, accepts} - {{(COUNT_BITS-1){1'b0}}, gives};
    awaited <= (held == 0 || m_axis_tvalid) ? LATENCY[COUNT_BITS-1:0] - 1'b1
             : (awaited != 0) ? awaited - 1'b1
             : 0;
    if (rst) held <= 0;
  end

endmodule

`default_nettype wire
