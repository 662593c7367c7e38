// SPDX-License-Identifier: Apache-2.0
//
// krl_channel_lookup_proof: what krl_channel_lookup must do, for any source, any sink and a reset at any time.
//
// The memories beside it give the address itself, of which every bit then has to come out in its place.
//
// idle: the output holds no beat, or gives it, and the input is not ready.
// late: a beat was accepted, and in the next cycle none is on the output.

`default_nettype none

module krl_channel_lookup_proof #(
  parameter LANES = 2,
  parameter PERIOD = 3,
  parameter X_BITS = 1
) (
  input  wire                    clk,
  input  wire                    rst,

  // all free in every cycle
  input  wire                    mark,
  input  wire                    wanted,
  input  wire [LANES*X_BITS-1:0] drawn,
  input  wire                    m_axis_tready,

  output wire                    fault_steady,
  output wire                    fault_early,
  output wire                    fault_wrong,
  output wire                    fault_lost,
  output wire                    fault_idle,
  output wire                    fault_late,
  output wire                    arrived
);

  localparam BEAT_BITS = (PERIOD > 1) ? $clog2(PERIOD) : 0;
  localparam BITS = X_BITS + BEAT_BITS;
  localparam integer LAST_BEAT = PERIOD - 1;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [LANES*X_BITS-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [LANES*BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid;
  wire lookup_enable;
  wire [LANES*BITS-1:0] lookup_address;
  reg [LANES*BITS-1:0] lookup_data;

  wire accepts = s_axis_tvalid && s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;

  // the beat of the period that comes next
  reg [BEAT_BITS:0] beat;
  reg accepted;
  wire [LANES*BITS-1:0] entering;

  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
      if (PERIOD > 1) begin : g_beats
        assign entering[i*BITS +: BITS] = {beat[BEAT_BITS-1:0], s_axis_tdata[i*X_BITS +: X_BITS]};
      end else begin : g_one_beat
        assign entering[i*BITS +: BITS] = s_axis_tdata[i*X_BITS +: X_BITS];
      end
    end
  endgenerate

  proof_source #(
    .WIDTH(LANES * X_BITS)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(s_axis_tdata),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  krl_channel_lookup #(
    .LANES(LANES),
    .PERIOD(PERIOD),
    .X_BITS(X_BITS),
    .BITS(BITS)
  ) dut (
    .clk(clk),
    .rst(reset),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .lookup_enable(lookup_enable),
    .lookup_address(lookup_address),
    .lookup_data(lookup_data),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready)
  );

  proof_steady #(
    .WIDTH(LANES * BITS)
  ) steady (
    .clk(clk),
    .rst(reset),
    .tdata(m_axis_tdata),
    .tvalid(m_axis_tvalid),
    .tready(m_axis_tready),
    .fault(fault_steady)
  );

  proof_order #(
    .BITS(LANES * BITS),
    .MOST(1)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(accepts),
    .entering(entering),
    .leaves(gives),
    .leaving(m_axis_tdata),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_idle = !reset && (m_axis_tready || !m_axis_tvalid) && !s_axis_tready;
  assign fault_late = !reset && accepted && !m_axis_tvalid;

  always @(posedge clk) begin
    started <= 1'b1;
    accepted <= accepts && !reset;
    if (lookup_enable) lookup_data <= lookup_address;
    if (accepts) beat <= (beat == LAST_BEAT[BEAT_BITS:0]) ? 0 : beat + 1'b1;
    if (reset) beat <= 0;
  end

endmodule

`default_nettype wire
