// SPDX-License-Identifier: Apache-2.0
//
// krl_board_input: beats of a core from the bytes of a serial line.
//
// Frame:    0xA5, a number, the elements of a frame in the order of the stream, each in ELEMENT_BYTES bytes from
//           the lowest, the CRC-16 (krl_crc16 from 0xFFFF) of number and elements, its upper byte first.
// Faults:   a byte without stop bit, IDLE_CLOCKS without a byte inside of a frame, a wrong sum, a beat that the
//           core has not taken while the next one came: the frame that the core was given part of ends too
//           early, or one beat too late, so that the core marks its results; a frame that the core has
//           seen nothing of is dropped. All bytes then go by until the line was idle for IDLE_CLOCKS, so that no
//           byte of a broken frame is taken for the head of another. A frame is dropped, too, if its first byte
//           is not 0xA5, or if it comes while there is no room for its number.
// Latency:  a beat is offered when the next one is whole, the last one when the sum was right.
// Stream:   m_axis_tvalid and m_axis_tdata stand still until m_axis_tready. number_valid is high for one cycle,
//           with or before the first beat of the frame; number_room must be high between frames unless it is full.
// Legal:    1 <= BITS <= 8 * ELEMENT_BYTES, LANES, BEATS, IDLE_CLOCKS >= 1.

