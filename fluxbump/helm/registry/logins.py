"""Find the login for a registry in the files of Helm and Docker and their credential helpers.

Helm's own file comes first, then Docker's, in the same order as in Helm. Within a file the order is
Docker's: the helper of the registry, or else the helper for all registries, then the entries in the
file. The repository that fluxbump reads has no influence on logins.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from fluxbump.helm.registry import credential_helper
from fluxbump.helm.registry.reference import HUB, HUB_LOGIN
from fluxbump.system.secret import Secret
from fluxbump.text.patterns import lazy_pattern

T = TypeVar("T")

_IDENTITY = "<token>"
"""The user name of an identity token (docker/cli, docs/reference/commandline/login.md)."""

_PROGRAM = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LARGEST = 1 << 20  # bytes of a configuration
_NOTHING = Secret("")
_SCHEME = lazy_pattern(r"https?://")


class Login(Struct, frozen=True):
    """A login for a registry.

    Attributes:
        username: the user name; empty for an identity token.
        secret: the password or the identity token.
        source: the file or the program that has the login, for messages.
    """

    username: str
    secret: Secret
    source: str


class FoundLogin(Struct, frozen=True):
    """The result of a search for a registry's login.

    Attributes:
        login: the login; None if there is none.
        problems: the files and helpers that failed, for messages; such a place may have a login.
    """

    login: Login | None
    problems: tuple[str, ...] = ()


class _Entry(Struct, frozen=True):
    auth: Secret = _NOTHING
    username: str = ""
    password: Secret = _NOTHING
    identitytoken: Secret = _NOTHING

    def login(self, source: str) -> Login | None:
        """Return the login of this entry; None if the entry has no complete login.

        Raises:
            ValueError: `auth` is not Base64, or not UTF-8 inside.
        """
        if self.identitytoken:
            return Login("", self.identitytoken, source)
        username, password = self.username, self.password.reveal()
        if self.auth:
            pair = base64.b64decode(self.auth.reveal(), validate=True).decode("utf-8")
            username, _, password = pair.partition(":")
        # Docker has written a null byte behind some passwords.
        secret = Secret(password.rstrip("\0"))
        return Login(username, secret, source) if username and secret else None


class LoginConfig(Struct, frozen=True, rename="camel"):
    """The part about logins of a configuration of Docker or Helm.

    Attributes:
        auths: the logins in the file, by registry.
        creds_store: the name of the helper for all registries; empty for none.
        cred_helpers: the name of the helper for single registries, by registry.
    """

    auths: Mapping[str, _Entry] = msgspec.field(default_factory=dict)
    creds_store: str = ""
    cred_helpers: Mapping[str, str] = msgspec.field(default_factory=dict)

    def entry(self, key: str) -> _Entry | None:
        """Return the login entry of a registry; None if there is none."""
        return _of(self.auths, key)

    def helper(self, key: str) -> str:
        """Return the name of the helper to ask about a registry; empty if there is none."""
        return _of(self.cred_helpers, key) or self.creds_store


def _of(found: Mapping[str, T], key: str) -> T | None:
    """Return the value for a registry, whose key can also be a URL, as Docker accepts it."""
    if key in found:
        return found[key]
    return next((found[name] for name in found if _bare(name) == _bare(key)), None)


def _bare(key: str) -> str:
    host = _SCHEME.sub("", key).partition("/")[0].lower()
    return HUB_LOGIN if host in HUB else host


def _secret(kind: type, value: object) -> Secret:
    """Decode a text as a Secret, as a hook for msgspec."""
    if kind is not Secret or not isinstance(value, str):
        raise TypeError
    return Secret(value)


class Logins:
    """Finds the logins for registries, and remembers them.

    Args:
        environ: the environment, which says where the files are.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._found: dict[str, FoundLogin] = {}

    def find(self, key: str) -> FoundLogin:
        """Return the login for a registry, and the problems on the way.

        Args:
            key: the registry's host, or Docker's key for its own registry.
        """
        if key not in self._found:
            self._found[key] = self._find(key)
        return self._found[key]

    def _find(self, key: str) -> FoundLogin:
        problems: list[str] = []
        for path in files(self._environ):
            login = self._of_file(path, key, problems)
            if login is not None:
                return FoundLogin(login, tuple(problems))
        return FoundLogin(None, tuple(problems))

    def _of_file(self, path: Path, key: str, problems: list[str]) -> Login | None:
        try:
            config = read(path)
        except ValueError as error:
            problems.append(f"{path} {error}")
            return None
        name = config.helper(key)
        if name:
            try:
                login = ask(name, key, self._environ)
            except ValueError as error:
                problems.append(f"{path} names {name!r}: {error}")
                login = None
            if login is not None:
                return login
        entry = config.entry(key)
        try:
            return entry.login(str(path)) if entry else None
        except ValueError:  # no Base64, or no UTF-8
            problems.append(f"{path} has an entry for {key} that is not valid")
            return None


