// SPDX-License-Identifier: Apache-2.0
//
// krl_frame_gate: closes the inputs of a core between two frames, all behind the same one.
//
// An input closes in the cycle behind its frame's last beat, or where none has begun and no beat is on offer, so that
// no beat that was on offer is taken back inside. One that has still to bring its part of a frame that has begun at
// another input (behind) stays open for it.
//
// open:     beats may pass the input; outside, neither valid nor ready goes through while it is low.
// hold:     no frame may begin.
// quiet:    no frame is under way, and none begins in this cycle.
// held:     the same, and all inputs are closed: nothing happens while hold is high.
// restart:  what was under way is forgotten; inputs are closed, and open in the next cycle unless held.
// Latency:  1 cycle from hold to open.
// Legal:    INPUTS >= 1.

`default_nettype none

module krl_frame_gate #(
  // streams in
  parameter integer INPUTS = 1
) (
  input  wire              clk,
  input  wire              rst,
  input  wire              restart,

  input  wire              hold,
  // of every input: a beat is on offer; the first, the last beat of a frame is taken; see krl_frame_watch
  input  wire [INPUTS-1:0] tvalid,
  input  wire [INPUTS-1:0] first,
  input  wire [INPUTS-1:0] last,
  input  wire [INPUTS-1:0] behind,
  input  wire              under_way,

  output wire [INPUTS-1:0] open,
  output wire              quiet,
  output wire              held
);

  generate
    if (!(INPUTS >= 1)) begin : g_legal
      illegal_parameters_of_krl_frame_gate see_legal_in_its_header ();
    end
  endgenerate

  reg [INPUTS-1:0] begun;
  reg [INPUTS-1:0] closed;

  assign open = ~closed;
  assign held = &closed && behind == 0 && !under_way;
  assign quiet = &(closed | ~(begun | tvalid)) && behind == 0 && !under_way;

  always @(posedge clk) begin
    begun <= (begun | first) & ~last;
    closed <= {INPUTS{hold}} & ~behind & (closed | last | ~(begun | tvalid));
    if (rst || restart) begin
      begun <= 0;
      closed <= {INPUTS{1'b1}};
    end
  end

endmodule

`default_nettype wire
