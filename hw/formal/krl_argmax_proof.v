// SPDX-License-Identifier: Apache-2.0
//
// krl_argmax_proof: what krl_argmax must do, for any source, any sink and a reset at any time.
//
// The largest element of a vector and its number are worked out beat by beat as they are accepted, and one vector is
// followed to its result.
//
// idle: none is accepted although no result waits, or one is taken; or with a single lane although the beat is not the
//       last of its vector.
// late: the last beat of a vector was accepted as many cycles ago as the tree has levels, and one more, no result was
//       on the output since, and none is.

`default_nettype none

module krl_argmax_proof #(
  parameter LANES = 2,
  parameter BEATS = 2,
  parameter BITS = 2,
  parameter SIGNED = 1
) (
  input  wire                  clk,
  input  wire                  rst,

  // all free in every cycle
  input  wire                  mark,
  input  wire                  wanted,
  input  wire [LANES*BITS-1:0] drawn,
  input  wire                  m_axis_tready,

  output wire                  fault_steady,
  output wire                  fault_early,
  output wire                  fault_wrong,
  output wire                  fault_lost,
  output wire                  fault_idle,
  output wire                  fault_late,
  output wire                  arrived
);

  localparam NUMBER_BITS = $clog2(LANES*BEATS);
  localparam LEVELS = $clog2(LANES);
  localparam [3:0] LAST_BEAT = BEATS - 1;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [LANES*BITS-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [NUMBER_BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  reg [3:0] beat;
  reg [NUMBER_BITS-1:0] first;
  reg [BITS-1:0] largest;
  reg [NUMBER_BITS-1:0] number;
  // last beats on their way while no result waited
  reg [LEVELS:0] under_way;

  wire accepts = s_axis_tvalid && s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;
  wire is_last = beat == LAST_BEAT;
  wire flip = SIGNED != 0;

  // lane by lane: with the sign turned over all elements compare as numbers without one
  wire [LANES*BITS-1:0] turned = s_axis_tdata ^ {LANES{{flip, {(BITS-1){1'b0}}}}};
  reg [BITS-1:0] best;
  reg [NUMBER_BITS-1:0] place;
  integer i;

  always @* begin
    best = largest;
    place = number;
    for (i = 0; i < LANES; i = i + 1) begin
      if ((beat == 0 && i == 0) || turned[i*BITS +: BITS] > best) begin
        best = turned[i*BITS +: BITS];
        place = first + i[NUMBER_BITS-1:0];
      end
    end
  end

  proof_source #(
    .WIDTH(LANES*BITS)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(s_axis_tdata),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  krl_argmax #(
    .LANES(LANES),
    .BEATS(BEATS),
    .BITS(BITS),
    .SIGNED(SIGNED)
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
    .WIDTH(NUMBER_BITS)
  ) steady (
    .clk(clk),
    .rst(reset),
    .tdata(m_axis_tdata),
    .tvalid(m_axis_tvalid),
    .tready(m_axis_tready),
    .fault(fault_steady)
  );

  proof_order #(
    .BITS(NUMBER_BITS),
    .MOST(LEVELS + 1)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(accepts && is_last),
    .entering(place),
    .leaves(gives),
    .leaving(m_axis_tdata),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_idle = !reset && !s_axis_tready
                   && (!m_axis_tvalid || m_axis_tready || (LEVELS == 0 && !is_last));
  assign fault_late = !reset && under_way[LEVELS] && !m_axis_tvalid;

  always @(posedge clk) begin
    started <= 1'b1;
    under_way <= m_axis_tvalid ? 0 : under_way << 1;
    under_way[0] <= accepts && is_last;
    if (accepts) begin
      beat <= is_last ? 4'd0 : beat + 4'd1;
      first <= is_last ? 0 : first + LANES[NUMBER_BITS-1:0];
      largest <= best;
      number <= place;
    end
    if (reset) begin
      beat <= 4'd0;
      first <= 0;
      under_way <= 0;
    end
  end

endmodule

`default_nettype wire
