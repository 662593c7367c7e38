# SPDX-License-Identifier: Apache-2.0
"""Build a module with Icarus, run its cocotb bench, and fail when anything at all went wrong.

KERILOG_SEED in the environment seeds the parameters and the stimulus that are drawn; it has a default.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import Runner, get_runner

from common.bugs import Bug

SIM = Path(__file__).resolve().parents[1]
RTL = SIM.parent / "hw" / "rtl"
BUILD = SIM.parent / "build" / "sim"
# the same draws in every run unless asked otherwise: what passed once must not fail by chance elsewhere
SEED = os.environ.setdefault("KERILOG_SEED", "2024")

Parameters = Mapping[str, Any]
Draw = Callable[[random.Random], Parameters]
# a set of parameters and what else `run` needs to run with them
Setting = Mapping[str, Any]
# what each module's bench runs with in short runs, once its tests are imported
SETTINGS: dict[str, list[Setting]] = {}


class Change(Protocol):
    """What is wrong with one module of hw/rtl: a seeded bug, or a mutant."""

    @property
    def name(self) -> str: ...

    @property
    def module(self) -> str: ...

    def of(self, module: str) -> Change: ...

    def apply(self, text: str) -> str: ...


class BuildError(Exception):
    """The Verilog did not compile, or compiled with warnings."""


class BenchError(Exception):
    """A bench broke off, or failed."""


class TestsFailedError(BenchError):
    """A bench ran to its end and found an error."""

    __test__ = False


def table(keys: str, *rows: Sequence[Any]) -> list[Parameters]:
    """Return a parameter set per row; `keys` holds the names of the columns, separated by blanks."""
    return [dict(zip(keys.split(), row, strict=True)) for row in rows]


def parameter_sets(module: str, edges: Sequence[Parameters], draw: Draw, drawn: int, full: int) -> list[Any]:
    """Return the edge cases, `drawn` drawn sets, and `full` more for the full sweep only, for pytest."""
    rng = random.Random(f"{SEED}/{module}")
    sets = [draw(rng) for _ in range(drawn + full)]
    short = [pytest.param(p, id=_name(p)) for p in _unique([*edges, *sets[:drawn]])]
    long = [pytest.param(p, id="full-" + _name(p), marks=pytest.mark.full) for p in sets[drawn:]]
    return short + long


def module_tests(
    module: str,
    edges: Sequence[Parameters],
    draw: Draw,
    bugs: Sequence[Bug],
    *,
    drawn: int,
    full: int,
    setting: Callable[[Parameters], Setting] | None = None,
) -> tuple[Callable[..., None], Callable[..., None]]:
    """Return the two tests of every module: its bench passes on it, and fails on it with any of the bugs.

    The bench runs with all `edges` and `drawn` drawn sets, and `full` more in the full sweep. `setting` turns
    a set into the arguments of `run` where they are more than the parameters.
    """
    arguments = setting or (lambda parameters: {"parameters": parameters})
    rng = random.Random(f"{SEED}/{module}")
    SETTINGS[module] = [arguments(p) for p in _unique([*edges, *(draw(rng) for _ in range(drawn))])]

    @pytest.mark.parametrize("parameters", parameter_sets(module, edges, draw, drawn, full))
    def test_bench(parameters: Parameters) -> None:
        run(module, **arguments(parameters))

    @pytest.mark.full
    @pytest.mark.parametrize("bug", bugs, ids=lambda bug: bug.name)
    def test_bug(bug: Bug) -> None:
        assert_caught(module, [arguments(parameters) for parameters in edges], bug)

    return test_bench, test_bug


def hex_words(words: Iterable[int]) -> str:
    """Return the text of a file for $readmemh, one word per line."""
    return "".join(f"{word:x}\n" for word in words)


def drawn_words(parameters: Parameters, bits: int, count: int) -> str:
    """Draw a file of `count` words of `bits` bits that belongs to a set of parameters."""
    rng = random.Random(f"{SEED}/{parameters}")
    return hex_words(rng.getrandbits(bits) for _ in range(count))


def _unique(sets: Sequence[Parameters]) -> Iterator[Parameters]:
    seen: list[Parameters] = []
    for parameters in sets:
        if parameters not in seen:
            seen.append(parameters)
            yield parameters


def _name(parameters: Parameters) -> str:
    return "-".join(f"{key}{value}" for key, value in parameters.items() if not isinstance(value, str))


def run(
    module: str,
    parameters: Parameters,
    bug: Change | None = None,
    toplevel: str | None = None,
    files: Mapping[str, str] | None = None,
    target: str | None = None,
) -> None:
    """Run bench_<module>.py on `module`, or on the wrapper `toplevel` beside the bench, maybe with a bug.

    The modules of hw/`target` replace those of the same name. `files` are written where the simulator runs,
    for $readmemh or as further sources. The build directory is kept only on failure.
    """
    __tracebackhide__ = True
    toplevel = toplevel or module
    build_dir = BUILD / module / _digest(parameters, bug, f"{toplevel} {target}")
    what = f"{module} {dict(parameters)}, KERILOG_SEED={SEED}, in {build_dir}"
    shutil.rmtree(build_dir, ignore_errors=True)
    build_dir.mkdir(parents=True)
    for name, text in (files or {}).items():
        (build_dir / name).write_text(text)
    sources = [*_library(target), *sorted((SIM / module).glob("*.v")), *sorted(build_dir.glob("*.v"))]
    if bug:
        sources = _seed(bug.of(module), sources, build_dir)
    runner = get_runner("icarus")
    build(runner, toplevel, parameters, sources, build_dir, what)
    simulate(runner, module, toplevel, parameters, build_dir, what)
    # the next seed draws other parameters: what passed is not worth keeping
    shutil.rmtree(build_dir)


def _library(target: str | None) -> list[Path]:
    library = {path.name: path for path in sorted(RTL.glob("*.v"))}
    if target:
        library |= {path.name: path for path in sorted((RTL.parent / target).glob("*.v"))}
    return list(library.values())


def _digest(parameters: Parameters, bug: Change | None, toplevel: str) -> str:
    # one directory per parameter set and process, so that no two runs ever share one
    text = json.dumps([parameters, bug and bug.name, toplevel], sort_keys=True)
    return f"{hashlib.sha256(text.encode()).hexdigest()[:16]}-{os.getpid()}"


def _seed(bug: Change, sources: list[Path], build_dir: Path) -> list[Path]:
    original = RTL / f"{bug.module}.v"
    mutant = build_dir / original.name
    mutant.write_text(bug.apply(original.read_text()))
    return [mutant if source == original else source for source in sources]


def build(
    runner: Runner, toplevel: str, parameters: Parameters, sources: list[Path], build_dir: Path, what: str
) -> None:
    log = build_dir / "build.log"
    values = {key: f'"{value}"' if isinstance(value, str) else value for key, value in parameters.items()}
    try:
        runner.build(
            sources=sources,
            hdl_toplevel=toplevel,
            parameters=values,
            # the runner passes -g2012; the last -g counts
            build_args=["-g2005", "-Wall"],
            timescale=("1ns", "1ps"),
            build_dir=build_dir,
            log_file=log,
            always=True,
        )
    except (RuntimeError, SystemExit) as error:
        raise BuildError(f"{what} does not compile\n{_tail(log)}") from error
    complaints = [line for line in log.read_text().splitlines() if not _is_expected(line)]
    if complaints:
        raise BuildError(f"{what} compiles with warnings\n" + "\n".join(complaints[:20]))


def _is_expected(line: str) -> bool:
    # modules under test have no `timescale of their own: the command file sets it
    return not line.strip() or re.search(r"timescale", line) is not None


def simulate(
    runner: Runner,
    module: str,
    toplevel: str,
    parameters: Parameters,
    build_dir: Path,
    what: str,
    folder: str | None = None,
) -> None:
    """Run bench_<module>.py, which lies in sim/<folder>: the module's own unless another one is given."""
    __tracebackhide__ = True
    log, results = build_dir / "sim.log", build_dir / "results.xml"
    with _on_search_path(SIM, SIM / (folder or module)), contextlib.suppress(RuntimeError, SystemExit):
        runner.test(
            test_module=f"bench_{module}",
            hdl_toplevel=toplevel,
            build_dir=build_dir,
            test_dir=build_dir,
            results_xml=str(results),
            log_file=log,
            extra_env={"KERILOG_SEED": SEED, "KERILOG_PARAMETERS": json.dumps(dict(parameters))},
        )
    # outside pytest the runner never looks at the results, and an empty file passes everywhere
    try:
        tests, failed = get_results(results)
    except RuntimeError as error:
        raise BenchError(f"{what}: the simulation broke off\n{_tail(log)}") from error
    if failed or not tests:
        raise TestsFailedError(f"{what}: {failed} of {tests} tests failed\n{_tail(log)}")


@contextlib.contextmanager
def _on_search_path(*folders: Path) -> Iterator[None]:
    # the runner sets the simulator's PYTHONPATH from our own search path, whatever the environment says
    before = list(sys.path)
    sys.path[:0] = [str(folder) for folder in folders]
    try:
        yield
    finally:
        sys.path[:] = before


def _tail(log: Path, lines: int = 60) -> str:
    return "\n".join(log.read_text().splitlines()[-lines:]) if log.exists() else "no log was written"


def assert_caught(module: str, settings: Sequence[Setting], bug: Bug) -> None:
    """Assert that the bench fails on the module with the bug in at least one of the settings."""
    for setting in settings:
        try:
            run(module, **setting, bug=bug)
        except TestsFailedError:
            return
    raise AssertionError(f"{module} passes its bench with the bug {bug.name!r}, KERILOG_SEED={SEED}")
