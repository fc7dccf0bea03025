"""A chart repository at an HTTPS or HTTP URL, given by its own URL or that of its index."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

from msgspec import Struct

from fluxbump.errors import IndexSourceError
from fluxbump.helm.index import places

_INDEX_SUFFIXES = (".yaml", ".yml", ".json")


def handles(spec: str) -> bool:
    """Whether `spec` is an HTTPS or HTTP URL."""
    return spec.lower().startswith(("https://", "http://"))


def place(spec: str, reach: places.Reach) -> places.IndexPlace:
    """Return the chart repository with the URL `spec`, which can be the URL of its index.

    Raises:
        IndexSourceError: `spec` is not a valid URL.
    """
    try:
        parts = urlsplit(spec.strip())
        _ = parts.port
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if not parts.hostname:
        raise IndexSourceError(
            "the index URL is not valid",
            where=places.public(spec),
            hint="escape special characters of a password, `/` as %2F and `@` as %40",
        )
    if not parts.path.lower().endswith(_INDEX_SUFFIXES):
        parts = parts._replace(path=f"{parts.path.rstrip('/')}/index.yaml")
    return _Url(parts._replace(fragment="").geturl(), reach.fetch)


class _Url(Struct, frozen=True):
    """A chart repository whose index is at `address`, a URL that can hold credentials."""

    address: str
    fetch: places.Fetch

    @property
    def name(self) -> str:
        return places.public(self.address)

    def index(self, limit: int) -> places.IndexListing:
        return places.IndexListing(self.fetch(self.address, limit))

    def archive(self, url: str, limit: int) -> bytes:
        places.scheme(url)
        base, target = urlsplit(self.address), urlsplit(urljoin(self.address, url))
        # What the digest of the index vouches for may not be less safe to fetch than the index.
        if target.scheme not in ("https", base.scheme):
            raise IndexSourceError(f"the index names {places.public(url)}, which is not https")
        if _origin(base) == _origin(target):
            target = target._replace(
                netloc=target.netloc if "@" in target.netloc else base.netloc,
                query=target.query or base.query,
            )
        return self.fetch(target._replace(fragment="").geturl(), limit)


def _origin(parts: SplitResult) -> tuple[str, str]:
    return parts.scheme, parts.netloc.rpartition("@")[2].lower()
