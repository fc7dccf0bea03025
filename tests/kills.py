"""Kills fluxbump at random moments, and looks at what stays: `python -m tests.kills COUNT [SEED]`.

`to`, `to --in-place` and `run` take turns. Each is killed with all of its process group, as a
machine that is out of memory or a job that is cancelled does it, a few times in a row: a run starts
on what the killed ones have left. Right after each there must be no partial result, and after the
next run none of what they left: no temporary directory, no half-written object, no lock, no
journal.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from fixtures import generate
from tests import helpers
from tests.git_server import git
from tests.helpers import Repo
from tests.run.world import BRANCH, SPRING, World, world

LEFTOVERS = ("**/tmp_*", "**/*.lock", "fast_import_crash_*", "fluxbump/in-place/*")
"""Below a git directory; the lock of in-place bumps is a file that stays."""
KEPT = "in-place.lock"
_GLANCE = 0.01
"""Seconds between two looks at what a run has taken."""
IN_A_ROW = 4
"""Kills at most before a run that goes on to its end."""


def killed(words: list[str], cwd: Path, environ: Mapping[str, str], seconds: float) -> bool:
    """Start a command, and kill its process group somewhere in it; tell whether it ran still.

    Args:
        words: the command.
        cwd: where it runs.
        environ: its environment.
        seconds: of the processor's time after which it is killed. How long a run takes depends on
            what else the machine does, and what it does itself does not: fewer kills come late.
    """
    process = subprocess.Popen(
        words, cwd=cwd, env=dict(environ), start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and _processor(process.pid) < seconds:
        time.sleep(_GLANCE)
    # What its children do counts when they have ended, so kill while some of them are at work.
    with suppress(subprocess.TimeoutExpired):
        process.wait(random.choice((0, _GLANCE, 3 * _GLANCE)))
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def _processor(pid: int) -> float:
    """Return the seconds of the processor's time of a process and its children (proc(5), stat)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def ended(words: list[str], cwd: Path, environ: Mapping[str, str]) -> float:
    """Run a command to its end, which has to be a good one.

    Returns:
        How many seconds of the processor's time it took.
    """
    with TemporaryFile() as errors:
        process = subprocess.Popen(
            words, cwd=cwd, env=dict(environ), stdout=subprocess.DEVNULL, stderr=errors
        )
        taken = 0.0
        while process.poll() is None:
            taken = max(taken, _processor(process.pid))
            time.sleep(_GLANCE)
        errors.seek(0)
        assert process.returncode == 0, (words, process.returncode, errors.read().decode())
    return taken


def leftovers(temporary: Path, private: Path) -> list[Path]:
    """Return what a killed run has left in the directory of temporary files and in git's."""
    found = [path for pattern in LEFTOVERS for path in private.glob(pattern)]
    return [*temporary.iterdir(), *(path for path in found if path.name != KEPT)]


class Bench:
    """A repository in which bumps are killed.

    Args:
        repo: the fixture monorepo.
        temporary: an empty directory for temporary files.
    """

    def __init__(self, repo: Repo, temporary: Path) -> None:
        self.repo, self.temporary = repo, temporary
        self.environ = repo.environment(TMPDIR=str(temporary))
        first = ended(self.repo.command("to", "2.5.1", "-q"), self.repo.path, self.environ)
        self.tree = self.repo.git("rev-parse", f"{BRANCH}^{{tree}}")
        self._forget()
        self.lasts = {"to": first, "to --in-place": first, "run": 2 * first}
        """Seconds of the processor's time that the last run of each took to its end."""

    def to(self, moments: Sequence[float]) -> int:
        """Kill `to`: the branch is whole or not there, and the next run makes it."""
        words = self.repo.command("to", "2.5.1", "-q")
        hits = 0
        for moment in moments:
            hits += killed(words, self.repo.path, self.environ, moment * self.lasts["to"])
            assert self.repo.git("status", "--porcelain") == ""
            if self.repo.git("for-each-ref", f"refs/heads/{BRANCH}"):
                assert self.repo.git("rev-parse", f"{BRANCH}^{{tree}}") == self.tree
                self.repo.git("fsck", "--connectivity-only", BRANCH)
                self._forget()
        self.lasts["to"] = ended(words, self.repo.path, self.environ)
        assert self.repo.git("rev-parse", f"{BRANCH}^{{tree}}") == self.tree
        self._clean()
        self._forget()
        return hits

    def in_place(self, moments: Sequence[float]) -> int:
        """Kill `to --in-place`: after the next run all files are old, or all are new."""
        words = self.repo.command("to", "2.5.1", "--in-place", "-q")
        hits = 0
        for moment in moments:
            seconds = moment * self.lasts["to --in-place"]
            if not killed(words, self.repo.path, self.environ, seconds):
                break  # all is new, and another run has nothing to do
            hits += 1
        ended(self.repo.command("status", "-q"), self.repo.path, self.environ)
        if self.repo.git("status", "--porcelain"):
            self.repo.git("add", "--all")
            assert self.repo.git("write-tree") == self.tree
        # What sweeps git's directory is a run that writes there.
        self.repo.git("reset", "--quiet", "--hard")
        self.lasts["to --in-place"] = ended(words, self.repo.path, self.environ)
        self._clean()
        self.repo.git("reset", "--quiet", "--hard")
        return hits

    def _clean(self) -> None:
        # Named by itself: pytest explains only the asserts of tests.
        left = leftovers(self.temporary, self.repo.path / ".git")
        left += self.repo.path.rglob(".fluxbump-*")
        assert not left, [str(path) for path in left]

    def _forget(self) -> None:
        self.repo.git("update-ref", "-d", f"refs/heads/{BRANCH}")


