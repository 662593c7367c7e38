// SPDX-License-Identifier: Apache-2.0
//
// krl_matvec: a matrix times a stream of vectors, folded onto PE * SIMD multipliers that are busy in
//             every cycle in which there is data.
//
// Equation: result[u] = sum over i of weight[u][i] * x[i], u = group * PE + lane, modulo 2**ACC_BITS.
//           Of several vectors in a beat, OUTPUTS_PER_VECTOR neighbouring outputs multiply the same:
//           x[u / OUTPUTS_PER_VECTOR][i].
//
// A vector arrives in BEATS_PER_VECTOR beats of LANES elements. Each beat is held while every output group
// uses it:
//
//     for beat in BEATS_PER_VECTOR:  for group in GROUPS:  for fold in FOLDS:    one cycle, PE * SIMD products
//
// so a vector takes BEATS_PER_VECTOR * GROUPS * FOLDS cycles, and the next one follows without a gap. A
// convolution hands its whole window over in one beat (BEATS_PER_VECTOR = 1); a dense layer streams its input
// (FOLDS = 1) into GROUPS running sums. With OUTPUTS_PER_VECTOR < OUTPUTS a beat holds LANES elements of each
// of OUTPUTS / OUTPUTS_PER_VECTOR vectors, the first in the low bits: a depthwise convolution hands over a
// window for each output; of several windows at a time, each is for all filters; an average over all pixels
// has LANES = 1 and a beat per pixel.
//
// With TURNS > 1 vectors have matrices by turns: a window that is read again for every group of its outputs is
// TURNS vectors with one group each.
//
// Weights:  word number turn * STEPS + beat * GROUPS * FOLDS + group * FOLDS + fold, asked for by
//           weight_address and expected one cycle later; lane p, product s at bits (p * SIMD + s) * W_BITS.
//           Products past LANES or past the last output must have weight zero, or any with SIGNS.
// Signs:    with SIGNS, X_BITS = 1 and W_BITS = 1 elements are signs, too, a one is -1, and a sum has 1 + the product
//           for each of its BEATS_PER_VECTOR * FOLDS * SIMD places: those past LANES count as +1 times the weight.
// Latency:  6 + clog2(SIMD) cycles from a group's last product being issued to result_tvalid.
// Stream:   s_axis_tready rises in the last cycle of a beat. Results cannot wait: a group's last product is
//           issued only while one of the CREDITS places in the next buffer is free; result_taken returns
//           a place.
// Legal:    PE, SIMD, LANES, GROUPS, BEATS_PER_VECTOR, TURNS, CREDITS, ACC_BITS >= 1; X_BITS, W_BITS >= 2,
//           with SIGNS W_BITS 1 or 2, and X_BITS >= 1 if it is 1; (GROUPS - 1) * PE < OUTPUTS <= GROUPS * PE;
//           OUTPUTS_PER_VECTOR divides OUTPUTS.

