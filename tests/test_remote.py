"""Remotes: clones, fetches and pushes over real HTTP and over files, and what goes wrong."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fluxbump.errors import RepositoryError
from fluxbump.forges.kinds import token_words
from fluxbump.git.clones import cached_clone
from fluxbump.git.overlay_snapshot import ChangeSet
from fluxbump.git.remote import Remote
from fluxbump.git.remote_environment import environment
from fluxbump.git.remote_errors import (
    AccessError,
    DeclinedError,
    MovedError,
    NotThereError,
    RefResult,
    RemoteError,
    UnreachableError,
    failure,
    ref_results,
    refusal,
)
from fluxbump.git.remote_url import parse
from fluxbump.git.repository import Repository
from fluxbump.git.token import Credential, find
from fluxbump.system.secret import Secret
from tests import helpers
from tests.git_server import GitServer, Stage, commit, create, git, hook
from tests.helpers import contents
from tests.secrets import PLANTED, leaks

NAME = "team/flux.git"
OTHER = "the-token-of-somebody-else"
BRANCH = "fluxbump/flux-2.5.1"
LARGE = "flux2\n" + "large " * 200_000
FILES: dict[str, str | bytes] = {
    "a/flux.yaml": "flux2 2.14.1\n",
    "b.txt": "b\n",
    "large.yaml": LARGE,
    "noise": os.urandom(5000),
}
CREDENTIAL = Credential("bot", Secret(PLANTED), "a test")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    user = {"GIT_AUTHOR_NAME": "Bot", "GIT_AUTHOR_EMAIL": "bot@example.org"}
    who = {**user, "GIT_COMMITTER_NAME": "Bot", "GIT_COMMITTER_EMAIL": "bot@example.org"}
    return {**helpers.environment(tmp_path / "home"), **who}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "served") as running:
        yield running


class Job:
    """A cached clone with its remote, as a run of the job has them."""

    def __init__(self, url: str, cache: Path, environ: dict[str, str]) -> None:
        self.url, self.cache, self.environ = url, cache, environ

    def clone(self, branch: str | None = None, credential: Credential | None = CREDENTIAL) -> Path:
        return cached_clone(self.url, self.cache, credential, branch, environ=self.environ)

    def remote(self, path: Path | None = None) -> Remote:
        where = path or self.clone()
        return Remote(where, self.url, CREDENTIAL, cached=True, environ=self.environ)

    def bump(self, text: str, path: Path | None = None) -> str:
        """Write a commit that no ref holds, the way `fluxbump to` does."""
        place = path or self.clone()
        opened = Repository(place, self.remote(place).environ)
        try:
            base = opened.snapshot(opened.commit("HEAD"), "HEAD")
            return opened.write(base, ChangeSet({"a/flux.yaml": text.encode()}), f"{text}\n")
        finally:
            opened.close()


@pytest.fixture
def served(server: GitServer) -> Path:
    return server.create(NAME, FILES)


@pytest.fixture
def job(server: GitServer, served: Path, tmp_path: Path, environ: dict[str, str]) -> Job:
    assert served.is_dir()
    return Job(server.url(NAME), tmp_path / "cache", environ)


def tips(path: Path) -> dict[str, str]:
    out = git(path, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads")
    return dict(line.split() for line in out.splitlines())


def clones(job: Job) -> list[Path]:
    return sorted(path for path in job.cache.iterdir() if path.suffix != ".lock")


# --- the whole way ----------------------------------------------------------------------------


def test_clone_commit_and_push_over_http(job: Job, served: Path) -> None:
    clone = job.clone()
    new = job.bump("flux2 2.15.0\n", clone)
    remote = job.remote(clone)
    assert remote.default_branch() == "main"
    assert remote.tip(BRANCH) is None
    assert remote.push(new, BRANCH, None)
    assert remote.tip(BRANCH) == new == tips(served)[BRANCH]
    assert remote.branches("fluxbump/") == {BRANCH: new}
    assert set(remote.branches()) == {BRANCH, "main"}
    assert git(served, "show", f"{BRANCH}:a/flux.yaml") == "flux2 2.15.0"
    assert git(served, "diff", "--name-only", "main", BRANCH) == "a/flux.yaml"
    git(served, "fsck", "--strict")

    again = job.bump("flux2 2.15.1\n", clone)
    assert remote.push(again, BRANCH, new)
    assert not remote.push(again, BRANCH, new)
    assert remote.delete(BRANCH, again)
    assert not remote.delete(BRANCH, again)
    assert set(tips(served)) == {"main"}


def test_clone_commit_and_push_over_files(tmp_path: Path, environ: dict[str, str]) -> None:
    served = create(tmp_path / "served", FILES)
    for number, url in enumerate((str(served), served.as_uri())):
        job = Job(url, tmp_path / f"cache {number}", environ)
        clone = job.clone(credential=None)
        assert git(clone, "rev-list", "--count", "HEAD") == "1"
        new = job.bump(f"flux2 2.15.{number}\n", clone)
        assert job.remote(clone).push(new, f"{BRANCH}-{number}", None)
        assert job.remote(clone).fetch("main") == tips(served)["main"]
        assert tips(served)[f"{BRANCH}-{number}"] == new


def test_a_relative_path_is_a_remote(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = create(tmp_path / "served", FILES)
    monkeypatch.chdir(served.parent)
    clone = cached_clone(served.name, tmp_path / "cache", environ=environ)
    assert tips(clone) == tips(served)


def test_a_checkout_of_the_user_s_keeps_its_refs_and_history(
    job: Job, served: Path, tmp_path: Path
) -> None:
    commit(served, "main", {"b.txt": "2\n"})
    checkout = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", served.as_uri(), str(checkout))
    git(checkout, "remote", "set-url", "origin", "https://nobody.invalid/elsewhere")
    before = git(checkout, "for-each-ref")
    tip = commit(served, BRANCH, {"b.txt": "3\n"})
    remote = Remote(checkout, job.url, CREDENTIAL, environ=job.environ)
    assert remote.fetch(BRANCH) == tip
    after = git(checkout, "for-each-ref")
    assert after.splitlines() == [
        f"{tip} commit\trefs/fluxbump/fetched/{BRANCH}", *before.splitlines()
    ]  # fmt: skip
    assert git(checkout, "rev-list", "--count", tip) == "3"
    assert not Path(checkout, ".git", "FETCH_HEAD").exists()


def test_hooks_of_a_checkout_are_not_run(job: Job, served: Path, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", served.as_uri(), str(checkout))
    hook(checkout / ".git", "pre-push", f"touch {tmp_path}/ran; exit 1")
    remote = Remote(checkout, job.url, CREDENTIAL, environ=job.environ)
    assert remote.push(tips(served)["main"], BRANCH, None)
    assert not Path(tmp_path, "ran").exists()


# --- the cached clone -------------------------------------------------------------------------


def test_a_clone_is_bare_shallow_and_without_large_files(job: Job, served: Path) -> None:
    commit(served, "main", {"b.txt": "2\n"})
    commit(served, "other", {"b.txt": "3\n"})
    clone = job.clone()
    assert git(clone, "rev-parse", "--is-bare-repository") == "true"
    assert git(clone, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert tips(clone) == {"main": tips(served)["main"]}
    assert git(clone, "rev-list", "--count", "--all") == "1"
    listed = git(clone, "rev-list", "--objects", "--all", "--missing=print").splitlines()
    missing = [line[1:] for line in listed if line.startswith("?")]
    assert missing == [git(served, "rev-parse", "main:large.yaml")]


def test_a_clone_of_a_branch(job: Job, served: Path) -> None:
    tip = commit(served, "release/1.x", {"b.txt": "2\n"})
    clone = job.clone("release/1.x")
    assert git(clone, "symbolic-ref", "HEAD") == "refs/heads/release/1.x"
    assert tips(clone) == {"release/1.x": tip}
    assert clone != job.clone()
    with pytest.raises(RemoteError, match="has no branch nothing"):
        job.clone("nothing")
    with pytest.raises(RepositoryError, match="not a name for a branch"):
        job.clone("main:refs/heads/evil")


def test_what_a_clone_left_out_is_fetched_when_it_is_read(job: Job, server: GitServer) -> None:
    clone = job.clone()
    opened = Repository(clone, job.remote(clone).environ)
    found = opened.snapshot(opened.commit("HEAD"), "HEAD")
    server.requests.clear()
    assert found.grep(["flux2"]) == ["a/flux.yaml", "large.yaml"]
    assert len(server.came(Stage.FETCH)) == 1
    assert found.read("large.yaml") == LARGE.encode()
    assert len(server.came(Stage.FETCH)) == 1
    opened.close()


def test_a_clone_is_refreshed_in_place(job: Job, served: Path, server: GitServer) -> None:
    clone = job.clone()
    inode = clone.stat().st_ino
    server.requests.clear()
    assert job.clone() == clone
    # One look at the remote's refs, and nothing is fetched.
    assert [len(server.came(stage)) for stage in (Stage.FETCH_REFS, Stage.FETCH)] == [1, 1]
    tip = commit(served, "main", {"b.txt": "2\n"})
    assert job.clone() == clone
    assert (tips(clone)["main"], clone.stat().st_ino) == (tip, inode)
    assert git(clone, "rev-list", "--count", "main") == "1"
    assert clones(job) == [clone]


def test_packs_are_joined_when_they_are_too_many(job: Job, served: Path) -> None:
    clone = job.clone()
    git(clone, "config", "gc.autoPackLimit", "2")
    for number in range(3):
        commit(served, "main", {"b.txt": f"{number}\n"})
        job.clone()
    assert len(list(clone.glob("objects/pack/*.pack"))) <= 2
    assert git(clone, "show", "main:b.txt") == "2"


def test_history_that_was_rewritten_is_followed(job: Job, served: Path) -> None:
    commit(served, "main", {"b.txt": "2\n"})
    clone = job.clone()
    git(served, "update-ref", "refs/heads/main", "main~1")
    tip = commit(served, "main", {"b.txt": "3\n"})
    assert tips(job.clone()) == {"main": tip}
    assert git(clone, "show", "main:b.txt") == "3"


def test_a_default_branch_that_changes_is_followed(job: Job, served: Path) -> None:
    clone = job.clone()
    tip = commit(served, "trunk", {"b.txt": "2\n"})
    git(served, "symbolic-ref", "HEAD", "refs/heads/trunk")
    assert job.clone() == clone
    assert git(clone, "rev-parse", "HEAD") == tip
    git(served, "symbolic-ref", "HEAD", "refs/heads/main")
    job.clone()
    assert git(clone, "rev-parse", "HEAD") == tips(served)["main"]


def empty_directory(clone: Path) -> None:
    shutil.rmtree(clone)
    clone.mkdir()


def no_packs(clone: Path) -> None:
    shutil.rmtree(clone / "objects")


def torn_pack(clone: Path) -> None:
    for pack in (clone / "objects").rglob("*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:-60])


def bad_config(clone: Path) -> None:
    Path(clone, "config").write_text("[core\n", encoding="utf-8")


def left_lock(clone: Path) -> None:
    Path(clone, "refs", "heads", "main.lock").write_text("", encoding="utf-8")
    Path(clone, "shallow.lock").write_text("", encoding="utf-8")


def bad_ref(clone: Path) -> None:
    Path(clone, "refs", "heads", "main").write_text("0" * 40 + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    "damage", [empty_directory, no_packs, torn_pack, bad_config, left_lock, bad_ref]
)
def test_a_broken_clone_is_made_anew(
    job: Job, served: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    # The repository around the cache must not be mistaken for the clone.
    git(tmp_path, "init", "--quiet")
    clone = job.clone()
    damage(clone)
    tip = commit(served, "main", {"b.txt": "2\n"})
    assert job.clone() == clone
    assert git(clone, "rev-parse", "main") == tip
    assert git(clone, "show", "main:b.txt") == "2"
    assert clones(job) == [clone]
    assert git(tmp_path, "for-each-ref") == ""


def test_a_repository_without_commits_is_an_error(job: Job, server: GitServer) -> None:
    git(server.root, "init", "--quiet", "--bare", "empty.git")
    empty = Job(server.url("empty.git"), job.cache, job.environ)
    with pytest.raises(RemoteError, match="is empty: it has no commit"):
        empty.clone()
    assert clones(job) == []


def test_a_repository_of_sha256_is_cloned(job: Job, server: GitServer) -> None:
    path = server.root / "new.git"
    git(server.root, "init", "--quiet", "--bare", "--object-format=sha256", "-b", "main", "new.git")
    tree = git(path, "mktree")
    made = git(path, "-c", "user.name=a", "-c", "user.email=b", "commit-tree", "-m", "first", tree)
    git(path, "update-ref", "refs/heads/main", made)
    other = Job(server.url("new.git"), job.cache, job.environ)
    assert len(made) == 64
    assert tips(other.clone()) == {"main": made}


def test_a_cache_that_cannot_be_written_is_an_error(job: Job) -> None:
    job.cache.write_text("a file", encoding="utf-8")
    with pytest.raises(RepositoryError, match="cannot write the cache: File exists"):
        job.clone()


# --- two at once ------------------------------------------------------------------------------


def test_two_runs_make_one_clone(job: Job, server: GitServer) -> None:
    held = server.hold(Stage.FETCH)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(job.clone)
        held.wait()
        with next(job.cache.glob("*.lock")).open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        second = pool.submit(job.clone)
        held.go.set()
        assert first.result() == second.result()
    # One clone was fetched: a look at the refs each, and the two requests that fetch once.
    assert clones(job) == [first.result()]
    assert len(server.came(Stage.FETCH)) == 4


def test_a_run_that_was_killed_is_in_nobody_s_way(job: Job, server: GitServer) -> None:
    program = (
        "import sys; from pathlib import Path; from fluxbump.git.clones import cached_clone;"
        "cached_clone(sys.argv[1], Path(sys.argv[2]))"
    )
    url = server.url(NAME, user="bot", password=PLANTED)
    for _ in range(2):  # the look at the refs, and the list of refs of the fetch
        server.before(Stage.FETCH, lambda: None)
    held = server.hold(Stage.FETCH)
    with subprocess.Popen([sys.executable, "-c", program, url, job.cache], env=job.environ) as run:
        held.wait()
        run.kill()
    [left] = clones(job)
    assert left.suffix == ".tmp"
    clone = job.clone()
    assert clones(job) == [clone]
    assert git(clone, "show", "main:b.txt") == "b"
    held.go.set()


def test_of_two_pushes_at_once_one_wins(job: Job, server: GitServer, served: Path) -> None:
    clone = job.clone()
    ours, theirs = job.bump("ours\n", clone), job.bump("theirs\n", clone)
    held = [server.hold(Stage.PUSH), server.hold(Stage.PUSH)]

    def push(sha: str) -> str:
        try:
            job.remote(clone).push(sha, BRANCH, None)
        except MovedError:
            return "moved"
        return sha

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(push, sha) for sha in (ours, theirs)]
        # Both have seen that there is no such branch.
        for one in held:
            one.wait()
        for one in held:
            one.go.set()
        outcomes = {result.result() for result in results}
    assert outcomes in ({ours, "moved"}, {theirs, "moved"})
    assert tips(served)[BRANCH] in outcomes


# --- a remote that moves ----------------------------------------------------------------------


@pytest.mark.parametrize("exists", [False, True])
def test_a_branch_that_moves_before_the_push_is_not_overwritten(
    job: Job, served: Path, exists: bool
) -> None:
    clone = job.clone()
    expected = commit(served, BRANCH, {"b.txt": "ours\n"}) if exists else None
    theirs = commit(served, BRANCH, {"b.txt": "a person's\n"})
    with pytest.raises(MovedError, match="has moved on the server"):
        job.remote(clone).push(job.bump("new\n", clone), BRANCH, expected)
    with pytest.raises(MovedError):
        job.remote(clone).delete(BRANCH, expected or tips(served)["main"])
    assert tips(served)[BRANCH] == theirs


@pytest.mark.parametrize("stage", [Stage.PUSH_REFS, Stage.PUSH], ids=["looked", "about to"])
def test_a_branch_that_somebody_deletes_meanwhile_was_gone(
    stage: Stage, job: Job, server: GitServer, served: Path
) -> None:
    remote = job.remote(job.clone())
    tip = commit(served, BRANCH, {"b.txt": "ours\n"})
    server.before(stage, lambda: git(served, "update-ref", "-d", f"refs/heads/{BRANCH}"))
    assert not remote.delete(BRANCH, tip)


@pytest.mark.parametrize("exists", [False, True])
def test_a_branch_that_moves_during_the_push_is_not_overwritten(
    job: Job, server: GitServer, served: Path, exists: bool
) -> None:
    clone = job.clone()
    expected = commit(served, BRANCH, {"b.txt": "ours\n"}) if exists else None
    new = job.bump("new\n", clone)
    server.before(Stage.PUSH, lambda: commit(served, BRANCH, {"b.txt": "a person's\n"}))
    with pytest.raises(MovedError, match="has moved on the server"):
        job.remote(clone).push(new, BRANCH, expected)
    assert git(served, "show", f"{BRANCH}:b.txt") == "a person's"
    current = tips(served)[BRANCH]
    assert job.remote(clone).push(new, BRANCH, current)


def test_a_branch_that_is_gone_is_not_made_again(job: Job, served: Path) -> None:
    clone = job.clone()
    old = commit(served, BRANCH, {"b.txt": "ours\n"})
    git(served, "update-ref", "-d", f"refs/heads/{BRANCH}")
    with pytest.raises(MovedError):
        job.remote(clone).push(job.bump("new\n", clone), BRANCH, old)
    assert BRANCH not in tips(served)


def test_a_base_that_has_moved_on_does_not_make_the_push_large(
    job: Job, server: GitServer, served: Path
) -> None:
    """Only what is new is sent, though no branch of the remote is where the clone is."""
    clone = job.clone()
    new = job.bump("flux2 2.15.0\n", clone)
    for number in range(3):
        commit(served, "main", {"b.txt": f"{number}\n"})
    assert job.remote(clone).push(new, BRANCH, None)
    [pushed] = server.came(Stage.PUSH)
    assert len(pushed.body) < 1500
    objects = git(served, "rev-list", "--objects", BRANCH, "^main").splitlines()
    assert len(objects) == len(["commit", "tree", "tree", "blob"])


# --- what the server refuses ------------------------------------------------------------------


def test_a_protected_branch_is_told_with_the_server_s_words(job: Job, served: Path) -> None:
    hook(
        served, "pre-receive",
        'printf "=====\\nGL: \\033[31mprotected\\033[0m\\tbranch\\n%0500d" 0; exit 1',
    )  # fmt: skip
    with pytest.raises(DeclinedError) as caught:
        job.remote().push(job.bump("new\n"), BRANCH, None)
    message = caught.value.message
    assert "pre-receive hook declined" in message
    assert "GL: \ufffd[31mprotected\ufffd[0m branch" in message
    assert "=====" not in message
    assert message.isprintable()
    assert len(message) < 500
    assert BRANCH not in tips(served)


def test_an_update_hook_declines(job: Job, served: Path) -> None:
    hook(served, "update", "echo 'not by a bot' >&2; exit 1")
    with pytest.raises(DeclinedError, match="not by a bot"):
        job.remote().push(job.bump("new\n"), BRANCH, None)


def test_a_branch_that_is_checked_out_is_declined(tmp_path: Path, environ: dict[str, str]) -> None:
    served = create(tmp_path / "served", FILES)
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", str(served), str(work))
    job = Job(str(work), tmp_path / "cache", environ)
    with pytest.raises(DeclinedError, match="currently checked out"):
        job.remote().push(job.bump("new\n"), "main", tips(served)["main"])


@pytest.mark.parametrize("stage", [Stage.PUSH_REFS, Stage.PUSH])
@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AccessError), (403, AccessError), (404, NotThereError), (500, UnreachableError),
     (503, UnreachableError), (429, UnreachableError)],
)  # fmt: skip
def test_a_push_that_is_refused(
    job: Job, server: GitServer, stage: Stage, status: int, kind: type[Exception]
) -> None:
    new = job.bump("new\n")
    server.refuse(stage, status, always=True)
    with pytest.raises(kind) as caught:
        job.remote().push(new, BRANCH, None)
    assert leaks(str(caught.value)) == []
    assert BRANCH not in tips(server.root / NAME)


def test_who_we_are_matters(job: Job, server: GitServer, served: Path) -> None:
    where = (None, job.url)
    wrong = Credential("bot", Secret("wrong"), "a test")
    with pytest.raises(AccessError, match="does not accept the credential"):
        Remote(*where, wrong, environ=job.environ).branches()
    with pytest.raises(AccessError, match="asks for a credential, and there is none"):
        Remote(*where, environ=job.environ).branches()
    with pytest.raises(NotThereError):
        Remote(None, server.url("team/none.git"), CREDENTIAL, environ=job.environ).branches()
    main = {"main": tips(served)["main"]}
    assert Remote(*where, CREDENTIAL, environ=job.environ).branches() == main
    with_user = server.url(NAME, user="bot", password=PLANTED)
    assert Remote(None, with_user, environ=job.environ).branches() == main


# --- a connection that is cut -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "after"), [(Stage.FETCH_REFS, 40), (Stage.FETCH, 30), (Stage.FETCH, 700)]
)
@pytest.mark.parametrize("again", [False, True])
def test_a_clone_that_is_cut_leaves_nothing_half_done(
    job: Job, server: GitServer, stage: Stage, after: int, again: bool
) -> None:
    served = server.root / NAME
    before = {}
    if again:
        before = contents(job.clone())
        commit(served, "main", {"new.txt": os.urandom(2000)})
    # The first look at the refs goes through, so that the cut is where objects are fetched.
    looks = 0 if stage is Stage.FETCH_REFS else 1
    for _ in range(looks):
        server.before(stage, lambda: None)
    if after == 700:  # past the list of refs, in the pack
        server.before(stage, lambda: None)
    server.cut_response(stage, after)
    with pytest.raises(UnreachableError, match="cannot be reached"):
        job.clone()
    kept = clones(job)
    assert len(kept) == again
    if again:
        after_cut = contents(kept[0])
        assert {k: v for k, v in after_cut.items() if k in before} == before
        assert not [name for name in after_cut if name.endswith(".lock")]
    clone = job.clone()
    assert tips(clone) == tips(served)
    assert clones(job) == [clone]


@pytest.mark.parametrize("part", ["request", "response"])
def test_a_push_that_is_cut(job: Job, server: GitServer, served: Path, part: str) -> None:
    clone = job.clone()
    new = job.bump("new\n", clone)
    if part == "request":
        server.cut_request(Stage.PUSH, 10, always=True)
    else:
        server.cut_response(Stage.PUSH, 10)
    with pytest.raises(UnreachableError):
        job.remote(clone).push(new, BRANCH, None)
    server.clear()
    arrived = part == "response"
    assert (BRANCH in tips(served)) is arrived
    assert set(tips(clone)) == {"main"}
    # The next run finds out, and both ways end the same.
    assert job.remote(clone).push(new, BRANCH, None) is not arrived
    assert tips(served)[BRANCH] == new


def test_a_host_that_is_not_there(job: Job) -> None:
    for url in ("http://127.0.0.1:9/a.git", "https://nobody.invalid/a.git"):
        with pytest.raises(UnreachableError, match="try again later"):
            Remote(None, url, CREDENTIAL, environ=job.environ).branches()
    with pytest.raises(NotThereError):
        Remote(None, str(job.cache / "none"), environ=job.environ).branches()


def test_an_answer_that_never_comes_ends_git(job: Job, server: GitServer) -> None:
    held = server.hold(Stage.FETCH_REFS)
    remote = Remote(None, job.url, CREDENTIAL, environ=job.environ, timeout=1.0)
    with pytest.raises(UnreachableError, match="did not finish within 1 seconds"):
        remote.branches()
    held.go.set()


# --- the secret -------------------------------------------------------------------------------


def logging_git(place: Path, log: Path) -> dict[str, str]:
    """Put programs before git's own that write down how they were called, by whomever."""
    real = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
    place.mkdir()
    for program in Path(real.stdout.strip()).iterdir():
        (place / program.name).symlink_to(program)
    for name in ("git", "git-remote-http", "git-remote-https"):
        target = shutil.which("git") if name == "git" else place / f"{name}.real"
        if name != "git":
            (place / name).rename(place / f"{name}.real")
        (place / name).unlink(missing_ok=True)
        (place / name).write_text(
            f'#!/bin/sh\n{{ echo "{name} $@"; env | sed "s/=.*//; s/^/  /"; }} >> {log}\n'
            f'exec {target} "$@"\n',
            encoding="utf-8",
        )
        (place / name).chmod(0o755)
    return {"PATH": f"{place}{os.pathsep}{os.environ['PATH']}", "GIT_EXEC_PATH": str(place)}


