// SPDX-License-Identifier: Apache-2.0
//
// krl_frame_last: counts the beats of a stream of whole frames and marks the last of each.
//
// Latency:  0. m_axis_tlast is a function of the count alone, and so as stable as the data beside it.
// Legal:    BEATS >= 1.

`default_nettype none

module krl_frame_last #(
  // beats per frame
  parameter integer BEATS = 10
) (
  input  wire clk,
  input  wire rst,

  // the handshake of the stream that is watched
  input  wire m_axis_tvalid,
  input  wire m_axis_tready,
  output wire m_axis_tlast
);

  generate
    if (!(BEATS >= 1)) begin : g_legal
      illegal_parameters_of_krl_frame_last see_legal_in_its_header ();
    end
  endgenerate

  localparam BEAT_BITS = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam integer LAST = BEATS - 1;

  reg [BEAT_BITS-1:0] beat;

  assign m_axis_tlast = beat == LAST[BEAT_BITS-1:0];

  always @(posedge clk) begin
    if (m_axis_tvalid && m_axis_tready) begin
      beat <= m_axis_tlast ? 0 : beat + 1'b1;
    end
    if (rst) begin
      beat <= 0;
    end
  end

endmodule

`default_nettype wire
