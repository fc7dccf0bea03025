"""Parse the URL of a remote into one that is safe to store and to show. Pure."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from msgspec import Struct

from fluxbump.errors import UsageError
from fluxbump.system.secret import Secret
from fluxbump.text.patterns import lazy_pattern

_SCP = lazy_pattern(
    r"(?:(?P<user>[^@:/]+)@)?(?P<host>[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):(?P<path>.+)"
)
"""The form `user@host:path` of git-clone(1), with a colon before the first slash."""
_HELPER = lazy_pattern(r"[A-Za-z0-9+.-]+::")
_HOST = lazy_pattern(r"[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]")
_SCHEMES = ("https", "http", "ssh", "file")
_HINT = "give https://…, ssh://…, git@host:path, file://… or a path"


class RemoteUrl(Struct, frozen=True):
    """The URL of a remote, without secrets.

    Attributes:
        url: the URL as git takes it, without user information except the user of an ssh URL; the
            path itself for a local directory.
        scheme: `https`, `http`, `ssh` or `file`; empty for a local directory.
        host: the host in lower case, with the port if the URL has one; empty for `file` and local
            directories.
        path: the path on the host without the leading slash; as given for `file` and local
            directories.
    """

    url: str
    scheme: str
    host: str
    path: str

    @property
    def is_http(self) -> bool:
        """Whether the remote is reached over HTTP, so that it takes a user name and a password."""
        return self.scheme in ("http", "https")

    @property
    def is_local(self) -> bool:
        """Whether the remote is in the local file system."""
        return self.scheme in ("", "file")

    @property
    def site(self) -> str:
        """The scheme and the host that a credential belongs to: `https://host:port`."""
        return f"{self.scheme}://{self.host}"


class Userinfo(Struct, frozen=True):
    """The part of a URL before the `@`; either half can be a token, so both are secret."""

    username: Secret
    password: Secret


def parse(text: str) -> tuple[RemoteUrl, Userinfo | None]:
    """Parse a remote's URL, and return it and its user information separately.

    Raises:
        UsageError: git does not support the URL, or it may have a secret in a wrong place. The
            message does not quote the URL.
    """
    if not text or not text.isprintable() or text.startswith("-") or text != text.strip():
        raise UsageError("the URL of the repository is invalid", hint=_HINT)
    if _HELPER.match(text):
        # git-remote-ext(1) runs any command that such a URL names.
        raise UsageError("the repository's URL names a helper program", hint=_HINT)
    if "://" not in text:
        return _scp_or_path(text), None
    return _url(text)


def _scp_or_path(text: str) -> RemoteUrl:
    found = _SCP.fullmatch(text)
    if found is None:
        return RemoteUrl(text, "", "", text)
    if found["host"].startswith("-"):
        raise UsageError("the repository's URL has no valid host", hint=_HINT)
    return RemoteUrl(text, "ssh", found["host"].lower(), found["path"].lstrip("/"))


def _url(text: str) -> tuple[RemoteUrl, Userinfo | None]:
    try:
        parts = urlsplit(text)
        port = parts.port  # reading it validates it
    except ValueError:
        raise UsageError("the URL of the repository is invalid", hint=_HINT) from None
    if parts.scheme not in _SCHEMES:
        raise UsageError(f"unsupported scheme: {parts.scheme}://", hint=_HINT)
    if parts.scheme == "file":
        return RemoteUrl(text, "file", "", parts.path), None
    if parts.query or parts.fragment:
        raise UsageError(
            "the repository's URL has a query or a fragment",
            hint="drop it, and give the token in FLUXBUMP_TOKEN",
        )
    name = parts.netloc.rpartition("@")[2]
    bare = name.removesuffix(f":{port}") if port is not None else name.removesuffix(":")
    if not _HOST.fullmatch(bare) or bare.startswith("-"):
        raise UsageError("the repository's URL has no valid host", hint=_HINT)
    host = bare.lower() if port is None else f"{bare.lower()}:{port}"
    user = parts.username or ""
    if parts.scheme == "ssh":
        before = f"{user}@" if user else ""
        url = f"ssh://{before}{host}{parts.path}"
        return RemoteUrl(url, "ssh", host, parts.path.lstrip("/")), None
    url = f"{parts.scheme}://{host}{parts.path}"
    clean = RemoteUrl(url, parts.scheme, host, parts.path.lstrip("/"))
    return clean, _userinfo(user, parts.password or "")


def _userinfo(username: str, password: str) -> Userinfo | None:
    if not username and not password:
        return None
    return Userinfo(Secret(unquote(username)), Secret(unquote(password)))
