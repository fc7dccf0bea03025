"""A small world for `fluxbump run`: a remote, a forge over it, an index that grows, and people.

    with world(tmp_path, charts) as there:
        there.publish("2025-03-01")
        there.command("run")            # the installed command, at the moment that it is
        there.run("2025-03-01")         # the same journey in this process, at a moment of the test
        there.merge(1)

The remote is a real repository behind `git http-backend`, and the forge takes its branches from it.
The token of both is the planted secret.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fixtures import states
from fixtures.states import State
from fluxbump.config.source_options import SourceOptions
from fluxbump.run import job
from fluxbump.run.checkout import Asked
from fluxbump.run.job import Report
from fluxbump.run.setup import opened
from tests import helpers
from tests.forges.fake_github import FakeGitHub, Pull
from tests.forges.fake_server import Call
from tests.git_server import GitServer, git
from tests.helpers import Result
from tests.secrets import PLANTED

NAME = "acme/monorepo.git"
CONFIG = "run:\n  forge: github\n  release_notes: null\n"
"""The fixture monorepo's configuration; release notes would come from the network."""

BRANCH = "fluxbump/flux-2.5.1"
"""Of the first proposal, when the index is of `SPRING`."""
SPRING, SUMMER, WINTER = "2025-03-01", "2025-06-10", "2026-01-01"
"""Days on which the newest release is 2.5.1, 2.6.1, 2.7.5."""


@dataclass(frozen=True)
class Event:
    """One line of a run's log."""

    event: str
    message: str
    details: Mapping[str, object]


