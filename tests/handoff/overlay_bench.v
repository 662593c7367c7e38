// SPDX-License-Identifier: Apache-2.0
// One frame from input.mem through `TOP, with pauses on both sides; prints the beats that come, until tlast.
`default_nettype none
module overlay_bench;
  reg [`IN_BITS-1:0] beats [0:`IN_BEATS-1];
  reg clk = 1'b0, aresetn = 1'b0;
  reg [31:0] pauses = 32'h1;
  integer sent = 0;
  reg offered = 1'b0;
  wire ready, valid, last;
  wire [`OUT_BITS-1:0] data;
  reg takes = 1'b0;
  integer cycles = 0;

  `TOP u_overlay (
    .clk(clk), .aresetn(aresetn),
    .s_axis_tdata(offered ? beats[sent] : {`IN_BITS{1'bx}}), .s_axis_tvalid(offered), .s_axis_tready(ready),
    .s_axis_tlast(sent == `IN_BEATS - 1),
    .m_axis_tdata(data), .m_axis_tvalid(valid), .m_axis_tready(takes), .m_axis_tlast(last)
  );

  always #5 clk = !clk;
  initial begin
    $readmemh("input.mem", beats);
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
    end else if (!offered && sent < `IN_BEATS && pauses[3]) offered <= 1'b1;
    if (valid && takes) begin
      $display("beat %h", data);
      if (last) begin $display("last"); $finish; end
    end
    takes <= pauses[7];
  end
endmodule
`default_nettype wire
