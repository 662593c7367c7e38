// SPDX-License-Identifier: Apache-2.0
//
// krl_store: a memory in the place of a krl_rom that can be written again, 32 bits at a time.
//
// What a word holds is as in krl_rom: DEPTH words from a hexadecimal file, in bank 0, until others are written. A
// word is written column by column, column k being its bits 32 * k and up. With BANKS = 2 there are two of
// everything: words are read out of one bank and written to the other, or to the same.
//
// Latency:  1 cycle from address and bank to data; data holds while enable is low.
// Contract: a word is not read in the cycle in which it is written (the old or the new word may come).
// Legal:    WIDTH >= 1, DEPTH >= 1; BANKS is 1 or 2. With BANKS = 1 bank and write_bank are ignored.
// FILE is where krl_rom looks for it.

`default_nettype none

module krl_store #(
  // bits per word
  parameter integer WIDTH = 72,
  // words
  parameter integer DEPTH = 16,
  // one word per line, in hexadecimal
  parameter FILE = "",
  // 1: block RAM, 0: look-up tables
  parameter integer BLOCK = 0,
  // sets of words
  parameter integer BANKS = 1,
  // follow from the above; do not set
  parameter integer COLUMNS = (WIDTH + 31) / 32,
  parameter integer COLUMN_BITS = (COLUMNS > 1) ? $clog2(COLUMNS) : 1,
  parameter integer ADDRESS_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
  input  wire                    clk,

  input  wire                    bank,
  input  wire                    enable,
  input  wire [ADDRESS_BITS-1:0] address,
  output reg  [WIDTH-1:0]        data,

  input  wire                    write,
  input  wire                    write_bank,
  input  wire [ADDRESS_BITS-1:0] write_address,
  input  wire [COLUMN_BITS-1:0]  write_column,
  input  wire [31:0]             write_data
);

  generate
    if (!((WIDTH >= 1 && DEPTH >= 1 && (BANKS == 1 || BANKS == 2) && COLUMNS == (WIDTH + 31) / 32) &&
          (COLUMN_BITS == ((COLUMNS > 1) ? $clog2(COLUMNS) : 1)) &&
          (ADDRESS_BITS == ((DEPTH > 1) ? $clog2(DEPTH) : 1)))
    ) begin : g_legal
      illegal_parameters_of_krl_store see_legal_in_its_header ();
    end
  endgenerate

`ifdef KRL_DESIGN_DIR
  localparam PLACE = {`KRL_DESIGN_DIR, "/", FILE};
`else
  localparam PLACE = FILE;
`endif

  // the second bank lies behind a power of 2, so that its bit is one of the address
  localparam PLACES = (BANKS == 2) ? 2 << ADDRESS_BITS : DEPTH;
  localparam PLACE_BITS = ADDRESS_BITS + BANKS - 1;

  wire [PLACE_BITS-1:0] from;
  wire [PLACE_BITS-1:0] to;
  // words may be narrower than what is written at once
  wire unused_write_data = &{1'b0, write_data};

  genvar k;
  generate
    if (BANKS == 2) begin : g_banks
      assign from = {bank, address};
      assign to = {write_bank, write_address};
    end else begin : g_one_bank
      wire unused_banks = &{1'b0, bank, write_bank};
      assign from = address;
      assign to = write_address;
    end

    if (BLOCK != 0) begin : g_block
      (* ram_style = "block", ramstyle = "M20K, no_rw_check" *)
      reg [WIDTH-1:0] memory [0:PLACES-1];
      initial $readmemh(PLACE, memory, 0, DEPTH - 1);
      always @(posedge clk) if (enable) data <= memory[from];
      for (k = 0; k < COLUMNS; k = k + 1) begin : g_column
        localparam integer COLUMN = k;
        localparam BITS = (WIDTH - 32 * k < 32) ? WIDTH - 32 * k : 32;
        always @(posedge clk) begin
          if (write && write_column == COLUMN[COLUMN_BITS-1:0]) memory[to][32*k +: BITS] <= write_data[BITS-1:0];
        end
      end
    end else begin : g_distributed
      (* ram_style = "distributed", ramstyle = "MLAB, no_rw_check" *)
      reg [WIDTH-1:0] memory [0:PLACES-1];
      initial $readmemh(PLACE, memory, 0, DEPTH - 1);
      always @(posedge clk) if (enable) data <= memory[from];
      for (k = 0; k < COLUMNS; k = k + 1) begin : g_column
        localparam integer COLUMN = k;
        localparam BITS = (WIDTH - 32 * k < 32) ? WIDTH - 32 * k : 32;
        always @(posedge clk) begin
          if (write && write_column == COLUMN[COLUMN_BITS-1:0]) memory[to][32*k +: BITS] <= write_data[BITS-1:0];
        end
      end
    end
  endgenerate

endmodule

`default_nettype wire
