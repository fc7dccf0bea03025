"""The files of Flux that are downloaded and have a digest beside them. Pure."""

from __future__ import annotations

from msgspec import Struct

from fluxbump.discover.digests import cli_archives, spellings
from fluxbump.discover.urls import chart_archives
from fluxbump.model import FLUX, FLUX2, Track

RELEASES = "fluxcd/flux2/releases/"
"""What is in the URL of a file of a release."""


class Artifact(Struct, frozen=True):
    """A file that is downloaded.

    Attributes:
        name: of the file.
        whole: what a URL that leads to it contains.
        held: what the subject of a variable contains that says which release it is of.
        track: the line of versions that its URL holds.
        known: its digests of other releases can be had; else one beside it stops a bump.
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
"""By their names."""
