// SPDX-License-Identifier: Apache-2.0
//
// As much of Vitis HLS' integers as the functions of Kerilog use, up to 64 bits.

#ifndef AP_INT_H
#define AP_INT_H

#include <cstdint>

template <int W> struct ap_uint {
  static_assert(W >= 1 && W <= 64, "up to 64 bits here");
  std::uint64_t value;
  ap_uint(std::uint64_t from = 0) : value(W == 64 ? from : from & ((std::uint64_t(1) << (W % 64)) - 1)) {}
  operator std::uint64_t() const { return value; }
};

template <int W> struct ap_int {
  std::int64_t value;
  ap_int(std::uint64_t from = 0) : value(std::int64_t(from << (64 - W)) >> (64 - W)) {}
  operator std::int64_t() const { return value; }
};

#endif
