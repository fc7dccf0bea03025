"""Records the changes that a dry run would make on the remote and on the forge."""

from __future__ import annotations

from msgspec import Struct, field

from fluxbump.forges.forge import CommitStatus, Issue, Proposal, PullRequest, RequestState

NO_COMMIT = "0" * 40
"""The id in place of a commit that a dry run does not make."""


class Sent(Struct, frozen=True):
    """One change that a dry run would push or send.

    Attributes:
        what: `push`, `delete`, `open`, `update`, `comment`, `close`, `status`,
            `open-issue` or `edit-issue`.
        subject: the branch, the number of the pull request or issue with `#`, or the commit.
        title: the title of the pull request or issue. Empty if there is none.
        text: the body or the comment. Empty if there is none.
        details: further facts, such as labels, one sentence each.
    """

    what: str
    subject: str
    title: str = ""
    text: str = ""
    details: tuple[str, ...] = ()


class DryRun(Struct):
    """A publisher that records each change, and makes none."""

    sent: list[Sent] = field(default_factory=list)

    def commit(self) -> str:
        """Return `NO_COMMIT`: a dry run makes no commit."""
        return NO_COMMIT

    def push(self, branch: str, expected: str | None) -> str:
        """Record a push."""
        how = f"over {expected}" if expected else "as a new branch"
        self.sent.append(Sent("push", branch, details=(how,)))
        return NO_COMMIT

    def delete(self, branch: str, expected: str) -> bool:
        """Record that a branch would be deleted."""
        self.sent.append(Sent("delete", branch, details=(f"at {expected}",)))
        return True

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Record a new pull request, and return it with the number 0."""
        self.sent.append(_proposed("open", proposal.branch, proposal))
        request = PullRequest(
            0, "", proposal.branch, proposal.base, proposal.title, proposal.body, RequestState.OPEN,
            proposal.draft, NO_COMMIT,
        )  # fmt: skip
        return request, ()

    def update(self, number: int, proposal: Proposal) -> PullRequest:
        """Record a change of a pull request, and return it without its URL."""
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
        """Record a new issue, and return it with the number 0."""
        self.sent.append(Sent("open-issue", "", title, body))
        return Issue(0, "", body)

    def edit_issue(self, number: int, body: str) -> None:
        """Record a change of an issue."""
        self.sent.append(Sent("edit-issue", f"#{number}", text=body))

    def set_status(self, commit: str, status: CommitStatus, url: str) -> None:
        """Record a commit status."""
        self.sent.append(Sent("status", commit, details=(f"{status.state}: {status.text}",)))

    def auto_merge(self, pull: PullRequest) -> tuple[str, ...]:
        """Record that the forge would be asked to merge a pull request when its checks pass."""
        self.sent.append(Sent("update", f"#{pull.number}", details=(_BY_ITSELF,)))
        return ()

    def describe(self, number: int, body: str) -> None:
        """Record a change of a body's state."""
        details = ("its description says what is done",)
        self.sent.append(Sent("update", f"#{number}", details=details))

    def comment(self, number: int, text: str) -> None:
        """Record a comment."""
        self.sent.append(Sent("comment", f"#{number}", text=text))

    def close(self, number: int, body: str) -> None:
        """Record that a pull request would be closed."""
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
