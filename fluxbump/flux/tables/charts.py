"""Which release each published version of the community chart ships, as a table.

`charts.json` is derived from the community's chart index by `fixtures/derive_facts.py`. For each
chart it has the release that the chart ships, the date, and the sha256 digest of the archive. These
facts never change after a chart is published.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path

from msgspec import Struct
from semver import Version

from fluxbump.helm.chart_releases import ChartRelease
from fluxbump.model import FLUX2

_TABLE = Path(__file__).parent / "charts.json"
_ARCHIVE = (
    "https://github.com/fluxcd-community/helm-charts/releases/download/flux2-{0}/flux2-{0}.tgz"
)


class PublishedCharts(Struct, frozen=True):
    """The charts that were published by a certain time.

    Attributes:
        until: when the chart index was made from which the table is derived.
        releases: the chart releases, highest chart version first.
    """

    until: datetime
    releases: tuple[ChartRelease, ...]

    @property
    def name(self) -> str:
        """The name of the table in messages."""
        return f"the table of {self.until:%Y-%m-%d} that ships with fluxbump"


@cache
def published() -> PublishedCharts:
    """Return the charts in the table, which is read once, on the first call."""
    document = json.loads(_TABLE.read_text("utf-8"))
    until = datetime.fromisoformat(document["until"])
    name = PublishedCharts(until, ()).name
    return PublishedCharts(
        until,
        tuple(
            ChartRelease(
                FLUX2.name,
                Version.parse(version),
                Version.parse(release),
                datetime.fromisoformat(created),
                digest,
                (archive_url(version),),
                told_by=name,
            )
            for version, release, created, digest in document["charts"]
        ),
    )


def archive_url(version: str) -> str:
    """Return the URL at which the community publishes the archive of a chart version."""
    return _ARCHIVE.format(version)


@cache
def by_version() -> dict[str, ChartRelease]:
    """Return the charts in the table, by chart version."""
    return {str(release.version): release for release in published().releases}
