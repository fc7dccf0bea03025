"""Where facts come from, as the command line says instead of fluxbump.yaml."""

from __future__ import annotations

from msgspec import Struct


class SourceOptions(Struct, frozen=True):
    """Where facts come from, as the command line says; what it leaves out is as configured.

    Attributes:
        index: where the chart index is, a URL or a path.
        releases: where the manifests of Flux releases are, likewise.
        offline: read from what is kept only.
        helm: the helm to run; None for the one on PATH.
        flux: the flux CLI to ask for `gotk-components.yaml`; None to read it elsewhere.
    """

    index: str | None = None
    releases: str | None = None
    offline: bool = False
    helm: str | None = None
    flux: str | None = None


AS_CONFIGURED = SourceOptions()
