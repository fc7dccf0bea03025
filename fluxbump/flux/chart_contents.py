"""Values for the community chart: as a wrapper carries it, and as the chart index has it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from fluxbump.flux.install_manifest import Shipped


class Vendored(Struct, frozen=True):
    """The community chart as a wrapper carries it under `charts/`.

    Attributes:
        path: the path of the archive, or of Chart.yaml for an unpacked chart.
        wrapper: the path of the wrapper's Chart.yaml.
        named: the version in the archive's file name; None for an unpacked chart.
        name: `name` in the chart's own Chart.yaml; empty if the chart cannot be read.
        version: `version` in that Chart.yaml; empty if the chart cannot be read.
        app_version: `appVersion` in that Chart.yaml; empty if the chart cannot be read.
        sha256: the archive's digest, hexadecimal; None for an unpacked chart.
        problem: why the chart cannot be read; None if it can be read.
        contents: a function that returns the chart's CRDs and images without I/O, or raises
            IndexSourceError; None if the chart cannot be read.
    """

    path: str
    wrapper: str
    named: str | None
    name: str = ""
    version: str = ""
    app_version: str = ""
    sha256: str | None = None
    problem: str | None = None
    contents: Callable[[], Shipped] | None = None


class Fetched(Struct, frozen=True):
    """The community chart as the chart index has it, its digest verified.

    Attributes:
        app_version: `appVersion` in the chart's own Chart.yaml; empty if the chart is not
            available.
        contents: a function that returns the chart's CRDs and images, as in `Vendored`.
        problem: why the chart is not available; None if it is available.
    """

    app_version: str = ""
    contents: Callable[[], Shipped] | None = None
    problem: str | None = None
