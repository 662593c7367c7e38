// SPDX-License-Identifier: Apache-2.0
//
// proof_source: any legal source of a stream: what it offers stays until it is taken, or until a reset.
//
// wanted and drawn are free in every cycle, so a beat may be offered at any time and hold anything.

`default_nettype none

module proof_source #(
  // bits of a beat
  parameter WIDTH = 8
) (
  input  wire             clk,
  input  wire             rst,

  input  wire             wanted,
  input  wire [WIDTH-1:0] drawn,

  output wire [WIDTH-1:0] tdata,
  output wire             tvalid,
  input  wire             tready
);

  reg waiting;
  reg [WIDTH-1:0] kept;

  assign tvalid = waiting || wanted;
  assign tdata = waiting ? kept : drawn;

  always @(posedge clk) begin
    waiting <= tvalid && !tready && !rst;
    kept <= tdata;
  end

endmodule

`default_nettype wire
