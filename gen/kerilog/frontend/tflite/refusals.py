# SPDX-License-Identifier: Apache-2.0
"""All that stands against a file, found in one reading and said in one message."""

from __future__ import annotations

from collections.abc import Callable

from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend.tflite.file import Operator
from kerilog.frontend.tflite.importer import Importer
from kerilog.frontend.tflite.words import SUPPORTED
from kerilog.names import harmless

_KNOWN = sorted(set(SUPPORTED.values()), key=str.lower)


class Refusals:
    """Collects them while the operators of ``context`` are read."""

    def __init__(self, context: Importer) -> None:
        self._context = context
        self._unknown: list[Operator] = []
        self._unsupported: list[tuple[Operator, str]] = []
        self._broken: list[tuple[Operator | None, KerilogError]] = []

    def unknown(self, op: Operator) -> None:
        """No kind of operator that is read here: go on behind it."""
        self._unsupported.append((op, f"{self._context.words(op)} is not supported"))
        self._unknown.append(op)
        self._context.give_up(op)

    def attempt(self, op: Operator | None, read: Callable[[], None]) -> None:
        """``read`` the operator ``op``, or an input of the graph; where it is refused, go on behind it."""
        try:
            read()
            return
        except Unsupported as error:
            assert op
            self._unsupported.append((op, str(error)))
        except KerilogError as error:
            # What a refused operator leaves behind is not the file's fault.
            if op is None or not self._context.is_doubtful(op):
                self._broken.append((op, error))
        if op:
            self._context.give_up(op)

    def raise_all(self) -> None:
        """Raise Unsupported with all reasons, or the first KerilogError for a file that is only broken."""
        if self._unsupported:
            raise Unsupported.together(self._reasons())
        if self._broken:
            raise self._broken[0][1]

    def _reasons(self) -> list[tuple[str, str]]:
        """Each with the name of its layer; what is read instead follows on the last unknown operator.

        The first fault of a file that is broken as well comes last.
        """
        found = list(self._unsupported)
        if self._unknown:
            last = max(index for index, (op, _) in enumerate(found) if op is self._unknown[-1])
            found[last] = found[last][0], f"{found[last][1]}; supported: {', '.join(_KNOWN)}"
        found += [(op, str(error)) for op, error in self._broken[:1] if op]
        made = {op.outputs[0]: op.kind for op, _ in found if op.outputs and op.outputs[0] >= 0}
        names = self._context.names(made)
        return [(names.get(str(next(iter(op.outputs), -1)), harmless(op.kind)), text) for op, text in found]
