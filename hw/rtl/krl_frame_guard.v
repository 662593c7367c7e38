// SPDX-License-Identifier: Apache-2.0
//
// krl_frame_guard: passes on frames of exactly BEATS beats, whatever comes in.
//
// A frame that is too short (s_axis_tlast too early) is padded with zero beats; of one that is too long, the
// beats after the BEATS-th are dropped, up to its s_axis_tlast. Either way the next frame starts in the
// right place, and every frame in gives one frame out. The stages behind the guard count beats and need no
// tlast.
//
// frame_error: rises in the cycle after the beat that showed the fault and falls when the first beat of the
//              next frame is accepted.
// Latency:     0; data, valid and (while passing) ready are combinational.
// Stream:      s_axis_tready depends on m_axis_tready, never on s_axis_tvalid.
// Legal:       WIDTH >= 1, BEATS >= 1.

`default_nettype none

module krl_frame_guard #(
  // bits per beat
  parameter WIDTH = 8,
  // beats per frame
  parameter BEATS = 784
) (
  input  wire             clk,
  input  wire             rst,

  input  wire [WIDTH-1:0] s_axis_tdata,
  input  wire             s_axis_tvalid,
  output wire             s_axis_tready,
  input  wire             s_axis_tlast,

  output wire [WIDTH-1:0] m_axis_tdata,
  output wire             m_axis_tvalid,
  input  wire             m_axis_tready,

  output reg              frame_error
);

  localparam BEAT_BITS = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam integer LAST = BEATS - 1;

  localparam [1:0] PASS = 2'd0;
  localparam [1:0] FILL = 2'd1;
  localparam [1:0] DROP = 2'd2;

  reg [1:0] state;
  reg [BEAT_BITS-1:0] beat;

  wire last = beat == LAST[BEAT_BITS-1:0];
  wire accept = s_axis_tvalid && s_axis_tready;
  wire hand_on = m_axis_tvalid && m_axis_tready;

  assign s_axis_tready = (state == PASS) ? m_axis_tready : (state == DROP);
  assign m_axis_tvalid = (state == PASS) ? s_axis_tvalid : (state == FILL);
  assign m_axis_tdata = (state == PASS) ? s_axis_tdata : {WIDTH{1'b0}};

  always @(posedge clk) begin
    if (hand_on) begin
      beat <= last ? 0 : beat + 1'b1;
    end
    case (state)
      PASS: begin
        if (accept) begin
          if (s_axis_tlast && !last) state <= FILL;
          if (last && !s_axis_tlast) state <= DROP;
          if (s_axis_tlast != last) frame_error <= 1'b1;
          else if (beat == 0) frame_error <= 1'b0;
        end
      end
      FILL: if (hand_on && last) state <= PASS;
      default: if (accept && s_axis_tlast) state <= PASS;
    endcase
    if (rst) begin
      state <= PASS;
      beat <= 0;
      frame_error <= 1'b0;
    end
  end

endmodule

`default_nettype wire
