"""Where facts come from, as the command line says instead of fluxbump.yaml."""

from __future__ import annotations

from msgspec import Struct

from fluxbump.system.allowed_servers import AllowedServers


class SourceOptions(Struct, frozen=True):
    """Where facts come from, as the command line says; what it leaves out is as configured.

    Attributes:
        index: where the chart index is, a URL or a path.
        releases: where the manifests of Flux releases are, likewise.
        offline: read from what is kept only.
        helm: the helm to run; None for the one on PATH.
        flux: the flux CLI to ask for `gotk-components.yaml`; None to read it elsewhere.
        servers: that may be asked for what fluxbump.yaml names; None for all.
    """

    index: str | None = None
    releases: str | None = None
    offline: bool = False
    helm: str | None = None
    flux: str | None = None
    servers: AllowedServers | None = None

    def limit(self, given: str | None, configured: str, usual: str) -> AllowedServers | None:
        """Return the servers that may be asked for one source; None for all.

        Only the repository's own file is limited: neither what the operator names instead nor what
        fluxbump takes by itself, and where those lead.

        Args:
            given: where the source is, as the command line says; None if it does not.
            configured: as the settings say.
            usual: as they say if fluxbump.yaml does not.
        """
        return None if given or configured == usual else self.servers


AS_CONFIGURED = SourceOptions()
