# SPDX-License-Identifier: Apache-2.0
"""Run one command within limits and print what it took, as one line of JSON.

    python -I -S benchmarks/timed.py SECONDS GIB COMMAND [ARGUMENT ...]

SECONDS is when it is killed, GIB limits the address space of each of its processes. Printed are ``seconds``
on the clock; ``processors``, those of all processors together; ``mib``, the peak of memory of the largest
process; ``status``, the exit status, negative for a signal; ``expired``, whether it was killed for time;
``out`` and ``err``, the end of what it printed.

A process of its own, with nothing imported, because Linux counts the memory of the process that starts
another as that one's.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from typing import IO

TAIL = 2000  # bytes of each stream that are handed on
PAUSE = 0.005  # seconds between two looks


def limited(gib: float) -> None:
    """In the new process: no more address space than that."""
    most = int(gib * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def tail(file: IO[bytes]) -> str:
    """The end of what is in ``file``."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
    return file.read().decode("utf-8", "replace")


def run(seconds: float, gib: float, command: list[str]) -> dict[str, object]:
    """See the top of this file."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            preexec_fn=lambda: limited(gib),
        )
        expired = False
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if not expired and time.monotonic() - start > seconds:
                os.killpg(child.pid, signal.SIGKILL)
                expired = True
            time.sleep(PAUSE)
        child.returncode = code = os.waitstatus_to_exitcode(status)
        took = time.monotonic() - start
        return {
            "seconds": took,
            "processors": usage.ru_utime + usage.ru_stime,
            "mib": usage.ru_maxrss / 1024,
            "status": code,
            "expired": expired,
            "out": tail(out),
            "err": tail(err),
        }


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])))
