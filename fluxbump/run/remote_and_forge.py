"""What a run does to the world: to the remote and to the forge; or writes down, in a rehearsal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct, field

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
    RequestState,
    Standing,
)
from fluxbump.system.written import changing

REHEARSED = "0" * 40
"""The name of a commit that a rehearsal does not make."""


class Sent(Struct, frozen=True):
    """One thing that was done, or would be.

    Attributes:
        what: `push`, `delete`, `open`, `update`, `comment`, `close`, `status`,
            `open-issue` or `edit-issue`.
        subject: the branch, the number of the pull request or issue with `#`, or the commit.
        title: of the pull request; empty where there is none.
        text: the body or the comment; empty where there is none.
        details: labels and the like, one sentence each.
    """

    what: str
    subject: str
    title: str = ""
    text: str = ""
    details: tuple[str, ...] = ()


class Far(Protocol):
    """A remote, as far as a run needs one; see `remote.Remote`."""

    def branches(self, prefix: str = "") -> dict[str, str]:
        """Map branches to their tips."""
        ...

    def fetch(self, branch: str, *, depth: int = 1) -> str:
        """Bring a branch here."""
        ...

    def push(self, commit: str, branch: str, expected: str | None) -> bool:
        """Point a branch to a commit."""
        ...

    def delete(self, branch: str, expected: str) -> bool:
        """Delete a branch."""
        ...


class Nowhere:
    """The remote and the forge of a rehearsal that has neither: empty, and nothing can be done."""

    capabilities = Capabilities("no forge")

    issues = None

    @property
    def statuses(self) -> CommitStatuses:
        """Nothing has a status."""
        raise self._refusal()

    def branches(self, prefix: str = "") -> dict[str, str]:
        """No branch is there."""
        return {}

    def fetch(self, branch: str, *, depth: int = 1) -> str:
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


class Hands(Protocol):
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


class LiveHands(Struct):
    """Does it."""

    remote: Far
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


class Rehearsal(Struct):
    """Writes down what would be done, and does nothing."""

    sent: list[Sent] = field(default_factory=list)

    def commit(self) -> str:
        """Return the name of no commit."""
        return REHEARSED

    def push(self, branch: str, expected: str | None) -> str:
        """Write down a push."""
        how = f"over {expected}" if expected else "as a new branch"
        self.sent.append(Sent("push", branch, details=(how,)))
        return REHEARSED

    def delete(self, branch: str, expected: str) -> bool:
        """Write down that a branch would go."""
        self.sent.append(Sent("delete", branch, details=(f"at {expected}",)))
        return True

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Write down a pull request."""
        self.sent.append(_proposed("open", proposal.branch, proposal))
        request = PullRequest(
            0, "", proposal.branch, proposal.base, proposal.title, proposal.body, RequestState.OPEN,
            proposal.draft, REHEARSED,
        )  # fmt: skip
        return request, ()

    def update(self, number: int, proposal: Proposal) -> PullRequest:
        """Write down a change."""
        self.sent.append(_proposed("update", f"#{number}", proposal))
        return PullRequest(
            number,
            "",
            proposal.branch,
            proposal.base,
            proposal.title,
            proposal.body,
            RequestState.OPEN,
        )

    def open_issue(self, title: str, body: str) -> Issue:
        """Write down an issue."""
        self.sent.append(Sent("open-issue", "", title, body))
        return Issue(0, "", body)

    def edit_issue(self, number: int, body: str) -> None:
        """Write down that an issue would change."""
        self.sent.append(Sent("edit-issue", f"#{number}", text=body))

    def set_status(self, commit: str, status: CommitStatus, url: str) -> None:
        """Write down a status."""
        self.sent.append(Sent("status", commit, details=(f"{status.state}: {status.text}",)))

    def auto_merge(self, pull: PullRequest) -> tuple[str, ...]:
        """Write down that it would be merged by itself."""
        self.sent.append(Sent("update", f"#{pull.number}", details=(_BY_ITSELF,)))
        return ()

    def describe(self, number: int, body: str) -> None:
        """Write down that a body would change."""
        details = ("its description says what is done",)
        self.sent.append(Sent("update", f"#{number}", details=details))

    def comment(self, number: int, text: str) -> None:
        """Write down a comment."""
        self.sent.append(Sent("comment", f"#{number}", text=text))

    def close(self, number: int, body: str) -> None:
        """Write down that a pull request would be closed."""
        details = ("its body tells the next run who closed it",) if body else ()
        self.sent.append(Sent("close", f"#{number}", details=details))


_BY_ITSELF = "merged by itself when its checks have passed"


def _proposed(what: str, subject: str, proposal: Proposal) -> Sent:
    lists = {
        "labels": proposal.labels,
        "assignees": proposal.assignees,
        "reviewers": proposal.reviewers,
    }
    details = [f"from {proposal.branch} into {proposal.base}"]
    details += [f"{name}: {', '.join(values)}" for name, values in lists.items() if values]
    details += ["as a draft"] if proposal.draft else []
    details += [_BY_ITSELF] if proposal.auto_merge else []
    return Sent(what, subject, proposal.title, proposal.body, tuple(details))
