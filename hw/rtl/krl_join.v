// SPDX-License-Identifier: Apache-2.0
//
// krl_join: two streams into one, element by element: the larger, the smaller, or the product.
//
// Equation: FUNCTION 0: z = clamp(max(x, y));  FUNCTION 1: z = clamp(min(x, y));
//           FUNCTION 2: z = (x - LEFT_ZERO) * (y - RIGHT_ZERO), of which BITS hold all that can occur; no clamp
//
// Latency:  3 cycles. One beat per cycle.
// Stream:   a beat enters when both inputs offer one: s0_axis_tready waits for s1_axis_tvalid and vice
//           versa. The pipeline stands still as a whole while its last beat is not taken.
// Legal:    LANES >= 1; FUNCTION from 0 to 2; LEFT_BITS, RIGHT_BITS >= 2. FUNCTION 0 and 1: LEFT_BITS,
//           RIGHT_BITS and BITS are equal, CLAMP_MIN <= CLAMP_MAX within BITS. FUNCTION 2: LEFT_ZERO within
//           LEFT_BITS, RIGHT_ZERO within RIGHT_BITS, BITS at most LEFT_BITS + RIGHT_BITS + 2.

`default_nettype none

module krl_join #(
  // elements per beat
  parameter integer LANES = 1,
  // 0: the larger, 1: the smaller, 2: the product
  parameter integer FUNCTION = 0,
  // bits of x, of y, of z
  parameter integer LEFT_BITS = 8,
  parameter integer RIGHT_BITS = 8,
  parameter integer BITS = 8,
  // what is taken from x and from y before they are multiplied
  parameter integer LEFT_ZERO = 0,
  parameter integer RIGHT_ZERO = 0,
  parameter integer CLAMP_MIN = -128,
  parameter integer CLAMP_MAX = 127
) (
  input  wire                        clk,
  input  wire                        rst,

  input  wire [LANES*LEFT_BITS-1:0]  s0_axis_tdata,
  input  wire                        s0_axis_tvalid,
  output wire                        s0_axis_tready,

  input  wire [LANES*RIGHT_BITS-1:0] s1_axis_tdata,
  input  wire                        s1_axis_tvalid,
  output wire                        s1_axis_tready,

  output wire [LANES*BITS-1:0]       m_axis_tdata,
  output wire                        m_axis_tvalid,
  input  wire                        m_axis_tready
);

  generate
    if (!(LANES >= 1 && FUNCTION >= 0 && FUNCTION <= 2 && LEFT_BITS >= 2 && RIGHT_BITS >= 2 &&
          (FUNCTION == 2 ? BITS >= 1 && BITS <= LEFT_BITS + RIGHT_BITS + 2
                         : LEFT_BITS == BITS && RIGHT_BITS == BITS && CLAMP_MIN <= CLAMP_MAX))) begin : g_legal
      illegal_parameters_of_krl_join see_legal_in_its_header ();
    end
  endgenerate

  reg [2:0] valid_pipe;

  wire advance = m_axis_tready || !m_axis_tvalid;

  assign s0_axis_tready = advance && s1_axis_tvalid;
  assign s1_axis_tready = advance && s0_axis_tvalid;
  assign m_axis_tvalid = valid_pipe[2];

  always @(posedge clk) begin
    if (advance) begin
      valid_pipe <= {valid_pipe[1:0], s0_axis_tvalid && s1_axis_tvalid};
    end
    if (rst) begin
      valid_pipe <= 0;
    end
  end

  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
      wire signed [LEFT_BITS-1:0] left = s0_axis_tdata[i*LEFT_BITS +: LEFT_BITS];
      wire signed [RIGHT_BITS-1:0] right = s1_axis_tdata[i*RIGHT_BITS +: RIGHT_BITS];

      if (FUNCTION == 2) begin : g_product
        reg signed [LEFT_BITS:0] x;
        reg signed [RIGHT_BITS:0] y;
        wire signed [LEFT_BITS+RIGHT_BITS+1:0] product;

        krl_multiplier #(
          .A_BITS(LEFT_BITS + 1),
          .B_BITS(RIGHT_BITS + 1)
        ) multiply (
          .clk(clk),
          .enable(advance),
          .a(x),
          .b(y),
          .product(product)
        );

        always @(posedge clk) begin
          if (advance) begin
            x <= {left[LEFT_BITS-1], left} - LEFT_ZERO[LEFT_BITS:0];
            y <= {right[RIGHT_BITS-1], right} - RIGHT_ZERO[RIGHT_BITS:0];
          end
        end

        if (BITS < LEFT_BITS + RIGHT_BITS + 2) begin : g_narrow
          wire unused_product = &{1'b0, product};
        end

        assign m_axis_tdata[i*BITS +: BITS] = product[BITS-1:0];
      end else begin : g_extreme
        wire signed [BITS-1:0] lowest = CLAMP_MIN[BITS-1:0];
        wire signed [BITS-1:0] highest = CLAMP_MAX[BITS-1:0];
        reg signed [BITS-1:0] x;
        reg signed [BITS-1:0] y;
        reg signed [BITS-1:0] chosen;
        reg signed [BITS-1:0] code;

        wire left_wins = (FUNCTION == 1) ? x < y : x > y;

        always @(posedge clk) begin
          if (advance) begin
            x <= left;
            y <= right;
            chosen <= left_wins ? x : y;
            code <= (chosen < lowest) ? lowest : (chosen > highest) ? highest : chosen;
          end
        end

        assign m_axis_tdata[i*BITS +: BITS] = code;
      end
    end
  endgenerate

endmodule

`default_nettype wire
