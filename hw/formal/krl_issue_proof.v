// SPDX-License-Identifier: Apache-2.0
//
// krl_issue_proof: what krl_issue must do, for any source, any reader of results and a reset at any time.
//
// Data pass beside it through a pipeline of LATENCY registers that never stands, and are followed.
//
// wrong: a result is signalled while others are at the end of the pipeline.
// full:  results are signalled, and not taken, for which there is no place.
// idle:  a place is free for one more than there are inside, and a vector is not accepted.

`default_nettype none

module krl_issue_proof #(
  parameter WIDTH = 2,
  parameter LATENCY = 2,
  parameter CREDITS = 3
) (
  input  wire             clk,
  input  wire             rst,

  // all free in every cycle
  input  wire             mark,
  input  wire             wanted,
  input  wire [WIDTH-1:0] drawn,
  input  wire             takes,

  output wire             fault_early,
  output wire             fault_wrong,
  output wire             fault_lost,
  output wire             fault_full,
  output wire             fault_idle,
  output wire             arrived
);

  localparam COUNT_BITS = $clog2(LATENCY + CREDITS + 2);
  localparam integer PLACES = CREDITS;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [WIDTH-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire result_tvalid;

  // vectors that were accepted and results that were signalled, less those taken
  reg [COUNT_BITS-1:0] places_used;
  reg [COUNT_BITS-1:0] waiting;
  reg [LATENCY*WIDTH-1:0] pipeline;

  wire accepts = s_axis_tvalid && s_axis_tready;
  wire result_taken = takes && waiting != 0;

  proof_source #(
    .WIDTH(WIDTH)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(s_axis_tdata),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  krl_issue #(
    .LATENCY(LATENCY),
    .CREDITS(CREDITS)
  ) dut (
    .clk(clk),
    .rst(reset),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .result_tvalid(result_tvalid),
    .result_taken(result_taken)
  );

  proof_order #(
    .BITS(WIDTH),
    .MOST(LATENCY)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(accepts),
    .entering(s_axis_tdata),
    .leaves(result_tvalid),
    .leaving(pipeline[(LATENCY-1)*WIDTH +: WIDTH]),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_full = !reset && waiting > PLACES[COUNT_BITS-1:0];
  assign fault_idle = !reset && !s_axis_tready && places_used != PLACES[COUNT_BITS-1:0];

  always @(posedge clk) begin
    started <= 1'b1;
    pipeline <= pipeline << WIDTH;
    pipeline[WIDTH-1:0] <= s_axis_tdata;
    places_used <= places_used + {{(COUNT_BITS-1){1'b0}}, accepts} - {{(COUNT_BITS-1){1'b0}}, result_taken};
    waiting <= waiting + {{(COUNT_BITS-1){1'b0}}, result_tvalid} - {{(COUNT_BITS-1){1'b0}}, result_taken};
    if (reset) begin
      places_used <= 0;
      waiting <= 0;
    end
  end

endmodule

`default_nettype wire
