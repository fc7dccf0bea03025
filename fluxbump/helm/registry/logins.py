"""Who we are at a registry: what Helm and Docker keep, and their credential helpers.

Helm's own file comes first, then Docker's, as Helm itself looks. Within a file the order is
Docker's: the helper of the registry, the store of all registries, and what is in the file. Nothing
of it comes from the repository that is looked at.
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
    """What a registry knows us by.

    Attributes:
        username: empty for an identity token.
        secret: password, or identity token.
        source: where it comes from, for people: a file, or a program.
    """

    username: str
    secret: Secret
    source: str


class FoundLogin(Struct, frozen=True):
    """What there is for a registry.

    Attributes:
        login: None without one.
        problems: what could not be asked or read, for people; the login may be there.
    """

    login: Login | None
    problems: tuple[str, ...] = ()


class _Entry(Struct, frozen=True):
    auth: Secret = _NOTHING
    username: str = ""
    password: Secret = _NOTHING
    identitytoken: Secret = _NOTHING

    def login(self, source: str) -> Login | None:
        """Return what it says; None if that is not enough.

        Raises:
            ValueError: `auth` is no Base64, or no UTF-8 in it.
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
    """A configuration of Docker or Helm, as much of it as is about logins.

    Attributes:
        auths: entries by registry.
        creds_store: names the helper that is asked for all registries.
        cred_helpers: names the helper that is asked for one registry.
    """

    auths: Mapping[str, _Entry] = msgspec.field(default_factory=dict)
    creds_store: str = ""
    cred_helpers: Mapping[str, str] = msgspec.field(default_factory=dict)

    def entry(self, key: str) -> _Entry | None:
        """Return the entry of a registry; None without one."""
        return _of(self.auths, key)

    def helper(self, key: str) -> str:
        """Return the name of the helper to ask about a registry; empty without one."""
        return _of(self.cred_helpers, key) or self.creds_store


def _of(found: Mapping[str, T], key: str) -> T | None:
    """Return what belongs to a registry, which may be written as a URL, as Docker takes it."""
    if key in found:
        return found[key]
    return next((found[name] for name in found if _bare(name) == _bare(key)), None)


def _bare(key: str) -> str:
    host = _SCHEME.sub("", key).partition("/")[0].lower()
    return HUB_LOGIN if host in HUB else host


def _secret(kind: type, value: object) -> Secret:
    """Take a text for a secret, for msgspec."""
    if kind is not Secret or not isinstance(value, str):
        raise TypeError
    return Secret(value)


class Logins:
    """Finds logins; asks for each registry once.

    Args:
        environ: the environment.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._found: dict[str, FoundLogin] = {}

    def find(self, key: str) -> FoundLogin:
        """Return what there is for a registry.

        Args:
            key: its host, or what Docker calls its own registry.
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
    """Yield the files in which logins are looked for; they need not exist.

    https://helm.sh/docs/helm/helm/ and docker/cli, docs/reference/commandline/cli.md.
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
    """Read a configuration; one that does not exist is empty.

    Raises:
        ValueError: it cannot be read, or is something else; says which.
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
    """Return what a configuration holds.

    Raises:
        ValueError: it is something else.
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
    """Ask a credential helper about a registry; None if it knows none.

    The protocol is that of docker/docker-credential-helpers.

    Args:
        name: behind `docker-credential-`.
        key: of the registry.
        environ: the helper's environment.

    Raises:
        ValueError: there is no such helper, it fails, or answers something else; says which.
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
        ValueError: it is no login.
    """
    try:
        answer = msgspec.json.decode(data, type=_Answer, dec_hook=_secret)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ValueError(f"{program} answers no login") from None
    if not answer.secret:
        return None
    username = "" if answer.username == _IDENTITY else answer.username
    return Login(username, answer.secret, program)
