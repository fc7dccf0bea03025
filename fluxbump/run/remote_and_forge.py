"""The interfaces through which a run changes the remote and the forge, and their live versions.

`NoRemote` is the empty replacement for both in a dry run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from fluxbump.errors import RepositoryError
from fluxbump.forges.forge import (
    Capabilities,
    CommitStatus,
    CommitStatuses,
    Forge,
    Issue,
    Issues,
    Proposal,
    PullRequest,
    Standing,
)
from fluxbump.system.changes_made import changing


class RemoteBranches(Protocol):
    """The part of `remote.Remote` that a run needs."""

    def branches(self, prefix: str = "") -> dict[str, str]:
        """Map the branches whose names have a prefix to the ids of their tips."""
        ...

    def within(self, space: str) -> RemoteBranches:
        """Return the same remote with the refs below another prefix in place of its branches."""
        ...

    def tip(self, branch: str) -> str | None:
        """Return the id of a branch's tip. None if the branch does not exist."""
        ...

    def fetch(self, branch: str, into: str | None = None, *, depth: int = 1) -> str:
        """Fetch a branch into the local repository, and return the id of its tip."""
        ...

    def push(self, commit: str, branch: str, expected: str | None) -> bool:
        """Point a branch to a commit if its tip is the expected one. None expects no branch."""
        ...

    def delete(self, branch: str, expected: str) -> bool:
        """Delete a branch if its tip is the expected one. Return whether it existed."""
        ...


