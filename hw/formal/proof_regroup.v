// SPDX-License-Identifier: Apache-2.0
//
// proof_regroup: what every module must do that hands on the same elements in beats of another size; it is
// the source, and watches both sides. Frames share no beat: the last one is filled up with zeros.
//
// One lane of one beat that leaves in each frame is chosen with the reset, and followed. ELEMENTS < 16.
//
// filled: a lane behind the last element is not zero.
// valid:  the output offers a beat that is not complete yet, or does not offer one that is.
// gap:    with fewer lanes on the output, a beat was offered on the input, and none follows on the output.
// idle:   the module neither offers a beat nor accepts one.

`default_nettype none

module proof_regroup #(
  parameter BITS = 2,
  parameter LANES_IN = 2,
  parameter LANES_OUT = 3,
  parameter ELEMENTS = 7
) (
  input  wire                      clk,
  input  wire                      rst,

  // free in every cycle
  input  wire                      mark,
  input  wire [4:0]                chosen,
  input  wire                      wanted,
  input  wire [LANES_IN*BITS-1:0]  drawn,

  output wire [LANES_IN*BITS-1:0]  s_axis_tdata,
  output wire                      s_axis_tvalid,
  input  wire                      s_axis_tready,

  input  wire [LANES_OUT*BITS-1:0] m_axis_tdata,
  input  wire                      m_axis_tvalid,
  input  wire                      m_axis_tready,

  output wire                      fault_steady,
  output wire                      fault_early,
  output wire                      fault_wrong,
  output wire                      fault_lost,
  output wire                      fault_filled,
  output wire                      fault_valid,
  output wire                      fault_gap,
  output wire                      fault_idle,
  output wire                      arrived
);

  localparam BEATS_IN = (ELEMENTS + LANES_IN - 1) / LANES_IN;
  localparam BEATS_OUT = (ELEMENTS + LANES_OUT - 1) / LANES_OUT;

  localparam [4:0] COUNT = ELEMENTS;
  localparam [4:0] PLACES = BEATS_OUT * LANES_OUT;
  localparam [4:0] IN = LANES_IN;
  localparam [4:0] OUT = LANES_OUT;
  // what the last beat of a frame adds, filling included
  localparam [4:0] LAST_IN = BEATS_OUT * LANES_OUT - (BEATS_IN - 1) * LANES_IN;
  localparam [4:0] END_IN = (BEATS_IN - 1) * LANES_IN;
  localparam [4:0] END_OUT = (BEATS_OUT - 1) * LANES_OUT;

  // the element that is followed; the first ones of the beats that are next to come in and to go out
  reg [4:0] element;
  reg [4:0] next_in;
  reg [4:0] next_out;
  // elements that have come in and not gone out, filling included
  reg [4:0] level;
  reg must_follow;

  wire [LANES_IN*BITS-1:0] unfilled;
  wire accepts = s_axis_tvalid && s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;
  wire is_in = element >= next_in && element - next_in < IN && element < COUNT;
  wire is_out = element >= next_out && element - next_out < OUT;

  reg [BITS-1:0] entering;
  reg [BITS-1:0] leaving;
  reg [4:0] k;

  proof_source #(
    .WIDTH(LANES_IN * BITS)
  ) source (
    .clk(clk),
    .rst(rst),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(unfilled),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  genvar i;
  generate
    for (i = 0; i < LANES_IN; i = i + 1) begin : g_lane
      localparam [4:0] NUMBER = i;
      assign s_axis_tdata[i*BITS +: BITS] =
          (next_in + NUMBER < COUNT) ? unfilled[i*BITS +: BITS] : {BITS{1'b0}};
    end
  endgenerate

  always @* begin
    entering = 0;
    for (k = 0; k < IN; k = k + 1) begin
      if (element - next_in == k) entering = s_axis_tdata[k*BITS +: BITS];
    end
    leaving = 0;
    for (k = 0; k < OUT; k = k + 1) begin
      if (element - next_out == k) leaving = m_axis_tdata[k*BITS +: BITS];
    end
  end

  proof_steady #(
    .WIDTH(LANES_OUT * BITS)
  ) steady (
    .clk(clk),
    .rst(rst),
    .tdata(m_axis_tdata),
    .tvalid(m_axis_tvalid),
    .tready(m_axis_tready),
    .fault(fault_steady)
  );

  proof_order #(
    .BITS(BITS),
    .MOST(2)
  ) order (
    .clk(clk),
    .rst(rst),
    .mark(mark),
    .enters(accepts && is_in),
    .entering(entering),
    .leaves(gives && is_out && element < COUNT),
    .leaving(leaving),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_filled = !rst && m_axis_tvalid && is_out && element >= COUNT && leaving != 0;
  assign fault_valid = !rst && m_axis_tvalid != (level >= OUT);
  assign fault_gap = !rst && must_follow && !m_axis_tvalid;
  assign fault_idle = !rst && !s_axis_tready && !m_axis_tvalid;

  always @(posedge clk) begin
    level <= level + (!accepts ? 5'd0 : (next_in == END_IN) ? LAST_IN : IN) - (gives ? OUT : 5'd0);
    if (accepts) next_in <= (next_in == END_IN) ? 5'd0 : next_in + IN;
    if (gives) next_out <= (next_out == END_OUT) ? 5'd0 : next_out + OUT;
    must_follow <= LANES_IN >= LANES_OUT && s_axis_tvalid && gives;
    if (rst) begin
      element <= (chosen < PLACES) ? chosen : 5'd0;
      next_in <= 5'd0;
      next_out <= 5'd0;
      level <= 5'd0;
      must_follow <= 1'b0;
    end
  end

endmodule

`default_nettype wire
