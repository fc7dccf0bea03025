"""Opens the git side of a run: repository, base branch, remote and credential."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

import platformdirs
from msgspec import Struct
from msgspec.structs import replace

from fluxbump.config.settings import Settings
from fluxbump.config.source_options import AS_CONFIGURED, SourceOptions
from fluxbump.errors import FluxbumpError, RepositoryError
from fluxbump.forges import detect
from fluxbump.forges.kinds import token_words
from fluxbump.git import remote_url, token
from fluxbump.git.clones import cached_clone
from fluxbump.git.objects import CommitSnapshot
from fluxbump.git.remote import Remote
from fluxbump.git.remote_errors import RemoteError
from fluxbump.git.remote_url import RemoteUrl, Userinfo
from fluxbump.git.repository import Repository
from fluxbump.git.token import Credential
from fluxbump.run.remote_and_forge import NoRemote, RemoteBranches
from fluxbump.system.background_thread import beside
from fluxbump.workspace import settings_of


class Asked(Struct, frozen=True):
    """The options of the user, which override the configuration of the repository.

    Attributes:
        repository: a path, or the URL of a remote. None takes the repository of the current folder.
        remote: the name of the remote, for a repository on this disk.
        base: the branch that pull requests go to. None takes the configured or default branch.
        forge: the kind of forge. None takes the configured one, or detects it.
        forge_url: the URL of the forge. None takes the configured one, or derives it from the
            remote.
        sources: the sources of facts.
        dry_run: whether nothing will be pushed or sent, so that remote and forge can be missing.
        leave: the kinds of pin that stay if they would go down, or cannot be generated again.
        allow_http: the hosts to which a token can be sent over http.
        allow_hosts: the servers that fluxbump.yaml can name. If it is empty, only the environment
            limits them.
    """

    repository: str | None = None
    remote: str = "origin"
    base: str | None = None
    forge: str | None = None
    forge_url: str | None = None
    sources: SourceOptions = AS_CONFIGURED
    dry_run: bool = False
    leave: frozenset[str] = frozenset()
    allow_http: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()


class Ground(Struct, frozen=True):
    """The git side of a run's place.

    Attributes:
        repository: the local repository that has the base.
        base: the tip of the base branch.
        branch: the name of the base branch.
        default_branch: the default branch of the remote. Empty if the remote does not say it.
        settings: the configuration in the base.
        remote: the remote that branches are pushed to.
        credential: the credential for the remote and its forge. None if there is none, or none is
            needed.
        userinfo: the part of the remote's URL before the `@`. None if there is none.
        root: the folder of the working tree, for paths in the configuration. None without one.
        missing: the things that a dry run does without, one sentence each.
    """

    repository: Repository
    base: CommitSnapshot
    branch: str
    settings: Settings
    remote: RemoteBranches
    credential: Credential | None = None
    userinfo: Userinfo | None = None
    root: Path | None = None
    missing: tuple[str, ...] = ()
    default_branch: str = ""


def opened(asked: Asked, environ: Mapping[str, str]) -> Ground:
    """Open the repository and fetch its base. The caller closes the repository.

    Args:
        asked: the options of the user.
        environ: the environment variables.

    Raises:
        FluxbumpError: the repository, its remote or its configuration is missing or not usable.
    """
    if asked.repository is not None:
        url, userinfo = remote_url.parse(asked.repository)
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
) -> Ground:
    keys = _Keys(url, userinfo, environ)
    # For an unknown host, only the configuration in the base names the kind of forge.
    kind = asked.forge or detect.known(url, environ)
    ground = _clone_of(asked.base, keys, kind)
    wanted = ground.settings.run.base_branch
    if asked.base is None and wanted not in (None, ground.branch):
        ground.repository.close()
        other = _clone_of(wanted, keys, kind or ground.settings.run.forge)
        ground = replace(other, default_branch=ground.branch)
    return replace(ground, userinfo=userinfo)


def _clone_of(branch: str | None, keys: _Keys, kind: str | None) -> Ground:
    cache_dir = platformdirs.user_cache_path("fluxbump", appauthor=False) / "clones"
    who = keys.of(kind)
    with beside(_ready_to_read):
        path = cached_clone(keys.url, cache_dir, who, branch, environ=keys.environ)
    remote = keys.remote(path, who, cached=True)
    repository = Repository(path, remote.environ)
    name = branch or repository.current_branch()
    base = repository.snapshot(repository.commit("HEAD"), name)
    settings = settings_of(base)
    who = keys.of(kind or settings.run.forge)
    remote = keys.remote(path, who, cached=True)
    default = name if branch is None else _default_branch(remote)
    return Ground(repository, base, name, settings, remote, who, default_branch=default)


def _ready_to_read() -> None:
    """Import the reader of the configuration while the remote answers: both take about as long."""
    import_module("fluxbump.config.file")


def _checked_out(asked: Asked, repository: Repository, environ: Mapping[str, str]) -> Ground:
    address = repository.remote_address(asked.remote)
    root = None if repository.bare else repository.root
    if address is None:
        if not asked.dry_run:
            raise RepositoryError(
                f"no remote called {asked.remote}",
                hint="add one with git remote add, or use --remote NAME or --dry-run",
            )
        return _alone(asked, repository, root)
    url, userinfo = remote_url.parse(address)
    keys = _Keys(url, userinfo, environ, repository.root)
    kind = asked.forge or detect.known(url, environ)
    who = keys.of(kind or _said_here(repository))
    remote = keys.remote(repository.root, who)
    default = remote.default_branch() if asked.base is None else _default_branch(remote)
    branch = asked.base or default
    base = repository.snapshot(repository.commit(remote.fetch(branch)), branch)
    settings = settings_of(base)
    if asked.base is None and settings.run.base_branch not in (None, branch):
        branch = settings.run.base_branch or branch
        base = repository.snapshot(repository.commit(remote.fetch(branch)), branch)
        settings = settings_of(base)
    who = keys.of(kind or settings.run.forge)
    remote = keys.remote(repository.root, who)
    return Ground(
        repository, base, branch, settings, remote, who, userinfo, root, default_branch=default
    )


def _default_branch(remote: Remote) -> str:
    try:
        return remote.default_branch()
    except RemoteError:  # HEAD is on none; what is wrong otherwise shows where the base is fetched
        return ""


def _said_here(repository: Repository) -> str | None:
    """Return `run.forge` from the checked-out commit; None if there is none.

    A fetch of the base can need a token, and the name of its variable depends on the kind of forge.
    """
    try:
        return settings_of(repository.snapshot(repository.commit("HEAD"), "HEAD")).run.forge
    except FluxbumpError:  # the base has the last word, and is asked next
        return None


def _alone(asked: Asked, repository: Repository, root: Path | None) -> Ground:
    branch = asked.base or repository.current_branch()
    base = repository.snapshot(repository.commit(branch), branch)
    missing = (f"no remote called {asked.remote}: reading the local branch {branch}",)
    return Ground(
        repository, base, branch, settings_of(base), NoRemote(), root=root, missing=missing
    )


class _Keys:
    """Finds the credential for a remote by the kind of its forge, once for each kind.

    The kind only selects the variables to read. The credential goes to the remote's own host, which
    no file of the repository names.
    """

    def __init__(
        self,
        url: RemoteUrl,
        userinfo: Userinfo | None,
        environ: Mapping[str, str],
        cwd: Path | None = None,
    ) -> None:
        self.url = url
        self.environ = environ
        self.of: Callable[[str | None], Credential | None] = cache(self._find)
        self._userinfo = userinfo
        self._cwd = cwd

    def remote(self, path: Path, who: Credential | None, *, cached: bool = False) -> Remote:
        """Return the remote of a local repository.

        Args:
            path: the folder of the repository.
            who: the credential for git. None if there is none.
            cached: whether the repository is a clone in fluxbump's cache.
        """
        return Remote(path, self.url, who, cached=cached, environ=self.environ)

    def _find(self, kind: str | None) -> Credential | None:
        if self.url.is_local:
            return None
        words = token_words(kind)
        return token.find(self.url, words, self.environ, userinfo=self._userinfo, cwd=self._cwd)
