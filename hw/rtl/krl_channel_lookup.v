// SPDX-License-Identifier: Apache-2.0
//
// krl_channel_lookup: a function of one code that differs from channel to channel, from tables.
//
// Equation: y = TABLE[c][x] for channel c, x's two's complement bits read as an unsigned number.
//
// Tables:   a memory per lane, which stands beside the module, as krl_rom does: data come a cycle behind the
//           address and hold while lookup_enable is low. Lane i asks for word b * 2**X_BITS + x of its own in
//           beat b; beats count 0 .. PERIOD-1 and repeat.
// Latency:  1 cycle. One beat per cycle.
// Stream:   the beat is held until it is accepted.
// Legal:    LANES, PERIOD >= 1; X_BITS, BITS >= 1.

`default_nettype none

module krl_channel_lookup #(
  // elements per beat, beats until the tables repeat
  parameter integer LANES = 1,
  parameter integer PERIOD = 4,
  // bits of x, of y
  parameter integer X_BITS = 8,
  parameter integer BITS = 8,
  // follows from the above; do not set
  parameter integer ADDRESS_BITS = X_BITS + ((PERIOD > 1) ? $clog2(PERIOD) : 0)
) (
  input  wire                          clk,
  input  wire                          rst,

  input  wire [LANES*X_BITS-1:0]       s_axis_tdata,
  input  wire                          s_axis_tvalid,
  output wire                          s_axis_tready,

  output wire                          lookup_enable,
  output wire [LANES*ADDRESS_BITS-1:0] lookup_address,
  input  wire [LANES*BITS-1:0]         lookup_data,

  output wire [LANES*BITS-1:0]         m_axis_tdata,
  output reg                           m_axis_tvalid,
  input  wire                          m_axis_tready
);

  generate
    if (!(LANES >= 1 && PERIOD >= 1 && X_BITS >= 1 && BITS >= 1 &&
          ADDRESS_BITS == X_BITS + ((PERIOD > 1) ? $clog2(PERIOD) : 0))) begin : g_legal
      illegal_parameters_of_krl_channel_lookup see_legal_in_its_header ();
    end
  endgenerate

  wire advance = m_axis_tready || !m_axis_tvalid;

  assign s_axis_tready = advance;
  assign lookup_enable = advance;
  assign m_axis_tdata = lookup_data;

  always @(posedge clk) begin
    if (advance) m_axis_tvalid <= s_axis_tvalid;
    if (rst) m_axis_tvalid <= 1'b0;
  end

  genvar i;
  generate
    if (PERIOD > 1) begin : g_beats
      localparam BEAT_BITS = ADDRESS_BITS - X_BITS;
      localparam integer LAST_BEAT = PERIOD - 1;
      reg [BEAT_BITS-1:0] beat;

      always @(posedge clk) begin
        if (advance && s_axis_tvalid) begin
          beat <= (beat == LAST_BEAT[BEAT_BITS-1:0]) ? 0 : beat + 1'b1;
        end
        if (rst) beat <= 0;
      end

      for (i = 0; i < LANES; i = i + 1) begin : g_lane
        assign lookup_address[i*ADDRESS_BITS +: ADDRESS_BITS] = {beat, s_axis_tdata[i*X_BITS +: X_BITS]};
      end
    end else begin : g_one_beat
      assign lookup_address = s_axis_tdata;
    end
  endgenerate

endmodule

`default_nettype wire
