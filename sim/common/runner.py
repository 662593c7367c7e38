# SPDX-License-Identifier: Apache-2.0
"""Build a module with Icarus, run its cocotb bench, and fail when anything at all went wrong.

KERILOG_SEED in the environment chooses the parameters and the stimulus that are drawn; it has a default.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import Runner, get_runner

SIM = Path(__file__).resolve().parents[1]
RTL = SIM.parent / "hw" / "rtl"
BUILD = SIM.parent / "build" / "sim"
# the same draws in every run, unless asked otherwise: what passed once must not fail by chance elsewhere
SEED = os.environ.setdefault("KERILOG_SEED", "2024")

Parameters = Mapping[str, Any]
# the text of a module, what replaces it, and the module's name where it is not the one under test
Mutation = tuple[str, str] | tuple[str, str, str]


class BuildError(Exception):
    """The Verilog did not compile, or not in silence."""


class BenchError(Exception):
    """A bench did not run to its end, or failed."""


class TestsFailedError(BenchError):
    """A bench ran to its end and found something wrong."""

    __test__ = False


def parameter_sets(
    module: str,
    edges: Sequence[Parameters],
    draw: Callable[[random.Random], Parameters],
    count: int,
    more: int,
) -> list[Any]:
    """Give the edge cases, `count` drawn sets, and `more` that run only in the full sweep, for pytest."""
    rng = random.Random(f"{SEED}/{module}")
    drawn = [draw(rng) for _ in range(count + more)]
    short = [pytest.param(p, id=_name(p)) for p in _unique([*edges, *drawn[:count]])]
    long = [pytest.param(p, id="full-" + _name(p), marks=pytest.mark.full) for p in drawn[count:]]
    return short + long


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
    mutation: Mutation | None = None,
    toplevel: str | None = None,
    files: Mapping[str, str] | None = None,
    target: str | None = None,
) -> None:
    """Run bench_<module>.py on `module`, or on the wrapper `toplevel` that lies beside the bench.

    The modules of hw/`target` replace their namesakes. `files` are put where the simulator runs,
    for $readmemh or as further sources. The build directory stays only if it fails.
    """
    __tracebackhide__ = True
    toplevel = toplevel or module
    build_dir = BUILD / module / _digest(parameters, mutation, f"{toplevel} {target}")
    what = f"{module} {dict(parameters)}, KERILOG_SEED={SEED}, in {build_dir}"
    shutil.rmtree(build_dir, ignore_errors=True)
    build_dir.mkdir(parents=True)
    for name, text in (files or {}).items():
        (build_dir / name).write_text(text)
    sources = [*_library(target), *sorted((SIM / module).glob("*.v")), *sorted(build_dir.glob("*.v"))]
    if mutation:
        sources = _mutate(sources, module, mutation, build_dir)
    runner = get_runner("icarus")
    build(runner, toplevel, parameters, sources, build_dir, what)
    simulate(runner, module, toplevel, parameters, build_dir, what)
    # each seed draws other parameters: what passed is not worth keeping
    shutil.rmtree(build_dir)


def _library(target: str | None) -> list[Path]:
    library = {path.name: path for path in sorted(RTL.glob("*.v"))}
    if target:
        library |= {path.name: path for path in sorted((RTL.parent / target).glob("*.v"))}
    return list(library.values())


def _digest(parameters: Parameters, mutation: Mutation | None, toplevel: str) -> str:
    # one directory a parameter set and process, so that no two runs ever share one
    text = json.dumps([parameters, mutation, toplevel], sort_keys=True)
    return f"{hashlib.sha256(text.encode()).hexdigest()[:16]}-{os.getpid()}"


def _mutate(sources: list[Path], module: str, mutation: Mutation, build_dir: Path) -> list[Path]:
    old, new, *elsewhere = mutation
    original = RTL / f"{elsewhere[0] if elsewhere else module}.v"
    text = original.read_text()
    if text.count(old) != 1:
        raise ValueError(f"{original.name} holds {old!r} {text.count(old)} times instead of once")
    mutant = build_dir / original.name
    mutant.write_text(text.replace(old, new))
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
            # the runner asks for -g2012; the last -g is the one that counts
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
    # modules under test have no `timescale of their own: the command file gives it
    return not line.strip() or re.search(r"timescale", line) is not None


def simulate(
    runner: Runner, module: str, toplevel: str, parameters: Parameters, build_dir: Path, what: str
) -> None:
    __tracebackhide__ = True
    log, results = build_dir / "sim.log", build_dir / "results.xml"
    with _on_search_path(SIM, SIM / module), contextlib.suppress(RuntimeError, SystemExit):
        runner.test(
            test_module=f"bench_{module}",
            hdl_toplevel=toplevel,
            build_dir=build_dir,
            test_dir=build_dir,
            results_xml=str(results),
            log_file=log,
            extra_env={"KERILOG_SEED": SEED, "KERILOG_PARAMETERS": json.dumps(dict(parameters))},
        )
    # outside pytest the runner never looks at the results, and it lets an empty file pass anywhere
    try:
        tests, failed = get_results(results)
    except RuntimeError as error:
        raise BenchError(f"{what}: the simulation broke off\n{_tail(log)}") from error
    if failed or not tests:
        raise TestsFailedError(f"{what}: {failed} of {tests} tests failed\n{_tail(log)}")


@contextlib.contextmanager
def _on_search_path(*folders: Path) -> Iterator[None]:
    # the runner makes the simulator's PYTHONPATH of our own search path, whatever the environment says
    before = list(sys.path)
    sys.path[:0] = [str(folder) for folder in folders]
    try:
        yield
    finally:
        sys.path[:] = before


def _tail(log: Path, lines: int = 60) -> str:
    return "\n".join(log.read_text().splitlines()[-lines:]) if log.exists() else "no log was written"


def assert_caught(module: str, sets: Sequence[Parameters], mutation: Mutation, **options: Any) -> None:
    """Assert that the bench fails on the mutated module for at least one of the parameter sets."""
    for parameters in sets:
        try:
            run(module, parameters, mutation, **options)
        except TestsFailedError:
            return
    raise AssertionError(f"{module} with {mutation[0]!r} replaced by {mutation[1]!r} passes its bench")
