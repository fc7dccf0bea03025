"""Where a scheduled run happens: opens the repository, its remote and its forge.

Mostly there is nothing to do, so what talks to the forge is imported when the forge is asked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
from msgspec import Struct
from msgspec.structs import replace

from fluxbump import credentials, remoteurl
from fluxbump.clones import cached_clone
from fluxbump.credentials import Credential
from fluxbump.errors import ForgeError, RefusedError, RepositoryError
from fluxbump.forges.forge import Forge
from fluxbump.forges.remotes import HOSTS, detect
from fluxbump.knowledge import Sources
from fluxbump.model import IndexSource
from fluxbump.objects import CommitSnapshot
from fluxbump.remote import Remote
from fluxbump.remoteurl import RemoteUrl, Userinfo
from fluxbump.repo import Repository
from fluxbump.run import releasenotes
from fluxbump.run.hands import Far, Nowhere
from fluxbump.secret import Secret
from fluxbump.settings import FILE, Settings
from fluxbump.workspace import index_source, release_sources, settings_of


class Asked(Struct, frozen=True):
    """What the user asked for, where it differs from the configuration.

    Attributes:
        repository: a path, or the URL of a remote; None for the repository we are in.
        remote: name of the remote of a repository on this disk.
        base: branch to propose to.
        forge: kind of forge.
        forge_url: address of the forge.
        index: where chart releases come from.
        releases: where the manifests of Flux releases are.
        offline: use the cached index only.
        rehearse: nothing will be pushed or sent, so a remote and a forge need not be there.
    """

    repository: str | None = None
    remote: str = "origin"
    base: str | None = None
    forge: str | None = None
    forge_url: str | None = None
    index: str | None = None
    releases: str | None = None
    offline: bool = False
    rehearse: bool = False


class Place(Struct, frozen=True):
    """Where a run happens.

    Attributes:
        repository: that has the base.
        base: the tip of the base branch.
        base_branch: its name.
        settings: the configuration in the base.
        source: of the chart index.
        sources: of what the tables of releases do not hold.
        remote: that is pushed to.
        remote_name: what people call it.
        forge: connects to the forge, when it is needed.
        notes: of releases.
        missing: what a rehearsal goes without, one sentence each.
    """

    repository: Repository
    base: CommitSnapshot
    base_branch: str
    settings: Settings
    source: IndexSource
    sources: Sources
    remote: Far
    remote_name: str
    forge: Callable[[], Forge]
    notes: Callable[[tuple[str, ...]], Mapping[str, str] | None]
    missing: tuple[str, ...] = ()


@contextmanager
def opened(asked: Asked, environ: Mapping[str, str] | None = None) -> Iterator[Place]:
    """Open what a run needs, and close it afterwards.

    Raises:
        FluxbumpError: something is not there, or cannot be used.
    """
    told = dict(os.environ if environ is None else environ)
    with ExitStack() as stack:
        ground = _ground(asked, told)
        stack.callback(ground.repository.close)
        settings = ground.settings
        source = stack.enter_context(
            index_source(asked.index, settings, ground.root, offline=asked.offline)
        )
        sources = stack.enter_context(
            release_sources(
                source,
                settings,
                ground.root,
                index=asked.index,
                releases=asked.releases,
                offline=asked.offline,
            )
        )
        yield Place(
            repository=ground.repository,
            base=ground.base,
            base_branch=ground.branch,
            settings=settings,
            source=source,
            sources=sources,
            remote=ground.remote,
            remote_name=asked.remote,
            forge=cache(partial(_forge, asked, ground, told)),
            notes=cache(partial(_notes, settings, offline=asked.offline)),
            missing=ground.missing,
        )


class _Ground(Struct, frozen=True):
    """The git side of a place; `root` is that of a work tree, for paths in the configuration."""

    repository: Repository
    base: CommitSnapshot
    branch: str
    settings: Settings
    remote: Far
    credential: Credential | None = None
    userinfo: Userinfo | None = None
    root: Path | None = None
    missing: tuple[str, ...] = ()


def _ground(asked: Asked, environ: Mapping[str, str]) -> _Ground:
    if asked.repository is not None:
        url, userinfo = remoteurl.parse(asked.repository)
        if not url.is_local or url.scheme:
            return _cloned(asked, url, userinfo, environ)
    repository = Repository(Path(asked.repository) if asked.repository else None)
    try:
        return _checked_out(asked, repository, environ)
    except BaseException:
        repository.close()
        raise


def _cloned(
    asked: Asked, url: RemoteUrl, userinfo: Userinfo | None, environ: Mapping[str, str]
) -> _Ground:
    who = _credential(asked, url, userinfo, environ, None)
    ground = _clone_of(asked.base, url, who, environ)
    wanted = ground.settings.base_branch
    if asked.base is None and wanted not in (None, ground.branch):
        ground.repository.close()
        ground = _clone_of(wanted, url, who, environ)
    return replace(ground, userinfo=userinfo)


def _clone_of(
    branch: str | None, url: RemoteUrl, who: Credential | None, environ: Mapping[str, str]
) -> _Ground:
    cache_dir = platformdirs.user_cache_path("fluxbump", appauthor=False) / "clones"
    path = cached_clone(url, cache_dir, who, branch, environ=environ)
    remote = Remote(path, url, who, cached=True, environ=environ)
    repository = Repository(path, remote.environ)
    name = branch or repository.current_branch()
    base = repository.snapshot(repository.commit("HEAD"), name)
    return _Ground(repository, base, name, settings_of(base), remote, who)


def _checked_out(asked: Asked, repository: Repository, environ: Mapping[str, str]) -> _Ground:
    address = repository.remote_address(asked.remote)
    root = None if repository.bare else repository.root
    if address is None:
        if not asked.rehearse:
            raise RepositoryError(
                f"the repository has no remote called {asked.remote}",
                hint="git remote add, or --remote NAME, or --dry-run to see what would be proposed",
            )
        return _alone(asked, repository, root)
    url, userinfo = remoteurl.parse(address)
    who = _credential(asked, url, userinfo, environ, repository.root)
    remote = Remote(repository.root, url, who, environ=environ)
    branch = asked.base or remote.default_branch()
    base = repository.snapshot(repository.commit(remote.fetch(branch)), branch)
    settings = settings_of(base)
    if asked.base is None and settings.base_branch not in (None, branch):
        branch = settings.base_branch or branch
        base = repository.snapshot(repository.commit(remote.fetch(branch)), branch)
        settings = settings_of(base)
    return _Ground(repository, base, branch, settings, remote, who, userinfo, root)


def _alone(asked: Asked, repository: Repository, root: Path | None) -> _Ground:
    branch = asked.base or repository.current_branch()
    base = repository.snapshot(repository.commit(branch), branch)
    missing = (f"no remote called {asked.remote}: {branch} is read as it is here",)
    return _Ground(
        repository, base, branch, settings_of(base), Nowhere(), root=root, missing=missing
    )


def _credential(
    asked: Asked,
    url: RemoteUrl,
    userinfo: Userinfo | None,
    environ: Mapping[str, str],
    cwd: Path | None,
) -> Credential | None:
    if url.is_local:
        return None
    kind = asked.forge or HOSTS.get(url.host)
    return credentials.find(url, kind, environ, userinfo=userinfo, cwd=cwd)


def _forge(asked: Asked, ground: _Ground, environ: Mapping[str, str]) -> Forge:
    if not isinstance(ground.remote, Remote):
        return Nowhere()
    kind = asked.forge or ground.settings.forge
    where = asked.forge_url or ground.settings.forge_url
    hosted = detect(ground.remote.url, kind=kind, forge_url=where)
    if asked.forge_url is None and where is not None:
        _require_kin(where, ground.remote.url)
    # Only now it is known of what kind it is, and so which variables may hold its token.
    who = ground.credential or credentials.find(
        ground.remote.url, hosted.kind, environ, userinfo=ground.userinfo
    )
    if who is None:
        raise ForgeError(
            f"no token for {ground.remote.where}",
            hint="set FLUXBUMP_TOKEN or FLUXBUMP_TOKEN_FILE; docs/forges.md has the rights",
        )
    from fluxbump.forges import registry

    # Some forges show the token as the user of a URL, without a password.
    secret = who.secret if who.secret else Secret(who.username)
    return registry.connect(hosted, secret, who.account)


def _require_kin(where: str, remote: RemoteUrl) -> None:
    """Refuse to send the remote's token to another host because a file of the repository says so.

    Raises:
        RefusedError: the host is neither the remote's, nor below or beside it as `api.` is.
    """
    host, own = urlsplit(where).hostname or "", remote.host.partition(":")[0]
    if host not in (own, f"api.{own}") and not host.endswith(f".{own}"):
        raise RefusedError(
            f"run.forge_url names {host}, and the remote is on {own}",
            where=FILE,
            hint=f"the token would go there; if that is right, say --forge-url {where}",
        )


def _notes(
    settings: Settings, releases: tuple[str, ...], *, offline: bool
) -> Mapping[str, str] | None:
    if settings.release_notes is None:
        return None
    from fluxbump.web import Web
    from fluxbump.web.wire import Patience

    # Nice to have, so a run does not wait for them as it does for the index.
    haste = Patience(connect=5.0, read=10.0, total=15.0, attempts=2)
    with Web(offline=offline, patience=haste) as web:
        return releasenotes.fetch(releases, web.get, settings.release_notes)
