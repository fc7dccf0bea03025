"""Releases of a chart, as a chart index describes them, and the seam of what they come from.

A *chart release* is one version of the community chart `flux2`; that is never a Flux release.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct
from semver import Version


class ChartRelease(Struct, frozen=True):
    """One version of the community chart, as the chart index describes it.

    Attributes:
        name: the chart's name, `flux2`.
        version: the chart's own version. Never a Flux release: chart 2.8.0 ships 2.0.0-rc.3.
        app_version: the Flux release that the chart ships.
        created: when the chart was published; None when the index does not say.
        digest: lower-case hexadecimal sha256 of the archive; None when the index has none.
        urls: where the archive is, absolute or relative to the index.
        deprecated: what the index says of it.
        told_by: what says so, for messages; empty for a chart index.
    """

    name: str
    version: Version
    app_version: Version
    created: datetime | None = None
    digest: str | None = None
    urls: tuple[str, ...] = ()
    deprecated: bool = False
    told_by: str = ""


class ChartIndex(Struct, frozen=True):
    """All releases of one chart.

    Attributes:
        source: the URL or path it was read from, for messages; never holds credentials.
        releases: highest chart version first.
        problems: entries that were left out, one sentence each.
        beyond: published charts that are newer than these: what they ship, and no goals of a bump.
        answered: what has: the index, the copy of it in the cache, or the table that ships.
        as_of: up to when a copy or the table knows; None for the index, and if that is not known.
        silent: why the index itself has not answered.
        instead_of: the index that was asked, where the table that stands in is no copy of it. What
            the table says of a chart holds; whether that index has the chart, nobody knows.
    """

    source: str
    releases: tuple[ChartRelease, ...]
    problems: tuple[str, ...] = ()
    beyond: tuple[ChartRelease, ...] = ()
    answered: Literal["index", "cache", "shipped"] = "index"
    as_of: datetime | None = None
    silent: str = ""
    instead_of: str = ""


class IndexSource(Protocol):
    """Where chart releases come from: a URL, a registry, a file, a directory."""

    def load(self) -> ChartIndex:
        """Read and validate the index.

        Raises:
            IndexSourceError: it is not available, or is not a chart index.
        """
        ...

    def archive(self, release: ChartRelease) -> bytes:
        """Return the chart archive of `release`, its sha256 equal to the index's digest.

        Raises:
            IndexSourceError: it is not available, is too large, or is not what the index says.
        """
        ...
