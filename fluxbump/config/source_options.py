"""The sources of facts that the command line names, instead of those in fluxbump.yaml."""

from __future__ import annotations

from msgspec import Struct

from fluxbump.system.allowed_servers import AllowedServers


class SourceOptions(Struct, frozen=True):
    """The sources of facts that the command line names.

    Attributes:
        index: the URL or path of the chart index; None for the configured one.
        releases: the URL or path of the manifests of Flux releases; None for the configured one.
        offline: True to read only files and the cache, and no network.
        helm: the helm program to run; None for the one on PATH.
        flux: the flux CLI that writes `gotk-components.yaml`; None to read that file elsewhere.
        servers: the servers that fluxbump.yaml may name; None for all.
    """

    index: str | None = None
    releases: str | None = None
    offline: bool = False
    helm: str | None = None
    flux: str | None = None
    servers: AllowedServers | None = None

    def limit(self, given: str | None, configured: str, usual: str) -> AllowedServers | None:
        """Return the servers that may be asked for one source; None for all.

        The limit applies to a source that fluxbump.yaml names. It applies neither to one that the
        operator names, nor to the default one, nor to the servers that these redirect to.

        Args:
            given: the URL or path of the source on the command line; None if it has none.
            configured: the URL or path of the source in the settings.
            usual: the default of that setting.
        """
        return None if given or configured == usual else self.servers


AS_CONFIGURED = SourceOptions()
