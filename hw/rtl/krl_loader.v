// SPDX-License-Identifier: Apache-2.0
//
// krl_loader: fills the memories of a core with the words that a bus brings, in one order, with a checksum.
//
// A load is the words MAGIC, LAYOUT and WORDS; then WORDS words for the memories, in the order of memory, word,
// column (32 bits of a word, the low ones first); then the CRC-32 (IEEE 802.3, as in zlib) of all words before
// it, each with its low byte first.
//
// word_valid: a word is offered, with all its bytes if word_whole. refused, in the same cycle: it is not taken.
//           A word is refused, and the load is over, if it is not whole, or no word of the header in its
//           place, or not the CRC; the first one also while quiet is low (BANKS = 1) or a change is pending.
// cancel:   the load is over.
// hold:     no frame may begin. With BANKS = 1 from the first word of a load on, and after one that was cut off
//           while it wrote until another has come to its end (incomplete); with BANKS = 2 from the end of a
//           load until the memories change (pending), in a cycle in which held is high.
// quiet, held: no frame is under way and none begins in this cycle; held: nor will any while hold is high.
// bank, write_bank: the bank that is read, the one that is written.
// loaded:   the CRC of the load whose words are read; 0: those that the memories began with.
// Events:   done and failed are high for one cycle: a load has come to its end, was refused or cancelled.
// Reset:    ends a load. incomplete, pending, bank and loaded are about what the memories hold, and stay.
// Latency:  1 cycle from a word to write, which is high for one of the memories, for one cycle.
// Legal:    MEMORIES >= 2; ADDRESS_BITS, COLUMN_BITS >= 1; WORDS >= 1; BANKS is 1 or 2. Words are 2 cycles apart or more.

