// SPDX-License-Identifier: Apache-2.0
//
// krl_repeat: beats again and again: a tensor broadcast along its pixels, its rows or its channels.
//
// Equation: of every BEATS beats x[0], ..., x[BEATS-1] that come in, TIMES times in turn
//           y[0], ..., y[BEATS-1] with y[b] = {x[b], ..., x[b]}, COPIES side by side.
//
// Latency:  1 cycle. One beat per cycle; beats are given on as they come in, and kept for the turns after the
//           first.
// Stream:   s_axis_tready is high in the first turn alone; it depends on m_axis_tready and not on
//           s_axis_tvalid. The next beats come in right behind the last turn, without a pause.
// Legal:    WIDTH, COPIES, BEATS, TIMES >= 1; BEATS, TIMES < 2**31.

`default_nettype none

module krl_repeat #(
  // bits of an arriving beat, times that it stands in a leaving one
  parameter integer WIDTH = 8,
  parameter integer COPIES = 1,
  // beats that are repeated together, how often
  parameter integer BEATS = 4,
  parameter integer TIMES = 4
) (
  input  wire                    clk,
  input  wire                    rst,

  input  wire [WIDTH-1:0]        s_axis_tdata,
  input  wire                    s_axis_tvalid,
  output wire                    s_axis_tready,

  output wire [COPIES*WIDTH-1:0] m_axis_tdata,
  output reg                     m_axis_tvalid,
  input  wire                    m_axis_tready
);

  generate
    if (!(WIDTH >= 1 && COPIES >= 1 && BEATS >= 1 && TIMES >= 1)) begin : g_legal
      illegal_parameters_of_krl_repeat see_legal_in_its_header ();
    end
  endgenerate

  localparam TURN_BITS = (TIMES > 1) ? $clog2(TIMES) : 1;
  localparam integer LAST_TURN = TIMES - 1;

  reg [TURN_BITS-1:0] turn;
  reg [WIDTH-1:0] held;

  wire advance = m_axis_tready || !m_axis_tvalid;
  wire is_first = turn == 0;
  wire offered = !is_first || s_axis_tvalid;
  // of the beats that are repeated together
  wire beat_is_last;

  assign s_axis_tready = advance && is_first;
  assign m_axis_tdata = {COPIES{held}};

  always @(posedge clk) begin
    if (advance) begin
      m_axis_tvalid <= offered;
      if (offered && beat_is_last) turn <= (turn == LAST_TURN[TURN_BITS-1:0]) ? 0 : turn + 1'b1;
    end
    if (rst) begin
      m_axis_tvalid <= 1'b0;
      turn <= 0;
    end
  end

  generate
    if (BEATS > 1) begin : g_beats
      localparam BEAT_BITS = $clog2(BEATS);
      localparam integer LAST_BEAT = BEATS - 1;
      reg [BEAT_BITS-1:0] beat;
      (* ram_style = "distributed", ramstyle = "MLAB, no_rw_check" *)
      reg [WIDTH-1:0] memory [0:BEATS-1];

      assign beat_is_last = beat == LAST_BEAT[BEAT_BITS-1:0];

      always @(posedge clk) begin
        if (s_axis_tvalid && s_axis_tready) memory[beat] <= s_axis_tdata;
        if (advance) begin
          held <= is_first ? s_axis_tdata : memory[beat];
          if (offered) beat <= beat_is_last ? 0 : beat + 1'b1;
        end
        if (rst) beat <= 0;
      end
    end else begin : g_one_beat
      assign beat_is_last = 1'b1;

      always @(posedge clk) if (advance && is_first) held <= s_axis_tdata;
    end
  endgenerate

endmodule

`default_nettype wire
