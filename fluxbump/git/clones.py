"""Keep clones of remotes in the cache: bare, shallow, and without large files.

A clone has one commit of the branch that was asked for, and none before it. So it has no history
and no merge base.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from fluxbump.errors import RepositoryError
from fluxbump.git.remote import TIMEOUT, Remote, located
from fluxbump.git.remote_errors import AccessError, NotThereError, RemoteError, UnreachableError
from fluxbump.git.remote_url import RemoteUrl
from fluxbump.git.token import Credential, from_url

FILTER = "blob:limit=1m"
"""The filter of git-clone(1): git leaves these files at the remote until they are read.

The search for pins runs over the text of all files, so a clone without blobs would fetch every one
of them, one by one. Files of more than a mebibyte are hardly ever text; only they stay away.
"""

_SHA256_LENGTH = 64

# The values of git-clone(1) with --filter, and nothing that goes on in the background.
_CONFIG = """\
[core]
\trepositoryformatversion = 1
[extensions]
\tpartialClone = origin
[remote "origin"]
\turl = "{url}"
\tpromisor = true
\tpartialclonefilter = {filter}
[gc]
\tautoDetach = false
[maintenance]
\tautoDetach = false
"""


def cached_clone(
    url: str | RemoteUrl,
    cache_dir: Path,
    credential: Credential | None = None,
    branch: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> Path:
    """Update a clone in the cache, or make it, and return its git directory.

    HEAD of the clone is on the branch. The clone is shallow: it has one commit, without its
    parents. If another run updates the same clone, this run waits for it.

    Args:
        url: the remote's URL. A credential before the `@` is used if no other is given, and is not
            stored.
        cache_dir: the directory of the clones, which is made if missing, for its owner alone.
        credential: the credential for the remote.
        branch: the branch to fetch; None for the remote's default branch.
        environ: the environment; None for the one of this process.
        timeout: seconds that one command of git may take.

    Raises:
        RemoteError: the remote cannot be read, and the clone is as before; `remote_errors` lists
            the kinds of this error.
        RepositoryError: the cache cannot be written, or git does not allow the name of the branch.
        ToolError: git is not installed.
    """
    clean, userinfo = located(url)
    name = hashlib.sha256(f"{clean.url}\0{branch or ''}".encode()).hexdigest()[:32]

    def remote(path: Path | None) -> Remote:
        who = credential or from_url(userinfo)
        return Remote(path, clean, who, cached=True, environ=environ, timeout=timeout)

    try:
        cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _lock(cache_dir / f"{name}.lock"):
            for left in cache_dir.glob(f"{name}.*.tmp"):
                # By a run that was killed: nobody else has the lock, though its git may live on.
                shutil.rmtree(left, ignore_errors=True)
            # What lies there may be broken, so the remote is looked at from nowhere.
            target = _target(remote(None), branch)
            place = cache_dir / f"{name}.git"
            if not _refreshed(place, remote(place), target):
                _make(place, remote, clean, target)
            return place
    except OSError as error:
        raise RepositoryError(
            f"cannot write the cache: {error.strerror or error}",
            where=str(cache_dir),
            hint="name another directory, or free some space",
        ) from None


class _Target(Struct, frozen=True):
    """The branch to fetch, and its tip at the remote."""

    branch: str
    tip: str

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"


def _target(remote: Remote, branch: str | None) -> _Target:
    if branch is None:
        return _Target(*remote.head())
    tip = remote.tip(branch)
    if tip is None and not remote.branches():
        raise remote.empty()
    if tip is None:
        raise RemoteError(
            f"{remote.where} has no branch {branch}", hint="name one that is there, or none"
        )
    return _Target(branch, tip)


def _refreshed(place: Path, remote: Remote, target: _Target) -> bool:
    """Update a clone; return False if there is none, or if it is broken."""
    if not place.is_dir():
        return False
    try:
        if remote.run("rev-parse", "--verify", "--quiet", target.ref).strip() != target.tip:
            _fetch(remote, target)
            _tidy(remote)
        _check(remote, target)
    except (AccessError, NotThereError, UnreachableError):
        raise  # that is no reason to throw away what we have
    except RepositoryError:
        return False
    return True


def _make(place: Path, remote: Callable[[Path], Remote], url: RemoteUrl, target: _Target) -> None:
    """Make a clone beside its place, and move it there when it is complete."""
    made = Path(tempfile.mkdtemp(prefix=f"{place.stem}.", suffix=".tmp", dir=place.parent))
    try:
        kind = "sha256" if len(target.tip) == _SHA256_LENGTH else "sha1"
        new = remote(made)
        new.run("init", "--quiet", "--bare", "--template=", f"--object-format={kind}")
        quoted = url.url.replace("\\", "\\\\").replace('"', '\\"')
        with (made / "config").open("a", encoding="utf-8") as config:
            config.write(_CONFIG.format(url=quoted, filter=FILTER))
        _fetch(new, target)
        _check(new, target)
        if place.exists():
            place.rename(made.with_suffix(".old.tmp"))
        made.rename(place)
    finally:
        for left in place.parent.glob(f"{place.stem}.*.tmp"):
            shutil.rmtree(left, ignore_errors=True)


def _fetch(remote: Remote, target: _Target) -> None:
    remote.fetch(target.branch, into=target.ref)
    remote.run("symbolic-ref", "HEAD", target.ref)


def _tidy(remote: Remote) -> None:
    """Let git join packs if there are too many (git-gc(1)), because each update adds one.

    A failure is ignored: nothing depends on it, and the next update tries again.
    """
    with suppress(RepositoryError):
        remote.run("-c", "gc.auto=6700", "gc", "--auto", "--quiet")


def _check(remote: Remote, target: _Target) -> None:
    """Check that the clone has all trees of the tip, and all files that the filter lets through.

    Raises:
        RepositoryError: an object is missing or cannot be read.
    """
    remote.run(
        "rev-list", "--objects", "--quiet", "--no-walk", "--missing=allow-promisor", target.ref
    )


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Wait for a lock that the kernel releases when its holder ends, even if it is killed.

    The file stays, because removing it would let two runs lock two files of one name.
    """
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
