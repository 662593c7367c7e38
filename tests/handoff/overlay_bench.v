// SPDX-License-Identifier: Apache-2.0
// One frame from input.mem through `TOP, with pauses on both sides; prints the beats that come, until tlast. With
// ACCESSES, so many of accesses.mem at s_axi come first: a bit for a write, the address, the data; what is read is
// printed, and that is all without input beats.
`default_nettype none
module overlay_bench;
  reg [`IN_BITS-1:0] beats [0:`IN_BEATS];
  reg clk = 1'b0, aresetn = 1'b0;
  reg [31:0] pauses = 32'h1;
  integer sent = 0;
  reg offered = 1'b0;
  wire ready, valid, last;
  wire [`OUT_BITS-1:0] data;
  reg takes = 1'b0;
  integer cycles = 0;
`ifdef ACCESSES
  reg [47:0] accesses [0:`ACCESSES-1];
  integer done = 0;
  reg going = 1'b0;
  wire [47:0] access = accesses[done];
  reg address_valid = 1'b0, data_valid = 1'b0;
  wire awready, wready, bvalid, arready, rvalid;
  wire [1:0] bresp, rresp;
  wire [31:0] rdata;
  wire open = going;
`else
  wire open = 1'b1;
`endif

  `TOP u_overlay (
    .clk(clk), .aresetn(aresetn),
`ifdef ACCESSES
    .s_axi_awaddr(access[43:32]), .s_axi_awvalid(address_valid && access[44]), .s_axi_awready(awready),
    .s_axi_wdata(access[31:0]), .s_axi_wstrb(4'hf), .s_axi_wvalid(data_valid), .s_axi_wready(wready),
    .s_axi_bresp(bresp), .s_axi_bvalid(bvalid), .s_axi_bready(1'b1),
    .s_axi_araddr(access[43:32]), .s_axi_arvalid(address_valid && !access[44]), .s_axi_arready(arready),
    .s_axi_rdata(rdata), .s_axi_rresp(rresp), .s_axi_rvalid(rvalid), .s_axi_rready(1'b1),
`endif
    .s_axis_tdata(offered ? beats[sent] : {`IN_BITS{1'bx}}), .s_axis_tvalid(offered), .s_axis_tready(ready),
    .s_axis_tlast(sent == `IN_BEATS - 1),
    .m_axis_tdata(data), .m_axis_tvalid(valid), .m_axis_tready(takes), .m_axis_tlast(last)
  );

  always #5 clk = !clk;
  initial begin
    if (`IN_BEATS > 0) $readmemh("input.mem", beats, 0, `IN_BEATS - 1);
`ifdef ACCESSES
    $readmemh("accesses.mem", accesses);
`endif
    repeat (4) @(negedge clk);
    aresetn = 1'b1;
  end

  always @(negedge clk) if (aresetn) begin
    pauses <= {pauses[30:0], pauses[31] ^ pauses[21] ^ pauses[1] ^ pauses[0]};
    cycles <= cycles + 1;
    if (cycles > 200000) begin $display("hangs"); $finish; end
  end

  always @(posedge clk) if (aresetn) begin
    if (offered && ready) begin
      sent <= sent + 1;
      offered <= 1'b0;
    end else if (!offered && sent < `IN_BEATS && open && pauses[3]) offered <= 1'b1;
    if (valid && takes) begin
      $display("beat %h", data);
      if (last) begin $display("last"); $finish; end
    end
    takes <= pauses[7];
  end

`ifdef ACCESSES
  reg under_way = 1'b0;
  always @(posedge clk) if (aresetn && !going) begin
    if (!under_way) begin
      under_way <= 1'b1;
      address_valid <= 1'b1;
      data_valid <= access[44];
    end
    if (access[44] ? awready : arready) address_valid <= 1'b0;
    if (wready) data_valid <= 1'b0;
    if (bvalid || rvalid) begin
      if ((bvalid ? bresp : rresp) != 2'b00) $display("refused %h", access);
      if (rvalid) $display("read %h", rdata);
      under_way <= 1'b0;
      done <= done + 1;
      if (done == `ACCESSES - 1) begin
        going <= 1'b1;
        if (`IN_BEATS == 0) begin $display("last"); $finish; end
      end
    end
  end
`endif
endmodule
`default_nettype wire
