// SPDX-License-Identifier: Apache-2.0
//
// krl_frame_mark_proof: what krl_frame_mark must do, for verdicts at any time, any source, any sink and a reset
// at any time.
//
// last:    tlast is not on the last beat of a frame, or on another one.
// user:    a beat is first offered with a mark that the verdicts so far do not ask for, or without one that
//          they do.
// end:     the last beat of a frame is offered before every input has given its verdict.
// blocked: the last beat of a frame has to wait for a verdict in front.
// room:    there is room without a place, or none though there is one.
// idle:    all is known, the source offers a beat, the sink is ready, and no beat leaves.

`default_nettype none

module krl_frame_mark_proof #(
  parameter integer WIDTH = 2,
  parameter integer BEATS = 3,
  parameter integer INPUTS = 1,
  parameter integer DEPTH = 2
) (
  input  wire              clk,
  input  wire              rst,

  // all free in every cycle
  input  wire              mark,
  input  wire              wanted,
  input  wire [WIDTH-1:0]  drawn,
  input  wire              m_axis_tready,
  input  wire [INPUTS-1:0] ends,
  input  wire [INPUTS-1:0] faulty,

  output wire              fault_steady,
  output wire              fault_early,
  output wire              fault_wrong,
  output wire              fault_lost,
  output wire              fault_last,
  output wire              fault_user,
  output wire              fault_end,
  output wire              fault_blocked,
  output wire              fault_room,
  output wire              fault_idle,
  output wire              arrived
);

  localparam integer LAST = BEATS - 1;
  localparam BEAT_BITS = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam LEVEL_BITS = $clog2(DEPTH + 1);
  localparam integer FULL = DEPTH;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [WIDTH-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [WIDTH-1:0] m_axis_tdata;
  wire m_axis_tvalid;
  wire m_axis_tlast;
  wire m_axis_tuser;
  wire [INPUTS-1:0] room;

  // the next beats of their frames to come in and to leave; whether one is inside; whether one is offered
  reg [BEAT_BITS-1:0] next_in;
  reg [BEAT_BITS-1:0] next_out;
  reg holds_one;
  reg offered;
  wire accepts = s_axis_tvalid && s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;
  wire leaves = gives && next_out == LAST[BEAT_BITS-1:0];

  // a guard ends no frame without room
  wire [INPUTS-1:0] settled = ends & room;
  wire [INPUTS-1:0] known;
  wire [INPUTS-1:0] bad;
  wire [INPUTS-1:0] has_place;

  genvar i;
  generate
    for (i = 0; i < INPUTS; i = i + 1) begin : g_input
      // the verdicts that wait, the oldest in the low bit
      reg [DEPTH:0] verdicts;
      reg [LEVEL_BITS-1:0] level;
      wire [LEVEL_BITS-1:0] kept = level - {{(LEVEL_BITS-1){1'b0}}, leaves};
      wire [DEPTH:0] older = leaves ? verdicts >> 1 : verdicts;
      assign known[i] = level != 0;
      assign bad[i] = verdicts[0];
      assign has_place[i] = level != FULL[LEVEL_BITS-1:0];
      always @(posedge clk) begin
        verdicts <= older;
        level <= kept;
        if (settled[i]) begin
          verdicts[kept] <= faulty[i];
          level <= kept + 1'b1;
        end
        if (reset) level <= 0;
      end
    end
  endgenerate

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

  krl_frame_mark #(
    .WIDTH(WIDTH),
    .BEATS(BEATS),
    .INPUTS(INPUTS),
    .DEPTH(DEPTH)
  ) dut (
    .clk(clk),
    .rst(reset),
    .settled(settled),
    .faulty(faulty),
    .room(room),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready),
    .m_axis_tlast(m_axis_tlast),
    .m_axis_tuser(m_axis_tuser)
  );

  proof_steady #(
    .WIDTH(WIDTH + 2)
  ) steady (
    .clk(clk),
    .rst(reset),
    .tdata({m_axis_tuser, m_axis_tlast, m_axis_tdata}),
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
    .enters(accepts),
    .entering(s_axis_tdata),
    .leaves(gives),
    .leaving(m_axis_tdata),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_last = !reset && m_axis_tvalid && m_axis_tlast != (next_out == LAST[BEAT_BITS-1:0]);
  assign fault_user = !reset && m_axis_tvalid && !offered && m_axis_tuser != |(known & bad);
  assign fault_end = !reset && m_axis_tvalid && next_out == LAST[BEAT_BITS-1:0] && !(&known);
  assign fault_blocked = !reset && s_axis_tvalid && !s_axis_tready && !holds_one
      && next_in == LAST[BEAT_BITS-1:0] && !(&known);
  assign fault_room = !reset && room != has_place;
  assign fault_idle = !reset && &known && s_axis_tvalid && m_axis_tready && !m_axis_tvalid;

  always @(posedge clk) begin
    started <= 1'b1;
    offered <= m_axis_tvalid && !m_axis_tready && !reset;
    holds_one <= accepts ? (gives ? holds_one : 1'b1) : (holds_one && !gives);
    if (accepts) next_in <= (next_in == LAST[BEAT_BITS-1:0]) ? 0 : next_in + 1'b1;
    if (gives) next_out <= (next_out == LAST[BEAT_BITS-1:0]) ? 0 : next_out + 1'b1;
    if (reset) begin
      holds_one <= 1'b0;
      next_in <= 0;
      next_out <= 0;
    end
  end

endmodule

`default_nettype wire
