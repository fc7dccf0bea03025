"""Find the token for a forge: in the environment, a file, the URL, or git's credential helpers.

The order is: `FLUXBUMP_TOKEN`, `FLUXBUMP_TOKEN_FILE`, the password in the URL, the variables that
the forge's own tools read, `git credential fill`, and last a user in the URL without a password.
The first value that is set is used. A value that cannot be a token is an error, because the next
one may belong to another account.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fluxbump.errors import ToolError, UsageError
from fluxbump.git import network_process
from fluxbump.git.remote_url import RemoteUrl, Userinfo
from fluxbump.system.secret import Secret, masked

TOKEN = "FLUXBUMP_TOKEN"  # noqa: S105  # the variable's name
TOKEN_FILE = "FLUXBUMP_TOKEN_FILE"  # noqa: S105  # the variable's name

_URL = "the repository's URL"
_LONGEST = 8192
_PATIENCE = 30.0
"""Seconds that a credential helper may take."""


class TokenWords(Protocol):
    """The names of variables and usernames that a forge uses for its tokens."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that the forge's own tools read; the first one that is set is used."""

    @property
    def username(self) -> str:
        """The username that git sends with a token that has no account."""

    @property
    def own_hosts(self) -> tuple[str, ...]:
        """The hosts that `variables` are for, or suffixes of host names; empty for all hosts."""

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """The variables for hosts that are not in `own_hosts`."""

    @property
    def site_variable(self) -> str:
        """The variable with the URL of one more host that `variables` are for; empty for none."""

    @property
    def account_variable(self) -> str:
        """The variable with the account that `account_secrets` belong to; empty for none."""

    @property
    def account_secrets(self) -> tuple[str, ...]:
        """The variables with a secret of the account in `account_variable`."""

    @property
    def address_username(self) -> str:
        """The username that git sends if the account is an email address; empty for the address."""

    @property
    def nobody(self) -> frozenset[str]:
        """The usernames that mean that the secret is a token without an account."""


@dataclass(frozen=True, slots=True)
class Credential:
    """The username and secret for a remote and its forge.

    Attributes:
        username: the username that git sends with the secret. It is the token itself if `secret` is
            empty, so it is not shown either.
        secret: the token or password.
        source: the place that it comes from, for messages: `FLUXBUMP_TOKEN`.
        account: the secret's account, for HTTP Basic; empty if it is sent alone, for HTTP Bearer.

    Raises:
        UsageError: the username or the secret is empty, too long, or has a control character, which
            HTTP and git's credential protocol cannot carry (gitcredentials(7)).
    """

    username: str = field(repr=False)
    secret: Secret
    source: str
    account: str = ""

    def __post_init__(self) -> None:
        for text in (self.username, self.account or self.username):
            _check(text, self.source)
        if self.secret:
            _check(self.secret.reveal(), self.source)

    def redact(self, text: str) -> str:
        """Return `text` with the secret masked, also in the encoding of HTTP Basic."""
        pair = f"{self.username}:{self.secret.reveal()}".encode()
        return masked(
            text, (self.secret.reveal() or self.username, base64.b64encode(pair).decode())
        )


def find(
    remote: RemoteUrl,
    words: TokenWords,
    environ: Mapping[str, str],
    *,
    userinfo: Userinfo | None = None,
    cwd: Path | None = None,
) -> Credential | None:
    """Find the credential for a remote; None if no place has one.

    Args:
        remote: the remote's URL.
        words: the names that the remote's forge uses; an unknown forge has no variables of its own.
        environ: the environment.
        userinfo: the user information of the URL.
        cwd: the repository whose configuration names git's credential helpers.

    Raises:
        UsageError: a variable or file has a value that cannot be a token.
        ToolError: git or its helper cannot be run.
    """
    name = userinfo.username.reveal() if userinfo else ""
    return (
        _own(environ, words)
        or _token_file(environ, words)
        or _with_password(userinfo, words)
        or _from_forge(environ, words, remote)
        or _ask_git(remote, words, name, environ, cwd)
        # A name alone: forges put it into the URLs that they show, but it can be a token.
        or from_url(userinfo)
    )


# --- pure -------------------------------------------------------------------------------------


def from_url(userinfo: Userinfo | None) -> Credential | None:
    """Return the credential in a URL's user information, which is for git alone.

    Raises:
        UsageError: the user information cannot be a credential.
    """
    if userinfo is None:
        return None
    return Credential(userinfo.username.reveal(), userinfo.password, _URL)


def _with_password(userinfo: Userinfo | None, words: TokenWords) -> Credential | None:
    if userinfo is None or not userinfo.password:
        return None
    return _of_account(userinfo.username.reveal(), userinfo.password, words, _URL)