`default_nettype none

module krl_loader #(
  // memories that are filled
  parameter integer MEMORIES = 2,
  // bits of the largest number of a word, of a column
  parameter integer ADDRESS_BITS = 4,
  parameter integer COLUMN_BITS = 1,
  // of each memory, the first one in the low bits: the last word, the last column
  parameter [MEMORIES*ADDRESS_BITS-1:0] LAST_WORDS = {MEMORIES*ADDRESS_BITS{1'b1}},
  parameter [MEMORIES*COLUMN_BITS-1:0] LAST_COLUMNS = {MEMORIES*COLUMN_BITS{1'b1}},
  // of the core: what its memories hold, and how many words that is
  parameter [31:0] LAYOUT = 32'd0,
  parameter [31:0] WORDS = 32'd64,
  // sets of memories
  parameter integer BANKS = 1
) (
  input  wire                    clk,
  input  wire                    rst,

  input  wire                    word_valid,
  input  wire                    word_whole,
  input  wire [31:0]             word,
  output wire                    refused,
  input  wire                    cancel,

  output wire                    hold,
  input  wire                    quiet,
  input  wire                    held,

  output reg  [MEMORIES-1:0]     write,
  output reg  [ADDRESS_BITS-1:0] write_address,
  output reg  [COLUMN_BITS-1:0]  write_column,
  output reg  [31:0]             write_data,
  output wire                    write_bank,
  output reg                     bank,

  output wire                    loading,
  output reg                     incomplete,
  output reg                     pending,
  output reg  [31:0]             loaded,
  output wire                    done,
  output wire                    failed
);

  generate
    if (!(MEMORIES >= 2 && ADDRESS_BITS >= 1 && COLUMN_BITS >= 1 && WORDS != 0 && (BANKS == 1 || BANKS == 2))
    ) begin : g_legal
      illegal_parameters_of_krl_loader see_legal_in_its_header ();
    end
  endgenerate

  localparam MEMORY_BITS = (MEMORIES > 1) ? $clog2(MEMORIES) : 1;
  localparam integer LAST_MEMORY = MEMORIES - 1;
  // the letters KRLW
  localparam [31:0] MAGIC = 32'h4b524c57;
  // CRC-32, the lowest power on top
  localparam [31:0] POLYNOMIAL = 32'hedb88320;

  localparam [2:0] IDLE = 3'd0;
  localparam [2:0] HASH = 3'd1;
  localparam [2:0] COUNT = 3'd2;
  localparam [2:0] FILL = 3'd3;
  localparam [2:0] CHECK = 3'd4;

  reg [2:0] state;
  reg [MEMORY_BITS-1:0] memory;
  reg [ADDRESS_BITS-1:0] address;
  reg [COLUMN_BITS-1:0] column;
  reg [31:0] crc;
  // the high half of a word is still to join the checksum
  reg half;

  // ---- what is taken ----

  wire [31:0] expected = (state == IDLE) ? MAGIC : (state == HASH) ? LAYOUT : (state == COUNT) ? WORDS : ~crc;
  wire may_begin = !pending && (BANKS == 2 || quiet);
  wire right = word_whole && (state == FILL || word == expected) && (state != IDLE || may_begin);
  wire takes = word_valid && right;
  wire ends = takes && state == CHECK;

  assign refused = word_valid && !right;
  assign loading = state != IDLE;
  assign done = ends;
  assign failed = refused || (cancel && loading);
  assign hold = pending || incomplete || (BANKS == 1 && loading);

  // ---- where it goes ----

  wire [MEMORIES*ADDRESS_BITS-1:0] last_words = LAST_WORDS;
  wire [MEMORIES*COLUMN_BITS-1:0] last_columns = LAST_COLUMNS;
  wire column_is_last = column == last_columns[memory*COLUMN_BITS +: COLUMN_BITS];
  wire address_is_last = address == last_words[memory*ADDRESS_BITS +: ADDRESS_BITS];
  wire memory_is_last = memory == LAST_MEMORY[MEMORY_BITS-1:0];

  assign write_bank = (BANKS == 2) && !bank;

  always @(posedge clk) begin
    if (word_valid) begin
      case (state)
        IDLE: state <= HASH;
        HASH: state <= COUNT;
        COUNT: state <= FILL;
        FILL: if (column_is_last && address_is_last && memory_is_last) state <= CHECK;
        default: state <= IDLE;
      endcase
    end
    if (failed) state <= IDLE;
    if (takes && state == FILL) begin
      column <= column_is_last ? 0 : column + 1'b1;
      if (column_is_last) address <= address_is_last ? 0 : address + 1'b1;
      if (column_is_last && address_is_last) memory <= memory + 1'b1;
    end
    if (state == IDLE) begin
      column <= 0;
      address <= 0;
      memory <= 0;
    end
    if (rst) state <= IDLE;
  end

  // nothing is written before the first reset
  initial write = {MEMORIES{1'b0}};

  always @(posedge clk) begin
    write <= (takes && state == FILL && !rst) ? {{(MEMORIES-1){1'b0}}, 1'b1} << memory : {MEMORIES{1'b0}};
    write_address <= address;
    write_column <= column;
    write_data <= word;
  end

  // ---- the checksum, in two cycles per word ----

  wire [15:0] joins = half ? write_data[31:16] : word[15:0];
  wire [31:0] after;

  genvar i;
  generate
    for (i = 0; i < 17; i = i + 1) begin : g_step
      wire [31:0] rest;
      if (i == 0) begin : g_first
        assign rest = crc ^ {16'd0, joins};
      end else begin : g_next
        assign rest = {1'b0, g_step[i-1].rest[31:1]} ^ (g_step[i-1].rest[0] ? POLYNOMIAL : 32'd0);
      end
    end
  endgenerate

  assign after = g_step[16].rest;

  always @(posedge clk) begin
    half <= takes && !rst;
    if (rst || (state == IDLE && !takes)) crc <= 32'hffffffff;
    else if (takes || half) crc <= after;
  end

  // ---- what the memories hold ----

  initial begin
    incomplete = 1'b0;
    pending = 1'b0;
    bank = 1'b0;
    loaded = 32'd0;
  end

  generate
    if (BANKS == 2) begin : g_two_banks
      reg [31:0] next;
      always @(posedge clk) begin
        incomplete <= 1'b0;
        if (ends && !rst) begin
          pending <= 1'b1;
          next <= word;
        end else if (held) begin
          pending <= 1'b0;
          if (pending) begin
            bank <= !bank;
            loaded <= next;
          end
        end
      end
    end else begin : g_one_bank
      wire unused_held = held;
      always @(posedge clk) begin
        pending <= 1'b0;
        bank <= 1'b0;
        if (takes && state == FILL && !rst) incomplete <= 1'b1;
        if (ends && !rst) begin
          incomplete <= 1'b0;
          loaded <= word;
        end
      end
    end
  endgenerate

endmodule

`default_nettype wire
