// SPDX-License-Identifier: Apache-2.0
//
// krl_repeat_proof: what krl_repeat must do, for any source, any sink and a reset at any time.
//
// One beat of a group is chosen with the reset: it must leave TIMES times, between the others of its group, as it
// came in. BEATS is at most 4.
//
// wrong: the chosen beat leaves changed.
// early: it leaves before it has come in.
// lost:  the next one of its place comes in before it has left in every turn.
// idle:  in the first turn the output holds no beat, or gives it, and the input is not ready.
// late:  a beat was accepted, or a turn behind the first goes on, and in the next cycle none is on the output.

`default_nettype none

module krl_repeat_proof #(
  parameter WIDTH = 2,
  parameter COPIES = 1,
  parameter BEATS = 2,
  parameter TIMES = 2
) (
  input  wire             clk,
  input  wire             rst,

  // all free in every cycle
  input  wire [1:0]       chosen,
  input  wire             wanted,
  input  wire [WIDTH-1:0] drawn,
  input  wire             m_axis_tready,

  output wire             fault_steady,
  output wire             fault_early,
  output wire             fault_wrong,
  output wire             fault_lost,
  output wire             fault_idle,
  output wire             fault_late,
  output wire             arrived
);

  localparam TURN_BITS = $clog2(TIMES + 1);
  localparam integer LAST_BEAT = BEATS - 1;
  localparam integer LAST_TURN = TIMES - 1;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [WIDTH-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [COPIES*WIDTH-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  wire accepts = s_axis_tvalid && s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;

  // the place of the beat that is followed, and those of the next ones on either side
  reg [1:0] place;
  reg [1:0] next_in;
  reg [1:0] next_out;
  // the turn that leaves
  reg [TURN_BITS-1:0] turn;
  // whether the chosen beat is inside, and what it is
  reg held;
  reg [WIDTH-1:0] value;
  reg accepted;

  wire is_in = accepts && next_in == place;
  wire is_out = gives && next_out == place;
  wire last_turn = turn == LAST_TURN[TURN_BITS-1:0];
  // all beats of the group have come in
  reg complete;

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

  krl_repeat #(
    .WIDTH(WIDTH),
    .COPIES(COPIES),
    .BEATS(BEATS),
    .TIMES(TIMES)
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

  proof_steady #(
    .WIDTH(COPIES * WIDTH)
  ) steady (
    .clk(clk),
    .rst(reset),
    .tdata(m_axis_tdata),
    .tvalid(m_axis_tvalid),
    .tready(m_axis_tready),
    .fault(fault_steady)
  );

  wire more = complete && !(gives && last_turn && next_out == LAST_BEAT[1:0]);

  assign arrived = !reset && is_out && held && last_turn;
  assign fault_early = !reset && is_out && !held;
  assign fault_wrong = !reset && is_out && held && m_axis_tdata != {COPIES{value}};
  assign fault_lost = !reset && is_in && held && !(is_out && last_turn);
  assign fault_idle = !reset && !complete && (m_axis_tready || !m_axis_tvalid) && !s_axis_tready;
  assign fault_late = !reset && accepted && !m_axis_tvalid;

  always @(posedge clk) begin
    started <= 1'b1;
    accepted <= !reset && (accepts || more);
    if (accepts) next_in <= (next_in == LAST_BEAT[1:0]) ? 2'd0 : next_in + 2'd1;
    if (gives) begin
      next_out <= (next_out == LAST_BEAT[1:0]) ? 2'd0 : next_out + 2'd1;
      if (next_out == LAST_BEAT[1:0]) turn <= last_turn ? 0 : turn + 1'b1;
    end
    if (is_out && last_turn) held <= 1'b0;
    if (is_in) begin
      held <= 1'b1;
      value <= s_axis_tdata;
    end
    // the next group may begin in the cycle in which the last beat of this one leaves
    if (gives && last_turn && next_out == LAST_BEAT[1:0]) complete <= 1'b0;
    if (accepts && next_in == LAST_BEAT[1:0]) complete <= 1'b1;
    if (reset) begin
      place <= (chosen <= LAST_BEAT[1:0]) ? chosen : 2'd0;
      next_in <= 2'd0;
      next_out <= 2'd0;
      turn <= 0;
      held <= 1'b0;
      complete <= 1'b0;
    end
  end

endmodule

`default_nettype wire
