// SPDX-License-Identifier: Apache-2.0
//
// krl_vectors: the vectors of windows that lie side by side in a beat. Wiring only.
//
// A beat holds KERNEL_H rows of COLUMNS pixels of CHANNELS elements, and in them WINDOWS windows of KERNEL_H x
// KERNEL_W pixels, each STRIDE_W columns to the right of the last. A vector has DEPTH neighbouring elements of
// every pixel of one window, so that a window holds CHANNELS / DEPTH vectors.
//
// Equation: element (vector, pixel, d) = x[pixel / KERNEL_W][column][channel], with
//           column = (vector / (CHANNELS / DEPTH)) * STRIDE_W + pixel % KERNEL_W and
//           channel = (vector % (CHANNELS / DEPTH)) * DEPTH + d; at lane
//           (vector * KERNEL_H * KERNEL_W + pixel) * DEPTH + d, or, if PIXEL_BY_PIXEL, at lane
//           (pixel * VECTORS + vector) * DEPTH + d.
// Latency:  none.
// Legal:    all >= 1 but PIXEL_BY_PIXEL; DEPTH divides CHANNELS;
//           COLUMNS >= (WINDOWS - 1) * STRIDE_W + KERNEL_W.

`default_nettype none

module krl_vectors #(
  // windows side by side
  parameter integer WINDOWS = 2,
  parameter integer KERNEL_H = 2,
  parameter integer KERNEL_W = 2,
  parameter integer STRIDE_W = 2,
  // pixels per row of the beat
  parameter integer COLUMNS = 4,
  // elements per pixel, and those of them that a vector has
  parameter integer CHANNELS = 2,
  parameter integer DEPTH = 1,
  // bits per element
  parameter integer BITS = 8,
  // 0: vector after vector; 1: the first pixels of all vectors, then their second pixels, ...
  parameter integer PIXEL_BY_PIXEL = 0
) (
  input  wire [KERNEL_H*COLUMNS*CHANNELS*BITS-1:0]       pixels,
  output wire [(WINDOWS * (CHANNELS / DEPTH))*KERNEL_H*KERNEL_W*DEPTH*BITS-1:0] vectors
);

  localparam integer VECTORS = WINDOWS * (CHANNELS / DEPTH);

  generate
    if (!((WINDOWS >= 1 && KERNEL_H >= 1 && KERNEL_W >= 1 && STRIDE_W >= 1 && CHANNELS >= 1) &&
          (DEPTH >= 1 && BITS >= 1 && CHANNELS % DEPTH == 0) &&
          (COLUMNS >= (WINDOWS - 1) * STRIDE_W + KERNEL_W))
    ) begin : g_legal
      illegal_parameters_of_krl_vectors see_legal_in_its_header ();
    end
  endgenerate

  localparam PER_WINDOW = CHANNELS / DEPTH;
  localparam PIXELS = KERNEL_H * KERNEL_W;
  // where a vector has whole pixels, those of a row of its window stay together
  localparam TOGETHER = (DEPTH == CHANNELS && PIXEL_BY_PIXEL == 0) ? KERNEL_W : 1;
  localparam PIECE_BITS = TOGETHER * DEPTH * BITS;

  genvar v;
  genvar p;
  generate
    for (v = 0; v < VECTORS; v = v + 1) begin : g_vector
      for (p = 0; p < PIXELS; p = p + TOGETHER) begin : g_pixel
        localparam COLUMN = (v / PER_WINDOW) * STRIDE_W + p % KERNEL_W;
        localparam FROM = ((p / KERNEL_W) * COLUMNS + COLUMN) * CHANNELS + (v % PER_WINDOW) * DEPTH;
        localparam TO = (PIXEL_BY_PIXEL != 0) ? p * VECTORS + v : v * PIXELS + p;
        assign vectors[TO*DEPTH*BITS +: PIECE_BITS] = pixels[FROM*BITS +: PIECE_BITS];
      end
    end

    if (COLUMNS > (WINDOWS - 1) * STRIDE_W + KERNEL_W || STRIDE_W > KERNEL_W) begin : g_between
      // pixels that are in no window
      wire unused_pixels = &{1'b0, pixels};
    end
    if (CHANNELS % DEPTH != 0) begin : g_illegal
      krl_vectors_needs_depth_to_divide_channels illegal ();
    end
  endgenerate

endmodule

`default_nettype wire
