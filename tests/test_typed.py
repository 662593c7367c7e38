# SPDX-License-Identifier: Apache-2.0
"""What an error says of a value that does not fit its type: where it is, what was expected and found."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from kerilog import typed
from kerilog.errors import KerilogError

Word = Annotated[str, Meta(pattern="^[a-z]+(?![\\s\\S])", description="a word")]


class Inner(Struct, frozen=True, kw_only=True):
    size: Annotated[int, Meta(ge=1, le=9)]
    even: bool = False

    def __post_init__(self) -> None:
        if self.even and self.size % 2:
            raise ValueError(f".size: expected an even number, found {self.size}")


class Outer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Word
    inner: Inner | UnsetType = UNSET
    several: Annotated[tuple[Inner, ...], Meta(min_length=1)] | None = None
    by_name: dict[str, Inner] = {}
    ratio: Annotated[float, Meta(gt=0, le=1)] = 1
    some: Annotated[int, Meta(ge=3)] | Literal["all", "none"] = 3
    kind: Literal["a", "b"] = "a"

    def __post_init__(self) -> None:
        if self.name == self.kind:
            raise ValueError("expected a name that is no kind")


CASES: list[tuple[Any, str, str]] = [
    ([], "$: expected an object, found []", "expected a table, found []"),
    ({}, "$.name: expected a word, found nothing", "name: expected a word, found nothing"),
    ({"name": "x\n"}, '$.name: expected a word, found "x\\n"', 'name: expected a word, found "x\\n"'),
    (
        {"name": "x", "inner": 3},
        "$.inner: expected an object, found 3",
        "inner: expected a table, found 3",
    ),
    (
        {"name": "x", "inner": {}},
        "$.inner.size: expected an integer from 1 to 9, found nothing",
        "inner.size: expected an integer from 1 to 9, found nothing",
    ),
    (
        {"name": "x", "inner": {"size": 3, "even": True}},
        "$.inner.size: expected an even number, found 3",
        "inner.size: expected an even number, found 3",
    ),
    (
        {"name": "x", "several": [{"size": 3}, {"size": True}]},
        "$.several[1].size: expected an integer from 1 to 9, found true",
        "several[1].size: expected an integer from 1 to 9, found true",
    ),
    (
        {"name": "x", "several": {}},
        "$.several: expected a list that is not empty, found {}",
        "several: expected an array that is not empty, found {}",
    ),
    (
        {"name": "x", "several": []},
        "$.several: expected a list that is not empty, found []",
        "several: expected an array that is not empty, found []",
    ),
    (
        {"name": "x", "by_name": {"fine": {"size": 3}, 'a "b"': {"size": 0}}},
        '$.by_name["a \\"b\\""].size: expected an integer from 1 to 9, found 0',
        'by_name."a \\"b\\"".size: expected an integer from 1 to 9, found 0',
    ),
    (
        {"name": "x", "ratio": 0},
        "$.ratio: expected a number above 0 and up to 1, found 0",
        "ratio: expected a number above 0 and up to 1, found 0",
    ),
    (
        {"name": "x", "some": "few"},
        '$.some: expected an integer of at least 3 or one of "all", "none", found "few"',
        'some: expected an integer of at least 3 or one of "all", "none", found "few"',
    ),
    (
        {"name": "x", "nane": 3},
        "$: there is no member \"nane\"; the nearest is 'name'",
        "there is no setting \"nane\"; the nearest is 'name'",
    ),
    ({"name": "a"}, "$: expected a name that is no kind", "expected a name that is no kind"),
    (
        {"name": "x", "kind": "c" * 100},
        f'$.kind: expected one of "a", "b", found "{"c" * 79}...',
        f'kind: expected one of "a", "b", found "{"c" * 79}...',
    ),
]


@pytest.mark.parametrize(("raw", "in_json", "in_toml"), CASES, ids=range(len(CASES)))
def test_the_place_and_the_expectation_are_told(raw: Any, in_json: str, in_toml: str) -> None:
    for style, message in ((typed.JSON, in_json), (typed.TOML, in_toml)):
        with pytest.raises(KerilogError) as caught:
            typed.checked(raw, Outer, "file", style)
        assert str(caught.value) == f"file: {message}"


def test_what_fits_is_read() -> None:
    found = typed.checked(
        {"name": "x", "by_name": {"y": {"size": 2, "even": True, "more": 1}}}, Outer, "file"
    )
    assert found == Outer(name="x", by_name={"y": Inner(size=2, even=True)})
