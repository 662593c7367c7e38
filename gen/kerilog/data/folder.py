# SPDX-License-Identifier: Apache-2.0
"""Images in a folder: a subfolder for each class, in alphabetical order, or images alone, without labels.

Subfolders ``train`` and ``test`` (or ``validation``) that hold such folders are the two sets. Images must
have the size of the model's input; they become grey, RGB or RGBA as its channels want.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerilog.data.arrays import Arrays, RawArray, check_memory, one_line
from kerilog.data.found import Found, class_note, notes, plain, split
from kerilog.errors import KerilogError
from kerilog.graph import Shape
from kerilog.parallel import results

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pbm", ".pgm", ".ppm", ".tif", ".tiff", ".webp"}
)
MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # Pillow's, by channels
_BYTES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"})  # 8 bits at the most
_TRAIN = frozenset({"train", "training"})
_TEST = ("test", "testing", "validation", "valid", "val")


@dataclasses.dataclass(frozen=True)
class _Listing:
    """Images and the number of the class of each; ``others``: files that are no images."""

    images: tuple[Path, ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...]
    others: tuple[Path, ...]


def read_folder(path: Path, shape: Shape) -> Found:
    """The images below ``path`` for an input of ``shape`` (height, width, channels) or (height, width).

    Raises KerilogError for an image that is damaged or of another size, and where there is none.
    """
    mode = _mode(path, shape)
    try:
        parts = _parts(path)
        listings = [_listing(part) for part in parts]
    except OSError as error:
        raise KerilogError(f"{plain(path)}: cannot be read: {error.strerror or error}") from None
    first = listings[0]
    if any(listing.classes != first.classes for listing in listings):
        raise KerilogError(
            f"{plain(path)}: expected the same classes in {' and '.join(p.name for p in parts)}"
        )
    arrays, how = _arrays(listings, shape, mode)
    others = [file for listing in listings for file in listing.others]
    told = class_note(first.classes) if first.classes else "no labels"
    return Found(arrays, plain(path.name or path), notes(told, how), first.classes, _left_out(path, others))


def _left_out(path: Path, others: Sequence[Path]) -> tuple[str, ...]:
    """A warning about files that are no images."""
    if not others:
        return ()
    count = f"{len(others)} file{' is no image' if len(others) == 1 else 's are no images'}"
    return (f"{plain(path)}: {count}, left out: {plain(others[0].name)}",)


def _mode(path: Path, shape: Shape) -> str:
    channels = 1 if len(shape) == 2 else shape[-1]
    if len(shape) not in (2, 3) or channels not in MODES:
        came = "x".join(map(str, shape))
        raise KerilogError(
            f"{plain(path)}: images are for an input of height x width x 1, 3 or 4; the model's is {came}"
        )
    return MODES[channels]


def _parts(path: Path) -> list[Path]:
    """The folders of the sets: ``path`` alone, or one for calibration and one for test."""
    folders = {child.name.lower(): child for child in _folders(path)}
    train = next((folders[name] for name in folders if name in _TRAIN), None)
    test = next((folders[name] for name in _TEST if name in folders), None)
    only = set(folders) <= {*_TRAIN, *_TEST}
    if train and test and only and _folders(train) and _folders(test):
        return [train, test]
    return [path]


def _folders(path: Path) -> list[Path]:
    return sorted(child for child in path.iterdir() if child.is_dir() and not child.name.startswith("."))


def _listing(path: Path) -> _Listing:
    """The images of ``path``. Raises KerilogError where there are none, and for an empty class."""
    folders = _folders(path)
    images: list[Path] = []
    labels: list[int] = []
    own, others = _files(path)
    if folders:
        others = own + others
        for number, folder in enumerate(folders):
            some, more = _files(folder)
            if not some:
                raise KerilogError(f"{plain(folder)}: expected images ({_suffixes()}), found none")
            images += some
            labels += [number] * len(some)
            others += more
    elif not own:
        raise KerilogError(f"{plain(path)}: expected a subfolder of images for each class, found no images")
    else:
        images = own
    return _Listing(tuple(images), tuple(labels), tuple(folder.name for folder in folders), tuple(others))


def _files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Images, and what else there is but hidden files; in alphabetical order."""
    files = sorted(file for file in folder.iterdir() if not file.name.startswith(".") and not file.is_dir())
    images = [file for file in files if file.suffix.lower() in SUFFIXES and file.is_file()]
    return images, [file for file in files if file not in set(images)]


def _suffixes() -> str:
    return ", ".join(sorted(suffix.removeprefix(".") for suffix in SUFFIXES))


def _arrays(listings: Sequence[_Listing], shape: Shape, mode: str) -> tuple[Arrays, str]:
    """The arrays of one or two sets, and what was done."""
    found = []
    for listing in listings:
        labels = np.asarray(listing.labels, np.int64) if listing.classes else None
        found.append((_pixels(listing.images, shape, mode), labels))
    if len(found) == 1:
        return split(*found[0])
    arrays: Arrays = {}
    for part, (x, y) in zip(("train", "test"), found, strict=True):
        arrays |= {f"x_{part}": x} | ({} if y is None else {f"y_{part}": y})
    return arrays, ""


def _pixels(images: Sequence[Path], shape: Shape, mode: str) -> RawArray:
    """uint8 (count, *shape). Raises KerilogError for the first image that does not fit."""
    try:
        from PIL import Image
    except ImportError:
        raise KerilogError("images are read with Pillow, which is missing: pip install pillow") from None
    check_memory(len(images) * math.prod(shape), f"{len(images)} images")
    pixels = np.empty((len(images), *shape), np.uint8)

    def work(number: int) -> None:
        pixels[number] = _image(Image, images[number], shape, mode).reshape(shape)

    with warnings.catch_warnings():  # of Pillow, about what an error tells of or what changes no pixel
        warnings.simplefilter("ignore")
        for _ in results(range(len(images)), work):
            pass
    return pixels


def _image(pillow: object, path: Path, shape: Shape, mode: str) -> RawArray:
    from PIL import Image

    try:
        with Image.open(path, formats=FORMATS) as image:
            _check(image, path, shape)
            return np.asarray(image.convert(mode), np.uint8)
    except KerilogError:
        raise
    except Exception as error:  # damaged files make Pillow raise nearly anything
        raise KerilogError(f"{plain(path)}: not a readable image: {one_line(error)}") from None


def _check(image: Image.Image, path: Path, shape: Shape) -> None:
    """Raises KerilogError, before anything is decoded, for another size and for more than 8 bits."""
    if (image.height, image.width) != shape[:2]:
        raise KerilogError(
            f"{plain(path)}: expected {shape[0]} x {shape[1]} pixels (height x width), as the model's input, "
            f"found {image.height} x {image.width}; images are not resized"
        )
    if image.mode not in _BYTES:
        raise KerilogError(
            f"{plain(path)}: expected 8 bits per channel, found Pillow's mode {image.mode}; give an array"
        )
    if getattr(image, "n_frames", 1) != 1:
        raise KerilogError(f"{plain(path)}: expected one image, found {getattr(image, 'n_frames', 0)}")
