"""List the repositories of an owner: an organization, a group with subgroups, or a user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Protocol, Unpack

from msgspec import Struct

from fluxbump.errors import ForgeError
from fluxbump.forges.authorization import bearer
from fluxbump.forges.client import Client, Transport, path
from fluxbump.forges.detect import Hosted
from fluxbump.forges.forge import OwnedRepository
from fluxbump.forges.responses import StatusError
from fluxbump.system.secret import Secret

_MOST_PAGES = 2_000
_NOT_FOUND = 404


class _Listed(Protocol):
    """What a forge says of a repository."""

    def plain(self) -> OwnedRepository:
        """Return the repository as an `OwnedRepository`."""
        ...


class _OnGitHub(Struct, frozen=True, kw_only=True):
    """https://docs.github.com/rest/repos/repos#list-organization-repositories."""

    full_name: str
    archived: bool = False
    fork: bool

    def plain(self) -> OwnedRepository:
        return OwnedRepository(self.full_name, self.archived, self.fork, empty=False)


class _OnGitea(Struct, frozen=True, kw_only=True):
    """The definition `Repository` in `templates/swagger/v1_json.tmpl`."""

    full_name: str
    archived: bool = False
    fork: bool = False
    empty: bool = False

    def plain(self) -> OwnedRepository:
        return OwnedRepository(self.full_name, self.archived, self.fork, self.empty)


class _Parent(Struct, frozen=True, kw_only=True):
    id: int


class _OnGitLab(Struct, frozen=True, kw_only=True):
    """https://docs.gitlab.com/api/groups/#list-projects."""

    path_with_namespace: str
    archived: bool = False
    empty_repo: bool = False
    forked_from_project: _Parent | None = None

    def plain(self) -> OwnedRepository:
        fork = self.forked_from_project is not None
        return OwnedRepository(self.path_with_namespace, self.archived, fork, self.empty_repo)


class _Listing(Struct, frozen=True):
    """How a forge lists repositories.

    Attributes:
        title: the forge's name for messages.
        places: the kinds of owners, as the path before the owner's name and the path after it; the
            first one that exists is used.
        query: the parameters of the first page.
        shape: the type of a page.
        scheme: the word before the token in the header `Authorization`.
        headers: headers to send with each request.
    """

    title: str
    places: tuple[tuple[str, str], ...]
    query: Mapping[str, str | int]
    shape: type[tuple[_Listed, ...]]
    scheme: str = "Bearer"
    headers: Mapping[str, str] = {}


_PEOPLE = (("/orgs", "/repos"), ("/users", "/repos"))
_GITEA = _Listing("Gitea", _PEOPLE, {"limit": 50}, tuple[_OnGitea, ...], "token")
LISTINGS: Final = {
    "github": _Listing(
        "GitHub",
        _PEOPLE,
        {"per_page": 100},
        tuple[_OnGitHub, ...],
        headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
    ),
    "gitlab": _Listing(
        "GitLab",
        (("/groups", "/projects"), ("/users", "/projects")),
        # What other groups have shared with this one belongs to them.
        {"per_page": 100, "include_subgroups": "true", "with_shared": "false"},
        tuple[_OnGitLab, ...],
    ),
    "gitea": _GITEA,
    "forgejo": _Listing("Forgejo", _GITEA.places, _GITEA.query, _GITEA.shape, _GITEA.scheme),
}
"""How each kind of forge lists the repositories of an owner."""


def owned(
    hosted: Hosted, secret: Secret | None, **transport: Unpack[Transport]
) -> Iterator[OwnedRepository]:
    """Yield the repositories of an owner, in the order of the forge.

    Args:
        hosted: the owner; `path` is `name`, or `group/subgroup` on GitLab.
        secret: the token; None for the public repositories alone.
        transport: how to reach the forge.

    Raises:
        ForgeError: there is no such owner, the forge cannot be reached or refuses, or there is no
            listing for its kind.
    """
    listing = LISTINGS.get(hosted.kind)
    if listing is None:
        kinds = ", ".join(LISTINGS)
        raise ForgeError(
            f"the repositories of an owner cannot be listed on {hosted.kind}",
            facts=[f"discover supports {kinds}"],
            hint="write the fleet's file by hand",
        )
    auth = bearer(secret, scheme=listing.scheme) if secret else None
    client = Client(listing.title, hosted.api_base, auth, listing.headers, **transport)
    try:
        yield from _pages(client, listing, hosted.path)
    finally:
        client.close()


def _pages(client: Client, listing: _Listing, owner: str) -> Iterator[OwnedRepository]:
    *others, last = (f"{before}{path(owner)}{after}" for before, after in listing.places)
    for where in others:
        try:
            yield from _read(client, where, listing)
        except StatusError as error:
            if error.status != _NOT_FOUND:
                raise
        else:
            return
    try:
        yield from _read(client, last, listing)
    except StatusError as error:
        if error.status != _NOT_FOUND:
            raise
        raise ForgeError(
            f"{listing.title}: no organization, group, or user {owner}",
            facts=["it does not exist, or the token cannot read it"],
            hint="check the URL and the token",
        ) from None


def _read(client: Client, where: str, listing: _Listing) -> Iterator[OwnedRepository]:
    for page in client.pages(where, listing.shape, query=listing.query, most=_MOST_PAGES):
        yield from (repository.plain() for repository in page)
