// SPDX-License-Identifier: Apache-2.0
//
// krl_frame_mark: marks the last beat of each frame of BEATS beats, and the beats of frames in which a fault
//                 was seen at one of INPUTS inputs.
//
// A verdict on each frame comes from every input (settled, faulty: krl_frame_guard) and waits in a queue for
// the frame's last beat. That beat is not offered before all verdicts on its frame are there. If it comes
// earlier it is put aside, so that what is behind it never has to wait for the rest of an input.
//
// m_axis_tuser: high on every beat that is offered after a fault of its frame was seen, and on the last beat
//               of every frame with a fault. A beat that is offered already stays as it is.
// room:         low where DEPTH verdicts of an input wait: no further one is accepted.
// Latency:      0, or until the cycle after the last verdict.
// Stream:       m_axis_tvalid depends on s_axis_tvalid, s_axis_tready on m_axis_tready, neither on the other.
// Legal:        WIDTH, BEATS, INPUTS, DEPTH >= 1.

`default_nettype none

module krl_frame_mark #(
  // bits per beat
  parameter integer WIDTH = 8,
  // beats per frame
  parameter integer BEATS = 10,
  // inputs that each give a verdict on every frame
  parameter integer INPUTS = 1,
  // frames with a verdict that have not left
  parameter integer DEPTH = 4
) (
  input  wire              clk,
  input  wire              rst,

  input  wire [INPUTS-1:0] settled,
  input  wire [INPUTS-1:0] faulty,
  output wire [INPUTS-1:0] room,

  input  wire [WIDTH-1:0]  s_axis_tdata,
  input  wire              s_axis_tvalid,
  output wire              s_axis_tready,

  output wire [WIDTH-1:0]  m_axis_tdata,
  output wire              m_axis_tvalid,
  input  wire              m_axis_tready,
  output wire              m_axis_tlast,
  output wire              m_axis_tuser
);

  generate
    if (!(WIDTH >= 1 && BEATS >= 1 && INPUTS >= 1 && DEPTH >= 1)) begin : g_legal
      illegal_parameters_of_krl_frame_mark see_legal_in_its_header ();
    end
  endgenerate

  // the verdicts on the frame that leaves: which are there, and what they say
  wire [INPUTS-1:0] known;
  wire [INPUTS-1:0] bad;
  wire last;

  // the last beat of a frame, put aside
  reg aside;
  reg [WIDTH-1:0] kept;
  // a beat is offered, and was marked so
  reg waits;
  reg marked;

  wire early = last && !(&known);
  wire leaves = m_axis_tvalid && m_axis_tready;

  assign s_axis_tready = !aside && (m_axis_tready || early);
  assign m_axis_tvalid = aside ? &known : s_axis_tvalid && !early;
  assign m_axis_tdata = aside ? kept : s_axis_tdata;
  assign m_axis_tlast = aside || last;
  assign m_axis_tuser = waits ? marked : |(known & bad);

  krl_frame_last #(
    .BEATS(BEATS)
  ) u_last (
    .clk(clk),
    .rst(rst),
    .m_axis_tvalid(s_axis_tvalid),
    .m_axis_tready(s_axis_tready),
    .m_axis_tlast(last)
  );

  genvar i;
  generate
    for (i = 0; i < INPUTS; i = i + 1) begin : g_input
      krl_fifo #(
        .WIDTH(1),
        .DEPTH(DEPTH)
      ) u_verdicts (
        .clk(clk),
        .rst(rst),
        .s_axis_tdata(faulty[i]),
        .s_axis_tvalid(settled[i]),
        .s_axis_tready(room[i]),
        .m_axis_tdata(bad[i]),
        .m_axis_tvalid(known[i]),
        .m_axis_tready(leaves && m_axis_tlast)
      );
    end
  endgenerate

  always @(posedge clk) begin
    if (!aside) kept <= s_axis_tdata;
    aside <= aside ? !leaves : s_axis_tvalid && early;
    waits <= m_axis_tvalid && !m_axis_tready;
    marked <= m_axis_tuser;
    if (rst) begin
      aside <= 1'b0;
      waits <= 1'b0;
    end
  end

endmodule

`default_nettype wire
