# SPDX-License-Identifier: Apache-2.0
"""Folders of images, tables, arrays: what becomes of them, and the line that says why one cannot be used."""

from __future__ import annotations

import io
import os
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kerilog import data, frames
from kerilog.data import Intake, NamedData, Request
from kerilog.data.found import SEED, split
from kerilog.errors import KerilogError

GREY, COLOUR, FLAT = (4, 3, 1), (4, 3, 3), (2, 2)
RNG = np.random.default_rng(11)


def load(
    path: Path, shape: tuple[int, ...] = GREY, classes: int = 3, inputs: int = 1, **request: Any
) -> NamedData:
    names = [f"input_{number}" for number in range(inputs)]
    return data.load(Request(path, **request), dict.fromkeys(names, Intake(shape)), {"class": (classes,)})


def refusal(path: Path, *arguments: Any, **options: Any) -> str:
    started = time.monotonic()
    with pytest.raises(KerilogError) as caught:
        load(path, *arguments, **options)
    assert time.monotonic() - started < 5
    assert "\n" not in str(caught.value)
    return str(caught.value)


def paint(path: Path, shape: tuple[int, ...] = GREY, **options: Any) -> np.ndarray:
    """A random image at ``path``."""
    pixels = RNG.integers(0, 256, shape).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels[..., 0] if shape[-1] == 1 else pixels).save(path, **options)
    return pixels


# ---- folders ----


def test_a_subfolder_for_each_class_in_alphabetical_order(tmp_path: Path) -> None:
    pixels = {
        name: paint(tmp_path / "pets" / f"{name}.png") for name in ("dog/b", "Zebra/a", "cat/c", "cat/a")
    }
    (tmp_path / "pets" / "cat" / ".hidden").write_text("")
    found = load(tmp_path / "pets")
    order = ("Zebra/a", "cat/a", "cat/c", "dog/b")
    expected = np.stack([pixels[name] for name in order]).astype(np.float32) / np.float32(255)
    assert np.array_equal(found.x_test["input_0"], expected)
    assert found.y_test["class"].tolist() == [0, 1, 1, 2]
    assert found.source == "pets (4 samples)"
    assert found.note == "3 classes: Zebra, cat, dog"
    assert found.scaling["input_0"].told.endswith(", divided by 255")
    assert found.warnings == ()


def test_enough_images_are_split_the_same_way_each_time(tmp_path: Path) -> None:
    for number in range(15):
        paint(tmp_path / "pets" / "abc"[number % 3] / f"{number}.png")
    found, again = load(tmp_path / "pets"), load(tmp_path / "pets")
    assert found.source == "pets (12 + 3 samples)"
    assert found.note.endswith("one sample in 5, drawn by Kerilog, is for test")
    assert np.array_equal(found.x_test["input_0"], again.x_test["input_0"])
    both = np.concatenate([found.x_train["input_0"], found.x_test["input_0"]])
    assert len(np.unique(both.reshape(15, -1), axis=0)) == 15


def test_a_split_keeps_samples_and_labels_together() -> None:
    arrays, _ = split(np.arange(50)[:, np.newaxis], np.arange(50))
    for part in ("train", "test"):
        assert np.array_equal(arrays[f"x_{part}"][:, 0], arrays[f"y_{part}"])
    assert arrays["y_test"].tolist() == np.random.default_rng(SEED).permutation(50)[:10].tolist()


def test_training_and_test_folders_are_the_two_sets(tmp_path: Path) -> None:
    for part, count in (("train", 3), ("test", 1)):
        for name in ("a", "b", "c"):
            for number in range(count):
                paint(tmp_path / part / name / f"{number}.png")
    found = load(tmp_path)
    assert found.source.endswith("(9 + 3 samples)")
    assert found.y_test["class"].tolist() == [0, 1, 2]
    (tmp_path / "test" / "c").rename(tmp_path / "test" / "d")
    assert "expected the same classes in train and test" in refusal(tmp_path)


def test_images_alone_have_no_labels(tmp_path: Path) -> None:
    paint(tmp_path / "0.png")
    found = load(tmp_path)
    assert found.y_test == {} and found.note == "no labels"


@pytest.mark.parametrize("shape", [(4, 3), GREY, COLOUR, (4, 3, 4)])
def test_channels_are_those_of_the_model(shape: tuple[int, ...], tmp_path: Path) -> None:
    paint(tmp_path / "grey.png")
    rgb = paint(tmp_path / "rgb.png", COLOUR)
    found = load(tmp_path, shape).x_test["input_0"]
    assert found.shape == (2, *shape)
    if shape[2:] == (3,):
        assert np.array_equal(found[1], rgb.astype(np.float32) / np.float32(255))
        assert np.array_equal(found[0][..., 0], found[0][..., 2])


