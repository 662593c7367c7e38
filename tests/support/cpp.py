# SPDX-License-Identifier: Apache-2.0
"""Headers of integer models compiled into one program and run on codes."""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from kerilog.emit.cpp import header
from kerilog.formats import IntArray
from kerilog.hardware.naming import verilog_name
from kerilog.qgraph import QGraph

STRICT = ("-std=c++14", "-Wall", "-Wextra", "-Werror", "-pedantic")
CHECKED = ("-O1", "-fsanitize=undefined,address", "-fno-sanitize-recover=all")
_MAIN = """\
#include <cstdio>
#include <cstdlib>
{includes}

static bool read(std::int32_t *values, int count) {{
  return std::fread(values, 4, count, stdin) == std::size_t(count);
}}

{functions}

int main(int, char **arguments) {{
  switch (std::atoi(arguments[1])) {{
{cases}
  }}
  return 0;
}}
"""


def compiled(graphs: Sequence[QGraph], folder: Path, *options: str) -> Path:
    """A program with the models of all ``graphs``; g++ has nothing to say of it."""
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    functions, cases = [], []
    for number, graph in enumerate(graphs):
        name = f"m{number}_{graph.name}"
        (folder / f"{number}.h").write_text(header(graph, name), encoding="ascii")
        functions.append(_function(graph, f"krl_{verilog_name(name)}", number))
        cases.append(f"    case {number}: run{number}(); break;")
    text = _MAIN.format(
        includes="\n".join(f'#include "{number}.h"' for number in range(len(graphs))),
        functions="\n".join(functions),
        cases="\n".join(cases),
    )
    (folder / "main.cpp").write_text(text, encoding="ascii")
    words = ["g++", *STRICT, *options, "main.cpp", "-o", "program"]
    found = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert found.returncode == 0 and not found.stderr, found.stderr[:4000]
    return folder / "program"


def _function(graph: QGraph, space: str, number: int) -> str:
    """Reads frames of 32-bit codes, all inputs of a frame behind each other, and writes all outputs."""
    inputs, outputs = len(graph.inputs), len(graph.outputs)
    lines = [f"static void run{number}() {{", f"  using namespace {space};", "  static Model model;"]
    for side, count in (("INPUT", inputs), ("OUTPUT", outputs)):
        for place in range(count):
            kind, letter = f"{side.lower()}{place}_t", "x" if side == "INPUT" else "y"
            lines.append(f"  static {kind} {letter}{place}[{side}{place}_SIZE];")
            lines.append(f"  static std::int32_t {letter}{place}_wide[{side}{place}_SIZE];")
    reads = " && ".join(f"read(x{place}_wide, INPUT{place}_SIZE)" for place in range(inputs))
    lines.append(f"  while ({reads}) {{")
    for place in range(inputs):
        lines.append(f"    for (int n = 0; n < INPUT{place}_SIZE; ++n)")
        lines.append(f"      x{place}[n] = input{place}_t(x{place}_wide[n]);")
    names = [f"x{place}" for place in range(inputs)] + [f"y{place}" for place in range(outputs)]
    lines.append(f"    model.run({', '.join(names)});")
    for place in range(outputs):
        lines.append(f"    for (int n = 0; n < OUTPUT{place}_SIZE; ++n) y{place}_wide[n] = y{place}[n];")
        lines.append(f"    std::fwrite(y{place}_wide, 4, OUTPUT{place}_SIZE, stdout);")
    return "\n".join([*lines, "  }", "}"])


def run(program: Path, number: int, graph: QGraph, codes: Mapping[str, IntArray]) -> tuple[IntArray, ...]:
    """The outputs of model ``number``, which is that of ``graph``, for ``codes`` of each input."""
    frames = len(next(iter(codes.values())))
    rows = [codes[node.name].reshape(frames, -1) for node in graph.inputs]
    data = np.concatenate(rows, axis=1).astype("<i4").tobytes()
    found = subprocess.run([program, str(number)], input=data, capture_output=True, check=False)
    assert found.returncode == 0, found.stderr[:2000]
    shapes = [graph[name].shape for name in graph.outputs]
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    whole = np.frombuffer(found.stdout, "<i4").reshape(frames, int(ends[-1])).astype(np.int64)
    parts = np.split(whole, ends[:-1], axis=1)
    return tuple(part.reshape(frames, *shape) for part, shape in zip(parts, shapes, strict=True))