class NoRemote:
    """The remote and the forge of a dry run that has neither: empty, and each change is refused."""

    capabilities = Capabilities("no forge")

    issues = None

    @property
    def statuses(self) -> CommitStatuses:
        """Raise an error: there are no statuses."""
        raise self._refusal()

    def branches(self, prefix: str = "") -> dict[str, str]:
        """No branch is there."""
        return {}

    def within(self, space: str) -> NoRemote:
        """Return the same empty remote."""
        return self

    def tip(self, branch: str) -> str | None:
        """No branch is there."""
        return None

    def fetch(self, branch: str, into: str | None = None, *, depth: int = 1) -> str:
        """Raise an error: there is no branch to fetch."""
        raise self._refusal()

    def push(self, commit: str, branch: str, expected: str | None) -> bool:
        """Raise an error: there is no remote to push to."""
        raise self._refusal()

    def delete(self, branch: str, expected: str) -> bool:
        """Raise an error: there is no branch to delete."""
        raise self._refusal()

    def find(self, branch: str) -> tuple[PullRequest, ...]:
        """No pull request is there."""
        return ()

    def list(self, prefix: str) -> tuple[PullRequest, ...]:
        """No pull request is there."""
        return ()

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Raise an error: there is no forge to open a pull request on."""
        raise self._refusal()

    def update(self, number: int, proposal: Proposal) -> PullRequest:
        """Nothing can be changed."""
        raise self._refusal()

    def auto_merge(self, pull: PullRequest) -> tuple[str, ...]:
        """Raise an error: there is no pull request to merge."""
        raise self._refusal()

    def describe(self, number: int, body: str) -> None:
        """Nothing can be changed."""
        raise self._refusal()

    def comment(self, number: int, text: str) -> None:
        """Raise an error: there is no pull request to comment on."""
        raise self._refusal()

    def close(self, number: int, body: str = "") -> None:
        """Raise an error: there is no pull request to close."""
        raise self._refusal()

    def protects(self, branch: str) -> bool | None:
        """Nothing is known."""
        return None

    def standing(self) -> Standing:
        """Nothing is known."""
        return Standing()

    def file_url(self, path: str, line: int, revision: str) -> str:
        """Return an empty URL."""
        return ""

    def _refusal(self) -> RepositoryError:
        return RepositoryError("there is no remote", hint="git remote add origin URL")


class Publisher(Protocol):
    """Makes the changes of a run on the remote and the forge. Each method raises FluxbumpError."""

    def commit(self) -> str:
        """Write the commit of the bump once, and return its id."""
        ...

    def push(self, branch: str, expected: str | None) -> str:
        """Push the commit of the bump if the branch's tip is the expected one. Return its id."""
        ...

    def delete(self, branch: str, expected: str) -> bool:
        """Delete a remote branch if its tip is the expected one. Return whether it existed."""
        ...

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Open a pull request. Return it with a sentence for each setting that failed."""
        ...

    def update(self, number: int, proposal: Proposal) -> PullRequest:
        """Bring a pull request in line."""
        ...

    def open_issue(self, title: str, body: str) -> Issue:
        """Open an issue."""
        ...

    def edit_issue(self, number: int, body: str) -> None:
        """Replace the text of an issue."""
        ...

    def set_status(self, commit: str, status: CommitStatus, url: str) -> None:
        """Set our status of a commit."""
        ...

    def auto_merge(self, pull: PullRequest) -> tuple[str, ...]:
        """Ask the forge to merge when the checks pass. Return a sentence for each problem."""
        ...

    def describe(self, number: int, body: str) -> None:
        """Replace the body of a pull request."""
        ...

    def comment(self, number: int, text: str) -> None:
        """Comment on a pull request."""
        ...

    def close(self, number: int, body: str) -> None:
        """Close a pull request, and let it say so."""
        ...


class LivePublisher(Struct):
    """A publisher that makes the changes for real."""

    remote: RemoteBranches
    forge: Forge
    make: Callable[[], str]
    _made: str | None = None

    def commit(self) -> str:
        """Write the commit of the bump once, and return its id."""
        self._made = self._made or self.make()
        return self._made

    def push(self, branch: str, expected: str | None) -> str:
        """Push the commit if the branch's tip is the expected one. Return its id."""
        commit = self.commit()
        with changing(f"pushed the branch {branch}") as change:
            change.made = self.remote.push(commit, branch, expected)
        return commit

    def delete(self, branch: str, expected: str) -> bool:
        """Delete a branch if its tip is the expected one. Return whether it existed."""
        with changing(f"deleted the remote's branch {branch}") as change:
            made = self.remote.delete(branch, expected)
            change.made = made
        return made

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Open a pull request."""
        with changing(f"opened a pull request from {proposal.branch}"):
            return self.forge.open(proposal)

    def update(self, number: int, proposal: Proposal) -> PullRequest:
        """Bring a pull request in line."""
        with changing(f"changed #{number}"):
            return self.forge.update(number, proposal)

    def open_issue(self, title: str, body: str) -> Issue:
        """Open an issue."""
        with changing("opened an issue"):
            return self._issues().open(title, body)

    def edit_issue(self, number: int, body: str) -> None:
        """Replace the text of an issue."""
        with changing(f"changed the issue #{number}"):
            self._issues().edit(number, body)

    def _issues(self) -> Issues:
        if self.forge.issues is None:
            raise RuntimeError("nothing is written to issues where there are none")
        return self.forge.issues

    def set_status(self, commit: str, status: CommitStatus, url: str) -> None:
        """Set our status of a commit."""
        with changing(f"set the status of {commit}"):
            self.forge.statuses.put(commit, status, url)

    def auto_merge(self, pull: PullRequest) -> tuple[str, ...]:
        """Ask the forge to merge when the checks pass. Return a sentence for each problem."""
        with changing(f"set auto-merge of #{pull.number}"):
            return self.forge.auto_merge(pull)

    def describe(self, number: int, body: str) -> None:
        """Replace the body of a pull request."""
        with changing(f"changed #{number}"):
            self.forge.describe(number, body)

    def comment(self, number: int, text: str) -> None:
        """Comment on a pull request."""
        with changing(f"commented on #{number}"):
            self.forge.comment(number, text)

    def close(self, number: int, body: str) -> None:
        """Close a pull request, and let it say so."""
        with changing(f"closed #{number}"):
            self.forge.close(number, body)
