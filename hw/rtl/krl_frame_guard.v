// SPDX-License-Identifier: Apache-2.0
//
// krl_frame_guard: passes on frames of exactly BEATS beats, whatever comes in.
//
// A frame that is too short (s_axis_tlast too early) is padded with zero beats; of one that is too long, the
// beats after the BEATS-th are dropped, up to its s_axis_tlast. Either way the next frame starts in the
// right place, and every frame in gives one frame out. The stages behind the guard count beats and need no
// tlast.
//
// USE_TLAST:   0 for sources without tlast: their beats are counted, and s_axis_tlast is ignored.
// frame_error: rises in the cycle after the beat that showed the fault and falls when the first beat of the
//              next frame is accepted.
// settled:     high with the beat after which it is known whether the frame is good: its last one, or the
//              BEATS-th of a frame that is too long. faulty says what is known.
// room:        low where settled would be lost: no beat of a frame passes then.
// Latency:     0; data, valid and (while passing) ready are combinational.
// Stream:      s_axis_tready depends on m_axis_tready, room and rst, never on s_axis_tvalid. It is low in
//              reset. room may fall only after a settled, and must not while a beat waits.
// Legal:       WIDTH >= 1, BEATS >= 1; USE_TLAST is 0 or 1.

`default_nettype none

module krl_frame_guard #(
  // bits per beat
  parameter integer WIDTH = 8,
  // beats per frame
  parameter integer BEATS = 784,
  // 1: s_axis_tlast ends a frame; 0: the BEATS-th beat does
  parameter integer USE_TLAST = 1
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

  output wire             settled,
  output wire             faulty,
  input  wire             room,

  output reg              frame_error
);

  generate
    if (!(WIDTH >= 1 && BEATS >= 1 && (USE_TLAST == 0 || USE_TLAST == 1))) begin : g_legal
      illegal_parameters_of_krl_frame_guard see_legal_in_its_header ();
    end
  endgenerate

  localparam BEAT_BITS = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam integer LAST = BEATS - 1;

  localparam [1:0] PASS = 2'd0;
  localparam [1:0] FILL = 2'd1;
  localparam [1:0] DROP = 2'd2;

  reg [1:0] state;
  reg [BEAT_BITS-1:0] beat;

  wire last = beat == LAST[BEAT_BITS-1:0];
  wire ends = (USE_TLAST != 0) ? s_axis_tlast : last;
  wire accept = s_axis_tvalid && s_axis_tready;
  wire hand_on = m_axis_tvalid && m_axis_tready;

  assign s_axis_tready = !rst && ((state == PASS) ? m_axis_tready && room : (state == DROP));
  assign m_axis_tvalid = (state == PASS) ? s_axis_tvalid && room : (state == FILL);
  assign m_axis_tdata = (state == PASS) ? s_axis_tdata : {WIDTH{1'b0}};
  assign settled = (state == PASS) && accept && (ends || last);
  assign faulty = ends != last;

  always @(posedge clk) begin
    if (hand_on) begin
      beat <= last ? 0 : beat + 1'b1;
    end
    case (state)
      PASS: begin
        if (accept) begin
          if (ends && !last) state <= FILL;
          if (last && !ends) state <= DROP;
          if (faulty) frame_error <= 1'b1;
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