def files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the files that can have logins, in order; they need not exist.

    Sources: https://helm.sh /docs/helm/helm/ and docker/cli, docs/reference/commandline/cli.md.
    """
    home = Path(environ["HOME"]) if environ.get("HOME") else None
    if environ.get("HELM_REGISTRY_CONFIG"):
        yield Path(environ["HELM_REGISTRY_CONFIG"])
    elif environ.get("HELM_CONFIG_HOME"):
        yield Path(environ["HELM_CONFIG_HOME"], "registry", "config.json")
    elif environ.get("XDG_CONFIG_HOME"):
        yield Path(environ["XDG_CONFIG_HOME"], "helm", "registry", "config.json")
    elif home:
        usual = "Library/Preferences" if sys.platform == "darwin" else ".config"
        yield home / usual / "helm" / "registry" / "config.json"
    if environ.get("DOCKER_CONFIG"):
        yield Path(environ["DOCKER_CONFIG"], "config.json")
    elif home:
        yield home / ".docker" / "config.json"


def read(path: Path) -> LoginConfig:
    """Read a configuration of Docker or Helm; a missing file is an empty one.

    Raises:
        ValueError: the file cannot be read, or is not such a configuration; the message says which.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return LoginConfig()
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot be read: {getattr(error, 'strerror', None)}") from None
    if len(data) > _LARGEST:
        raise ValueError("is too large for a configuration")
    return parse(data)


def parse(data: bytes) -> LoginConfig:
    """Parse a configuration of Docker or Helm.

    Raises:
        ValueError: `data` is not such a configuration.
    """
    try:
        # Docker takes an empty file for an empty configuration.
        return msgspec.json.decode(data.strip() or b"{}", type=LoginConfig, dec_hook=_secret)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # What it says may quote a password.
        raise ValueError("is not a configuration of Docker or Helm") from None


class _Answer(Struct, frozen=True, rename="pascal"):
    username: str
    secret: Secret


def ask(name: str, key: str, environ: Mapping[str, str]) -> Login | None:
    """Ask a credential helper for the login of a registry; None if the helper has none.

    The protocol is that of docker/docker-credential-helpers.

    Args:
        name: the part of the program's name after `docker-credential-`.
        key: the key of the registry.
        environ: the helper's environment.

    Raises:
        ValueError: there is no such helper, or it fails, or its answer is not a login; the message
            says which.
    """
    if not _PROGRAM.fullmatch(name):
        raise ValueError("that is no name for a credential helper")
    program = f"docker-credential-{name}"
    done = credential_helper.run([program, "get"], f"{key}\n".encode(), environ)
    said = done.out.reveal()
    if done.code:
        if "credentials not found" in said:
            return None
        raise ValueError(f"{program} fails with exit code {done.code}")
    return answered(said.encode("utf-8", "surrogateescape"), program)


def answered(data: bytes, program: str) -> Login | None:
    """Return the login in the answer of a credential helper; None if it has no secret.

    Raises:
        ValueError: `data` is not an answer with a login.
    """
    try:
        answer = msgspec.json.decode(data, type=_Answer, dec_hook=_secret)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ValueError(f"{program} answers no login") from None
    if not answer.secret:
        return None
    username = "" if answer.username == _IDENTITY else answer.username
    return Login(username, answer.secret, program)
