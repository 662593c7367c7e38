// SPDX-License-Identifier: Apache-2.0
//
// krl_axi_lite_proof: what krl_axi_lite must do for any master that keeps to the rules, with any words behind
// it and a reset at any time.
//
// Channels of requests offer what they like and hold it until it is taken; responses are taken at any time.
//
// steady:   a response changes, or is withdrawn, before it is taken.
// unasked:  a response is offered though no access waits for one.
// crowded:  an access is taken while another one of its kind waits for its response.
// half:     an address is taken without its data, or data without their address.
// wrong:    a response is not what the address asks for, or a read gives another word, or as it was later.
// written:  a word is not written exactly when it should be, or a bad access is not told exactly then.
// open:     a response is offered behind an edge in reset, or something is taken there.
// idle:     an access is offered whole, no response waits, and it is not taken in the next cycle.
// silent:   an access was taken in the cycle before, and no response is offered.
// arrived:  a write of one word, and then a read of it, were answered with OKAY.

`default_nettype none

module krl_axi_lite_proof #(
  parameter ADDRESS_BITS = 5,
  parameter WORDS = 4,
  parameter MAPPED = 11,
  parameter WRITABLE = 9
) (
  input  wire                    clk,
  input  wire                    rst,

  // all free in every cycle
  input  wire                    wants_address,
  input  wire [ADDRESS_BITS-1:0] drawn_address,
  input  wire                    wants_data,
  input  wire [35:0]             drawn_data,
  input  wire                    wants_read,
  input  wire [ADDRESS_BITS-1:0] drawn_read,
  input  wire                    s_axi_bready,
  input  wire                    s_axi_rready,
  input  wire [32*WORDS-1:0]     values,
  input  wire [WORDS-1:0]        refused,

  output wire                    fault_steady,
  output wire                    fault_unasked,
  output wire                    fault_crowded,
  output wire                    fault_half,
  output wire                    fault_wrong,
  output wire                    fault_written,
  output wire                    fault_open,
  output wire                    fault_idle,
  output wire                    fault_silent,
  output wire                    arrived
);

  localparam INDEX_BITS = $clog2(WORDS);
  localparam [WORDS-1:0] IS_MAPPED = MAPPED;
  localparam [WORDS-1:0] IS_WRITABLE = WRITABLE;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [ADDRESS_BITS-1:0] s_axi_awaddr;
  wire s_axi_awvalid;
  wire s_axi_awready;
  wire [31:0] s_axi_wdata;
  wire [3:0] s_axi_wstrb;
  wire s_axi_wvalid;
  wire s_axi_wready;
  wire [1:0] s_axi_bresp;
  wire s_axi_bvalid;
  wire [ADDRESS_BITS-1:0] s_axi_araddr;
  wire s_axi_arvalid;
  wire s_axi_arready;
  wire [31:0] s_axi_rdata;
  wire [1:0] s_axi_rresp;
  wire s_axi_rvalid;
  wire [WORDS-1:0] written;
  wire [31:0] data;
  wire [3:0] enables;
  wire bad_write;
  wire bad_read;

  proof_source #(
    .WIDTH(ADDRESS_BITS)
  ) addresses (
    .clk(clk),
    .rst(reset),
    .wanted(wants_address),
    .drawn(drawn_address),
    .tdata(s_axi_awaddr),
    .tvalid(s_axi_awvalid),
    .tready(s_axi_awready)
  );

  proof_source #(
    .WIDTH(36)
  ) writes (
    .clk(clk),
    .rst(reset),
    .wanted(wants_data),
    .drawn(drawn_data),
    .tdata({s_axi_wstrb, s_axi_wdata}),
    .tvalid(s_axi_wvalid),
    .tready(s_axi_wready)
  );

  proof_source #(
    .WIDTH(ADDRESS_BITS)
  ) reads (
    .clk(clk),
    .rst(reset),
    .wanted(wants_read),
    .drawn(drawn_read),
    .tdata(s_axi_araddr),
    .tvalid(s_axi_arvalid),
    .tready(s_axi_arready)
  );

  krl_axi_lite #(
    .ADDRESS_BITS(ADDRESS_BITS),
    .WORDS(WORDS),
    .MAPPED(IS_MAPPED),
    .WRITABLE(IS_WRITABLE)
  ) dut (
    .clk(clk),
    .rst(reset),
    .s_axi_awaddr(s_axi_awaddr),
    .s_axi_awvalid(s_axi_awvalid),
    .s_axi_awready(s_axi_awready),
    .s_axi_wdata(s_axi_wdata),
    .s_axi_wstrb(s_axi_wstrb),
    .s_axi_wvalid(s_axi_wvalid),
    .s_axi_wready(s_axi_wready),
    .s_axi_bresp(s_axi_bresp),
    .s_axi_bvalid(s_axi_bvalid),
    .s_axi_bready(s_axi_bready),
    .s_axi_araddr(s_axi_araddr),
    .s_axi_arvalid(s_axi_arvalid),
    .s_axi_arready(s_axi_arready),
    .s_axi_rdata(s_axi_rdata),
    .s_axi_rresp(s_axi_rresp),
    .s_axi_rvalid(s_axi_rvalid),
    .s_axi_rready(s_axi_rready),
    .values(values),
    .written(written),
    .refused(refused),
    .data(data),
    .enables(enables),
    .bad_write(bad_write),
    .bad_read(bad_read)
  );

  // an access was taken, and its response not yet; what that must be
  reg write_waits;
  reg read_waits;
  reg write_is_good;
  reg read_is_good;
  reg [31:0] expected;
  // what was in the cycle before
  reg was_reset;
  reg took_write;
  reg took_read;
  reg could_write;
  reg could_read;
  reg held_b;
  reg held_r;
  reg [1:0] held_bresp;
  reg [33:0] held_read;
  // a write of word 0 was answered
  reg wrote;

  wire takes_write = s_axi_awvalid && s_axi_awready && s_axi_wvalid && s_axi_wready;
  wire takes_read = s_axi_arvalid && s_axi_arready;
  wire [INDEX_BITS-1:0] write_word = s_axi_awaddr[2 +: INDEX_BITS];
  wire [INDEX_BITS-1:0] read_word = s_axi_araddr[2 +: INDEX_BITS];
  wire may_write = s_axi_awaddr < 4 * WORDS && IS_WRITABLE[write_word];
  wire may_read = s_axi_araddr < 4 * WORDS && IS_MAPPED[read_word];
  wire is_taken = may_write && !refused[write_word];
  wire [WORDS-1:0] one = 1;
  wire unused = &{1'b0, s_axi_bresp[0], s_axi_rresp[0]};

  assign fault_steady = !reset && started && (
      (held_b && (!s_axi_bvalid || s_axi_bresp != held_bresp))
      || (held_r && (!s_axi_rvalid || {s_axi_rresp, s_axi_rdata} != held_read)));
  assign fault_unasked = !reset && ((s_axi_bvalid && !write_waits) || (s_axi_rvalid && !read_waits));
  assign fault_crowded = !reset && ((takes_write && write_waits) || (takes_read && read_waits));
  assign fault_half = !reset && (s_axi_awready != s_axi_wready
      || (s_axi_awready && !(s_axi_awvalid && s_axi_wvalid)));
  assign fault_wrong = !reset && (
      (s_axi_bvalid && s_axi_bresp != {!write_is_good, 1'b0})
      || (s_axi_rvalid && {s_axi_rresp, s_axi_rdata} != {!read_is_good, 1'b0, read_is_good ? expected : 32'd0}));
  assign fault_written = !reset && (
      written != ((takes_write && may_write) ? one << write_word : {WORDS{1'b0}})
      || (takes_write && {enables, data} != {s_axi_wstrb, s_axi_wdata})
      || bad_write != (takes_write && !is_taken) || bad_read != (takes_read && !may_read));
  assign fault_open = started && was_reset
      && (s_axi_bvalid || s_axi_rvalid || s_axi_awready || s_axi_wready || s_axi_arready);
  assign fault_idle = !reset && ((could_write && !takes_write) || (could_read && !takes_read));
  assign fault_silent = !reset && ((took_write && !s_axi_bvalid) || (took_read && !s_axi_rvalid));
  assign arrived = !reset && wrote && s_axi_rvalid && read_is_good && expected == 32'h12345678;

  always @(posedge clk) begin
    started <= 1'b1;
    was_reset <= reset;
    took_write <= takes_write && !reset;
    took_read <= takes_read && !reset;
    could_write <= s_axi_awvalid && s_axi_wvalid && !takes_write && (!s_axi_bvalid || s_axi_bready) && !reset;
    could_read <= s_axi_arvalid && !takes_read && (!s_axi_rvalid || s_axi_rready) && !reset;
    held_b <= s_axi_bvalid && !s_axi_bready && !reset;
    held_r <= s_axi_rvalid && !s_axi_rready && !reset;
    held_bresp <= s_axi_bresp;
    held_read <= {s_axi_rresp, s_axi_rdata};
    if (s_axi_bvalid && s_axi_bready) write_waits <= 1'b0;
    if (s_axi_rvalid && s_axi_rready) read_waits <= 1'b0;
    if (takes_write) begin
      write_waits <= 1'b1;
      write_is_good <= is_taken;
    end
    if (takes_read) begin
      read_waits <= 1'b1;
      read_is_good <= may_read;
      expected <= values[32 * read_word +: 32];
    end
    if (s_axi_bvalid && write_is_good) wrote <= 1'b1;
    if (reset) begin
      write_waits <= 1'b0;
      read_waits <= 1'b0;
      wrote <= 1'b0;
    end
  end

endmodule

`default_nettype wire
