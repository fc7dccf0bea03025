"""What a dry run would do to the remote and to the forge, written down."""

from __future__ import annotations

from msgspec import Struct, field

from fluxbump.forges.forge import CommitStatus, Issue, Proposal, PullRequest, RequestState

NO_COMMIT = "0" * 40
"""The name of a commit that a dry run does not make."""


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


class DryRun(Struct):
    """Writes down what would be done, and does nothing."""

    sent: list[Sent] = field(default_factory=list)

    def commit(self) -> str:
        """Return the name of no commit."""
        return NO_COMMIT

    def push(self, branch: str, expected: str | None) -> str:
        """Write down a push."""
        how = f"over {expected}" if expected else "as a new branch"
        self.sent.append(Sent("push", branch, details=(how,)))
        return NO_COMMIT

    def delete(self, branch: str, expected: str) -> bool:
        """Write down that a branch would go."""
        self.sent.append(Sent("delete", branch, details=(f"at {expected}",)))
        return True

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Write down a pull request."""
        self.sent.append(_proposed("open", proposal.branch, proposal))
        request = PullRequest(
            0, "", proposal.branch, proposal.base, proposal.title, proposal.body, RequestState.OPEN,
            proposal.draft, NO_COMMIT,
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
