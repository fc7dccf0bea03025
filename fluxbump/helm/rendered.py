"""Values for the objects of a rendered chart."""

from __future__ import annotations

from msgspec import Struct


class RenderedObject(Struct, frozen=True):
    """One object of a rendered chart.

    Attributes:
        api_version: the object's apiVersion, such as `apps/v1`.
        kind: the object's kind, such as `Deployment`.
        name: the object's name; empty if it has none.
        images: the images of its containers, as written.
    """

    api_version: str
    kind: str
    name: str
    images: tuple[str, ...] = ()
