# SPDX-License-Identifier: Apache-2.0
"""Draw networks over all layers, and hold every promise about each of them: `make fuzz`.

    make fuzz COUNT=100 SEED=1 MINUTES=10
    PYTHONPATH=sim python -m fuzz replay FILE ...

Exit status 1 if a network fails. It is shrunk to the smallest that fails in the same way and written to
build/fuzz; ``replay`` runs such a file again. Networks that Kerilog or TensorFlow refuses are counted by
reason.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fuzz import draw, shrink, trial
from fuzz.draw import Description
from kerilog.verify import cache

FOUND = Path("build") / "fuzz"


@dataclasses.dataclass
class Tally:
    """What became of the networks."""

    equal: int = 0
    in_icarus: int = 0
    layers: Counter[str] = dataclasses.field(default_factory=Counter)
    sources: Counter[str] = dataclasses.field(default_factory=Counter)
    refused: Counter[str] = dataclasses.field(default_factory=Counter)
    failed: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def drawn(self) -> int:
        return self.equal + self.refused.total() + self.failed.total()

    def note_equal(self, description: Description) -> None:
        self.equal += 1
        self.layers.update({layer["kind"] for layer in description["layers"]})
        self.sources[description["source"].get("scheme", "tflite")] += 1

    def show(self) -> None:
        """Print all of it."""
        for reason, count in self.refused.most_common():
            print(f"refused {count:4}  {reason}")
        print(
            "networks that held, by layer: "
            + ", ".join(f"{kind} {n}" for kind, n in sorted(self.layers.items()))
        )
        print("by source: " + ", ".join(f"{source} {n}" for source, n in sorted(self.sources.items())))
        for kind, count in self.failed.most_common():
            print(f"failed {count:5}  {kind}")
        print(
            f"{self.drawn} networks: {self.equal} hold ({self.in_icarus} in Icarus too), "
            f"{self.refused.total()} refused, {self.failed.total()} failed"
        )


class Fuzzer:
    """Draws batches of networks and tries them."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.strategy = draw.networks(not options.no_tflite)
        self.tally = Tally()
        self.until = time.monotonic() + 60 * options.minutes

    def run(self) -> Tally:
        """Until so many networks were tried, or the time is up."""
        number, start = 0, time.monotonic()
        while number < self.options.count and time.monotonic() < self.until:
            numbers = range(number, min(number + self.options.batch, self.options.count))
            self.batch([f"{self.options.seed}/{one}" for one in numbers])
            number = numbers.stop
            done = self.tally
            print(
                f"{done.drawn} tried, {done.equal} equal, {done.failed.total()} failed, "
                f"{time.monotonic() - start:.0f} s",
                flush=True,
            )
        return self.tally

    def batch(self, seeds: Sequence[str]) -> None:
        """Try the networks of ``seeds`` in one Verilator build."""
        with tempfile.TemporaryDirectory() as root:
            ready: list[tuple[str, Description, trial.Ready]] = []
            for place, seed in enumerate(seeds):
                description = shrink.drawn(self.strategy, seed)
                folder = Path(root) / f"{place}"
                folder.mkdir()
                found = self.prepared(seed, description, folder, f"fuzz{place}")
                if found is not None:
                    ready.append((seed, description, found))
            simulated = ready and not self.options.no_rtl
            wrong = trial.check_in_verilator([found for _, _, found in ready]) if simulated else {}
        for place, (seed, description, _) in enumerate(ready):
            if place in wrong:
                self.failure(seed, wrong[place])
            else:
                self.tally.note_equal(description)

    def prepared(self, seed: str, description: Description, folder: Path, name: str) -> trial.Ready | None:
        """The design, after all that is checked before Verilator."""
        try:
            found = trial.prepare(description, folder, name)
            turn = int(seed.rsplit("/", 1)[-1]) % self.options.icarus == 0
            if turn and trial.is_small(found) and not self.options.no_rtl:
                trial.check_in_icarus(found)
                self.tally.in_icarus += 1
            return found
        except trial.Refused as error:
            reason = trial.reason_of(error)
            if not self.tally.refused[reason]:
                print(f"seed {seed} is refused: {error}"[:200], flush=True)
            self.tally.refused[reason] += 1
        except Exception as error:  # whatever is raised is a finding
            self.failure(seed, error)
        return None

    def failure(self, seed: str, error: Exception) -> None:
        """Shrink what failed and keep it; of one kind only the first."""
        kind = trial.kind_of(error)
        self.tally.failed[kind] += 1
        print(f"seed {seed}: {kind}: {error}"[:600], flush=True)
        if self.tally.failed[kind] > 1:
            return
        smallest = shrink.shrunk(self.strategy, seed, kind, self.options.shrink)
        path = shrink.keep(smallest, kind, str(error), FOUND)
        print(
            f"  shrunk to {len(smallest['layers'])} layers: PYTHONPATH=sim python -m fuzz replay {path}",
            flush=True,
        )


def replay(paths: Sequence[Path]) -> int:
    """Run kept networks again; the exit status is 1 if one of them still fails."""
    failed = 0
    for path in paths:
        with tempfile.TemporaryDirectory() as folder:
            try:
                trial.whole(shrink.read(path), Path(folder))
                print(f"{path}: holds")
            except trial.Refused as error:
                print(f"{path}: refused: {error}")
            except Exception as error:  # whatever is raised is a finding
                failed = 1
                print(f"{path}: {trial.kind_of(error)}: {error}")
    return failed


def main(arguments: Sequence[str]) -> int:
    """Fuzz or replay, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="make fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("replay", nargs="*", metavar="replay FILE", help="run kept networks again")
    parser.add_argument("--count", type=int, default=100, help="networks (%(default)s)")
    parser.add_argument(
        "--minutes", type=float, default=10.0, help="when no batch is begun any more (%(default)s)"
    )
    parser.add_argument("--seed", default="1", help="of the networks (%(default)s)")
    parser.add_argument("--batch", type=int, default=16, help="networks of one Verilator build (%(default)s)")
    parser.add_argument(
        "--icarus", type=int, default=3, help="every how manieth is run in Icarus too (%(default)s)"
    )
    parser.add_argument(
        "--shrink", type=float, default=120.0, help="seconds to shrink a failure (%(default)s)"
    )
    parser.add_argument("--no-tflite", action="store_true", help="Keras' files alone")
    parser.add_argument("--no-rtl", action="store_true", help="up to the plan, in a tenth of the time")
    options = parser.parse_args(arguments)
    # no simulator of a network that is drawn once is worth keeping
    with tempfile.TemporaryDirectory() as place:
        os.environ[cache.VARIABLE] = place
        if options.replay:
            return replay([Path(path) for path in options.replay[options.replay[0] == "replay" :]])
        tally = Fuzzer(options).run()
    tally.show()
    return int(tally.failed.total() > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
