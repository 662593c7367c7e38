// SPDX-License-Identifier: Apache-2.0
//
// krl_issue: admits one vector per cycle to a pipeline that cannot stall, and signals when its results arrive.
//
// The data of the stream go straight into the pipeline; only valid and ready pass here. Control travels beside
// the data in a shift register, and a vector is admitted only while one of the CREDITS places in the next
// buffer is free, so that nothing in the pipeline ever needs to wait.
//
// Latency:  LATENCY cycles from a vector being accepted to result_tvalid.
// Stream:   one vector per cycle; s_axis_tready does not depend on s_axis_tvalid or result_taken, which returns
//           a place.
// Legal:    LATENCY, CREDITS >= 1.

`default_nettype none

module krl_issue #(
  // cycles of the pipeline
  parameter integer LATENCY = 4,
  // places in the result buffer
  parameter integer CREDITS = 6
) (
  input  wire clk,
  input  wire rst,

  input  wire s_axis_tvalid,
  output wire s_axis_tready,

  output wire result_tvalid,
  input  wire result_taken
);

  generate
    if (!(LATENCY >= 1 && CREDITS >= 1)) begin : g_legal
      illegal_parameters_of_krl_issue see_legal_in_its_header ();
    end
  endgenerate

  localparam CREDIT_BITS = $clog2(CREDITS + 1);
  localparam integer ALL_CREDITS = CREDITS;

  reg [CREDIT_BITS-1:0] credits;
  reg [LATENCY-1:0] valid_pipe;

  wire issue = s_axis_tvalid && s_axis_tready;
  wire [LATENCY:0] shifted = {valid_pipe, issue};

  assign s_axis_tready = credits != 0;
  assign result_tvalid = shifted[LATENCY];

  always @(posedge clk) begin
    valid_pipe <= shifted[LATENCY-1:0];
    if (issue && !result_taken) begin
      credits <= credits - 1'b1;
    end else if (result_taken && !issue) begin
      credits <= credits + 1'b1;
    end
    if (rst) begin
      valid_pipe <= 0;
      credits <= ALL_CREDITS[CREDIT_BITS-1:0];
    end
  end

endmodule

`default_nettype wire
