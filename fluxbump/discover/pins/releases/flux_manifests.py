"""Finds uses of the artifact with a release's manifests, such as an OCIRepository of it.

Flux publishes it with each release: fluxcd.io/flux/installation, "Bootstrap with OCI artifacts".
A mirror in another registry keeps its name.
"""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins import oci_references
from fluxbump.discover.pins.kind import DISTRIBUTION, Context, Found
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.pins.oci_references import TAG, References
from fluxbump.model import FLUX, Role
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

NAME = "flux-manifests"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.TAKES_RANGE, KindTrait.RELEASE_OBJECT, KindTrait.BY_VARIABLE})

_KIND = "OCIRepository"
_REFERENCES = References(
    NAME,
    FLUX,
    lazy_pattern(rf"(?P<name>fluxcd/flux-manifests):{TAG}"),
)


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the release that each such OCIRepository asks for, and each reference by tag.

    An OCIRepository inside another text is found by the kind `embedded`.
    """
    if DISTRIBUTION not in file.text:
        return
    for document, node in file.objects({_KIND}, lambda text: DISTRIBUTION in text):
        if context.track_of_object(_KIND, yaml.text_of(node, "spec", "url")) == FLUX:
            yield from oci_references.of(NAME, FLUX, document, node)
    yield from oci_references.tags(_REFERENCES, file, context)
