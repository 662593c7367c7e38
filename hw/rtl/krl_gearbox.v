// SPDX-License-Identifier: Apache-2.0
//
// krl_gearbox: the same elements in the same order, from beats of LANES_IN to beats of LANES_OUT, where
//              neither divides the other.
//
// Elements join a queue whose head is the next beat. The last beat of a frame of ELEMENTS may be partial, on
// either side; its upper lanes are zero on the output, and must be on the input. Frames share no beat.
//
// Latency:  1 cycle from the beat that completes an output beat to m_axis_tvalid.
// Stream:   one beat per cycle on the side with fewer lanes. With LANES_IN < LANES_OUT a frame takes one cycle
//           more if its last beat completes two of the output, of which the second is partial.
//           s_axis_tready depends on the fill level of the queue alone.
// Legal:    LANES_IN, LANES_OUT, ELEMENTS >= 1. Where one divides the other, krl_lanes is smaller.

`default_nettype none

module krl_gearbox #(
  // bits per element
  parameter integer BITS = 8,
  // elements per beat
  parameter integer LANES_IN = 2,
  parameter integer LANES_OUT = 3,
  // elements per frame
  parameter integer ELEMENTS = 16
) (
  input  wire                      clk,
  input  wire                      rst,

  input  wire [LANES_IN*BITS-1:0]  s_axis_tdata,
  input  wire                      s_axis_tvalid,
  output wire                      s_axis_tready,

  output wire [LANES_OUT*BITS-1:0] m_axis_tdata,
  output wire                      m_axis_tvalid,
  input  wire                      m_axis_tready
);

  generate
    if (!(BITS >= 1 && LANES_IN >= 1 && LANES_OUT >= 1 && ELEMENTS >= 1)) begin : g_legal
      illegal_parameters_of_krl_gearbox see_legal_in_its_header ();
    end
  endgenerate

  localparam BEATS = (ELEMENTS + LANES_IN - 1) / LANES_IN;
  // zeros that fill up the last beat of a frame
  localparam FILL = ((ELEMENTS + LANES_OUT - 1) / LANES_OUT) * LANES_OUT - ELEMENTS;
  // elements that the last beat of a frame brings, filling included
  localparam LAST_GAIN = ELEMENTS - (BEATS - 1) * LANES_IN + FILL;
  localparam MOST_GAIN = (LAST_GAIN > LANES_IN) ? LAST_GAIN : LANES_IN;
  localparam FEWER = (LANES_IN < LANES_OUT) ? LANES_IN : LANES_OUT;
  // what waits without making a beat, a beat, and what arrives meanwhile
  localparam QUEUE = LANES_OUT + FEWER - 1 + MOST_GAIN;
  localparam LEVEL_BITS = $clog2(QUEUE + 1);
  localparam PLACE_BITS = (MOST_GAIN > 1) ? $clog2(MOST_GAIN) : 1;
  localparam BEAT_BITS = (BEATS > 1) ? $clog2(BEATS) : 1;

  localparam integer LAST_BEAT = BEATS - 1;
  localparam integer GAIN = LANES_IN;
  localparam integer GAIN_OF_LAST = LAST_GAIN;
  localparam integer GIVEN = LANES_OUT;
  localparam integer MOST_BEFORE_BEAT = QUEUE - MOST_GAIN;

  // the queue: its head, the next beat, in the low bits
  reg [QUEUE*BITS-1:0] queue;
  reg [LEVEL_BITS-1:0] level;
  reg [BEAT_BITS-1:0] beat;

  wire push = s_axis_tvalid && s_axis_tready;
  wire pop = m_axis_tvalid && m_axis_tready;
  wire beat_is_last = beat == LAST_BEAT[BEAT_BITS-1:0];
  wire [LEVEL_BITS-1:0] gained =
      !push ? 0 : beat_is_last ? GAIN_OF_LAST[LEVEL_BITS-1:0] : GAIN[LEVEL_BITS-1:0];
  wire [LEVEL_BITS-1:0] kept = level - (pop ? GIVEN[LEVEL_BITS-1:0] : 0);
  wire [QUEUE*BITS-1:0] moved_down = pop ? queue >> (LANES_OUT * BITS) : queue;
  // every place above what is kept takes the element of the beat that would come to lie there
  wire [(1<<PLACE_BITS)*BITS-1:0] joining;
  wire [QUEUE*BITS-1:0] put_on_top;

  assign s_axis_tready = level <= MOST_BEFORE_BEAT[LEVEL_BITS-1:0];
  assign m_axis_tvalid = level >= GIVEN[LEVEL_BITS-1:0];
  assign m_axis_tdata = queue[LANES_OUT*BITS-1:0];

  genvar i;
  generate
    for (i = 0; i < (1 << PLACE_BITS); i = i + 1) begin : g_joining
      if (i < LANES_IN) begin : g_element
        assign joining[i*BITS +: BITS] = s_axis_tdata[i*BITS +: BITS];
      end else begin : g_fill
        assign joining[i*BITS +: BITS] = 0;
      end
    end
    for (i = 0; i < QUEUE; i = i + 1) begin : g_place
      localparam integer PLACE = i;
      wire [PLACE_BITS-1:0] from = PLACE[PLACE_BITS-1:0] - kept[PLACE_BITS-1:0];
      wire is_kept = PLACE[LEVEL_BITS-1:0] < kept;
      assign put_on_top[i*BITS +: BITS] =
          is_kept ? moved_down[i*BITS +: BITS] : joining[from*BITS +: BITS];
    end
  endgenerate

  always @(posedge clk) begin
    queue <= put_on_top;
    level <= kept + gained;
    if (push) beat <= beat_is_last ? 0 : beat + 1'b1;
    if (rst) begin
      level <= 0;
      beat <= 0;
    end
  end

endmodule

`default_nettype wire
