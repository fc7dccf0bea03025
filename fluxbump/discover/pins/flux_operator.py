"""What flux-operator publishes as artifacts, by its tag: its manifests, charts and image.

The charts themselves are found by the kinds that find a chart; they have the same version line.
Names: fluxoperator.dev, "installation" and `spec.distribution.artifact`.
"""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.opaque_pins import WITH_DIGEST
from fluxbump.discover.pins.kind import Context, Found
from fluxbump.discover.variables import references
from fluxbump.model import OPERATOR, Form, Pin, Role
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of

NAME = "flux-operator"
ROLE = Role.OPERATOR

_NEEDLE = "controlplaneio-fluxcd/"
_ARTIFACT = lazy_pattern(
    r"controlplaneio-fluxcd/(?P<name>flux-operator-manifests|flux-operator|charts/flux-operator"
    rf"|charts/flux-instance):(?P<tag>(?:{references.PIECE}|[^\s\"'`@,;&|)\]}}])++)(?P<digest>@sha256:)?"
)


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the tag of every such artifact in live code; `latest` and its like are none."""
    if _NEEDLE not in file.text or file.is_program:
        return
    for match in _ARTIFACT.finditer(file.text):
        form, skip = form_of(match["tag"])
        live = file.is_live(match.start()) and not references.is_searched(file, match.start())
        if not live or form not in (Form.EXACT, Form.VARIABLE):
            continue
        start, end = match.start("tag") + skip, match.end("tag")
        subject = f"artifact {match['name']}"
        if match["digest"]:
            form, subject = Form.OPAQUE, subject + WITH_DIGEST
        where, value = file.location(start), file.text[start:end]
        yield Pin(NAME, OPERATOR, where, start, end, value, form, subject)
