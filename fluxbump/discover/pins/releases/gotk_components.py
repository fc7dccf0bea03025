"""Finds the manifest that `flux bootstrap` commits, by its head and not by its name.

The release in the head is the pin. The rest of the file follows from the release, so a bump
generates the file again: see `gotk_replace`.
"""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins.kind import Context, Found
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.flux import gotk
from fluxbump.flux.components import of_manifest
from fluxbump.model import FLUX, Form, Note, Pin, Role
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.version_forms import form_of

NAME = "gotk-components"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = gotk.NEEDLES
TRAITS = frozenset({KindTrait.BOOTSTRAPPED})


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the release in the head of the manifest, or a note if the head has no release."""
    del context
    if not gotk.has_head(file.text) or file.language is not Language.SCRIPT:
        return
    manifest = gotk.read(file.text)
    if manifest is None:
        return
    where = file.location(manifest.start)
    form, _ = form_of(manifest.version)
    if form is not Form.EXACT:
        message = f"the manifest names {manifest.version}, which is not a release"
        yield Note(where, message, advice="Export it again with a release of the flux CLI")
        return
    end = manifest.start + len(manifest.version)
    yield Pin(NAME, FLUX, where, manifest.start, end, manifest.version, form, NAME)


def components(file: TextFile, pin: Pin) -> frozenset[str] | None:
    """Return the controllers whose objects the manifest holds."""
    del pin
    return of_manifest(file.text)
