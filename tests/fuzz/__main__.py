"""`make fuzz`: as many executions as were asked for, over all targets in turn.

Where atheris has a wheel, it steers by the branches that an input reaches. Elsewhere inputs are
mutated at random, which finds less. The input of a finding is written to `.fuzz/`: put it into the
corpus, and it is a test.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

try:
    import atheris
except ImportError:  # it has wheels for Linux alone
    atheris = None
if atheris is None or "--random" in sys.argv:  # code that counts branches takes four times as long
    from tests.fuzz import inputs, targets
else:
    with atheris.instrument_imports(include=["fluxbump"], enable_loader_override=False):
        from tests.fuzz import inputs, targets


_SLOW = 5.0
"""Seconds of processor time that no input of a few kilobytes may take."""
_ENDLESS = 2 * _SLOW
"""Seconds of processor time after which an input is given up: a pattern may never end."""
_LONGEST = 8192
_KEPT = Path(".fuzz")


class Endless(BaseException):
    """An input that is given up; nothing that is fuzzed catches it."""


def _give_up(*_: object) -> None:
    raise Endless


class Run:
    """Counts executions, and keeps the shortest input of each finding."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = dict.fromkeys(inputs.NAMES, 0.0)
        self.runs = dict.fromkeys(inputs.NAMES, 0)
        self.findings: dict[str, bytes] = {}
        signal.signal(signal.SIGVTALRM, _give_up)

    def one(self, data: bytes) -> None:
        """Execute one input."""
        name, path, body = inputs.split(data)
        started = time.process_time()
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, _ENDLESS)
            targets.TARGETS[name](path, body)
        except (Exception, Endless) as error:  # whatever it is, it is a finding
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{frame.filename.partition('/fluxbump/')[2]}:{frame.lineno}"
            self.keep(f"{name}: {type(error).__name__} at {where}", data, error)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        taken = time.process_time() - started
        self.count += 1
        self.runs[name] += 1
        self.seconds[name] += taken
        if self.count % 50_000 == 0:
            print(f"{self.count:,} executions, {len(self.findings)} findings", flush=True)
        if taken > _SLOW:
            self.keep(f"{name}: takes more than {_SLOW:g} seconds", data)

    def keep(self, finding: str, data: bytes, error: BaseException | None = None) -> None:
        """Write the input of a finding down, and say it the first time."""
        if finding not in self.findings:
            print(f"{self.count:,}: {finding}", flush=True)
            traceback.print_exception(error)
        if finding not in self.findings or len(data) < len(self.findings[finding]):
            self.findings[finding] = data
            name = hashlib.sha256(finding.encode()).hexdigest()[:12]
            _KEPT.mkdir(exist_ok=True)
            (_KEPT / name).write_bytes(data)

    def table(self) -> str:
        """Say what was done."""
        lines = [
            f"{name:10} {self.runs[name]:>9,} {1e3 * self.seconds[name] / self.runs[name]:8.2f} ms"
            for name in inputs.NAMES
            if self.runs[name]
        ]
        return "\n".join([*lines, f"{self.count:,} executions, {len(self.findings)} findings"])


def at_random(run: Run, random: Random, runs: int, until: float) -> None:
    """Mutate seeds without knowing what they reach; what is new is not kept."""
    known = inputs.by_target()
    every = [seed for some in known.values() for seed in some]
    while run.count < runs and time.monotonic() < until:
        data = bytearray(random.choice(known[random.choice(inputs.ROTA)]))
        for _ in range(random.choice((1, 2, 4, 8))):
            _mutate(data, random, every)
        run.one(bytes(data[:_LONGEST]))


def _mutate(data: bytearray, random: Random, known: list[bytes]) -> None:
    start = random.randrange(len(data) + 1)
    end = min(len(data), start + random.choice((0, 1, 2, 4, 8, 32, 128)))
    other = random.choice(known)
    first = random.randrange(len(other) + 1)
    data[start:end] = random.choice(
        (
            b"",
            random.choice(inputs.WORDS),
            random.choice(inputs.WORDS) * random.choice((1, 2, 3, 40)),
            bytes(data[start:end]) * 2,
            bytes([random.randrange(256)]),
            other[first : first + random.choice((4, 16, 64, 256))],
        )
    )


def steered(run: Run, seed: int, runs: int, until: float) -> None:
    """Let atheris choose; it keeps what reaches new branches, and leaves the process itself."""

    def one(data: bytes) -> None:
        run.one(data)
        if run.count >= runs or time.monotonic() >= until:
            print(run.table(), flush=True)
            os._exit(1 if run.findings else 0)

    with TemporaryDirectory() as folder:
        for number, data in enumerate(inputs.seeds()):
            (Path(folder) / str(number)).write_bytes(data)
        words = Path(folder).with_suffix(".dict")
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in inputs.WORDS))
        atheris.Setup(
            ["fuzz", folder, f"-seed={seed}", f"-max_len={_LONGEST}", "-len_control=0",
             f"-dict={words}", "-verbosity=0", "-print_final_stats=0"],
            one,
        )  # fmt: skip
        atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def main() -> int:
    """Run until the count or the time is reached."""
    parser = argparse.ArgumentParser(prog="make fuzz", allow_abbrev=False)
    parser.add_argument("--runs", type=int, default=10**12)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--random", action="store_true", help="do not steer, which is faster")
    given = parser.parse_args()
    seed = given.seed or time.time_ns() % 2**31
    until = time.monotonic() + given.seconds
    run = Run()
    steers = atheris is not None and not given.random
    print(f"seed {seed}, {'steered by branches' if steers else 'at random'}", flush=True)
    if steers:
        steered(run, seed, given.runs, until)
    at_random(run, Random(seed), given.runs, until)
    print(run.table())
    return 1 if run.findings else 0


if __name__ == "__main__":
    sys.exit(main())
