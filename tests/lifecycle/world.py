"""A repository on a forge, an index that grows, people with git and the API, and runs.

    there.publish(SPRING)
    there.run()                    # the job
    there.people.merge(1)

Nothing here knows whether the forge is the real one.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from tests import helpers
from tests.git_server import git
from tests.helpers import Result
from tests.lifecycle.people import Person, Seen
from tests.lifecycle.site import ADMIN, JOB, PERSON, Place, Site
from tests.run.world import index_until

CONFIG = "run:\n  forge: gitea\n  release_notes: null\n"
"""The fixture monorepo's configuration; release notes would come from the network."""


class Call(NamedTuple):
    """What is run: the words after the program's name, the environment, and the directory."""

    words: tuple[str, ...]
    environ: Mapping[str, str]
    cwd: Path


Runner = Callable[[Call], Result]


@dataclass(frozen=True)
class State:
    """All of a repository that a run could have changed."""

    branches: Mapping[str, str]
    pulls: Mapping[int, Seen]
    comments: Mapping[int, list[str]]


@dataclass
class World:
    """A repository and who works there.

    Attributes:
        root: of all that runs may write to; the person's checkout is beside it.
        charts: the complete chart repository.
        site: the forge.
        place: the repository there.
        runner: runs fluxbump.
        results: what the runs printed.
    """

    root: Path
    charts: Path
    site: Site
    place: Place
    runner: Runner
    results: list[Result] = field(default_factory=list)

    @property
    def people(self) -> Person:
        """Somebody who may write."""
        return Person(self.place, self.place.tokens[PERSON])

    @property
    def admin(self) -> Person:
        """Somebody who may change the settings."""
        return Person(self.place, self.place.tokens[ADMIN])

    # --- runs ---------------------------------------------------------------------------------

    @property
    def index(self) -> Path:
        return self.root / "index.yaml"

    def publish(self, until: str) -> None:
        """Write the index as it was at a moment: charts that were made before it (RFC 3339)."""
        self.index.write_text(index_until(self.charts, until), encoding="utf-8")

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a run: nothing of the developer's, and the job's token."""
        token = {"FLUXBUMP_TOKEN": self.place.tokens[JOB]}
        return {**helpers.environment(self.root / "home"), **token}

    def _call(self, more: Iterable[str], environ: Mapping[str, str]) -> Call:
        """Return the call of a run."""
        words = ["run", "--repo", self.place.git, *self.place.options]
        words += ["--index", str(self.index), *more]
        return Call(tuple(words), {**self.environ, **environ}, self.root)

    def attempt(self, *more: str, **environ: str) -> Result:
        """Run, whatever comes of it."""
        result = self.runner(self._call(more, environ))
        self.results.append(result)
        return result

    def at_once(self, count: int) -> list[Result]:
        """Start runs at the same time, each with a cache of its own, as on several machines."""
        caches = [{"XDG_CACHE_HOME": str(self.root / f"cache-{n}")} for n in range(count)]
        started = [started_command(self._call((), cache)) for cache in caches]
        results = [ended(process) for process in started]
        self.results += results
        return results

    def run(self, *more: str) -> list[str]:
        """Run, with success; return the events of what it did."""
        return [effect["event"] for effect in self.effects(*more)]

    def effects(self, *more: str) -> list[dict[str, str]]:
        """Run, with success; return what it did."""
        result = self.attempt("--output", "json", *more)
        assert result.code == 0, result.err
        done: list[dict[str, str]] = result.json["done"]
        return done

    def said(self, *more: str) -> str:
        """Run, with success; return what it says that it did."""
        return "\n".join(effect["message"] for effect in self.effects(*more))

    # --- what there is ------------------------------------------------------------------------

    def open(self) -> dict[int, str]:
        """Map the numbers of the open pull requests to their branches."""
        return {n: pull.branch for n, pull in self.people.pulls().items() if pull.state == "open"}

    def state(self) -> State:
        """Return all that a run could have changed."""
        pulls = self.people.pulls()
        comments = {number: self.people.comments(number) for number in pulls}
        return State(self.branches(), pulls, comments)

    def settled(self) -> None:
        """Check that a run changes nothing."""
        before = self.state()
        quiet = ("left", "unchanged")
        changes = [done["message"] for done in self.effects() if done["event"] not in quiet]
        assert changes == []
        assert self.state() == before

    def branches(self) -> dict[str, str]:
        """Map the branches of the remote to their tips."""
        lines = self.git("ls-remote", "--heads", "origin").splitlines()
        pairs = [line.split("\t") for line in lines]
        return {ref.removeprefix("refs/heads/"): commit for commit, ref in pairs}

    def tip(self, branch: str) -> str | None:
        """Return where a branch of the remote is; None when there is none."""
        return self.branches().get(branch)

    # --- what people do with git --------------------------------------------------------------

    @property
    def person(self) -> Path:
        """The checkout of a person."""
        place = self.root.with_name("person")
        if not place.is_dir():
            login = f"://{PERSON}:{quote(self.place.tokens[PERSON], safe='')}@"
            url = self.place.git.replace("://", login)
            git(self.root, *self.place.trust, "clone", "--quiet", url, str(place))
            if self.place.authority:
                git(place, "config", "http.sslCAInfo", str(self.place.authority))
            git(place, "config", "user.name", "Somebody")
            git(place, "config", "user.email", "somebody@example.org")
        return place

    def git(self, *arguments: str) -> str:
        """Run git in the checkout of a person."""
        return git(self.person, *arguments)

    def fetched(self, revision: str) -> str:
        """Fetch, and return the commit that a revision such as `origin/main` is."""
        self.git("fetch", "--quiet", "--prune", "origin")
        return self.git("rev-parse", "--verify", revision)

    def push(self, branch: str, files: Mapping[str, str], message: str = "change") -> str:
        """Somebody commits to a branch and pushes; return the commit."""
        self.fetched(f"origin/{branch}")
        self.git("checkout", "--quiet", "--force", "-B", branch, f"origin/{branch}")
        for path, text in files.items():
            target = self.person / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.put(branch, "HEAD")

    def put(self, branch: str, revision: str) -> str:
        """Somebody pushes a commit to a branch, whatever is there; return the commit."""
        self.git("push", "--quiet", "--force", "origin", f"{revision}:refs/heads/{branch}")
        return self.git("rev-parse", revision)

    def delete(self, branch: str) -> None:
        """Somebody deletes a branch."""
        self.git("push", "--quiet", "origin", f":refs/heads/{branch}")

    def bump(self, release: str) -> None:
        """Somebody moves Flux by hand and pushes that to the base."""
        self.fetched("origin/main")
        self.git("checkout", "--quiet", "--force", "-B", "main", "origin/main")
        command = [str(helpers.SCRIPT), "to", release, "--index", str(self.index)]
        environ = helpers.environment(self.root / "home")
        subprocess.run(command, cwd=self.person, env=environ, capture_output=True, check=True)
        self.put("main", f"fluxbump/flux-{release}")


def started_command(call: Call) -> subprocess.Popen[bytes]:
    """Start the installed command; it goes on while the test does."""
    return subprocess.Popen(
        [str(helpers.SCRIPT), *call.words],
        cwd=call.cwd,
        env=call.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def ended(process: subprocess.Popen[bytes]) -> Result:
    """Wait until a command has ended."""
    out, err = process.communicate(timeout=300)
    return Result(process.returncode, out, err.decode())