def _from_forge(
    environ: Mapping[str, str], words: TokenWords, remote: RemoteUrl
) -> Credential | None:
    """Return the credential in the variables of a forge's own tools; None if none is set.

    A token for the forge's own hosts is not sent to another one.

    Raises:
        UsageError: a variable has a value that cannot be a token, or the account's variable is not
            set.
    """
    names = words.variables
    if words.own_hosts and not _is_own(remote.host, words):
        site = environ.get(words.site_variable, "").partition("://")[2].partition("/")[0].lower()
        names = (*words.elsewhere, *(names if site == remote.host else ()))
    name = next((name for name in names if name in environ), None)
    if name is not None:
        return _bare(environ[name], words, name)
    name = next((name for name in words.account_secrets if name in environ), None)
    return _from_account(environ, words, name) if name else None


def _from_account(environ: Mapping[str, str], words: TokenWords, name: str) -> Credential:
    account = words.account_variable
    username, source = environ.get(account), f"{account} and {name}"
    if not username:
        raise UsageError(f"{account} is required when {name} is set", hint="set both")
    return _of_account(username, _checked(environ[name], source), words, source)


def _of_account(username: str, secret: Secret, words: TokenWords, source: str) -> Credential:
    """Return the credential of a username and a secret; some usernames stand for no account."""
    if username in words.nobody:
        return Credential(username, secret, source)
    told = words.address_username if "@" in username else ""
    return Credential(told or username, secret, source, username)


def parse_answer(text: str) -> tuple[str, Secret] | None:
    """Return the user and password in an answer of git-credential(1); None if it lacks one."""
    pairs = dict(line.partition("=")[::2] for line in text.split("\n"))
    username, password = pairs.get("username"), pairs.get("password")
    return (username, Secret(password)) if username and password else None


def _is_own(host: str, words: TokenWords) -> bool:
    return any(host == own or (own[0] == "." and host.endswith(own)) for own in words.own_hosts)


def _own(environ: Mapping[str, str], words: TokenWords) -> Credential | None:
    return _bare(environ[TOKEN], words, TOKEN) if TOKEN in environ else None


def _bare(value: str, words: TokenWords, source: str) -> Credential:
    """Return the credential of a token without an account, with the forge's username for git."""
    return Credential(words.username, _checked(value, source), source)


def _checked(value: str, source: str) -> Secret:
    _check(value, source)
    return Secret(value)


def _check(value: str, source: str) -> None:
    """Refuse a text that cannot be a token, without quoting it.

    Raises:
        UsageError: the text is empty or too long, begins or ends with a blank, or has characters
            that are not printable.
    """
    why = ""
    if not value.strip():
        why = "is empty"
    elif len(value) > _LONGEST:
        why = f"is longer than {_LONGEST} characters"
    elif len(value.splitlines()) > 1:
        why = "has more than one line"
    elif not value.isprintable():
        why = "has control characters"
    elif value != value.strip():
        why = "begins or ends with a blank"
    if why:
        raise UsageError(f"the token from {source} {why}", hint="give it a token, or unset it")


# --- the world --------------------------------------------------------------------------------


def _token_file(environ: Mapping[str, str], words: TokenWords) -> Credential | None:
    if TOKEN_FILE not in environ:
        return None
    path = environ[TOKEN_FILE]
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LONGEST + 2)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise UsageError(
            f"{TOKEN_FILE}: cannot read {path!r}: {reason}", hint="give it a file with the token"
        ) from None
    text = data.decode("utf-8", "surrogateescape")  # which is not printable, and so refused
    value = text.removesuffix("\n").removesuffix("\r")
    return _bare(value, words, f"{TOKEN_FILE} ({path})")


def _ask_git(
    remote: RemoteUrl,
    words: TokenWords,
    username: str,
    environ: Mapping[str, str],
    cwd: Path | None,
) -> Credential | None:
    if not remote.host:
        return None
    # The forge's REST interface is on HTTPS, also where git goes through ssh.
    question = {
        "protocol": remote.scheme if remote.is_http else "https",
        "host": remote.host if remote.is_http else remote.host.partition(":")[0],
        "path": remote.path,
    }
    if username:
        question["username"] = username
    answer = parse_answer(_fill(question, environ, cwd))
    if answer is None:
        return None
    return _of_account(*answer, words, "git's credential helper")


def _fill(question: Mapping[str, str], environ: Mapping[str, str], cwd: Path | None) -> str:
    text = "".join(f"{key}={value}\n" for key, value in question.items()) + "\n"
    done = network_process.run(
        ["credential", "fill"], network_process.quiet(environ), timeout=_PATIENCE, cwd=cwd,
        stdin=text.encode(),
    )  # fmt: skip
    if done.code is None:
        raise ToolError(
            f"git's credential helper gave no answer in {_PATIENCE:g} s",
            hint=f"set {TOKEN}, or see `git config credential.helper`",
        )
    # git fails when no helper knows, because it may not ask; that is no error here.
    return "" if done.code else done.out.decode("utf-8", "surrogateescape")
