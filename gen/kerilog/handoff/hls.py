# SPDX-License-Identifier: Apache-2.0
"""The hand-off to AMD Vitis HLS: the core as a function that an HLS design calls, a black box to synthesis.

The attributes of the description are those of the guide UG1399, "JSON File for RTL Blackbox".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kerilog import outputs
from kerilog.errors import KerilogError
from kerilog.handoff import cpp, ip
from kerilog.hardware.naming import verilog_name
from kerilog.manifest import Manifest, Stream
from kerilog.verify import design, tools

FOLDER = "hls"
_WRITER = outputs.Writer("hls", ("hls",))
SLICE = 1
"""Cycles that a word takes through the wrapper."""
_CONTROL = {
    "module_clock": "ap_clk",
    "module_reset": "ap_rst",
    "module_clock_enable": "ap_ce",
    "ap_ctrl_chain_protocol_idle": "ap_idle",
    "ap_ctrl_chain_protocol_start": "ap_start",
    "ap_ctrl_chain_protocol_ready": "ap_ready",
    "ap_ctrl_chain_protocol_done": "ap_done",
    "ap_ctrl_chain_protocol_continue": "ap_continue",
}


def write_hls(directory: str | Path, force: bool = False) -> Path:
    """Write ``directory/hls``: ``TOP_hls.json`` for ``add_files -blackbox``, the function's header and C++
    source, which is the integer model, and all Verilog and memories below ``src``.

    Returns the path of the description. ``force``: replace files that were changed since.
    Raises KerilogError for a design that is not complete or has a control block, whose bus no function has,
    and as ``write_cpp``.
    """
    directory = Path(directory)
    found = design.read(directory)
    manifest = found.manifest
    if manifest.control != "none":
        raise KerilogError(
            f"{directory}: a black box of HLS has no bus: expected a design of --control none, found "
            f"{manifest.control}"
        )
    header = f"{verilog_name(manifest.name)}.h"
    model = cpp.files(directory, manifest.name)[header]
    function = f"{manifest.top}_hls"
    contents = ip.flat(found)
    contents[f"src/{function}.v"] = _rendered("wrapper.v", manifest, header).encode("ascii")
    description = json.dumps(_description(manifest, list(contents)), indent=2) + "\n"
    contents |= {
        header: model.encode("ascii"),
        f"{function}.h": _rendered("function.h", manifest, header).encode("ascii"),
        f"{function}.cpp": _rendered("function.cpp", manifest, header).encode("ascii"),
        f"{function}.json": description.encode("ascii"),
    }
    with outputs.folder(directory, _WRITER, force) as root:
        for name, content in contents.items():
            path = root / FOLDER / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return directory.resolve() / FOLDER / f"{function}.json"


def _rendered(template: str, manifest: Manifest, header: str) -> str:
    return tools.render(
        f"hls/{template}.j2",
        top=manifest.top,
        function=f"{manifest.top}_hls",
        namespace=f"krl_{verilog_name(manifest.name)}",
        header=header,
        inputs=manifest.inputs,
        outputs=manifest.outputs,
        reset_port=manifest.reset_port,
        interval=manifest.frame_interval,
        latency=manifest.latency + SLICE,
    )


def _description(manifest: Manifest, sources: list[str]) -> dict[str, Any]:
    """What Vitis HLS must know of the function: its files, arguments, control, cycles and area."""
    function = f"{manifest.top}_hls"
    area = manifest.predicted["xc7"]
    return {
        "c_function_name": function,
        "rtl_top_module_name": function,
        "c_files": [{"c_file": f"{function}.cpp", "cflag": ""}],
        "rtl_files": sources,
        "c_parameters": [
            *(_argument(stream, "in") for stream in manifest.inputs),
            *(_argument(stream, "out") for stream in manifest.outputs),
        ],
        "rtl_common_signal": _CONTROL,
        "rtl_performance": {
            "latency": str(manifest.latency + SLICE),
            "II": str(manifest.frame_interval),
        },
        "rtl_resource_usage": {
            "FF": str(area.ff),
            "LUT": str(area.lut + area.lutram),
            "BRAM": str(area.bram18),
            "URAM": "0",
            "DSP": str(area.dsp),
        },
    }


def _argument(stream: Stream, direction: str) -> dict[str, Any]:
    """A stream of beats, which is a FIFO of the black box."""
    port = stream.port
    ports = {
        "in": {
            "FIFO_empty_flag": f"{port}_empty_n",
            "FIFO_read_enable": f"{port}_read",
            "FIFO_data_read_in": f"{port}_dout",
        },
        "out": {
            "FIFO_full_flag": f"{port}_full_n",
            "FIFO_write_enable": f"{port}_write",
            "FIFO_data_write_out": f"{port}_din",
        },
    }
    return {"c_name": port, "c_port_direction": direction, "rtl_ports": ports[direction]}
