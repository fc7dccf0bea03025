"""The releases of a chart in a chart index, and the interface of a source of chart releases.

A *chart release* is one version of the community chart `flux2`. It is not a Flux release.
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
        version: the chart's own version, which is not a Flux release: chart 2.8.0 ships Flux
            2.0.0-rc.3.
        app_version: the Flux release that the chart ships.
        created: when the chart was published; None if the index does not say.
        digest: lower-case hexadecimal sha256 of the archive; None if the index has none.
        urls: the URLs of the archive, absolute or relative to the index.
        deprecated: whether the index marks the chart as deprecated.
        told_by: the source of these facts, for messages; empty for a chart index.
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
        source: the URL or path of the index, for messages, without credentials.
        releases: the chart releases, highest chart version first.
        problems: one sentence for each entry that was left out.
        beyond: published charts that are newer than all of `releases`. They tell what pins hold,
            and are no goals of a bump.
        answered: the source of the releases: the index, its copy in the cache, or the table that
            ships with the package.
        as_of: the date of the copy or the table; None for the index itself, or if it is not known.
        silent: why the index itself did not answer; empty if it did.
        instead_of: the mirror that was asked, if the table replaces it; empty otherwise. The table
            is right about what charts ship, but the mirror may not have these charts.
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
    """A source of chart releases: a URL, a registry, a file, or a directory."""

    def load(self) -> ChartIndex:
        """Read and validate the index.

        Raises:
            IndexSourceError: the index is not available, or is not a chart index.
        """
        ...

    def archive(self, release: ChartRelease) -> bytes:
        """Return the archive of a chart release, verified by the digest in the index.

        Raises:
            IndexSourceError: the archive is not available, is too large, or has another digest.
        """
        ...
