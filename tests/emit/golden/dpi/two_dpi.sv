// SPDX-License-Identifier: Apache-2.0
//
// Made by Kerilog: the integer model of two for SystemVerilog benches, by DPI. Compile two_dpi.cpp with it.
//
//   import krl_two_dpi::*;
//   krl_two_run(x0, x1, y0);  // one frame of codes, in NHWC order
//
// x0: 6 x 5 x 2, left image: 8 bits, scale 0.03125, zero point 0
// x1: 5 x 4 x 3, right.image: 8 bits, scale 0.0078125, zero point 0
// y0: 3, answer: 8 bits, scale 1.0, zero point 0

package krl_two_dpi;

  localparam int INPUT0_SIZE = 60;
  localparam int INPUT1_SIZE = 60;
  localparam int OUTPUT0_SIZE = 3;

  import "DPI-C" function void krl_two_run(
    input byte x0[INPUT0_SIZE],
    input byte x1[INPUT1_SIZE],
    output byte y0[OUTPUT0_SIZE]
  );

endpackage