def run(there: World, place: Bench, moments: Sequence[float]) -> int:
    """Kill `run`: the remote's branch is whole or not there, and the next run opens the request."""
    temporary = place.temporary
    environ = {**there.environ, "TMPDIR": str(temporary)}
    before = set(there.branches())
    hits = 0
    for moment in moments:
        if not killed(there.arguments(), there.root, environ, moment * place.lasts["run"]):
            break  # the request is open, and another run has nothing to do
        hits += 1
        assert set(there.branches()) - before <= {BRANCH}
        git(there.bare, "fsck", "--connectivity-only")
    place.lasts["run"] = ended(there.arguments(), there.root, environ)
    (request,) = there.open()
    assert there.tip(BRANCH) is not None
    assert request.branch == BRANCH
    assert list(temporary.iterdir()) == []
    assert list((there.home / "cache").rglob("*.tmp")) == []
    for clone in (there.home / "cache").rglob("*.git"):
        assert [path for path in leftovers(temporary, clone) if path.suffix != ".lock"] == []
    return hits


def bench(root: Path, charts: Path) -> Bench:
    """Make the repository of `to`, and what it needs."""
    temporary = root / "temporary"
    temporary.mkdir()
    templates = helpers.make_templates(root / "templates")
    return Bench(helpers.copy(templates / "aligned", root / "repository", charts), temporary)


def kills(count: int, seed: int, root: Path) -> dict[str, int]:
    """Kill so many runs before their end; return how many of each command.

    Moments are spread evenly over a run. One that ended sooner than it was to be killed is looked
    at like the others, and does not count.

    Raises:
        AssertionError: something partial or left behind; the moment is in it.
    """
    moments = random.Random(seed)
    charts = generate.index(root / "index", only=["2.13.0", "2.14.1", "2.15.0"])
    hits = {"to": 0, "to --in-place": 0, "run": 0}
    place = bench(root, charts)
    number = 0
    while sum(hits.values()) < count:
        row = min(IN_A_ROW, count - sum(hits.values()))
        some = [moments.uniform(0.0, 1.0) for _ in range(row)]
        name = ("to", "to --in-place", "run")[number % 3]
        number += 1
        try:
            if name == "to":
                hits[name] += place.to(some)
            elif name == "to --in-place":
                hits[name] += place.in_place(some)
            else:
                with (
                    TemporaryDirectory(dir=root) as world_root,
                    world(Path(world_root), charts) as there,
                ):
                    there.publish(SPRING)
                    hits[name] += run(there, place, some)
        except AssertionError as error:
            when = ", ".join(f"{moment:.3f}" for moment in some)
            raise AssertionError(f"{name}, row {number} at {when}, seed {seed}: {error}") from error
        sys.stderr.write(f"\r{sum(hits.values())} of {count} in {number} rows: {hits}")
    return hits


def main(count: int, seed: int) -> None:
    """Kill, and say what came of it."""
    with TemporaryDirectory(prefix="kills-") as root:
        hits = kills(count, seed, Path(root))
    told = ", ".join(f"{name} {number}" for name, number in hits.items())
    sys.stdout.write(f"{count} kills with seed {seed}, each before the end of its run: {told}; "
                     "no partial result, nothing left behind\n")  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() & 0xFFFF)
