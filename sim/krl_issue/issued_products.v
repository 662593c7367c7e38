// SPDX-License-Identifier: Apache-2.0
//
// issued_products: krl_issue and a generated module of constants, as they stand together in a layer.

`default_nettype none

module issued_products #(
  parameter INPUTS = 4,
  parameter OUTPUTS = 2,
  parameter X_BITS = 8,
  parameter SUM_BITS = 20,
  parameter LATENCY = 4,
  parameter CREDITS = 6
) (
  input  wire                      clk,
  input  wire                      rst,

  input  wire [INPUTS*X_BITS-1:0]  s_axis_tdata,
  input  wire                      s_axis_tvalid,
  output wire                      s_axis_tready,

  output wire [OUTPUTS*SUM_BITS-1:0] result_tdata,
  output wire                      result_tvalid,
  input  wire                      result_taken
);

  krl_issue #(
    .LATENCY(LATENCY),
    .CREDITS(CREDITS)
  ) control (
    .clk(clk),
    .rst(rst),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .result_tvalid(result_tvalid),
    .result_taken(result_taken)
  );

  products products (
    .clk(clk),
    .x(s_axis_tdata),
    .sums(result_tdata)
  );

endmodule

`default_nettype wire