def command_lines() -> bytes:
    """What everybody on this machine can see now of this process and those that it has started.

    Not of others: another worker may run a test that gives a command this very secret.
    """
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    ours, size = {os.getpid()}, 0
    while len(ours) > size:
        size = len(ours)
        ours |= {pid for pid, parent in parents.items() if parent in ours}
    seen = []
    for pid in ours:
        with contextlib.suppress(OSError):
            seen.append(Path(f"/proc/{pid}/cmdline").read_bytes())
    return b"\n".join(seen)


def careless(tmp_path: Path, server: GitServer) -> dict[str, str]:
    """Make an environment that shows and stores everything it can."""
    config = tmp_path / "careless"
    config.write_text(
        f"[credential]\n\thelper = store --file={tmp_path}/stored\n"
        f'[http "http://{server.host}/"]\n\textraHeader = Authorization: Basic d3Jvbmc6d3Jvbmc=\n',
        encoding="utf-8",
    )
    traces = ("GIT_TRACE", "GIT_TRACE_CURL", "GIT_TRACE_PACKET", "GIT_TRACE2_EVENT")
    return {
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CURL_VERBOSE": "1",
        "GIT_TRACE_REDACT": "0",
        **{name: str(tmp_path / "trace") for name in traces},
    }


def test_the_secret_is_where_it_belongs_and_nowhere_else(
    server: GitServer, served: Path, tmp_path: Path, environ: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    log = tmp_path / "calls"
    programs = logging_git(tmp_path / "programs", log)
    caplog.set_level("DEBUG")
    environ |= {**careless(tmp_path, server), **programs, "FLUXBUMP_TOKEN": PLANTED}
    address, userinfo = parse(server.url(NAME, user="somebody", password=OTHER))
    credential = find(address, token_words(None), environ, userinfo=userinfo)
    assert credential is not None

    job = Job(address.url, tmp_path / "cache", environ)
    seen = []
    for stage in Stage:
        server.before(stage, lambda: seen.append(command_lines()))
    clone = job.clone(credential=credential)
    remote = Remote(clone, address, credential, cached=True, environ=environ)
    new = job.bump("new\n", clone)
    assert remote.push(new, BRANCH, None)
    remote.fetch(BRANCH)
    said = []
    hook(served, "update", "exit 1")
    for bad in (Credential("bot", Secret(f"{PLANTED}x"), "a test"), credential):
        with pytest.raises(RemoteError) as caught:
            Remote(clone, address, bad, cached=True, environ=environ).push(new, "b", None)
        said.append(f"{caught.value!r} {caught.value} {caught.getrepr(style='long')}")

    # The search can find it: it went over the wire, in the header where it belongs.
    assert leaks(server.came(Stage.PUSH)[0].headers["authorization"])
    assert leaks(server.record()) == []
    calls = log.read_text("utf-8")
    assert "git-remote-http " in calls
    assert "FLUXBUMP_GIT_PASSWORD" in calls
    assert "FLUXBUMP_TOKEN" not in calls
    assert "GIT_CURL_VERBOSE" not in calls
    assert len(seen) == len(Stage)
    assert b"git-remote-http" in b"".join(seen)
    assert leaks(*seen, calls, caplog.text, repr(remote), repr(credential), *said) == []
    # The log of calls, the cache, what was pushed, what others stored or traced: none of it.
    assert leaks(tmp_path) == []
    assert not Path(tmp_path, "stored").exists()
    assert not Path(tmp_path, "trace").exists()


def test_userinfo_of_a_url_is_not_stored(
    server: GitServer, served: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    url = server.url(NAME, user="somebody", password=PLANTED)
    clone = cached_clone(url, tmp_path / "cache", environ=environ)
    assert tips(clone) == tips(served)
    assert git(clone, "config", "remote.origin.url") == server.url(NAME)
    assert cached_clone(server.url(NAME), tmp_path / "cache", CREDENTIAL, environ=environ) == clone
    assert leaks(tmp_path, server.record()) == []


def test_a_token_as_the_user_is_not_shown(server: GitServer, environ: dict[str, str]) -> None:
    with pytest.raises(AccessError) as caught:
        Remote(None, server.url(NAME, user=PLANTED), environ=environ).branches()
    assert leaks(repr(caught.value), str(caught.value)) == []


@pytest.mark.parametrize("asked", [False, True])
def test_a_redirect_does_not_take_the_secret_elsewhere(
    job: Job, server: GitServer, tmp_path: Path, asked: bool
) -> None:
    """Neither before the remote has asked who we are, nor after it."""
    if not asked:
        server.token = None
    with GitServer(tmp_path / "elsewhere", token="another") as elsewhere:
        target = f"{elsewhere.url(NAME)}/info/refs?service=git-upload-pack"
        server.redirect(Stage.FETCH_REFS, target)
        with pytest.raises(AccessError):
            job.clone()
        assert elsewhere.requests
        assert not [one for one in elsewhere.requests if "authorization" in one.headers]


def test_a_server_that_repeats_the_secret_is_not_quoted(job: Job, served: Path) -> None:
    quoted = PLANTED.replace("'", "'\\''")
    hook(served, "pre-receive", f"printf '%s\\n' 'who are you, {quoted}?'; exit 1")
    with pytest.raises(DeclinedError, match=r"who are you, \*\*\*\?") as caught:
        job.remote().push(job.bump("new\n"), BRANCH, None)
    assert leaks(str(caught.value)) == []


def test_settings_of_the_user_s_stay() -> None:
    """They can be what makes git work here: a proxy, or a directory that is safe."""
    url, _ = parse("https://git.example.org/a.git")
    user = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    made = environment(
        url, CREDENTIAL, {**user, "GIT_DIR": "/elsewhere", "HTTPS_PROXY": "http://p"}
    )
    keys = [made[f"GIT_CONFIG_KEY_{n}"] for n in range(int(made["GIT_CONFIG_COUNT"]))]
    assert keys[0] == "safe.directory"
    assert keys.index("credential.helper") < keys.index("credential.https://git.example.org.helper")
    assert made["HTTPS_PROXY"] == "http://p"
    assert "GIT_DIR" not in made


# --- ssh --------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["variable", "configuration"])
def test_ssh_asks_nobody(served: Path, tmp_path: Path, environ: dict[str, str], how: str) -> None:
    """What stands in for ssh runs the command here; git speaks its protocol for ssh with it."""
    program = tmp_path / "ssh"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/called\nfor last; do :; done\neval "$last"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    config = tmp_path / "config"
    config.write_text(f"[core]\n\tsshCommand = {program} -i key\n", encoding="utf-8")
    if how == "variable":
        environ["GIT_SSH_COMMAND"] = f"{program} -i key"
    else:
        environ["GIT_CONFIG_GLOBAL"] = str(config)
    url = f"git@git.example.org:{served}"
    clone = cached_clone(url, tmp_path / "cache", CREDENTIAL, environ=environ)
    assert tips(clone) == tips(served)
    assert git(clone, "config", "remote.origin.url") == url
    calls = Path(tmp_path, "called").read_text("utf-8").splitlines()
    assert all("-i key -o BatchMode=yes" in line for line in calls)
    assert any("git@git.example.org git-upload-pack" in line for line in calls)


# --- what git says ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("git@h: Permission denied (publickey).\nfatal: Could not read from remote", AccessError),
        ("Host key verification failed.\nfatal: Could not read from remote", AccessError),
        ("remote: Permission to a/b.git denied to bot.\nfatal: unable to access", AccessError),
        ("ERROR: Repository not found.\nfatal: Could not read from remote", NotThereError),
        ("fatal: repository 'https://h/ssl-tls.git/' not found", NotThereError),
        ("fatal: unable to access 'https://h/a': Could not resolve host: h", UnreachableError),
        ("fatal: unable to access 'https://h/a': SSL certificate problem: x", UnreachableError),
        ("ssh: connect to host h port 22: Connection timed out", UnreachableError),
        ("fatal: bad object refs/heads/main in ssl-tls", RemoteError),
        ("", RemoteError),
    ],
)
def test_what_git_says_is_told_apart(said: str, kind: type[RemoteError]) -> None:
    """Messages of OpenSSH, GitHub and git where no server here says them."""
    error = failure(said, "h")
    assert type(error) is kind
    assert error.message.isprintable()


