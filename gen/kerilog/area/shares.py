# SPDX-License-Identifier: Apache-2.0
"""How much of a device a design takes: as the plan predicts it, and beside that as synthesis found it."""

from __future__ import annotations

import dataclasses
import re

from msgspec import UNSET

from kerilog import manifest as manifests
from kerilog.area.devices import ECP5, SEVEN_SERIES, Device, holding
from kerilog.manifest import Manifest

RESOURCES = ("LUT", "FF", "RAMB18", "DSP")
"""LUT: of logic and as memory together."""


@dataclasses.dataclass(frozen=True)
class Share:
    """One of ``RESOURCES`` of a design: counts ``predicted`` and ``measured``, None where there is none, and
    how many the device has, None without one.
    """

    resource: str
    predicted: int | None
    measured: int | None
    available: int | None

    def of_device(self, count: int | None) -> float | None:
        """The part of the device that ``count`` is, 1.0 for all of it; None where that is not known."""
        return count / self.available if count is not None and self.available else None


@dataclasses.dataclass(frozen=True)
class AreaShares:
    """The area of a design for ``target``, "xc7" or "ecp5", beside what ``device`` has.

    ``device`` is empty where none of those known holds it; ``asked``: it was asked for and is not simply the
    smallest that holds the prediction.
    """

    target: str
    device: str
    asked: bool
    shares: tuple[Share, ...]

    @property
    def why(self) -> str:
        """The device and why it is this one, in words."""
        if not self.device:
            return "none of the known 7-series devices holds it"
        if self.target == "ecp5":
            return f"ECP5 {self.device}, on which it was placed"
        return f"{self.device}, {'as asked for' if self.asked else 'the smallest that holds the prediction'}"

    def as_record(self) -> dict[str, object]:
        """For JSON: ``device``, ``asked``, and by resource predicted, measured, available and both shares."""
        return {
            "device": self.device or None,
            "asked": self.asked,
            **{
                share.resource.lower(): {
                    "predicted": share.predicted,
                    "measured": share.measured,
                    "available": share.available,
                    "predicted_share": share.of_device(share.predicted),
                    "measured_share": share.of_device(share.measured),
                }
                for share in self.shares
            },
        }


def of_manifest(manifest: Manifest) -> tuple[AreaShares, ...]:
    """The area of a design by target: that for 7-series, and that for ECP5 once it was synthesized."""
    found = []
    measured = {} if manifest.resources is UNSET else manifest.resources
    predicted = manifest.predicted.get("xc7")
    if predicted or "xc7" in measured:
        device, asked = _device(manifest)
        shares = _shares(predicted, measured.get("xc7"), device)
        found.append(AreaShares("xc7", device.name if device else "", asked, shares))
    if "ecp5" in measured:
        name = re.search(r"LFE5U-(\w+)", measured["ecp5"].device)
        placed = ECP5.get(name.group(1)) if name else None
        shares = _shares(None, measured["ecp5"], placed)
        found.append(AreaShares("ecp5", placed.name if placed else "", False, shares))
    return tuple(found)


def _device(manifest: Manifest) -> tuple[Device | None, bool]:
    """The 7-series device that was asked for, or the smallest; and whether it was asked for."""
    if manifest.device in SEVEN_SERIES:
        return SEVEN_SERIES[manifest.device], True
    need = manifest.predicted.get("xc7")
    names = holding(need) if need else []
    return (SEVEN_SERIES[names[0]] if names else None), False


def _shares(
    predicted: manifests.Area | None, measured: manifests.Area | None, device: Device | None
) -> tuple[Share, ...]:
    rows = zip(RESOURCES, _counts(predicted), _counts(measured), _supply(device), strict=True)
    return tuple(Share(*row) for row in rows)


def _counts(area: manifests.Area | None) -> tuple[int | None, ...]:
    """In the order of ``RESOURCES``."""
    if area is None:
        return (None,) * len(RESOURCES)
    return area.lut + area.lutram, area.ff, area.bram18, area.dsp


def _supply(device: Device | None) -> tuple[int | None, ...]:
    if device is None:
        return (None,) * len(RESOURCES)
    return device.lut, device.ff, device.bram18, device.dsp