`default_nettype none

module krl_board_input #(
  // bits per element
  parameter integer BITS = 8,
  // bytes that an element has on the line
  parameter integer ELEMENT_BYTES = 1,
  // elements per beat
  parameter integer LANES = 1,
  // beats per frame
  parameter integer BEATS = 4,
  // cycles without a byte that end a frame
  parameter integer IDLE_CLOCKS = 1250000
) (
  input  wire                  clk,
  input  wire                  rst,

  input  wire [7:0]            byte_data,
  input  wire                  byte_valid,
  input  wire                  byte_bad,

  output reg  [LANES*BITS-1:0] m_axis_tdata,
  output reg                   m_axis_tvalid,
  input  wire                  m_axis_tready,
  output reg                   m_axis_tlast,

  // the frame whose first beat comes
  output reg  [7:0]            number,
  output reg                   number_valid,
  input  wire                  number_room,

  // a frame was broken or dropped, for one cycle
  output reg                   fault
);

  generate
    if (!(BITS >= 1 && BITS <= 8 * ELEMENT_BYTES && LANES >= 1 && BEATS >= 1 && IDLE_CLOCKS >= 1)) begin : g_legal
      illegal_parameters_of_krl_board_input see_legal_in_its_header ();
    end
  endgenerate

  localparam BEAT_BYTES = LANES * ELEMENT_BYTES;
  localparam BYTE_BITS = (BEAT_BYTES > 1) ? $clog2(BEAT_BYTES) : 1;
  localparam BEAT_BITS = $clog2(BEATS + 1);
  localparam IDLE_BITS = $clog2(IDLE_CLOCKS + 1);
  localparam integer LAST_BYTE = BEAT_BYTES - 1;

  localparam [2:0] HEAD = 0;    // waits for 0xA5
  localparam [2:0] NUMBER = 1;
  localparam [2:0] BODY = 2;
  localparam [2:0] UPPER = 3;   // of the sum
  localparam [2:0] LOWER = 4;
  localparam [2:0] LONGER = 5;  // offers the last beat as if it were not the last
  localparam [2:0] FINISH = 6;  // offers the beat that is held as the last one
  localparam [2:0] LOST = 7;    // waits for silence

  reg [2:0] state;
  reg broken;  // behind FINISH comes silence
  reg begun;  // the core has the frame's number
  reg [15:0] crc;
  reg [BYTE_BITS-1:0] place;  // bytes of the beat that are there
  reg [BEAT_BITS-1:0] beats;  // whole beats of the frame
  reg [8*BEAT_BYTES-1:0] gathered;
  reg [LANES*BITS-1:0] held;  // the last of them
  reg [IDLE_BITS-1:0] silence;

  wire [15:0] crc_next;
  wire [8*BEAT_BYTES+7:0] shifted = {byte_data, gathered};
  wire [8*BEAT_BYTES-1:0] whole = shifted[8*BEAT_BYTES+7:8];
  wire [LANES*BITS-1:0] elements;
  wire idle = silence == IDLE_CLOCKS[IDLE_BITS-1:0];
  wire free = !m_axis_tvalid || m_axis_tready;
  wire good = byte_valid && !byte_bad;
  wire in_frame = state == NUMBER || state == BODY || state == UPPER || state == LOWER;
  wire completes = state == BODY && good && place == LAST_BYTE[BYTE_BITS-1:0];
  wire is_second = beats != 0;  // a beat is held
  wire overruns = completes && is_second && !free;
  wire sum_wrong = good && ((state == UPPER && byte_data != crc[15:8]) || (state == LOWER && byte_data != crc[7:0]));
  wire breaks = in_frame && ((byte_valid && byte_bad) || idle || overruns || sum_wrong);
  wire is_full = beats == BEATS[BEAT_BITS-1:0];
  wire unused_shifted = &{1'b0, shifted[7:0], whole};

  krl_crc16 checksum (
    .sum((state == NUMBER) ? 16'hffff : crc),
    .data(byte_data),
    .next_sum(crc_next)
  );

  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : g_lane
      assign elements[i*BITS +: BITS] = whole[8*ELEMENT_BYTES*i +: BITS];
    end
  endgenerate

  // offer the beat that is held
  wire passes = completes && is_second && free;
  wire ends = (state == FINISH || state == LONGER) && free;
  wire offers = passes || ends;

  always @(posedge clk) begin
    if (m_axis_tready) m_axis_tvalid <= 1'b0;
    number_valid <= 1'b0;
    fault <= breaks;
    if (byte_valid) silence <= 0;
    else if (!idle) silence <= silence + 1'b1;

    if (offers) begin
      m_axis_tdata <= held;
      m_axis_tvalid <= 1'b1;
      m_axis_tlast <= state == FINISH;
      number_valid <= !begun;
      begun <= 1'b1;
    end

    if (good && (state == NUMBER || state == BODY)) crc <= crc_next;
    if (good && state == BODY) begin
      gathered <= whole;
      place <= completes ? 0 : place + 1'b1;
    end
    if (completes && !breaks) begin
      held <= elements;
      beats <= beats + 1'b1;
    end

    case (state)
      HEAD:
        if (byte_valid) begin
          state <= (good && byte_data == 8'ha5 && number_room) ? NUMBER : LOST;
          fault <= !(good && byte_data == 8'ha5 && number_room);
        end
      NUMBER: if (good) begin
        state <= BODY;
        number <= byte_data;
        place <= 0;
        beats <= 0;
        begun <= 1'b0;
        broken <= 1'b0;
      end
      BODY: if (completes && beats == BEATS[BEAT_BITS-1:0] - 1'b1) state <= UPPER;
      UPPER: if (good) state <= LOWER;
      LOWER: if (good) state <= FINISH;
      LONGER: if (ends) state <= FINISH;
      FINISH: if (ends) state <= broken ? LOST : HEAD;
      default: if (idle) state <= HEAD;  // LOST
    endcase
    if (breaks) begin
      broken <= 1'b1;
      state <= (state == NUMBER || !is_second) ? LOST : is_full ? LONGER : FINISH;
    end
    // no byte may come before the frame in front of it has ended
    if (byte_valid && (state == FINISH || state == LONGER)) begin
      broken <= 1'b1;
      fault <= 1'b1;
    end
    if (byte_valid && state == FINISH && ends) state <= LOST;

    if (rst) begin
      state <= LOST;
      m_axis_tvalid <= 1'b0;
      number_valid <= 1'b0;
      fault <= 1'b0;
      silence <= 0;
    end
  end

endmodule

`default_nettype wire
