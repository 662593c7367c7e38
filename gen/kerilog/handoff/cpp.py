# SPDX-License-Identifier: Apache-2.0
"""The hand-off to C++: the integer model of a folder as one header."""

from __future__ import annotations

from pathlib import Path

from kerilog import manifest, outputs, storage
from kerilog.emit import cpp
from kerilog.errors import KerilogError
from kerilog.hardware.naming import verilog_name

FOLDER = "model"
_WRITER = outputs.Writer("cpp", ("cpp",))


def write_cpp(directory: str | Path, force: bool = False) -> Path:
    """Write ``directory/model/NAME.h``: the integer model in ``directory``, up to its softmax.

    Beside it stand ``NAME_dpi.sv`` and ``NAME_dpi.cpp``, for SystemVerilog benches. Returns the header's
    path. ``force``: replace a file that was changed since.
    Raises KerilogError, with the layer's name, for a layer that has no kernel in C++ and for numbers that
    could pass 64 bits, and for a folder without an integer model.
    """
    directory = Path(directory)
    name = manifest.read(directory).name
    texts = files(directory, name)
    with outputs.folder(directory, _WRITER, force) as root:
        (root / FOLDER).mkdir()
        for file, text in texts.items():
            (root / FOLDER / file).write_text(text, encoding="ascii")
    return directory.resolve() / FOLDER / f"{verilog_name(name)}.h"


def files(directory: Path, name: str) -> dict[str, str]:
    """The header of the integer model in ``directory`` and its DPI function, by file name; raises as
    ``write_cpp``.
    """
    path = directory / storage.FILE_NAME
    graph = storage.load(path)
    try:
        return cpp.files(graph, name)
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise KerilogError(f"{path}: its parts do not fit together ({error!r}); build it again") from None
