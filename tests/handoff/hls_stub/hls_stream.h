// SPDX-License-Identifier: Apache-2.0
//
// As much of Vitis HLS' streams as the functions of Kerilog use.

#ifndef HLS_STREAM_H
#define HLS_STREAM_H

#include <cstdio>
#include <cstdlib>
#include <queue>

namespace hls {

template <typename T> class stream {
 public:
  T read() {
    if (words.empty()) {
      std::fputs("read from an empty stream\n", stderr);
      std::exit(1);
    }
    const T word = words.front();
    words.pop();
    return word;
  }
  void write(const T &word) { words.push(word); }
  bool empty() const { return words.empty(); }

 private:
  std::queue<T> words;
};

}  // namespace hls

#endif
