// SPDX-License-Identifier: Apache-2.0
//
// krl_matvec_proof: what krl_matvec must do, for any source, any reader of results and a reset at any time.
//
// One weight of the matrix is chosen with the reset. It is 1 and all others are 0, so that the result of its
// output must be its element of the vector: each element is multiplied by its weight, once, for its output.
// What the products are is not shown here.
//
// other: a lane that the chosen weight is not for is not zero.
// full:  results come, and are not taken, for which there is no place.
// idle:  no result waits to be taken, and nothing moves for longer than a beat takes.

`default_nettype none

module krl_matvec_proof #(
  parameter PE = 2,
  parameter SIMD = 1,
  parameter LANES = 2,
  parameter BEATS_PER_VECTOR = 2,
  parameter GROUPS = 2,
  parameter TURNS = 1,
  parameter OUTPUTS = GROUPS * PE,
  parameter OUTPUTS_PER_VECTOR = OUTPUTS,
  parameter CREDITS = 2,
  parameter X_BITS = 2
) (
  input  wire                                              clk,
  input  wire                                              rst,

  // all free in every cycle
  input  wire                                              mark,
  input  wire [23:0]                                       chosen,
  input  wire                                              wanted,
  input  wire [(OUTPUTS/OUTPUTS_PER_VECTOR)*LANES*X_BITS-1:0] drawn,
  input  wire                                              takes,

  output wire                                              fault_early,
  output wire                                              fault_wrong,
  output wire                                              fault_lost,
  output wire                                              fault_other,
  output wire                                              fault_full,
  output wire                                              fault_idle,
  output wire                                              arrived
);

  localparam W_BITS = 2;
  localparam ACC_BITS = X_BITS + 1;
  localparam INPUT_LANES = (OUTPUTS / OUTPUTS_PER_VECTOR) * LANES;
  localparam VECTORS = OUTPUTS / OUTPUTS_PER_VECTOR;
  localparam FOLDS = (LANES + SIMD - 1) / SIMD;
  localparam STEPS = BEATS_PER_VECTOR * GROUPS * FOLDS;
  localparam ADDRESS_BITS = (TURNS * STEPS > 1) ? $clog2(TURNS * STEPS) : 1;
  localparam DELAY = 6 + $clog2(SIMD);
  localparam PATIENCE = DELAY + GROUPS * FOLDS + 2;
  localparam IDLE_BITS = $clog2(PATIENCE + 1);
  localparam WAIT_BITS = $clog2(CREDITS + 2);
  localparam integer PLACES = CREDITS;
  localparam [7:0] COUNT = OUTPUTS;
  localparam [7:0] ALL_LANES = LANES;
  localparam [7:0] LANES_OUT = PE;
  localparam [7:0] PRODUCTS = SIMD;
  localparam [7:0] ALL_FOLDS = FOLDS;
  localparam [7:0] STEPS_PER_BEAT = GROUPS * FOLDS;
  localparam [7:0] ALL_BEATS = BEATS_PER_VECTOR;
  localparam [7:0] STEPS_PER_TURN = STEPS;
  localparam [7:0] ALL_TURNS = TURNS;
  localparam [3:0] LAST_TURN = TURNS - 1;
  localparam [3:0] LAST_BEAT = BEATS_PER_VECTOR - 1;
  localparam [3:0] LAST_GROUP = GROUPS - 1;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire [INPUT_LANES*X_BITS-1:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire [ADDRESS_BITS-1:0] weight_address;
  wire [PE*SIMD*W_BITS-1:0] weight_data;
  wire [PE*ACC_BITS-1:0] result_tdata;
  wire result_tvalid;

  // the weight that is followed: its matrix, its output as group and place, its element as beat, fold and
  // product
  reg [3:0] turn;
  reg [3:0] group;
  reg [3:0] place;
  reg [3:0] beat;
  reg [3:0] fold;
  reg [3:0] product;
  // the beat that is offered and the group of results that is next, and whose turn it is
  reg [3:0] turn_in;
  reg [3:0] turn_out;
  reg [3:0] next_beat;
  reg [3:0] next_group;
  // the beat was not offered before
  reg is_new;
  // results that were not taken
  reg [WAIT_BITS-1:0] waiting;
  reg [IDLE_BITS-1:0] idle;
  reg [ADDRESS_BITS-1:0] address;

  wire [7:0] unit = {4'd0, group} * LANES_OUT + {4'd0, place};
  wire [7:0] lane = {4'd0, fold} * PRODUCTS + {4'd0, product};
  wire [7:0] step = {4'd0, turn} * STEPS_PER_TURN + {4'd0, beat} * STEPS_PER_BEAT
                  + {4'd0, group} * ALL_FOLDS + {4'd0, fold};
  wire accepts = s_axis_tvalid && s_axis_tready;
  wire is_next = next_group == group && turn_out == turn;
  wire result_taken = takes && waiting != 0;
  wire enters = s_axis_tvalid && is_new && next_beat == beat && turn_in == turn;
  wire stands = s_axis_tvalid && !accepts && waiting == 0 && !result_tvalid;

  wire [7:0] chosen_unit = {4'd0, chosen[3:0]} * LANES_OUT + {4'd0, chosen[7:4]};
  wire [7:0] chosen_lane = {4'd0, chosen[15:12]} * PRODUCTS + {4'd0, chosen[19:16]};
  wire is_legal = {4'd0, chosen[7:4]} < LANES_OUT && chosen_unit < COUNT && {4'd0, chosen[11:8]} < ALL_BEATS
               && {4'd0, chosen[23:20]} < ALL_TURNS
               && {4'd0, chosen[19:16]} < PRODUCTS && chosen_lane < ALL_LANES;

  reg [X_BITS-1:0] entering;
  reg [ACC_BITS-1:0] leaving;
  reg other;
  integer k;
  integer v;

  always @* begin
    entering = 0;
    for (v = 0; v < VECTORS; v = v + 1) begin
      for (k = 0; k < LANES; k = k + 1) begin
        if ({24'd0, unit} >= v * OUTPUTS_PER_VECTOR && {24'd0, unit} < (v + 1) * OUTPUTS_PER_VECTOR
            && lane == k[7:0]) begin
          entering = s_axis_tdata[(v*LANES+k)*X_BITS +: X_BITS];
        end
      end
    end
    leaving = 0;
    other = 1'b0;
    for (k = 0; k < PE; k = k + 1) begin
      if (place == k[3:0] && is_next) begin
        leaving = result_tdata[k*ACC_BITS +: ACC_BITS];
      end else if (result_tdata[k*ACC_BITS +: ACC_BITS] != 0) begin
        other = result_tvalid;
      end
    end
  end

  genvar p;
  genvar s;
  generate
    for (p = 0; p < PE; p = p + 1) begin : g_lane
      for (s = 0; s < SIMD; s = s + 1) begin : g_product
        localparam [3:0] PLACE = p;
        localparam [3:0] PRODUCT = s;
        // of the word that was asked for a cycle before
        wire is_chosen = {{(8-ADDRESS_BITS){1'b0}}, address} == step && place == PLACE && product == PRODUCT;
        assign weight_data[(p*SIMD+s)*W_BITS +: W_BITS] = {{(W_BITS-1){1'b0}}, is_chosen};
      end
    end
  endgenerate

  proof_source #(
    .WIDTH(INPUT_LANES * X_BITS)
  ) source (
    .clk(clk),
    .rst(reset),
    .wanted(wanted),
    .drawn(drawn),
    .tdata(s_axis_tdata),
    .tvalid(s_axis_tvalid),
    .tready(s_axis_tready)
  );

  krl_matvec #(
    .PE(PE),
    .SIMD(SIMD),
    .LANES(LANES),
    .BEATS_PER_VECTOR(BEATS_PER_VECTOR),
    .GROUPS(GROUPS),
    .TURNS(TURNS),
    .OUTPUTS(OUTPUTS),
    .OUTPUTS_PER_VECTOR(OUTPUTS_PER_VECTOR),
    .CREDITS(CREDITS),
    .X_BITS(X_BITS),
    .W_BITS(W_BITS),
    .ACC_BITS(ACC_BITS)
  ) dut (
    .clk(clk),
    .rst(reset),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .weight_address(weight_address),
    .weight_data(weight_data),
    .result_tdata(result_tdata),
    .result_tvalid(result_tvalid),
    .result_taken(result_taken)
  );

  proof_order #(
    .BITS(ACC_BITS),
    .MOST(DELAY + 1)
  ) order (
    .clk(clk),
    .rst(reset),
    .mark(mark),
    .enters(enters),
    .entering({{(ACC_BITS-X_BITS){entering[X_BITS-1]}}, entering}),
    .leaves(result_tvalid && is_next),
    .leaving(leaving),
    .early(fault_early),
    .wrong(fault_wrong),
    .lost(fault_lost),
    .arrived(arrived)
  );

  assign fault_other = !reset && other;
  assign fault_full = !reset && waiting > PLACES[WAIT_BITS-1:0];
  assign fault_idle = !reset && stands && idle == PATIENCE[IDLE_BITS-1:0];

  always @(posedge clk) begin
    started <= 1'b1;
    address <= weight_address;
    is_new <= !s_axis_tvalid || accepts;
    if (accepts && next_beat == LAST_BEAT) turn_in <= (turn_in == LAST_TURN) ? 4'd0 : turn_in + 1'b1;
    if (result_tvalid && next_group == LAST_GROUP) begin
      turn_out <= (turn_out == LAST_TURN) ? 4'd0 : turn_out + 1'b1;
    end
    if (accepts) next_beat <= (next_beat == LAST_BEAT) ? 4'd0 : next_beat + 1'b1;
    if (result_tvalid) next_group <= (next_group == LAST_GROUP) ? 4'd0 : next_group + 1'b1;
    waiting <= waiting + {{(WAIT_BITS-1){1'b0}}, result_tvalid} - {{(WAIT_BITS-1){1'b0}}, result_taken};
    idle <= stands ? idle + 1'b1 : 0;
    if (reset) begin
      turn <= is_legal ? chosen[23:20] : 4'd0;
      group <= is_legal ? chosen[3:0] : 4'd0;
      place <= is_legal ? chosen[7:4] : 4'd0;
      beat <= is_legal ? chosen[11:8] : 4'd0;
      fold <= is_legal ? chosen[15:12] : 4'd0;
      product <= is_legal ? chosen[19:16] : 4'd0;
      turn_in <= 4'd0;
      turn_out <= 4'd0;
      next_beat <= 4'd0;
      next_group <= 4'd0;
      is_new <= 1'b1;
      waiting <= 0;
      idle <= 0;
    end
  end

endmodule

`default_nettype wire
