// SPDX-License-Identifier: Apache-2.0
//
// krl_serializer_proof: what krl_serializer must do, for any writer that counts places, any sink and a reset at
// any time.
//
// One result of a vector is chosen with the reset, and followed. OUTPUTS < 16.
//
// taken: places are not given back with the last beat of their word.
// idle:  a result that was in memory is not on the output although that was free.

`default_nettype none

module krl_serializer_proof #(
  parameter PE = 2,
  parameter LANES = 1,
  parameter OUTPUTS = 3,
  parameter DEPTH = 2,
  parameter BITS = 2
) (
  input  wire               clk,
  input  wire               rst,

  // all free in every cycle
  input  wire               mark,
  input  wire [4:0]         chosen,
  input  wire               wanted,
  input  wire [PE*BITS-1:0] result_tdata,
  input  wire               m_axis_tready,

  output wire               fault_steady,
  output wire               fault_early,
  output wire               fault_wrong,
  output wire               fault_lost,
  output wire               fault_taken,
  output wire               fault_idle,
  output wire               arrived
);

  localparam GROUPS = (OUTPUTS + PE - 1) / PE;
  localparam [4:0] COUNT = OUTPUTS;
  localparam [4:0] IN = PE;
  localparam [4:0] OUT = LANES;
  localparam [4:0] PLACES = DEPTH;
  localparam [4:0] END_IN = (GROUPS - 1) * PE;
  localparam [4:0] END_OUT = OUTPUTS - LANES;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire result_taken;
  wire [LANES*BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  // places that the writer may fill
  reg [4:0] free;
  // the result that is followed; the first ones of the word and the beat that are next
  reg [4:0] unit;
  reg [4:0] next_in;
  reg [4:0] next_out;
  // results that have come in and not gone out
  reg [4:0] level;
  reg must_offer;

  wire result_tvalid = wanted && free != 0;
  wire gives = m_axis_tvalid && m_axis_tready;
  wire is_in = unit >= next_in && unit - next_in < IN;
  wire is_out = unit >= next_out && unit - next_out < OUT;
  wire [4:0] in_memory = level - (m_axis_tvalid ? OUT : 5'd0);

  reg [BITS-1:0] entering;
  reg [BITS-1:0] leaving;
  reg [4:0] k;

  always @* begin
    entering = 0;
    for (k = 0; k < IN; k = k + 1) begin
      if (unit - next_in == k) entering = result_tdata[k*BITS +: BITS];
    end
    leaving = 0;
    for (k = 0; k < OUT; k = k + 1) begin
      if (unit - next_out == k) leaving = m_axis_tdata[k*BITS +: BITS];
    end
  end

  krl_serializer #(
    .PE(PE),
    .LANES(LANES),
    .OUTPUTS(OUTPUTS),
    .DEPTH(DEPTH),
    .BITS(BITS)
  ) dut (
    .clk(clk),
    .rst(reset),
    .result_tdata(result_tdata),
    .result_tvalid(result_tvalid),
    .result_taken(result_taken),
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
    .BITS(BITS),
    .MOST(DEPTH + 1)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(result_tvalid && is_in),
    .entering(entering),
    .leaves(gives && is_out),
    .leaving(leaving),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_taken = !reset && (free > PLACES || (free == PLACES) != (in_memory == 0));
  assign fault_idle = !reset && must_offer && !m_axis_tvalid;

  always @(posedge clk) begin
    started <= 1'b1;
    free <= free - {4'd0, result_tvalid} + {4'd0, result_taken};
    level <= level - (gives ? OUT : 5'd0)
        + (!result_tvalid ? 5'd0 : (next_in == END_IN) ? COUNT - END_IN : IN);
    if (result_tvalid) next_in <= (next_in == END_IN) ? 5'd0 : next_in + IN;
    if (gives) next_out <= (next_out == END_OUT) ? 5'd0 : next_out + OUT;
    must_offer <= in_memory != 0 && (m_axis_tready || !m_axis_tvalid);
    if (reset) begin
      free <= PLACES;
      unit <= (chosen < COUNT) ? chosen : 5'd0;
      next_in <= 5'd0;
      next_out <= 5'd0;
      level <= 5'd0;
      must_offer <= 1'b0;
    end
  end

endmodule

`default_nettype wire
