// SPDX-License-Identifier: Apache-2.0
//
// krl_fifo: a first-in first-out queue of stream beats.
//
// Latency:  1 cycle from an accepted beat to m_axis_tvalid.
// Stream:   one beat per cycle in and out at once. s_axis_tready comes from the fill level alone, so no path
//           leads from m_axis_tready to s_axis_tready; DEPTH 2 therefore serves as a full-rate stream
//           register.
// Memory:   with BLOCK = 1 a block RAM, which is read a cycle ahead. A beat that comes into an empty queue, or
//           into one that just becomes empty, passes beside it. To the outside nothing differs.
// Legal:    WIDTH >= 1, DEPTH >= 1 (at DEPTH 1 every other cycle at most); BLOCK 0, or 1 with DEPTH >= 2.

`default_nettype none

module krl_fifo #(
  // bits per beat
  parameter integer WIDTH = 8,
  // beats held
  parameter integer DEPTH = 2,
  // 1: block RAM, 0: look-up tables
  parameter integer BLOCK = 0
) (
  input  wire             clk,
  input  wire             rst,

  input  wire [WIDTH-1:0] s_axis_tdata,
  input  wire             s_axis_tvalid,
  output wire             s_axis_tready,

  output wire [WIDTH-1:0] m_axis_tdata,
  output wire             m_axis_tvalid,
  input  wire             m_axis_tready
);

  generate
    if (!(WIDTH >= 1 && DEPTH >= 1)) begin : g_legal
      illegal_parameters_of_krl_fifo see_legal_in_its_header ();
    end
  endgenerate

  localparam POINTER_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1;
  localparam LEVEL_BITS = $clog2(DEPTH + 1);
  localparam integer LAST = DEPTH - 1;
  localparam integer FULL = DEPTH;

  reg [POINTER_BITS-1:0] write_pointer;
  reg [POINTER_BITS-1:0] read_pointer;
  reg [LEVEL_BITS-1:0] level;

  wire push = s_axis_tvalid && s_axis_tready;
  wire pop = m_axis_tvalid && m_axis_tready;

  assign s_axis_tready = level != FULL[LEVEL_BITS-1:0];
  assign m_axis_tvalid = level != 0;

  generate
    if (BLOCK != 0) begin : g_block
      wire [POINTER_BITS-1:0] following =
          (read_pointer == LAST[POINTER_BITS-1:0]) ? 0 : read_pointer + 1'b1;
      wire [WIDTH-1:0] read_data;
      // the beat that comes is the next one to leave
      wire passes = push && (level == 0 || (level == 1 && pop));
      reg passed;
      reg [WIDTH-1:0] beside;

      krl_ram #(
        .WIDTH(WIDTH),
        .DEPTH(DEPTH),
        .BLOCK(1)
      ) ram (
        .clk(clk),
        .write_enable(push),
        .write_address(write_pointer),
        .write_data(s_axis_tdata),
        .read_enable(!passes),
        .read_address(pop ? following : read_pointer),
        .read_data(read_data)
      );

      assign m_axis_tdata = passed ? beside : read_data;

      always @(posedge clk) begin
        passed <= passes;
        beside <= s_axis_tdata;
      end
    end else begin : g_distributed
      (* ram_style = "distributed", ramstyle = "MLAB, no_rw_check" *)
      reg [WIDTH-1:0] memory [0:DEPTH-1];

      assign m_axis_tdata = memory[read_pointer];

      always @(posedge clk) begin
        if (push) memory[write_pointer] <= s_axis_tdata;
      end
    end
  endgenerate

  always @(posedge clk) begin
    if (push) begin
      write_pointer <= (write_pointer == LAST[POINTER_BITS-1:0]) ? 0 : write_pointer + 1'b1;
    end
    if (pop) begin
      read_pointer <= (read_pointer == LAST[POINTER_BITS-1:0]) ? 0 : read_pointer + 1'b1;
    end
    if (push && !pop) begin
      level <= level + 1'b1;
    end else if (pop && !push) begin
      level <= level - 1'b1;
    end
    if (rst) begin
      write_pointer <= 0;
      read_pointer <= 0;
      level <= 0;
    end
  end

endmodule

`default_nettype wire
