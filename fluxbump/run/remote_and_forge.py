"""What a run does to the remote and to the forge, and an empty stand-in for both."""

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
    """A remote, as far as a run needs one; see `remote.Remote`."""

    def branches(self, prefix: str = "") -> dict[str, str]:
        """Map branches to their tips."""
        ...

    def within(self, space: str) -> RemoteBranches:
        """Return it with other refs in the place of its branches."""
        ...

    def tip(self, branch: str) -> str | None:
        """Return where a branch is; None when there is none."""
        ...

    def fetch(self, branch: str, into: str | None = None, *, depth: int = 1) -> str:
        """Bring a branch here."""
        ...

    def push(self, commit: str, branch: str, expected: str | None) -> bool:
        """Point a branch to a commit."""
        ...

    def delete(self, branch: str, expected: str) -> bool:
        """Delete a branch."""
        ...


class NoRemote:
    """The remote and the forge of a dry run that has neither: empty, and nothing can be done."""

    capabilities = Capabilities("no forge")

    issues = None

    @property
    def statuses(self) -> CommitStatuses:
        """Nothing has a status."""
        raise self._refusal()

    def branches(self, prefix: str = "") -> dict[str, str]:
        """No branch is there."""
        return {}

    def within(self, space: str) -> NoRemote:
        """No other ref is there either."""
        return self

    def tip(self, branch: str) -> str | None:
        """No branch is there."""
        return None

    def fetch(self, branch: str, into: str | None = None, *, depth: int = 1) -> str:
        """Nothing can be fetched."""
        raise self._refusal()

    def push(self, commit: str, branch: str, expected: str | None) -> bool:
        """Nothing can be pushed."""
        raise self._refusal()

    def delete(self, branch: str, expected: str) -> bool:
        """Nothing can be deleted."""
        raise self._refusal()

    def find(self, branch: str) -> tuple[PullRequest, ...]:
        """No pull request is there."""
        return ()

    def list(self, prefix: str) -> tuple[PullRequest, ...]:
        """No pull request is there."""
        return ()

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Nothing can be opened."""
        raise self._refusal()

    def update(self, number: int, proposal: Proposal) -> PullRequest:
        """Nothing can be changed."""
        raise self._refusal()

    def auto_merge(self, pull: PullRequest) -> tuple[str, ...]:
        """Nothing can be merged."""
        raise self._refusal()

    def describe(self, number: int, body: str) -> None:
        """Nothing can be changed."""
        raise self._refusal()

    def comment(self, number: int, text: str) -> None:
        """Nothing can be said."""
        raise self._refusal()

    def close(self, number: int, body: str = "") -> None:
        """Nothing can be closed."""
        raise self._refusal()

    def protects(self, branch: str) -> bool | None:
        """Nothing is known."""
        return None

    def standing(self) -> Standing:
        """Nothing is known."""
        return Standing()

    def file_url(self, path: str, line: int, revision: str) -> str:
        """Nothing has an address."""
        return ""

    def _refusal(self) -> RepositoryError:
        return RepositoryError("there is no remote", hint="git remote add origin URL")


class Publisher(Protocol):
    """Does what a run has planned; each method raises FluxbumpError."""

    def commit(self) -> str:
        """Make the commit of the bump, if it is not made yet, and return its name."""
        ...

    def push(self, branch: str, expected: str | None) -> str:
        """Push the commit; return its name."""
        ...

    def delete(self, branch: str, expected: str) -> bool:
        """Delete a branch of the remote; tell whether it was there."""
        ...

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Open a pull request; see `Forge.open`."""
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
        """Have it merged when its checks have passed; see `Forge.auto_merge`."""
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
    """Does it."""

    remote: RemoteBranches
    forge: Forge
    make: Callable[[], str]
    _made: str | None = None

    def commit(self) -> str:
        """Make the commit once."""
        self._made = self._made or self.make()
        return self._made

    def push(self, branch: str, expected: str | None) -> str:
        """Push it, if the branch is where it is expected."""
        commit = self.commit()
        with changing(f"pushed the branch {branch}") as change:
            change.made = self.remote.push(commit, branch, expected)
        return commit

    def delete(self, branch: str, expected: str) -> bool:
        """Delete a branch, if it is where it is expected; tell whether it was there."""
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
        """Have it merged when its checks have passed."""
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
