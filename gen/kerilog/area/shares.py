# SPDX-License-Identifier: Apache-2.0
"""How much of a device a design takes: as the plan predicts it, and beside that as synthesis found it."""

from __future__ import annotations

import dataclasses

from msgspec import UNSET

from kerilog import manifest as manifests
from kerilog.area.devices import PARTS, PLACED, SEVEN_SERIES, Device, holding
from kerilog.manifest import Manifest

RESOURCES = ("LUT", "FF", "RAMB18", "DSP")
"""LUT: of logic and as memory together."""
TITLES = {"ecp5": "ECP5", "ice40": "iCE40", "gowin": "Gowin", "nexus": "Nexus", "gatemate": "GateMate"}
"""Of the targets that are placed."""
BLOCKS = {"ice40": "RAM4K", "gatemate": "RAM20K"}
"""What a block RAM that is not of 18 Kbit is called."""


@dataclasses.dataclass(frozen=True)
class Share:
    """One of ``RESOURCES`` of a design (or of ``BLOCKS``): counts ``predicted`` and ``measured``,
    None where there is none, and how many the device has, None without one.
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
    """The area of a design for ``target``, "xc7" or one that is placed, beside what ``device`` has.

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
        if not self.device and self.target != "xc7":
            return f"{TITLES[self.target]}, not placed"
        if not self.device:
            return "none of the known 7-series devices holds it"
        if self.target != "xc7":
            return f"{TITLES[self.target]} {self.device}, on which it was placed"
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
    """The area of a design by target: that for 7-series, and those of what it was placed on."""
    found = []
    measured = {} if manifest.resources is UNSET else manifest.resources
    predicted = manifest.predicted.get("xc7")
    if predicted or "xc7" in measured:
        device, asked = _device(manifest)
        shares = _shares(predicted, measured.get("xc7"), device)
        found.append(AreaShares("xc7", device.name if device else "", asked, shares))
    for target in TITLES:
        if target in measured:
            placed = _placed(target, measured[target].device)
            shares = _shares(None, measured[target], placed, BLOCKS.get(target, "RAMB18"))
            found.append(AreaShares(target, placed.name if placed else "", False, shares))
    return tuple(found)


def _placed(target: str, text: str) -> Device | None:
    """The device that ``text``, of synthesis, begins with; None where it was not placed."""
    names = (name for name, part in PARTS.get(target, {}).items() if text.startswith(part))
    return next((PLACED[target][name] for name in names), None)


def _device(manifest: Manifest) -> tuple[Device | None, bool]:
    """The 7-series device that was asked for, or the smallest; and whether it was asked for."""
    if manifest.device in SEVEN_SERIES:
        return SEVEN_SERIES[manifest.device], True
    need = manifest.predicted.get("xc7")
    names = holding(need) if need else []
    return (SEVEN_SERIES[names[0]] if names else None), False


def _shares(
    predicted: manifests.Area | None,
    measured: manifests.Area | None,
    device: Device | None,
    memory: str = "RAMB18",
) -> tuple[Share, ...]:
    names = (memory if name == "RAMB18" else name for name in RESOURCES)
    rows = zip(names, _counts(predicted), _counts(measured), _supply(device), strict=True)
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