@dataclass
class World:
    """A remote with its forge, and who works there.

    Attributes:
        root: of all that runs may write to; people work beside it.
        charts: the complete chart repository.
        server: that serves the remote.
        forge: the GitHub.
        bare: the remote's repository.
        events: what the runs in this process logged.
        results: what the runs of the command printed.
    """

    root: Path
    charts: Path
    server: GitServer
    forge: FakeGitHub
    bare: Path
    events: list[Event] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    # --- the index ----------------------------------------------------------------------------

    @property
    def index(self) -> Path:
        return self.root / "index.yaml"

    def publish(self, until: str) -> None:
        """Write the index as it was at a moment: charts that were made before it (RFC 3339)."""
        self.index.write_text(index_until(self.charts, until), encoding="utf-8")

    # --- runs ---------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return self.server.url(NAME)

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a run: nothing of the developer's, and the token."""
        return {**helpers.environment(self.home), "FLUXBUMP_TOKEN": PLANTED}

    def arguments(self, *more: str, repo: str | Path | None = None) -> list[str]:
        return [
            str(helpers.SCRIPT), "run", "--repo", str(repo or self.url),
            "--forge-url", self.forge.api_base, "--index", str(self.index), *more,
        ]  # fmt: skip

    def start(self, *more: str, repo: str | Path | None = None, **environ: str) -> Started:
        """Start the installed command; it goes on while the test does."""
        process = subprocess.Popen(
            self.arguments(*more, repo=repo),
            cwd=self.root,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        return Started(self, process)

    def command(self, *more: str, repo: str | Path | None = None, **environ: str) -> Result:
        """Run the installed command to its end."""
        return self.start(*more, repo=repo, **environ).end()

    def run(self, now: str, *, repo: str | Path | None = None, dry_run: bool = False) -> Report:
        """Run in this process, at a moment (a day, or RFC 3339 without a zone, in UTC)."""
        asked = Asked(
            repository=str(repo or self.url), forge_url=self.forge.api_base,
            sources=SourceOptions(str(self.index)), dry_run=dry_run,
        )  # fmt: skip
        with opened(asked, self.environ) as place:
            moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
            report = job.run(place, moment, self._log, dry_run=dry_run)
            if report.error is not None:
                raise report.error
            return report

    def _log(self, event: str, message: str, **details: object) -> None:
        self.events.append(Event(event, message, details))

    # --- what there is ------------------------------------------------------------------------

    def git(self, *arguments: str) -> str:
        """Run git in the remote's repository."""
        return git(self.bare, *arguments)

    def tip(self, branch: str) -> str | None:
        """Return where a branch of the remote is; None when there is none."""
        return tip(self.bare, branch)

    def branches(self) -> dict[str, str]:
        """Map the branches of the remote to their tips."""
        lines = self.git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads")
        return dict(line.split() for line in lines.splitlines())

    def objects(self) -> frozenset[str]:
        """Return the files of the remote's objects, whose names say what they hold."""
        place = self.bare / "objects"
        return frozenset(str(path.relative_to(place)) for path in place.rglob("*"))

    def tree(self, revision: str) -> str:
        return self.git("rev-parse", f"{revision}^{{tree}}")

    def open(self) -> list[Pull]:
        """Return the open pull requests, oldest first."""
        return self.forge.open_pulls()

    def marks(self) -> Marks:
        """Remember where log, remote and forge are, to tell what came after."""
        objects = self.objects()
        return Marks(self, len(self.forge.exchanges), len(self.server.requests),
                     self.branches(), objects)  # fmt: skip

    # --- what people do -----------------------------------------------------------------------

    def checkout(self, branch: str = "main") -> Path:
        """Return a person's checkout of a branch, as it is at the remote."""
        place = self.root.with_name("person")
        if not place.is_dir():
            url = self.server.url(NAME, user="somebody", password=PLANTED)
            git(self.bare, "clone", "--quiet", url, str(place))
            git(place, "config", "user.name", "Somebody")
            git(place, "config", "user.email", "somebody@example.org")
        git(place, "fetch", "--quiet", "--prune", "origin")
        git(place, "checkout", "--quiet", "--force", "-B", branch, f"origin/{branch}")
        return place

    def push(self, branch: str, files: Mapping[str, str | bytes], message: str = "change") -> str:
        """Somebody commits to a branch and pushes; return the commit."""
        place = self.checkout(branch)
        for path, text in files.items():
            target = place / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text if isinstance(text, bytes) else text.encode())
        git(place, "add", "--all")
        git(place, "commit", "--quiet", "--message", message)
        git(place, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        return git(place, "rev-parse", "HEAD")

    def bump(self, release: str) -> str:
        """Somebody moves Flux by hand and pushes that to the base; return the commit."""
        place = self.checkout("main")
        done = subprocess.run(
            [str(helpers.SCRIPT), "to", release, "--index", str(self.index)],
            cwd=place,
            env=helpers.environment(self.home),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        branch = f"fluxbump/flux-{release}"
        commit = git(place, "rev-parse", branch)
        git(place, "push", "--quiet", "origin", f"{branch}:refs/heads/main")
        git(place, "branch", "--quiet", "-D", branch)
        return commit

    def tick(self, number: int, box: str) -> None:
        """Somebody ticks, or clears, a box in the description of a pull request."""
        pull = self.forge.pulls[number]
        for old, new in (("[ ]", "[x]"), ("[x]", "[ ]")):
            line = f"- {old} <!-- fluxbump:{box} -->"
            if line in pull.body:
                pull.body = pull.body.replace(line, line.replace(old, new))
                return
        raise AssertionError(f"no box {box}")

    def mergeable(self, number: int) -> bool:
        """Tell whether a pull request merges without a conflict."""
        pull = self.forge.pulls[number]
        merged = self.git("merge-base", pull.base, pull.branch)
        lines = self.git("merge-tree", merged, pull.base, pull.branch)
        return "+<<<<<<<" not in lines

    def merge(self, number: int, *, squash: bool = False) -> str:
        """Somebody merges a pull request, in git too; return the commit on the base."""
        pull = self.forge.pulls[number]
        base, head = self.tip(pull.base), self.tip(pull.branch)
        assert base, pull
        assert head, pull
        tree = self.git("merge-tree", "--write-tree", base, head).splitlines()[0]
        parents = ["-p", base] if squash else ["-p", base, "-p", head]
        message = f"{pull.title} (#{number})" if squash else f"Merge pull request #{number}"
        commit = self.git("commit-tree", tree, *parents, "-m", message)
        self.git("update-ref", f"refs/heads/{pull.base}", commit, base)
        pull.draft = False  # it was made ready before
        self.forge.merge(number)
        return commit


@dataclass
class Started:
    """A run of the command that goes on."""

    world: World
    process: subprocess.Popen[bytes]

    def end(self) -> Result:
        """Wait until it has ended."""
        out, err = self.process.communicate(timeout=120)
        result = Result(self.process.returncode, out, err.decode())
        self.world.results.append(result)
        return result


@dataclass(frozen=True)
class Marks:
    """Where things were."""

    world: World
    exchanges: int
    requests: int
    branches: dict[str, str]
    objects: frozenset[str]

    def asked(self) -> list[str]:
        """Return the methods and paths of what the forge was asked since."""
        since = self.world.forge.exchanges[self.exchanges :]
        return [f"{one.call.method} {one.call.path}" for one in since]

    def pushed(self) -> list[str]:
        """Return the targets of what the remote was asked since for a push."""
        since = self.world.server.requests[self.requests :]
        return [one.target for one in since if one.target.endswith("git-receive-pack")]

    def require_nothing_changed(self) -> None:
        """Check that since then neither remote nor forge was asked to change anything."""
        since = self.world.forge.exchanges[self.exchanges :]
        changes = [one.call for one in since if not _only_asks(one.call, self.world.forge)]
        assert [f"{call.method} {call.path}" for call in changes] == []
        assert self.pushed() == []
        assert self.world.branches() == self.branches
        assert self.world.objects() == self.objects


def _only_asks(call: Call, forge: FakeGitHub) -> bool:
    """Tell whether a request changes nothing: GraphQL has its questions in a POST, too."""
    question = call.path == forge.graphql and call.json()["query"].startswith("query ")
    return call.method == "GET" or question


@contextmanager
def world(
    root: Path, charts: Path, *, state: State = "aligned", config: str = CONFIG, **more: Any
) -> Iterator[World]:
    """Make a world below a directory.

    Args:
        root: the directory; made.
        charts: a chart repository with its `index.yaml`.
        state: of the fixture monorepo.
        config: its fluxbump.yaml.
        more: for the forge.
    """
    (root / "home").mkdir(parents=True)
    files: dict[str, str | bytes] = {**states.files(state), "fluxbump.yaml": config}
    with GitServer(root / "served") as server:
        bare = server.create(NAME, files)
        settings = {"token": PLANTED, "enterprise": True, **more}
        with FakeGitHub(lambda branch: tip(bare, branch), **settings) as forge:
            there = World(root, charts, server, forge, bare)
            there.publish("9999")
            yield there


def tip(bare: Path, branch: str) -> str | None:
    """Return where a branch of a repository is; None when there is none."""
    ref = f"refs/heads/{branch}"
    lines = git(bare, "for-each-ref", "--format=%(refname) %(objectname)", ref).splitlines()
    return dict(line.split() for line in lines).get(ref)


def index_until(charts: Path, until: str) -> str:
    """Return the index as it was at a moment: charts that were made before it (RFC 3339)."""
    lines: list[str] = []
    for block in _blocks(charts):
        created = next((line for line in block if "created:" in line), "")
        if not created or created.split('"')[1] < until:
            lines += block
    return "\n".join(lines) + "\n"


@cache
def _blocks(charts: Path) -> tuple[tuple[str, ...], ...]:
    """Return the complete index in pieces: an entry each, and what is around them."""
    blocks: list[list[str]] = []
    for line in (charts / "index.yaml").read_text("utf-8").splitlines():
        if line.startswith("  - ") or not line.startswith("    "):
            blocks.append([])
        blocks[-1].append(line)
    return tuple(map(tuple, blocks))
