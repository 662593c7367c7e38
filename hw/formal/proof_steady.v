// SPDX-License-Identifier: Apache-2.0
//
// proof_steady: a beat that was offered must stay as it is until it is taken, or until a reset.

`default_nettype none

module proof_steady #(
  // bits of a beat, tlast among them
  parameter WIDTH = 8
) (
  input  wire             clk,
  input  wire             rst,

  input  wire [WIDTH-1:0] tdata,
  input  wire             tvalid,
  input  wire             tready,

  output wire             fault
);

  reg waiting;
  reg [WIDTH-1:0] kept;

  assign fault = !rst && waiting && !(tvalid && tdata == kept);

  always @(posedge clk) begin
    waiting <= tvalid && !tready && !rst;
    kept <= tdata;
  end

endmodule

`default_nettype wire
