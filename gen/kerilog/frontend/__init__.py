# SPDX-License-Identifier: Apache-2.0
"""Model files to graphs, without running anything that a file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from kerilog.errors import KerilogError
from kerilog.graph import Graph
from kerilog.qgraph import QGraph

SUFFIXES = (".keras", ".h5", ".tflite")


def load(path: Path, rounding: Literal["reference", "single"] = "reference") -> Graph | QGraph:
    """The float graph of a ``.keras`` or ``.h5`` file, or the integer graph of a ``.tflite`` file.

    ``rounding`` is for TFLite files only, see ``kerilog.frontend.tflite``. Raises KerilogError (Unsupported
    for what is well formed but not taken) with one line that says what is wrong and where.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise KerilogError(
            f"{path}: expected a model file that ends in .keras, .h5 or .tflite, got {suffix!r}"
        )
    check_file(path)
    # Imported when needed: each reader brings a library of its own.
    if suffix == ".tflite":
        from kerilog.frontend.tflite import load_tflite

        return load_tflite(path, rounding)
    from kerilog.frontend.keras import load_keras

    return load_keras(path)


def check_file(path: Path) -> None:
    """Raise KerilogError unless ``path`` is an existing file."""
    if path.is_dir():
        raise KerilogError(f"{path}: is a directory, expected a model file")
    if not path.is_file():
        raise KerilogError(f"{path}: no such file")
