"""Finds tags of flux-operator's artifacts: its manifests, charts and image.

Installations of its charts are found by the kinds for charts. They have the same track.
Names: fluxoperator.dev, "installation" and `spec.distribution.artifact`.
"""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins import oci_references
from fluxbump.discover.pins.kind import Context, Found
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.pins.oci_references import TAG, References
from fluxbump.model import OPERATOR, Role
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

NAME = "flux-operator"
ROLE = Role.OPERATOR
NEEDLES: tuple[str, ...] = ("flux-operator",)
TRAITS = frozenset({KindTrait.BY_VARIABLE})

_NEEDLE = "controlplaneio-fluxcd/"
_REFERENCES = References(
    NAME,
    OPERATOR,
    lazy_pattern(
        rf"{_NEEDLE}(?P<name>flux-operator-(?:manifests|mcp)|flux-operator|charts/flux-operator(?:-mcp)?"
        rf"|charts/flux-instance):{TAG}"
    ),
)


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the tag of each artifact in live code. A tag such as `latest` holds no version."""
    if _NEEDLE in file.text:
        yield from oci_references.tags(_REFERENCES, file, context)
