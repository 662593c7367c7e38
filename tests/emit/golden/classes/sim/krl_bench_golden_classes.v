// SPDX-License-Identifier: Apache-2.0
//
// Checks golden_classes against its integer model: 8 frames without a pause, then the same with pauses on both
// sides. It prints one line that begins with PASS or with FAIL. Made by Kerilog; README.md says how to run it.
//
// Files are looked for below KRL_DESIGN_DIR, a string macro, or where the simulator was started.

`default_nettype none

module krl_bench_golden_classes;

  localparam integer FRAMES = 8;
  localparam integer LATENCY = 67;  // from the first beat in to the last beat of that frame out
  localparam integer WATCHDOG = 5456;  // cycles without a beat that count as a hang
  localparam integer DRAIN = 64;  // cycles in which no more may come

`ifdef KRL_DESIGN_DIR
  localparam DIR = {`KRL_DESIGN_DIR, "/"};
`else
  localparam DIR = "./";
`endif

  reg clk;
  reg starting;  // a cycle ahead of rst, so that both sides are there in the first cycle behind it
  reg rst;
  wire frame_error;

  reg done;
  reg measuring;
  integer cycle;
  integer idle;
  integer first;
  integer latency;
  reg [31:0] pauses;  // an LFSR, so that every simulator pauses in the same cycles

  // ---- s_axis: 12 beats a frame ----

  localparam integer s_axis_BEATS = 12;
  reg [15:0] s_axis_codes [0:95];
  reg [6:0] s_axis_index;
  integer s_axis_frame;
  integer s_axis_beat;
  reg s_axis_tvalid;
  wire s_axis_tready;
  wire s_axis_tlast = s_axis_beat == s_axis_BEATS - 1;
  wire s_axis_moves = s_axis_tvalid && s_axis_tready === 1'b1;
  wire [31:0] s_axis_next = s_axis_moves && s_axis_tlast ? s_axis_frame + 1 : s_axis_frame;

  initial $readmemh({DIR, "sim/golden_classes_s_axis.mem"}, s_axis_codes);

  always @(posedge clk)
    if (starting) begin
      s_axis_index <= 0;
      s_axis_frame <= 0;
      s_axis_beat <= 0;
      s_axis_tvalid <= 1'b0;
    end else begin
      if (s_axis_moves) begin
        s_axis_index <= s_axis_index == 7'd95 ? 0 : s_axis_index + 1'b1;
        s_axis_beat <= s_axis_tlast ? 0 : s_axis_beat + 1;
        s_axis_frame <= s_axis_next;
      end
      if (s_axis_moves || !s_axis_tvalid)
        s_axis_tvalid <= s_axis_next < 2 * FRAMES && (s_axis_next < FRAMES || pauses[0]);
    end

  // ---- m_axis: 1 beat a frame ----

  localparam integer m_axis_BEATS = 1;
  reg [7:0] m_axis_codes [0:7];
  reg [2:0] m_axis_index;
  integer m_axis_frame;
  integer m_axis_beat;
  wire [7:0] m_axis_tdata;
  wire m_axis_tvalid;
  wire m_axis_tlast;
  wire m_axis_tuser;
  reg m_axis_tready;
  reg m_axis_waits;
  reg [7:0] m_axis_offered;
  wire [7:0] m_axis_expected = m_axis_codes[m_axis_index];
  wire m_axis_is_last = m_axis_beat == m_axis_BEATS - 1;
  wire m_axis_moves = m_axis_tvalid === 1'b1 && m_axis_tready;

  initial $readmemh({DIR, "sim/golden_classes_m_axis.mem"}, m_axis_codes);

  always @(posedge clk)
    if (starting) begin
      m_axis_index <= 0;
      m_axis_frame <= 0;
      m_axis_beat <= 0;
      m_axis_tready <= 1'b0;
      m_axis_waits <= 1'b0;
      m_axis_offered <= 0;
    end else begin
      if (m_axis_moves) begin
        m_axis_index <= m_axis_index == 3'd7 ? 0 : m_axis_index + 1'b1;
        m_axis_beat <= m_axis_is_last ? 0 : m_axis_beat + 1;
        if (m_axis_is_last) m_axis_frame <= m_axis_frame + 1;
      end
      m_axis_tready <= m_axis_frame < FRAMES || pauses[31];
      m_axis_waits <= m_axis_tvalid === 1'b1 && !m_axis_tready;
      m_axis_offered <= m_axis_tdata;
    end

  golden_classes dut (
    .s_axis_tdata(s_axis_tvalid ? s_axis_codes[s_axis_index] : {16{1'bx}}),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .s_axis_tlast(s_axis_tlast),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready),
    .m_axis_tlast(m_axis_tlast),
    .m_axis_tuser(m_axis_tuser),
    .clk(clk),
    .rst(rst),
    .frame_error(frame_error)
  );

  // ---- what must hold in every cycle ----

  wire moves = s_axis_moves || m_axis_moves;
  wire complete = m_axis_frame == 2 * FRAMES;
  wire unknown = ^{s_axis_tready, m_axis_tvalid, frame_error} === 1'bx;
  wire begun = s_axis_moves;
  wire answered = m_axis_frame != 0;

  always @(posedge clk)
    if (rst) begin
      done <= 1'b0;
      measuring <= 1'b0;
      cycle <= 0;
      idle <= 0;
      first <= 0;
      latency <= 0;
      pauses <= 32'h1;
    end else if (!done) begin
      cycle <= cycle + 1;
      idle <= moves ? 0 : idle + 1;
      pauses <= {pauses[30:0], pauses[31] ^ pauses[21] ^ pauses[1] ^ pauses[0]};
      if (begun && !measuring) begin
        measuring <= 1'b1;
        first <= cycle;
      end
      if (answered && latency == 0) latency <= cycle - 1 - first;
      if (unknown) begin
        $display("FAIL: a tready, a tvalid or frame_error is unknown in cycle %0d", cycle);
        finish;
      end else if (frame_error !== 1'b0) begin
        $display("FAIL: frame_error in cycle %0d", cycle);
        finish;
      end else if (m_axis_tvalid && m_axis_frame == 2 * FRAMES) begin
        $display("FAIL: m_axis offers a beat after the last frame");
        finish;
      end else if (m_axis_waits && (!m_axis_tvalid || m_axis_tdata !== m_axis_offered)) begin
        $display("FAIL: m_axis changed before it was taken, frame %0d, beat %0d", m_axis_frame, m_axis_beat);
        finish;
      end else if (m_axis_tvalid && (^m_axis_expected === 1'bx)) begin
        $display("FAIL: sim/golden_classes_m_axis.mem was not read");
        finish;
      end else if (m_axis_tvalid && m_axis_tdata !== m_axis_expected) begin
        $display("FAIL: m_axis frame %0d, beat %0d: expected %h, found %h", m_axis_frame, m_axis_beat, m_axis_expected, m_axis_tdata);
        finish;
      end else if (m_axis_tvalid && (m_axis_tlast !== m_axis_is_last || m_axis_tuser !== 1'b0)) begin
        $display("FAIL: m_axis frame %0d, beat %0d: tlast %b, tuser %b", m_axis_frame, m_axis_beat, m_axis_tlast, m_axis_tuser);
        finish;
      end else if (idle > WATCHDOG) begin
        $display("FAIL: nothing moves since cycle %0d", cycle - idle);
        finish;
      end else if (complete && idle > DRAIN) begin
        if (latency == LATENCY) $display("PASS: 2 x %0d frames, latency %0d cycles", FRAMES, latency);
        else $display("FAIL: latency %0d cycles, planned %0d", latency, LATENCY);
        finish;
      end
    end

  task finish;
    begin
      done <= 1'b1;
      $finish;
    end
  endtask

  initial begin
    clk = 1'b0;
    forever #5 clk = ~clk;
  end

  initial begin
    starting = 1'b1;
    repeat (8) @(negedge clk);
    starting = 1'b0;
  end

  always @(posedge clk) rst <= starting;

endmodule

`default_nettype wire
