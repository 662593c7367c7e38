# SPDX-License-Identifier: Apache-2.0
"""A set of images of three classes, drawn: a disc, a square or a cross on a scene of waves and noise.

What a class is, is its outline alone: size, colour, background and the place near the middle are each
image's own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

CLASSES = ("disc", "square", "cross")

Plane = npt.NDArray[np.float32]


def draw(
    count: int, height: int, width: int, seed: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """``count`` images (count, height, width, 3) and their classes (count,), equally many of each in turn."""
    random = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % len(CLASSES)
    images = np.empty((count, height, width, 3), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[...] = _image(CLASSES[label], height, width, random)
    return images, labels


def _image(name: str, height: int, width: int, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    side = min(height, width)
    down, across = (np.arange(n, dtype=np.float32) / np.float32(side) for n in (height, width))
    radius = random.uniform(0.24, 0.36)
    y, x = (n / side / 2 + random.uniform(-0.1, 0.1) for n in (height, width))
    inside = _outline(name, (down - y)[:, np.newaxis] / radius, (across - x) / radius)
    picture = _scene(down, across, random)
    picture[inside] += random.uniform(0.3, 0.7, 3).astype(np.float32)
    return np.clip(np.round(picture * 255), 0, 255).astype(np.uint8)


def _outline(name: str, down: Plane, across: Plane) -> npt.NDArray[np.bool_]:
    """Which pixels are of the figure, from their distances to its centre in radii."""
    match name:
        case "disc":
            found = down**2 + across**2 <= 1
        case "square":
            found = np.maximum(abs(down), abs(across)) <= 0.87
        case _:
            found = (np.minimum(abs(down), abs(across)) <= 0.3) & (np.maximum(abs(down), abs(across)) <= 1)
    return np.asarray(found, np.bool_)


def _scene(down: Plane, across: Plane, random: np.random.Generator) -> Plane:
    """A background (height, width, 3): two slow waves in each colour, and noise."""
    picture = 0.25 + np.float32(0.03) * random.standard_normal((len(down), len(across), 3), np.float32)
    paces = random.uniform(-2, 2, (3, 2, 2)).astype(np.float32)
    phases = random.uniform(0, 1, (3, 2)).astype(np.float32)
    for channel in range(3):
        for pace, phase in zip(paces[channel], phases[channel], strict=True):
            wave = (
                np.float32(pace[0]) * down[:, np.newaxis] + np.float32(pace[1]) * across + np.float32(phase)
            )
            picture[..., channel] += np.float32(0.1) * np.sin(np.float32(2 * np.pi) * wave)
    return picture
