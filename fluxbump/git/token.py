"""Where the token comes from: the environment, a file, the URL, or git's credential helpers.

The order is: `FLUXBUMP_TOKEN`, `FLUXBUMP_TOKEN_FILE`, the password in the URL, the variables that
the forge's own tools read, `git credential fill`, and last a user in the URL without a password.
The first that is there is taken; one that is there and cannot be a token is an error, because the
next would be somebody else's.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fluxbump.errors import ToolError, UsageError
from fluxbump.git import network_process
from fluxbump.git.remote_url import RemoteUrl, Userinfo
from fluxbump.system.secret import Secret, masked

TOKEN = "FLUXBUMP_TOKEN"  # noqa: S105  # the variable's name
TOKEN_FILE = "FLUXBUMP_TOKEN_FILE"  # noqa: S105  # the variable's name

_VARIABLES = {
    # The order of GitHub's own tool, so that a token made for a bot wins over the job's.
    # https://cli.github.com/manual/gh_help_environment
    "github": ("GH_TOKEN", "GITHUB_TOKEN"),
    "gitlab": ("GITLAB_TOKEN",),  # https://gitlab.com/gitlab-org/cli#environment-variables
    "gitea": ("GITEA_TOKEN", "FORGEJO_TOKEN"),
    "forgejo": ("FORGEJO_TOKEN", "GITEA_TOKEN"),
    "bitbucket": ("BITBUCKET_TOKEN",),
    # https://learn.microsoft.com/azure/devops/cli/log-in-via-pat
    # https://learn.microsoft.com/azure/devops/pipelines/build/variables (System.AccessToken)
    "azure": ("AZURE_DEVOPS_EXT_PAT", "SYSTEM_ACCESSTOKEN"),
}
_ENTERPRISE = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")

_APP_PASSWORD = "BITBUCKET_APP_PASSWORD"  # noqa: S105  # the variable's name
_API_TOKEN = "BITBUCKET_API_TOKEN"  # noqa: S105  # the variable's name

_USERNAMES = {
    # https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
    "github": "x-access-token",
    # https://docs.gitlab.com/api/oauth2/ (Access Git over HTTPS); any name goes for other tokens
    "gitlab": "oauth2",
    # https://support.atlassian.com/bitbucket-cloud/docs/using-access-tokens/
    "bitbucket": "x-token-auth",
}
_ANYBODY = "x-access-token"
_API_TOKEN_USER = "x-bitbucket-api-token-auth"  # noqa: S105  # a username
"""What git says beside an API token of Atlassian, when the account is known by its e-mail address.

The REST interface takes the address, and git does not.
https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/
"""
_NOBODY = frozenset({*_USERNAMES.values(), _ANYBODY, _API_TOKEN_USER})
"""Usernames that stand for the token, and for no account."""

_LONGEST = 8192
_PATIENCE = 30.0
"""Seconds that a credential helper may take."""


@dataclass(frozen=True, slots=True)
class Credential:
    """Who we are for a remote and its forge.

    Attributes:
        username: what git says before the token; a token by itself when `secret` is empty, so it
            is not shown either.
        secret: the token or password.
        source: where it comes from, for people: `FLUXBUMP_TOKEN`.
        account: whose the secret is, where the two belong together (HTTP Basic); empty where the
            secret alone says who we are (HTTP Bearer).

    Raises:
        UsageError: the username or the secret has what neither HTTP nor git's credential protocol
            can carry (gitcredentials(7)): a line break or another control character.
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
        """Return `text` without the secret, also as HTTP Basic has it."""
        pair = f"{self.username}:{self.secret.reveal()}".encode()
        return masked(
            text, (self.secret.reveal() or self.username, base64.b64encode(pair).decode())
        )


