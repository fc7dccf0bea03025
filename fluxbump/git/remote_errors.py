"""The errors of a remote, and how they are told from git's messages. Pure.

RepositoryError
└── RemoteError              any other failure of git at the remote
    ├── MovedError           the branch moved: read it again, then decide
    ├── DeclinedError        the server refuses the update: a protected branch, a hook
    ├── AccessError          no valid credential, or one without the right
    ├── NotThereError        no such repository, or none that the user may see
    ├── EmptyError           the repository has no branch, so it has no commit
    └── UnreachableError     the connection failed or was cut: try again later
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from fluxbump.errors import RepositoryError
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.printable import one_line

_LONGEST = 300
"""The most characters of a message, because a server can send any text."""


class RemoteError(RepositoryError):
    """A command of git failed at the remote."""


class MovedError(RemoteError):
    """The branch at the remote is not where it was expected; nothing was changed."""


class DeclinedError(RemoteError):
    """The server refused the update: the branch is protected, or a hook said no."""


class AccessError(RemoteError):
    """The server does not accept the credential, or it does not allow this action."""


class NotThereError(RemoteError):
    """There is no such repository, or the credential gives no access to it."""


class EmptyError(RemoteError):
    """The repository has no branch yet, so there is no commit to read."""


class UnreachableError(RemoteError):
    """The connection could not be made, or was cut; the action may still have happened."""


class RefResult(Struct, frozen=True):
    """One line of `git push --porcelain`.

    Attributes:
        flag: a blank, `+`, `-` or `*` if the ref was updated, `=` if it was up to date, `!` if the
            update was refused (git-push(1), OUTPUT).
        summary: git's text about the update, or about the reason of a refusal.
    """

    flag: str
    summary: str


# Messages of git's remote-curl.c, http.c, connect.c, fetch-pack.c, of libcurl and of OpenSSH. The
# first that fits counts: a server that is cut while it asks for a password says both.
_SAYINGS: tuple[tuple[type[RemoteError], str, str, re.Pattern[str]], ...] = (
    (
        AccessError, "{where} asks for a credential, and there is none",
        "set FLUXBUMP_TOKEN",
        lazy_pattern(r"could not read (?:Username|Password)|unable to get password"),
    ),
    (
        AccessError, "the credential does not allow this at {where}",
        "give its account the rights that docs/forges.md lists",
        lazy_pattern(r"requested URL returned error: 403|Permission to \S+ denied", re.IGNORECASE),
    ),
    (
        AccessError, "{where} does not accept the credential",
        "set a valid token in FLUXBUMP_TOKEN, or use another ssh key",
        lazy_pattern(r"Authentication failed|requested URL returned error: 401|Permission denied"
                   r"|access denied", re.IGNORECASE),
    ),
    (
        AccessError, "the host key of {where} is not known",
        "compare the key that ssh-keyscan prints, and add it to known_hosts",
        lazy_pattern(r"Host key verification failed"),
    ),
    (
        NotThereError, "{where} does not exist, or the credential does not give access to it",
        "check the URL, and that the token may read it",
        lazy_pattern(r"requested URL returned error: 404|repository '[^']*' not found"
                   r"|Repository not found|does not appear to be a git repository"
                   r"|remote: Not Found|project you were looking for could not be found",
                   re.IGNORECASE),
    ),
    (
        RemoteError, "{where} has no such branch",
        "use a branch that exists there",
        lazy_pattern(r"couldn't find remote ref"),
    ),
    (
        UnreachableError, "the certificate of {where} is not trusted",
        "set SSL_CERT_FILE to the file of the certificate authority",
        lazy_pattern(r"SSL certificate problem|certificate verif\w* failed|certificate subject name"
                   r"|SSL: no alternative certificate", re.IGNORECASE),
    ),
    (
        UnreachableError, "{where} cannot be reached",
        "try again later",
        lazy_pattern(r"Could not resolve|Failed to connect|Couldn't connect|Connection (?:refused"
                   r"|timed out|reset|closed)|early EOF|unexpected disconnect|RPC failed"
                   r"|hung up unexpectedly|Empty reply|transfer closed|Operation too slow"
                   r"|requested URL returned error: (?:408|429|5\d\d)|Network is unreachable"
                   r"|SSL certificate|SSL[ _](?:connect|read|write|ERROR)|gnutls_"
                   r"|TLS (?:connect|handshake)"
                   r"|No route to host|Recv failure|Send failure|bytes of (?:body|length)"
                   r"|remote failed to report status|unexpected EOF|expected flush"
                   r"|invalid index-pack output|unable to rewind rpc post", re.IGNORECASE),
    ),
)  # fmt: skip

_STALE = lazy_pattern(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref"
    r"|reference already exists|already exists|incorrect old value|failed to lock"
    r"|remote ref (?:updated since|does not exist)",
    re.IGNORECASE,
)
_NEWS = lazy_pattern(r"^remote: ?(.*)$", re.MULTILINE)
_EDGES = lazy_pattern(r"[*=#!\s-]+")


def failure(stderr: str, where: str) -> RemoteError:
    """Return the error for a failed command of git.

    Args:
        stderr: git's error messages, without secrets.
        where: the remote's URL, for messages.
    """
    for kind, message, hint, pattern in _SAYINGS:
        if pattern.search(stderr):
            said = _short(_own_words(stderr))
            return kind(f"{message.format(where=where)}: {said}", hint=hint)
    return RemoteError(f"git failed at {where}: {_short(_own_words(stderr)) or 'it says nothing'}")


def refusal(result: RefResult, stderr: str, branch: str, where: str) -> RemoteError:
    """Return the error for a refused push.

    Args:
        result: git's result for the branch.
        stderr: git's error messages, without secrets.
        branch: the branch that was pushed.
        where: the remote's URL, for messages.
    """
    reason = result.summary
    if "remote failed to report status" in reason:
        return failure(f"{stderr}\n{reason}", where)
    if _STALE.search(reason) or ("atomic" in reason and _STALE.search(stderr)):
        return MovedError(
            f"{branch} at {where} has moved on the server meanwhile",
            hint="fluxbump pushed nothing, and the next run starts from the new tip",
        )
    news = "; ".join(_server_words(stderr))
    said = f"{_short(reason)}: {news}" if news else reason
    return DeclinedError(
        f"{where} refused {branch}: {_short(said)}",
        hint="check the forge's rules for branches, and `branch` in fluxbump.yaml",
    )


def ref_results(porcelain: str) -> dict[str, RefResult]:
    """Return the result for each ref of the remote, from the output of `git push --porcelain`."""
    found = {}
    for line in porcelain.splitlines():
        flag, _, rest = line.partition("\t")
        refs, tab, summary = rest.partition("\t")
        if tab and len(flag) == 1:
            found[refs.rpartition(":")[2]] = RefResult(flag, summary)
    return found


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _own_words(stderr: str) -> str:
    """Return git's own messages without advice, or else those of the server."""
    lines = [line.strip() for line in stderr.splitlines()]
    heads = ("fatal: ", "error: ")
    own = [line.split(": ", 1)[1] for line in lines if line.startswith(heads)]
    own = [line for line in own if not line.startswith("failed to push some refs")]
    return "; ".join(dict.fromkeys(own)) or "; ".join(_server_words(stderr)) or " ".join(lines)


def _server_words(stderr: str) -> Iterator[str]:
    """Yield the server's messages, without the frames that forges draw around them."""
    for line in _NEWS.findall(stderr):
        text = one_line(line)
        # Gitea writes `error:` before each line of its own, the empty ones too.
        if text not in ("", "error:") and not _EDGES.fullmatch(text):
            yield text
