# SPDX-License-Identifier: Apache-2.0
"""Compiles ``kerilog.timing`` with mypyc; all else about the package is in pyproject.toml.

The compiled files lie in ``kerilog/timing/native``, with a fingerprint of their sources, without which they
are not used. They are optional: where they cannot be built, the sources run as they are, more slowly.
"""

from __future__ import annotations

import runpy
import shutil
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PACKAGE = "kerilog.timing"
FOLDER = Path("gen/kerilog/timing")
COMPILED = runpy.run_path(str(FOLDER / "compiled.py"))
OUT = "build/mypyc"
ONLY_METADATA = {"egg_info", "dist_info", "sdist", "clean"}


def extensions() -> list[Extension]:
    """The sources as C extensions; none where mypyc is not installed."""
    try:
        from mypyc.build import mypycify
    except ImportError:
        return []
    paths = [str(FOLDER / path.name) for path in COMPILED["sources"]()]
    # without the settings and the modules of the rest: what the package imports is named here
    options = ["--config-file=", "--follow-imports=skip", f"--cache-dir={OUT}/cache"]
    found: list[Extension] = mypycify(
        [*options, *paths, "gen/kerilog/errors.py"],
        only_compile_paths=paths,
        group_name=f"{PACKAGE}.timing",
        target_dir=OUT,
        debug_level="0",
    )
    for extension in found:
        extension.name = f"{PACKAGE}.native.{extension.name.rpartition('.')[2]}"
        extension.optional = True
    return found


class Build(build_ext):
    """Removes what was built earlier, and leaves the fingerprint if everything could be built."""

    def run(self) -> None:
        places = [Path(self.build_lib, *PACKAGE.split("."), "native")]
        if self.inplace:
            places.append(FOLDER / "native")
        for place in places:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
        super().run()
        names = [Path(self.get_ext_filename(extension.name)).name for extension in self.extensions]
        if names and all((place / name).exists() for place in places for name in names):
            for place in places:
                (place / COMPILED["FINGERPRINT"]).write_text(COMPILED["fingerprint"]())


if ONLY_METADATA & set(sys.argv):
    setup()
else:
    setup(ext_modules=extensions(), cmdclass={"build_ext": Build})