def find(
    remote: RemoteUrl,
    kind: str | None,
    environ: Mapping[str, str],
    *,
    userinfo: Userinfo | None = None,
    cwd: Path | None = None,
) -> Credential | None:
    """Find the credential for a remote; None when there is none anywhere.

    Args:
        remote: what it is for.
        kind: of forge: `github`, `gitlab`, `gitea`, `forgejo`, `bitbucket`, `azure`; None when it
            is not known, and then only our own variables and git's helpers are asked.
        environ: the environment.
        userinfo: what the URL had before the `@`.
        cwd: the repository whose configuration names git's credential helpers.

    Raises:
        UsageError: a variable or file is there, and cannot be a token.
        ToolError: git or its helper cannot be run.
    """
    complete = userinfo if userinfo and userinfo.password else None
    name = userinfo.username.reveal() if userinfo else ""
    return (
        _own(environ, kind)
        or _token_file(environ, kind)
        or from_url(complete, kind)
        or from_forge(environ, kind, remote)
        or _ask_git(remote, kind, name, environ, cwd)
        # A name alone: forges put it into the URLs that they show, but it can be a token.
        or from_url(userinfo)
    )


# --- pure -------------------------------------------------------------------------------------


def from_url(userinfo: Userinfo | None, kind: str | None = None) -> Credential | None:
    """Return what a URL said before the `@`; `kind` is that of its forge, if it is known.

    Raises:
        UsageError: it holds what cannot be a token.
    """
    if userinfo is None:
        return None
    source = "the repository's URL"
    if not userinfo.password:
        return Credential(userinfo.username.reveal(), userinfo.password, source)
    return _of_account(userinfo.username.reveal(), userinfo.password, kind, source)


def from_forge(
    environ: Mapping[str, str], kind: str | None, remote: RemoteUrl
) -> Credential | None:
    """Return what the variables of a forge's own tools hold.

    A token for github.com is not sent to another host: GitHub Enterprise has variables of its own.

    Raises:
        UsageError: one is set, and cannot be a token.
    """
    names = _VARIABLES.get(kind or "", ())
    if kind == "github" and not _is_github(remote.host):
        ours = environ.get("GITHUB_SERVER_URL", "").partition("://")[2].partition("/")[0].lower()
        names = (*_ENTERPRISE, *(names if ours == remote.host else ()))
    name = next((name for name in names if name in environ), None)
    if name is not None:
        return _bare(environ[name], kind, name)
    name = next((name for name in (_API_TOKEN, _APP_PASSWORD) if name in environ), None)
    return _bitbucket(environ, name) if kind == "bitbucket" and name else None


def _bitbucket(environ: Mapping[str, str], name: str) -> Credential:
    username, source = environ.get("BITBUCKET_USERNAME"), f"BITBUCKET_USERNAME and {name}"
    if not username:
        raise UsageError(f"BITBUCKET_USERNAME is required when {name} is set", hint="set both")
    return _of_account(username, _checked(environ[name], source), "bitbucket", source)


def _of_account(username: str, secret: Secret, kind: str | None, source: str) -> Credential:
    """Return what a username and a secret say together."""
    if username in _NOBODY:
        return Credential(username, secret, source)
    is_address = kind == "bitbucket" and "@" in username
    return Credential(_API_TOKEN_USER if is_address else username, secret, source, username)


def parse_answer(text: str) -> tuple[str, Secret] | None:
    """Return the user and password that `git credential fill` answers (git-credential(1))."""
    pairs = dict(line.partition("=")[::2] for line in text.split("\n"))
    username, password = pairs.get("username"), pairs.get("password")
    return (username, Secret(password)) if username and password else None


def _is_github(host: str) -> bool:
    return host in ("github.com", "ssh.github.com") or host.endswith(".ghe.com")


def _own(environ: Mapping[str, str], kind: str | None) -> Credential | None:
    return _bare(environ[TOKEN], kind, TOKEN) if TOKEN in environ else None


def _bare(value: str, kind: str | None, source: str) -> Credential:
    """A token by itself: git still wants a name, and each forge says which."""
    return Credential(_USERNAMES.get(kind or "", _ANYBODY), _checked(value, source), source)


def _checked(value: str, source: str) -> Secret:
    _check(value, source)
    return Secret(value)


def _check(value: str, source: str) -> None:
    """Refuse what cannot be a token, without quoting it.

    Raises:
        UsageError: it is empty, too long, or has more than printable characters.
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


def _token_file(environ: Mapping[str, str], kind: str | None) -> Credential | None:
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
    return _bare(value, kind, f"{TOKEN_FILE} ({path})")


def _ask_git(
    remote: RemoteUrl,
    kind: str | None,
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
    return _of_account(*answer, kind, "git's credential helper")


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
