// SPDX-License-Identifier: Apache-2.0
//
// channel_tables: a krl_channel_lookup of LANES lanes with the memories that stand beside it, as in a layer; all
// lanes read the same file, of PERIOD * 2**X_BITS words of LANES * BITS bits, each its own part of a word.

`default_nettype none

module channel_tables #(
  parameter LANES = 1,
  parameter PERIOD = 4,
  parameter X_BITS = 8,
  parameter BITS = 8,
  parameter FILE = ""
) (
  input  wire                    clk,
  input  wire                    rst,
  input  wire [LANES*X_BITS-1:0] s_axis_tdata,
  input  wire                    s_axis_tvalid,
  output wire                    s_axis_tready,
  output wire [LANES*BITS-1:0]   m_axis_tdata,
  output wire                    m_axis_tvalid,
  input  wire                    m_axis_tready
);

  localparam ADDRESS_BITS = X_BITS + ((PERIOD > 1) ? $clog2(PERIOD) : 0);

  wire lookup_enable;
  wire [LANES*ADDRESS_BITS-1:0] lookup_address;
  wire [LANES*BITS-1:0] lookup_data;

  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
      wire [LANES*BITS-1:0] word;
      krl_rom #(
        .WIDTH(LANES * BITS),
        .DEPTH(PERIOD << X_BITS),
        .FILE(FILE)
      ) rom (
        .clk(clk),
        .enable(lookup_enable),
        .address(lookup_address[i*ADDRESS_BITS +: ADDRESS_BITS]),
        .data(word)
      );
      assign lookup_data[i*BITS +: BITS] = word[i*BITS +: BITS];
    end
  endgenerate

  krl_channel_lookup #(
    .LANES(LANES),
    .PERIOD(PERIOD),
    .X_BITS(X_BITS),
    .BITS(BITS)
  ) dut (
    .clk(clk),
    .rst(rst),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .lookup_enable(lookup_enable),
    .lookup_address(lookup_address),
    .lookup_data(lookup_data),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready)
  );

endmodule

`default_nettype wire
