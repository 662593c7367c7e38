// SPDX-License-Identifier: Apache-2.0
//
// krl_pad_proof: what krl_pad must do, for any source, any sink and a reset at any time.
//
// One beat of the padded image is chosen with the reset; if it is a pixel's it is followed, else it must be
// PAD_BEAT. A padded image has up to 255 beats.
//
// padding: the chosen beat is one of padding and something else.
// idle:    a pixel is next, the output has room for it, and it is not accepted.
// taken:   a beat is accepted where padding is next.
// late:    a beat was accepted, or padding was next behind the offer of an image, the output had room, and in the
//          next cycle none is on it.
// extra:   a beat is offered before the image is, or behind it.

`default_nettype none

module krl_pad_proof #(
  parameter WIDTH = 2,
  parameter ROWS = 2,
  parameter COLUMNS = 2,
  parameter BEATS = 1,
  parameter ROWS_OUT = 4,
  parameter COLUMNS_OUT = 3,
  parameter TOP = 1,
  parameter LEFT = 1,
  parameter STEP_ROWS = 1,
  parameter STEP_COLUMNS = 1,
  parameter [WIDTH-1:0] PAD_BEAT = 1
) (
  input  wire             clk,
  input  wire             rst,

  // all free in every cycle
  input  wire             mark,
  input  wire [7:0]       chosen,
  input  wire             wanted,
  input  wire [WIDTH-1:0] drawn,
  input  wire             m_axis_tready,

  output wire             fault_steady,
  output wire             fault_early,
  output wire             fault_wrong,
  output wire             fault_lost,
  output wire             fault_padding,
  output wire             fault_idle,
  output wire             fault_taken,
  output wire             fault_late,
  output wire             fault_extra,
  output wire             arrived
);

  localparam [7:0] TOTAL = ROWS_OUT * COLUMNS_OUT * BEATS;
  localparam [7:0] LAST = ROWS_OUT * COLUMNS_OUT * BEATS - 1;

  // for each beat of the padded image, whether it is a pixel's
  function [255:0] real_beats(input integer unused);
    integer k;
    integer row;
    integer column;
    begin
      real_beats = 0;
      for (k = 0; k < ROWS_OUT * COLUMNS_OUT * BEATS; k = k + 1) begin
        row = k / (COLUMNS_OUT * BEATS) - TOP;
        column = (k / BEATS) % COLUMNS_OUT - LEFT;
        real_beats[k] = row >= 0 && row <= (ROWS - 1) * STEP_ROWS && row % STEP_ROWS == 0
                     && column >= 0 && column <= (COLUMNS - 1) * STEP_COLUMNS && column % STEP_COLUMNS == 0;
      end
    end
  endfunction

  localparam [255:0] IS_REAL = real_beats(0);

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [WIDTH-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [WIDTH-1:0] m_axis_tdata;
  wire m_axis_tvalid;

  // the beat that is followed; those that are next to come into the output register and to leave it
  reg [7:0] place;
  reg [7:0] next_in;
  reg [7:0] next_out;
  reg must_follow;
  reg waits;

  wire accepts = s_axis_tvalid && s_axis_tready;
  wire gives = m_axis_tvalid && m_axis_tready;
  wire room = m_axis_tready || !m_axis_tvalid;
  wire is_real = IS_REAL[next_in];
  wire enters = accepts || (room && !is_real && (next_in != 0 || s_axis_tvalid));

  proof_source #(
    .WIDTH(WIDTH)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(s_axis_tdata),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  krl_pad #(
    .WIDTH(WIDTH),
    .ROWS(ROWS),
    .COLUMNS(COLUMNS),
    .BEATS(BEATS),
    .ROWS_OUT(ROWS_OUT),
    .COLUMNS_OUT(COLUMNS_OUT),
    .TOP(TOP),
    .LEFT(LEFT),
    .STEP_ROWS(STEP_ROWS),
    .STEP_COLUMNS(STEP_COLUMNS),
    .PAD_BEAT(PAD_BEAT)
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
    .enters(accepts && next_in == place),
    .entering(s_axis_tdata),
    .leaves(gives && next_out == place && IS_REAL[place]),
    .leaving(m_axis_tdata),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_padding =
      !reset && m_axis_tvalid && next_out == place && !IS_REAL[place] && m_axis_tdata != PAD_BEAT;
  assign fault_idle = !reset && room && is_real && !s_axis_tready;
  assign fault_taken = !reset && accepts && !is_real;
  assign fault_extra = !reset && m_axis_tvalid && !waits;
  assign fault_late = !reset && must_follow && !m_axis_tvalid;

  always @(posedge clk) begin
    started <= 1'b1;
    must_follow <= enters;
    waits <= enters || (waits && !gives);
    if (enters) next_in <= (next_in == LAST) ? 8'd0 : next_in + 8'd1;
    if (gives) next_out <= (next_out == LAST) ? 8'd0 : next_out + 8'd1;
    if (reset) begin
      place <= (chosen < TOTAL) ? chosen : 8'd0;
      next_in <= 8'd0;
      next_out <= 8'd0;
      must_follow <= 1'b0;
      waits <= 1'b0;
    end
  end

endmodule

`default_nettype wire
