# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and SIGTERM end any command within a second, with all it started, and leave nothing half done."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerilog import build
from kerilog.explore import points
from kerilog.workers import Spread
from support.command import contents, kerilog
from support.keras_files import SHAPE, write_samples, write_tiny
from support.paths import TESTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

LIMIT = 3.0  # seconds: one, and a machine that is busy with processes of its own
MARK = "KERILOG_TEST_OF_INTERRUPTS"
COMMAND = "from kerilog.cli import main; main(prog_name='kerilog')"


def family(mark: str) -> dict[int, str]:
    """The processes of a test by their number, with their names."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (place / "environ").read_bytes():
                found[int(place.name)] = (place / "comm").read_text().strip()
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("interrupts")
    write_tiny(root / "tiny.keras")
    write_samples(root / "samples.npz")
    rng = np.random.default_rng(5)
    many = rng.random((200_000, *SHAPE), np.float32)
    np.savez(root / "many.npz", x=many, y=rng.integers(0, 3, len(many)))
    np.save(root / "x.npy", many[:2])
    built = kerilog("build", root / "tiny.keras", "-o", root / "design", "--data", root / "samples.npz")
    assert built.status == 0, built.error
    return root


def interrupted(
    root: Path, ready: Callable[[dict[int, str]], bool], number: int, *command: object, code: str = COMMAND
) -> None:
    """Run ``command`` until its processes are ``ready``, send the signal, and look at what is left."""
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    scratch, cache = root / "scratch", root.with_name("cache")
    scratch.mkdir(exist_ok=True)
    before = contents(root)
    environment = {**os.environ, MARK: mark, "TMPDIR": str(scratch), "KERILOG_CACHE": str(cache)}
    environment["PYTHONPATH"] = str(TESTS)  # where slow parts come from
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, command)],
        cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 60
        while not ready(family(mark)) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.poll() is None, process.communicate()
        start = time.monotonic()
        process.send_signal(number)
        output, error = process.communicate(timeout=30)
        took = time.monotonic() - start
    assert process.returncode == 128 + number, error
    assert error == "kerilog: interrupted\n" and output == ""
    assert took < LIMIT
    assert family(mark) == {}
    assert contents(root) == before
    assert list((cache / "simulators").glob("*")) == []


def after(seconds: float) -> Callable[[dict[int, str]], bool]:
    """Ready so long after both processes of the command are there."""
    first: list[float] = []

    def ready(processes: dict[int, str]) -> bool:
        if len(processes) > 1:
            first.append(time.monotonic())
        return bool(first) and time.monotonic() - first[0] > seconds

    return ready


def running(*names: str) -> Callable[[dict[int, str]], bool]:
    return lambda processes: any(name in processes.values() for name in names)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_study(workshop: Path, number: int) -> None:
    interrupted(workshop, after(2.0), number, "study", "tiny.keras", "--data", "many.npz", "-o", "study")


def test_build(workshop: Path) -> None:
    """In the middle of the samples."""
    interrupted(
        workshop, after(0.3), signal.SIGINT, "build", "tiny.keras", "--data", "many.npz", "-o", "new/design"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_sim_while_verilator_compiles(workshop: Path, number: int) -> None:
    command = ("sim", "design", "--inputs", "x.npy", "--outputs", "y.npy")
    interrupted(workshop, running("cc1plus", "verilator_bin", "make"), number, *command)


def test_synth_while_yosys_runs(workshop: Path) -> None:
    interrupted(workshop, running("yosys", "yosys-abc"), signal.SIGINT, "synth", "design")


ENDLESS = """
import ctypes, sys
from kerilog.cli import explore, main
def endless(*_, **__):
    {}
import kerilog.build
kerilog.build.integer_network = endless
main(prog_name='kerilog')
"""


@pytest.mark.parametrize(
    "what",
    [
        "ctypes.PyDLL(None).sleep(60)",  # holds Python's lock: no handler of Python's can run
        "ctypes.CDLL(None).sleep(60)\n    ctypes.CDLL(None).sleep(60)",
    ],
)
def test_code_that_never_comes_back_to_python(workshop: Path, what: str) -> None:
    command = ("explore", "tiny.keras", "--data", "samples.npz", "-o", "front")
    interrupted(workshop, after(1.5), signal.SIGINT, *command, code=ENDLESS.format(what))


# four foldings, each of which takes for ever
SLOW_POINTS = """
from kerilog.explore import points
from support.pieces import endless
points._foldings = lambda graph: [(100 + place, None) for place in range(4)]
points._planned = endless
"""


def test_explore_with_its_processes(workshop: Path) -> None:
    """Planned in several processes, each of which would be at it for ever."""
    command = ("explore", "tiny.keras", "--data", "samples.npz", "-o", "front", "--jobs", "2")
    ready = after(2.0)
    interrupted(
        workshop,
        lambda found: len(found) > 4 and ready(found),
        signal.SIGINT,
        *command,
        code=SLOW_POINTS + COMMAND,
    )


def test_the_processes_of_explore_end_with_it_in_python_too(workshop: Path) -> None:
    graph = build.integer_network(workshop / "tiny.keras", build.Options(data=workshop / "samples.npz"))

    def progress(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        points.explore(graph, progress, Spread(jobs=2))
    assert multiprocessing.active_children() == []


def test_a_command_that_crashes_says_so(workshop: Path) -> None:
    code = ENDLESS.format("ctypes.string_at(0)")
    found = subprocess.run(
        [sys.executable, "-c", code, "explore", "tiny.keras"],
        cwd=workshop, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 128 + signal.SIGSEGV
    assert found.stderr.splitlines()[-1] == "kerilog: error: ended by SIGSEGV"
