// SPDX-License-Identifier: Apache-2.0
//
// krl_axi_lite: words of 32 bits at an AXI4-Lite bus; what they hold stands outside.
//
// Word i is at the byte address 4 * i; the low two bits of an address are ignored. Every access gets one
// response: OKAY, or SLVERR for a word that is not MAPPED or, on a write, not WRITABLE. Such an access changes
// nothing, a read of it gives 0, and bad_write or bad_read is high for one cycle.
//
// values:   what a read of each word gives, as it is in the cycle in which the address is taken.
// written:  the word that is written, for one cycle; data has its new bits, in the bytes of enables.
// refused:  in the same cycle, for each word: it does not take what is written. The response is then SLVERR, too.
// Latency:  an address with its data, or an address to read, is taken in the cycle behind the first one in
//           which it is offered and no response waits; the response is offered in the cycle after that.
// Bus:      ready, valid and responses are registers. One write and one read at a time, side by side. A
//           response stays until it is taken; none is offered after a reset.
// Legal:    WORDS is a power of 2, at least 2; 4 * WORDS <= 2**ADDRESS_BITS, ADDRESS_BITS <= 32; what is
//           WRITABLE is MAPPED.

`default_nettype none

module krl_axi_lite #(
  // bits of a byte address
  parameter integer ADDRESS_BITS = 12,
  // words that can be told apart
  parameter integer WORDS = 16,
  // those that are there, word 0 in bit 0
  parameter [WORDS-1:0] MAPPED = {WORDS{1'b1}},
  // those that take writes
  parameter [WORDS-1:0] WRITABLE = {WORDS{1'b0}}
) (
  input  wire                    clk,
  input  wire                    rst,

  input  wire [ADDRESS_BITS-1:0] s_axi_awaddr,
  input  wire                    s_axi_awvalid,
  output wire                    s_axi_awready,
  input  wire [31:0]             s_axi_wdata,
  input  wire [3:0]              s_axi_wstrb,
  input  wire                    s_axi_wvalid,
  output wire                    s_axi_wready,
  output reg  [1:0]              s_axi_bresp,
  output reg                     s_axi_bvalid,
  input  wire                    s_axi_bready,
  input  wire [ADDRESS_BITS-1:0] s_axi_araddr,
  input  wire                    s_axi_arvalid,
  output wire                    s_axi_arready,
  output reg  [31:0]             s_axi_rdata,
  output reg  [1:0]              s_axi_rresp,
  output reg                     s_axi_rvalid,
  input  wire                    s_axi_rready,

  input  wire [32*WORDS-1:0]     values,
  output wire [WORDS-1:0]        written,
  input  wire [WORDS-1:0]        refused,
  output wire [31:0]             data,
  output wire [3:0]              enables,
  output wire                    bad_write,
  output wire                    bad_read
);

  localparam INDEX_BITS = (WORDS > 1) ? $clog2(WORDS) : 1;

  generate
    if (!(WORDS >= 2 && WORDS == (1 << INDEX_BITS) && ADDRESS_BITS >= INDEX_BITS + 2 && ADDRESS_BITS <= 32
          && (WRITABLE & ~MAPPED) == 0)) begin : g_legal
      illegal_parameters_of_krl_axi_lite see_legal_in_its_header ();
    end
  endgenerate

  localparam [1:0] OKAY = 2'b00;
  localparam [1:0] SLVERR = 2'b10;

  // high in the cycle in which it is taken
  reg takes_write;
  reg takes_read;

  wire [INDEX_BITS-1:0] write_word = s_axi_awaddr[2 +: INDEX_BITS];
  wire [INDEX_BITS-1:0] read_word = s_axi_araddr[2 +: INDEX_BITS];
  wire write_is_beyond = (s_axi_awaddr >> (INDEX_BITS + 2)) != 0;
  wire read_is_beyond = (s_axi_araddr >> (INDEX_BITS + 2)) != 0;
  wire may_write = !write_is_beyond && WRITABLE[write_word];
  wire may_read = !read_is_beyond && MAPPED[read_word];
  wire unused = &{1'b0, s_axi_awaddr[1:0], s_axi_araddr[1:0]};

  assign s_axi_awready = takes_write;
  assign s_axi_wready = takes_write;
  assign s_axi_arready = takes_read;

  assign written = (takes_write && may_write) ? {{(WORDS - 1){1'b0}}, 1'b1} << write_word : {WORDS{1'b0}};
  assign data = s_axi_wdata;
  assign enables = s_axi_wstrb;
  assign bad_write = takes_write && !(may_write && !refused[write_word]);
  assign bad_read = takes_read && !may_read;

  always @(posedge clk) begin
    takes_write <= s_axi_awvalid && s_axi_wvalid && !takes_write && (!s_axi_bvalid || s_axi_bready);
    takes_read <= s_axi_arvalid && !takes_read && (!s_axi_rvalid || s_axi_rready);
    if (takes_write) s_axi_bresp <= bad_write ? SLVERR : OKAY;
    if (takes_read) begin
      s_axi_rresp <= may_read ? OKAY : SLVERR;
      s_axi_rdata <= may_read ? values[32 * read_word +: 32] : 32'd0;
    end
    s_axi_bvalid <= takes_write || (s_axi_bvalid && !s_axi_bready);
    s_axi_rvalid <= takes_read || (s_axi_rvalid && !s_axi_rready);
    if (rst) begin
      takes_write <= 1'b0;
      takes_read <= 1'b0;
      s_axi_bvalid <= 1'b0;
      s_axi_rvalid <= 1'b0;
    end
  end

endmodule

`default_nettype wire
