# SPDX-License-Identifier: Apache-2.0
"""Remembers what a function has found, by the contents of its arguments or by an object that lives on.

Plans for several goals solve the same layers over and over; what does not depend on the goal is solved once.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import hashlib
import weakref
from collections.abc import Callable, Hashable
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")
Owner = TypeVar("Owner")

MOST_KEPT = 4096
"""Results of a function that are kept, the latest."""


def by_content(function: Callable[P, R]) -> Callable[P, R]:
    """``function``, run once for all arguments of equal contents: arrays, dataclasses of them, and whatever
    can be hashed. What it returns is shared and must not be changed.
    """
    kept: collections.OrderedDict[Hashable, R] = collections.OrderedDict()

    @functools.wraps(function)
    def remembered(*args: P.args, **kwargs: P.kwargs) -> R:
        key = _content((args, tuple(sorted(kwargs.items()))))
        if key not in kept:
            kept[key] = function(*args, **kwargs)
            if len(kept) > MOST_KEPT:
                kept.popitem(last=False)
        kept.move_to_end(key)
        return kept[key]

    return remembered


def _content(value: Any) -> Hashable:
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return value.shape, tuple(value.flat)
        digest = hashlib.blake2b(np.ascontiguousarray(value).tobytes(), digest_size=20).digest()
        return value.shape, value.dtype.str, digest
    if isinstance(value, tuple):
        return tuple(_content(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (getattr(value, field.name) for field in dataclasses.fields(value))
        return type(value), *(_content(item) for item in fields)
    assert isinstance(value, Hashable)
    return type(value), value


def by_owner(
    function: Callable[Concatenate[Owner, P], R],
) -> Callable[Concatenate[Owner, P], R]:
    """``function``, run once for the same first argument, which must not change, and equal other ones.

    Results live as long as the first argument does: for what is too large to be compared by content.
    """
    kept: weakref.WeakKeyDictionary[Owner, dict[Hashable, R]] = weakref.WeakKeyDictionary()

    @functools.wraps(function)
    def remembered(owner: Owner, /, *args: P.args, **kwargs: P.kwargs) -> R:
        found = kept.setdefault(owner, {})
        key = args, tuple(sorted(kwargs.items()))
        if key not in found:
            found[key] = function(owner, *args, **kwargs)
        return found[key]

    return remembered
