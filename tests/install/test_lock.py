# SPDX-License-Identifier: Apache-2.0
"""The pins that the Makefile installs: complete, hashed, and within what pyproject.toml allows."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.paths import ROOT

PIN = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)[^\\\n]*\\\n(?P<hashes>(?:    --hash=[^\n]+\n?)+)", re.M
)
EXTRAS = {
    "rtl": ("data", "vivado"),
    "test": ("plots", "train-cpu", "data", "vivado", "cocotb", "explore", "control", "test"),
    "ecp5": ("ecp5",),
}


def pins(name: str) -> dict[str, str]:
    """The versions in one file of pins, each of which has a hash."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    found = {match["name"]: match["version"] for match in PIN.finditer(text)}
    assert len(found) == len(re.findall(r"^\w", text, re.M)), "each has its version and its hashes"
    return found


@pytest.mark.parametrize("name", EXTRAS)
def test_pins_are_what_the_package_asks_for(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    wanted = project["dependencies"] + [text for extra in EXTRAS[name] for text in optional[extra]]
    pinned = pins(name)
    for requirement in map(Requirement, wanted):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement}: make lock"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement}: make lock"


@pytest.mark.parametrize("name", ["rtl", "ecp5"])
def test_the_sets_agree(name: str) -> None:
    every = pins("test")
    assert {package: every.get(package, version) for package, version in pins(name).items()} == pins(name)


def test_the_light_set_is_light() -> None:
    heavy = {"tensorflow", "tensorflow-cpu", "keras", "scipy", "pandas", "scikit-learn", "matplotlib", "mypy"}
    assert heavy & set(pins("rtl")) == set()
    assert {"setuptools", "numpy"} <= set(pins("rtl"))
