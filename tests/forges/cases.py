"""The forges that the tests of the seam run over: a fake of each, and how it differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fluxbump.forges.forge import Forge, Proposal, PullRequest
from tests.forges.contract import Contract
from tests.forges.fake_azure import FakeAzure
from tests.forges.fake_bitbucket import FakeBitbucket
from tests.forges.fake_forge import FakeForge
from tests.forges.fake_gitea import FakeGitea
from tests.forges.fake_github import FakeGitHub
from tests.forges.fake_gitlab import FakeGitLab

BRANCH = "fluxbump/2.5.1"
WANTED = Proposal(BRANCH, "main", "Flux 2.5.1", "What moves, and *why*: ü\n\n<!-- state -->")
Tips = Callable[[str], str | None]


@dataclass(frozen=True)
class Case:
    """A forge under test.

    Attributes:
        kind: its name in the configuration.
        fake: makes one.
        page: how a pull request's address ends, before its number.
        file: the address of line 7 of `clusters/a b/c#.yaml` at `abc`, below that of the server.
        listing: how the path of the listing ends.
        head: it says which commit a branch is at.
        depth: names in the path of a repository.
    """

    kind: str
    fake: Callable[[Tips], FakeForge]
    page: str
    file: str
    listing: str = "/pulls"
    head: bool = True
    depth: int = 2


CASES = {
    case.kind: case
    for case in (
        Case(
            "github",
            lambda tips: FakeGitHub(tips, enterprise=True),
            page="/acme/monorepo/pull/",
            file="/acme/monorepo/blob/abc/clusters/a%20b/c%23.yaml#L7",
        ),
        Case(
            "gitlab",
            FakeGitLab,
            page="/acme/platform/monorepo/-/merge_requests/",
            file="/acme/platform/monorepo/-/blob/abc/clusters/a%20b/c%23.yaml#L7",
            listing="/merge_requests",
        ),
        *(
            Case(
                kind,
                FakeGitea,
                page="/acme/monorepo/pulls/",
                file="/acme/monorepo/src/commit/abc/clusters/a%20b/c%23.yaml#L7",
            )
            for kind in ("gitea", "forgejo")
        ),
        Case(
            "bitbucket",
            FakeBitbucket,
            page="/acme/monorepo/pull-requests/",
            file="/acme/monorepo/src/abc/clusters/a%20b/c%23.yaml#lines-7",
            listing="/pullrequests",
            head=False,
        ),
        Case(
            "azure",
            FakeAzure,
            page="/acme/platform/_git/monorepo/pullrequest/",
            file="/acme/platform/_git/monorepo?path=/clusters/a%20b/c%23.yaml&version=GCabc"
            "&line=7&lineEnd=8&lineStartColumn=1&lineEndColumn=1",
            listing="/pullrequests",
            depth=3,
        ),
    )
}


def opened(forge: Forge, proposal: Proposal = WANTED) -> PullRequest:
    """Open a pull request, with nothing to say about it."""
    pull, notes = forge.open(proposal)
    assert notes == ()
    return pull


def judge(fake: FakeForge, contract: Contract | None) -> None:
    """Hold what went over the wire to what the fake knows, and to GitHub's description.

    GraphQL is not in that.
    """
    assert fake.problems == []
    if contract and isinstance(fake, FakeGitHub):
        judged = [one for one in fake.exchanges if one.call.path != fake.graphql]
        found = [contract.problems(exchange, fake.prefix) for exchange in judged]
        assert [problem for problems in found for problem in problems] == []
