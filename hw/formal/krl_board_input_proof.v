// SPDX-License-Identifier: Apache-2.0
//
// krl_board_input_proof: what krl_board_input must do for any bytes, any sink and a reset at any time. Which bytes
// become elements, and that a wrong checksum breaks a frame, are left to its bench.
//
// long:   more than BEATS + 1 beats without an end.
// silent: a frame ends with more or fewer than BEATS beats, and no fault was told since its first one was there, or
//         where BEATS is 1 since the frame in front of it ended.
// number: the first beat of a frame comes without its number before it, or a number without a beat.
// late:   IDLE_CLOCKS + 5 cycles without a byte and with a ready sink, and a frame has not ended.

`default_nettype none

module krl_board_input_proof #(
  parameter BITS = 3,
  parameter LANES = 1,
  parameter BEATS = 2,
  parameter IDLE_CLOCKS = 2
) (
  input  wire       clk,
  input  wire       rst,

  // all free in every cycle
  input  wire [7:0] byte_data,
  input  wire       byte_valid,
  input  wire       byte_bad,
  input  wire       m_axis_tready,
  input  wire       number_room,

  output wire       fault_steady,
  output wire       fault_long,
  output wire       fault_silent,
  output wire       fault_number,
  output wire       fault_late,
  output wire       arrived
);

  localparam [7:0] WHOLE = BEATS;
  localparam [7:0] MOST_QUIET = IDLE_CLOCKS + 5;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [LANES*BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid;
  wire m_axis_tlast;
  wire [7:0] number;
  wire number_valid;
  wire fault;
  wire unused = &{1'b0, number};

  // a beat was on the output in the cycle before, and stayed
  reg stays;
  wire comes = m_axis_tvalid && !stays;
  wire ends = comes && m_axis_tlast;
  // beats of the frame that came before this cycle, and a fault since the first of them
  reg [7:0] beats;
  reg told;
  // cycles without a byte and with a ready sink
  reg [7:0] quiet;

  krl_board_input #(
    .BITS(BITS),
    .LANES(LANES),
    .BEATS(BEATS),
    .IDLE_CLOCKS(IDLE_CLOCKS)
  ) dut (
    .clk(clk),
    .rst(reset),
    .byte_data(byte_data),
    .byte_valid(byte_valid),
    .byte_bad(byte_bad),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready),
    .m_axis_tlast(m_axis_tlast),
    .number(number),
    .number_valid(number_valid),
    .number_room(number_room),
    .fault(fault)
  );

  proof_steady #(
    .WIDTH(LANES * BITS + 1)
  ) steady (
    .clk(clk),
    .rst(reset),
    .tdata({m_axis_tlast, m_axis_tdata}),
    .tvalid(m_axis_tvalid),
    .tready(m_axis_tready),
    .fault(fault_steady)
  );

  assign fault_long = !reset && comes && beats > WHOLE;
  assign fault_silent = !reset && ends && beats + 8'd1 != WHOLE && !(told || fault);
  assign fault_number = !reset && number_valid != (comes && beats == 0);
  assign fault_late = !reset && quiet == MOST_QUIET && (m_axis_tvalid || beats != 0);
  assign arrived = !reset && ends && beats + 8'd1 == WHOLE;

  always @(posedge clk) begin
    started <= 1'b1;
    stays <= m_axis_tvalid && !m_axis_tready;
    if (comes) begin
      beats <= m_axis_tlast ? 8'd0 : beats + 8'd1;
      told <= (told && (beats != 0 || BEATS == 1) && !m_axis_tlast) || fault;
    end else if (fault) begin
      told <= 1'b1;
    end
    quiet <= (byte_valid || !m_axis_tready) ? 8'd0
           : (quiet == MOST_QUIET) ? quiet
           : quiet + 8'd1;
    if (reset) begin
      stays <= 1'b0;
      beats <= 8'd0;
      quiet <= 8'd0;
    end
  end

endmodule

`default_nettype wire
