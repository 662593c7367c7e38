// SPDX-License-Identifier: Apache-2.0
//
// krl_serializer: holds finished sums, PE at a time, and hands them out LANES at a time in channel order.
//
// A vector of OUTPUTS results arrives as GROUPS = OUTPUTS / PE words, rounded up, of PE lanes; of the last word
// only the lanes below OUTPUTS count.
//
// Latency:  2 cycles from result_tvalid to m_axis_tvalid; one beat per cycle.
// Stream:   the writer keeps count of free places (krl_matvec's credits), so there is no ready on that side;
//           result_taken is high in the cycle in which the last beat of a word goes to the output register.
// Legal:    PE, OUTPUTS, LANES, DEPTH, BITS >= 1; LANES divides PE and OUTPUTS.

`default_nettype none

module krl_serializer #(
  // lanes of an arriving word, of a leaving beat
  parameter integer PE = 4,
  parameter integer LANES = 1,
  // results per vector
  parameter integer OUTPUTS = 8,
  // words held
  parameter integer DEPTH = 4,
  // bits of a result
  parameter integer BITS = 24
) (
  input  wire                  clk,
  input  wire                  rst,

  input  wire [PE*BITS-1:0]    result_tdata,
  input  wire                  result_tvalid,
  output wire                  result_taken,

  output reg  [LANES*BITS-1:0] m_axis_tdata,
  output reg                   m_axis_tvalid,
  input  wire                  m_axis_tready
);

  generate
    if (!((PE >= 1 && OUTPUTS >= 1 && LANES >= 1 && DEPTH >= 1 && BITS >= 1) &&
          (PE % LANES == 0 && OUTPUTS % LANES == 0))
    ) begin : g_legal
      illegal_parameters_of_krl_serializer see_legal_in_its_header ();
    end
  endgenerate

  localparam GROUPS = (OUTPUTS + PE - 1) / PE;
  localparam SLICES = PE / LANES;
  localparam SLICES_OF_LAST_GROUP = (OUTPUTS - (GROUPS - 1) * PE) / LANES;

  localparam POINTER_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1;
  localparam LEVEL_BITS = $clog2(DEPTH + 1);
  localparam SLICE_BITS = (SLICES > 1) ? $clog2(SLICES) : 1;
  localparam GROUP_BITS = (GROUPS > 1) ? $clog2(GROUPS) : 1;

  localparam integer LAST_PLACE = DEPTH - 1;
  localparam integer LAST_GROUP = GROUPS - 1;
  localparam integer LAST_SLICE = SLICES - 1;
  localparam integer LAST_SLICE_OF_LAST_GROUP = SLICES_OF_LAST_GROUP - 1;

  (* ram_style = "distributed", ramstyle = "MLAB, no_rw_check" *)
  reg [PE*BITS-1:0] memory [0:DEPTH-1];

  reg [POINTER_BITS-1:0] write_pointer;
  reg [POINTER_BITS-1:0] read_pointer;
  reg [LEVEL_BITS-1:0] level;
  reg [GROUP_BITS-1:0] group;
  reg [SLICE_BITS-1:0] slice;

  wire [PE*BITS-1:0] word = memory[read_pointer];
  wire group_is_last = group == LAST_GROUP[GROUP_BITS-1:0];
  wire [SLICE_BITS-1:0] last_slice =
      group_is_last ? LAST_SLICE_OF_LAST_GROUP[SLICE_BITS-1:0] : LAST_SLICE[SLICE_BITS-1:0];
  wire slice_is_last = slice == last_slice;
  wire advance = m_axis_tready || !m_axis_tvalid;
  wire pop = advance && level != 0;

  assign result_taken = pop && slice_is_last;

  wire [LANES*BITS-1:0] selected;

  krl_select #(
    .COUNT(SLICES),
    .BITS(LANES * BITS)
  ) select (
    .words(word),
    .index(slice),
    .word(selected)
  );

  generate
    if (PE % LANES != 0 || OUTPUTS % LANES != 0) begin : g_illegal
      krl_serializer_needs_lanes_to_divide_pe_and_outputs illegal ();
    end
  endgenerate

  always @(posedge clk) begin
    if (result_tvalid) begin
      memory[write_pointer] <= result_tdata;
      write_pointer <= (write_pointer == LAST_PLACE[POINTER_BITS-1:0]) ? 0 : write_pointer + 1'b1;
    end
    if (advance) begin
      m_axis_tvalid <= level != 0;
      m_axis_tdata <= selected;
    end
    if (pop) begin
      slice <= slice_is_last ? 0 : slice + 1'b1;
      if (slice_is_last) begin
        group <= group_is_last ? 0 : group + 1'b1;
        read_pointer <= (read_pointer == LAST_PLACE[POINTER_BITS-1:0]) ? 0 : read_pointer + 1'b1;
      end
    end
    if (result_tvalid && !result_taken) begin
      level <= level + 1'b1;
    end else if (result_taken && !result_tvalid) begin
      level <= level - 1'b1;
    end
    if (rst) begin
      m_axis_tvalid <= 1'b0;
      write_pointer <= 0;
      read_pointer <= 0;
      level <= 0;
      group <= 0;
      slice <= 0;
    end
  end

endmodule

`default_nettype wire
