# SPDX-License-Identifier: Apache-2.0
"""The reference of the Python interface, from its docstrings: ``python -m kerilog.reference`` (needs griffe).

What ``kerilog.__all__`` names is in it, with signatures as they are written in the source; nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import griffe

PAGE = Path("docs/api.md")

SECTIONS = {
    "Functions": ("convert", "load", "quantize", "generate", "tune"),
    "The converted network": ("IntegerModel", "LayerFormats", "LayerError", "Tuning"),
    "Hardware": ("Plan", "Simulation", "Resources", "Manifest", "IntegerManifest"),
    "Choices": ("LayerSettings", "Settings"),
    "Errors": ("KerilogError", "ArgumentError", "Unsupported", "KerilogWarning"),
}
METHODS = {
    "Tuning": ("write",),
    "Plan": ("frames_per_second",),
    "Manifest": ("read",),
    "IntegerManifest": ("read",),
}
"""The methods that users need, where it is not all of a class."""
WHOLE = ("IntegerModel",)
"""Classes with all their methods."""
OLD_NAMES = ("Quantized",)
"""Names that go on working and have no entry of their own."""
TYPES = (
    "api.samples.Arrays",
    "integer.model.Inputs",
    "frames.Kind",
    "api.network.Figures",
    "api.network.Simulator",
    "api.conversion.Scheme",
    "scales.Rounding",
    "quantize.settings.FixedRange",
)
"""Types that signatures name, below ``kerilog``."""

_WIDEST = 100  # characters of a signature on one line
_SPAN = re.compile(r"(``.*?``|```.*?```)", re.DOTALL)


def page() -> str:
    """The text of ``docs/api.md``."""
    import griffe

    source = str(Path(__file__).resolve().parents[1])
    package = griffe.load("kerilog", search_paths=[source], allow_inspection=False)
    assert isinstance(package, griffe.Module)
    lines = [
        "# The Python interface",
        "",
        "Printed from the docstrings by `python -m kerilog.reference`; a test keeps it so. In shapes,",
        "`count` is the number of samples. [Using Kerilog](usage.md#python) begins with an example.",
        "",
    ]
    for title, names in SECTIONS.items():
        lines += [f"## {title}", ""]
        for name in names:
            lines += _entry(name, _found(package, name))
    lines += ["## Types", "", "| name | stands for | |", "|---|---|---|"]
    lines += [_type(package[path]) for path in TYPES]
    return "\n".join(lines).rstrip() + "\n"


def _found(package: griffe.Module, name: str) -> griffe.Object:
    """What ``kerilog.name`` is; where there is a module of that name, too, the function."""
    import griffe

    item = _target(package[name])
    return _target(package["api"][name]) if isinstance(item, griffe.Module) else item


def _target(item: griffe.Object | griffe.Alias) -> griffe.Object:
    import griffe

    return item.final_target if isinstance(item, griffe.Alias) else item


def _entry(name: str, item: griffe.Object) -> Iterator[str]:
    """The lines of a function or a class."""
    import griffe

    if isinstance(item, griffe.Function):
        yield from _function(f"kerilog.{name}", item, "###")
        return
    yield from (f"### kerilog.{name}", "")
    yield from _text(item)
    if not isinstance(item, griffe.Class):
        return
    fields = [member for member in _members(item) if isinstance(member, griffe.Attribute)]
    told = [f"| `{one.name}` | {_annotation(one)} | {_cell(one)} |" for one in fields]
    if told:
        yield from ("| attribute | type | |", "|---|---|---|", *told, "")
    for member in _members(item):
        if isinstance(member, griffe.Function) and (name in WHOLE or member.name in METHODS.get(name, ())):
            yield from _function(f"{name}.{member.name}", member, "####")


def _members(item: griffe.Class) -> Iterator[griffe.Object]:
    """What a user sees of a class, in the order of the source."""
    for name, member in item.members.items():
        if not name.startswith("_") and not member.is_alias:
            yield _target(member)


def _annotation(item: griffe.Attribute) -> str:
    text = "" if item.annotation is None else str(item.annotation)
    return f"`{text}`".replace("|", "\\|") if text else ""


def _cell(item: griffe.Object) -> str:
    return " ".join(_text(item)).replace("|", "\\|").strip()


def _function(title: str, item: griffe.Function, level: str) -> Iterator[str]:
    yield from (f"{level} {title}", "", "```python", _signature(item), "```", "")
    yield from _text(item)


def _signature(item: griffe.Function) -> str:
    """The call as it is written, one parameter per line where it is long."""
    import griffe

    parts, keyword_only = [], False
    for parameter in item.parameters:
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is griffe.ParameterKind.keyword_only and not keyword_only:
            parts.append("*")
            keyword_only = True
        hint = "" if parameter.annotation is None else f": {parameter.annotation}"
        default = "" if parameter.default is None else f" = {parameter.default}"
        parts.append(f"{parameter.name}{hint}{default}")
    result = "" if item.returns is None else f" -> {item.returns}"
    line = f"{item.name}({', '.join(parts)}){result}"
    if len(line) <= _WIDEST:
        return line
    return "\n".join((f"{item.name}(", *(f"    {part}," for part in parts), f"){result}"))


def _text(item: griffe.Object) -> Iterator[str]:
    """The docstring's lines and an empty one; none without."""
    if item.docstring is None:
        return
    pieces = _SPAN.split(item.docstring.value.strip())
    # what stands between code is prose, in which Markdown would see emphasis
    escaped = (
        re.sub(r"([*_<\[\]])", r"\\\1", text) if place % 2 == 0 else text for place, text in enumerate(pieces)
    )
    yield from ("".join(escaped).split("\n"))
    yield ""


def _type(item: griffe.Object | griffe.Alias) -> str:
    import griffe

    target = _target(item)
    assert isinstance(target, griffe.Attribute)
    value = str(target.value).replace("|", "\\|")
    return f"| `{target.name}` | `{value}` | {_cell(target)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
