"""A chart in an OCI registry, which has no index: its versions are the tags of a repository."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from fluxbump.errors import IndexSourceError
from fluxbump.helm.index import places
from fluxbump.helm.index.places import IndexListing
from fluxbump.helm.registry import reference


def handles(spec: str) -> bool:
    """Whether `spec` is `oci://…`."""
    return spec.lower().startswith("oci://")


def place(spec: str, reach: places.Reach) -> places.IndexPlace:
    """Return the registry repository that `spec` names.

    Raises:
        IndexSourceError: `spec` is not a valid `oci://` URL of a chart.
    """
    return _Chart(str(reference.parse(spec)), reach.charts)


class _Chart(Struct, frozen=True):
    name: str
    charts: Callable[[], places.Charts]

    def index(self, limit: int) -> IndexListing:
        del limit  # each answer has a limit of its own
        return IndexListing(*self.charts().index(self.name))

    def archive(self, url: str, limit: int) -> bytes:
        if not url.startswith(f"{self.name}@"):
            raise IndexSourceError(f"{places.public(url)} is not in {self.name}")
        return self.charts().archive(url, limit)
