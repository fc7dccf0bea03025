"""How the place of a chart repository is written. Pure."""

from __future__ import annotations

import re

from fluxbump.text.patterns import lazy_pattern

_URL = lazy_pattern(r"(?P<scheme>[a-z]+)://(?P<host>[^/]*)(?P<path>.*)", re.IGNORECASE)
_DEFAULT_PORT = lazy_pattern(r":(?:80|443)\Z")


def canonical(repository: str) -> str:
    """Return one spelling for all that lead to the same repository of charts.

    `alias:NAME` is `@NAME` to Helm. Of a URL, the host's case, http or https, a default port and
    slashes at the end make no difference; an OCI repository may be written with the chart's name.
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
