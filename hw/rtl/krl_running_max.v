// SPDX-License-Identifier: Apache-2.0
//
// krl_running_max: the largest element of every channel over all pixels of an image.
//
// Equation: y[c] = min(CLAMP_MAX, max(CLAMP_MIN, x[0][c], ..., x[PIXELS-1][c])), signed; a pixel comes in GROUPS
//           beats of LANES channels, and so does the result.
// Latency:  1 cycle from the last pixel. One beat per cycle, from image to image, too.
// Stream:   beats of the last pixel wait for m_axis_tready while a result waits; all others are accepted at once.
//           s_axis_tready depends on no s_axis_tvalid.
// Legal:    all >= 1, CLAMP_MIN <= CLAMP_MAX within BITS.

`default_nettype none

module krl_running_max #(
  // elements per beat
  parameter integer LANES = 1,
  // bits per element
  parameter integer BITS = 8,
  // beats per pixel
  parameter integer GROUPS = 4,
  // pixels per image
  parameter integer PIXELS = 9,
  parameter integer CLAMP_MIN = -128,
  parameter integer CLAMP_MAX = 127
) (
  input  wire                  clk,
  input  wire                  rst,

  input  wire [LANES*BITS-1:0] s_axis_tdata,
  input  wire                  s_axis_tvalid,
  output wire                  s_axis_tready,

  output wire [LANES*BITS-1:0] m_axis_tdata,
  output reg                   m_axis_tvalid,
  input  wire                  m_axis_tready
);

  localparam GROUP_BITS = (GROUPS > 1) ? $clog2(GROUPS) : 1;
  localparam PIXEL_BITS = (PIXELS > 1) ? $clog2(PIXELS) : 1;
  localparam integer LAST_GROUP = GROUPS - 1;
  localparam integer LAST_PIXEL = PIXELS - 1;
  localparam integer LOWEST = -(1 << (BITS - 1));
  localparam integer HIGHEST = (1 << (BITS - 1)) - 1;

  // the largest so far
  (* ram_style = "distributed", ramstyle = "MLAB, no_rw_check" *)
  reg [LANES*BITS-1:0] largest [0:GROUPS-1];
  reg [LANES*BITS-1:0] result;

  // the beat that comes in
  reg [GROUP_BITS-1:0] group;
  reg [PIXEL_BITS-1:0] pixel;

  wire pixel_is_first = pixel == 0;
  wire pixel_is_last = pixel == LAST_PIXEL[PIXEL_BITS-1:0];
  wire group_is_last = group == LAST_GROUP[GROUP_BITS-1:0];
  wire advance = m_axis_tready || !m_axis_tvalid;
  wire accept = s_axis_tvalid && s_axis_tready;

  wire [LANES*BITS-1:0] earlier = largest[group];
  wire [LANES*BITS-1:0] larger;

  assign s_axis_tready = advance || !pixel_is_last;

  always @(posedge clk) begin
    if (accept) begin
      largest[group] <= larger;
      group <= group_is_last ? 0 : group + 1'b1;
      if (group_is_last) pixel <= pixel_is_last ? 0 : pixel + 1'b1;
      if (pixel_is_last) result <= larger;
    end
    m_axis_tvalid <= (accept && pixel_is_last) || !advance;
    if (rst) begin
      m_axis_tvalid <= 1'b0;
      group <= 0;
      pixel <= 0;
    end
  end

  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
      wire [BITS-1:0] first = earlier[i*BITS +: BITS];
      wire [BITS-1:0] second = s_axis_tdata[i*BITS +: BITS];
      // its sign is out of the carry chain sooner than the result of a comparison
      wire [BITS:0] difference = {first[BITS-1], first} - {second[BITS-1], second};
      wire unused_difference = &{1'b0, difference};
      assign larger[i*BITS +: BITS] = (pixel_is_first || difference[BITS]) ? second : first;

      wire signed [BITS-1:0] found = result[i*BITS +: BITS];
      wire too_low = CLAMP_MIN > LOWEST && found < $signed(CLAMP_MIN[BITS-1:0]);
      wire too_high = CLAMP_MAX < HIGHEST && found > $signed(CLAMP_MAX[BITS-1:0]);
      assign m_axis_tdata[i*BITS +: BITS] = too_low ? CLAMP_MIN[BITS-1:0]
                                          : too_high ? CLAMP_MAX[BITS-1:0]
                                          : found;
    end
  endgenerate

  generate
    if (!(LANES >= 1 && BITS >= 1 && GROUPS >= 1 && PIXELS >= 1 && CLAMP_MIN <= CLAMP_MAX)) begin : g_legal
      illegal_parameters_of_krl_running_max see_legal_in_its_header ();
    end
  endgenerate

endmodule

`default_nettype wire
