"""The community chart, as a wrapper carries it and as the chart index has it. Values."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from fluxbump.flux.install_manifest import Shipped


class Vendored(Struct, frozen=True):
    """The community chart as a wrapper carries it under `charts/`.

    Attributes:
        path: of the archive; of the unpacked chart's Chart.yaml.
        wrapper: path of the wrapper's Chart.yaml.
        named: the version that the file's name states; None for an unpacked chart.
        name: what its own Chart.yaml says; empty when it cannot be read.
        version: likewise.
        app_version: likewise.
        sha256: of the archive, hexadecimal; None for an unpacked chart.
        problem: why it cannot be read.
        contents: reads its CRDs and images, without I/O; raises IndexSourceError. None when it
            cannot be read.
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
        app_version: what its own Chart.yaml says; empty when it cannot be had.
        contents: as in `Vendored`.
        problem: why it cannot be had.
    """

    app_version: str = ""
    contents: Callable[[], Shipped] | None = None
    problem: str | None = None