@pytest.mark.parametrize(
    ("summary", "stderr", "kind"),
    [
        # GitHub's and GitLab's words for a protected branch.
        ("[remote rejected] (protected branch hook declined)",
         "remote: error: GH006: Protected branch update failed", DeclinedError),
        ("[remote rejected] (pre-receive hook declined)",
         "remote: GitLab: You are not allowed to push code to this project.", DeclinedError),
        ("[remote rejected] (deletion prohibited)", "", DeclinedError),
        ("[rejected] (stale info)", "", MovedError),
        ("[remote rejected] (cannot lock ref 'refs/heads/b': is at 1)", "", MovedError),
        ("[remote rejected] (reference already exists)", "", MovedError),
        ("[remote failure] (remote failed to report status)", "", UnreachableError),
    ],
)  # fmt: skip
def test_what_a_push_says_is_told_apart(summary: str, stderr: str, kind: type[RemoteError]) -> None:
    out = f"To https://h/a\n!\trefs/heads/x:refs/heads/b\t{summary}\nDone\n"
    error = refusal(ref_results(out)["refs/heads/b"], stderr, "b", "h")
    assert type(error) is kind
    assert all(word in error.message for word in stderr.removeprefix("remote: ").split())


def test_what_a_server_says_has_no_empty_lines() -> None:
    """As Gitea 1.26 writes it."""
    said = "remote: error:\nremote: error: Not allowed to push\nremote: error:\n"
    summary = "[remote rejected] (pre-receive hook declined)"
    error = refusal(RefResult("!", summary), said, "b", "h")
    assert error.message == f"h refused b: {summary}: error: Not allowed to push"
