# SPDX-License-Identifier: Apache-2.0
"""Frames for those who try a design elsewhere: random codes, and what its integer model makes of them."""

from __future__ import annotations

from pathlib import Path

from kerilog import storage
from kerilog.emit import guide
from kerilog.errors import KerilogError
from kerilog.manifest import Manifest


def of_design(directory: Path, manifest: Manifest) -> guide.Vectors:
    """Vectors of the integer model in ``directory``, for the design that ``manifest`` tells of.

    Raises KerilogError where the model is not that of the design, or cannot be read.
    """
    vectors = guide.vectors_of(storage.load(directory / storage.FILE_NAME), manifest.frame_interval)
    found = [codes.shape[1:] for codes in (*vectors.inputs, *vectors.outputs)]
    if found != [stream.shape for stream in (*manifest.inputs, *manifest.outputs)]:
        raise KerilogError(f"{directory}: its integer model is not that of its design; build it again")
    return vectors
