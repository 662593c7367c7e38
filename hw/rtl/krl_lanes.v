// SPDX-License-Identifier: Apache-2.0
//
// krl_lanes: the same elements in the same order, LANES_OUT instead of LANES_IN per beat.
//
// Wider:    elements gather until a beat is full; the last beat of a frame of ELEMENTS elements may be
//           partial, its missing lanes are zero. Narrower: a beat is held and handed out slice by slice.
// Latency:  1 cycle after the last beat that is needed. One beat per cycle on the narrow side.
// Stream:   s_axis_tready may depend on m_axis_tready; put a krl_fifo beside it to cut that path.
// Legal:    LANES_OUT a multiple of LANES_IN, or LANES_IN a multiple of LANES_OUT and ELEMENTS of LANES_IN.

`default_nettype none

module krl_lanes #(
  // bits per element
  parameter integer BITS = 8,
  // elements per arriving beat
  parameter integer LANES_IN = 1,
  // elements of a leaving beat
  parameter integer LANES_OUT = 4,
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
    if (!((BITS >= 1 && LANES_IN >= 1 && LANES_OUT >= 1 && ELEMENTS >= 1) &&
          (LANES_OUT % LANES_IN == 0 || (LANES_IN % LANES_OUT == 0 && ELEMENTS % LANES_IN == 0)))
    ) begin : g_legal
      illegal_parameters_of_krl_lanes see_legal_in_its_header ();
    end
  endgenerate

  genvar i;
  generate
    if (LANES_OUT >= LANES_IN) begin : g_wider
      localparam RATIO = LANES_OUT / LANES_IN;
      localparam BEATS = (ELEMENTS + LANES_IN - 1) / LANES_IN;
      localparam SLICE_BITS = (RATIO > 1) ? $clog2(RATIO) : 1;
      localparam BEAT_BITS = (BEATS > 1) ? $clog2(BEATS) : 1;
      localparam integer LAST_SLICE = RATIO - 1;
      localparam integer LAST_BEAT = BEATS - 1;

      reg [LANES_OUT*BITS-1:0] gathered;
      reg [SLICE_BITS-1:0] slice;
      reg [BEAT_BITS-1:0] beat;
      reg full;

      wire accept = s_axis_tvalid && s_axis_tready;
      wire complete = slice == LAST_SLICE[SLICE_BITS-1:0] || beat == LAST_BEAT[BEAT_BITS-1:0];

      assign s_axis_tready = !full || m_axis_tready;
      assign m_axis_tvalid = full;
      assign m_axis_tdata = gathered;

      for (i = 0; i < RATIO; i = i + 1) begin : g_slice
        localparam integer NUMBER = i;
        wire is_here = slice == NUMBER[SLICE_BITS-1:0];
        always @(posedge clk) begin
          if (accept && is_here) gathered[i*LANES_IN*BITS +: LANES_IN*BITS] <= s_axis_tdata;
          // the first beat clears the slices behind it
          if (accept && i != 0 && slice == 0) gathered[i*LANES_IN*BITS +: LANES_IN*BITS] <= 0;
        end
      end

      always @(posedge clk) begin
        if (m_axis_tready) begin
          full <= 1'b0;
        end
        if (accept) begin
          full <= complete;
          slice <= complete ? 0 : slice + 1'b1;
          beat <= (beat == LAST_BEAT[BEAT_BITS-1:0]) ? 0 : beat + 1'b1;
        end
        if (rst) begin
          full <= 1'b0;
          slice <= 0;
          beat <= 0;
        end
      end
    end else begin : g_narrower
      localparam RATIO = LANES_IN / LANES_OUT;
      localparam LEFT_BITS = $clog2(RATIO + 1);
      localparam integer ALL = RATIO;

      // slices that are still to be handed out; the next one lies in the low bits
      reg [LEFT_BITS-1:0] left;
      reg [LANES_IN*BITS-1:0] held;

      wire accept = s_axis_tvalid && s_axis_tready;
      wire leave = m_axis_tvalid && m_axis_tready;
      // no slice is left behind the one that leaves, or none at all
      wire is_last = left <= 1;

      assign s_axis_tready = left == 0 || (left == 1 && m_axis_tready);
      assign m_axis_tvalid = left != 0;
      assign m_axis_tdata = held[LANES_OUT*BITS-1:0];

      always @(posedge clk) begin
        if (leave) left <= left - 1'b1;
        if (accept) left <= ALL[LEFT_BITS-1:0];
        if (accept || leave) begin
          held <= is_last ? s_axis_tdata
                          : {held[LANES_IN*BITS-1 -: LANES_OUT*BITS], held[LANES_IN*BITS-1:LANES_OUT*BITS]};
        end
        if (rst) begin
          left <= 0;
        end
      end
    end

    if (LANES_OUT % LANES_IN != 0 && LANES_IN % LANES_OUT != 0) begin : g_illegal
      krl_lanes_needs_one_lane_count_to_divide_the_other illegal ();
    end
  endgenerate

endmodule

`default_nettype wire
