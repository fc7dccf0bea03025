"""The types for what is known of a kind of forge without a request to it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from fluxbump.errors import ForgeError
from fluxbump.git.remote_url import RemoteUrl

ANYBODY = "x-access-token"
"""The username that git sends with a token if the forge does not prescribe one."""


class Ci(Struct, frozen=True, kw_only=True):
    """The variables by which a forge's CI names itself, its URL, and the target of a change.

    Attributes:
        marker: a variable that each job has, and its value; None for any value.
        urls: the variables with the URL of the forge, or of a repository there; the first one that
            is set is used.
        is_site: whether that URL is the URL of the forge itself.
        hosts: the variables with further names of its host, as git sees it over ssh.
        poses_as: other kinds of forge whose variables this CI sets too.
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
    """The names of a forge's token variables and usernames; see `git.token.TokenWords`."""

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
    """The files of a forge's CI.

    Attributes:
        path: the path of the file that `init` writes.
        sign: a file, or a folder with a slash at the end, that repositories on the forge have.
        template: the name of the template for the file.
        tells: whether repositories on other forges do not have the sign.
    """

    path: str
    sign: str
    template: str
    tells: bool = True


def owned(site: str, segments: list[str]) -> tuple[str, str]:
    """Return the URL of the forge, and the path of a repository there.

    Args:
        site: the URL of the forge.
        segments: the parts of the remote's path there.

    Raises:
        ForgeError: the path names no repository.
    """
    if not segments[1:]:  # it is empty, or an owner alone
        raise ForgeError(
            "the remote's URL does not name a repository",
            hint="use OWNER/NAME as its path",
        )
    return site, "/".join(segments)


def as_it_is(remote: RemoteUrl) -> RemoteUrl:
    """Return a URL unchanged, for forges that had no other URLs before."""
    return remote


class ForgeKind(Struct, frozen=True, kw_only=True):
    """A kind of forge: what is known of it without its adapter.

    Attributes:
        name: the name in the configuration.
        adapter: the place of the adapter, for `pkgutil.resolve_name`.
        token: the names of its token variables and usernames.
        ci: the variables of its CI.
        workflow: the files of its CI.
        hosts: its public hosts.
        aliases: the host for each other name, such as that of ssh on port 443.
        suffix: the end of the names of its further hosts; empty for none.
        interface: the path of its REST API below its own URL.
        interfaces: the URL of the REST API for known sites that have it elsewhere, by site URL.
        interface_of: makes the URL of the REST API of a host with the suffix; None if `interface`
            holds.
        renamed: replaces a former URL of a remote by the current one.
        located: returns the forge's URL and the repository's path, as `owned` does.
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
        """Whether a host is known to be of this kind. `name` is a host name without aliases."""
        return name in self.hosts or bool(self.suffix and name.endswith(self.suffix))
