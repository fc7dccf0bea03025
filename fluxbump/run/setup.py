"""Opens the place of a scheduled run: its repository, remote, forge and sources of facts.

Most runs have nothing to do, so the client of the forge is imported only when the forge is asked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.config.settings import FILE, RELEASE_NOTES, Settings
from fluxbump.errors import ForgeError
from fluxbump.forges import detect
from fluxbump.forges.forge import Forge
from fluxbump.forges.kinds import token_words
from fluxbump.git import token
from fluxbump.git.objects import CommitSnapshot
from fluxbump.git.remote import Remote
from fluxbump.git.repository import Repository
from fluxbump.run import allowed_hosts, checkout, fetch_release_notes
from fluxbump.run.checkout import Asked, Ground
from fluxbump.run.remote_and_forge import NoRemote, RemoteBranches
from fluxbump.system import certificates, token_transport
from fluxbump.system.allowed_servers import AllowedServers
from fluxbump.system.secret import Secret
from fluxbump.text.live_code import decode
from fluxbump.workspace import Session

_NO_FORGE = "the remote is a local repository: no forge is asked"


class Place(Struct, frozen=True):
    """The repository of a run, with its remote, its forge and its sources of facts.

    Attributes:
        session: the repository at the tip of the base branch, and the sources of facts.
        base_branch: the name of the branch that pull requests go to.
        default_branch: the default branch of the remote. Empty if the remote does not say it.
        remote: the remote that branches are pushed to.
        remote_name: the name of the remote in git commands, such as `origin`.
        forge: connects to the forge when it is called for the first time.
        notes: gives the notes of releases. Returns None if they are turned off.
        missing: the things that a dry run does without, one sentence each.
        leave: the kinds of pin that stay if they would go down, or cannot be generated again.
    """

    session: Session[CommitSnapshot]
    base_branch: str
    remote: RemoteBranches
    remote_name: str
    forge: Callable[[], Forge]
    notes: Callable[[tuple[str, ...]], Mapping[str, str] | None]
    missing: tuple[str, ...] = ()
    default_branch: str = ""
    leave: frozenset[str] = frozenset()

    @property
    def repository(self) -> Repository:
        """The repository that has the base."""
        return self.session.repository

    @property
    def base(self) -> CommitSnapshot:
        """The tip of the base branch."""
        return self.session.snapshot

    @property
    def settings(self) -> Settings:
        """The configuration in the base."""
        return self.session.settings


@contextmanager
def opened(asked: Asked, environ: Mapping[str, str] | None = None) -> Iterator[Place]:
    """Open the place of a run as a context, and close it afterwards.

    Args:
        asked: the choices of the user.
        environ: the environment variables. None takes those of this process.

    Raises:
        FluxbumpError: the repository, its remote or its configuration is missing or not usable.
    """
    told = dict(os.environ if environ is None else environ)
    if asked.allow_http:
        named = (told.get(token_transport.ALLOW_HTTP, ""), *asked.allow_http)
        told[token_transport.ALLOW_HTTP] = ",".join(named)
    _require_safe(asked, told)
    with ExitStack() as stack:
        found = checkout.opened(asked, told)
        stack.callback(found.repository.close)
        settings = found.settings
        servers = _allowed(asked, found, told)
        session = stack.enter_context(
            Session(
                found.repository,
                found.base,
                settings,
                replace(asked.sources, servers=servers),
                found.root,
                index_must_answer=True,
            )
        )
        yield Place(
            session=session,
            base_branch=found.branch,
            remote=found.remote,
            remote_name=asked.remote,
            forge=cache(partial(_forge, asked, found, told)),
            notes=cache(partial(_notes, settings, servers, offline=asked.sources.offline)),
            missing=(*found.missing, *([_NO_FORGE] if _has_no_forge(asked, found) else [])),
            default_branch=found.default_branch,
            leave=asked.leave,
        )


def _require_safe(asked: Asked, environ: Mapping[str, str]) -> None:
    """Refuse an unsafe setup before anything is sent.

    Raises:
        RefusedError: the operator names an http URL of the forge, and does not allow it.
        UsageError: the certificates to trust cannot be read.
    """
    certificates.require_readable(environ)
    if asked.forge_url is not None:
        token_transport.require_safe(asked.forge_url, token_transport.http_hosts(environ))


def _allowed(asked: Asked, found: Ground, environ: Mapping[str, str]) -> AllowedServers | None:
    """Return the servers that URLs in the repository's configuration can lead to; None for all.

    Raises:
        RefusedError: the configuration names another server.
    """
    hosts = allowed_hosts.limits(environ, asked.allow_hosts)
    if hosts is None:
        return None
    remote = found.remote.url if isinstance(found.remote, Remote) else None
    servers = allowed_hosts.servers(hosts, remote)
    with suppress(KeyError):
        text = decode(found.base.read(FILE))
        allowed_hosts.require_allowed(found.settings, text, asked, servers)
    return servers


def _has_no_forge(asked: Asked, found: Ground) -> bool:
    """Tell whether this is a dry run with a remote on this disk, which has no forge."""
    remote = found.remote
    local = isinstance(remote, Remote) and remote.url.is_local
    return asked.dry_run and local and asked.forge_url is None


def _forge(asked: Asked, found: Ground, environ: Mapping[str, str]) -> Forge:
    if not isinstance(found.remote, Remote) or _has_no_forge(asked, found):
        return NoRemote()
    kind = asked.forge or found.settings.run.forge
    where = asked.forge_url or found.settings.run.forge_url
    kind, site = detect.told_by_ci(found.remote.url, environ, kind)
    hosted = detect.detect(found.remote.url, kind=kind, forge_url=where or site)
    if asked.forge_url is None and where is not None:
        allowed_hosts.require_own_forge(where, found.remote.url, kind)
    # The URL of the forge can tell its kind if neither the host nor the file does.
    who = found.credential or token.find(
        found.remote.url, token_words(hosted.kind), environ, userinfo=found.userinfo
    )
    if who is None:
        raise ForgeError(
            f"no token for {found.remote.where}",
            hint="set FLUXBUMP_TOKEN or FLUXBUMP_TOKEN_FILE (permissions: docs/forges.md)",
        )
    from fluxbump.forges import registry

    # Some forges show the token as the user of a URL, without a password.
    secret = who.secret if who.secret else Secret(who.username)
    allowed = token_transport.http_hosts(environ)
    return registry.connect(hosted, secret, who.account, allow_http=allowed)


def _notes(
    settings: Settings, servers: AllowedServers | None, releases: tuple[str, ...], *, offline: bool
) -> Mapping[str, str] | None:
    if settings.run.release_notes is None:
        return None
    from fluxbump.system.http.fetch import Web
    from fluxbump.system.http.retries import Patience

    # Release notes are optional, so a run waits for them less than for the index.
    haste = Patience(connect=5.0, read=10.0, total=15.0, attempts=2)
    url = settings.run.release_notes
    limit = None if url == RELEASE_NOTES else servers
    with Web(offline=offline, patience=haste, servers=limit) as web:
        return fetch_release_notes.fetch(releases, web.get, url)
