// SPDX-License-Identifier: Apache-2.0
//
// krl_stream_watch: counts the frames of a stream, and the cycles in which one of its sides waits; it only
//                   watches.
//
// first, last: in this cycle the first, the last beat of a frame is taken.
// frames:      frames of which the last beat was taken.
// stalls:      cycles in which stalled was high.
// USE_TLAST:   0 for streams without tlast: the BEATS-th beat is then the last one of a frame.
// restart:     what is taken next begins a frame. The counters go on; rst alone clears them.
// Latency:     0 to first and last; the counters follow in the next cycle. They wrap around.
// Legal:       BEATS >= 1; USE_TLAST is 0 or 1.

`default_nettype none

module krl_stream_watch #(
  // beats per frame
  parameter integer BEATS = 784,
  // 1: tlast ends a frame; 0: the BEATS-th beat does
  parameter integer USE_TLAST = 1
) (
  input  wire        clk,
  input  wire        rst,
  input  wire        restart,

  input  wire        tvalid,
  input  wire        tready,
  input  wire        tlast,
  input  wire        stalled,

  output wire        first,
  output wire        last,
  output reg  [31:0] frames,
  output reg  [31:0] stalls
);

  generate
    if (!(BEATS >= 1 && (USE_TLAST == 0 || USE_TLAST == 1))) begin : g_legal
      illegal_parameters_of_krl_stream_watch see_legal_in_its_header ();
    end
  endgenerate

  localparam BEAT_BITS = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam integer LAST = BEATS - 1;

  // a frame has begun; its beats are counted where there is no tlast
  reg begun;
  reg [BEAT_BITS-1:0] beat;

  wire takes = tvalid && tready;
  wire ends = (USE_TLAST != 0) ? tlast : beat == LAST[BEAT_BITS-1:0];

  assign first = takes && !begun;
  assign last = takes && ends;

  always @(posedge clk) begin
    if (takes) begin
      begun <= !ends;
      beat <= (ends || USE_TLAST != 0) ? 0 : beat + 1'b1;
    end
    if (last) frames <= frames + 1'b1;
    if (stalled) stalls <= stalls + 1'b1;
    if (rst || restart) begin
      begun <= 1'b0;
      beat <= 0;
    end
    if (rst) begin
      frames <= 32'd0;
      stalls <= 32'd0;
    end
  end

endmodule

`default_nettype wire
