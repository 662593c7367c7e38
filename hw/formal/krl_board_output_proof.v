// SPDX-License-Identifier: Apache-2.0
//
// krl_board_output_proof: what krl_board_output must send for any frames of a core, whose beats are of one byte, for
// any sink and a reset at any time. A frame begins when its number is there, or later. The checksum is left out.
//
// form:    the first byte is not 0x5A, the status not that of the frame, or bits above an element are not its sign.
// room:    a number could be given though 4 are inside, or could not be though there is room.
// waits:   a byte is not offered in the cycle behind the one in which all that it takes was there.
// number_early, number_wrong, number_lost, early, wrong, lost: from proof_order, of numbers and of elements.

`default_nettype none

module krl_board_output_proof #(
  parameter integer BITS = 2,
  parameter integer SIGNED = 1
) (
  input  wire            clk,
  input  wire            rst,

  // all free in every cycle
  input  wire            mark,
  input  wire            mark_number,
  input  wire            gives_number,
  input  wire [7:0]      number,
  input  wire            wanted,
  input  wire [BITS+1:0] drawn,
  input  wire            byte_ready,

  output wire            fault_steady,
  output wire            fault_form,
  output wire            fault_room,
  output wire            fault_waits,
  output wire            fault_number_early,
  output wire            fault_number_wrong,
  output wire            fault_number_lost,
  output wire            fault_early,
  output wire            fault_wrong,
  output wire            fault_lost,
  output wire            arrived
);

  localparam [2:0] HEAD = 0;
  localparam [2:0] NUMBER = 1;
  localparam [2:0] BODY = 2;
  localparam [2:0] STATUS = 3;
  localparam [2:0] UPPER = 4;
  localparam [2:0] LOWER = 5;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [BITS-1:0] element;
  wire last;
  wire bad;
  wire offered;
  wire s_axis_tready;
  wire number_room;
  wire [7:0] byte_data;
  wire byte_valid;
  wire answered;
  wire answered_bad;
  wire [3:0] answered_code;
  wire unused = &{1'b0, answered, answered_bad, answered_code};

  // numbers of frames that the core has not begun to give, and of those that are not answered
  reg [2:0] ahead;
  reg [2:0] unanswered;
  reg in_frame;
  wire number_valid = gives_number && number_room;
  // a beat that is offered stays, and so does the number that let it begin
  wire s_axis_tvalid = offered && (in_frame || ahead != 0);
  wire takes = s_axis_tvalid && s_axis_tready;

  // what the next byte is, whether the one that is offered is new, the last element that was taken
  reg [2:0] place;
  reg waited;
  reg ended;
  reg frame_bad;
  wire comes = byte_valid && !waited;
  wire ends = comes && place == LOWER;
  wire number_arrived;
  wire unused_number = number_arrived;
  // a byte could be made in the cycle before
  reg could;

  proof_source #(
    .WIDTH(BITS + 2)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata({bad, last, element}),
    .tvalid(offered),
    .tready(takes)
  );

  krl_board_output #(
    .BITS(BITS),
    .SIGNED(SIGNED)
  ) dut (
    .clk(clk),
    .rst(reset),
    .number(number),
    .number_valid(number_valid),
    .number_room(number_room),
    .s_axis_tdata(element),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .s_axis_tlast(last),
    .s_axis_tuser(bad),
    .byte_data(byte_data),
    .byte_valid(byte_valid),
    .byte_ready(byte_ready),
    .answered(answered),
    .answered_bad(answered_bad),
    .answered_code(answered_code)
  );

  proof_steady #(
    .WIDTH(8)
  ) steady (
    .clk(clk),
    .rst(reset),
    .tdata(byte_data),
    .tvalid(byte_valid),
    .tready(byte_ready),
    .fault(fault_steady)
  );

  proof_order #(
    .BITS(8),
    .MOST(4)
  ) numbers (
    .clk(clk),
    .rst(reset),
    .mark(mark_number),
    .enters(number_valid),
    .entering(number),
    .leaves(comes && place == NUMBER),
    .leaving(byte_data),
    .early(fault_number_early),
    .wrong(fault_number_wrong),
    .lost(fault_number_lost),
    .arrived(number_arrived)
  );

  proof_order #(
    .BITS(BITS),
    .MOST(1)
  ) elements (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(takes),
    .entering(element),
    .leaves(comes && place == BODY),
    .leaving(byte_data[BITS-1:0]),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  wire fill = (SIGNED != 0) && byte_data[BITS-1];
  assign fault_form = !reset && comes && (
      (place == HEAD && byte_data != 8'h5a)
      || (place == BODY && byte_data[7:BITS] != {(8-BITS){fill}})
      || (place == STATUS && byte_data != {7'd0, frame_bad}));
  assign fault_room = !reset && number_room != (unanswered != 4 || ends);
  assign fault_waits = !reset && could && !byte_valid;

  always @(posedge clk) begin
    started <= 1'b1;
    waited <= byte_valid && !byte_ready && !reset;
    ahead <= ahead + {2'd0, number_valid} - {2'd0, takes && !in_frame};
    unanswered <= unanswered + {2'd0, number_valid} - {2'd0, ends};
    if (takes) begin
      in_frame <= !last;
      ended <= last;
      frame_bad <= bad;
    end
    if (comes) begin
      case (place)
        HEAD: place <= NUMBER;
        NUMBER: place <= BODY;
        BODY: place <= ended ? STATUS : BODY;
        STATUS: place <= UPPER;
        UPPER: place <= LOWER;
        default: place <= HEAD;
      endcase
    end
    could <= (!byte_valid || byte_ready) && s_axis_tvalid && !reset;
    if (reset) begin
      ahead <= 0;
      unanswered <= 0;
      in_frame <= 1'b0;
      place <= HEAD;
    end
  end

endmodule

`default_nettype wire
