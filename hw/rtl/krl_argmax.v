// SPDX-License-Identifier: Apache-2.0
//
// krl_argmax: the number of the largest of LANES * BEATS elements, the lowest of equal ones.
//
// Equation: y = min {i : x[i] = max(x[0], ..., x[LANES*BEATS-1])}; element i is lane i % LANES of beat i / LANES.
// Latency:  clog2(LANES) + 1 cycles from the last beat: a register per level of the comparator tree, and one for the
//           largest so far. One beat per cycle, from vector to vector, too.
// Stream:   the last beat of a vector waits at the end of the tree while a result waits, and the tree with it; all
//           others are accepted at once. s_axis_tready depends on no s_axis_tvalid.
// Legal:    all >= 1 but SIGNED, LANES * BEATS >= 2.

`default_nettype none

module krl_argmax #(
  // elements per beat
  parameter integer LANES = 2,
  // beats per vector
  parameter integer BEATS = 5,
  // bits per element
  parameter integer BITS = 8,
  // 1: elements are signed, 0: they are not
  parameter integer SIGNED = 1
) (
  input  wire                           clk,
  input  wire                           rst,

  input  wire [LANES*BITS-1:0]          s_axis_tdata,
  input  wire                           s_axis_tvalid,
  output wire                           s_axis_tready,

  output reg  [$clog2(LANES*BEATS)-1:0] m_axis_tdata,
  output reg                            m_axis_tvalid,
  input  wire                           m_axis_tready
);

  localparam LEVELS = $clog2(LANES);
  // the tree is padded to a power of two with the smallest element, which wins over none before it
  localparam LEAVES = 1 << LEVELS;
  localparam NUMBER_BITS = $clog2(LANES*BEATS);
  localparam BEAT_BITS = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam integer LAST_BEAT = BEATS - 1;
  localparam [BITS-1:0] SMALLEST = (SIGNED != 0) ? 1 << (BITS - 1) : 0;

  // the largest of a beat, and its lane
  wire [BITS-1:0] element;
  wire [NUMBER_BITS-1:0] lane;
  wire beat_valid;
  wire beat_ready;

  // ---- a beat: a heap whose node i is the larger of nodes 2i+1 and 2i+2; the leaves are the lanes ----

  genvar i;
  generate
    if (LEVELS == 0) begin : g_one
      assign element = s_axis_tdata;
      assign lane = 0;
      assign beat_valid = s_axis_tvalid;
      assign s_axis_tready = beat_ready;
    end else begin : g_tree
      wire [BITS-1:0] node [0:2*LEAVES-2];
      wire [NUMBER_BITS-1:0] place [0:2*LEAVES-2];
      reg [LEVELS-1:0] valid_pipe;

      wire advance = beat_ready || !beat_valid;

      assign element = node[0];
      assign lane = place[0];
      assign beat_valid = valid_pipe[LEVELS-1];
      assign s_axis_tready = advance;

      always @(posedge clk) begin
        if (advance) begin
          valid_pipe <= valid_pipe << 1;
          valid_pipe[0] <= s_axis_tvalid;
        end
        if (rst) begin
          valid_pipe <= 0;
        end
      end

      for (i = 0; i < LEAVES; i = i + 1) begin : g_leaf
        if (i < LANES) begin : g_lane
          assign node[LEAVES-1+i] = s_axis_tdata[i*BITS +: BITS];
          assign place[LEAVES-1+i] = i;
        end else begin : g_no_lane
          assign node[LEAVES-1+i] = SMALLEST;
          assign place[LEAVES-1+i] = 0;
        end
      end
      for (i = 0; i < LEAVES-1; i = i + 1) begin : g_larger
        wire [BITS-1:0] first = node[2*i+1];
        wire [BITS-1:0] second = node[2*i+2];
        // its sign is out of the carry chain sooner than the result of a comparison
        wire [BITS:0] difference = {SIGNED != 0 && first[BITS-1], first} - {SIGNED != 0 && second[BITS-1], second};
        reg [BITS-1:0] larger;
        reg [NUMBER_BITS-1:0] lane_of_larger;
        always @(posedge clk) begin
          if (advance) begin
            larger <= difference[BITS] ? second : first;
            lane_of_larger <= difference[BITS] ? place[2*i+2] : place[2*i+1];
          end
        end
        wire unused_difference = &{1'b0, difference};
        assign node[i] = larger;
        assign place[i] = lane_of_larger;
      end
    end
  endgenerate

  // ---- the largest so far, and its number ----

  reg [BITS-1:0] largest;
  reg [NUMBER_BITS-1:0] number_of_largest;

  // the beat that comes in, and the number of its first element
  reg [BEAT_BITS-1:0] beat;
  reg [NUMBER_BITS-1:0] first_number;

  wire beat_is_first = beat == 0;
  wire beat_is_last = beat == LAST_BEAT[BEAT_BITS-1:0];
  wire enter = beat_valid && beat_ready;

  wire [BITS:0] beyond = {SIGNED != 0 && largest[BITS-1], largest} - {SIGNED != 0 && element[BITS-1], element};
  wire unused_beyond = &{1'b0, beyond};
  wire replace = beat_is_first || beyond[BITS];
  wire [NUMBER_BITS-1:0] number = replace ? first_number + lane : number_of_largest;

  assign beat_ready = m_axis_tready || !m_axis_tvalid || !beat_is_last;

  always @(posedge clk) begin
    if (enter) begin
      if (replace) largest <= element;
      number_of_largest <= number;
      beat <= beat_is_last ? 0 : beat + 1'b1;
      first_number <= beat_is_last ? 0 : first_number + LANES[NUMBER_BITS-1:0];
      if (beat_is_last) m_axis_tdata <= number;
    end
    m_axis_tvalid <= (enter && beat_is_last) || (m_axis_tvalid && !m_axis_tready);
    if (rst) begin
      m_axis_tvalid <= 1'b0;
      beat <= 0;
      first_number <= 0;
    end
  end

  generate
    if (!(LANES >= 1 && BEATS >= 1 && BITS >= 1 && LANES * BEATS >= 2)) begin : g_legal
      illegal_parameters_of_krl_argmax see_legal_in_its_header ();
    end
  endgenerate

endmodule

`default_nettype wire
