"""Which release each published version of the community chart ships, as a table.

`charts.json` is derived from the community's chart index by `fixtures/derive_facts.py`. What it
holds of a chart never changes once that is published: the release that it ships, the date, and the
sha256 digest of its archive.
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
    """The charts that had been published at some time.

    Attributes:
        until: when the index was made that the table was derived from.
        releases: highest chart version first.
    """

    until: datetime
    releases: tuple[ChartRelease, ...]

    @property
    def name(self) -> str:
        """What to call the table in a message."""
        return f"the table of {self.until:%Y-%m-%d} that ships with fluxbump"


@cache
def published() -> PublishedCharts:
    """Return every chart in the table; read when it is first asked for."""
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
    """Return where the community publishes the archive of a chart version."""
    return _ARCHIVE.format(version)


@cache
def by_version() -> dict[str, ChartRelease]:
    """Return the charts in the table by their version."""
    return {str(release.version): release for release in published().releases}
