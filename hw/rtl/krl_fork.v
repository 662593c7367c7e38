// SPDX-License-Identifier: Apache-2.0
//
// krl_fork: one stream to OUTPUTS streams, each of which accepts every beat once, at its own pace.
//
// Equation: m_axis_tdata = s_axis_tdata, a bus that all outputs share; m_axis_tvalid[i] is high until output
//           i has accepted the beat.
// Latency:  none: it holds no beat.
// Stream:   m_axis_tvalid waits for no m_axis_tready; s_axis_tready is high when every output has accepted
//           the beat or accepts it now. Put a krl_fifo behind each output to end that path.
// Legal:    WIDTH >= 1, OUTPUTS >= 1.

`default_nettype none

module krl_fork #(
  // bits per beat
  parameter integer WIDTH = 8,
  // streams that leave
  parameter integer OUTPUTS = 2
) (
  input  wire               clk,
  input  wire               rst,

  input  wire [WIDTH-1:0]   s_axis_tdata,
  input  wire               s_axis_tvalid,
  output wire               s_axis_tready,

  output wire [WIDTH-1:0]   m_axis_tdata,
  output wire [OUTPUTS-1:0] m_axis_tvalid,
  input  wire [OUTPUTS-1:0] m_axis_tready
);

  generate
    if (!(WIDTH >= 1 && OUTPUTS >= 1)) begin : g_legal
      illegal_parameters_of_krl_fork see_legal_in_its_header ();
    end
  endgenerate

  // outputs that have taken the beat which still waits for others
  reg [OUTPUTS-1:0] done;

  wire [OUTPUTS-1:0] taken = done | m_axis_tready;

  assign s_axis_tready = &taken;
  assign m_axis_tdata = s_axis_tdata;
  assign m_axis_tvalid = {OUTPUTS{s_axis_tvalid}} & ~done;

  always @(posedge clk) begin
    if (s_axis_tvalid) begin
      done <= s_axis_tready ? 0 : taken;
    end
    if (rst) begin
      done <= 0;
    end
  end

endmodule

`default_nettype wire
