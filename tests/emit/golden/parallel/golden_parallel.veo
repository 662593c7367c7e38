// SPDX-License-Identifier: Apache-2.0
// An instance of golden_parallel, to be copied into a module of your own; made by Kerilog.

  wire clk;
  wire rst;  // synchronous, active high

  wire [47:0] s_axis_tdata;
  wire s_axis_tvalid;
  wire s_axis_tready;
  wire s_axis_tlast;

  wire [7:0] m_axis_tdata;
  wire m_axis_tvalid;
  wire m_axis_tready;
  wire m_axis_tlast;
  wire m_axis_tuser;

  wire frame_error;

  golden_parallel #(
    .USE_TLAST(1)  // 0: beats are counted, for sources without tlast
  ) u_golden_parallel (
    .clk(clk),
    .rst(rst),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready),
    .s_axis_tlast(s_axis_tlast),
    .m_axis_tdata(m_axis_tdata),
    .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready),
    .m_axis_tlast(m_axis_tlast),
    .m_axis_tuser(m_axis_tuser),
    .frame_error(frame_error)
  );
