// SPDX-License-Identifier: Apache-2.0
//
// krl_rom: a read-only memory, initialised from a hexadecimal file of DEPTH words.
//
// Latency:  1 cycle from address to data; data holds while enable is low.
// Legal:    WIDTH >= 1, DEPTH >= 1.
// FILE is relative to the directory in which the tool runs, or, where the macro KRL_DESIGN_DIR is defined, to
// that one: a string, so that -DKRL_DESIGN_DIR='"/some/where"' lets tools start anywhere.

`default_nettype none

module krl_rom #(
  // bits per word
  parameter integer WIDTH = 8,
  // words
  parameter integer DEPTH = 16,
  // one word per line, in hexadecimal
  parameter FILE = "",
  // 1: block RAM, 0: look-up tables
  parameter integer BLOCK = 0
) (
  input  wire                    clk,
  input  wire                    enable,
  input  wire [((DEPTH > 1) ? $clog2(DEPTH) : 1)-1:0] address,
  output reg  [WIDTH-1:0]        data
);

  generate
    if (!(WIDTH >= 1 && DEPTH >= 1)) begin : g_legal
      illegal_parameters_of_krl_rom see_legal_in_its_header ();
    end
  endgenerate

`ifdef KRL_DESIGN_DIR
  localparam PLACE = {`KRL_DESIGN_DIR, "/", FILE};
`else
  localparam PLACE = FILE;
`endif

  generate
    if (BLOCK != 0) begin : g_block
      (* rom_style = "block", romstyle = "M20K" *)
      reg [WIDTH-1:0] memory [0:DEPTH-1];
      initial $readmemh(PLACE, memory);
      always @(posedge clk) if (enable) data <= memory[address];
    end else begin : g_distributed
      // logic_block is Yosys' word for it; with rom_style = "distributed" beside it, Yosys 0.23 finds no
      // mapping
      (* logic_block = 1, romstyle = "logic" *)
      reg [WIDTH-1:0] memory [0:DEPTH-1];
      initial $readmemh(PLACE, memory);
      always @(posedge clk) if (enable) data <= memory[address];
    end
  endgenerate

endmodule

`default_nettype wire
