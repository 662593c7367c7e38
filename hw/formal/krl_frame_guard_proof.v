// SPDX-License-Identifier: Apache-2.0
//
// krl_frame_guard_proof: what krl_frame_guard must do with frames of any length, for any source, any sink and
// a reset at any time.
//
// One beat of a frame is chosen with the reset. If an arriving frame ends before it, a zero stands for it.
//
// flag: frame_error is not what the frames so far ask for.
// verdict: settled does not come with the beat that settles a frame, or faulty is wrong there.
// open: a beat is accepted in reset, or without room for a verdict while it is one of a frame.
// idle: the sink is ready or the source offers a beat, and the guard neither accepts a beat nor offers one.

`default_nettype none

module krl_frame_guard_proof #(
  parameter WIDTH = 2,
  parameter BEATS = 3
) (
  input  wire             clk,
  input  wire             rst,

  // all free in every cycle
  input  wire             mark,
  input  wire [7:0]       chosen,
  input  wire             wanted,
  input  wire [WIDTH:0]   drawn,
  input  wire             m_axis_tready,
  input  wire             drawn_room,

  output wire             fault_steady,
  output wire             fault_early,
  output wire             fault_wrong,
  output wire             fault_lost,
  output wire             fault_flag,
  output wire             fault_idle,
  output wire             fault_verdict,
  output wire             fault_open,
  output wire             arrived
);

  localparam BEAT_BITS = $clog2(BEATS + 1);
  localparam integer END = BEATS;
  localparam integer LAST = BEATS - 1;
  localparam [7:0] COUNT = BEATS;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [WIDTH-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire s_axis_tlast;
  wire [WIDTH-1:0] m_axis_tdata;
  wire m_axis_tvalid;
  wire frame_error;
  wire settled;
  wire faulty;

  // there is room until a verdict comes
  reg had_room;
  wire room = had_room || drawn_room;

  // the beat that is followed, the next ones to come in and to go out; BEATS: those that are too many
  reg [BEAT_BITS-1:0] beat;
  reg [BEAT_BITS-1:0] next_in;
  reg [BEAT_BITS-1:0] next_out;
  reg error_expected;

  wire accepts = s_axis_tvalid && s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;
  wire is_there = next_in == beat;
  wire is_missing = s_axis_tlast && next_in < beat;
  wire is_too_many = next_in == END[BEAT_BITS-1:0];

  proof_source #(
    .WIDTH(WIDTH + 1)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata({s_axis_tlast, s_axis_tdata}),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  krl_frame_guard #(
    .WIDTH(WIDTH),
    .BEATS(BEATS)
  ) dut (
    .clk(clk),
    .rst(reset),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .s_axis_tlast(s_axis_tlast),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready),
    .settled(settled),
    .faulty(faulty),
    .room(room),
    .frame_error(frame_error)
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
    .MOST(1)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(accepts && (is_there || is_missing)),
    .entering(is_there ? s_axis_tdata : {WIDTH{1'b0}}),
    .leaves(gives && next_out == beat),
    .leaving(m_axis_tdata),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_flag = !reset && frame_error != error_expected;
  assign fault_idle =
      !reset && room && (m_axis_tready || s_axis_tvalid) && !s_axis_tready && !m_axis_tvalid;

  wire is_last = next_in == LAST[BEAT_BITS-1:0];
  wire settles = accepts && !is_too_many && (s_axis_tlast || is_last);

  assign fault_verdict =
      !reset && (settled != settles || (settles && faulty != (s_axis_tlast != is_last)));
  assign fault_open = s_axis_tready && (reset || (!room && !is_too_many));

  always @(posedge clk) begin
    started <= 1'b1;
    had_room <= room && !settled && !reset;
    if (accepts) begin
      next_in <= s_axis_tlast ? 0 : is_too_many ? next_in : next_in + 1'b1;
      if (next_in == 0) error_expected <= 1'b0;
      if (!is_too_many && s_axis_tlast != (next_in == LAST[BEAT_BITS-1:0])) error_expected <= 1'b1;
    end
    if (gives) next_out <= (next_out == LAST[BEAT_BITS-1:0]) ? 0 : next_out + 1'b1;
    if (reset) begin
      beat <= (chosen < COUNT) ? chosen[BEAT_BITS-1:0] : 0;
      next_in <= 0;
      next_out <= 0;
      error_expected <= 1'b0;
    end
  end

endmodule

`default_nettype wire
