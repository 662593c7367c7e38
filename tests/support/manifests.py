# SPDX-License-Identifier: Apache-2.0
"""Manifests written by hand."""

from __future__ import annotations

from typing import Any

from kerilog.manifest import Bytes, Manifest, Model, Stream, Tensor, stream


def make_stream(
    shape: tuple[int, ...], bits: int, lanes: int, signed: bool = True, name: str = "x", port: str = "s_axis"
) -> Stream:
    """A stream whose codes stand for halves."""
    tensor = Tensor(name=name, shape=shape, bits=bits, signed=signed, scale=0.5, zero_point=0)
    return stream(tensor, port, lanes)


def make_manifest(entering: Stream, leaving: Stream, **fields: Any) -> Manifest:
    """A manifest of a design by hand; ``fields`` go over what is usual."""
    usual: dict[str, Any] = {
        "schema": 1,
        "kerilog": "0.1.0",
        "scheme": "fixed",
        "model": Model(file="tiny.keras", sha256="0" * 64),
        "bytes": Bytes(in_float=0, in_integers=0),
        "memories": (),
        "latency": entering.beats,
        "first_output": 1,
        "frame_interval": entering.beats,
        "multipliers": 0,
        "constants": 0,
        "macs": 0,
        "predicted": {},
        "layers": (),
    }
    return Manifest(**usual | {"inputs": (entering,), "outputs": (leaving,)} | fields)
