// SPDX-License-Identifier: Apache-2.0
//
// krl_select: word = words[index].
//
// The words are padded to a power of two: of a part-select at index * BITS, synthesis makes several times as
// many look-up tables, or even a multiplier.
//
// Latency:  none, combinational.
// Legal:    COUNT >= 1, BITS >= 1; index < COUNT.

`default_nettype none

module krl_select #(
  // words to choose from
  parameter integer COUNT = 4,
  // bits per word
  parameter integer BITS = 8
) (
  input  wire [COUNT*BITS-1:0] words,
  input  wire [((COUNT > 1) ? $clog2(COUNT) : 1)-1:0] index,
  output wire [BITS-1:0]       word
);

  generate
    if (!(COUNT >= 1 && BITS >= 1)) begin : g_legal
      illegal_parameters_of_krl_select see_legal_in_its_header ();
    end
  endgenerate

  localparam STRIDE_BITS = (BITS > 1) ? $clog2(BITS) : 1;
  localparam STRIDE = 1 << STRIDE_BITS;

  wire [COUNT*STRIDE-1:0] padded;

  genvar i;
  generate
    for (i = 0; i < COUNT; i = i + 1) begin : g_word
      assign padded[i*STRIDE +: BITS] = words[i*BITS +: BITS];
      if (STRIDE > BITS) begin : g_pad
        assign padded[i*STRIDE+BITS +: STRIDE-BITS] = 0;
        wire unused_padding = &{1'b0, padded[i*STRIDE+BITS +: STRIDE-BITS]};
      end
    end

    if (COUNT > 1) begin : g_select
      assign word = padded[{index, {STRIDE_BITS{1'b0}}} +: BITS];
    end else begin : g_one_word
      wire unused_index = &{1'b0, index};
      assign word = padded[BITS-1:0];
    end
  endgenerate

endmodule

`default_nettype wire