`default_nettype none

module krl_matvec #(
  // output lanes
  parameter integer PE = 4,
  // products summed per cycle in each lane
  parameter integer SIMD = 2,
  // elements per arriving beat
  parameter integer LANES = 2,
  // beats per vector
  parameter integer BEATS_PER_VECTOR = 8,
  // output groups: outputs / PE, rounded up
  parameter integer GROUPS = 2,
  // matrices
  parameter integer TURNS = 1,
  // outputs, and how many neighbours multiply the same vector; needed only where it is not all of them
  parameter integer OUTPUTS = GROUPS * PE,
  parameter integer OUTPUTS_PER_VECTOR = OUTPUTS,
  // places in the result buffer
  parameter integer CREDITS = 4,
  // 1: two products per multiplier of 25 x 18 bits where two output lanes share their activations and both fit,
  // 0: a multiplier for each product
  parameter integer PAIRS = 1,
  // 1: weights are +1 and -1 (W_BITS = 1, of which 1 is -1), or -1, 0 and +1 (W_BITS = 2): no multipliers
  parameter integer SIGNS = 0,
  // bits of an activation, a weight, a sum
  parameter integer X_BITS = 8,
  parameter integer W_BITS = 8,
  parameter integer ACC_BITS = 24,
  // follow from the above; do not set
  parameter integer INPUT_LANES = (OUTPUTS / OUTPUTS_PER_VECTOR) * LANES,
  parameter integer FOLDS = (LANES + SIMD - 1) / SIMD,
  parameter integer STEPS = BEATS_PER_VECTOR * GROUPS * FOLDS,
  parameter integer ADDRESS_BITS = (TURNS * STEPS > 1) ? $clog2(TURNS * STEPS) : 1
) (
  input  wire                      clk,
  input  wire                      rst,

  input  wire [INPUT_LANES*X_BITS-1:0] s_axis_tdata,
  input  wire                      s_axis_tvalid,
  output wire                      s_axis_tready,

  output wire [ADDRESS_BITS-1:0]   weight_address,
  input  wire [PE*SIMD*W_BITS-1:0] weight_data,

  output wire [PE*ACC_BITS-1:0]    result_tdata,
  output reg                       result_tvalid,
  input  wire                      result_taken
);

  generate
    if (!((PE >= 1 && SIMD >= 1 && LANES >= 1 && GROUPS >= 1 && TURNS >= 1 && BEATS_PER_VECTOR >= 1 && CREDITS >= 1) &&
          (ACC_BITS >= 1 && X_BITS >= ((SIGNS != 0 && W_BITS == 1) ? 1 : 2)) &&
          ((SIGNS == 0) ? W_BITS >= 2 : W_BITS >= 1 && W_BITS <= 2) &&
          ((GROUPS - 1) * PE < OUTPUTS && OUTPUTS <= GROUPS * PE && OUTPUTS % OUTPUTS_PER_VECTOR == 0) &&
          (INPUT_LANES == (OUTPUTS / OUTPUTS_PER_VECTOR) * LANES && FOLDS == (LANES + SIMD - 1) / SIMD) &&
          (STEPS == BEATS_PER_VECTOR * GROUPS * FOLDS &&
           ADDRESS_BITS == ((TURNS * STEPS > 1) ? $clog2(TURNS * STEPS) : 1)))
    ) begin : g_legal
      illegal_parameters_of_krl_matvec see_legal_in_its_header ();
    end
  endgenerate

  localparam BEAT_BITS = (BEATS_PER_VECTOR > 1) ? $clog2(BEATS_PER_VECTOR) : 1;
  localparam GROUP_BITS = (GROUPS > 1) ? $clog2(GROUPS) : 1;
  localparam FOLD_BITS = (FOLDS > 1) ? $clog2(FOLDS) : 1;
  localparam CREDIT_BITS = $clog2(CREDITS + 1);
  // twice the count of equal signs is positive
  localparam SUM_BITS = X_BITS + ((SIGNS == 0) ? W_BITS : (X_BITS == 1) ? 2 : 1) + $clog2(SIMD);
  // cycles from issue to the sum of products
  localparam DELAY = 5 + $clog2(SIMD);
  // with one beat per vector a group is finished before the next begins, and one sum serves all
  localparam SUMS = (BEATS_PER_VECTOR > 1) ? GROUPS : 1;
  localparam SUM_INDEX_BITS = (SUMS > 1) ? $clog2(SUMS) : 1;

  localparam integer LAST_BEAT = BEATS_PER_VECTOR - 1;
  localparam integer LAST_GROUP = GROUPS - 1;
  localparam integer LAST_FOLD = FOLDS - 1;
  localparam integer ALL_CREDITS = CREDITS;

  // ---- sequence: which product group is issued ----

  reg [BEAT_BITS-1:0] beat;
  reg [GROUP_BITS-1:0] group;
  reg [FOLD_BITS-1:0] fold;
  reg [ADDRESS_BITS-1:0] address;
  reg [CREDIT_BITS-1:0] credits;

  wire fold_is_last = fold == LAST_FOLD[FOLD_BITS-1:0];
  wire group_is_last = group == LAST_GROUP[GROUP_BITS-1:0];
  wire beat_is_last = beat == LAST_BEAT[BEAT_BITS-1:0];
  wire starts_sum = beat == 0 && fold == 0;
  wire ends_sum = beat_is_last && fold_is_last;

  wire may_issue = !ends_sum || credits != 0;
  wire issue = s_axis_tvalid && may_issue;
  wire spend = issue && ends_sum;

  wire address_is_last;

  assign s_axis_tready = may_issue && fold_is_last && group_is_last;
  assign weight_address = address;

  always @(posedge clk) begin
    if (issue) begin
      fold <= fold_is_last ? 0 : fold + 1'b1;
      if (fold_is_last) begin
        group <= group_is_last ? 0 : group + 1'b1;
        if (group_is_last) beat <= beat_is_last ? 0 : beat + 1'b1;
      end
      address <= address_is_last ? 0 : address + 1'b1;
    end
    if (spend && !result_taken) begin
      credits <= credits - 1'b1;
    end else if (result_taken && !spend) begin
      credits <= credits + 1'b1;
    end
    if (rst) begin
      fold <= 0;
      group <= 0;
      beat <= 0;
      address <= 0;
      credits <= ALL_CREDITS[CREDIT_BITS-1:0];
    end
  end

  generate
    if (TURNS > 1) begin : g_turns
      localparam integer LAST_ADDRESS = TURNS * STEPS - 1;
      assign address_is_last = address == LAST_ADDRESS[ADDRESS_BITS-1:0];
    end else begin : g_one_matrix
      assign address_is_last = fold_is_last && group_is_last && beat_is_last;
    end
  endgenerate

  // ---- activations: the share of the beat that is multiplied ----

  localparam VECTORS = OUTPUTS / OUTPUTS_PER_VECTOR;
  // neighbouring output lanes that have one vector in every group, and how many vectors that makes
  localparam LANES_PER_VECTOR = (VECTORS == 1 || OUTPUTS_PER_VECTOR % PE == 0) ? PE
                              : (PE % OUTPUTS_PER_VECTOR == 0) ? OUTPUTS_PER_VECTOR
                              : 1;
  localparam VECTORS_PER_GROUP = PE / LANES_PER_VECTOR;
  localparam SHARE_BITS = VECTORS_PER_GROUP * SIMD * X_BITS;
  // shares of a beat; what is past the beat's end is zero
  localparam SHARES = (VECTORS == 1) ? FOLDS : GROUPS * FOLDS;

  localparam SHARE_INDEX_BITS = (SHARES > 1) ? $clog2(SHARES) : 1;

  wire [SHARES*SHARE_BITS-1:0] shares;
  wire [SHARE_INDEX_BITS-1:0] share;
  wire [SHARE_BITS-1:0] selected;
  // two registers: the weights come a cycle after their address, and x must come a cycle after them
  reg [SHARE_BITS-1:0] x_selected;
  reg [SHARE_BITS-1:0] x;

  genvar i;
  genvar v;
  generate
    for (i = 0; i < SHARES; i = i + 1) begin : g_share
      for (v = 0; v < VECTORS_PER_GROUP; v = v + 1) begin : g_vector
        localparam VECTOR = ((i / FOLDS) * PE + v * LANES_PER_VECTOR) / OUTPUTS_PER_VECTOR;
        // elements of this vector that the share has
        localparam FROM = (i % FOLDS) * SIMD;
        localparam HAS = (VECTOR >= VECTORS) ? 0 : (FROM + SIMD > LANES) ? LANES - FROM : SIMD;
        localparam AT = (i * VECTORS_PER_GROUP + v) * SIMD * X_BITS;
        if (HAS > 0) begin : g_used
          assign shares[AT +: HAS*X_BITS] = s_axis_tdata[(VECTOR*LANES+FROM)*X_BITS +: HAS*X_BITS];
        end
        if (HAS < SIMD) begin : g_pad
          assign shares[AT+HAS*X_BITS +: (SIMD-HAS)*X_BITS] = 0;
        end
      end
    end

    if (SHARES == FOLDS) begin : g_fold
      assign share = fold;
    end else begin : g_group_and_fold
      // group * FOLDS + fold
      reg [SHARE_INDEX_BITS-1:0] counter;
      assign share = counter;
      always @(posedge clk) begin
        if (issue) counter <= (fold_is_last && group_is_last) ? 0 : counter + 1'b1;
        if (rst) counter <= 0;
      end
    end
  endgenerate

  krl_select #(
    .COUNT(SHARES),
    .BITS(SHARE_BITS)
  ) select (
    .words(shares),
    .index(share),
    .word(selected)
  );

  always @(posedge clk) begin
    x_selected <= selected;
    x <= x_selected;
  end

  // ---- what each sum of products is for, travelling along with it ----

  reg [DELAY-1:0] valid_pipe;
  reg [DELAY-2:0] starts_pipe;
  reg [DELAY-1:0] ends_pipe;
  reg [DELAY-1:0] again_pipe;
  wire [SUM_INDEX_BITS-1:0] sum_index;
  wire [SUM_INDEX_BITS-1:0] sum_index_ahead;

  always @(posedge clk) begin
    valid_pipe <= {valid_pipe[DELAY-2:0], issue};
    starts_pipe <= {starts_pipe[DELAY-3:0], starts_sum};
    ends_pipe <= {ends_pipe[DELAY-2:0], ends_sum};
    again_pipe <= {again_pipe[DELAY-2:0], fold != 0};
    result_tvalid <= valid_pipe[DELAY-1] && ends_pipe[DELAY-1];
    if (rst) begin
      valid_pipe <= 0;
      result_tvalid <= 1'b0;
    end
  end

  generate
    if (SUMS > 1) begin : g_index
      reg [DELAY*GROUP_BITS-1:0] group_pipe;
      always @(posedge clk) group_pipe <= {group_pipe[(DELAY-1)*GROUP_BITS-1:0], group};
      assign sum_index = group_pipe[DELAY*GROUP_BITS-1 -: GROUP_BITS];
      assign sum_index_ahead = group_pipe[(DELAY-1)*GROUP_BITS-1 -: GROUP_BITS];
    end else begin : g_no_index
      assign sum_index = 0;
      assign sum_index_ahead = 0;
    end
  endgenerate

  // ---- the multipliers and the sums ----

  localparam LANE_BITS = SIMD * W_BITS;
  // smaller products are cheaper in look-up tables
  localparam PAIRED = PAIRS != 0 && SIGNS == 0 && X_BITS + W_BITS > 8
                      && X_BITS + 2 * W_BITS + 1 <= 25 && X_BITS <= 18;

  wire [PE*SUM_BITS-1:0] sums;

  genvar p;
  generate
    for (p = 0; p < PE; p = p + 1) begin : g_lane
      localparam X_AT = (p / LANES_PER_VECTOR) * SIMD * X_BITS;
      // among the lanes of its vector
      localparam PLACE = p % LANES_PER_VECTOR;
      if (SIGNS != 0 && X_BITS == 1) begin : g_xnor
        krl_dot_xnor #(
          .SIMD(SIMD)
        ) dot (
          .clk(clk),
          .x(x[X_AT +: SIMD]),
          .w(weight_data[p*LANE_BITS +: LANE_BITS]),
          .sum(sums[p*SUM_BITS +: SUM_BITS])
        );
      end else if (SIGNS != 0) begin : g_signs
        krl_dot_signs #(
          .SIMD(SIMD),
          .X_BITS(X_BITS),
          .W_BITS(W_BITS)
        ) dot (
          .clk(clk),
          .x(x[X_AT +: SIMD*X_BITS]),
          .w(weight_data[p*LANE_BITS +: LANE_BITS]),
          .sum(sums[p*SUM_BITS +: SUM_BITS])
        );
      end else if (PAIRED && PLACE % 2 == 0 && PLACE + 1 < LANES_PER_VECTOR) begin : g_pair
        krl_dot_pair #(
          .SIMD(SIMD),
          .X_BITS(X_BITS),
          .W_BITS(W_BITS)
        ) dot (
          .clk(clk),
          .x(x[X_AT +: SIMD*X_BITS]),
          .w_0(weight_data[p*LANE_BITS +: LANE_BITS]),
          .w_1(weight_data[(p+1)*LANE_BITS +: LANE_BITS]),
          .sum_0(sums[p*SUM_BITS +: SUM_BITS]),
          .sum_1(sums[(p+1)*SUM_BITS +: SUM_BITS])
        );
      end else if (!PAIRED || PLACE % 2 == 0) begin : g_single
        krl_dot #(
          .SIMD(SIMD),
          .X_BITS(X_BITS),
          .W_BITS(W_BITS)
        ) dot (
          .clk(clk),
          .x(x[X_AT +: SIMD*X_BITS]),
          .w(weight_data[p*LANE_BITS +: LANE_BITS]),
          .sum(sums[p*SUM_BITS +: SUM_BITS])
        );
      end

      krl_accumulator #(
        .DEPTH(SUMS),
        .SUM_BITS(SUM_BITS),
        .ACC_BITS(ACC_BITS)
      ) accumulator (
        .clk(clk),
        .first_ahead(starts_pipe[DELAY-2]),
        .index_ahead(sum_index_ahead),
        .enable(valid_pipe[DELAY-1]),
        .again(again_pipe[DELAY-1]),
        .index(sum_index),
        .addend(sums[p*SUM_BITS +: SUM_BITS]),
        .total(result_tdata[p*ACC_BITS +: ACC_BITS])
      );
    end
  endgenerate

endmodule

`default_nettype wire
