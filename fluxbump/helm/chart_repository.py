"""Compare the locations of chart repositories, which can be spelled in several ways. Pure."""

from __future__ import annotations

import re

from fluxbump.text.patterns import lazy_pattern

_URL = lazy_pattern(r"(?P<scheme>[a-z]+)://(?P<host>[^/]*)(?P<path>.*)", re.IGNORECASE)
_DEFAULT_PORT = lazy_pattern(r":(?:80|443)\Z")


def canonical(repository: str) -> str:
    """Return the same spelling for all locations of the same chart repository.

    `alias:NAME` is `@NAME` to Helm. In a URL, these make no difference: the case of the host, http
    or https, a default port, and slashes at the end. An OCI repository can be given with the
    chart's name.
    """
    text = repository.strip()
    if text.startswith("alias:"):
        return "@" + text.removeprefix("alias:")
    match = _URL.fullmatch(text)
    if match is None:
        return text.rstrip("/")
    scheme, host, path = match["scheme"].lower(), match["host"].lower(), match["path"].rstrip("/")
    if scheme == "oci":
        return f"oci://{host}{path.removesuffix('/flux2')}"
    return f"{'https' if scheme == 'http' else scheme}://{_DEFAULT_PORT.sub('', host)}{path}"