@pytest.mark.parametrize("kind", ["png", "bmp", "gif", "tif", "ppm", "webp"])
def test_kinds_of_files(kind: str, tmp_path: Path) -> None:
    lossless = {"lossless": True} if kind == "webp" else {}
    pixels = paint(tmp_path / f"one.{kind}", COLOUR if kind in ("ppm", "webp") else GREY, **lossless)
    found = load(tmp_path, pixels.shape).x_test["input_0"][0]
    assert np.array_equal(found, pixels.astype(np.float32) / np.float32(255))


def test_what_is_no_image_is_told(tmp_path: Path) -> None:
    paint(tmp_path / "a" / "0.png")
    for name in ("a/notes.txt", "b.csv"):
        (tmp_path / name).write_text("")
    assert load(tmp_path).warnings[0] == f"{tmp_path}: 2 files are no images, left out: b.csv"


def test_names_of_files_stay_on_one_line(tmp_path: Path) -> None:
    paint(tmp_path / "a\nb" / "0.png")
    assert load(tmp_path, classes=1).note == "1 class: a?b"
    (tmp_path / "a\nb" / "1\n.png").write_text("")
    assert "a?b/1?.png: not a readable image" in refusal(tmp_path)


def test_classes_that_do_not_fit_the_output_are_told_and_not_used(tmp_path: Path) -> None:
    for name in ("a", "b"):
        paint(tmp_path / "two" / name / "0.png")
    assert set(load(tmp_path / "two", classes=2).y_test) == {"class"}
    assert set(load(tmp_path / "two", classes=1).y_test) == {"class"}  # one sigmoid
    found = load(tmp_path / "two", classes=10)
    assert found.y_test == {}
    assert found.warnings == ("two: 2 classes do not fit the model's output of 10: labels are not used",)


def damage(path: Path) -> None:
    paint(path, (40, 30, 1))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def enormous(path: Path) -> None:
    """A PNG whose header claims 2**31 - 1 rows and columns."""
    paint(path)
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", 2**31 - 1, 2**31 - 1)
    path.write_bytes(content)


