// SPDX-License-Identifier: Apache-2.0
//
// krl_frame_last_proof: what krl_frame_last must do, for any handshake and a reset at any time.
//
// wrong:  a beat is marked that is not the last of its frame, or the last one is not.
// steady: the mark changes while no beat moves.
// arrived is a marked beat.

`default_nettype none

module krl_frame_last_proof #(
  parameter BEATS = 3
) (
  input  wire clk,
  input  wire rst,

  // all free in every cycle
  input  wire m_axis_tvalid,
  input  wire m_axis_tready,

  output wire fault_wrong,
  output wire fault_steady,
  output wire arrived
);

  localparam LEFT_BITS = $clog2(BEATS + 1);
  localparam integer ALL = BEATS;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire m_axis_tlast;

  // beats of the frame that are still to come
  reg [LEFT_BITS-1:0] left;
  wire moves = m_axis_tvalid && m_axis_tready;

  krl_frame_last #(
    .BEATS(BEATS)
  ) dut (
    .clk(clk),
    .rst(reset),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready),
    .m_axis_tlast(m_axis_tlast)
  );

  // the wires are never idle for it: what stands there counts until a beat moves
  proof_steady #(
    .WIDTH(1)
  ) steady (
    .clk(clk),
    .rst(reset),
    .tdata(m_axis_tlast),
    .tvalid(1'b1),
    .tready(moves),
    .fault(fault_steady)
  );

  assign fault_wrong = !reset && m_axis_tlast != (left == 1);
  assign arrived = !reset && moves && m_axis_tlast;

  always @(posedge clk) begin
    started <= 1'b1;
    if (moves) left <= (left == 1) ? ALL[LEFT_BITS-1:0] : left - 1'b1;
    if (reset) left <= ALL[LEFT_BITS-1:0];
  end

endmodule

`default_nettype wire
