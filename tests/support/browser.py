# SPDX-License-Identifier: Apache-2.0
"""HTML pages in a real browser (chromium), and read without one."""

from __future__ import annotations

import html
import shutil
import subprocess
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_VOID = {"meta", "link", "br", "hr", "img", "input", "col", "wbr", "area", "base", "embed", "source", "track"}


class Element:
    """One element: its tag, attributes, children in order, and all text below it."""

    def __init__(self, tag: str, attributes: dict[str, str | None], parent: Element | None) -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.children: list[Element] = []
        self.texts: list[str] = []

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, *tags: str) -> list[Element]:
        """The elements below with one of ``tags``, in the order of the page; all of them without."""
        below = [found for child in self.children for found in (child, *child.all())]
        return [element for element in below if not tags or element.tag in tags]

    def has_class(self, name: str) -> bool:
        return name in (self.attributes.get("class") or "").split()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.here = Element("", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), self.here)
        self.here.children.append(element)
        if tag not in _VOID:
            self.here = element

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> ends <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        above: Element | None = self.here
        while above is not None:
            above.texts.append(data)
            above = above.parent


def parse(text: str) -> Element:
    """The tree of a page; an element that is not closed in its turn fails the test."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.here is reader.root, f"<{reader.here.tag}> is not closed"
    return reader.root


class Rows(HTMLParser):
    """Collects the tensors of the map and the attributes of the root."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root: dict[str, str | None] = {}
        self.tensors: list[tuple[str | None, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "html":
            self.root = values
        if "data-tensor" in values:
            self.tensors.append((values["data-tensor"], values["data-kind"]))


def browse(*arguments: str) -> str:
    """What headless chromium prints for ``arguments``; skips the test where there is none."""
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH: install it to open the page in a browser")
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--virtual-time-budget=2000",
    ]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def dom(path: Path) -> str:
    """The page as the browser has it after its scripts ran."""
    return browse("--window-size=1366,768", "--dump-dom", path.as_uri())


def in_browser(path: Path) -> Rows:
    """Root and tensors of the page after its scripts ran."""
    return Rows(dom(path))


def widths_needed(page: Path, widths: Sequence[int], folder: Path) -> list[int]:
    """Pixels that the page's content takes in viewports of ``widths`` pixels.

    It is shown in frames, for a window of the browser is never as narrow as a telephone. Each result is that
    of the whole page: more than its width means that it scrolls sideways.
    """
    text = html.escape(page.read_text(encoding="utf-8"))
    frames = (f'<iframe width="{w}" height="900" style="border:0" srcdoc="{text}"></iframe>' for w in widths)
    script = (
        "onload = () => { const frames = [...document.querySelectorAll('iframe')];"
        "const found = frames.map((frame) => frame.contentDocument.documentElement.scrollWidth);"
        "for (const frame of frames) frame.remove();"
        "document.documentElement.dataset.widths = found.join(' '); };"
    )
    shell = folder / "shell.html"
    shell.write_text(
        f"<!doctype html><html><body>{''.join(frames)}<script>{script}</script></body></html>",
        encoding="utf-8",
    )
    (root,) = parse(dom(shell)).all("html")
    return [int(found) for found in (root.attributes["data-widths"] or "").split()]