FOLDERS: dict[str, tuple[Callable[[Path], Any], tuple[int, ...], str]] = {
    "empty": (lambda root: None, GREY, "expected a subfolder of images for each class, found no images"),
    "empty class": (
        lambda root: (paint(root / "a" / "0.png"), (root / "b").mkdir()),
        GREY,
        f"{os.sep}b: expected images",
    ),
    "size": (
        lambda root: paint(root / "0.png", (3, 4, 1)),
        GREY,
        "0.png: expected 4 x 3 pixels (height x width), as the model's input, found 3 x 4; images are not re",
    ),
    "text": (lambda root: (root / "0.png").write_text("image"), GREY, "0.png: not a readable image: "),
    "damaged": (lambda root: damage(root / "0.png"), (40, 30, 1), "0.png: not a readable image: "),
    "enormous": (lambda root: enormous(root / "0.png"), GREY, "0.png: "),
    "16 bits": (
        lambda root: Image.fromarray(np.zeros((4, 3), np.uint16)).save(root / "0.png"),
        GREY,
        "0.png: expected 8 bits per channel, found Pillow's mode I;16",
    ),
    "animated": (
        lambda root: Image.new("L", (3, 4)).save(
            root / "0.gif", save_all=True, append_images=[Image.new("L", (3, 4), 255)]
        ),
        GREY,
        "0.gif: expected one image, found 2",
    ),
    "flat model": (lambda root: None, (12,), "for an input of height x width x 1, 3 or 4; the model's is 12"),
    "channels": (lambda root: None, (4, 3, 2), "the model's is 4x3x2"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_folder_that_cannot_be_used(case: str, tmp_path: Path) -> None:
    make, shape, message = FOLDERS[case]
    make(tmp_path)
    assert message in refusal(tmp_path, shape)


def test_images_damaged_at_random_give_pixels_or_one_line(tmp_path: Path) -> None:
    for kind in ("png", "jpg", "gif", "tif", "bmp", "webp"):
        paint(tmp_path / kind / f"0.{kind}", (16, 16, 1))
        whole = (tmp_path / kind / f"0.{kind}").read_bytes()
        for _ in range(50):
            content = bytearray(whole)
            for place in RNG.integers(0, len(content), 4):
                content[place] = RNG.integers(0, 256)
            (tmp_path / kind / f"0.{kind}").write_bytes(content[: RNG.integers(1, len(content) + 1)])
            try:
                assert load(tmp_path / kind, (16, 16, 1)).x_test["input_0"].shape == (1, 16, 16, 1)
            except KerilogError as error:
                assert "\n" not in str(error)


def test_a_folder_is_for_one_input(tmp_path: Path) -> None:
    assert "the model has the inputs input_0, input_1: give an NPZ" in refusal(tmp_path, inputs=2)


# ---- tables ----


def table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_last_column_is_the_label(tmp_path: Path) -> None:
    found = load(table(tmp_path / "x.csv", "1.5,2,3,4,0\n-5,6,7,8,2\n"), FLAT)
    assert found.x_test["input_0"].tolist() == [[[1.5, 2], [3, 4]], [[-5, 6], [7, 8]]]
    assert found.y_test["class"].tolist() == [0, 2]
    assert found.source == "x.csv (2 samples)" and found.note == "no header; label in column 5"
    assert found.scaling["input_0"].told == "float64 -5..8, as they are"


def test_a_column_with_a_name_is_the_label(tmp_path: Path) -> None:
    path = table(tmp_path / "x.csv", '\ufeff"a";kind ;b;c;d\n1;cat;2;3;4\n\n5;ape;6;7;8\n')
    found = load(path, FLAT, label="kind")
    assert found.x_test["input_0"].reshape(2, 4).tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert found.y_test == {}
    assert found.note == "label in column 'kind'; 2 classes: ape, cat"
    assert "2 classes do not fit the model's output of 3" in found.warnings[0]
    assert load(path, FLAT, 2, label="kind").y_test["class"].tolist() == [1, 0]


def test_a_table_without_labels(tmp_path: Path) -> None:
    found = load(table(tmp_path / "x.tsv", "a\tb\tc\td\n1\t2\t3\t4\n"), FLAT)
    assert found.y_test == {} and found.note == "no labels"


def test_whole_numbers_that_look_like_pixels_are_told(tmp_path: Path) -> None:
    found = load(table(tmp_path / "x.csv", "0,128,255,3,1\n4,5,6,7,2\n"), FLAT)
    assert found.scaling["input_0"].told == "int64 0..255, as they are"
    assert "look like pixels; an input scale of 1/255 divides them" in found.warnings[0]
    assert load(tmp_path / "x.csv", FLAT, scale=1 / 255).warnings == ()


TABLES: dict[str, tuple[str, str | None, str]] = {
    "empty": ("", None, "holds no samples"),
    "header alone": ("a,b,c,d,e\n", None, "holds no samples"),
    "ragged": ("1,2,3,4,0\n1,2,3,4\n", None, "line 2: expected 5 columns, found 4"),
    "long": ("1,2,3,4,0\n1,2,3,4,5,0\n", None, "line 2: expected 5 columns, found 6"),
    "width": ("1,2,3,0\n1,2\n", None, "line 2: expected 4 columns, found 2"),
    "other width": (
        "1,2,3\n",
        None,
        "expected 5 columns, 4 for an input of the model and the label, fou",
    ),
    "word": ("a,b,c,d,e\n1,2,3,4,0\n1,x,3,4,0\n", None, "line 3: column 'b': expected a number, found 'x'"),
    "word in the first row": ("1,x,3,4,0\n", None, "line 1: column 2: expected a number, found 'x'"),
    "nothing": ("1,2,,4,0\n", None, "line 1: column 3: expected a number, found nothing"),
    "not a number": ("1,2,3,4,0\n1,nan,3,4,0\n", None, "line 2: expected finite numbers"),
    "infinite": ("1,2,3,1e999,0\n", None, "line 1: expected finite numbers"),
    "label is not a number": ("1,2,3,4,nan\n", None, "labels hold NaN or infinity"),
    "labels of two kinds": ("1,2,3,4,0\n1,2,3,4,cat\n", None, "all numbers or all names, found 'cat' among"),
    "no label": ("1,2,3,4,0\n1,2,3,4,\n", None, "all numbers or all names, found '' among them"),
    "no such column": (
        "a,b,c,d,e\n1,2,3,4,0\n",
        "z",
        "expected one column 'z' in the header, found 'a', ",
    ),
    "two such columns": ("a,e,c,d,e\n1,2,3,4,0\n", "e", "expected one column 'e' in the header"),
    "quotes": ('1,2,"3,4,0\n1,2,3,4,0\n', None, "cannot be read as CSV: "),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_that_cannot_be_used(case: str, tmp_path: Path) -> None:
    text, label, message = TABLES[case]
    if case == "width":
        assert message in refusal(table(tmp_path / "x.csv", text), (3,))
    else:
        assert message in refusal(table(tmp_path / "x.csv", text), FLAT, label=label)


def test_a_table_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"1,2,3,4,\xff\xfe\n\x00")
    assert "x.csv: cannot be read as CSV: " in refusal(tmp_path / "x.csv", FLAT)
    assert "y.csv: no such file" in refusal(tmp_path / "y.csv", FLAT)


# ---- arrays ----


def test_samples_and_labels_in_two_files(tmp_path: Path) -> None:
    x = RNG.integers(0, 256, (20, 4, 3)).astype(np.uint8)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", np.arange(20) % 3)
    found = load(tmp_path / "x.npy", labels=tmp_path / "y.npy")
    assert found.source == "x.npy (16 + 4 samples)"
    assert found.note == "one sample in 5, drawn by Kerilog, is for test"
    order = np.random.default_rng(SEED).permutation(20)[:4]
    assert np.array_equal(found.x_test["input_0"][..., 0], x[order].astype(np.float32) / np.float32(255))
    assert np.array_equal(found.y_test["class"], order % 3)
    without = load(tmp_path / "x.npy")
    assert without.y_test == {} and without.note.startswith("no labels; ")


def test_labels_that_do_not_match(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((20, 4, 3)))
    np.save(tmp_path / "y.npy", np.zeros(19))
    message = refusal(tmp_path / "x.npy", labels=tmp_path / "y.npy")
    assert message == f"{tmp_path}/y.npy: expected 20 labels, one a sample of x.npy, got 19"
    np.save(tmp_path / "y.npy", np.float32(1))
    assert "got 1" in refusal(tmp_path / "x.npy", labels=tmp_path / "y.npy")
    assert "z.npy: no such file" in refusal(tmp_path / "x.npy", labels=tmp_path / "z.npy")


def header(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    """The start of a .npy file of ``shape``, and no data."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue()


CLAIMS = {
    "terabytes": header((10**12, *GREY)),
    "more than any machine addresses": header((10**40, *GREY)),
    "one sample too many": header((2, *GREY)) + bytes(8 * 12 + 95),
    "less than nothing": header((-1, *GREY)) + bytes(96),
    "long texts": header((1, *GREY), "<U500000000"),
}


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize("claim", CLAIMS)
def test_a_header_that_claims_more_than_there_is(claim: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{suffix}"
    if suffix == "npy":
        path.write_bytes(CLAIMS[claim])
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.npy", CLAIMS[claim])
    assert "damaged: its header claims" in refusal(path)
    with pytest.raises(KerilogError, match="damaged: its header claims"):
        frames.read(path, ("x",))


def test_an_archive_that_claims_more_than_it_packs(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", header((10**9, *GREY)))
    content = (tmp_path / "x.npz").read_bytes()
    size = struct.pack("<I", len(header((10**9, *GREY))))
    start = content.index(b"PK\x01\x02") + 24
    assert content[start : start + 4] == size
    forged = content[:start] + struct.pack("<I", 2**32 - 2) + content[start + 4 :]
    (tmp_path / "x.npz").write_bytes(forged)
    assert "x: damaged: claims 4,294,967,294 bytes in" in refusal(tmp_path / "x.npz")


def test_more_than_the_machine_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerilog.data.arrays._memory", lambda: 1000)
    np.save(tmp_path / "x.npy", np.zeros((20, 4, 3)))
    assert "1,920 bytes, more than the 1,000 of this machine's memory" in refusal(tmp_path / "x.npy")
    paint(tmp_path / "images" / "0.png", (40, 30, 1))
    assert "1 images: 1,200 bytes, more than" in refusal(tmp_path / "images", (40, 30, 1))


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_files_damaged_at_random_give_one_line(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{suffix}"
    x = RNG.normal(size=(5, *GREY))
    np.save(path, x) if suffix == "npy" else np.savez_compressed(path, x=x)
    whole = path.read_bytes()
    for _ in range(300):
        content = bytearray(whole)
        for place in RNG.integers(0, min(len(content), 140), 3):
            content[place] = RNG.integers(0, 256)
        path.write_bytes(content[: RNG.integers(1, len(content) + 1)])
        try:
            load(path)
        except KerilogError as error:
            assert "\n" not in str(error)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.npy")
    assert "no such file" in refusal(tmp_path / "x.npy")
    np.save(tmp_path / "x2.npy", np.zeros((5, 4, 3)))
    assert "x.npy: no file, expected .npy" in refusal(tmp_path / "x2.npy", labels=tmp_path / "x.npy")


# ---- options without effect ----


def test_options_that_belong_to_another_source_are_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.zeros((3, *GREY)))
    found = load(tmp_path / "x.npz", labels=tmp_path / "y.npy", label="kind")
    assert found.warnings[:2] == (
        "--labels y.npy has no effect: it belongs to --data X.npy",
        "--label kind has no effect: it names a column of --data FILE.csv",
    )
