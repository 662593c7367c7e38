// SPDX-License-Identifier: Apache-2.0
//
// krl_concat_proof: what krl_concat must do, for any sources, any sink and a reset at any time.
//
// One beat of a pixel is chosen with the reset, and followed from its place on its input to its place on the
// output. The counts sum up to less than 256.
//
// idle: the output holds no beat, or gives it, and no input is ready.
// late: a beat was accepted, and in the next cycle none is on the output.

`default_nettype none

module krl_concat_proof #(
  parameter WIDTH = 2,
  parameter INPUTS = 2,
  parameter [INPUTS*32-1:0] COUNTS = {INPUTS{32'd1}}
) (
  input  wire                    clk,
  input  wire                    rst,

  // all free in every cycle
  input  wire                    mark,
  input  wire [7:0]              chosen,
  input  wire [INPUTS-1:0]       wanted,
  input  wire [INPUTS*WIDTH-1:0] drawn,
  input  wire                    m_axis_tready,

  output wire                    fault_steady,
  output wire                    fault_early,
  output wire                    fault_wrong,
  output wire                    fault_lost,
  output wire                    fault_idle,
  output wire                    fault_late,
  output wire                    arrived
);

  // beats of a pixel on the inputs below one
  function [31:0] beats_below(input integer below);
    integer k;
    begin
      beats_below = 0;
      for (k = 0; k < below; k = k + 1) beats_below = beats_below + COUNTS[k*32 +: 32];
    end
  endfunction

  localparam [31:0] TOTAL = beats_below(INPUTS);
  localparam PLACE_BITS = $clog2(TOTAL + 1);
  localparam [31:0] LAST_PLACE = TOTAL - 1;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [INPUTS*WIDTH-1:0] s_axis_tdata;
  wire [INPUTS-1:0] s_axis_tvalid;
  wire [INPUTS-1:0] s_axis_tready;
  wire [WIDTH-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  // the beat of a pixel that is followed, and the one that is next on the output
  reg [PLACE_BITS-1:0] place;
  reg [PLACE_BITS-1:0] next_out;
  reg accepted;

  wire [INPUTS-1:0] accepts = s_axis_tvalid & s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;
  wire [INPUTS-1:0] is_there;
  reg [WIDTH-1:0] entering;
  integer k;

  genvar i;
  generate
    for (i = 0; i < INPUTS; i = i + 1) begin : g_input
      localparam [31:0] FIRST = beats_below(i);
      localparam [31:0] LAST = beats_below(i + 1) - 1;
      // the place in a pixel of the beat that is next on this input
      reg [PLACE_BITS-1:0] next_in;

      proof_source #(
        .WIDTH(WIDTH)
      ) source (
        .clk(clk),
        .rst(reset),
        .wanted(wanted[i]),
        .drawn(drawn[i*WIDTH +: WIDTH]),
        .tdata(s_axis_tdata[i*WIDTH +: WIDTH]),
        .tvalid(s_axis_tvalid[i]),
        .tready(s_axis_tready[i])
      );

      assign is_there[i] = accepts[i] && next_in == place;

      always @(posedge clk) begin
        if (accepts[i]) begin
          next_in <= (next_in == LAST[PLACE_BITS-1:0]) ? FIRST[PLACE_BITS-1:0] : next_in + 1'b1;
        end
        if (reset) next_in <= FIRST[PLACE_BITS-1:0];
      end
    end
  endgenerate

  krl_concat #(
    .WIDTH(WIDTH),
    .INPUTS(INPUTS),
    .COUNTS(COUNTS)
  ) dut (
    .clk(clk),
    .rst(reset),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready)
  );

  proof_steady #(
    .WIDTH(WIDTH)
  ) steady (
    .clk(clk),
    .rst(reset),
    .tdata(m_axis_tdata),
    .tvalid(m_axis_tvalid),
    .tready(m_axis_tready),
    .fault(fault_steady)
  );

  proof_order #(
    .BITS(WIDTH),
    .MOST(1)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(is_there != 0),
    .entering(entering),
    .leaves(gives && next_out == place),
    .leaving(m_axis_tdata),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  always @* begin
    entering = 0;
    for (k = 0; k < INPUTS; k = k + 1) begin
      if (is_there[k]) entering = s_axis_tdata[k*WIDTH +: WIDTH];
    end
  end

  assign fault_idle = !reset && (m_axis_tready || !m_axis_tvalid) && s_axis_tready == 0;
  assign fault_late = !reset && accepted && !m_axis_tvalid;

  always @(posedge clk) begin
    started <= 1'b1;
    accepted <= accepts != 0;
    if (gives) next_out <= (next_out == LAST_PLACE[PLACE_BITS-1:0]) ? 0 : next_out + 1'b1;
    if (reset) begin
      place <= ({24'd0, chosen} < TOTAL) ? chosen[PLACE_BITS-1:0] : 0;
      next_out <= 0;
      accepted <= 1'b0;
    end
  end

endmodule

`default_nettype wire
