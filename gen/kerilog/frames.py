# SPDX-License-Identifier: Apache-2.0
"""The tensors that go into a network and come out of it: their names, their codes, and files of them.

One tensor travels as ``.npy``, or as ``.npz`` with its name as the key; several as ``.npz``. The name is that
of the layer in the model.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt

from kerilog.data.arrays import opened
from kerilog.data.scaling import factor_for, scaled
from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.graph import Graph, Node
from kerilog.manifest import Scaling
from kerilog.qgraph import QGraph, QNode

Array = npt.NDArray[Any]
Arrays = Mapping[str, Array]
Kind = Literal["codes", "raw"]
"""What arrays hold: codes of the inputs, or samples as they came."""
_PARTS = frozenset({"Activation", "Lookup", "Softmax", "FloatSoftmax", "Requantize", "ArgMax"})


def input_names(graph: Graph | QGraph) -> tuple[str, ...]:
    """The names of the inputs, in their order."""
    return tuple(node.name for node in graph.inputs)


def output_names(graph: Graph | QGraph) -> tuple[str, ...]:
    """The names of the outputs, in their order: of the layers, also where an activation is a node of its own.

    ``dense/sigmoid``, the activation of layer ``dense``, is called ``dense`` unless both are outputs.
    """
    found = tuple(_layer_of(graph[name]) for name in graph.outputs)
    return found if len(set(found)) == len(set(graph.outputs)) else graph.outputs


def _layer_of(node: Node | QNode) -> str:
    source = node.inputs[0] if len(node.inputs) == 1 else ""
    return source if node.op.kind in _PARTS and node.name.rpartition("/")[0] == source else node.name


def codes_of(
    graph: QGraph,
    x: Arrays,
    kind: Kind | None = None,
    scaling: Mapping[str, Scaling] | None = None,
    say: str = 'kind="codes" or kind="raw"',
) -> dict[str, IntArray]:
    """Input codes (frames, *shape) by name, for arrays ``x`` of what ``kind`` says.

    A missing channel is added.
    Without ``kind`` floats are real numbers, which are quantized, and integers are codes; uint8, which may
    be codes or an image, is refused, with the words ``say`` for how to tell them apart. "codes" takes
    integers alone. "raw" takes samples as they came, which are scaled by the rules ``scaling`` that a build
    left, then quantized.

    Raises KerilogError for a missing input, for another shape, for counts of frames that differ, for values
    that are no numbers, for codes out of range and for raw samples without a rule.
    """
    if kind not in (None, "codes", "raw"):
        raise KerilogError(f"unknown kind {kind!r}; choose one of codes, raw")
    names = input_names(graph)
    missing = [name for name in names if name not in x]
    if missing:
        raise KerilogError(f"inputs: expected an array '{missing[0]}', found {_listed(x)}")
    alone = len(names) == 1
    codes = {}
    for node in graph.inputs:
        where = "inputs" if alone else f"input '{node.name}'"
        array = _shaped(node, x[node.name], where)
        if kind == "raw":
            array = _scaled(array, (scaling or {}).get(node.name), where)
        elif kind is None and array.dtype == np.uint8:
            raise KerilogError(f"{where}: uint8 may be codes or raw samples: say which, {say}")
        elif kind == "codes" and not np.issubdtype(array.dtype, np.integer):
            raise KerilogError(f"{where}: expected integer codes, found {array.dtype}")
        codes[node.name] = _codes(node, array, where, say)
    counts = {name: len(array) for name, array in codes.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count} of '{name}'" for name, count in counts.items())
        raise KerilogError(f"inputs: expected as many frames for each input, found {told}")
    return codes


def taken_as_codes(graph: QGraph, x: Arrays) -> str:
    """One line that says which arrays of ``x`` are integers, which are codes; "" if none is."""
    kinds = {name: x[name].dtype for name in input_names(graph) if np.issubdtype(x[name].dtype, np.integer)}
    if not kinds:
        return ""
    if len(graph.inputs) == 1:
        return f"inputs: {next(iter(kinds.values()))}, taken as codes"
    return "inputs: taken as codes: " + ", ".join(f"'{name}' ({dtype})" for name, dtype in kinds.items())


def _shaped(source: QNode, x: Array, where: str) -> Array:
    if x.ndim == len(source.shape) and source.shape[-1] == 1 and x.shape[1:] == source.shape[:-1]:
        x = x[..., np.newaxis]
    if x.shape[1:] != source.shape or x.ndim == 0 or len(x) == 0:
        raise KerilogError(f"{where}: expected shape (frames, {str(source.shape)[1:-1]}), found {x.shape}")
    return x


def _scaled(x: Array, rule: Scaling | None, where: str) -> Array:
    """Raw samples as a network gets them, by the ``rule`` of its build."""
    if rule is not None:
        return scaled(x, where, factor_for(x, rule, where))
    if np.issubdtype(x.dtype, np.floating):
        return x
    raise KerilogError(
        f"{where}: how raw {x.dtype} is scaled is not known: the network was made without samples; "
        "give floats"
    )


def _codes(source: QNode, x: Array, where: str, say: str) -> IntArray:
    if np.issubdtype(x.dtype, np.floating):
        if not np.all(np.isfinite(x)):
            raise KerilogError(f"{where}: there is a value that is not finite")
        return source.format.quantize(x)
    if not np.issubdtype(x.dtype, np.integer):
        raise KerilogError(f"{where}: expected floats or integer codes, found {x.dtype}")
    low, high = source.format.minimum, source.format.maximum
    if x.min() < low or x.max() > high:
        raise KerilogError(
            f"{where}: integer codes must lie in {low}..{high}, found {x.min()}..{x.max()}; "
            f"give floats to have them quantized, or say whether these are codes or raw samples, {say}"
        )
    return x.astype(np.int64)


def read(path: Path, names: Sequence[str]) -> dict[str, Array]:
    """The arrays ``names`` from a file, without ever running what it may hold.

    Raises KerilogError when the file is missing or is no .npy or .npz file, and unless it holds these.
    """
    with opened(path) as found:
        return _named(path, found, names)


def _named(path: Path, found: Arrays, names: Sequence[str]) -> dict[str, Array]:
    if set(found) == {""} and len(names) == 1:
        return {names[0]: found[""]}
    if set(names) <= set(found):
        return {name: found[name] for name in names}
    listed = ", ".join(f"'{name}'" for name in names)
    wanted = f"one array, {listed}" if len(names) == 1 else f"an .npz file with arrays {listed}"
    raise KerilogError(f"{path}: expected {wanted}, found {_listed(found)}")


def _listed(arrays: Arrays) -> str:
    if set(arrays) == {""}:
        return "one array without a name"
    return ", ".join(f"'{name}'" for name in sorted(arrays)) or "no array"


def check_outputs(path: Path, names: Sequence[str]) -> None:
    """Raises KerilogError if ``path`` cannot hold the tensors ``names``: several need an .npz file."""
    if len(set(names)) > 1 and path.suffix.lower() != ".npz":
        listed = ", ".join(f"'{name}'" for name in names)
        raise KerilogError(f"{path}: expected a file that ends in .npz, for the outputs {listed}")


def write(path: Path, arrays: Arrays) -> None:
    """Write ``arrays`` by name, all of them or nothing; one tensor as .npy unless ``path`` is .npz.

    Integers are written as int32, floats as float32.

    Raises KerilogError as ``check_outputs``, and if the file cannot be written.
    """
    check_outputs(path, tuple(arrays))
    narrow = {
        name: array.astype(np.float32 if array.dtype.kind == "f" else np.int32)
        for name, array in arrays.items()
    }
    if path.suffix.lower() == ".npz":
        _replace(path, lambda file: _save_npz(file, narrow))
    else:
        alone = next(iter(narrow.values()))
        _replace(path, lambda file: np.save(file, alone, allow_pickle=False))


def _save_npz(file: IO[bytes], arrays: Arrays) -> None:
    """As ``np.savez``, for names of any kind and with the same bytes each time."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), "w") as member:
                np.save(member, array, allow_pickle=False)


def _replace(path: Path, save: Callable[[IO[bytes]], None]) -> None:
    """``path`` with what ``save`` writes, or as it was."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                save(file)
                file.close()
                Path(file.name).chmod(0o644)
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise KerilogError(f"{path}: cannot be written: {error.strerror or error}") from None
