"""Read, fetch from, push to and delete the branches of a git remote.

The credential reaches git only through the environment of the process that needs it; see
`remote_environment`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import copy
from pathlib import Path

from fluxbump.git import branch_names, network_process
from fluxbump.git.network_process import Done
from fluxbump.git.remote_environment import environment
from fluxbump.git.remote_errors import (
    DeclinedError,
    EmptyError,
    MovedError,
    RefResult,
    RemoteError,
    UnreachableError,
    failure,
    ref_results,
    refusal,
)
from fluxbump.git.remote_url import RemoteUrl, Userinfo, parse
from fluxbump.git.token import Credential, from_url
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.printable import one_line

TIMEOUT = 900.0
"""Seconds that one command may take; a first clone of a large repository takes minutes."""

HEADS = "refs/heads/"
"""The prefix of the full names of branches."""

FETCHED = "refs/fluxbump/fetched"
"""The prefix of the refs for fetched branches, so that no ref of the user's moves."""

_MOST_NAMED = 10
"""The most branches that an error names."""

_SHA = lazy_pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Remote:
    """A remote of a repository on this disk.

    Args:
        path: the local repository: a checkout, a git directory, or a clone of
            `clones.cached_clone`; None if the remote is only read.
        url: the remote's URL. A credential in it is used if no other is given.
        credential: the credential for the remote; None leaves it to the configuration of git and
            ssh.
        cached: whether `path` is a clone of `clones.cached_clone`, so that a fetch brings one
            commit without its history. In a repository of the user a fetch brings the whole
            history, because a shallow fetch would cut off the history that is there.
        environ: the environment; None for the one of this process.
        timeout: seconds that one command may take.

    Raises:
        UsageError: git cannot use the URL, or the user in it is no credential.
        RefusedError: the credential would go over http to a host that is not allowed.

    The methods that run git raise RemoteError or a subclass (see `remote_errors`), and ToolError if
    git is not installed.
    """

    def __init__(
        self,
        path: Path | None,
        url: str | RemoteUrl,
        credential: Credential | None = None,
        *,
        cached: bool = False,
        environ: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self.url, userinfo = located(url)
        # A cached clone that is broken must not be mistaken for the repository around it.
        place = f"--git-dir={path or os.devnull}"
        self._place = [place] if cached or path is None else ["-C", str(path)]
        self._credential = credential or from_url(userinfo)
        self._cached = cached
        self._timeout = timeout
        self._space = HEADS
        self._environ = dict(os.environ if environ is None else environ)
        ssh = self._ssh_command() if self.url.scheme == "ssh" else ""
        self._environ = environment(self.url, self._credential, self._environ, ssh)

    def within(self, space: str) -> Remote:
        """Return the same remote with the refs below another prefix instead of its branches.

        Args:
            space: the prefix of the full names of the refs, such as `refs/fluxbump/`.
        """
        other = copy(self)
        other._space = space
        return other

    # --- looking ----------------------------------------------------------------------------

    def branches(self, prefix: str = "") -> dict[str, str]:
        """Map the remote's branches whose name begins with `prefix` to their tips."""
        out = self.run("ls-remote", "--heads", "--", self.url.url)
        heads = {ref.removeprefix(HEADS): sha for sha, ref in _refs(out) if ref.startswith(HEADS)}
        return {
            name: sha
            for name, sha in sorted(heads.items())
            if name.startswith(prefix) and branch_names.is_possible(name)
        }

    def head(self) -> tuple[str, str]:
        """Return the remote's default branch and its tip.

        Raises:
            EmptyError: the remote has no branch yet.
            RemoteError: the remote's HEAD is on no branch.
        """
        out = self.run("ls-remote", "--symref", "--", self.url.url, "HEAD")
        lines = [line.partition("\t")[::2] for line in out.splitlines()]
        found = {what: ref for what, ref in lines if ref == "HEAD"}
        target = next((what for what in found if what.startswith(f"ref: {HEADS}")), "")
        sha = next((what for what in found if _SHA.fullmatch(what)), "")
        if not target or not sha:
            raise self._headless()
        branch = target.removeprefix(f"ref: {HEADS}")
        branch_names.require_possible(branch)
        return branch, sha

    def _headless(self) -> RemoteError:
        """Return the error for a remote whose HEAD is on no branch; it lists the branches."""
        names = list(self.branches())
        if not names:
            return self.empty()
        shown = ", ".join(names[:_MOST_NAMED])
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        said = f"{self.where} has no default branch, only the branches {shown}{more}"
        return RemoteError(said, hint=f"use --base {names[0]}, or another of them")

    def empty(self) -> EmptyError:
        """Return the error for a remote without any branch."""
        return EmptyError(f"{self.where} is empty: it has no commit", hint="push a first commit")

    def default_branch(self) -> str:
        """Return the branch that the remote's HEAD is on.

        Raises:
            EmptyError: the remote has no branch yet.
            RemoteError: the remote's HEAD is on no branch.
        """
        return self.head()[0]

    def tip(self, branch: str) -> str | None:
        """Return the tip of a branch of the remote; None if there is no such branch."""
        branch_names.require_possible(branch)
        ref = f"{self._space}{branch}"
        out = self.run("ls-remote", "--", self.url.url, ref)
        return next((sha for sha, name in _refs(out) if name == ref), None)

    # --- moving objects ---------------------------------------------------------------------

    def fetch(self, branch: str, into: str | None = None, *, depth: int = 1) -> str:
        """Fetch a branch of the remote, and return its tip.

        Args:
            branch: the branch's name at the remote.
            into: the local ref for the branch; None for one below `FETCHED`.
            depth: the number of commits that a clone in the cache gets; other repositories get all.

        Raises:
            RemoteError: the remote has no such branch.
        """
        branch_names.require_possible(branch)
        ref = into or f"{FETCHED}/{branch}"
        # By its name, because the filter is a setting of the remote.
        place = [f"--depth={depth}", "--", "origin"] if self._cached else ["--", self.url.url]
        self.run(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
            "--refmap=", *place, f"+{self._space}{branch}:{ref}",
        )  # fmt: skip
        return self.run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").strip()

    def push(self, commit: str, branch: str, expected: str | None) -> bool:
        """Push a local commit to a branch of the remote.

        Args:
            commit: the commit's name; no ref needs to point to it.
            branch: the branch's name at the remote.
            expected: the commit that the branch should be at now; None if it must not exist.

        Returns:
            True if the branch was moved, False if it was at that commit already.

        Raises:
            MovedError: the branch is at another commit, and nothing was changed.
            DeclinedError: the server refuses the update.
        """
        return self._update(commit, branch, expected)

    def delete(self, branch: str, expected: str) -> bool:
        """Delete a branch of the remote.

        Args:
            branch: the branch's name at the remote.
            expected: the commit that the branch should be at now.
        """
        if self.tip(branch) is None:
            return False
        try:
            return self._update("", branch, expected)
        except (MovedError, DeclinedError):
            # A server says the same of a branch that somebody deletes at this moment.
            if self.tip(branch) is None:
                return False
            raise

    def _update(self, commit: str, branch: str, expected: str | None) -> bool:
        branch_names.require_possible(branch)
        ref = f"{self._space}{branch}"
        lease = f"--force-with-lease={ref}:{expected or ''}"
        done = self._git(
            "push", "--porcelain", "--atomic", "--no-follow-tags", "--recurse-submodules=no",
            "--no-signed", lease, "--", self.url.url, f"{commit}:{ref}",
        )  # fmt: skip
        results = ref_results(done.out.decode("utf-8", "replace"))
        result = results.get(ref, RefResult("", ""))
        if result.flag == "!":
            raise refusal(result, done.err, branch, self.where)
        if done.code or not result.flag:
            raise failure(done.err, self.where)
        return result.flag != "="

    # --- running git ------------------------------------------------------------------------

    @property
    def where(self) -> str:
        """The remote's URL on one line, for messages."""
        return one_line(self.url.url)

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment for processes of git that may fetch; it holds the credential.

        In a partial clone git fetches a missing object when it is read.
        """
        return self._environ

    def _ssh_command(self) -> str:
        done = self._git("config", "core.sshCommand")
        return done.out.decode().strip() or "ssh"

    def run(self, *arguments: str) -> str:
        """Run git in the local repository, with the credential, and return what it prints.

        So git can fetch the objects that a partial clone has left out.
        """
        done = self._git(*arguments)
        if done.code:
            raise failure(done.err, self.where)
        return done.out.decode("utf-8", "surrogateescape")

    def _git(self, *arguments: str) -> Done:
        done = network_process.run([*self._place, *arguments], self._environ, timeout=self._timeout)
        if done.code is None:
            raise UnreachableError(
                f"{self.where} did not finish within {self._timeout:g} seconds",
                hint="try again later",
            )
        err = self._credential.redact(done.err) if self._credential else done.err
        return Done(done.code, done.out, err)


def located(url: str | RemoteUrl) -> tuple[RemoteUrl, Userinfo | None]:
    """Return a remote's URL without secrets, and the user information that it had.

    A path becomes a `file` URL, because over a path git copies all objects and ignores `--depth`
    (git-clone(1)).

    Raises:
        UsageError: git cannot use the URL.
    """
    found, userinfo = parse(url) if isinstance(url, str) else (url, None)
    if not found.scheme:
        found, _ = parse(Path(found.path).resolve().as_uri())
    return found, userinfo


def _refs(out: str) -> list[tuple[str, str]]:
    lines = [line.partition("\t")[::2] for line in out.splitlines()]
    return [(sha, ref) for sha, ref in lines if _SHA.fullmatch(sha)]
