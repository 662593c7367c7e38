// SPDX-License-Identifier: Apache-2.0
//
// krl_frame_gate_proof: what krl_frame_gate must do at one of two inputs, for frames of any length, hold and
// restarts at any time.
//
// A beat on offer stays until it is taken, and is taken only while the input is open. What krl_frame_watch would say
// of the other input is free.
//
// taken:    a beat that was on offer inside is taken back.
// cut:      the input is closed in the middle of a frame.
// begun:    a frame begins though the input was held behind the last one.
// missing:  the input is closed though a frame has begun elsewhere in an earlier cycle.
// false:    held is high while a frame is under way or an input is open, or quiet while a beat is on offer.
// arrived:  a frame has come in, the input was held, and another frame has begun.

`default_nettype none

module krl_frame_gate_proof (
  input  wire       clk,
  input  wire       rst,

  // all free in every cycle
  input  wire       restart,
  input  wire       hold,
  input  wire       wanted,
  input  wire       drawn,
  input  wire       ready,
  input  wire [1:0] other,
  input  wire [1:0] behind,
  input  wire       under_way,

  output wire       fault_taken,
  output wire       fault_cut,
  output wire       fault_begun,
  output wire       fault_missing,
  output wire       fault_false,
  output wire       arrived
);

  reg started = 1'b0;
  wire reset = rst || restart || !started;

  wire tvalid;
  wire tlast;
  wire [1:0] open;
  wire quiet;
  wire held;

  // inside of a frame; what was in the cycle before
  reg begun;
  reg was_offered;
  reg was_held;
  reg was_behind;
  // a frame came to its end, and then the inputs were held
  reg ended;
  reg stopped;

  wire takes = tvalid && ready && open[0] && !reset;
  wire first = takes && !begun;
  wire last = takes && tlast;

  proof_source #(
    .WIDTH(1)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(tlast),
    .tvalid(tvalid),
    .tready(takes)
  );

  krl_frame_gate #(
    .INPUTS(2)
  ) dut (
    .clk(clk),
    .rst(rst || !started),
    .restart(restart),
    .hold(hold),
    .tvalid({other[0], tvalid}),
    .first({other[0] && other[1], first}),
    .last({other[0] && other[1], last}),
    .behind(behind),
    .under_way(under_way),
    .open(open),
    .quiet(quiet),
    .held(held)
  );

  assign fault_taken = !reset && was_offered && !open[0];
  assign fault_cut = !reset && begun && !open[0];
  assign fault_begun = !reset && was_held && open[0];
  assign fault_missing = !reset && was_behind && !open[0];
  assign fault_false = !reset && (
      (held && (under_way || behind != 0 || open != 0)) || (quiet && (under_way || behind != 0 || begun))
      || (quiet && tvalid && open[0]));
  assign arrived = !reset && stopped && first;

  always @(posedge clk) begin
    started <= 1'b1;
    begun <= (begun || first) && !last;
    was_offered <= tvalid && open[0] && !takes;
    was_held <= hold && !behind[0] && (last || !open[0]);
    was_behind <= behind[0];
    if (last) ended <= 1'b1;
    if (ended && held) stopped <= 1'b1;
    if (reset) begin
      begun <= 1'b0;
      was_offered <= 1'b0;
      was_held <= 1'b1;
      was_behind <= 1'b0;
      ended <= 1'b0;
      stopped <= 1'b0;
    end
  end

endmodule

`default_nettype wire
