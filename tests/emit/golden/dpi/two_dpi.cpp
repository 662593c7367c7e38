// SPDX-License-Identifier: Apache-2.0
//
// Made by Kerilog: what the package krl_two_dpi imports. Frames are independent, but one call must end before the next.

#include "two.h"

extern "C" void krl_two_run(
    const krl_two::input0_t *x0,
    const krl_two::input1_t *x1,
    krl_two::output0_t *y0) {
  static krl_two::Model model;
  model.run(x0, x1, y0);
}
