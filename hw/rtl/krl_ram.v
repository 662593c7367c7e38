// SPDX-License-Identifier: Apache-2.0
//
// krl_ram: a memory with one write port and one read port.
//
// Latency:  1 cycle from read_address to read_data; read_data holds while read_enable is low.
// Contract: a word is not read in the cycle in which it is written (the old or the new word may come).
// Legal:    WIDTH >= 1, DEPTH >= 1.

`default_nettype none

module krl_ram #(
  // bits per word
  parameter integer WIDTH = 8,
  // words
  parameter integer DEPTH = 16,
  // 1: block RAM, 0: look-up tables
  parameter integer BLOCK = 0
) (
  input  wire                    clk,

  input  wire                    write_enable,
  input  wire [((DEPTH > 1) ? $clog2(DEPTH) : 1)-1:0] write_address,
  input  wire [WIDTH-1:0]        write_data,

  input  wire                    read_enable,
  input  wire [((DEPTH > 1) ? $clog2(DEPTH) : 1)-1:0] read_address,
  output reg  [WIDTH-1:0]        read_data
);

  generate
    if (!(WIDTH >= 1 && DEPTH >= 1)) begin : g_legal
      illegal_parameters_of_krl_ram see_legal_in_its_header ();
    end
  endgenerate

  generate
    if (BLOCK != 0) begin : g_block
      (* ram_style = "block", ramstyle = "M20K, no_rw_check" *)
      reg [WIDTH-1:0] memory [0:DEPTH-1];
      always @(posedge clk) begin
        if (write_enable) memory[write_address] <= write_data;
        if (read_enable) read_data <= memory[read_address];
      end
    end else begin : g_distributed
      (* ram_style = "distributed", ramstyle = "MLAB, no_rw_check" *)
      reg [WIDTH-1:0] memory [0:DEPTH-1];
      always @(posedge clk) begin
        if (write_enable) memory[write_address] <= write_data;
        if (read_enable) read_data <= memory[read_address];
      end
    end
  endgenerate

endmodule

`default_nettype wire
