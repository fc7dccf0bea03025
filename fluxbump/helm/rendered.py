"""What a chart renders to, as values."""

from __future__ import annotations

from msgspec import Struct


class RenderedObject(Struct, frozen=True):
    """One object of a rendered chart.

    Attributes:
        api_version: `apps/v1`.
        kind: `Deployment`.
        name: of the object.
        images: of its containers, as they stand.
    """

    api_version: str
    kind: str
    name: str
    images: tuple[str, ...] = ()
