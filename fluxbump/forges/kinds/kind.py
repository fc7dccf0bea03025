"""What tells a kind of forge apart, and how it calls things: known without asking it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from fluxbump.errors import ForgeError
from fluxbump.git.remote_url import RemoteUrl

ANYBODY = "x-access-token"
"""What git says beside a token if the forge asks for no name of its own."""


class Ci(Struct, frozen=True, kw_only=True):
    """How the CI of a forge says which it is, where the forge is, and what a change goes to.

    Attributes:
        marker: a variable that is set in every job, and its value; any, if None.
        urls: the variables with the URL of the forge, or of a repository there; the first counts.
        is_site: the URL is that of the forge itself.
        hosts: variables with further names of its host, as git sees it over ssh.
        poses_as: the kinds of forge whose variables it sets, too.
        target_commit: the variable with the commit that a change is compared with; empty for none.
        target_branch: the variable with the branch that a change goes to; empty for none.
    """

    marker: tuple[str, str | None]
    urls: tuple[str, ...]
    is_site: bool = True
    hosts: tuple[str, ...] = ()
    poses_as: tuple[str, ...] = ()
    target_commit: str = ""
    target_branch: str = ""


class ForgeTokens(Struct, frozen=True, kw_only=True):
    """What a forge calls its tokens; see `git.token.TokenWords`."""

    variables: tuple[str, ...] = ()
    username: str = ANYBODY
    own_hosts: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    site_variable: str = ""
    account_variable: str = ""
    account_secrets: tuple[str, ...] = ()
    address_username: str = ""
    nobody: frozenset[str] = frozenset((ANYBODY,))


class Workflow(Struct, frozen=True, kw_only=True):
    """Where a forge's CI has its files.

    Attributes:
        path: of the file that `init` writes.
        sign: a file, or a folder with a slash at the end, that repositories on the forge have.
        template: its name.
        tells: only repositories on the forge have the sign.
    """

    path: str
    sign: str
    template: str
    tells: bool = True


def owned(site: str, segments: list[str]) -> tuple[str, str]:
    """Return the URL of the forge, and the path of a repository there.

    Args:
        site: the URL of the forge.
        segments: of the remote's path there.

    Raises:
        ForgeError: it does not name a repository.
    """
    if not segments[1:]:  # an owner alone
        raise ForgeError(
            "the remote's URL does not name a repository",
            hint="use OWNER/NAME as its path",
        )
    return site, "/".join(segments)


def as_it_is(remote: RemoteUrl) -> RemoteUrl:
    """Return a URL that is one of today."""
    return remote


class ForgeKind(Struct, frozen=True, kw_only=True):
    """A kind of forge: what is known of it without its adapter.

    Attributes:
        name: as the configuration has it.
        adapter: the place of the adapter, for `pkgutil.resolve_name`.
        token: what it calls its tokens.
        ci: how its CI tells of it.
        workflow: where its CI has its files.
        hosts: that are known to everybody.
        aliases: other names of these hosts, such as that of ssh on port 443.
        suffix: how the names of further hosts of it end; empty for none.
        interface: where below its own URL it has its REST interface.
        interfaces: URLs of known sites whose REST interface is elsewhere, with that.
        interface_of: makes the URL of the REST interface of a host with the suffix; None if that
            is where `interface` says.
        renamed: makes a URL of former times one of today.
        located: see `owned`.
    """

    name: str
    adapter: str
    token: ForgeTokens
    ci: Ci
    workflow: Workflow
    hosts: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ""
    interface: str = ""
    interfaces: Mapping[str, str] = field(default_factory=dict)
    interface_of: Callable[[str], str] | None = None
    renamed: Callable[[RemoteUrl], RemoteUrl] = as_it_is
    located: Callable[[str, list[str]], tuple[str, str]] = owned

    def has_host(self, name: str) -> bool:
        """Tell whether a host is known to be of this kind, by its usual name."""
        return name in self.hosts or bool(self.suffix and name.endswith(self.suffix))
