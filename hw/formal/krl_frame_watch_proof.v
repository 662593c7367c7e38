// SPDX-License-Identifier: Apache-2.0
//
// krl_frame_watch_proof: what krl_frame_watch must say of any frames of any streams, with a restart and a reset
// at any time.
//
// No input begins a frame while DEPTH are under way for it; no output ends one that an input has not begun.
//
// told:  a frame is under way, or an input behind the others, and it is not said, or said and not so.
// done:  a frame is done and not told, or told and not done.
// now:   the count of cycles is not that of the cycle before and one more, or not zero behind a reset.
// kept:  the cycles of the frame that was done last change, though none was done.
// early, wrong, lost: from proof_order: the cycles are not those since the frame's own beginning.

`default_nettype none

module krl_frame_watch_proof #(
  parameter integer INPUTS = 1,
  parameter integer OUTPUTS = 1,
  parameter integer DEPTH = 2,
  parameter integer COUNT_BITS = 2
) (
  input  wire               clk,
  input  wire               rst,

  // all free in every cycle
  input  wire               mark,
  input  wire               restart,
  input  wire [INPUTS-1:0]  begin_one,
  input  wire [OUTPUTS-1:0] end_one,

  output wire               fault_told,
  output wire               fault_done,
  output wire               fault_now,
  output wire               fault_kept,
  output wire               fault_early,
  output wire               fault_wrong,
  output wire               fault_lost,
  output wire               arrived
);

  localparam LEVEL_BITS = $clog2(DEPTH + 1);
  localparam integer FULL = DEPTH;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [INPUTS-1:0] behind;
  wire [INPUTS-1:0] is_behind;
  wire in_core;
  wire done;
  wire [COUNT_BITS-1:0] now;
  wire [COUNT_BITS-1:0] cycles;

  // frames that have begun anywhere and are not done
  reg [LEVEL_BITS-1:0] under_way;
  wire [INPUTS-1:0] first;
  wire [INPUTS-1:0] leads;
  wire [OUTPUTS-1:0] last;
  wire [OUTPUTS-1:0] given;
  wire begins = |leads;
  wire is_done = &given;

  genvar i;
  genvar o;
  generate
    for (i = 0; i < INPUTS; i = i + 1) begin : g_input
      // those that this input has begun
      reg [LEVEL_BITS-1:0] begun;
      wire [LEVEL_BITS:0] with_this = begun + {{LEVEL_BITS{1'b0}}, first[i]};
      assign first[i] = begin_one[i] && begun != FULL[LEVEL_BITS-1:0];
      assign leads[i] = first[i] && begun == under_way;
      assign is_behind[i] = begun != under_way;
      always @(posedge clk) begin
        begun <= with_this[LEVEL_BITS-1:0] - {{(LEVEL_BITS-1){1'b0}}, is_done};
        if (reset || restart) begin
          begun <= 0;
        end
      end
    end
    for (o = 0; o < OUTPUTS; o = o + 1) begin : g_output
      // those that this output has given
      reg [LEVEL_BITS-1:0] ended;
      wire [INPUTS-1:0] may;
      for (i = 0; i < INPUTS; i = i + 1) begin : g_may
        assign may[i] = {1'b0, ended} < g_input[i].with_this;
      end
      assign last[o] = end_one[o] && &may;
      assign given[o] = last[o] || ended != 0;
      always @(posedge clk) begin
        ended <= ended + {{(LEVEL_BITS-1){1'b0}}, last[o]} - {{(LEVEL_BITS-1){1'b0}}, is_done};
        if (reset || restart) begin
          ended <= 0;
        end
      end
    end
  endgenerate

  krl_frame_watch #(
    .INPUTS(INPUTS),
    .OUTPUTS(OUTPUTS),
    .DEPTH(DEPTH),
    .COUNT_BITS(COUNT_BITS)
  ) dut (
    .clk(clk),
    .rst(reset),
    .restart(restart),
    .first(first),
    .last(last),
    .behind(behind),
    .under_way(in_core),
    .done(done),
    .now(now),
    .cycles(cycles)
  );

  // the cycle before: cycles tell of it
  reg was_reset;
  reg forgot;
  reg began;
  reg was_done;
  reg [COUNT_BITS-1:0] then;
  reg [COUNT_BITS-1:0] cycles_before;

  proof_order #(
    .BITS(COUNT_BITS),
    .MOST(DEPTH)
  ) order (
    .clk(clk),
    .rst(reset || forgot),
    .mark(mark),
    .enters(began),
    .entering(then),
    .leaves(was_done),
    .leaving(then - cycles),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_told = !reset && (behind != is_behind || in_core != (under_way != 0));
  assign fault_done = !reset && done != is_done;
  assign fault_now = !reset && now != (was_reset ? {COUNT_BITS{1'b0}} : then + 1'b1);
  assign fault_kept = !reset && cycles != cycles_before && !was_done && !was_reset;

  always @(posedge clk) begin
    started <= 1'b1;
    was_reset <= reset;
    forgot <= reset || restart;
    began <= begins;
    was_done <= done;
    then <= now;
    cycles_before <= cycles;
    under_way <= under_way + {{(LEVEL_BITS-1){1'b0}}, begins} - {{(LEVEL_BITS-1){1'b0}}, is_done};
    if (reset || restart) begin
      under_way <= 0;
    end
  end

endmodule

`default_nettype wire
