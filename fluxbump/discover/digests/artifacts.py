"""Lists the files of Flux that repositories download with a digest beside the URL. Pure."""

from __future__ import annotations

from msgspec import Struct

from fluxbump.discover.digests import cli_archives, spellings
from fluxbump.discover.urls import chart_archives
from fluxbump.model import FLUX, FLUX2, Track

RELEASES = "fluxcd/flux2/releases/"
"""The part that the URLs of all files of a Flux release contain."""


class Artifact(Struct, frozen=True):
    """A file that Flux or the chart index publishes.

    Attributes:
        name: the name of the file.
        whole: a text that each URL of the file contains.
        held: a text in the subject of a variable that holds the version of the file.
        track: the track of the version in its URL.
        known: whether its digests for other releases are available. If not, a digest beside its URL
            stops a bump.
    """

    name: str
    whole: str
    held: str
    track: Track
    known: bool = True


MANIFEST = Artifact(spellings.MANIFEST, RELEASES, "(install.yaml in ", FLUX)
ARCHIVE = Artifact(
    chart_archives.NAME, chart_archives.RELEASES, f"({chart_archives.SUBJECT} in ", FLUX2
)
CLI = Artifact(cli_archives.NAME, RELEASES, f"({cli_archives.SUBJECT} in ", FLUX, known=False)
ARTIFACTS = {artifact.name: artifact for artifact in (MANIFEST, ARCHIVE, CLI)}
"""The files by their names."""
