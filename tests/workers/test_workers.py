# SPDX-License-Identifier: Apache-2.0
"""Work on many pieces: here, in processes, on a cluster that loses a worker; and results that are kept."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog.area import Area
from kerilog.errors import KerilogError
from kerilog.kept import FILE, Kept, digest
from kerilog.tune.loss import Loss
from kerilog.workers import HERE, Spread, workers
from support.command import kerilog
from support.pieces import added, killed, marked, refused


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test alone."""
    monkeypatch.setenv("KERILOG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KERILOG_RESULTS")
    return tmp_path / "cache"


def test_in_this_process() -> None:
    with workers(10, HERE) as run:
        assert [found[:2] for found in run(added, [1, 2])] == [(11, os.getpid()), (12, os.getpid())]


def test_in_processes() -> None:
    with workers(10, Spread(jobs=2)) as run:
        found = list(run(added, list(range(20)), 3))
        assert [total for total, _, _ in found] == list(range(10, 30))
        assert os.getpid() not in {process for _, process, _ in found}
        assert {processors for _, _, processors in found} == {1}
        with pytest.raises(KerilogError, match=r"^piece 10$"):
            list(run(refused, [1, 10, 3]))


def test_few_pieces_start_no_process() -> None:
    with workers(10, Spread(), 3) as run:
        assert {process for _, process, _ in run(added, [1, 2, 3])} == {os.getpid()}


def test_a_killed_process_is_one_line() -> None:
    with (
        pytest.raises(KerilogError, match=r"^a worker process was killed.*fewer --jobs$"),
        workers(0, Spread(jobs=2)) as run,
    ):
        list(run(killed, [0, 1]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--jobs", "0"), "--jobs must be at least 1, found 0"),
        (("--jobs", "2", "--scheduler", "tcp://a:1"), "--jobs and --scheduler exclude each other"),
    ],
)
@pytest.mark.parametrize("command", [("study",), ("explore",), ("tune", "--max-loss", "1")])
def test_bad_options(command: tuple[str, ...], options: tuple[str, ...], message: str) -> None:
    found = kerilog(command[0], "none.keras", *command[1:], *options)
    assert found.status == 2 and message in found.error and found.error.count("\n") == 1


@pytest.mark.parametrize("where", [("--jobs", "2"), ("--scheduler", "tcp://a:1")])
def test_what_is_not_spread_says_so(where: tuple[str, ...]) -> None:
    found = kerilog("study", "none.keras", "--binarize", *where)
    assert found.status == 2 and f"{where[0]} is for the study of formats" in found.error


# ---- a cluster ----


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a Dask scheduler of this machine, and its two workers."""
    pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    quiet["env"] = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2] / "tests"), *filter(None, sys.path)])
    }
    options = ["--scheduler-file", str(file), "--no-dashboard"]
    scheduler = [
        *(sys.executable, "-m", "distributed.cli.dask_scheduler"),
        *(*options, "--host", "127.0.0.1", "--port", "0"),
    ]
    worker = [
        *(sys.executable, "-m", "distributed.cli.dask_worker"),
        *(*options, "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1"),
    ]
    started = [subprocess.Popen(scheduler, **quiet)]
    try:
        deadline = time.monotonic() + 60
        while not file.is_file() and time.monotonic() < deadline:
            time.sleep(0.1)
        started += [subprocess.Popen(worker, **quiet) for _ in range(2)]
        import distributed

        with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            address = client.scheduler.address
        yield address, started[1:]
    finally:
        for process in started[::-1]:
            process.kill()
            process.wait()


@pytest.mark.full
def test_a_cluster_goes_on_without_a_worker(scheduler: tuple[str, list[Any]], tmp_path: Path) -> None:
    address, processes = scheduler
    folder = tmp_path / "marks"
    folder.mkdir()
    with workers(str(folder), Spread(scheduler=address)) as run:
        found = run(marked, range(30))
        first = [next(found) for _ in range(6)]
        processes[0].kill()
        assert first + list(found) == [piece * piece for piece in range(30)]
    by = {path.name.partition("-")[2] for path in folder.iterdir()}
    assert by == {str(process.pid) for process in processes}


def test_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("kerilog.workers.SECONDS", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://1", "127.0.0.1:x"):
        with (
            pytest.raises(KerilogError, match=f"^--scheduler {address}: expected tcp://HOST:PORT"),
            workers(0, Spread(scheduler=address)),
        ):
            pass


def test_a_cluster_needs_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(KerilogError, match=r"--scheduler needs .*pip install 'kerilog\[cluster\]'"),
        workers(0, Spread(scheduler="tcp://127.0.0.1:1")),
    ):
        pass


# ---- what is kept ----


def test_results_are_kept_by_content() -> None:
    area = Area(lut=1.25, lutram=1 / 3, ff=2.0, bram18=3, dsp=4)
    first: Kept[Area | None] = Kept("a", Area | None)
    assert first.get((1, "x")) is None
    first.put((1, "x"), area)
    first.put((2, "x"), None)
    first.close()
    again: Kept[Area | None] = Kept("a", Area | None)
    assert again.get((1, "x")) == (area,) and again.get((2, "x")) == (None,)
    assert again.get((1, "y")) is None
    assert Kept("b", Area | None).get((1, "x")) is None


def test_other_code_finds_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    Kept[float]("a", float).put(1, 0.5)
    assert Kept[float]("a", float).get(1) == (0.5,)
    monkeypatch.setattr("kerilog.workers.code", lambda: "another")
    assert Kept[float]("a", float).get(1) is None


def test_what_is_damaged_is_found_anew(cache: Path) -> None:
    kept: Kept[Loss] = Kept("a", Loss)
    kept.put(1, Loss(1.0, 2.0, 3))
    kept.close()
    with sqlite3.connect(cache / FILE) as file:
        file.execute("UPDATE kept SET value = ?", (b'{"points": "many"}',))
    file.close()
    assert Kept[Loss]("a", Loss).get(1) is None
    (cache / FILE).write_bytes(b"no database" * 1000)
    kept = Kept("a", Loss)
    kept.put(1, Loss(1.0, 2.0, 3))
    assert kept.get(1) == (Loss(1.0, 2.0, 3),)


def test_without_a_cache_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERILOG_CACHE", str(tmp_path / "file" / "cache"))
    kept: Kept[float] = Kept("a", float)
    kept.put(1, 0.5)
    assert kept.get(1) is None


def test_nothing_is_kept_where_that_is_off(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERILOG_RESULTS", "off")
    Kept[float]("a", float).put(1, 0.5)
    assert Kept[float]("a", float).get(1) is None and not cache.exists()


def test_digests_tell_contents_apart() -> None:
    one = np.arange(6, dtype=np.float32)
    parts = (one, one.reshape(2, 3), one.astype(np.float64), {"a": one}, {"b": one}, b"a", "a", ("a",))
    assert len({digest(part) for part in parts}) == len(parts)
    assert digest(one) == digest(np.arange(12, dtype=np.float32)[:6]) != digest(one, one)
