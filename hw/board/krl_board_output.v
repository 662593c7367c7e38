// SPDX-License-Identifier: Apache-2.0
//
// krl_board_output: bytes for a serial line from the results of a core.
//
// Answer:   0x5A, the number of the frame, its elements in the order of the stream, each in ELEMENT_BYTES bytes
//           from the lowest, a status (0: good, 1: the core marked the frame), the CRC-16 (krl_crc16 from 0xFFFF)
//           of all between, its upper byte first.
// Numbers:  those of up to 4 frames that are in the core; number_room is low while there are 4.
// Stream:   s_axis_tready is high for the one cycle in which a beat is taken. byte_data and byte_valid stand
//           still until byte_ready.
// Legal:    1 <= BITS <= 8 * ELEMENT_BYTES, LANES >= 1.

`default_nettype none

module krl_board_output #(
  // bits per element
  parameter integer BITS = 8,
  // 1: elements have a sign
  parameter integer SIGNED = 1,
  // bytes that an element has on the line
  parameter integer ELEMENT_BYTES = 1,
  // elements per beat
  parameter integer LANES = 1
) (
  input  wire                  clk,
  input  wire                  rst,

  input  wire [7:0]            number,
  input  wire                  number_valid,
  output wire                  number_room,

  input  wire [LANES*BITS-1:0] s_axis_tdata,
  input  wire                  s_axis_tvalid,
  output wire                  s_axis_tready,
  input  wire                  s_axis_tlast,
  input  wire                  s_axis_tuser,

  output reg  [7:0]            byte_data,
  output reg                   byte_valid,
  input  wire                  byte_ready,

  // a frame was answered, for one cycle: good or not, and the low bits of its last beat
  output reg                   answered,
  output reg                   answered_bad,
  output reg  [3:0]            answered_code
);

  generate
    if (!(BITS >= 1 && BITS <= 8 * ELEMENT_BYTES && LANES >= 1)) begin : g_legal
      illegal_parameters_of_krl_board_output see_legal_in_its_header ();
    end
  endgenerate

  localparam BEAT_BYTES = LANES * ELEMENT_BYTES;
  localparam BYTE_BITS = (BEAT_BYTES > 1) ? $clog2(BEAT_BYTES) : 1;
  localparam integer LAST_BYTE = BEAT_BYTES - 1;

  localparam [2:0] HEAD = 0;    // waits for a beat
  localparam [2:0] NUMBER = 1;
  localparam [2:0] BEAT = 2;    // takes a beat, and gives its first byte
  localparam [2:0] BODY = 3;    // gives the other bytes
  localparam [2:0] STATUS = 4;
  localparam [2:0] UPPER = 5;   // of the sum
  localparam [2:0] LOWER = 6;

  reg [2:0] state;
  reg [31:0] numbers;  // the oldest in the low bits
  reg [2:0] count;
  reg [15:0] crc;
  reg [8*BEAT_BYTES-1:0] rest;  // bytes of a beat that are left
  reg [BYTE_BITS-1:0] place;  // and how many of them were given
  reg last;
  reg bad;

  wire [8*BEAT_BYTES-1:0] widened;
  wire [8*BEAT_BYTES+7:0] widened_rest = {8'd0, widened};
  wire [8*BEAT_BYTES+7:0] longer_rest = {8'd0, rest};
  wire [15:0] crc_next;
  wire free = !byte_valid || byte_ready;
  wire take = state == BEAT && free && s_axis_tvalid;
  wire drop = state == LOWER && free;  // the oldest number
  wire [1:0] next_place = drop ? count[1:0] - 2'd1 : count[1:0];
  wire [7:0] next_byte;
  wire [3:0] low_bits;
  wire unused_low = &{1'b0, widened_rest[7:0], longer_rest[7:0]};

  assign s_axis_tready = take;
  assign number_room = !count[2];

  krl_crc16 checksum (
    .sum((state == NUMBER) ? 16'hffff : crc),
    .data(next_byte),
    .next_sum(crc_next)
  );

  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
      wire [BITS-1:0] element = s_axis_tdata[i*BITS +: BITS];
      if (BITS == 8 * ELEMENT_BYTES) begin : g_whole
        assign widened[8*ELEMENT_BYTES*i +: 8*ELEMENT_BYTES] = element;
      end else begin : g_widened
        wire fill = (SIGNED != 0) && element[BITS-1];
        assign widened[8*ELEMENT_BYTES*i +: 8*ELEMENT_BYTES] = {{(8*ELEMENT_BYTES-BITS){fill}}, element};
      end
    end
  endgenerate

  assign low_bits = widened[3:0];
  assign next_byte = (state == NUMBER) ? numbers[7:0]
                   : (state == BEAT) ? widened[7:0]
                   : (state == BODY) ? rest[7:0]
                   : {7'd0, bad};

  always @(posedge clk) begin
    if (byte_ready) byte_valid <= 1'b0;
    answered <= 1'b0;

    if (drop) numbers <= {8'd0, numbers[31:8]};
    if (number_valid) numbers[8*next_place +: 8] <= number;
    if (number_valid && !drop) count <= count + 1'b1;
    if (drop && !number_valid) count <= count - 1'b1;

    if (free && (state == NUMBER || state == BODY || state == STATUS || take)) crc <= crc_next;

    case (state)
      HEAD: if (free && s_axis_tvalid) begin
        byte_data <= 8'h5a;
        byte_valid <= 1'b1;
        state <= NUMBER;
      end
      NUMBER: if (free) begin
        byte_data <= next_byte;
        byte_valid <= 1'b1;
        state <= BEAT;
      end
      BEAT: if (take) begin
        byte_data <= next_byte;
        byte_valid <= 1'b1;
        rest <= widened_rest[8*BEAT_BYTES+7:8];
        place <= 0;
        last <= s_axis_tlast;
        bad <= s_axis_tuser;
        answered_code <= low_bits;
        state <= (BEAT_BYTES > 1) ? BODY : s_axis_tlast ? STATUS : BEAT;
      end
      BODY: if (free) begin
        byte_data <= next_byte;
        byte_valid <= 1'b1;
        rest <= longer_rest[8*BEAT_BYTES+7:8];
        place <= place + 1'b1;
        if (place + 1'b1 == LAST_BYTE[BYTE_BITS-1:0]) state <= last ? STATUS : BEAT;
      end
      STATUS: if (free) begin
        byte_data <= next_byte;
        byte_valid <= 1'b1;
        state <= UPPER;
      end
      UPPER: if (free) begin
        byte_data <= crc[15:8];
        byte_valid <= 1'b1;
        state <= LOWER;
      end
      default: if (free) begin  // LOWER
        byte_data <= crc[7:0];
        byte_valid <= 1'b1;
        answered <= 1'b1;
        answered_bad <= bad;
        state <= HEAD;
      end
    endcase

    if (rst) begin
      state <= HEAD;
      count <= 0;
      byte_valid <= 1'b0;
      answered <= 1'b0;
    end
  end

endmodule

`default_nettype wire
