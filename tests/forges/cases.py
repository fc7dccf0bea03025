"""The forges that the tests of the seam run over: a fake of each, and how it differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tests.forges.fake_azure import FakeAzure
from tests.forges.fake_bitbucket import FakeBitbucket
from tests.forges.fake_forge import FakeForge
from tests.forges.fake_gitea import FakeGitea
from tests.forges.fake_github import FakeGitHub, secondary
from tests.forges.fake_gitlab import FakeGitLab
from tests.forges.fake_server import Reply

Fake: TypeAlias = FakeGitHub | FakeForge
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
    fake: Callable[[Tips], Fake]
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


def limited(fake: Fake, after: int) -> Reply:
    """Return what a forge answers to somebody who asks too fast."""
    return secondary(after) if isinstance(fake, FakeGitHub) else fake.limited(after)


def refusal(fake: Fake, status: int, message: str) -> Reply:
    """Return a refusal as a forge words it."""
    if isinstance(fake, FakeGitHub):
        return Reply(status, {"message": message, "documentation_url": "x"})
    return fake.refuse(status, message).reply


def take_rights(fake: Fake) -> None:
    """The token may still read, and write nothing."""
    if isinstance(fake, FakeGitHub):
        fake.rights = set()
    else:
        fake.writable = False
