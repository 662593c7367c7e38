# SPDX-License-Identifier: Apache-2.0
"""``pynq`` as far as a driver uses it: its logic is a function of the bytes of a frame."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

Logic = Callable[[bytes], bytes]
"""A frame that goes in to the frame that comes out."""


class _Buffer(np.ndarray):
    """What ``allocate`` gives: nothing else may be transferred."""


class _Channel:
    """One of a DMA's: a transfer has an end, which is waited for, before the next one may begin."""

    def __init__(self) -> None:
        self.buffer: np.ndarray | None = None

    def transfer(self, buffer: np.ndarray) -> None:
        assert isinstance(buffer, _Buffer) and buffer.flags.c_contiguous
        assert self.buffer is None, "DMA channel not idle"
        self.buffer = buffer

    def _ended(self) -> np.ndarray:
        assert self.buffer is not None, "DMA channel not started"
        buffer, self.buffer = self.buffer, None
        return buffer


class _Send(_Channel):
    """Its memory is read as late as can be, at the end of the transfer: who writes to it before, loses."""

    def __init__(self, logic: Logic) -> None:
        super().__init__()
        self.logic = logic
        self.results: list[bytes] = []
        self.is_read = False

    def transfer(self, buffer: np.ndarray) -> None:
        super().transfer(buffer)
        self.is_read = False

    def read(self) -> None:
        if self.buffer is not None and not self.is_read:
            self.results.append(self.logic(self.buffer.tobytes()))
            self.is_read = True

    def wait(self) -> None:
        self.read()
        self._ended()


class _Receive(_Channel):
    """Results come while the processor waits here, those of a frame under way as well."""

    def __init__(self, send: _Send) -> None:
        super().__init__()
        self.send = send

    def wait(self) -> None:
        buffer = self._ended()
        if not self.send.results:
            self.send.read()
        assert self.send.results, "waits for ever"
        result = self.send.results.pop(0)
        assert len(result) == buffer.nbytes
        buffer[:] = np.frombuffer(result, np.uint8)


class Pynq(types.ModuleType):
    """The module. ``downloads`` counts; ``bitfile`` is the last one; ``core`` is the core's IP, for a core
    that has registers.
    """

    def __init__(self, logic: Logic, core: Any = None) -> None:
        super().__init__("pynq")
        self.downloads = 0
        self.bitfile = ""
        stand_in = self

        class Overlay:
            """An overlay with a DMA called ``dma``."""

            def __init__(self, bitfile: str) -> None:
                stand_in.bitfile = bitfile
                self.download()

            def download(self) -> None:
                stand_in.downloads += 1
                send = _Send(logic)
                self.core = core
                self.dma: Any = types.SimpleNamespace(sendchannel=send, recvchannel=_Receive(send))

        self.Overlay = Overlay

    @staticmethod
    def allocate(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Memory with what was left in it."""
        return np.full(shape, 0xA5, dtype).view(_Buffer)
