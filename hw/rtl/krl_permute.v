// SPDX-License-Identifier: Apache-2.0
//
// krl_permute: the beats of a block in another order.
//
// Equation: y[(a*SIZE_B + b)*SIZE_C + c] = x[a*STRIDE_A + b*STRIDE_B + c*STRIDE_C].
//
// One block is read while the next one is written, each in a half of the memory.
//
// Latency:  2 cycles from the acceptance of a block's last beat to its first one, where the block before has left.
// Stream:   s_axis_tready depends on registers alone. One beat per cycle on both sides, from block to block, too.
// Legal:    WIDTH and sizes >= 1, at least 2 beats in a block; every beat of it is given once.

`default_nettype none

module krl_permute #(
  // bits per beat
  parameter integer WIDTH = 8,
  // the axes of what goes out, and how far apart their beats are in what comes in
  parameter integer SIZE_A = 1,
  parameter integer SIZE_B = 4,
  parameter integer SIZE_C = 3,
  parameter integer STRIDE_A = 0,
  parameter integer STRIDE_B = 1,
  parameter integer STRIDE_C = 4,
  // 1: block RAM, 0: look-up tables
  parameter integer BLOCK = 0
) (
  input  wire             clk,
  input  wire             rst,

  input  wire [WIDTH-1:0] s_axis_tdata,
  input  wire             s_axis_tvalid,
  output wire             s_axis_tready,

  output wire [WIDTH-1:0] m_axis_tdata,
  output reg              m_axis_tvalid,
  input  wire             m_axis_tready
);

  localparam integer BEATS = SIZE_A * SIZE_B * SIZE_C;
  localparam ADDRESS_BITS = $clog2(2 * BEATS);
  localparam A_BITS = (SIZE_A > 1) ? $clog2(SIZE_A) : 1;
  localparam B_BITS = (SIZE_B > 1) ? $clog2(SIZE_B) : 1;
  localparam C_BITS = (SIZE_C > 1) ? $clog2(SIZE_C) : 1;
  localparam integer LAST_A = SIZE_A - 1;
  localparam integer LAST_B = SIZE_B - 1;
  localparam integer LAST_C = SIZE_C - 1;
  // from the last beat of a row, and of a plane, to the first one of the next
  localparam integer NEXT_B = STRIDE_B - LAST_C * STRIDE_C;
  localparam integer NEXT_A = STRIDE_A - LAST_B * STRIDE_B - LAST_C * STRIDE_C;
  localparam integer LAST_OF_FIRST = BEATS - 1;
  localparam integer LAST_OF_SECOND = 2 * BEATS - 1;
  localparam integer SECOND = BEATS;

  // whole blocks, the one that is read among them
  reg [1:0] held;

  // ---- writer ----

  reg [ADDRESS_BITS-1:0] write_address;

  wire accept = s_axis_tvalid && s_axis_tready;
  wire wraps = write_address == LAST_OF_SECOND[ADDRESS_BITS-1:0];
  wire block_is_gained = accept && (wraps || write_address == LAST_OF_FIRST[ADDRESS_BITS-1:0]);

  assign s_axis_tready = !held[1];

  always @(posedge clk) begin
    if (accept) write_address <= wraps ? 0 : write_address + 1'b1;
    if (rst) begin
      write_address <= 0;
    end
  end

  // ---- reader ----

  reg [A_BITS-1:0] a;
  reg [B_BITS-1:0] b;
  reg [C_BITS-1:0] c;
  reg half;
  reg [ADDRESS_BITS-1:0] read_address;

  wire c_ends = c == LAST_C[C_BITS-1:0];
  wire b_ends = c_ends && b == LAST_B[B_BITS-1:0];
  wire block_ends = b_ends && a == LAST_A[A_BITS-1:0];
  wire step = held != 0 && (!m_axis_tvalid || m_axis_tready);
  wire block_is_given = step && block_ends;
  wire [ADDRESS_BITS-1:0] stride = b_ends ? NEXT_A[ADDRESS_BITS-1:0]
                                 : c_ends ? NEXT_B[ADDRESS_BITS-1:0]
                                 : STRIDE_C[ADDRESS_BITS-1:0];

  always @(posedge clk) begin
    if (step) begin
      c <= c_ends ? 0 : c + 1'b1;
      if (c_ends) b <= b_ends ? 0 : b + 1'b1;
      if (b_ends) a <= block_ends ? 0 : a + 1'b1;
      if (block_ends) half <= !half;
      read_address <= !block_ends ? read_address + stride : half ? 0 : SECOND[ADDRESS_BITS-1:0];
    end
    held <= (block_is_gained && !block_is_given) ? held + 1'b1
          : (block_is_given && !block_is_gained) ? held - 1'b1
          : held;
    m_axis_tvalid <= step || (m_axis_tvalid && !m_axis_tready);
    if (rst) begin
      m_axis_tvalid <= 1'b0;
      held <= 0;
      a <= 0;
      b <= 0;
      c <= 0;
      half <= 1'b0;
      read_address <= 0;
    end
  end

  krl_ram #(
    .WIDTH(WIDTH),
    .DEPTH(2 * BEATS),
    .BLOCK(BLOCK)
  ) halves (
    .clk(clk),
    .write_enable(accept),
    .write_address(write_address),
    .write_data(s_axis_tdata),
    .read_enable(step),
    .read_address(read_address),
    .read_data(m_axis_tdata)
  );

  generate
    if (!(WIDTH >= 1 && SIZE_A >= 1 && SIZE_B >= 1 && SIZE_C >= 1 && BEATS >= 2
          && LAST_A * STRIDE_A + LAST_B * STRIDE_B + LAST_C * STRIDE_C == BEATS - 1)) begin : g_legal
      illegal_parameters_of_krl_permute see_legal_in_its_header ();
    end
  endgenerate

endmodule

`default_nettype wire
