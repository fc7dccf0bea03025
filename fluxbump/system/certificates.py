"""Apply one setting for trusted certificate authorities to git and to HTTP.

`ssl` is imported only if there is a file to read, because git needs just the name of the file.
"""

from __future__ import annotations

from collections.abc import Mapping

from fluxbump.errors import UsageError

CA_FILE, CA_DIRECTORY = "SSL_CERT_FILE", "SSL_CERT_DIR"
"""The variables that OpenSSL reads (SSL_CTX_set_default_verify_paths(3)), and so httpx; not git."""

_OF_GIT = {CA_FILE: "GIT_SSL_CAINFO", CA_DIRECTORY: "GIT_SSL_CAPATH"}


def for_git(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make git trust the same authorities; its own variables win."""
    return {
        name: environ[ours]
        for ours, name in _OF_GIT.items()
        if environ.get(ours) and name not in environ
    }


def require_readable(environ: Mapping[str, str]) -> None:
    """Refuse a setting under which no server would be trusted, before a request is sent.

    Raises:
        UsageError: the file that `SSL_CERT_FILE` names has no certificate that can be read.
    """
    file = environ.get(CA_FILE)
    if not file:
        return
    import ssl  # noqa: PLC0415  # see above

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no certificates in it"
        raise UsageError(
            f"{CA_FILE}: cannot read {file!r}: {reason}",
            hint="give it a file with PEM certificates, or unset it",
        ) from None
