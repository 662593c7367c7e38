# SPDX-License-Identifier: Apache-2.0
"""Layers' names out of tensors' names.

TFLite names a tensor after the operations fused into it, ``model/dense_1/MatMul;model/dense_1/Relu``: the
layer is the folder of the first. A name that only counts an output, ``StatefulPartitionedCall:0``, says
nothing, and the operation must do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.names import Names, harmless

Path = tuple[str, ...]
_DEEPEST = 16  # folders of a path that are looked at
_INNER = ("convolution",)  # a scope that Keras opens within a layer, around these:
_AROUND = ("BatchToSpaceND", "SpaceToBatchND", "ExpandDims", "Squeeze")


@dataclasses.dataclass(frozen=True)
class Made:
    """A tensor by its ``stored`` name and the ``kind`` of operation that makes it."""

    stored: str
    kind: str

    @property
    def folders(self) -> Path:
        """The path of the layer where the name tells it; a scope inside it of the same name is left out."""
        parts = self._parts
        path = parts[:-1] if len(parts) > 1 else () if self._only_counts else parts
        while path[-2:-1] == path[-1:] != () or (path[-1:] == _INNER and parts[-1].startswith(_AROUND)):
            path = path[:-1]
        return path

    @property
    def operation(self) -> Path:
        """What the tensor is called in the folder of its layer, which may be nothing."""
        return self._parts[1:][-1:]

    @property
    def _parts(self) -> Path:
        parts = self.stored.split(";")[0].rsplit("/", _DEEPEST + 1)[-_DEEPEST - 1 :]
        return tuple(harmless(part) for part in parts if part)

    @property
    def _only_counts(self) -> bool:
        return ":" in self.stored or "(" in self.stored


def layer_names(tensors: Sequence[Made]) -> list[str]:
    """A name for each of ``tensors``: harmless, unique, as short as tells their layers apart.

    The layer ``model/a/conv`` is ``conv``, or ``a/conv`` where there is a ``model/b/conv`` too. The last
    result of a layer has its name, those before have their operation's behind it: ``sep/depthwise``, ``sep``.
    """
    wanted = _wanted(tensors)
    names = Names()
    found: dict[int, str] = {}
    # Names that were made up here make way for those of the file.
    for index in sorted(range(len(tensors)), key=lambda index: index not in wanted):
        found[index] = names.take("/".join(wanted.get(index, (tensors[index].kind.lower(),))))
    return [found[index] for index in range(len(tensors))]


def _wanted(tensors: Sequence[Made]) -> dict[int, Path]:
    """The path that each tensor of a layer should be called by, by the tensor's place."""
    layers: dict[Path, list[int]] = {}
    for index, tensor in enumerate(tensors):
        if tensor.folders:
            layers.setdefault(tensor.folders, []).append(index)
    short = _shortened(list(layers))
    wanted: dict[int, Path] = {}
    for path, members in layers.items():
        last = _last(members, tensors)
        for index in members:
            wanted[index] = short[path] if index in last else short[path] + tensors[index].operation
    return wanted


def _last(members: Sequence[int], tensors: Sequence[Made]) -> list[int]:
    """The tensor that stands for its layer: the last that is computed, or at least not a constant."""
    for beside in (("Constant", "Reshape"), ("Constant",), ()):
        found = [index for index in members if tensors[index].kind not in beside]
        if found:
            return found[-1:]
    return []


def _shortened(paths: Sequence[Path]) -> dict[Path, Path]:
    """For each of ``paths`` its end, as long as tells it from all that end in the same folder."""
    groups: dict[str, list[Path]] = {}
    for path in paths:
        groups.setdefault(path[-1], []).append(path)
    short: dict[Path, Path] = {}
    for group in groups.values():
        count = 1
        while len({path[-count:] for path in group}) < len(group):
            count += 1
        short |= {path: path[-count:] for path in group}
    return short
